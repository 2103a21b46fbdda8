"""Label sequences of a transcriber, and where their labels are."""
