"""The order of the examples in the gallery: that of `examples/index.rst`."""

import re
from pathlib import Path

INDEX = Path(__file__).parents[1] / "examples" / "index.rst"
ORDER = re.findall(r"plot_\w+\.py", INDEX.read_text())


def place(path):
    """Return the sort key of an example. The index has to list each of them."""
    return ORDER.index(Path(path).name)
