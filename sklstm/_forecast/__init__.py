"""The parts of LSTMForecaster."""
