"""Two ways in which windows know what they are later asked for."""

import warnings

import numpy as np

from sklstm._input.row_times import TOLERANCE


def warn_if_target_inside(values, y):
    """Warn if a column of X is y, up to a factor and an offset.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_features)
        The features of X.
    y : array-like of shape (n_rows,) or (n_rows, n_targets)
        The targets; others than numbers are not looked at.
    """
    try:
        y = np.asarray(y)
    except ValueError:  # ragged: for the estimator behind to refuse
        return
    if _holds_target(values, y):
        warnings.warn(
            "A column of X is y, up to a factor and an offset, and shift=0: every "
            "window holds the value to predict. Pass shift=1 or more, or drop the "
            "column.",
            UserWarning,
            stacklevel=4,
        )


def warn_if_thinned(all_clocks):
    """Warn if rows seem to have been drawn at random from a regular series.

    Parameters
    ----------
    all_clocks : iterable of dict of str to ndarray of shape (n_rows,)
        The times of the rows, series by series.
    """
    if any(looks_thinned(_evenest(clocks)) for clocks in all_clocks if clocks):
        warnings.warn(
            "The times of X look like those of rows drawn at random from a regular "
            "series, as KFold(shuffle=True) draws them: windows run across the holes, "
            "and test rows lie between training rows. Split in time order, as "
            "TimeSeriesSplit does. If rows really are missing, put them in, or pass "
            "context=None.",
            UserWarning,
            stacklevel=4,
        )


def looks_thinned(clock):
    """Tell whether rows seem to have been drawn at random from a regular series.

    If a share p of the rows was kept at random, a share p of the steps is single, and
    the runs between holes have all lengths. Uneven stamps break the first rule,
    outages too, and weekends and nights the second. Events at random times, rounded
    until most neighbours are one unit apart, cannot be told from drawn rows.
    """
    kept = _share_kept(clock)
    if not 0.4 < kept < 11 / 12:
        return False
    steps = np.diff(clock)
    holes = np.flatnonzero(steps / steps.min() > 1 + TOLERANCE)
    runs = np.diff(holes)
    single = 1 - len(holes) / len(steps)
    is_scattered = len(runs) >= 5 and runs.std() > 0.4 * runs.mean()
    return is_scattered and abs(single - kept) < 0.1


def _evenest(clocks):
    """Choose the clock by which the fewest rows are missing: weekends are no holes."""
    return max(clocks.values(), key=_share_kept)


def _share_kept(clock):
    """Divide the rows by those that the shortest step makes; 0 if it does not fit."""
    if len(clock) < 10 or not (clock[1:] > clock[:-1]).all():
        return 0
    steps = np.diff(clock)
    steps = steps / steps.min()
    fits = np.abs(steps - np.round(steps)).max() < TOLERANCE
    return len(steps) / steps.sum() if fits else 0


def _holds_target(values, targets):
    """Tell whether a column correlates perfectly with a target."""
    if targets.dtype.kind not in "biuf" or len(targets) != len(values):
        return False
    if len(targets) < 3:
        return False
    targets = targets.reshape(len(targets), -1).astype(np.float64)
    deviations = targets - targets.mean(axis=0)
    covariances = values.T @ deviations / len(values)  # (n_features, n_targets)
    scales = np.outer(values.std(axis=0, dtype=np.float64), deviations.std(axis=0))
    return bool((np.abs(covariances) > (1 - 1e-9) * scales)[scales > 0].any())
