"""Sphinx settings. Build with `sphinx-build -W docs docs/_build/html`."""

import os
import shutil
import warnings
from importlib.metadata import version as installed_version
from pathlib import Path

DOCS = Path(__file__).parent

project = "sklstm"
author = "The sklstm developers"
project_copyright = f"2026, {author}"
version = release = installed_version("sklstm")

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "**/GALLERY_HEADER.rst"]
templates_path = ["_templates"]

autosummary_generate = True
numpydoc_show_class_members = False

html_theme = "pydata_sphinx_theme"
html_title = "sklstm"
html_static_path = ["_static"]
html_show_sourcelink = False
html_theme_options = {"show_prev_next": False, "secondary_sidebar_items": ["page-toc"]}
html_sidebars = {"getting_started": [], "conventions": [], "changes": []}

# Examples save figures in their folder, so run them in a copy of it.
EXAMPLES = DOCS / "_build" / "examples"
shutil.copytree(DOCS.parent / "examples", EXAMPLES, dirs_exist_ok=True)

# A warning in an example is a failure, as it is in the tests.
warnings.filterwarnings("error", category=UserWarning)

sphinx_gallery_conf = {
    "examples_dirs": str(EXAMPLES),
    "gallery_dirs": "auto_examples",
    "backreferences_dir": "generated/backreferences",
    "doc_module": ("sklstm",),
    "reference_url": {"sklstm": None},
    "abort_on_example_error": True,
    "download_all_examples": False,
    "show_signature": False,
    "write_computation_times": False,
}

# Links to other projects need network access, so they are optional.
if os.environ.get("SKLSTM_DOCS_ONLINE"):
    extensions.append("sphinx.ext.intersphinx")
    intersphinx_mapping = {
        "numpy": ("https://numpy.org/doc/stable", None),
        "pandas": ("https://pandas.pydata.org/docs", None),
        "python": ("https://docs.python.org/3", None),
        "sklearn": ("https://scikit-learn.org/stable", None),
        "torch": ("https://docs.pytorch.org/docs/stable", None),
    }


def skip_scikit_learn(_app, _what, _name, member, skip, _options):
    """Skip methods that scikit-learn documents."""
    return skip or (getattr(member, "__module__", None) or "").startswith("sklearn.")


def setup(app):
    app.connect("autodoc-skip-member", skip_scikit_learn)
