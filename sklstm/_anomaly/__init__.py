"""The parts of LSTMOutlierDetector."""
