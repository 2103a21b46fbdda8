"""Parts of :mod:`sklstm.inspection`."""
