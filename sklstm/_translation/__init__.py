"""The parts of LSTMTranslator."""
