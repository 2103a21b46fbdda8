"""Tasks that worker processes of joblib run."""

import os
import signal

from sklearn.base import clone


def fit_and_predict(model, X, y, is_killed=False):
    """Return the predictions of a new fit, unless the process is killed before."""
    if is_killed:
        os.kill(os.getpid(), signal.SIGKILL)
    return clone(model).fit(X, y).predict(X)
