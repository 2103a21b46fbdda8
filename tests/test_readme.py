"""The code and the commands of the README run, and the files that it names exist."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def blocks(language):
    """Return the code blocks of the README in one language."""
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def commands():
    """Return the commands of the README, split at `&&`."""
    return [
        part for block in blocks("sh") for part in re.split(r" && |\n", block) if part
    ]


@pytest.mark.parametrize("code", blocks("python"))
def test_python_block_runs(code, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "README.md", "exec"), {})


def test_the_checks_run_the_test_command():
    test_command = [c for c in commands() if "[test]" in c or c.startswith("pytest")]
    assert len(test_command) == 2
    assert set(test_command) <= set((ROOT / ".ci" / "run").read_text().splitlines())


def test_commands_name_scripts_and_extras_that_exist():
    scripts = re.findall(r"python (\S+\.py)", "\n".join(commands()))
    assert all((ROOT / script).is_file() for script in scripts)
    extras = re.findall(r"\[(\w+)\]", "\n".join(commands()))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert set(extras) <= set(project["optional-dependencies"])


def targets(text):
    """Return what the links and pictures of a page lead to."""
    links = re.findall(r"\]\(([^)#]+)\)", text)
    return links + re.findall(r'src(?:set)?="([^"]+)"', text)


def test_links_lead_to_files():
    local = [target for target in targets(README) if "://" not in target]
    assert len(local) > 20
    assert [target for target in local if not (ROOT / target).exists()] == []


def test_a_package_index_can_follow_all_links():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    hooks = project["tool"]["hatch"]["metadata"]["hooks"]
    page = README
    for rule in hooks["fancy-pypi-readme"]["substitutions"]:
        page = re.sub(rule["pattern"], rule["replacement"], page)
    home = project["project"]["urls"]["Repository"].removeprefix("https://github.com/")
    hosts = ("https://github.com/", "https://raw.githubusercontent.com/")
    absolute = [target.removeprefix(host) for host in hosts for target in targets(page)]
    files = [t.split("/main/")[1] for t in absolute if t.startswith(f"{home}/")]
    assert sorted(files) == sorted(targets(README))


def test_tests_and_benchmarks_named_exist():
    files = re.findall(r"`(tests/\w+\.py)`", README)
    benchmarks = (ROOT / "benchmarks" / "README.md").read_text()
    files += [
        f"benchmarks/{name}" for name in re.findall(r"`(bench_\w+\.py)", benchmarks)
    ]
    assert [file for file in files if not (ROOT / file).is_file()] == []
