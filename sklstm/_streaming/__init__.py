"""The parts of Stream."""
