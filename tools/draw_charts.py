"""Draw the charts of the README and of the site from the tables of the benchmarks.

    python tools/draw_charts.py

The figures are read from benchmarks/README.md, so a chart cannot differ from them.
"""

import re
from pathlib import Path

import matplotlib.pyplot as plt
from _picture_style import draw_both

BENCHMARKS = Path(__file__).parents[1] / "benchmarks" / "README.md"

# The workloads of bench_fit.py and bench_predict.py: steps and units.
WORKLOADS = {
    "48, 6, 1, 50, 32, 100": "small",
    "8000, 24, 8, 64, 64, 3": "medium",
    "4000, 96, 7, 128, 256, 2": "large",
}
FORECASTS = {
    "retail": "retail sales",
    "cif2016": "CIF 2016",
    "nn5": "NN5, cash",
    "etth1, OT, 24": "ETTh1, oil",
}
CLASSES = {
    "GunPoint": "GunPoint",
    "ECG200": "ECG200",
    "SwedishLeaf": "SwedishLeaf",
    "FacesUCR": "FacesUCR",
    "ItalyPowerDemand": "ItalyPower",
    "japanese_vowels": "vowels",
    "books": "verses",
}
LINEAR, SPECIALIST = "linear", "AutoETS, MiniRocket"


def tables(first_column):
    """Return the tables whose first column has this name, each a list of dicts."""
    blocks = re.findall(r"(?:^\|.*\n)+", BENCHMARKS.read_text(), flags=re.MULTILINE)
    found = []
    for block in blocks:
        head, _, *rows = [
            [cell.strip() for cell in line.strip("|\n").split("|")]
            for line in block.splitlines()
        ]
        if head[0].startswith(first_column):
            found.append([dict(zip(head, row, strict=True)) for row in rows])
    return found


def speed_ratios():
    """Return the times of other programs divided by those of sklstm.

    A dict of task to program to a list with one ratio for each processor.
    """
    tasks = ("fit", "predict all", "predict one")
    ratios = {f"{task}, {size}": {} for task in tasks for size in WORKLOADS.values()}
    # Tables of one row are about the first fit of a process.
    measured = [t for t in tables("windows, steps") if len(t) > 1]
    for row in (row for table in measured for row in table):
        size = WORKLOADS[row["windows, steps, features, hidden, batch, epochs"]]
        rows = row.get("rows")
        task = "fit" if rows is None else "predict one" if rows == "1" else tasks[1]
        for program in ("skorch", "Keras on JAX"):
            of_task = ratios[f"{task}, {size}"].setdefault(program, [])
            of_task.append(float(row[f"{program} / sklstm"]))
    return ratios


def forecast_errors():
    """Return errors divided by that of the naive forecast, by task and model."""
    errors = {}
    for row in tables("task")[0]:
        if row["task"] in FORECASTS:
            models = {"sklstm": row["sklstm"], SPECIALIST: row["AutoETS"]}
            if linear := re.search(r"linear map ([\d.]+)", row["published"]):
                models[LINEAR] = linear[1]
            errors[FORECASTS[row["task"]]] = {
                model: [float(error) / float(row["naive"])]
                for model, error in models.items()
                if error
            }
    return errors


def wrong_classes():
    """Return the percentage of wrong classes, by task and model."""
    columns = {"sklstm": "sklstm", LINEAR: "linear", SPECIALIST: "other"}
    return {
        CLASSES[row["task"]]: {
            model: [100 - 100 * float(row[column])]
            for model, column in columns.items()
            if row[column]
        }
        for row in tables("task")[1]
        if row["task"] in CLASSES
    }


def draw_points(ax, values, styles):
    """Draw a row of points for each task."""
    for model, style in styles.items():
        points = [
            (number, place)
            for place, of_task in enumerate(values.values())
            for number in of_task.get(model, [])
        ]
        ax.plot(*zip(*points, strict=True), linestyle="", label=model, **style)
    ax.set_yticks(range(len(values)), list(values))
    ax.set_ylim(len(values) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="y", alpha=0.2)


def draw_legend(ax):
    """Draw the names of the models above the axes."""
    ax.legend(loc="lower center", bbox_to_anchor=(0.4, 1.06), ncols=3, borderpad=0)


def draw_speed(colors):
    """Draw the times of skorch and Keras divided by those of sklstm."""
    styles = {
        "skorch": {"color": colors["orange"], "marker": "s"},
        "Keras on JAX": {"color": colors["green"], "marker": "^"},
    }
    figure, ax = plt.subplots(figsize=(3.7, 3.4))
    draw_points(ax, speed_ratios(), styles)
    draw_legend(ax)
    ax.axvline(1, color=colors["blue"])
    ax.set_xscale("log", base=2)
    ax.set_xticks([0.5, 1, 2, 4], ["0.5", "1", "2", "4"])
    ax.set_xlim(0.45, 4.5)
    ax.set_xlabel("time divided by that of sklstm")
    note = {"color": colors["blue"], "fontsize": 9}
    ax.text(0.96, -0.6, "faster", ha="right", **note)
    ax.text(1.06, -0.6, "slower than sklstm", **note)
    return figure


def draw_accuracy(colors):
    """Draw errors of sklstm, of a linear model and of a specialist."""
    styles = {
        LINEAR: {"color": colors["green"], "marker": "^"},
        SPECIALIST: {"color": colors["orange"], "marker": "s"},
        "sklstm": {"color": colors["blue"], "marker": "o"},
    }
    figure, axes = plt.subplots(
        2, figsize=(3.7, 4.1), height_ratios=(4, 7), gridspec_kw={"hspace": 0.45}
    )
    draw_points(axes[0], forecast_errors(), styles)
    draw_points(axes[1], wrong_classes(), styles)
    draw_legend(axes[0])
    axes[0].set_xlim(0.4, 1)
    axes[0].set_xlabel("error divided by that of a naive forecast")
    axes[1].set_xlim(0, 35)
    axes[1].set_xlabel("wrong classes, in percent")
    return figure


def descriptions():
    """Return the numbers of each chart as text, which its files contain."""
    accuracy = {**forecast_errors(), **wrong_classes()}
    return {"speed": str(speed_ratios()), "accuracy": str(accuracy)}


if __name__ == "__main__":
    for name, draw in {"speed": draw_speed, "accuracy": draw_accuracy}.items():
        draw_both(name, draw, descriptions()[name])
