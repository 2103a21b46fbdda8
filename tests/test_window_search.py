"""SlidingWindowTransformer in searches, pipelines and column transformers."""

import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
from joblib import parallel_config
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from sklstm._input.windows import lag_layout
from sklstm.preprocessing import SlidingWindowTransformer

SIZES = [4, 8, 12, 24]
FOLDS = TimeSeriesSplit(8, test_size=12)
GRID = {"slidingwindowtransformer__window_size": SIZES}


@pytest.fixture(scope="module")
def table():
    """Return monthly features, and a target that needs a value 11 months before."""
    random = np.random.default_rng(0)
    months = pd.date_range("2000-01-01", periods=240, freq="MS")
    X = pd.DataFrame(random.normal(size=(240, 2)), months, columns=["a", "b"])
    y = X["a"].shift(11, fill_value=0) + 0.3 * random.normal(size=240)
    return X, y


def pipeline(**params):
    return make_pipeline(SlidingWindowTransformer(flatten=True, **params), Ridge())


def scores_of_windows_cut_first(X, y):
    """Return the mean score for each window size, with windows cut before the split."""
    cut = [SlidingWindowTransformer(n, flatten=True).fit_transform(X) for n in SIZES]
    return [cross_val_score(Ridge(), windows, y, cv=FOLDS).mean() for windows in cut]


def test_search_scores_equal_those_of_windows_cut_before_the_split(table):
    X, y = table
    search = GridSearchCV(pipeline(), GRID, cv=FOLDS).fit(X, y)
    # The first training fold is longer than any window, so no test window is padded.
    npt.assert_allclose(
        search.cv_results_["mean_test_score"], scores_of_windows_cut_first(X, y)
    )
    assert search.best_params_["slidingwindowtransformer__window_size"] == 12
    assert search.best_score_ > 0.8


def test_arrays_are_padded_at_the_start_of_each_fold(table):
    X, y = table
    with_past = cross_val_score(pipeline(window_size=12), X, y, cv=FOLDS).mean()
    with pytest.warns(UserWarning, match="11 of 12 rows of X have no complete window"):
        without = cross_val_score(pipeline(window_size=12), X.to_numpy(), y, cv=FOLDS)
    assert without.mean() < 0 < 0.8 < with_past
    assumed = pipeline(window_size=12, context="assume_next")
    scores = cross_val_score(assumed, X.to_numpy(), y, cv=FOLDS)
    npt.assert_allclose(scores.mean(), with_past)


def test_a_scaler_with_pandas_output_keeps_the_index(table):
    X, y = table
    scaler = StandardScaler().set_output(transform="pandas")
    scaled = make_pipeline(
        scaler, *[step for _, step in pipeline(window_size=12).steps]
    )
    assert cross_val_score(scaled, X, y, cv=FOLDS).mean() > 0.8


def test_parallel_search_equals_the_sequential_one(table):
    X, y = table
    search = GridSearchCV(pipeline(), GRID, cv=FOLDS, n_jobs=2)
    with parallel_config(backend="threading"):
        parallel = search.fit(X, y).cv_results_["mean_test_score"]
    alone = search.set_params(n_jobs=None).fit(X, y).cv_results_["mean_test_score"]
    npt.assert_array_equal(parallel, alone)


def test_a_cached_pipeline_predicts_the_same(table, tmp_path):
    X, y = table
    steps = pipeline(window_size=12).steps
    cached = Pipeline(steps, memory=str(tmp_path))
    for _ in range(2):
        predictions = cached.fit(X[:200], y[:200]).predict(X[200:])
        npt.assert_array_equal(
            predictions, Pipeline(steps).fit(X[:200], y[:200]).predict(X[200:])
        )


def test_a_pipeline_works_within_a_target_transformer(table):
    X, y = table
    model = TransformedTargetRegressor(
        pipeline(window_size=12), transformer=StandardScaler()
    )
    model.fit(X[:200], y[:200])
    assert model.score(X[200:], y[200:]) > 0.8


def test_a_column_transformer_can_cut_windows_of_each_column(table):
    X, _ = table
    transformer = make_column_transformer(
        (SlidingWindowTransformer(3), ["b"]),
        (SlidingWindowTransformer(3), ["a"]),
    ).set_output(transform="pandas")
    windows = transformer.fit(X[:100]).transform(X[100:])
    layout = lag_layout(list(windows.columns))
    restored = windows.to_numpy()[:, layout.order].reshape(-1, 3, 2)
    expected = SlidingWindowTransformer(3).fit(X[:100]).transform(X[100:])
    npt.assert_array_equal(restored, expected[:, :, ::-1])


def test_a_univariate_series_is_predicted_from_its_past():
    months = pd.date_range("2000-01-01", periods=120, freq="MS")
    sales = pd.DataFrame({"sales": np.sin(np.arange(120) / 6)}, index=months)
    model = pipeline(window_size=12, shift=3).fit(sales[:100], sales["sales"][:100])
    assert model.score(sales[100:], sales["sales"][100:]) > 0.99
