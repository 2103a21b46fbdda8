"""Settings of all tests."""

import os

# Set before scikit-learn is imported, which otherwise skips its array API check.
os.environ.setdefault("SCIPY_ARRAY_API", "1")

# Code that type checkers read; it is not run.
collect_ignore = ["typing"]
