"""What `LSTMTranslator` needs beside its network."""
