"""Predictions for rows that arrive one after another."""

from typing import Any, Self

import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from sklstm._core.sklearn_compat import available_if
from sklstm._input.saved_state import SavedStateMixin
from sklstm._streaming.forecasts import ForecasterState
from sklstm._streaming.rows import RowsState
from sklstm._typing import ArrayLike
from sklstm.forecasting import LSTMForecaster

__all__ = ["Stream"]


def _has(method):
    """Return a check for `available_if`: whether the model has a method."""
    return lambda stream: hasattr(stream._state.model, method)


class Stream(SavedStateMixin):
    """Predictions of a fitted model for rows that arrive one after another.

    `update` adds one or more new rows. `predict` and the other methods of the model
    then return the newest results, without an X. All results together equal those of a
    single call of the model with all rows. A stream only stores the rows that later
    results need.

    Parameters
    ----------
    model : estimator
        A fitted pipeline with a :class:`~sklstm.SlidingWindowTransformer`, a fitted
        :class:`~sklstm.LSTMOutlierDetector` or a fitted
        :class:`~sklstm.LSTMForecaster`. The steps of a pipeline before the windows must
        treat each row on its own, as a scaler does. The stream uses a copy of the
        model.

    See Also
    --------
    sklstm.SlidingWindowTransformer : Windows as a pipeline step.
    sklstm.LSTMOutlierDetector : Detect outliers in time series.
    sklstm.LSTMForecaster : Forecast the next steps of one series or many.

    Notes
    -----
    The results depend on the model:

    - An outlier detector, or a pipeline whose windows have ``shift=0``, predicts the
      rows of the last update.
    - With a `shift` of 1 or more, a pipeline predicts the next `shift` rows of each
      series in the last update, one series after the other.
    - A forecaster forecasts the next `horizon` steps.

    New rows must follow those of :term:`fit` and of earlier updates. If they have
    times, the order is checked. Rows without times are assumed to follow.

    The windows are equal to those of a single call. However, the rounding errors of a
    network depend on the number of rows that it predicts at once, so the last digits of
    the results may differ.

    A stream of a forecaster stores as many steps as the forecaster was fitted on. The
    width of its intervals depends on these steps only.

    A stream can be pickled and copied at any time.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.linear_model import LinearRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklstm import SlidingWindowTransformer
    >>> from sklstm.streaming import Stream
    >>> days = pd.date_range("2024-01-01", periods=7)
    >>> X = pd.DataFrame({"load": [1.0, 2, 4, 4, 5, 6, 7]}, days)
    >>> y = X["load"] + X["load"].shift(1, fill_value=1)
    >>> windows = SlidingWindowTransformer(window_size=2, flatten=True)
    >>> model = make_pipeline(windows, LinearRegression()).fit(X[:5], y[:5])
    >>> stream = Stream(model)
    >>> stream.update(X[5:6]).predict()
    array([11.])
    >>> stream.update(X[6:7]).predict()
    array([13.])
    """

    def __init__(self, model: BaseEstimator) -> None:
        check_is_fitted(model)
        is_forecaster = isinstance(model, LSTMForecaster)
        state = ForecasterState if is_forecaster else RowsState
        self._state = state.from_model(model)

    def update(self, rows: ArrayLike, X: ArrayLike = None) -> Self:
        """Add new rows.

        Parameters
        ----------
        rows : {array-like, dataframe} of shape (n_new, n_columns)
            One or more new rows, in the form of the X of `fit`. For a forecaster, new
            values in the form of its y.

        X : array-like, DataFrame, list of them or None, default=None
            Covariates of the new steps, for a forecaster that was fitted with
            covariates. None for all other models.

        Returns
        -------
        self : Stream
            The stream.

        Raises
        ------
        ValueError
            If the rows are not valid input for the model, or if they do not come after
            those of the last update. The stream is then unchanged.
        """
        self._state = self._state.update(rows, X)
        return self

    @available_if(_has("predict"))
    def predict(self, X: ArrayLike = None, **params: Any) -> Any:
        """Return the newest predictions.

        Parameters
        ----------
        X : array-like, DataFrame, list of them or None, default=None
            Future covariates of a forecaster, or the next rows of a pipeline whose
            SlidingWindowTransformer has columns in `known_ahead`. None otherwise.

        **params : dict
            Parameters of the method of the model, such as the `horizon` of a
            forecaster.

        Returns
        -------
        predictions : ndarray, Series, DataFrame or list of them
            Predictions for the rows of the last update or for the next steps, as
            described in the notes of the class.

        Raises
        ------
        ValueError
            If there was no update, or if X is missing or not needed.
        """
        return self._state.answer("predict", X, params)

    @available_if(_has("predict_proba"))
    def predict_proba(self, X: ArrayLike = None, **params: Any) -> Any:
        """Return the newest probabilities of the classes.

        Parameters
        ----------
        X : array-like, DataFrame, list of them or None, default=None
            Future covariates or next rows, as in :meth:`predict`.

        **params : dict
            Parameters of the method of the model.

        Returns
        -------
        probabilities : ndarray of shape (n_rows, n_classes)
            Probabilities for the rows of the last update or for the next steps.
        """
        return self._state.answer("predict_proba", X, params)

    @available_if(_has("decision_function"))
    def decision_function(self, X: ArrayLike = None, **params: Any) -> Any:
        """Return the newest values of the decision function.

        Parameters
        ----------
        X : array-like, DataFrame, list of them or None, default=None
            Future covariates or next rows, as in :meth:`predict`.

        **params : dict
            Parameters of the method of the model.

        Returns
        -------
        scores : ndarray of shape (n_rows,) or (n_rows, n_classes)
            Scores for the rows of the last update or for the next steps.
        """
        return self._state.answer("decision_function", X, params)

    @available_if(_has("score_samples"))
    def score_samples(self, X: ArrayLike = None, **params: Any) -> Any:
        """Return the newest scores of the rows.

        Parameters
        ----------
        X : array-like, DataFrame, list of them or None, default=None
            Future covariates or next rows, as in :meth:`predict`.

        **params : dict
            Parameters of the method of the model.

        Returns
        -------
        scores : ndarray of shape (n_rows,)
            Scores for the rows of the last update or for the next steps.
        """
        return self._state.answer("score_samples", X, params)

    @available_if(_has("predict_interval"))
    def predict_interval(self, X: ArrayLike = None, **params: Any) -> Any:
        """Return the newest prediction intervals.

        Parameters
        ----------
        X : array-like, DataFrame, list of them or None, default=None
            Future covariates or next rows, as in :meth:`predict`.

        **params : dict
            Parameters of the method of the model.

        Returns
        -------
        intervals : ndarray, DataFrame or list of them
            Intervals for the rows of the last update or for the next steps.
        """
        return self._state.answer("predict_interval", X, params)

    @available_if(_has("predict_quantiles"))
    def predict_quantiles(self, X: ArrayLike = None, **params: Any) -> Any:
        """Return the newest quantiles.

        Parameters
        ----------
        X : array-like, DataFrame, list of them or None, default=None
            Future covariates or next rows, as in :meth:`predict`.

        **params : dict
            Parameters of the method of the model.

        Returns
        -------
        quantiles : ndarray, DataFrame or list of them
            Quantiles for the rows of the last update or for the next steps.
        """
        return self._state.answer("predict_quantiles", X, params)

    @available_if(_has("compare"))
    def compare(self) -> pd.DataFrame:
        """Compare the rows of the last update with their expected values.

        Returns
        -------
        comparison : DataFrame
            Values, expected values and errors, as in
            :meth:`sklstm.LSTMOutlierDetector.compare`.
        """
        return self._state.answer("compare", None, {})

    @available_if(_has("explain"))
    def explain(self) -> pd.DataFrame:
        """Return the outliers among the rows of the last update.

        Returns
        -------
        explanation : DataFrame
            Values, expected values and errors of the outliers, as in
            :meth:`sklstm.LSTMOutlierDetector.explain`.
        """
        return self._state.answer("explain", None, {})
