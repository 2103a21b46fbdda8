"""Loader of the public data sets that benchmarks are run on."""

import importlib.util
from pathlib import Path


def load_module(folder):
    """Load the module load.py from the folder of the data."""
    spec = importlib.util.spec_from_file_location("load", Path(folder) / "load.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def load(folder, name, **parameters):
    """Load a data set with the loader in the folder of the data."""
    return load_module(folder).load(name, **parameters)
