"""The X that reaches the network of an estimator, with names."""

from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
from sklearn.utils import check_scalar

from sklstm._input.check import Windows
from sklstm._inspection.models import SEQUENCE_MAKERS, split_at_network, transform
from sklstm._inspection.sequences import SequenceData, read_sequence_data
from sklstm.encoding import SequenceEncoder


class NetworkInput(NamedTuple):
    """What the network of an estimator reads."""

    model: Any  # the estimator of this package
    windows: Windows
    data: SequenceData  # values of X, with names
    tokens: list[list] | None  # of each sequence. None if the pipeline has no encoder

    def like_X(self, numbers):
        """Convert an array shaped as the windows to the form of the user's X."""
        if self.tokens is None:
            return self.data.like_X(numbers)
        n_timesteps = numbers.shape[1]
        # The encoder cuts off the first tokens of long sequences.
        return [
            np.concatenate([np.zeros(max(0, len(t) - n_timesteps)), n[-len(t) :, 0]])
            for t, n in zip(self.tokens, numbers, strict=True)
        ]

    def select(self, window):
        """Return the input of one window, whose number may count from the end.

        Raises
        ------
        ValueError
            If there is no such window.
        """
        n = len(self.windows.values)
        check_scalar(window, "window", Integral, min_val=-n, max_val=n - 1)
        values = self.data.values[[window]]
        return self._replace(
            windows=self.windows.select([window]),
            data=self.data._replace(values=values, like_X=lambda numbers: numbers),
            tokens=self.tokens and [self.tokens[window]],
        )


def read_network_input(estimator, X):
    """Transform X by the steps before a network, and read its windows.

    Parameters
    ----------
    estimator : estimator
        Fitted estimator, as in :func:`~sklstm._inspection.models.split_at_network`.
    X : array-like or list of sequences
        X of the estimator.

    Returns
    -------
    network_input : NetworkInput
        The windows, with names.

    Raises
    ------
    TypeError
        If the estimator has no network of this package.
    ValueError
        If X is not as in fit, or if a sequence has no time steps.
    """
    transformers, model = split_at_network(estimator)
    tokens = None
    if transformers and isinstance(transformers[-1], SequenceEncoder):
        X = transform(transformers[:-1], X)
        tokens = transformers[-1]._symbols.read(X)
        reached = transformers[-1].transform(X)
    else:
        reached = transform(transformers, X)
    windows = model._windows_to_predict(reached)
    if windows.has_empty:
        raise ValueError(
            f"X[{int(np.argmax(windows.is_empty))}] has no time steps, so there is "
            "nothing to explain. Drop empty sequences."
        )
    data = read_sequence_data(reached, column_names(transformers, model))
    return NetworkInput(model, windows, data, tokens)


def column_names(transformers, estimator):
    """Return the names of the columns of flat windows; None if they are not known."""
    makers = [step for step in transformers if isinstance(step, SEQUENCE_MAKERS)]
    if makers:
        return list(makers[-1].get_feature_names_out())
    names = getattr(estimator, "feature_names_in_", None)
    return None if names is None else list(names)
