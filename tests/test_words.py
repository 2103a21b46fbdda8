"""The words of the package are those of the field, one for each idea."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "sklstm").rglob("*.py"))
PAGES = [
    *MODULES,
    *sorted((ROOT / "docs").glob("*.rst")),
    *sorted((ROOT / "examples").glob("*.py")),
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "benchmarks/README.md")),
]

# A word that was used for an idea, and the word of the field.
WORDS = {
    r"lessons?": "training windows",
    r"correctors?": "residual model",
    r"readings?": "value or observation",
    r"truths?": "actual value",
    r"usual(ly)?": "normal or typical",
    r"step sizes?": "learning rate",
    r"slopes?": "gradient or derivative",
    r"restless(ness)?": "MASE scale",
    r"yardsticks?": "scaler",
    r"watchers?": "callback runner",
    r"there and back": "forward and backward",
    r"learnt": "learned or fitted",
}

# What a first line does not begin with: they say little about what a function does.
VAGUE = {
    *("Ask", "Bring", "Give", "Hold", "Lay", "Let", "Name", "Put", "Say", "Take"),
    *("Tell",),
}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_page_uses_the_words_of_the_field(page):
    text = page.read_text()
    found = {word: m[0] for word in WORDS if (m := re.search(rf"\b{word}\b", text))}
    assert {found[word]: WORDS[word] for word in found} == {}


def first_words(path):
    """Yield the first word of every docstring of a function."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef) and (text := ast.get_docstring(node)):
            yield node.name, text.split()[0].rstrip(".")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_docstrings_begin_with_a_clear_verb(path):
    assert [name for name, word in first_words(path) if word in VAGUE] == []
