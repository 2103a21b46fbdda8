"""Draw the questions that lead to an estimator, for the page docs/choose.rst.

    python tools/draw_choice.py

The picture has the colors of the site's theme, light or dark, and its names are links.
"""

from html import escape
from pathlib import Path

PICTURE = Path(__file__).parents[1] / "docs" / "_static" / "choose.svg"

# A question in two lines, and the names that answer it with yes.
QUESTIONS = [
    ("Forecast the next", "values of series?", "LSTMForecaster"),
    ("Find rows of a table", "that are unusual?", "LSTMOutlierDetector"),
    (
        "Predict a column from",
        "the rows before?",
        "SlidingWindowTransformer",
        "LSTMRegressor",
    ),
    ("Predict a number", "for each sequence?", "LSTMRegressor"),
    ("Predict a class for each", "sequence or time step?", "LSTMClassifier"),
    ("Find labels that have", "no times, as in speech?", "LSTMTranscriber"),
    ("Turn a sequence into", "another one?", "LSTMTranslator"),
    ("Score or write texts", "or other symbols?", "LSTMLanguageModel"),
    ("Compress windows", "to a few numbers?", "LSTMAutoencoder"),
]

WIDTH, ROW, BOX, LEFT, RIGHT = 380, 76, 50, 170, 206
STYLE = """
.choice { max-width: 34rem; width: 100%; height: auto; font-family: inherit; }
.choice text { fill: var(--pst-color-text-base); font-size: 13px; }
.choice .arrow { font-size: 12px; fill: var(--pst-color-text-muted); }
.choice .question { fill: var(--pst-color-surface); stroke: var(--pst-color-border); }
.choice .answer { fill: none; stroke: var(--pst-color-primary); stroke-width: 1.5; }
.choice path { fill: none; stroke: var(--pst-color-text-muted); }
.choice a text { fill: var(--pst-color-link); font-weight: 600; font-size: 12px; }
.choice a text.long { font-size: 10.5px; }
.choice a:hover text { text-decoration: underline; }
"""


def arrow(x, y, dx, dy):
    """Return the path of an arrow to the right or down."""
    head = "m-4 -4 l4 4 l-4 4" if dx else "m-4 -4 l4 4 l4 -4"
    return f'<path d="M{x} {y} l{dx} {dy} {head}"/>'


def link(name, x, y):
    """Return a name that leads to its page of the API."""
    page = f"generated/sklstm.{name}.html"
    style = 'text-anchor="middle"' + ' class="long"' * (len(name) > 20)
    return f'<a href="{page}"><text x="{x}" y="{y}" {style}>{name}</text></a>'


def draw_row(row, question, is_last):
    """Yield the elements of a question and of its answer."""
    first, second, *names = question
    top, middle = row * ROW + 1, row * ROW + 1 + BOX // 2
    box = f'y="{top}" height="{BOX}" rx="6"'
    yield f'<rect class="question" x="1" width="{LEFT}" {box}/>'
    yield f'<text x="10" y="{top + 21}">{escape(first)}</text>'
    yield f'<text x="10" y="{top + 39}">{escape(second)}</text>'
    yield arrow(LEFT + 2, middle, RIGHT - LEFT - 4, 0)
    yield f'<text class="arrow" x="{LEFT + 7}" y="{middle - 6}">yes</text>'
    width = WIDTH - RIGHT - 1
    yield f'<rect class="answer" x="{RIGHT}" width="{width}" {box}/>'
    for line, name in enumerate(names):
        y = middle + 4 + 18 * line - 9 * (len(names) - 1)
        yield link(name, RIGHT + width // 2, y)
    if not is_last:
        yield arrow(30, top + BOX, 0, ROW - BOX - 2)
        yield f'<text class="arrow" x="38" y="{top + BOX + 17}">no</text>'


def draw():
    """Return the picture as text."""
    rows = [
        element
        for row, question in enumerate(QUESTIONS)
        for element in draw_row(row, question, question is QUESTIONS[-1])
    ]
    height = len(QUESTIONS) * ROW - (ROW - BOX) + 2
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        'class="choice" role="group" aria-label="Questions that lead to an estimator">'
    )
    return "\n".join([head, f"<style>{STYLE}</style>", *rows, "</svg>\n"])


if __name__ == "__main__":
    PICTURE.write_text(draw())
