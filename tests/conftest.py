"""What every test stands on."""

import os

# Before scikit-learn is imported: else it skips its check of the array API.
os.environ.setdefault("SCIPY_ARRAY_API", "1")

# Code that type checkers read; it is not run.
collect_ignore = ["typing"]
