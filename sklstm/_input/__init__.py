"""Read what users pass: windows, tables, series of symbols, and the times of rows."""
