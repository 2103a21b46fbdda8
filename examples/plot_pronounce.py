"""
Pronounce words
===============

English spelling does not say how a word is pronounced: compare "though", "tough" and
"through". :class:`~sklstm.LSTMTranslator` learns it from a dictionary, and then
pronounces words that are not in it.
"""

# %%
# Words and their pronunciations
# ------------------------------
# :func:`~sklstm.datasets.load_pronunciations` returns words as strings, and their
# pronunciations as lists of phones. The phones are the symbols of the targets.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.model_selection import train_test_split
from sklearn.neighbors import NearestNeighbors

from sklstm import LSTMTranslator
from sklstm.datasets import load_pronunciations

words, phones = load_pronunciations()
train, test, phones_train, phones_test = train_test_split(
    words, phones, test_size=500, random_state=0
)
for word, pronunciation in list(zip(train, phones_train, strict=True))[:5]:
    print(f"{word:>12} -> {' '.join(pronunciation)}")

# %%
# Fit
# ---

model = LSTMTranslator(
    (96,), dropout=0.3, learning_rate_init=0.01, max_iter=16, random_state=0
)
model.fit(train, phones_train)
error = model.error_rate(test, phones_test)
print(f"{error:.1%} of the phones of new words are wrong")
print(f"{model.score(test, phones_test):.1%} of the new words are right")

# %%
# A simple alternative is the pronunciation of the most similar word of the dictionary,
# by the letters that both have in a row.

counts = CountVectorizer(analyzer="char_wb", ngram_range=(1, 4))
neighbors = NearestNeighbors(n_neighbors=1, metric="cosine")
neighbors.fit(counts.fit_transform(train))
nearest = neighbors.kneighbors(counts.transform(test), return_distance=False)[:, 0]
is_right = [phones_train[n] == p for n, p in zip(nearest, phones_test, strict=True)]
print(f"{np.mean(is_right):.1%} of the new words sound like the most similar word")
assert model.score(test, phones_test) > np.mean(is_right)

# %%
# Several pronunciations
# ----------------------
# `predict_n_best` returns several pronunciations with their log probabilities. None of
# these words is in the dictionary.

for word in ["googled", "blogosphere", "reboot", "selfie"]:
    for pronunciation, log_probability in model.predict_n_best([word], n=2)[0]:
        probability = np.exp(log_probability)
        print(f"{word:>12} -> {' '.join(pronunciation):<30} {probability:.0%}")

# %%
# Attention
# ---------
# The rows are the phones that the model writes, and the columns the letters that it
# reads. Two letters can be one phone, and the last letter can be silent.

fig, axes = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
for ax, word in zip(axes, ["reboot", "sphere"], strict=True):
    (weights,), (target,) = model.attention_weights([word]), model.predict([word])
    ax.imshow(weights, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    ax.set_xticks(range(len(word)), word)
    ax.set_yticks(range(len(target)), target)
    ax.set(xlabel="Letter", ylabel="Phone")
plt.show()
