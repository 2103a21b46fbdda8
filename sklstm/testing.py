"""Which of scikit-learn's checks an estimator of this package cannot pass, and why."""

from sklstm.anomaly import LSTMOutlierDetector
from sklstm.preprocessing import SlidingWindowTransformer

__all__ = ["expected_failed_checks"]

_ROWS_BEFORE = (
    "the window of a row holds the rows before it, so the answer depends on the order "
    "and the neighbours of the rows"
)
_HELD_ROWS = (
    "the threshold comes from rows that were not learnt from, so no fixed share of the "
    "training rows lies beyond it"
)
_OF_WINDOWS = {
    "check_methods_sample_order_invariance": _ROWS_BEFORE,
    "check_methods_subset_invariance": _ROWS_BEFORE,
}
_REASONS = {
    SlidingWindowTransformer: _OF_WINDOWS,
    LSTMOutlierDetector: {
        **_OF_WINDOWS,
        "check_outliers_fit_predict": _HELD_ROWS,
        "check_outliers_train": _HELD_ROWS,
    },
}


def expected_failed_checks(estimator):
    """Name the checks of scikit-learn that an estimator fails by its nature.

    Parameters
    ----------
    estimator : estimator instance
        Any estimator, of this package or not.

    Returns
    -------
    reasons : dict of str to str
        The reason why, by name of the check. Empty for all but
        :class:`~sklstm.SlidingWindowTransformer` and
        :class:`~sklstm.LSTMOutlierDetector`.

    See Also
    --------
    sklearn.utils.estimator_checks.check_estimator : Takes the dict.
    sklearn.utils.estimator_checks.parametrize_with_checks : Takes the function.

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
