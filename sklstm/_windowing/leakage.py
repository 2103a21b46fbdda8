"""Warn if windows may hold the values that they are used to predict."""

import warnings

import numpy as np

from sklstm._input.row_times import TOLERANCE


def warn_if_features_hold_target(values, y, way_out):
    """Warn if a column of X equals y up to a factor and an offset.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_features)
        Features of X whose windows end with their own row.
    y : array-like of shape (n_rows,) or (n_rows, n_targets)
        The targets. Targets that are not numbers are ignored.
    way_out : str
        What to do instead, for the message.
    """
    try:
        y = np.asarray(y)
    except ValueError:  # The estimator after the transformer refuses a ragged y.
        return
    if _holds_target(values, y):
        warnings.warn(
            "A column of X equals y up to a factor and an offset, so every window "
            f"holds the value to predict. {way_out}",
            UserWarning,
            stacklevel=5,
        )


def warn_if_subsampled(time_indexes_of_series):
    """Warn if rows seem to be drawn at random from an evenly spaced series.

    Parameters
    ----------
    time_indexes_of_series : iterable of dict of str to ndarray of shape (n_rows,)
        Time indexes of each series.
    """
    indexes = (_most_complete(each) for each in time_indexes_of_series if each)
    if any(map(looks_subsampled, indexes)):
        warnings.warn(
            "The rows of X seem to be drawn at random from an evenly spaced series, as "
            "KFold(shuffle=True) draws them. Windows then span rows that are missing, "
            "and test rows lie between training rows. Split in time order, as "
            "TimeSeriesSplit does. If rows really are missing, insert them, or pass "
            "context=None.",
            UserWarning,
            stacklevel=4,
        )


def looks_subsampled(times):
    """Whether rows seem to be drawn at random from an evenly spaced series.

    If a fraction p of the rows is drawn at random, two rules hold: a fraction p of the
    steps is of length one, and the runs of rows between holes have all lengths. Uneven
    times and outages break the first rule. Weekends and nights break the second rule.
    Random events are mistaken for drawn rows if their times are rounded so coarsely
    that most neighbors are one unit apart.

    Parameters
    ----------
    times : ndarray of shape (n_rows,)
        A time index.

    Returns
    -------
    looks_subsampled : bool
        Whether both rules hold.
    """
    kept = _fraction_kept(times)
    if not 0.4 < kept < 11 / 12:
        return False
    steps = np.diff(times)
    holes = np.flatnonzero(steps / steps.min() > 1 + TOLERANCE)
    runs = np.diff(holes)
    single = 1 - len(holes) / len(steps)
    is_scattered = len(runs) >= 5 and runs.std() > 0.4 * runs.mean()
    return is_scattered and abs(single - kept) < 0.1


def _most_complete(time_indexes):
    """Return the time index that lacks the fewest rows, such as business days."""
    return max(time_indexes.values(), key=_fraction_kept)


def _fraction_kept(times):
    """Return the fraction of rows that are present; 0 if the times are uneven."""
    if len(times) < 10 or not (times[1:] > times[:-1]).all():
        return 0
    steps = np.diff(times)
    steps = steps / steps.min()
    fits = np.abs(steps - np.round(steps)).max() < TOLERANCE
    return len(steps) / steps.sum() if fits else 0


def _holds_target(values, targets):
    """Whether a column correlates perfectly with a target."""
    if targets.dtype.kind not in "biuf" or len(targets) != len(values):
        return False
    if len(targets) < 3:
        return False
    targets = targets.reshape(len(targets), -1).astype(np.float64)
    deviations = targets - targets.mean(axis=0)
    covariances = values.T @ deviations / len(values)  # (n_features, n_targets)
    scales = np.outer(values.std(axis=0, dtype=np.float64), deviations.std(axis=0))
    return bool((np.abs(covariances) > (1 - 1e-9) * scales)[scales > 0].any())
