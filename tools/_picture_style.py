"""Colors and files of the pictures of the README and of the site.

Each picture is drawn twice: with dark lines for light pages, and with light lines for
dark pages. The background is transparent. The colors are those of Okabe and Ito, which
color-blind people can tell apart.
"""

from contextlib import contextmanager
from pathlib import Path

import matplotlib.pyplot as plt

PICTURES = Path(__file__).parents[1] / "docs" / "_static" / "pictures"
COLORS = {
    "light": {
        "text": "#1f2328",
        "faint": "#8a929b",
        "blue": "#0072b2",
        "orange": "#d55e00",
        "green": "#009e73",
        "band": "#56b4e9",
    },
    "dark": {
        "text": "#e6edf3",
        "faint": "#8b949e",
        "blue": "#56b4e9",
        "orange": "#e69f00",
        "green": "#2fc79b",
        "band": "#56b4e9",
    },
}


@contextmanager
def picture_style(scheme):
    """Draw lines and text in the colors of a scheme, and yield these colors."""
    colors = COLORS[scheme]
    names = ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color")
    settings = dict.fromkeys((*names, "ytick.color"), colors["text"])
    settings |= {
        "axes.facecolor": "none",
        "axes.spines.right": False,
        "axes.spines.top": False,
        "figure.facecolor": "none",
        "font.size": 10,
        "legend.frameon": False,
        # Text stays text. Equal figures give equal files.
        "svg.fonttype": "none",
        "svg.hashsalt": "sklstm",
    }
    with plt.rc_context(settings):
        yield colors


def draw_both(name, draw, description=None):
    """Save what `draw(colors)` returns, a figure, as NAME-light.svg and -dark.svg.

    The description is stored in the files.
    """
    PICTURES.mkdir(parents=True, exist_ok=True)
    for scheme in COLORS:
        with picture_style(scheme) as colors:
            figure = draw(colors)
            figure.savefig(
                PICTURES / f"{name}-{scheme}.svg",
                bbox_inches="tight",
                metadata={"Date": None, "Description": description},
            )
            plt.close(figure)
