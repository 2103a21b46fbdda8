"""Type checkers accept ordinary calls and reject wrong ones."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
USER_CODE = ROOT / "tests" / "typing" / "user_code.py"
WRONG_CALLS = ROOT / "tests" / "typing" / "wrong_calls.py"


def run(module, *arguments):
    """Return what a module run as a program prints."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    done = subprocess.run(
        command, cwd=ROOT, check=False, stdout=subprocess.PIPE, text=True
    )
    return done.stdout


def mypy(files):
    """Return file, line and text of the errors that mypy finds."""
    output = run("mypy", "--no-pretty", "--show-absolute-path", *files)
    assert "checked" in output or "Success" in output, output
    lines = [re.match(r"(.+?):(\d+): error: (.*)", x) for x in output.splitlines()]
    return [(Path(m[1]), int(m[2]), m[3]) for m in lines if m]


def pyright(files):
    """Return file, line and text of the errors that pyright finds."""
    output = run("pyright", "--pythonpath", sys.executable, "--outputjson", *files)
    return [
        (Path(found["file"]), found["range"]["start"]["line"] + 1, found["message"])
        for found in json.loads(output)["generalDiagnostics"]
        if found["severity"] == "error"
    ]


@pytest.fixture(scope="module")
def readme_code(tmp_path_factory):
    """Return a file for each block of Python in the README."""
    blocks = re.findall(
        r"```python\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL
    )
    files = [
        tmp_path_factory.mktemp("readme") / f"block_{number}.py"
        for number in range(len(blocks))
    ]
    for file, block in zip(files, blocks, strict=True):
        file.write_text(block)
    return files


@pytest.mark.slow
@pytest.mark.parametrize("checker", [mypy, pyright])
def test_checker_accepts_ordinary_calls_and_rejects_wrong_ones(checker, readme_code):
    errors = checker([USER_CODE, *readme_code, WRONG_CALLS])
    assert [error for error in errors if error[0] != WRONG_CALLS] == []
    lines = WRONG_CALLS.read_text().splitlines()
    wanted = {n for n, line in enumerate(lines, 1) if line.endswith("# error")}
    assert {line for _, line, _ in errors} == wanted
