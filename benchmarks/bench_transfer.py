"""Compare classifiers with and without pretrained layers, for few labels."""

import argparse
import time
import warnings
from statistics import median

import numpy as np
import torch
from _data import load
from _timing import environment, print_table
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sklstm import LSTMAutoencoder, LSTMClassifier, LSTMLanguageModel, SequenceEncoder

SEEDS = range(3)
N_FEW = 300

WORDS = {"analyzer": "word", "lowercase": True}
LANGUAGE_MODEL = {
    "hidden_layer_sizes": (256,),
    **WORDS,
    "min_frequency": 2,
    "embedding_size": 256,
    "share_embedding": True,
    "embedding_dropout": 0.1,
    "dropout": 0.5,
    "recurrent_dropout": 0.2,
    "batch_size": 32,
    "learning_rate_init": 0.005,
    "max_iter": 16,
}
# The classifier, the same with and without pretrained layers.
CLASSIFIER = {
    "hidden_layer_sizes": (256,),
    "bidirectional": False,
    "embedding_size": 256,
    "pooling": ("last", "mean", "max"),
    "conv_pooling": ("mean", "max"),
    "max_iter": 40,
}

N_PER_CLASS, N_DRAWS = 3, 5
AUTOENCODER = {
    "hidden_layer_sizes": (32,),
    "bidirectional": True,
    "pooling": "mean",
    "learning_rate": "cosine",
    "batch_size": 16,
    "max_iter": 30,
}


def fit_language_model(verses, held_out):
    """Return a language model of the verses that are not held out."""
    held_out = set(held_out)
    kept = [verse for verse in verses if verse not in held_out]
    print(f"{len(kept)} verses to model; {len(verses) - len(kept)} are left out")
    start = time.process_time()
    model = LSTMLanguageModel(**LANGUAGE_MODEL, random_state=0).fit(kept)
    print(f"Language model: {(time.process_time() - start) / 60:.1f} minutes")
    return model


def classifiers_of_texts(language_model, seed):
    """Return pipelines that classify texts, by name."""
    encoder = SequenceEncoder(**WORDS, vocabulary=language_model.vocabulary_)
    pretrained = LSTMClassifier(
        **CLASSIFIER, pretrained=language_model, random_state=seed
    )
    scratch = LSTMClassifier(**CLASSIFIER, random_state=seed)
    default = LSTMClassifier(random_state=seed)
    return {
        "language model first": make_pipeline(encoder, pretrained),
        "the same from scratch": make_pipeline(encoder, scratch),
        "default": make_pipeline(SequenceEncoder(**WORDS), default),
        "TF-IDF, logistic regression": make_pipeline(
            TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
            LogisticRegression(C=10, max_iter=1000),
        ),
    }


def books(folder):
    """Print the accuracy for the book of a verse, with all labels and with few."""
    data = load(folder, "books")
    verses = load(folder, "kjv")["X_train"]
    language_model = fit_language_model(verses, data["X_test"])
    rows = []
    for n_labels in (N_FEW, len(data["y_train"])):
        scores = [
            {
                name: model.fit(*_some(data, n_labels, seed)).score(
                    data["X_test"], data["y_test"]
                )
                for name, model in classifiers_of_texts(language_model, seed).items()
            }
            for seed in SEEDS
        ]
        rows.append({"labels": str(n_labels), **_medians(scores)})
    print_table("Accuracy on books, median of three seeds", rows)


def _some(data, n_labels, seed):
    """Return some training texts with their labels, drawn by the seed."""
    rows = np.random.default_rng(seed).permutation(len(data["y_train"]))[:n_labels]
    return [data["X_train"][row] for row in rows], data["y_train"][rows]


def _medians(scores):
    """Return the median score of each model, as a string."""
    return {name: f"{median(s[name] for s in scores):.3f}" for name in scores[0]}


def leaves(folder):
    """Print the accuracy for leaves with a few labels per class, by draws of labels."""
    data = load(folder, "ucr_SwedishLeaf")
    X, y = data["X_train"], data["y_train"]
    start = time.process_time()
    autoencoder = LSTMAutoencoder(**AUTOENCODER, random_state=0).fit(X)
    print(f"Autoencoder: {(time.process_time() - start) / 60:.1f} minutes")
    settings = {"hidden_layer_sizes": (32,), "bidirectional": True, "conv_filters": ()}
    rows = []
    for draw in range(N_DRAWS):
        random = np.random.default_rng(draw)
        few = [random.permutation(np.flatnonzero(y == c)) for c in np.unique(y)]
        few = np.concatenate([of_class[:N_PER_CLASS] for of_class in few])
        models = {
            "autoencoder first": LSTMClassifier(
                **settings, pretrained=autoencoder, random_state=draw
            ),
            "the same from scratch": LSTMClassifier(**settings, random_state=draw),
            "default": LSTMClassifier(random_state=draw),
        }
        rows.append(
            {
                name: model.fit(X[few], y[few]).score(data["X_test"], data["y_test"])
                for name, model in models.items()
            }
        )
    table = [{name: f"{score:.3f}" for name, score in row.items()} for row in rows]
    print_table(f"Accuracy on leaves, {N_PER_CLASS} labels per class", table)
    print_table("Median", [_medians(rows)])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="folder with load.py and data")
    parser.add_argument("--task", choices=["books", "leaves"], help="default: both")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore", ConvergenceWarning)
    print(environment(1))
    for task in (books, leaves):
        if arguments.task in (None, task.__name__):
            task(arguments.data)
