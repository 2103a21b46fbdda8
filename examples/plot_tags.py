"""
Label the steps of a series
===========================

A sensor on the wrist measures how much a person moves. Does the person rest, walk or
run, minute by minute? A network that classifies each minute on its own switches back
and forth where it is not sure. With ``transitions="seen"``,
:class:`~sklstm.LSTMClassifier` learns which activities follow each other, and predicts
the most probable sequence of activities.
"""

# %%
# Activities of a morning
# -----------------------
# Each activity lasts at least three minutes. People start to walk before they run, and
# walk before they rest. The sensor measures two values per minute: how much the wrist
# moves, with large errors, and a short jolt when the activity changes.

from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from sklstm import LSTMClassifier

NEIGHBORS = {"rest": ["walk"], "walk": ["rest", "run"], "run": ["walk"]}
MOVEMENT = {"rest": 0, "walk": 1, "run": 2}
rng = np.random.default_rng(0)


def morning():
    """Return the measured values of 30 to 60 minutes, and the activities."""
    n_minutes = rng.integers(30, 61)
    activities, jolts = [], []
    activity = rng.choice(list(NEIGHBORS))
    while len(activities) < n_minutes:
        duration = 2 + rng.geometric(0.2)
        activities += [activity] * duration
        jolts += [1] + [0] * (duration - 1)
        activity = rng.choice(NEIGHBORS[activity])
    activities, jolts = activities[:n_minutes], np.array(jolts[:n_minutes])
    movement = np.array([MOVEMENT[activity] for activity in activities])
    movement = movement + rng.normal(scale=0.6, size=n_minutes)
    jolts = jolts + rng.normal(scale=0.1, size=n_minutes)
    return np.column_stack([movement, jolts]), np.array(activities)


X_train, y_train = map(list, zip(*(morning() for _ in range(200)), strict=True))
X_test, y_test = map(list, zip(*(morning() for _ in range(500)), strict=True))

# %%
# Three models
# ------------
# With ``pooling=None``, y has a class for each time step. The first network classifies
# each minute on its own. The second one learns transitions. A simple model chooses the
# activity whose mean movement is closest.

settings = {
    "pooling": None,
    "dropout": 0.3,
    "batch_size": 20,
    "learning_rate": "cosine",
    "max_iter": 40,
    "random_state": 0,
}
alone = LSTMClassifier(**settings).fit(X_train, y_train)
together = LSTMClassifier(transitions="seen", **settings).fit(X_train, y_train)

levels = np.array(list(MOVEMENT))
predictions = {
    "nearest level": [levels[x[:, 0].round().clip(0, 2).astype(int)] for x in X_test],
    "minutes alone": alone.predict(X_test),
    "with transitions": together.predict(X_test),
}


def errors(predicted):
    """Return the shares of wrong minutes and of mornings with a wrong minute."""
    is_wrong = [p != y for p, y in zip(predicted, y_test, strict=True)]
    return {
        "minutes": np.concatenate(is_wrong).mean(),
        "mornings": np.mean([each.any() for each in is_wrong]),
    }


table = pd.DataFrame({name: errors(p) for name, p in predictions.items()}).T
print(f"Share of errors in {len(X_test)} new mornings\n{table.round(3)}")
minutes, mornings = table["minutes"], table["mornings"]
assert minutes["minutes alone"] < 0.2 * minutes["nearest level"]
assert mornings["with transitions"] < mornings["minutes alone"]

# %%
# What was learned
# ----------------
# `transitions_` has a score for each transition. Nobody rests directly after running in
# the training data, so this transition is excluded: its score is minus infinity.

print(together.transitions_.round(2))


def impossible(predicted):
    """Count the changes between rest and run."""
    return sum(
        {before, after} == {"rest", "run"}
        for activities in predicted
        for before, after in pairwise(activities)
    )


for name, predicted in predictions.items():
    print(f"{name}: {impossible(predicted)} impossible changes")
assert impossible(predictions["with transitions"]) == 0

# %%
# Where the networks differ
# -------------------------
# The figure shows the first two mornings for which the two networks predict different
# activities. The network with transitions reads the minutes in their order, like the
# other one. However, the best sequence of activities also depends on the later minutes:
# it is only chosen when all minutes are known.


def draw(axes, activities, height):
    """Draw the activities as a row of colors."""
    codes = [MOVEMENT[activity] for activity in activities]
    extent = (-0.5, len(codes) - 0.5, height - 0.4, height + 0.4)
    colors = {"cmap": "viridis", "vmin": 0, "vmax": 2, "aspect": "auto"}
    axes.imshow([codes], extent=extent, **colors)


rows = {"actual": y_test, **predictions}
pairs = zip(predictions["minutes alone"], predictions["with transitions"], strict=True)
different = [number for number, (a, b) in enumerate(pairs) if (a != b).any()]
figure, fields = plt.subplots(
    4, 1, figsize=(9, 8), height_ratios=[1, 1.6, 1, 1.6], layout="constrained"
)
for (above, below), number in zip([fields[:2], fields[2:]], different[:2], strict=True):
    above.plot(X_test[number][:, 0], color="0.3", label="movement")
    above.vlines(
        np.flatnonzero(X_test[number][:, 1] > 0.5), -1, 3, color="C3", label="jolt"
    )
    for height, activities in enumerate(rows.values()):
        draw(below, activities[number], -height)
    n_minutes = len(y_test[number])
    above.set(xlim=(-0.5, n_minutes - 0.5), xticks=[])
    below.set(xlim=(-0.5, n_minutes - 0.5), ylim=(0.5 - len(rows), 0.5))
    below.set_yticks(-np.arange(len(rows)), rows)
fields[0].legend(loc="upper left", ncols=2)
fields[-1].set_xlabel("minute; dark: rest, green: walk, yellow: run")
plt.show()
