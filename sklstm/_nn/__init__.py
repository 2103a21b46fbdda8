"""Networks and their training in PyTorch, without any code of the estimators."""
