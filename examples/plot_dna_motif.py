"""
A motif somewhere in the DNA
============================

A protein binds to DNA where two short words stand close to each other, the right one
first. The place is anywhere, the gap between the words varies, and no letter by itself
says anything. :class:`~sklstm.LSTMClassifier` finds such sites, with convolutions that
spell words and an LSTM that minds their order.
"""

# %%
# Sites and decoys
# ----------------
# A site is TGACG, a gap of two to eight letters, and GCATT. Every second decoy holds
# the two words in the other order, and the others hold one of them twice, at places and
# gaps as random as those of sites. All other letters of the 40 are drawn at random.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from sklstm import LSTMClassifier, SequenceEncoder

LETTERS = "ACGT"
WORDS = ["TGACG", "GCATT"]
DECOYS = [WORDS[::-1], WORDS[::-1], WORDS[:1] * 2, WORDS[1:] * 2]
rng = np.random.default_rng(0)


def random_letters(n_letters):
    """Return DNA that means nothing."""
    return "".join(rng.choice(list(LETTERS), n_letters))


def sequence(kind, n_letters=40):
    """Hide a site or a decoy at a random place."""
    two_words = WORDS if kind == "site" else DECOYS[rng.integers(len(DECOYS))]
    hidden = random_letters(rng.integers(2, 9)).join(two_words)
    n_before = rng.integers(n_letters - len(hidden) + 1)
    n_after = n_letters - len(hidden) - n_before
    return random_letters(n_before) + hidden + random_letters(n_after)


def sequences(n_sequences):
    """Return sequences and their kinds."""
    y = rng.choice(["decoy", "site"], n_sequences)
    return [sequence(kind) for kind in y], y


X_train, y_train = sequences(800)
X_test, y_test = sequences(1000)
for letters, kind in zip(X_train[:4], y_train[:4], strict=True):
    print(f"{kind:5}", letters)

# %%
# Five models
# -----------
# The rivals are the most frequent kind; one weight for every letter at every place,
# that is logistic regression on one-hot codes; and one weight for every word of five
# letters. The networks are an LSTM by itself, and one behind convolutions that span
# five letters, of whose states the greatest over all steps are kept.
#
# The networks are fitted from three seeds, for it takes some luck to learn a word
# before early stopping ends the training. The rivals know no luck.


def network(random_state, **params):
    """Make a pipeline that reads DNA."""
    classifier = LSTMClassifier(
        hidden_layer_sizes=(12,),
        embedding_size=4,
        batch_size=40,
        early_stopping=True,
        random_state=random_state,
        **params,
    )
    return make_pipeline(SequenceEncoder(), classifier)


convolutions = {"conv_filters": (16,), "conv_kernel_size": 5, "pooling": "max"}
models = {
    "most frequent kind": [DummyClassifier()],
    "letters one-hot": [
        make_pipeline(SequenceEncoder(), OneHotEncoder(), LogisticRegression())
    ],
    "counts of 5-letter words": [
        make_pipeline(
            CountVectorizer(analyzer="char", ngram_range=(5, 5)), LogisticRegression()
        )
    ],
    "LSTM": [network(seed) for seed in range(3)],
    "convolutions and LSTM": [network(seed, **convolutions) for seed in range(3)],
}
scores = pd.DataFrame(
    {"model": name, "accuracy": model.fit(X_train, y_train).score(X_test, y_test)}
    for name, seeds in models.items()
    for model in seeds
)
accuracy = scores.groupby("model", sort=False)["accuracy"].agg(["median", "min", "max"])
print(f"Accuracy on {len(X_test)} new sequences\n{accuracy.round(3)}")

# %%
# The rivals are hardly better than a coin, or worse. Sites and decoys hold the same
# letters at about the same places, and no sum of weights for words can ask for both
# words, let alone in order. Both networks can tell nearly all sequences right. But an
# LSTM by itself may stop before it has learnt to spell; convolutions learn that sooner.

# %%
# Where the network looks
# -----------------------
# Put another letter in the place of one, and see how much the network loses of its
# belief in a site, in logarithms of the odds: the mean over the three other letters.
# The letters of the two words stand in bold.


def losses(model, letters):
    """Return for each letter what the log odds lose when it is another one."""
    mutants = [
        letters[:i] + other + letters[i + 1 :]
        for i in range(len(letters))
        for other in LETTERS.replace(letters[i], "")
    ]
    log_odds = model.decision_function(mutants).reshape(len(letters), 3)
    return model.decision_function([letters]) - log_odds.mean(axis=1)


model = models["convolutions and LSTM"][0]
sites = [X_test[i] for i in np.flatnonzero(y_test == "site")[:6]]
maps = np.array([losses(model, letters) for letters in sites])

is_word = np.zeros(maps.shape, dtype=bool)
for row, letters in enumerate(sites):
    start = letters.index(WORDS[0])
    is_word[row, start : start + 5] = True
    start = letters.index(WORDS[1], start)
    is_word[row, start : start + 5] = True

figure, (left, right) = plt.subplots(
    1, 2, figsize=(12, 3.6), width_ratios=[1, 2.4], layout="constrained"
)
left.barh(accuracy.index, accuracy["median"], color=["0.7"] * 3 + ["C0", "C1"])
left.plot(scores["accuracy"], scores["model"], "k|", markersize=14)
left.axvline(0.5, color="black", linestyle=":")
left.invert_yaxis()
left.set(xlabel="accuracy: median and each seed", xlim=(0, 1.02))

limit = np.abs(maps).max()
image = right.imshow(maps, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto")
for row, letters in enumerate(sites):
    for column, letter in enumerate(letters):
        weight = "bold" if is_word[row, column] else "normal"
        right.text(column, row, letter, ha="center", va="center", weight=weight)
right.set(xticks=[], yticks=[], title="Six sites: what hangs on each letter")
figure.colorbar(image, label="loss of log odds")
plt.show()

# %%
# The network has learnt both words, wherever they stand. It does so because the decoys
# ask for both. With decoys in the other order only, it learns TGACG and no more than
# whether GCATT came before it, and scores as well.

print(f"mean loss by a letter of the words: {maps[is_word].mean():.2f}")
print(f"mean loss by any other letter: {maps[~is_word].mean():.2f}")
