"""The estimators in scikit-learn's meta-estimators and tools."""

import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
import sklearn
from one_layer import ONE_LAYER
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import StackingRegressor, VotingRegressor
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.inspection import permutation_importance
from sklearn.linear_model import Ridge
from sklearn.metrics import make_scorer, r2_score
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    KFold,
    TimeSeriesSplit,
    cross_val_score,
    cross_validate,
    learning_curve,
)
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from sklstm import LSTMRegressor, SlidingWindowTransformer

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FOLDS = TimeSeriesSplit(3, test_size=12)


SMALL = ONE_LAYER | {
    "hidden_layer_sizes": (6,),
    "max_iter": 40,
    "learning_rate_init": 0.03,
    "random_state": 0,
}


def small(**params):
    return LSTMRegressor(**SMALL | params)


def windowed(window_size=4, **params):
    return make_pipeline(SlidingWindowTransformer(window_size), small(**params))


@pytest.fixture(scope="module")
def months():
    """Monthly data and a target that depends on the value three months before."""
    random = np.random.default_rng(0)
    index = pd.date_range("2010-01-01", periods=120, freq="MS")
    X = pd.DataFrame(random.normal(size=(120, 2)), index, columns=["sales", "price"])
    return X, X["sales"].shift(3, fill_value=0) + X["price"] / 4


@pytest.mark.slow
def test_search_finds_the_window_size_that_the_target_needs():
    random = np.random.default_rng(0)
    index = pd.period_range("2000-01", periods=240, freq="M")
    X = pd.DataFrame(random.normal(size=(240, 1)), index, columns=["sales"])
    y = X["sales"].shift(11, fill_value=0) + 0.1 * random.normal(size=240)
    folds = TimeSeriesSplit(3, test_size=12)
    sizes = [6, 12]
    regressor = small(max_iter=80, hidden_layer_sizes=(12,), dtype="float32")
    pipeline = make_pipeline(SlidingWindowTransformer(), regressor)
    grid = {
        "slidingwindowtransformer__window_size": sizes,
        "lstmregressor__hidden_layer_sizes": [(12,), (16,)],
        "lstmregressor__learning_rate_init": [0.03],
    }
    search = GridSearchCV(pipeline, grid, cv=folds, error_score="raise").fit(X, y)
    assert search.best_params_["slidingwindowtransformer__window_size"] == 12
    assert search.best_score_ > 0.8
    # Folds keep their history: windows cut before the split have the same score.
    windows = SlidingWindowTransformer(12).fit_transform(X)
    best = small(
        max_iter=80,
        dtype="float32",
        hidden_layer_sizes=search.best_params_["lstmregressor__hidden_layer_sizes"],
    )
    cut_first = cross_val_score(best, windows, y, cv=folds).mean()
    npt.assert_allclose(search.best_score_, cut_first, rtol=1e-4)


def test_frames_and_arrays_between_steps_give_equal_predictions(months):
    X, y = months
    arrays = windowed().fit(X, y)
    frames = windowed().set_output(transform="pandas").fit(X, y)
    assert frames[-1].n_features_in_ == 8
    npt.assert_allclose(frames.predict(X), arrays.predict(X), rtol=1e-9)
    scaled = make_pipeline(
        StandardScaler(), SlidingWindowTransformer(4), small()
    ).set_output(transform="pandas")
    npt.assert_allclose(scaled.fit(X, y).predict(X), arrays.predict(X), rtol=1e-6)


@pytest.mark.parametrize("container", ["default", "pandas", "polars"])
def test_rows_without_a_history_are_padded_with_nan(months, container):
    if container == "polars":
        pytest.importorskip("polars")
    X, y = months
    windower = SlidingWindowTransformer(4, shift=1, padding="nan")
    regressor = small().fit(windower.fit_transform(X), y)
    pipeline = make_pipeline(windower, small()).set_output(transform=container)
    predictions = pipeline.fit(X, y).predict(X)
    # The first row has no history, the third one has two rows.
    alone = regressor.predict(X.to_numpy()[None, :2])
    npt.assert_allclose(predictions[2], alone[0], rtol=1e-9)


def test_halving_search_over_epochs(months):
    X, y = months
    search = HalvingGridSearchCV(
        windowed(),
        {"lstmregressor__hidden_layer_sizes": [(2,), (4,), (8,)]},
        resource="lstmregressor__max_iter",
        max_resources=27,
        min_resources=3,
        cv=FOLDS,
    ).fit(X, y)
    assert search.n_resources_ == [3, 9, 27][: len(search.n_resources_)]
    assert np.isfinite(search.best_score_)


def test_cross_validation_in_workers_gives_the_same_scores(months):
    X, y = months
    scores = [
        cross_validate(windowed(), X, y, cv=FOLDS, n_jobs=n_jobs)["test_score"]
        for n_jobs in (1, 2)
    ]
    npt.assert_array_equal(*scores)


def test_transformed_target_regressor(months):
    X, y = months
    logs = TransformedTargetRegressor(windowed(), func=np.exp, inverse_func=np.log)
    npt.assert_allclose(
        logs.fit(X, y).predict(X), np.log(windowed().fit(X, np.exp(y)).predict(X))
    )


def test_permutation_importance_finds_the_column_that_matters(months):
    X, y = months
    # Shuffled rows have no time order, so the positions are used.
    pipeline = windowed().set_params(slidingwindowtransformer__context=None).fit(X, y)
    found = permutation_importance(pipeline, X, y, n_repeats=3, random_state=0)
    assert found.importances_mean[0] > 4 * found.importances_mean[1] > 0


def test_ensembles(months):
    X, y = months
    voting = VotingRegressor([("lstm", windowed()), ("ridge", Ridge())]).fit(X, y)
    npt.assert_allclose(
        voting.predict(X),
        (windowed().fit(X, y).predict(X) + Ridge().fit(X, y).predict(X)) / 2,
    )
    stacking = StackingRegressor([("lstm", windowed())], Ridge(), cv=KFold(3))
    assert stacking.fit(X, y).score(X, y) > 0.8
    both = MultiOutputRegressor(windowed()).fit(X, np.column_stack([y, -y]))
    assert both.predict(X).shape == (120, 2)


def test_pipeline_with_a_memory(months, tmp_path):
    X, y = months
    steps = [("windows", SlidingWindowTransformer(4)), ("lstm", small())]
    cached = Pipeline(steps, memory=str(tmp_path))
    for _ in range(2):
        npt.assert_allclose(
            cached.fit(X, y).predict(X), windowed().fit(X, y).predict(X), rtol=1e-9
        )


def test_learning_curve(months):
    X, y = months
    sizes, _, scores = learning_curve(windowed(), X, y, cv=FOLDS, train_sizes=[0.3, 1])
    npt.assert_array_equal(sizes, [25, 84])
    assert scores[1].mean() > scores[0].mean()


def test_sample_weights_are_routed(months):
    X, y = months
    weights = np.r_[np.zeros(60), np.ones(60)]
    with sklearn.config_context(enable_metadata_routing=True):
        regressor = small(max_iter=5).set_fit_request(sample_weight=True)
        pipeline = make_pipeline(SlidingWindowTransformer(4), regressor)
        pipeline.fit(X, y, sample_weight=weights)
        unweighted = make_scorer(r2_score).set_score_request(sample_weight=False)
        routed = cross_validate(
            pipeline,
            X,
            y,
            cv=FOLDS,
            scoring=unweighted,
            params={"sample_weight": weights},
        )
    windows = SlidingWindowTransformer(4).fit_transform(X)
    direct = small(max_iter=5).fit(windows, y, sample_weight=weights)
    npt.assert_allclose(pipeline.predict(X), direct.predict(windows), rtol=1e-9)
    assert np.isfinite(routed["test_score"]).all()


def test_validation_windows_are_transformed_in_a_pipeline(months):
    X, y = months
    train, test = slice(90), slice(90, None)
    with sklearn.config_context(enable_metadata_routing=True):
        regressor = small().set_fit_request(X_val=True, y_val=True)
        pipeline = make_pipeline(
            SlidingWindowTransformer(4), regressor, transform_input=["X_val"]
        )
        pipeline.fit(X[train], y[train], X_val=X[test], y_val=y[test])
    windows = SlidingWindowTransformer(4).fit_transform(X)
    direct = small().fit(windows[train], y[train], X_val=windows[test], y_val=y[test])
    npt.assert_allclose(
        pipeline[-1].validation_loss_curve_, direct.validation_loss_curve_
    )
