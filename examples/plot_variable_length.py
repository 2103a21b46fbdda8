"""
Classify sequences of unequal length
====================================

Gestures differ in duration: a sensor may record twenty values of one gesture and a
hundred of another. :class:`~sklstm.LSTMClassifier` accepts a list of such sequences.
You do not need to cut, stretch or pad them.
"""

# %%
# Four kinds of gestures
# ----------------------
# A pen moves in one of four ways, and a sensor records its position with a large error.
# Gestures have a random start on their path, a random size and a random slant. They
# have 20 to 120 values.

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
    """Return the positions of the pen, of shape (n_timesteps, 2)."""
    share = np.linspace(0, 1, n_timesteps)
    angles = 2 * np.pi * (share + rng.random())
    if kind == "zigzag":
        positions = np.column_stack([2 * share - 1, np.arcsin(np.sin(3 * angles / 2))])
    elif kind == "figure of eight":
        positions = np.column_stack([np.cos(angles), np.sin(2 * angles) / 2])
    else:
        turn = 1 if kind == "circle to the left" else -1
        positions = np.column_stack([np.cos(angles), turn * np.sin(angles)])
    slant = rng.normal(scale=0.3)
    rotation = [[np.cos(slant), np.sin(slant)], [-np.sin(slant), np.cos(slant)]]
    return rng.uniform(0.5, 1.5) * positions @ rotation


def measured(positions):
    """Return positions with errors of standard deviation 0.7."""
    return positions + rng.normal(scale=0.7, size=positions.shape)


def gestures(n_gestures):
    """Return a list of sequences, and the kind of gesture of each."""
    y = rng.choice(KINDS, n_gestures)
    return [measured(path(kind, rng.integers(20, 121))) for kind in y], y


X_train, y_train = gestures(300)
X_test, y_test = gestures(1000)
print("shapes:", [sequence.shape for sequence in X_train[:4]], "...")

# %%
# Grid search on a list
# ---------------------
# ``GridSearchCV`` accepts the list like an array. Each fold contains some of the
# sequences.

network = LSTMClassifier(
    (16,),
    conv_filters=(),
    bidirectional=False,
    batch_size=25,
    learning_rate="cosine",
    learning_rate_init=0.02,
    max_iter=15,
    random_state=0,
)
grid = {"pooling": ["last", "mean"]}
search = GridSearchCV(network, grid, cv=3).fit(X_train, y_train)

columns = ["param_pooling", "mean_test_score"]
print(pd.DataFrame(search.cv_results_)[columns].round(3).to_string(index=False))
print("Best:", search.best_params_)

# %%
# Comparison with two simple models
# ---------------------------------
# Without a model for sequences, one would describe each sequence by a row of numbers.
# Here these are the mean and the standard deviation of each coordinate, the correlation
# of the two coordinates, and the length. We compare with a random forest on these
# numbers, and with the most frequent class.


def summaries(sequences):
    """Return a row of summary statistics for each sequence."""
    return np.array(
        [
            [*s.mean(axis=0), *s.std(axis=0), np.corrcoef(s.T)[0, 1], len(s)]
            for s in sequences
        ]
    )


forest = RandomForestClassifier(random_state=0)
models = {
    "most frequent class": DummyClassifier().fit(X_train, y_train),
    "means and deviations": make_pipeline(FunctionTransformer(summaries), forest).fit(
        X_train, y_train
    ),
    "LSTM": search,
}
is_correct = pd.DataFrame(
    {name: model.predict(X_test) == y_test for name, model in models.items()}
)
print(f"Accuracy on {len(X_test)} gestures\n{is_correct.mean().round(3).to_string()}")

# %%
# Circles to the left and to the right have the same means and standard deviations, so
# the random forest can only guess. They differ in the order of the values.

by_kind = is_correct.groupby(y_test).mean()
circles = by_kind.loc[["circle to the left", "circle to the right"]].mean()
assert is_correct["LSTM"].mean() > is_correct["means and deviations"].mean()
assert circles["means and deviations"] < 0.6
assert circles["LSTM"] > 0.8
print(by_kind.round(2).to_string())

# %%
# Padding does not matter
# -----------------------
# Internally, short sequences are padded to the length of the longest one. The network
# ignores the padding, so a gesture gets the same probabilities alone and among others.

together = search.predict_proba(X_test)[:100]
alone = np.vstack([search.predict_proba([sequence]) for sequence in X_test[:100]])
print(f"largest difference: {np.abs(together - alone).max():.1e}")
np.testing.assert_allclose(together, alone, atol=1e-5)

# %%
# Accuracy by length
# ------------------
# The upper plots show one gesture of each kind: its path and the measured positions,
# from dark (first) to bright (last). The lower plot shows the accuracy by length, with
# standard errors. The shortest gestures are the most difficult, because they have the
# fewest values and each of them has a large error.

lengths = [len(sequence) for sequence in X_test]
bins = pd.cut(lengths, [19, 40, 60, 80, 100, 120])
by_length = is_correct.groupby(bins, observed=True)
accuracy, standard_error = by_length.mean(), by_length.sem()
accuracy.index = ["20 to 40", "41 to 60", "61 to 80", "81 to 100", "101 to 120"]
assert accuracy["LSTM"].idxmin() == "20 to 40"
print(accuracy.round(2).to_string())

figure = plt.figure(figsize=(9, 6), layout="constrained")
above, below = figure.subfigures(2, 1)
fields = above.subplots(1, 4, sharex=True, sharey=True)
for kind, axes in zip(KINDS, fields, strict=True):
    positions = path(kind, 80)
    axes.plot(*positions.T, color="0.6")
    axes.scatter(*measured(positions).T, c=np.arange(80), s=10)
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
axes.set(xlabel="number of values", ylabel="accuracy", ylim=(0, 1))
below.legend(loc="outside lower center", ncols=3)
plt.show()
