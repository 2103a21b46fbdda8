"""Code that the network estimators share."""
