"""Names are imported when they are first used, and only what they need."""

import ast
import subprocess
import sys
from pathlib import Path
from pkgutil import iter_modules

import pytest

import sklstm

STUB = Path(sklstm.__file__).with_suffix(".pyi")
# Names that need no PyTorch, and calls of them.
WITHOUT_PYTORCH = """
import numpy as np
import sklstm.datasets
from sklstm import AnomalyDisplay, ForecastDisplay, LossCurveDisplay, WindowDisplay
from sklstm import GroupScaler, SequenceEncoder, SlidingWindowTransformer
from sklstm import make_windows, pad_sequences

SlidingWindowTransformer(2).fit_transform(np.eye(3))
GroupScaler().fit_transform(np.eye(3))
SequenceEncoder().fit_transform(["ab", "b"])
make_windows(np.eye(3), np.arange(3), 2, 1)
pad_sequences([[1.0], [1.0, 2.0]])
"""


def in_new_process(code):
    """Run code, and return what it prints as a set of words."""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return set(done.stdout.split())


def packages_after(code):
    """Return the packages that code imports in a new process."""
    roots = "{name.split('.')[0] for name in sys.modules}"
    return in_new_process(f"{code}\nimport sys\nprint(*{roots})")


def public_modules():
    """Return the names of the public modules of the package."""
    names = (module.name for module in iter_modules(sklstm.__path__))
    return {name for name in names if not name.startswith("_")}


def test_the_package_alone_imports_no_dependency():
    no_warnings = "import warnings; warnings.simplefilter('error')"
    packages = packages_after(f"{no_warnings}; import sklstm; dir(sklstm)")
    assert packages & {"numpy", "pandas", "sklearn", "torch"} == set()


def test_windows_and_scaling_need_no_pytorch():
    packages = packages_after(WITHOUT_PYTORCH)
    assert packages & {"sklstm", "torch"} == {"sklstm"}


def test_names_are_listed_before_they_are_used():
    listed = in_new_process("import sklstm; print(*dir(sklstm))")
    assert {*sklstm.__all__, *public_modules(), "__version__"} <= listed


def test_modules_are_attributes_before_they_are_imported():
    printed = in_new_process("import sklstm; print(sklstm.sequences.__name__)")
    assert printed == {"sklstm.sequences"}


@pytest.mark.parametrize("name", sorted(public_modules()))
def test_public_module_is_an_attribute(name):
    assert getattr(sklstm, name).__name__ == f"sklstm.{name}"


@pytest.mark.parametrize("name", sklstm.__all__)
def test_name_is_that_of_its_module(name):
    value = getattr(sklstm, name)
    assert value is getattr(sys.modules[value.__module__], name)
    assert vars(sklstm)[name] is value


def test_plots_are_imported_one_by_one():
    packages = packages_after("from sklstm.displays import WindowDisplay")
    assert packages & {"sklstm", "torch"} == {"sklstm"}
    listed = in_new_process("import sklstm.displays; print(*dir(sklstm.displays))")
    assert {"GateDisplay", "WindowDisplay"} <= listed
    message = "module 'sklstm.displays' has no attribute 'GatesDisplay'"
    with pytest.raises(AttributeError, match=message):
        sklstm.displays.GatesDisplay  # noqa: B018


def test_all_names_are_imported_by_a_star():
    namespace = {}
    exec("from sklstm import *", namespace)
    assert set(sklstm.__all__) <= set(namespace)


def test_a_name_that_does_not_exist_raises():
    message = "module 'sklstm' has no attribute 'LSTMRegresor'"
    with pytest.raises(AttributeError, match=message):
        sklstm.LSTMRegresor  # noqa: B018
    with pytest.raises(ImportError, match="cannot import name 'LSTMRegresor'"):
        from sklstm import LSTMRegresor  # noqa: F401


def test_type_checkers_see_the_names():
    tree = ast.parse(STUB.read_text())
    froms = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    seen = {(node.module, alias.name) for node in froms for alias in node.names}
    names = {(sklstm.__name__, module) for module in public_modules()}
    names |= {(getattr(sklstm, n).__module__, n) for n in sklstm.__all__}
    assert seen == names
    lists = [node.value for node in tree.body if isinstance(node, ast.Assign)]
    assert [ast.literal_eval(node) for node in lists] == [sklstm.__all__]
