"""Addresses of other projects' pages, so that links to them need no network access.

Sphinx reads the addresses from inventory files, which projects publish. We write such
files ourselves, from the public names of the installed packages: the address of a name
follows from the name.
"""

import importlib
import inspect
import zlib

# Halving searches only exist after this import.
from sklearn.experimental import enable_halving_search_cv  # noqa: F401

# The site of a project and the page of a name on it.
SITES = {
    "matplotlib": ("https://matplotlib.org/stable", "api/_as_gen/{}.html"),
    "numpy": ("https://numpy.org/doc/stable", "reference/generated/{}.html"),
    "pandas": ("https://pandas.pydata.org/docs", "reference/api/{}.html"),
    "sklearn": ("https://scikit-learn.org/stable", "modules/generated/{}.html"),
    "torch": ("https://docs.pytorch.org/docs/stable", "generated/{}.html"),
}

# All public names of these modules have a page.
MODULES = [
    *("numpy", "pandas"),
    *(
        f"sklearn.{name}"
        for name in (
            *("compose", "datasets", "decomposition", "ensemble", "inspection"),
            *("feature_extraction.text", "linear_model", "metrics"),
            *("model_selection", "neural_network", "preprocessing"),
        )
    ),
]
NAMES = [
    *(
        f"matplotlib.axes.Axes.{name}"
        for name in (
            *("axhline", "axvline", "axvspan", "broken_barh", "fill_between"),
            *("imshow", "plot", "scatter", "set_yscale", "text"),
        )
    ),
    "pandas.DataFrame.shift",
    "sklearn.calibration.CalibratedClassifierCV",
    *(f"sklearn.pipeline.{name}" for name in ("Pipeline", "make_pipeline")),
    "sklearn.neighbors.KernelDensity",
    "sklearn.utils.Bunch",
    "sklearn.utils.class_weight.compute_class_weight",
    *(
        f"sklearn.utils.estimator_checks.{name}"
        for name in ("check_estimator", "parametrize_with_checks")
    ),
    *(f"torch.{name}" for name in ("matmul", "set_float32_matmul_precision")),
    *(f"torch.nn.{name}" for name in ("GRU", "Linear", "LSTM", "Module")),
]


def public_names():
    """Return the names that can be linked to, with the kind of each."""
    names = list(NAMES)
    for module in MODULES:
        names += [f"{module}.{n}" for n in importlib.import_module(module).__all__]
    return {name: kind(name) for name in names}


def kind(name):
    """Return the role of a name: class, method or function."""
    parent, _, attribute = name.rpartition(".")
    if parent.rpartition(".")[2][:1].isupper():
        return "method"
    item = vars(importlib.import_module(parent)).get(attribute)
    return "class" if inspect.isclass(item) else "function"


def write_inventories(folder):
    """Write a file per project and return the setting `intersphinx_mapping`."""
    folder.mkdir(parents=True, exist_ok=True)
    names, mapping = public_names(), {}
    for project, (site, page) in SITES.items():
        lines = [
            f"{name} py:{role} 1 {page.format(name)}#$ -"
            for name, role in names.items()
            if name.startswith(f"{project}.")
        ]
        head = f"# Sphinx inventory version 2\n# Project: {project}\n# Version: -\n"
        head += "# The remainder of this file is compressed using zlib.\n"
        path = folder / f"{project}.inv"
        path.write_bytes(head.encode() + zlib.compress("\n".join(lines).encode()))
        mapping[project] = (site, str(path))
    return mapping
