"""What the network estimators share."""
