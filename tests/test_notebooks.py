"""The notebooks run, and their output is stored."""

from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[1] / "examples" / "notebooks").iterdir())


@pytest.fixture
def nbformat():
    return pytest.importorskip("nbformat")


def code_cells(notebook):
    """Return the cells of a notebook with code."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def texts(notebook):
    """Return what the code cells print and show as text."""
    outputs = [each for cell in code_cells(notebook) for each in cell.outputs]
    return [o.get("text") or o.get("data", {}).get("text/plain") for o in outputs]


def test_there_are_two_notebooks():
    assert [path.stem for path in NOTEBOOKS] == [
        "next_years_sales",
        "tuning_without_fooling_yourself",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs_and_shows_as_much_as_it_stores(path, nbformat, tmp_path):
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    stored = nbformat.read(path, as_version=4)
    notebook = nbformat.read(path, as_version=4)
    client = nbclient.NotebookClient(
        notebook, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute()
    shown, kept = ([text is None for text in texts(n)] for n in (notebook, stored))
    assert shown == kept


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_was_run_from_top_to_bottom(path, nbformat):
    cells = code_cells(nbformat.read(path, as_version=4))
    counts = [cell.execution_count for cell in cells]
    assert counts == list(range(1, len(cells) + 1))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_stores_pictures_and_no_errors(path, nbformat):
    cells = code_cells(nbformat.read(path, as_version=4))
    outputs = [output for cell in cells for output in cell.outputs]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert [
        o for o in outputs if o.output_type == "error" or o.get("name") == "stderr"
    ] == []
