#!/usr/bin/env bash
# Run the tests on the oldest versions that pyproject.toml states.
#
#     tools/check_oldest.sh [DIRECTORY [PYTEST_OPTION ...]]
#
# DIRECTORY holds the virtual environment (default: .venv-oldest) and is kept for the
# next run. For Linux, PyPI has PyTorch only with CUDA, which takes gigabytes. Set
# PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu to get it without CUDA, or
# TORCH to a version that is at hand, such as TORCH=2.13.0.
set -euo pipefail
cd "$(dirname "$0")/.."
directory=${1:-.venv-oldest}
python=$directory/bin/python

# Without type checkers and their tests, because these are held to the newest stubs.
requirements=$(python3 - <<'PYTHON'
import os
import tomllib

with open("pyproject.toml", "rb") as file:
    project = tomllib.load(file)["project"]
extras = project["optional-dependencies"]
requirements = [*project["dependencies"]]
requirements += [r for name in ("onnx", "plot", "progress", "skops") for r in extras[name]]
requirements += [r for r in extras["test"] if r.startswith("polars")]
for requirement in requirements:
    name, version = requirement.split(">=")
    if name == "torch":
        version = os.environ.get("TORCH", version)
    print(f"{name}=={version}")
PYTHON
)
# Newer releases of these warn about calls of the oldest scikit-learn and matplotlib.
companions=("scipy<1.16" "pyparsing<3.3")

[ -x "$python" ] || python3 -m venv "$directory"
# shellcheck disable=SC2086
"$python" -m pip install --quiet -e . $requirements "${companions[@]}" \
    hypothesis numpydoc optuna pytest pytest-xdist
"$python" -m pip list | grep -E "^(numpy|pandas|scikit-learn|torch|matplotlib|polars) "
export MPLBACKEND=Agg OMP_NUM_THREADS=1 SCIPY_ARRAY_API=1
exec "$python" -m pytest -n logical --dist worksteal --ignore tests/test_typing.py "${@:2}"
