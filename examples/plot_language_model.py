"""
Learn to write like a manual
============================

A language model learns which symbol follows the symbols before it. It can tell how
probable a text is, find the places where a text is odd, and write new text.
:class:`~sklstm.LSTMLanguageModel` learns here from the sentences of Python's manual,
which every Python contains.
"""

# %%
# Sentences
# ---------
# The help texts of Python are split into sentences. Each one is a sequence of
# characters.

import re
from collections import Counter, defaultdict
from pydoc_data.topics import topics

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import train_test_split

from sklstm import LSTMLanguageModel

text = " ".join(" ".join(topics[name].split()) for name in sorted(topics))
sentences = re.findall(r"[A-Z][^.!?]{30,200}\.(?= [A-Z])", text)
sentences = sorted({sentence for sentence in sentences if sentence.isascii()})
train, test = train_test_split(sentences, test_size=200, random_state=0)
print(f"{len(train)} sentences with {sum(map(len, train))} characters, such as:")
print(train[0])

# %%
# Fit
# ---
# A tenth of the sentences is held out, and the weights with the lowest loss on them are
# kept.

model = LSTMLanguageModel(max_iter=20, random_state=0).fit(train)
bits = -model.score(test) / np.log(2)
print(f"{model.n_iter_} epochs; {bits:.2f} bits per character of new sentences")

# %%
# A simple model to compare with
# ------------------------------
# An n-gram model counts which character follows the last few ones. If it has rarely
# seen these characters, it relies on fewer of them (Witten and Bell, 1991).


class NGrams:
    """Probability of a character, given the characters before it."""

    def __init__(self, n_before):
        self.n_before, self.counts = n_before, defaultdict(Counter)

    def fit(self, texts):
        for before, character in self._steps(texts):
            for start in range(len(before) + 1):
                self.counts[before[start:]][character] += 1
        return self

    def bits(self, texts):
        logs = [np.log2(self._probability(*step)) for step in self._steps(texts)]
        return -np.mean(logs)

    def _steps(self, texts):
        for text in texts:
            marked = f"\n{text}\n"  # a line break starts and ends a sentence
            for end in range(1, len(marked)):
                yield marked[max(0, end - self.n_before) : end], marked[end]

    def _probability(self, before, character):
        probability = 1 / (len(self.counts[""]) + 1)
        for start in range(len(before), -1, -1):
            counts = self.counts.get(before[start:])
            if counts is None:
                break
            total, n_different = counts.total(), len(counts)
            share = counts[character] + n_different * probability
            probability = share / (total + n_different)
        return probability


n_gram_bits = {n: NGrams(n).fit(train).bits(test) for n in range(1, 7)}
for n_before, number in n_gram_bits.items():
    print(f"{number:.2f} bits with the last {n_before} characters")

# %%
# Write
# -----
# With a low temperature, the model repeats what is most probable. With a high one, it
# takes risks.

for temperature in (0.3, 0.7, 1.0):
    print(f"\nTemperature {temperature}:")
    for sample in model.sample(
        3, prompt="The ", temperature=temperature, max_length=120, random_state=0
    ):
        print("  ", sample)

# %%
# Find what is odd
# ----------------
# The surprise of a character is the negative logarithm of its probability. It is high
# at the first letter of an unexpected word, and at errors. Here, two letters were
# exchanged and a word was left out.


def surprise(text):
    """Return the surprise of each character in bits."""
    table = model.next_symbol_proba([text[:end] for end in range(len(text))])
    columns = table.columns.get_indexer(list(text))
    return -np.log2(table.to_numpy()[np.arange(len(text)), columns])


right = "The value of the object is returned by the function."
wrong = "The vlaue of the object is returned the function."
print(f"right: {surprise(right).sum():.0f} bits, wrong: {surprise(wrong).sum():.0f}")
assert surprise(wrong).sum() > surprise(right).sum()

fig, axes = plt.subplots(2, figsize=(9, 4.5), sharey=True, layout="constrained")
for ax, sentence, title in zip(axes, (right, wrong), ("Right", "Wrong"), strict=True):
    ax.bar(np.arange(len(sentence)), surprise(sentence), color="tab:blue")
    ax.set_xticks(np.arange(len(sentence)), list(sentence), family="monospace")
    ax.tick_params(bottom=False)
    ax.set(title=title, ylabel="Surprise in bits")
plt.show()
