"""Values of the parameters that are set to "auto", by the kind of the windows.

The values were chosen by cross-validation on the training data of several data sets;
see benchmarks/README.md.
"""

import math
from typing import NamedTuple

import numpy as np
from sklearn.base import clone

# With fewer different windows than this, a large network has nothing to find.
FEWEST_WINDOWS = 16
# Number of training steps without an improvement to tolerate, in at least ten epochs.
PATIENCE = 50

# More codes than this are words, fewer are characters or other symbols.
MOST_SYMBOLS = 200

# Parameters that depend on the convolutional layers, if a user has set these.
OTHER_CONVOLUTIONS = {
    "embedding_pairs": 0,
    "conv_kernel_size": 3,
    "conv_pool_size": 1,
    "conv_pooling": None,
    "batch_norm": False,
}
# A small network. Training ends when the loss stops improving.
SMALL = {
    "hidden_layer_sizes": (50,),
    "bidirectional": False,
    "pooling": "last",
    "embedding_size": None,
    "embedding_dropout": 0.0,
    "conv_filters": (),
    **OTHER_CONVOLUTIONS,
    "dropout": 0.0,
    "recurrent_dropout": 0.0,
    "batch_size": 200,
    "learning_rate": "constant",
    "learning_rate_init": 0.01,
}
# For the classes of measured sequences.
SIGNALS = SMALL | {
    "hidden_layer_sizes": (32,),
    "bidirectional": True,
    "pooling": ("last", "mean"),
    "conv_filters": (64, 64, 64),
    "conv_kernel_size": (8, 5, 3),
    "conv_pool_size": (2, 2, 1),
    "conv_pooling": "mean",
    "batch_norm": True,
    "dropout": 0.5,
    "batch_size": 16,
    "learning_rate": "cosine",
    "learning_rate_init": 0.003,
}
# For texts by words. The vectors of words and of pairs of words reach the output layer
# directly, and the recurrent layer reads the words in their order.
WORDS = SMALL | {
    "hidden_layer_sizes": (16,),
    "bidirectional": True,
    "pooling": "max",
    "embedding_size": 32,
    "embedding_pairs": 2**16,
    "embedding_dropout": 0.2,
    "conv_pooling": ("mean", "max"),
    "dropout": 0.5,
    "recurrent_dropout": 0.5,
    "batch_size": 50,
    "learning_rate": "cosine",
}
# For texts by characters, DNA and other sequences of few symbols.
SYMBOLS = SMALL | {
    "hidden_layer_sizes": (32,),
    "bidirectional": True,
    "pooling": "max",
    "embedding_size": 32,
    "embedding_dropout": 0.05,
    "conv_filters": (64,),
    "conv_kernel_size": ((3, 5),),
    "conv_pooling": "max",
    "batch_norm": True,
    "dropout": 0.5,
    "batch_size": 32,
    "learning_rate": "cosine",
}
# For the numbers that belong to measured sequences. With batch
# normalization and dropout, the size of the outputs varies from batch to batch.
VALUES = SIGNALS | {"batch_norm": False, "dropout": 0.0}
# Parameters that can be "auto" in some estimators; `batch_size` can in all of them.
AUTO_PARAMETERS = {*SMALL, "n_iter_no_change"} - {"batch_size"}


class Recipe(NamedTuple):
    """Values of the parameters that are "auto", and how long to train with them."""

    values: dict
    # With a learning rate that decays, training takes at least this long.
    n_steps: int = 800
    n_epochs: int = 10
    # A batch has fewer windows than in `values` if there are few, and more if there are
    # many, within these limits.
    smallest_batch: int = 8
    largest_batch: int = 64


FEW = Recipe(SMALL, smallest_batch=200, largest_batch=200)
FOR_TOKENS = {
    "words": Recipe(WORDS, n_steps=640, n_epochs=8, largest_batch=50),
    "symbols": Recipe(SYMBOLS, n_steps=1200, n_epochs=12),
    "tagged tokens": Recipe(SMALL | {"embedding_size": 100}),
}
FOR_CLASSES = {"sequences": Recipe(SIGNALS), **FOR_TOKENS}
FOR_VALUES = {"sequences": Recipe(VALUES), **FOR_TOKENS}


def kind_of(samples):
    """Return the kind of samples.

    Parameters
    ----------
    samples : Samples
        Checked windows with their targets and weights.

    Returns
    -------
    kind : {"words", "symbols", "tagged tokens", "few", "sequences"}
        The first three are token codes: of many tokens, of few, or with a target for
        each step. "few" are fewer than `FEWEST_WINDOWS` different windows, or windows
        with a target for each step; "sequences" are all others.
    """
    has_step_targets = samples.targets.ndim > 2
    n_codes = samples.windows.n_codes
    if n_codes is not None:
        kind = "words" if n_codes > MOST_SYMBOLS else "symbols"
        return "tagged tokens" if has_step_targets else kind
    return "few" if has_step_targets or _are_few(samples) else "sequences"


def _are_few(samples):
    """Whether there are fewer than `FEWEST_WINDOWS` different windows.

    Windows of weight 0 do not count. A window that is repeated counts once, like a
    window with a weight.
    """
    seen = set()
    for row in np.flatnonzero(samples.window_weights > 0):
        seen.add(samples.windows.values[row].tobytes())
        if len(seen) == FEWEST_WINDOWS:
            return False
    return True


def choose_parameters(parameters, recipe, n_windows):
    """Choose the values of the parameters that are "auto".

    Parameters
    ----------
    parameters : dict
        Parameters of an estimator.
    recipe : Recipe
        Recipe for the kind of the windows.
    n_windows : int
        Number of training windows.

    Returns
    -------
    chosen : dict
        Value of each parameter that is "auto".
    """
    values = recipe.values
    if not is_auto(parameters.get("conv_filters", ())):
        values = values | OTHER_CONVOLUTIONS
    if not is_auto(parameters.get("conv_pooling")):
        values = values | {"embedding_pairs": 0}
    values = values | {"batch_size": _batch_size(recipe, n_windows)}
    learning_rate = parameters["learning_rate"]
    if is_auto(learning_rate):
        learning_rate = values["learning_rate"]
    batch_size = parameters["batch_size"]
    if is_auto(batch_size):
        batch_size = values["batch_size"]
    n_batches = max(1, math.ceil(n_windows / batch_size))
    # A cosine schedule is meant to end with its last epoch.
    patience = np.inf if learning_rate == "cosine" else max(10, PATIENCE // n_batches)
    values["n_iter_no_change"] = patience
    return {name: v for name, v in values.items() if is_auto(parameters.get(name))}


def _batch_size(recipe, n_windows):
    """Return the size of a batch, so that an epoch has between 4 and 32 batches."""
    typical = recipe.values["batch_size"]
    size = max(min(n_windows // 4, typical), n_windows // 32)
    return int(np.clip(size, recipe.smallest_batch, recipe.largest_batch))


def with_small_networks(estimator):
    """Clone an estimator whose networks learn from windows that are cut from series.

    Parameters
    ----------
    estimator : estimator
        Estimator that is, or contains, an estimator with "auto" parameters.

    Returns
    -------
    clone : estimator
        Unfitted copy in which the parameters of the networks are not "auto".
    """
    copy = clone(estimator)
    for nested in [copy, *copy.get_params().values()]:
        # An estimator that another one starts from is fitted, and stays as it is.
        if getattr(nested, "_recipes", None) and not nested.__sklearn_is_fitted__():
            parameters = nested.get_params(deep=False) | nested._inherited()
            chosen = choose_parameters(parameters, FEW, n_windows=1)
            # The number of windows is only known in fit.
            chosen.pop("n_iter_no_change", None)
            nested.set_params(**chosen)
    return copy


def n_epochs(recipe, n_windows, batch_size):
    """Return the number of epochs of a schedule that is chosen."""
    n_batches = math.ceil(n_windows / batch_size)
    return max(recipe.n_epochs, math.ceil(recipe.n_steps / n_batches))


def is_auto(value):
    """Return whether a parameter is set to "auto"."""
    return isinstance(value, str) and value == "auto"
