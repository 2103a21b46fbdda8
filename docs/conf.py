"""Sphinx settings. Build with `sphinx-build -W docs docs/_build/html`."""

import shutil
import sys
import warnings
from importlib.metadata import version as installed_version
from pathlib import Path

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS))

from inventories import write_inventories  # noqa: E402

project = "sklstm"
author = "The sklstm developers"
project_copyright = f"2026, {author}"
version = release = installed_version("sklstm")

extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx.ext.mathjax",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
# The gallery offers its pages as notebooks, which are not pages themselves.
exclude_patterns = ["_build", "auto_examples/*.ipynb"]
templates_path = ["_templates"]

nitpicky = True
# A module whose functions have pages of their own, and a method in short.
nitpick_ignore = [
    ("py:mod", "sklstm.inspection"),
    ("py:meth", "LSTMForecaster.backtest"),
]

autosummary_generate = True
numpydoc_show_class_members = False
# Docstrings describe the types, and a signature with types fills the screen.
autodoc_typehints = "none"
toc_object_entries_show_parents = "hide"

html_theme = "pydata_sphinx_theme"
html_title = "sklstm"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_context = {"default_mode": "auto"}
html_theme_options = {
    "header_links_before_dropdown": 6,
    "secondary_sidebar_items": {"**": ["page-toc"], "index": []},
    "show_prev_next": False,
    "show_toc_level": 2,
}
# Pages without pages below them have no section navigation.
html_sidebars = {"index": [], "getting_started": []}

# Examples save figures in their folder, so run them in a copy of it.
EXAMPLES = DOCS / "_build" / "examples"
shutil.copytree(
    DOCS.parent / "examples",
    EXAMPLES,
    ignore=shutil.ignore_patterns("notebooks"),
    dirs_exist_ok=True,
)

# Sphinx reads pages below this folder only. The output of notebooks is in their files.
shutil.copytree(
    DOCS.parent / "examples" / "notebooks", DOCS / "notebooks", dirs_exist_ok=True
)
nb_execution_mode = "off"

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
    "copyfile_regex": r"index\.rst",
    "minigallery_sort_order": "gallery_order.place",
    "within_subsection_order": "gallery_order.place",
    "write_computation_times": False,
    "parallel": True,  # as many as sphinx-build's -j says
}

intersphinx_mapping = write_inventories(DOCS / "_build" / "inventories")

# The button copies the code of a session, without its prompts and output.
copybutton_prompt_text = r">>> |\.\.\. "
copybutton_prompt_is_regexp = True


def skip_scikit_learn(_app, _what, _name, member, skip, _options):
    """Skip methods that scikit-learn documents."""
    return skip or (getattr(member, "__module__", None) or "").startswith("sklearn.")


def setup(app):
    app.connect("autodoc-skip-member", skip_scikit_learn)
