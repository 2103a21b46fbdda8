"""Checks of scikit-learn that estimators of this package cannot pass, and why."""

from sklearn.base import BaseEstimator

from sklstm.anomaly import LSTMOutlierDetector
from sklstm.preprocessing import SlidingWindowTransformer

__all__ = ["expected_failed_checks"]

_USES_ROWS_BEFORE = (
    "the window of a row contains the rows before it, so the output depends on the "
    "order of the rows and on which rows are present"
)
_USES_CALIBRATION_ROWS = (
    "the threshold is computed on calibration rows, which are not used for training, "
    "so the fraction of the rows of fit beyond it is not fixed"
)
_WINDOWING_CHECKS = {
    "check_methods_sample_order_invariance": _USES_ROWS_BEFORE,
    "check_methods_subset_invariance": _USES_ROWS_BEFORE,
}
_REASONS = {
    SlidingWindowTransformer: _WINDOWING_CHECKS,
    LSTMOutlierDetector: {
        **_WINDOWING_CHECKS,
        "check_outliers_fit_predict": _USES_CALIBRATION_ROWS,
        "check_outliers_train": _USES_CALIBRATION_ROWS,
    },
}


def expected_failed_checks(estimator: BaseEstimator) -> dict[str, str]:
    """Return the checks of scikit-learn that an estimator cannot pass, and why.

    Parameters
    ----------
    estimator : estimator instance
        Estimator of this package or of another one.

    Returns
    -------
    reasons : dict of str to str
        Reason for each failed check, by the name of the check. The dict is empty except
        for :class:`~sklstm.SlidingWindowTransformer` and
        :class:`~sklstm.LSTMOutlierDetector`.

    See Also
    --------
    sklearn.utils.estimator_checks.check_estimator : Accepts this dict.
    sklearn.utils.estimator_checks.parametrize_with_checks : Accepts this function.

    Examples
    --------
    >>> from sklearn.utils.estimator_checks import check_estimator
    >>> from sklstm import SlidingWindowTransformer
    >>> from sklstm.testing import expected_failed_checks
    >>> transformer = SlidingWindowTransformer()
    >>> sorted(expected_failed_checks(transformer))
    ['check_methods_sample_order_invariance', 'check_methods_subset_invariance']
    >>> results = check_estimator(  # doctest: +SKIP
    ...     transformer, expected_failed_checks=expected_failed_checks(transformer)
    ... )
    """
    return dict(_REASONS.get(type(estimator), {}))
