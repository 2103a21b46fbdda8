"""The distance beyond which a row is an outlier."""

import numpy as np

# The generalized Pareto distribution is fitted to distances beyond this quantile.
TAIL = 0.9
# Rows beyond this multiple of that quantile are outliers and are left out.
MAX_TAIL_RATIO = 4.0
# One normal row in 1000 may be flagged.
ROWS_PER_ALARM = 1000


def outlier_threshold(distances, contamination):
    """Compute the distance beyond which a row is an outlier.

    Parameters
    ----------
    distances : ndarray of shape (n_rows,)
        Distances of the calibration rows.
    contamination : float or "auto"
        Fraction of the rows beyond the threshold. With "auto", one normal row in 1000
        lies beyond it: a generalized Pareto distribution is fitted to the largest tenth
        of the distances by probability-weighted moments [1]_ and extrapolated.
        Distances beyond four times the 90th percentile are left out.

    Returns
    -------
    threshold : float
        Distance beyond which a row is an outlier.

    References
    ----------
    .. [1] J. R. M. Hosking and J. R. Wallis, "Parameter and Quantile Estimation for the
       Generalized Pareto Distribution", Technometrics 29(3), 1987, 339-349.
    """
    if contamination != "auto":
        return float(np.quantile(distances, 1 - contamination))
    start = np.quantile(distances, TAIL)
    distances = distances[distances <= MAX_TAIL_RATIO * start]
    excesses = np.sort(distances[distances > start] - start)
    n_excesses = len(excesses)
    if n_excesses < 2 or np.ptp(excesses) == 0:
        return float(distances.max())
    # Each excess is weighted by the fraction of excesses beyond it.
    beyond = (n_excesses - np.arange(1, n_excesses + 1)) / (n_excesses - 1)
    mean, weighted = excesses.mean(), (beyond * excesses).mean()
    shape = 2 - mean / (mean - 2 * weighted)
    scale = 2 * mean * weighted / (mean - 2 * weighted)
    ratio = (1 - TAIL) * ROWS_PER_ALARM
    if abs(shape) < 1e-6:
        return float(start + scale * np.log(ratio))
    return float(start + scale / shape * (ratio**shape - 1))
