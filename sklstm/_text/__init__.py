"""The parts of LSTMLanguageModel."""
