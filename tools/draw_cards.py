"""Draw the forecast of the README and the pictures of the site's first page.

    python tools/draw_cards.py

The forecast is computed. The small pictures show what each kind of estimator does, with
made-up data.
"""

import matplotlib.pyplot as plt
import numpy as np
from _picture_style import draw_both

from sklstm import ForecastDisplay, LSTMForecaster
from sklstm.datasets import load_retail_sales

SALES = load_retail_sales() / 1000
FORECASTER = LSTMForecaster(horizon=12, random_state=0).fit(SALES["2014":"2018"])


def draw_forecast(colors):
    """Draw two years of sales, the forecast of the next one and its interval."""
    figure, ax = plt.subplots(figsize=(4.6, 2.9))
    actual = SALES["2019":"2019"].rename("actual")
    ForecastDisplay.from_estimator(
        FORECASTER,
        actual=actual,
        n_history=24,
        ax=ax,
        history_kwargs={"color": colors["faint"]},
        forecast_kwargs={"color": colors["blue"]},
        actual_kwargs={"color": colors["text"], "markersize": 4},
        band_kwargs={"color": colors["band"], "alpha": 0.35},
        now_kwargs={"color": colors["faint"]},
    )
    ax.set(title="US retail sales", ylabel="billion US dollars", xlabel="")
    ax.legend(
        loc="upper center", bbox_to_anchor=(0.45, -0.08), ncols=4, columnspacing=1
    )
    return figure


def new_card():
    """Return a small figure and its axes, which are not drawn."""
    figure, ax = plt.subplots(figsize=(2.4, 1.2))
    ax.axis("off")
    return figure, ax


def draw_small_forecast(colors):
    """Draw a series, its forecast and the band of an interval."""
    figure, ax = new_card()
    x, period = np.arange(36), np.pi / 6
    y = 0.04 * x + np.sin(period * x) + 0.15 * np.random.default_rng(0).normal(size=36)
    future = np.arange(35, 48)
    forecast = 0.04 * future + np.sin(period * future)
    forecast[0] = y[-1]
    width = 0.12 * np.sqrt(future - 35)
    ax.plot(x, y, color=colors["faint"])
    ax.plot(future, forecast, color=colors["blue"], linewidth=2)
    ax.fill_between(
        future, forecast - width, forecast + width, color=colors["band"], alpha=0.35
    )
    return figure


def draw_windows(colors):
    """Draw a window of a series and the value that is predicted from it."""
    figure, ax = new_card()
    x = np.arange(60)
    y = np.sin(0.25 * x) + 0.5 * np.sin(0.6 * x)
    ax.plot(x, y, color=colors["faint"])
    ax.axvspan(24, 44, color=colors["band"], alpha=0.3)
    ax.annotate(
        "",
        (48.4, y[49]),
        (44, y[49]),
        arrowprops={"arrowstyle": "->", "color": colors["text"]},
    )
    ax.plot(49, y[49], "o", color=colors["orange"], markersize=8)
    return figure


def draw_classes(colors):
    """Draw sequences of three classes in three colors."""
    figure, ax = new_card()
    x = np.linspace(0, 1, 60)
    shapes = (np.sin(6 * np.pi * x), 2 * np.abs(2 * x - 1) - 1, np.sign(x - 0.5))
    names = ("blue", "orange", "green")
    for place, (shape, name) in enumerate(zip(shapes, names, strict=True)):
        noise = 0.1 * np.random.default_rng(place).normal(size=60)
        ax.plot(x + 1.25 * place, shape + noise, color=colors[name])
    return figure


def draw_steps(colors):
    """Draw a series whose steps have the colors of their classes."""
    figure, ax = new_card()
    levels, names = np.array([0, 2, 1, 2]), ("blue", "orange", "green", "orange")
    noise = 0.25 * np.random.default_rng(0).normal(size=100)
    ax.plot(np.repeat(levels, 25) + noise, color=colors["faint"])
    starts, fills = 25 * np.arange(4), [colors[name] for name in names]
    ax.bar(starts, 0.35, 25, -1.2, align="edge", color=fills)
    return figure


def draw_text(colors):
    """Draw sentences and the probabilities of a class."""
    figure, ax = new_card()
    sentences = {"the man bites the dog": 0.95, "the dog bites the man": 0.1}
    for place, (sentence, share) in enumerate(sentences.items()):
        ax.text(0, 1 - place, sentence, fontsize=11, va="bottom")
        ax.barh(0.9 - place, 1, 0.16, color=colors["faint"], alpha=0.4)
        ax.barh(0.9 - place, share, 0.16, color=colors["blue"])
    ax.set_ylim(-0.4, 1.5)
    return figure


def draw_outliers(colors):
    """Draw a series with two outliers."""
    figure, ax = new_card()
    x = np.arange(120)
    y = np.sin(0.25 * x) + 0.1 * np.random.default_rng(0).normal(size=120)
    y[[47, 96]] += [1.8, -1.5]
    ax.plot(x, y, color=colors["faint"])
    ax.plot(x[[47, 96]], y[[47, 96]], "o", color=colors["orange"], markersize=8)
    ax.margins(y=0.2)
    return figure


def draw_translation(colors):
    """Draw a date as it is written, and in ISO format."""
    figure, ax = new_card()
    ax.text(0.5, 1, "3 March 2026", fontsize=13, ha="center", va="top")
    ax.annotate(
        "",
        (0.5, 0.34),
        (0.5, 0.68),
        arrowprops={"arrowstyle": "->", "color": colors["text"]},
    )
    ax.text(0.5, 0, "2026-03-03", fontsize=13, ha="center", color=colors["blue"])
    return figure


def draw_transcription(colors):
    """Draw a signal and the letters that are found in it."""
    figure, ax = new_card()
    random = np.random.default_rng(0)
    centers = (0.1, 0.32, 0.5, 0.68, 0.9)
    x = np.linspace(0, 1, 400)
    loudness = sum(np.exp(-(((x - center) / 0.05) ** 2)) for center in centers)
    ax.plot(x, loudness * random.normal(size=400), color=colors["faint"], linewidth=0.8)
    for center, letter in zip(centers, "hello", strict=True):
        ax.text(center, -4.6, letter, fontsize=14, ha="center", color=colors["blue"])
    ax.set_ylim(-4.8, 3)
    return figure


def draw_attributions(colors):
    """Draw a table of windows whose cells have a color if they count."""
    figure, ax = new_card()
    fills = {(0, 4): "blue", (2, 8): "orange", (2, 7): "band"}
    for row, column in np.ndindex(3, 12):
        color = colors[fills.get((row, column), "faint")]
        alpha = 0.9 if (row, column) in fills else 0.2
        ax.add_patch(plt.Rectangle((column, -row), 0.9, 0.9, color=color, alpha=alpha))
    ax.set(xlim=(0, 12), ylim=(-2, 1), aspect="equal")
    return figure


PICTURES = {
    "forecast": draw_forecast,
    "card-forecast": draw_small_forecast,
    "card-windows": draw_windows,
    "card-classes": draw_classes,
    "card-steps": draw_steps,
    "card-text": draw_text,
    "card-outliers": draw_outliers,
    "card-translation": draw_translation,
    "card-transcription": draw_transcription,
    "card-attributions": draw_attributions,
}

if __name__ == "__main__":
    for name, draw in PICTURES.items():
        draw_both(name, draw)
