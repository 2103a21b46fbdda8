"""The engine: PyTorch only; no module here knows of an estimator."""
