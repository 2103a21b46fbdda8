"""Settings of all tests, those of docstrings included."""

import os
import sys

import pytest

# Set before scikit-learn is imported, which otherwise skips its array API check.
os.environ.setdefault("SCIPY_ARRAY_API", "1")

# Code that type checkers read; it is not run.
collect_ignore = ["tests/typing"]


def pytest_addoption(parser):
    """Add the options of the tests that take long when they are thorough."""
    group = parser.getgroup("sklstm")
    group.addoption(
        "--soak", action="store_true", help="run the tests of hundreds of fits"
    )
    group.addoption(
        "--interrupts", type=int, default=2, help="interrupted fits of each estimator"
    )
    group.addoption(
        "--fuzz", type=int, default=20, help="random inputs of each estimator"
    )


@pytest.fixture(autouse=True)
def close_figures():
    """Close the figures of a test, which matplotlib would keep."""
    yield
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close("all")
