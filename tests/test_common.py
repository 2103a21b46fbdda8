"""The estimators against scikit-learn's own checks."""

import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.utils import estimator_checks, get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklstm import (
    LSTMAutoencoder,
    LSTMClassifier,
    LSTMOutlierDetector,
    LSTMRegressor,
    SequenceEncoder,
    SlidingWindowTransformer,
)
from sklstm.testing import expected_failed_checks

ESTIMATORS = [
    LSTMAutoencoder((8,), n_components=3, max_iter=40),
    LSTMAutoencoder(
        (6, 4), n_components=2, bidirectional=True, pooling="attention", max_iter=20
    ),
    LSTMClassifier(),
    LSTMClassifier(
        (10,),
        cell="gru",
        bidirectional=True,
        pooling="attention",
    ),
    LSTMRegressor(),
    LSTMRegressor(
        (8, 6),
        cell="gru",
        bidirectional=True,
        pooling="attention",
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
        pooling="mean",
        learning_rate_init=0.03,
        max_iter=100,
        shuffle=False,
    ),
    LSTMOutlierDetector(window_size=3),
    LSTMOutlierDetector(
        window_size=4, method="reconstruction", distance="absolute", halflife=2
    ),
    LSTMOutlierDetector(window_size=3, distance="range", range_window=20),
    SlidingWindowTransformer(),
    SlidingWindowTransformer(window_size=3, shift=2, padding="mean", flatten=True),
]

# Those that scikit-learn runs on its own transformers only.
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


# Those that fit on no numbers. Of an estimator that takes strings and no numbers
# `check_estimator` itself runs the first only.
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


# An unexpected pass fails too: pyproject.toml makes pytest strict. Some checks fit for
# few epochs only.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks(ESTIMATORS, expected_failed_checks=expected_failed_checks)
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
def test_encoder_of_symbols_keeps_the_contract(name):
    getattr(estimator_checks, name)("SequenceEncoder", SequenceEncoder())


def test_encoder_of_symbols_says_that_it_reads_strings_like_count_vectorizer():
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
