"""
Gestures of unequal length
==========================

A gesture takes as long as it takes, and so a sensor gives twenty readings of one and a
hundred of another. :class:`~sklstm.LSTMClassifier` takes a list of such sequences as it
is: nothing to cut, to stretch or to pad.
"""

# %%
# Four kinds of gestures
# ----------------------
# A pen is moved in one of four ways, and a sensor reads its place with a large error.
# Gestures start anywhere on their path, have any size and slant, and last from 20 to
# 120 readings.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklstm import LSTMClassifier

KINDS = ["circle to the left", "circle to the right", "figure of eight", "zigzag"]
rng = np.random.default_rng(0)


def path(kind, n_timesteps):
    """Return the places of the pen, of shape (n_timesteps, 2)."""
    share = np.linspace(0, 1, n_timesteps)
    angles = 2 * np.pi * (share + rng.random())
    if kind == "zigzag":
        places = np.column_stack([2 * share - 1, np.arcsin(np.sin(3 * angles / 2))])
    elif kind == "figure of eight":
        places = np.column_stack([np.cos(angles), np.sin(2 * angles) / 2])
    else:
        turn = 1 if kind == "circle to the left" else -1
        places = np.column_stack([np.cos(angles), turn * np.sin(angles)])
    slant = rng.normal(scale=0.3)
    rotation = [[np.cos(slant), np.sin(slant)], [-np.sin(slant), np.cos(slant)]]
    return rng.uniform(0.5, 1.5) * places @ rotation


def readings(places):
    """Return what the sensor says: places, with errors of standard deviation 0.7."""
    return places + rng.normal(scale=0.7, size=places.shape)


def gestures(n_gestures):
    """Return a list of sequences, and what kind of gesture each is."""
    y = rng.choice(KINDS, n_gestures)
    return [readings(path(kind, rng.integers(20, 121))) for kind in y], y


X_train, y_train = gestures(300)
X_test, y_test = gestures(1000)
print("shapes:", [sequence.shape for sequence in X_train[:4]], "...")

# %%
# A grid search over a list
# -------------------------
# ``GridSearchCV`` takes the list as it takes an array: a fold is some of the sequences.

network = LSTMClassifier(early_stopping=True, random_state=0)
grid = {"hidden_layer_sizes": [(8,), (24,)], "pooling": ["last", "mean"]}
search = GridSearchCV(network, grid, cv=3).fit(X_train, y_train)

columns = ["param_hidden_layer_sizes", "param_pooling", "mean_test_score"]
print(pd.DataFrame(search.cv_results_)[columns].round(3).to_string(index=False))
print("Best:", search.best_params_)

# %%
# On new gestures, beside two rivals
# ----------------------------------
# Who has no model for sequences sums each of them up in a row of numbers. Here: the
# means and the deviations of both axes, how they go together, and the length.


def summaries(sequences):
    """Return a row of numbers for each sequence."""
    return np.array(
        [
            [*s.mean(axis=0), *s.std(axis=0), np.corrcoef(s.T)[0, 1], len(s)]
            for s in sequences
        ]
    )


forest = RandomForestClassifier(random_state=0)
models = {
    "most frequent kind": DummyClassifier().fit(X_train, y_train),
    "means and deviations": make_pipeline(FunctionTransformer(summaries), forest).fit(
        X_train, y_train
    ),
    "LSTM": search,
}
is_right = pd.DataFrame(
    {name: model.predict(X_test) == y_test for name, model in models.items()}
)
print(f"Accuracy on {len(X_test)} gestures\n{is_right.mean().round(3).to_string()}")

# %%
# Circles to the left and to the right have the same means and deviations, and so the
# rival cannot but guess which is which. The order of the readings tells.

print(is_right.groupby(y_test).mean().round(2).to_string())

# %%
# In company and alone
# --------------------
# Inside, short sequences are padded to the length of the longest one beside them. The
# padding is steps that do not exist, and so it changes nothing: a gesture gets the same
# probabilities in company and alone.

in_company = search.predict_proba(X_test)[:100]
alone = np.vstack([search.predict_proba([sequence]) for sequence in X_test[:100]])
print(f"largest difference: {np.abs(in_company - alone).max():.1e}")

# %%
# The picture
# -----------
# Above, one gesture of each kind: its path and the readings, from the first in dark to
# the last in bright. Below, the accuracy by length, give or take a standard error. The
# shortest gestures are the hardest: with few readings, the error of each matters more.

lengths = [len(sequence) for sequence in X_test]
bins = pd.cut(lengths, [19, 40, 60, 80, 100, 120])
by_length = is_right.groupby(bins, observed=True)
accuracy, standard_error = by_length.mean(), by_length.sem()
accuracy.index = ["20 to 40", "41 to 60", "61 to 80", "81 to 100", "101 to 120"]
print(accuracy.round(2).to_string())

figure = plt.figure(figsize=(9, 6), layout="constrained")
above, below = figure.subfigures(2, 1)
fields = above.subplots(1, 4, sharex=True, sharey=True)
for kind, axes in zip(KINDS, fields, strict=True):
    places = path(kind, 80)
    axes.plot(*places.T, color="0.6")
    axes.scatter(*readings(places).T, c=np.arange(80), s=10)
    axes.set(title=kind, aspect="equal", xticks=[], yticks=[])
axes = below.subplots()
for name, color in zip(models, ["0.5", "C0", "C1"], strict=True):
    axes.errorbar(
        accuracy.index,
        accuracy[name],
        standard_error[name],
        color=color,
        marker="o",
        capsize=3,
        label=name,
    )
axes.set(xlabel="readings", ylabel="accuracy", ylim=(0, 1))
below.legend(loc="outside lower center", ncols=3)
plt.show()
