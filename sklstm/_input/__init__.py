"""Read what users pass: windows, tables, sequences of tokens, and times of rows."""
