"""What the fit methods of all estimators share."""

from functools import wraps
from traceback import clear_frames
from typing import cast

from sklstm._core.sklearn_compat import Method


def all_or_nothing(method: Method) -> Method:
    """Restore the attributes of the estimator if the method raises an exception.

    Ctrl-C during the training ends it early and raises nothing. Before the training, it
    leaves the estimator as it was.
    """

    @wraps(method)
    def restoring(self, *args, **kwargs):
        before = vars(self).copy()
        try:
            return method(self, *args, **kwargs)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                # Frees a mode of PyTorch that was entered but not left.
                clear_frames(error.__traceback__)
            vars(self).clear()
            vars(self).update(before)
            raise

    return cast("Method", restoring)


def callback_data(X, y, sample_weight):
    """Return the data of a fit for callbacks, as the user passed them."""
    metadata = None if sample_weight is None else {"sample_weight": sample_weight}
    return {"X": X, "y": y, "metadata": metadata}
