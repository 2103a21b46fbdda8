"""The displays, one file for each."""
