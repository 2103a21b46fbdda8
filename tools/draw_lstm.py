"""Draw an LSTM cell and the gates of a trained network, for the page on the LSTM.

    python tools/draw_lstm.py

The network is that of the page: it learns to return the first of 30 numbers.
"""

import matplotlib.pyplot as plt
import numpy as np
from _picture_style import draw_both

from sklstm import LSTMRegressor
from sklstm.inspection import gate_traces

SIGMA, TIMES = "\u03c3", "\u00d7"
# Gates and the candidate: column of `gate_traces`, symbol, function, place and color.
BOXES = [
    ("forget", "fₜ", SIGMA, 2.0, "blue"),
    ("input", "iₜ", SIGMA, 3.7, "orange"),
    ("candidate", "gₜ", "tanh", 5.3, "orange"),
    ("output", "oₜ", SIGMA, 7.0, "green"),
]
MEMORY, GATES, INPUTS = 3.3, 1.1, 0.0


def draw_cell(colors):
    """Draw how a step computes the cell state and the hidden state."""
    figure, ax = plt.subplots(figsize=(7, 3.1))
    ax.axis("off")
    ax.set(xlim=(-0.9, 10.2), ylim=(-0.3, 4.1))

    def arrow(start, end, color="text", width=1.2):
        style = {"arrowstyle": "-|>", "color": colors[color], "lw": width}
        style |= {"shrinkA": 0, "shrinkB": 0}
        ax.annotate("", end, start, arrowprops=style)

    def node(x, y, sign, color):
        ax.plot(x, y, "o", color=colors[color], markersize=17, zorder=3)
        sign_color = {"color": "white", "weight": "bold", "size": 12, "zorder": 4}
        ax.text(x, y - 0.02, sign, ha="center", va="center", **sign_color)

    # The memory is multiplied and added to. No activation function is in its way.
    arrow((0, MEMORY), (9.2, MEMORY), "blue", 3)
    ax.text(-0.1, MEMORY, "cₜ₋₁", ha="right", va="center")
    ax.text(9.3, MEMORY, "cₜ  cell", va="center", color=colors["blue"])
    for _, symbol, function, x, color in BOXES:
        arrow((x, INPUTS), (x, GATES - 0.3))
        ax.text(x, GATES, function, ha="center", va="center", bbox=box(colors[color]))
        ax.text(x + 0.12, GATES + 0.52, symbol, color=colors[color])
    for name, _, _, x, color in BOXES:
        ax.text(x + 0.12, GATES - 0.72, name, size=9, color=colors[color])
    arrow((2, GATES + 0.3), (2, MEMORY - 0.25), "blue")
    for x in (3.7, 5.3):
        arrow((x, GATES + 0.3), (4.5 + 0.16 * np.sign(x - 4.5), 2.1), "orange")
    arrow((4.5, 2.25), (4.5, MEMORY - 0.25), "orange")
    arrow((8.1, MEMORY), (8.1, 2.55))
    ax.text(8.1, 2.25, "tanh", ha="center", va="center", bbox=box(colors["faint"]))
    arrow((8.1, 1.95), (8.1, GATES + 0.25))
    arrow((7.35, GATES), (7.85, GATES), "green")
    arrow((8.1, GATES), (9.2, GATES))
    ax.text(9.3, GATES, "hₜ  hidden", va="center")
    ax.plot([0, 7], [INPUTS, INPUTS], color=colors["text"], lw=1.2)
    ax.text(-0.1, INPUTS, "xₜ, hₜ₋₁", ha="right", va="center")
    for x, y, sign, color in [
        (2, MEMORY, TIMES, "blue"),
        (4.5, MEMORY, "+", "blue"),
        (4.5, 2.1, TIMES, "orange"),
        (8.1, GATES, TIMES, "green"),
    ]:
        node(x, y, sign, color)
    return figure


def box(color):
    """Return the style of a box around a function."""
    return {"boxstyle": "round,pad=0.35", "facecolor": "none", "edgecolor": color}


def remembering_network():
    """Return the network of the page and the windows that it has not seen."""
    X = np.random.default_rng(0).normal(size=(1200, 30, 1))
    y = X[:, 0, 0]
    model = LSTMRegressor(
        (4,),
        max_timescale=30,
        conv_filters=(),
        bidirectional=False,
        pooling="last",
        batch_size=25,
        learning_rate="cosine",
        learning_rate_init=0.02,
        max_iter=25,
        random_state=0,
    )
    return model.fit(X[:1000], y[:1000]), X[1000:]


def memory_of_best_unit():
    """Return the first numbers of five windows, and the traces of the best unit."""
    model, X = remembering_network()
    order = np.argsort(X[:, 0, 0])
    windows = X[order[np.linspace(10, len(X) - 10, 5).astype(int)]]
    traces = gate_traces(model, windows).loc[:, 0, "forward", :, :]
    kept = traces["forget"].groupby("unit").mean()
    return windows[:, 0, 0], traces.xs(kept.idxmax(), level="unit")


FIRST_NUMBERS, TRACES = memory_of_best_unit()


def draw_memory(colors):
    """Draw two gates and the cell state of the unit that remembers."""
    figure, (above, below) = plt.subplots(
        2, figsize=(7, 3.8), sharex=True, height_ratios=[1, 1.4], layout="constrained"
    )
    for name, color in (("forget", "blue"), ("input", "orange")):
        gate = TRACES[name].groupby("step").mean()
        above.plot(gate.index, gate, color=colors[color], label=f"{name} gate")
    above.set(ylim=(0, 1.05), title="Mean gates of the unit that remembers")
    above.legend(loc="center right")
    for window, number in enumerate(FIRST_NUMBERS):
        cell = TRACES["cell"].xs(window, level="window")
        below.plot(cell.index, cell, color=colors["blue"])
        end = (cell.index[-1] + 0.4, cell.iloc[-1])
        below.text(*end, f"{number:.1f}", va="center", size=9)
    below.set(xlabel="step", title="Its cell state in five windows, by first number")
    return figure


if __name__ == "__main__":
    draw_both("lstm-cell", draw_cell, "How a step computes the cell and hidden states.")
    draw_both("lstm-memory", draw_memory, "Gates and cell states of a trained unit.")
