"""
Learn from many texts and few labels
====================================

Labels take work, while texts without labels are often there already. A language model
learns from texts alone which words go together.
:class:`~sklstm.LSTMClassifier` can start from its layers, and then needs few labels.
"""

# %%
# Messages about four topics
# --------------------------
# Each topic has 100 words of its own, and a message has six of them. The words are made
# up, so that a word tells nothing but which words it occurs with.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline

from sklstm import LSTMClassifier, LSTMLanguageModel, SequenceEncoder

N_TOPICS, N_WORDS, LENGTH = 4, 100, 6
random = np.random.default_rng(0)


def draw_messages(n_per_topic):
    """Return messages, and the topic of each."""
    topics = np.tile(np.arange(N_TOPICS), n_per_topic)
    words = random.integers(N_WORDS, size=(len(topics), LENGTH))
    words += N_WORDS * topics[:, None]
    return [" ".join(f"w{word}" for word in message) for message in words], topics


unlabelled, _ = draw_messages(500)
X, y = draw_messages(10)
X_test, y_test = draw_messages(100)
print(unlabelled[0])

# %%
# A language model of the messages without labels
# -----------------------------------------------
# A word is hard to predict, unless the topic of the message is recognized from the
# words before it. So the language model learns the topics, although nobody has told it
# that there are any.

language_model = LSTMLanguageModel(
    (32,),
    analyzer="word",
    share_embedding=True,
    dropout=0.2,
    learning_rate_init=0.02,
    max_iter=15,
    random_state=0,
).fit(unlabelled)
perplexity = language_model.perplexity(X_test)
print(f"Perplexity {perplexity:.0f}, with {len(language_model.vocabulary_)} words")

# %%
# A classifier with and without it
# --------------------------------
# With `vocabulary`, the codes of the encoder stand for the words that the language
# model knows. The layers of the language model are frozen here, so only the output
# layer learns.


def score(n_labels, **settings):
    """Return the accuracy of a classifier that learns from some labels per topic."""
    encoder = SequenceEncoder("word", vocabulary=language_model.vocabulary_)
    network = LSTMClassifier(max_iter=40, random_state=0, **settings)
    n = N_TOPICS * n_labels
    return make_pipeline(encoder, network).fit(X[:n], y[:n]).score(X_test, y_test)


n_labels = [1, 2, 4, 10]
pretrained = {"pretrained": language_model, "pretrained_learning_rate": 0}
scores = {
    "language model first": [score(n, **pretrained) for n in n_labels],
    "from scratch": [score(n) for n in n_labels],
}
for name, values in scores.items():
    print(name, values)

# %%
# With two labels per topic, most of the words of the test messages are in no labelled
# message. Only the language model has seen them before.

figure, axes = plt.subplots(figsize=(6, 3.5), layout="constrained")
for name, values in scores.items():
    axes.plot(n_labels, values, marker="o", label=name)
axes.set(xlabel="labels per topic", ylabel="accuracy", ylim=(0, 1.05), xticks=n_labels)
axes.legend(loc="lower right")
plt.show()

# %%
# The claim of this page, checked: with two labels per topic, the classifier that starts
# from the language model is right much more often.

assert scores["language model first"][1] > scores["from scratch"][1] + 0.2

# %%
# The words of real texts tell more by themselves, and the gain is smaller.
# :ref:`transfer` has figures for real texts and series.
