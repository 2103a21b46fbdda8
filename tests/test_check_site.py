"""The check of the built site finds broken links, lost anchors and empty pages."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = "<p>An LSTM reads a sequence step by step, and keeps a state.</p>"


@pytest.fixture
def check(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(ROOT / "tools"), *sys.path])
    from check_site import main

    return main


def write(folder, name, body):
    """Write a page of a site."""
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"<html><body><article>{body}</article></body></html>")


def test_a_good_site_passes(check, tmp_path, capsys):
    links = '<a href="sub/b.html#part">b</a> <a href="https://example.org/x">x</a>'
    write(tmp_path, "a.html", f'<h1 id="top">A</h1>{TEXT}{links}<a href="#top">up</a>')
    write(tmp_path, "sub/b.html", f'<h1>B</h1><a id="part"></a>{TEXT}')
    assert not check(tmp_path)
    assert capsys.readouterr().out == "2 pages, 0 problems\n"


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (f'<h1>A</h1>{TEXT}<a href="b.html">b</a>', "b.html leads to no file"),
        (f'<h1>A</h1>{TEXT}<img src="b.png">', "b.png leads to no file"),
        (f'<h1>A</h1>{TEXT}<a href="../a.html">b</a>', "leads to no file of the site"),
        (f'<h1>A</h1>{TEXT}<a href="#b">b</a>', "#b leads to no element"),
        (f'<h1>A</h1>{TEXT}<a href="a.html#b">b</a>', "a.html#b leads to no element"),
        ("<h1>A</h1>", "has 1 letters"),
        (TEXT, "has 0 headings"),
    ],
)
def test_a_problem_is_found(check, tmp_path, capsys, body, problem):
    write(tmp_path, "a.html", body)
    assert check(tmp_path)
    assert problem in capsys.readouterr().out


def test_a_folder_without_pages_fails(check, tmp_path):
    assert check(tmp_path)
