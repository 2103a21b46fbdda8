"""Settings of all tests, those of docstrings included."""

import os
import sys

import pytest

# Set before scikit-learn is imported, which otherwise skips its array API check.
os.environ.setdefault("SCIPY_ARRAY_API", "1")

# Code that type checkers read; it is not run.
collect_ignore = ["tests/typing"]


@pytest.fixture(autouse=True)
def close_figures():
    """Close the figures of a test, which matplotlib would keep."""
    yield
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close("all")
