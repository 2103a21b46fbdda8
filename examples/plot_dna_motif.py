"""
A motif somewhere in the DNA
============================

Some proteins bind to DNA where two short words are close together, in the right order.
The site can be anywhere in the sequence, the gap between the words varies, and no
single letter gives it away. In this example :class:`~sklstm.LSTMClassifier` finds such
sites: convolutions recognize the words, and an LSTM recognizes their order.
"""

# %%
# Sites and decoys
# ----------------
# A site is the word TGACG, a gap of two to eight letters, and the word GCATT. Half of
# the decoys have the two words in the opposite order. The others have one of the words
# twice. Sites and decoys have random positions and gaps. All sequences have 40 letters,
# and the remaining letters are random.

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
    """Return a string of random letters."""
    return "".join(rng.choice(list(LETTERS), n_letters))


def sequence(kind, n_letters=40):
    """Return random letters with a site or a decoy at a random position."""
    two_words = WORDS if kind == "site" else DECOYS[rng.integers(len(DECOYS))]
    motif = random_letters(rng.integers(2, 9)).join(two_words)
    n_before = rng.integers(n_letters - len(motif) + 1)
    n_after = n_letters - len(motif) - n_before
    return random_letters(n_before) + motif + random_letters(n_after)


def sequences(n_sequences):
    """Return sequences and their classes."""
    y = rng.choice(["decoy", "site"], n_sequences)
    return [sequence(kind) for kind in y], y


X_train, y_train = sequences(800)
X_test, y_test = sequences(1000)
for letters, kind in zip(X_train[:4], y_train[:4], strict=True):
    print(f"{kind:5}", letters)

# %%
# Four models
# -----------
# We compare the network with three simple models. The first one predicts the most
# frequent class. The other two are logistic regressions: one has a weight for each
# letter at each position (one-hot encoding), the other a weight for each word of five
# letters. The network has convolutions that span five letters in front of an LSTM, and
# takes the maximum of the hidden states over all time steps.

network = LSTMClassifier(
    hidden_layer_sizes=(12,),
    embedding_size=4,
    conv_filters=(16,),
    conv_kernel_size=5,
    pooling="max",
    batch_size=40,
    early_stopping=True,
    random_state=0,
)
models = {
    "most frequent class": DummyClassifier(),
    "letters one-hot": make_pipeline(
        SequenceEncoder(), OneHotEncoder(), LogisticRegression()
    ),
    "counts of 5-letter words": make_pipeline(
        CountVectorizer(analyzer="char", ngram_range=(5, 5)), LogisticRegression()
    ),
    "convolutions and LSTM": make_pipeline(SequenceEncoder(), network),
}
accuracy = pd.Series(
    {name: m.fit(X_train, y_train).score(X_test, y_test) for name, m in models.items()}
)
print(f"Accuracy on {len(X_test)} new sequences\n{accuracy.round(3).to_string()}")

# %%
# The simple models are hardly better than chance, or worse. Sites and decoys have the
# same letters at similar positions, and a sum of weights for words cannot require both
# words, nor their order. The network classifies more than nine of ten sequences
# correctly.

assert accuracy["convolutions and LSTM"] > 0.9
assert accuracy.drop("convolutions and LSTM").max() < 0.6

# %%
# Which letters matter
# --------------------
# We replace each letter by each of the three other letters, and compute how much the
# log-odds of a site decrease on average. The letters of the two words are in bold.


def decreases(model, letters):
    """Return the mean decrease of the log-odds when each letter is replaced."""
    mutants = [
        letters[:i] + other + letters[i + 1 :]
        for i in range(len(letters))
        for other in LETTERS.replace(letters[i], "")
    ]
    log_odds = model.decision_function(mutants).reshape(len(letters), 3)
    return model.decision_function([letters]) - log_odds.mean(axis=1)


model = models["convolutions and LSTM"]
sites = [X_test[i] for i in np.flatnonzero(y_test == "site")[:6]]
maps = np.array([decreases(model, letters) for letters in sites])

is_word = np.zeros(maps.shape, dtype=bool)
for row, letters in enumerate(sites):
    start = letters.index(WORDS[0])
    is_word[row, start : start + 5] = True
    start = letters.index(WORDS[1], start)
    is_word[row, start : start + 5] = True

figure, (left, right) = plt.subplots(
    1, 2, figsize=(12, 3.6), width_ratios=[1, 2.4], layout="constrained"
)
left.barh(accuracy.index, accuracy, color=["0.7"] * 3 + ["C0"])
left.axvline(0.5, color="black", linestyle=":")
left.invert_yaxis()
left.set(xlabel="accuracy", xlim=(0, 1.02))

limit = np.abs(maps).max()
image = right.imshow(maps, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto")
for row, letters in enumerate(sites):
    for column, letter in enumerate(letters):
        weight = "bold" if is_word[row, column] else "normal"
        right.text(column, row, letter, ha="center", va="center", weight=weight)
right.set(xticks=[], yticks=[], title="Importance of each letter in six sites")
figure.colorbar(image, label="decrease of the log-odds")
plt.show()

# %%
# The network has learned both words, because it needs both to reject the decoys. It
# hardly looks at any other letter.

print(f"mean decrease for a letter of the words: {maps[is_word].mean():.2f}")
print(f"mean decrease for any other letter: {maps[~is_word].mean():.2f}")
assert maps[is_word].mean() > 5 * np.abs(maps[~is_word]).mean()
