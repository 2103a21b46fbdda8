#!/usr/bin/env bash
# Build the wheel and the sdist, check them, install the wheel and run the README.
#
#     tools/check_wheel.sh [DIRECTORY]
#
# DIRECTORY gets the two files (default: a temporary one). The wheel is installed into an
# empty virtual environment, outside of the checkout.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
dist=$(realpath -m "${1:-$scratch/dist}")
unset PYTHONPATH
export MPLBACKEND=Agg PIP_DISABLE_PIP_VERSION_CHECK=1

python3 -m venv "$scratch/tools"
"$scratch/tools/bin/pip" install --quiet -c constraints.txt \
    build check-wheel-contents twine
"$scratch/tools/bin/python" -m build --outdir "$dist" .
"$scratch/tools/bin/twine" check --strict "$dist"/*
"$scratch/tools/bin/check-wheel-contents" "$dist"/*.whl

# The sdist holds all that a wheel is built from, and the tests.
mkdir "$scratch/sdist"
tar -xzf "$dist"/*.tar.gz -C "$scratch/sdist" --strip-components 1
for path in LICENSE README.md CHANGELOG.md pyproject.toml tests tools; do
    [ -e "$scratch/sdist/$path" ] || { echo "The sdist has no $path."; exit 1; }
done

python3 -m venv "$scratch/empty"
"$scratch/empty/bin/pip" install --quiet -c constraints.txt "$(echo "$dist"/*.whl)[plot]"
cd "$scratch"
"$scratch/empty/bin/python" - "$root/README.md" <<'PYTHON'
import re
import subprocess
import sys
from pathlib import Path

import sklstm

installed = Path(sklstm.__file__)
if Path(sys.prefix) not in installed.parents:
    sys.exit(f"sklstm was imported from {installed}, not from the wheel.")
readme = Path(sys.argv[1]).read_text()
for code in re.findall(r"^```python\n(.*?)^```", readme, re.DOTALL | re.MULTILINE):
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
PYTHON
echo "The wheel and the sdist are sound, and the README runs from the wheel."
