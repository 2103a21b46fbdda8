"""The parts of LSTMTranscriber."""
