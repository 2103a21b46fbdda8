"""Permutation importances of features, steps and cells."""

import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.compose import TransformedTargetRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklstm import SlidingWindowTransformer
from sklstm._inspection.permutation import draw_order, make_groups, permute
from sklstm._inspection.sequences import read_sequence_data
from sklstm.inspection import sequence_permutation_importance

RANDOM = np.random.default_rng(0)
WINDOWS = RANDOM.normal(size=(100, 6, 3))
DAYS = pd.date_range("2024-01-01", periods=100)
TABLE = pd.DataFrame(
    {"sales": RANDOM.normal(size=100), "promotion": RANDOM.normal(size=100)}, DAYS
)


class Formula(RegressorMixin, BaseEstimator):
    """Regressor that computes a known formula of the last steps of sequences."""

    def __init__(self, formula=None):
        self.formula = formula

    def fit(self, X, y):
        self.fitted_ = True
        return self

    def predict(self, X):
        return np.array([self.formula(np.asarray(sequence)) for sequence in X])


def fitted(formula):
    return Formula(formula).fit(None, None)


def importance(model, X, by, **params):
    y = model.predict(X)
    params = {"random_state": 0} | params
    return sequence_permutation_importance(model, X, y, by=by, **params)


def difference(window):
    return window[-2, 0] - 3 * window[-4, 2]


@pytest.mark.parametrize(
    ("by", "wanted"),
    [
        ("feature", {(0,), (2,)}),
        ("step", {(2,), (4,)}),
        ("cell", {(4, 0), (2, 2)}),
    ],
)
def test_exactly_what_the_formula_uses_is_important(by, wanted):
    result = importance(fitted(difference), WINDOWS, by)
    used = set(zip(*np.nonzero(result.importances_mean), strict=True))
    assert {tuple(map(int, place)) for place in used} == wanted
    npt.assert_array_equal(result.lags, [5, 4, 3, 2, 1, 0])
    assert result.feature_names.tolist() == ["x0", "x1", "x2"]


def test_importance_is_the_mean_decrease_of_the_score():
    result = importance(fitted(difference), WINDOWS, "feature", n_repeats=200)
    # Exchanged values have twice the variance of one of the two terms, whose
    # variances are in the ratio of 1 to 9.
    npt.assert_allclose(result.importances_mean[[0, 2]], [0.2, 1.8], atol=0.15)
    npt.assert_allclose(result.importances_mean, result.importances.mean(axis=1))
    npt.assert_allclose(result.importances_std, result.importances.std(axis=1))


def test_importance_of_lag_columns_is_that_of_scikit_learn():
    table = TABLE.assign(target=TABLE["sales"].shift(1, fill_value=0))
    windows = SlidingWindowTransformer(3).set_output(transform="pandas")
    X = windows.fit_transform(TABLE)
    model = LinearRegression().fit(X, table["target"])
    params = {"n_repeats": 100, "random_state": 0}
    ours = sequence_permutation_importance(
        model, X, table["target"], by="cell", **params
    )
    theirs = permutation_importance(model, X, table["target"], **params)
    npt.assert_allclose(
        ours.importances_mean.ravel(), theirs.importances_mean, atol=0.1
    )


@pytest.mark.parametrize("n_rows", [100, 103])
def test_rows_of_a_block_stay_together(n_rows):
    order = draw_order(n_rows, 10, np.random.RandomState(0))
    assert sorted(order) == list(range(n_rows))
    values = np.arange(n_rows, dtype=float)[:, None, None]
    data = read_sequence_data(values)
    permuted = permute(data, np.ones((1, 1), bool), order, block_size=10).ravel()
    assert (np.diff(permuted) == 1).sum() >= n_rows - 25
    assert (permuted != values.ravel()).all()
    assert sorted(permuted) == list(range(n_rows))


def test_a_feature_keeps_its_course_in_time():
    data = read_sequence_data(WINDOWS)
    group = make_groups("feature", data.lags)[1]
    order = draw_order(100, 1, np.random.RandomState(0))
    permuted = permute(data, group, order, block_size=1)
    npt.assert_array_equal(permuted[:, :, [0, 2]], WINDOWS[:, :, [0, 2]])
    courses = {tuple(course) for course in WINDOWS[:, :, 1]}
    assert {tuple(course) for course in permuted[:, :, 1]} == courses


def test_sequences_exchange_steps_counted_from_the_end():
    X = [window[i % 4 :] for i, window in enumerate(WINDOWS)]
    result = importance(fitted(lambda sequence: sequence[-2, 1]), X, "cell")
    assert np.argwhere(result.importances_mean).tolist() == [[4, 1]]
    data = read_sequence_data(X)
    order = draw_order(100, 1, np.random.RandomState(0))
    permuted = permute(data, np.ones((6, 3), bool), order, block_size=1)
    npt.assert_array_equal(np.isnan(permuted), np.isnan(data.values))
    npt.assert_array_equal(np.sort(permuted, axis=0), np.sort(data.values, axis=0))


@pytest.mark.parametrize("container", ["default", "pandas"])
@pytest.mark.parametrize("wrap", ["pipeline", "target", "search", "nested", "frozen"])
def test_windows_of_a_table_have_columns_and_lags(wrap, container):
    windows = SlidingWindowTransformer(3, shift=2, known_ahead=["promotion"])
    if container == "default":
        windows.set_params(flatten=True)
    windows.set_output(transform=container)
    y = TABLE["sales"].shift(3, fill_value=0) + TABLE["promotion"]
    model = make_pipeline(windows, LinearRegression())
    if wrap == "target":
        model = TransformedTargetRegressor(model, transformer=StandardScaler())
    if wrap == "search":
        model = GridSearchCV(model, {"linearregression__positive": [False]}, cv=2)
    if wrap == "nested":
        scaler = StandardScaler().set_output(transform="pandas")
        model = make_pipeline(scaler, make_pipeline(windows), LinearRegression())
    model.fit(TABLE, y)
    if wrap == "frozen":
        model = FrozenEstimator(model)
    result = sequence_permutation_importance(model, TABLE, y, by="cell", random_state=0)
    assert result.feature_names.tolist() == ["sales", "promotion"]
    assert result.lags.tolist() == [4, 3, 2, 1, 0]
    means = result.importances_mean
    npt.assert_array_equal(np.isnan(means).T, [[0, 0, 0, 1, 1], [1, 1, 0, 0, 0]])
    assert {tuple(place) for place in np.argwhere(means > 0.1).tolist()} == {
        (1, 0),
        (4, 1),
    }


def test_result_does_not_depend_on_the_number_of_jobs():
    one, two = (
        importance(fitted(difference), WINDOWS, "step", n_jobs=n_jobs)
        for n_jobs in (1, 2)
    )
    npt.assert_array_equal(one.importances, two.importances)


def test_scoring_and_weights_are_used():
    weights = np.arange(100.0)
    result = importance(
        fitted(difference),
        WINDOWS,
        "feature",
        scoring="neg_mean_absolute_error",
        sample_weight=weights,
        n_repeats=1,
    )
    assert result.importances_mean[2] > 2
    unweighted = importance(
        fitted(difference),
        WINDOWS,
        "feature",
        scoring="neg_mean_absolute_error",
        n_repeats=1,
    )
    assert result.importances_mean[2] != unweighted.importances_mean[2]


def test_errors_say_what_was_wanted():
    model = fitted(difference)
    with pytest.raises(ValueError, match='by must be "feature", "step" or "cell", got'):
        importance(model, WINDOWS, "lag")
    with pytest.raises(ValueError, match="Pass at least 120 rows, or a smaller"):
        importance(model, WINDOWS, "step", block_size=60)
    with pytest.raises(ValueError, match="a Pipeline that starts with SequenceEncoder"):
        sequence_permutation_importance(model, ["ab", "b"], [1, 2])
    with pytest.raises(TypeError, match="A fitted estimator is needed, got 3"):
        sequence_permutation_importance(3, WINDOWS, WINDOWS[:, 0, 0])
