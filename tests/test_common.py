"""The estimators against scikit-learn's own checks."""

import pickle
from copy import deepcopy

import joblib
import numpy as np
import pandas as pd
import pandas.testing as pdt
import pytest
from one_layer import ONE_LAYER
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.utils import estimator_checks, get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklstm import (
    GroupScaler,
    LSTMAutoencoder,
    LSTMClassifier,
    LSTMForecaster,
    LSTMOutlierDetector,
    LSTMRegressor,
    SequenceEncoder,
    SlidingWindowTransformer,
)
from sklstm.testing import expected_failed_checks

# With all their epochs, the checks of default networks would take six times as long.
FEW_EPOCHS = {"max_iter": 20}
ESTIMATORS = [
    GroupScaler(),
    GroupScaler(groups=[0], n_groups=2, random_state=0),
    LSTMAutoencoder((8,), n_components=3, max_iter=40),
    LSTMAutoencoder(
        (6, 4), n_components=2, bidirectional=True, pooling="attention", max_iter=20
    ),
    LSTMClassifier(**FEW_EPOCHS),
    LSTMClassifier(
        (10,),
        **ONE_LAYER | {"bidirectional": True, "pooling": "attention"},
        cell="gru",
    ),
    LSTMRegressor(**FEW_EPOCHS),
    LSTMRegressor(
        (8, 6),
        cell="gru",
        bidirectional=True,
        pooling="attention",
        conv_filters=(),
        loss="huber",
        solver="adamw",
        alpha=0.1,
        batch_size=50,
        learning_rate="cosine",
        learning_rate_init=0.02,
        max_iter=60,
    ),
    LSTMRegressor(
        (10,),
        cell="rnn",
        # With 0.03, rounding errors grow a thousandfold within a fit.
        **ONE_LAYER | {"pooling": "mean", "learning_rate_init": 0.02},
        max_iter=100,
        shuffle=False,
    ),
    LSTMRegressor(
        (8,),
        cell="transformer",
        **ONE_LAYER | {"bidirectional": True, "pooling": "mean"},
        # In 100 epochs, rounding errors grow to 1e-9.
        max_iter=50,
    ),
    LSTMOutlierDetector(window_size=3),
    LSTMOutlierDetector(
        window_size=4, method="reconstruction", distance="absolute", halflife=2
    ),
    LSTMOutlierDetector(window_size=3, distance="range", range_window=20),
    SlidingWindowTransformer(),
    SlidingWindowTransformer(window_size=3, shift=2, padding="mean", flatten=True),
]

# Checks that scikit-learn runs on its own transformers only.
FURTHER_CHECKS = [
    "check_dataframe_column_names_consistency",
    "check_get_feature_names_out_error",
    "check_global_output_transform_pandas",
    "check_global_set_output_transform_polars",
    "check_inplace_ensure_writeable",
    "check_param_validation",
    "check_set_output_transform",
    "check_set_output_transform_pandas",
    "check_set_output_transform_polars",
    "check_transformer_get_feature_names_out",
    "check_transformer_get_feature_names_out_pandas",
]


# Checks that do not need numbers. `check_estimator` runs only the first one if an
# estimator accepts strings and no numbers.
CHECKS_WITHOUT_NUMBERS = [
    "check_estimator_cloneable",
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_estimator_repr",
    "check_estimator_tags_renamed",
    "check_estimators_unfitted",
    "check_get_feature_names_out_error",
    "check_get_params_invariance",
    "check_mixin_order",
    "check_no_attributes_set_in_init",
    "check_param_validation",
    "check_parameters_default_constructible",
    "check_set_params",
    "check_transformers_unfitted",
    "check_valid_tag_types",
]

# Checks that do not call fit.
CHECKS_OF_PARAMETERS = [
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_estimator_tags_renamed",
    "check_get_params_invariance",
    "check_mixin_order",
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_set_params",
    "check_valid_tag_types",
]


def by_check(estimators):
    """Parametrize a test with the checks of scikit-learn, for pytest 9 as well.

    scikit-learn 1.7 passes an iterator to pytest, and pytest 9 wants a list.
    """
    mark = parametrize_with_checks(
        estimators, expected_failed_checks=expected_failed_checks
    )
    names, cases = mark.args
    return pytest.mark.parametrize(names, list(cases), **mark.kwargs)


# An unexpected pass fails too: pyproject.toml makes pytest strict. Some checks fit for
# few epochs only. `check_fit_idempotent` transforms an array of other rows than in fit.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:.* rows of X have no complete window:UserWarning")
@by_check(ESTIMATORS)
def test_estimator_keeps_the_contract(estimator, check):
    check(estimator)


# Some of them fit on a frame and transform an array, as scikit-learn's tests may.
@pytest.mark.filterwarnings("ignore:X (does not have valid|has) feature names")
@pytest.mark.parametrize("name", FURTHER_CHECKS)
def test_transformer_keeps_the_contract_of_scikit_learns_own(name):
    check = getattr(estimator_checks, name)
    check("SlidingWindowTransformer", SlidingWindowTransformer(flatten=True))


@pytest.mark.parametrize(
    "name", ["check_param_validation", "check_get_feature_names_out_error"]
)
def test_transformer_with_three_axes_keeps_it_too(name):
    getattr(estimator_checks, name)(
        "SlidingWindowTransformer", SlidingWindowTransformer()
    )


@pytest.mark.parametrize("name", CHECKS_WITHOUT_NUMBERS)
def test_encoder_of_tokens_keeps_the_contract(name):
    getattr(estimator_checks, name)("SequenceEncoder", SequenceEncoder())


def test_encoder_has_the_input_tags_of_count_vectorizer():
    tags, tags_of_sklearn = get_tags(SequenceEncoder()), get_tags(CountVectorizer())
    assert tags.input_tags == tags_of_sklearn.input_tags
    assert tags.requires_fit


def test_only_windows_may_fail_and_only_for_the_rows_before():
    assert set(expected_failed_checks(SlidingWindowTransformer())) == {
        "check_methods_sample_order_invariance",
        "check_methods_subset_invariance",
    }
    assert expected_failed_checks(object()) == {}
    assert expected_failed_checks(LSTMRegressor()) == {}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_regressor_checks_its_parameters_as_scikit_learns_own_do():
    for name in ("check_param_validation", "check_dataframe_column_names_consistency"):
        check = getattr(estimator_checks, name)
        check("LSTMRegressor", LSTMRegressor((3,), max_iter=1, tol=1e9))


# The contract of a forecaster. Its `fit(y, X)` takes a series first, so scikit-learn's
# checks, which pass a table first, do not apply. docs/forecasting.rst describes it.

DAYS = pd.date_range("2023-01-01", periods=40, freq="D", name="day")
SALES = pd.Series(
    5 + np.random.default_rng(0).normal(size=40).cumsum(), DAYS, name="sales"
)
COVARIATES = pd.DataFrame(
    np.random.default_rng(1).normal(size=(40, 2)), DAYS, ["price", "weather"]
)
FUTURE = {"X": COVARIATES[["price"]][30:]}
TINY = LSTMRegressor((3,), max_iter=2, learning_rate="cosine")
COMMON = {"horizon": 3, "past_covariates": ["weather"], "random_state": 0}
FORECASTERS = {
    "default": LSTMForecaster(**COMMON),
    "network": LSTMForecaster(TINY, n_estimators=2, warm_start=True, **COMMON),
    "Ridge": LSTMForecaster(Ridge(), date_features=["day_of_week"], **COMMON),
    "recursive": LSTMForecaster(Ridge(), strategy="recursive", **COMMON),
}
PREDICTIONS = ["predict", "predict_interval", "predict_quantiles"]
FOLDS = TimeSeriesSplit(2, test_size=3)
COLD = {"warm_start": False}

by_forecaster = pytest.mark.parametrize(
    "forecaster", [pytest.param(model, id=name) for name, model in FORECASTERS.items()]
)


def fitted(forecaster):
    return clone(forecaster).fit(SALES[:30], COVARIATES[:30])


def assert_same_attributes(attributes, before):
    assert attributes.keys() == before.keys()
    assert all(value is before[name] for name, value in attributes.items())


@pytest.mark.parametrize("name", CHECKS_OF_PARAMETERS)
@by_forecaster
def test_forecaster_keeps_the_contract_of_parameters(forecaster, name):
    getattr(estimator_checks, name)("LSTMForecaster", clone(forecaster))


@by_forecaster
def test_forecaster_has_the_parameters_that_were_set(forecaster):
    model = LSTMForecaster(**forecaster.get_params(deep=False))
    assert joblib.hash(model.get_params()) == joblib.hash(forecaster.get_params())
    assert "regressor__random_state" in forecaster.get_params()


@by_forecaster
def test_fit_of_a_forecaster_returns_self_and_changes_no_parameter(forecaster):
    model = clone(forecaster)
    parameters = deepcopy(model.get_params())
    assert model.fit(SALES, COVARIATES) is model
    assert joblib.hash(model.get_params()) == joblib.hash(parameters)


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        *((name, ()) for name in PREDICTIONS),
        ("score", (SALES,)),
        ("update", (SALES,)),
        ("select", ("sales",)),
    ],
)
def test_methods_of_a_forecaster_need_a_fit(method, arguments):
    with pytest.raises(NotFittedError, match="LSTMForecaster instance is not fitted"):
        getattr(LSTMForecaster(), method)(*arguments)


def test_attributes_of_a_forecaster_need_a_fit():
    assert not hasattr(LSTMForecaster(), "history_")
    assert not hasattr(LSTMForecaster(), "series_names_")


@by_forecaster
def test_forecaster_does_not_change_its_inputs(forecaster):
    y, X = SALES.copy(), COVARIATES.copy()
    y.iloc[5] = np.nan
    # A slice of pandas would be a copy, and no change of it would show in y and X.
    inputs = [y, X, y[:30].copy(), X[:30].copy(), y[30:].copy(), X[30:].copy()]
    before = deepcopy(inputs)
    y, X, past, past_X, later, later_X = inputs
    model = clone(forecaster).fit(past, past_X)
    for method in PREDICTIONS:
        getattr(model, method)(X=later_X)
        getattr(model, method)(X=X, last_window=past)
    model.score(later, later_X)
    model.update(later, later_X)
    model.backtest(y, FOLDS, X)
    assert joblib.hash(inputs) == joblib.hash(before)


def test_forecaster_does_not_change_with_an_array_that_it_was_fitted_on():
    y, X = SALES.to_numpy(copy=True), COVARIATES.to_numpy(copy=True)
    model = LSTMForecaster(Ridge(), horizon=3, past_covariates="all").fit(y, X)
    expected = model.predict()
    y[:], X[:] = 0, 0
    np.testing.assert_array_equal(model.predict(), expected)


@by_forecaster
def test_predictions_do_not_change_a_forecaster(forecaster):
    model = fitted(forecaster)
    before, state = dict(vars(model)), pickle.dumps(model.estimators_)
    for method in PREDICTIONS:
        getattr(model, method)(**FUTURE)
    model.score(SALES[30:], COVARIATES[30:])
    model.backtest(SALES, FOLDS, COVARIATES)
    assert_same_attributes(vars(model), before)
    assert pickle.dumps(model.estimators_) == state


@pytest.mark.parametrize("method", PREDICTIONS)
@by_forecaster
def test_second_fit_and_pickle_predict_the_same(forecaster, method):
    model = fitted(forecaster).set_params(warm_start=False)
    predict = getattr(model, method)
    first = np.asarray(predict(**FUTURE))
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(getattr(copy, method)(**FUTURE), first)
    model.fit(SALES[:30], COVARIATES[:30])
    np.testing.assert_array_equal(predict(**FUTURE), first)


@by_forecaster
def test_names_of_covariates_are_recorded_and_checked(forecaster):
    model = fitted(forecaster)
    assert model.n_features_in_ == 2
    assert model.feature_names_in_.tolist() == ["price", "weather"]
    assert model.feature_names_in_.dtype == object
    swapped = COVARIATES[["weather", "price"]]
    np.testing.assert_array_equal(
        model.predict(X=swapped[30:]), model.predict(**FUTURE)
    )
    with pytest.raises(ValueError, match=r"lacks the columns \['price'\] of fit"):
        model.predict(X=COVARIATES[["weather"]][30:])
    with pytest.raises(ValueError, match=r"lacks the columns \['weather'\] of fit"):
        model.update(SALES[30:], COVARIATES[["price"]][30:])
    model.set_params(past_covariates=[1], warm_start=False)
    model.fit(SALES, COVARIATES.to_numpy())
    assert model.n_features_in_ == 2
    assert not hasattr(model, "feature_names_in_")
    assert model.set_params(past_covariates=()).fit(SALES).n_features_in_ == 0


@pytest.mark.parametrize(
    ("y", "X", "settings"),
    [
        ([*SALES.to_list(), "closed"], None, {}),
        (SALES, COVARIATES * np.inf, {}),
        (SALES, COVARIATES, {"window_size": 100, **COLD}),
        (SALES, COVARIATES, {"log": "yes"}),
        (SALES - 100, COVARIATES, {"log": True, **COLD}),
        (SALES, COVARIATES, {"regressor": LSTMRegressor(alpha=-1), **COLD}),
    ],
)
@by_forecaster
def test_a_failed_fit_leaves_a_forecaster_as_it_was(forecaster, y, X, settings):
    model = fitted(forecaster)
    expected = model.predict(**FUTURE)
    model.set_params(**settings)
    before = dict(vars(model))
    with pytest.raises(ValueError, match=r"y|X|Logarithms|parameter"):
        model.fit(y, X)
    assert_same_attributes(vars(model), before)
    pdt.assert_series_equal(model.predict(**FUTURE), expected)


@by_forecaster
def test_searches_pass_covariates_as_their_second_argument(forecaster):
    grid = {"window_size": [3, 4]}
    with config_context(enable_metadata_routing=True):
        search = GridSearchCV(forecaster, grid, cv=FOLDS, error_score="raise")
        search.fit(SALES, COVARIATES)
    by_hand = clone(forecaster).set_params(window_size=4)
    scores = [
        by_hand.set_params(warm_start=False)
        .fit(SALES[:end], COVARIATES[:end])
        .score(SALES[end : end + 3], COVARIATES[end : end + 3])
        for end in (34, 37)
    ]
    assert search.cv_results_["mean_test_score"][1] == pytest.approx(np.mean(scores))


def test_a_forecaster_has_no_metadata_with_a_row_per_sample():
    requests = LSTMForecaster().get_metadata_routing()
    for method in ("fit", "predict", "score"):
        assert getattr(requests, method).requests == {}
        assert not hasattr(LSTMForecaster(), f"set_{method}_request")


def test_tags_of_a_forecaster_describe_its_series():
    tags = get_tags(LSTMForecaster())
    assert tags.estimator_type is None
    assert tags.requires_fit
    assert not tags.target_tags.required
    assert tags.input_tags.one_d_array
    assert tags.input_tags.two_d_array
    assert tags.input_tags.allow_nan


def test_default_regressor_can_be_tuned():
    grid = {"regressor__dropout": [0.0, 0.9]}
    forecaster = LSTMForecaster(horizon=3, baseline="last", random_state=0)
    search = GridSearchCV(forecaster, grid, cv=FOLDS).fit(SALES)
    first, second = search.cv_results_["mean_test_score"]
    assert first != second
    assert forecaster.regressor is None
    tuned = clone(forecaster).set_params(regressor__dropout=0.0)
    assert tuned.regressor.max_iter == "auto"
    pdt.assert_series_equal(tuned.fit(SALES).predict(), forecaster.fit(SALES).predict())
    assert tuned.estimators_[0].max_iter == 30


def test_parameters_of_the_default_regressor_are_listed():
    parameters = LSTMForecaster().get_params()
    assert parameters["regressor"] is None
    assert parameters["regressor__loss"] == "absolute_error"
    assert "regressor__loss" not in LSTMForecaster().get_params(deep=False)
    with pytest.raises(ValueError, match="Invalid parameter 'droput'"):
        LSTMForecaster().set_params(regressor__droput=0.5)
    forecaster = LSTMForecaster(Ridge())
    forecaster.set_params(regressor=None, regressor__dropout=0.5)
    assert forecaster.regressor.dropout == 0.5
