"""
Classify sentences by the order of their words
==============================================

"The dog bites the man" and "the man bites the dog" have the same words. A model that
counts words cannot distinguish them, but a model that reads the words in order can.
:class:`~sklstm.SequenceEncoder` converts sentences to rows of token codes, and
:class:`~sklstm.LSTMClassifier` learns a vector for each word.
"""

# %%
# Pairs of sentences
# ------------------
# In every sentence, an animal does something to a person or a person to an animal. The
# class is which of the two acts. Sentences have one of four structures, with or without
# an adjective and a place. They come in pairs with the same words, in which animal and
# person exchange their roles.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline

from sklstm import LSTMClassifier, SequenceEncoder

ANIMALS = ["dog", "cat", "horse", "goat", "bear", "goose", "wolf", "cow"]
PEOPLE = ["man", "woman", "child", "farmer", "baker", "nurse", "judge", "king"]
ADJECTIVES = ["", "", "", "old", "young", "angry", "tired", "small"]
PLACES = ["", "", "", "in the garden", "by the gate", "from the village"]
VERBS = {
    "bites": "bitten",
    "sees": "seen",
    "follows": "followed",
    "pushes": "pushed",
    "hears": "heard",
    "chases": "chased",
}
STRUCTURES = {
    "A bites B": "{actor} {verb} {other}",
    "B is bitten by A": "{other} is {participle} by {actor}",
    "it is A that bites B": "it is {actor} that {verb} {other}",
    "it is B that A bites": "it is {other} that {actor} {verb}",
}

rng = np.random.default_rng(0)


def noun_phrase(noun):
    """Return a noun, at random with an adjective and a place."""
    words = ["the", rng.choice(ADJECTIVES), noun, rng.choice(PLACES)]
    return " ".join(word for word in words if word)


def sentence_pair(animal, person, structure):
    """Return two sentences with the same words; in the first one the animal acts."""
    verb = rng.choice(list(VERBS))
    first, second = noun_phrase(animal), noun_phrase(person)
    words = {"verb": verb, "participle": VERBS[verb]}
    return [
        STRUCTURES[structure].format(actor=actor, other=other, **words)
        for actor, other in [(first, second), (second, first)]
    ]


texts = pd.DataFrame(
    {
        "sentence": sentence,
        "actor": actor,
        "structure": structure,
        "pair": (animal, person),
    }
    for animal in ANIMALS
    for person in PEOPLE
    for structure in STRUCTURES
    for sentence, actor in zip(
        sentence_pair(animal, person, structure), ["animal", "person"], strict=True
    )
)
print(f"{len(texts)} sentences, such as")
print(texts[["actor", "sentence"]].head(8).to_string(index=False))

# %%
# Four models
# -----------
# ``GroupKFold`` keeps all sentences with the same animal and person in one fold. Such a
# combination in a test fold never occurs in training.
#
# We compare the LSTM with the most frequent class, with the counts of words, and with
# the counts of words and of two and three consecutive words, which contain a part of
# the order.

models = {
    "most frequent class": DummyClassifier(),
    "counts of words": make_pipeline(
        CountVectorizer(), LogisticRegression(max_iter=1000)
    ),
    "counts of 1 to 3 words": make_pipeline(
        CountVectorizer(ngram_range=(1, 3)), LogisticRegression(max_iter=1000)
    ),
    "LSTM": make_pipeline(
        SequenceEncoder(analyzer="word"),
        LSTMClassifier(
            hidden_layer_sizes=(16,),
            embedding_size=8,
            bidirectional=True,
            batch_size=50,
            random_state=0,
        ),
    ),
}
folds = GroupKFold(5, shuffle=True, random_state=0)
X, y, pairs = texts["sentence"], texts["actor"], texts["pair"]
is_correct = pd.DataFrame(
    {
        name: y == cross_val_predict(model, X, y, groups=pairs, cv=folds)
        for name, model in models.items()
    }
)
accuracy = is_correct.mean()
print(f"Accuracy in five folds\n{accuracy.round(3).to_string()}")
assert accuracy["LSTM"] > accuracy["counts of 1 to 3 words"] > 0.5
assert accuracy["counts of words"] == 0.5

# %%
# Accuracy by structure
# ---------------------
# Counts of words are right for exactly half of the sentences: both sentences of a pair
# get the same prediction, which is right for one of them. Two and three consecutive
# words, such as "bites the man" or "by the dog", help more. But they do not help when
# an adjective or a place separates the words that matter. The LSTM is accurate for all
# four structures.

by_structure = is_correct.groupby(texts["structure"], sort=False).mean()
print(by_structure.round(2).to_string())
assert by_structure["LSTM"].min() > by_structure["counts of 1 to 3 words"].min()

fold = pd.Series(0, texts.index)
for number, (_, test) in enumerate(folds.split(X, y, pairs)):
    fold.iloc[test] = number
by_fold = is_correct.groupby([texts["structure"], fold], sort=False).mean()
spread = by_fold.groupby(level="structure", sort=False)

names = ["counts of words", "counts of 1 to 3 words", "LSTM"]
errors = [
    [(by_structure - spread.min())[name], (spread.max() - by_structure)[name]]
    for name in names
]
figure, axes = plt.subplots(figsize=(9, 4.5), layout="constrained")
by_structure[names].plot.bar(
    ax=axes,
    yerr=errors,
    capsize=3,
    color=["0.7", "C0", "C1"],
    width=0.75,
    rot=0,
    legend=False,
)
axes.axhline(0.5, color="black", linestyle=":", label="most frequent class")
axes.set(xlabel="", ylabel="accuracy, worst to best of five folds", ylim=(0, 1.02))
axes.set_title("Who acts, the animal or the person?")
figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=4)
plt.show()

# %%
# New sentences
# -------------
# The words "often" and "clever" do not occur in the training sentences. They get code
# 0, for which the network has learned nothing. Do not rely on the probabilities of the
# last sentence.

model = models["LSTM"].fit(X, y)
sentences = [
    "the dog bites the man",
    "the man bites the dog",
    "the man is bitten by the dog",
    "it is the dog that the man from the village bites",
    "the dog often bites the clever man",
]
probabilities = pd.DataFrame(model.predict_proba(sentences), columns=model.classes_)
print(probabilities.set_axis(sentences).round(2).to_string())
