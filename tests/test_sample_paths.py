"""Sample paths: quantiles of single steps, and of sums over steps."""

import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
from scipy.stats import norm
from sklearn.linear_model import Ridge

from sklstm import LSTMForecaster, LSTMRegressor
from sklstm._forecast.sample_paths import draw_paths, score_levels, step_correlation

SCORES = norm.ppf(score_levels())


def random_walks(n_series, n_timesteps, seed=0):
    """Return series whose steps are independent, (n_timesteps, n_series)."""
    steps = np.random.default_rng(seed).normal(size=(n_timesteps, n_series))
    return 100 + steps.cumsum(axis=0)


def test_paths_have_the_quantiles_of_each_step():
    forecaster = LSTMForecaster(horizon=6, random_state=0).fit(random_walks(3, 60))
    paths = forecaster.sample_paths(20_000, random_state=0)
    levels = [0.05, 0.25, 0.5, 0.75, 0.95]
    quantiles = forecaster.predict_quantiles(quantiles=levels)
    assert paths.shape == (6, 3, 20_000)
    found = np.quantile(paths, levels, axis=2).transpose(1, 2, 0)
    widths = quantiles[:, :, -1:] - quantiles[:, :, :1]
    assert (np.abs(found - quantiles) < 0.03 * widths).all()


def test_intervals_of_totals_reach_their_coverage():
    # The errors of a random walk add up, so the total is less certain than independent
    # steps would make it.
    series = random_walks(400, 72)
    forecaster = LSTMForecaster(horizon=12, random_state=0).fit(series[:60])
    totals = forecaster.sample_paths(400, random_state=0).sum(axis=0)
    lower, upper = np.quantile(totals, [0.05, 0.95], axis=1)
    actual = series[60:].sum(axis=0)
    assert 0.86 < np.mean((lower <= actual) & (actual <= upper)) < 0.96
    # Limits that assume independent steps cover far fewer totals.
    half = (upper - lower) / 2
    independent = forecaster.sample_paths(400, random_state=0)
    random = np.random.default_rng(0)
    independent = random.permuted(independent, axis=2).sum(axis=0)
    narrow = np.ptp(np.quantile(independent, [0.05, 0.95], axis=1), axis=0) / 2
    assert (narrow < 0.7 * half).mean() > 0.95


def test_correlation_is_that_of_the_errors_if_there_are_many():
    random = np.random.default_rng(0)
    walks = random.normal(size=(20_000, 4)).cumsum(axis=1)
    steps = np.arange(1, 5)
    expected = np.sqrt(np.minimum.outer(steps, steps) / np.maximum.outer(steps, steps))
    npt.assert_allclose(step_correlation(walks, 4), expected, atol=0.02)


@pytest.mark.parametrize("errors", [None, np.zeros((1, 4))])
def test_correlation_without_errors_is_that_of_most_series(errors):
    correlation = step_correlation(errors, 4)
    npt.assert_allclose(np.diag(correlation), 1)
    npt.assert_allclose(correlation[0, [1, 3]], [0.55 / np.sqrt(2), 0.55 / 2])


def test_missing_errors_reduce_the_correlation_only():
    random = np.random.default_rng(0)
    errors = random.normal(size=(5000, 3)).cumsum(axis=1)
    errors[random.random(errors.shape) < 0.2] = np.nan
    correlation = step_correlation(errors, 3)
    assert 0.5 < correlation[0, 1] < np.sqrt(1 / 2)
    assert np.linalg.eigvalsh(correlation).min() > 0


def test_paths_follow_the_correlation():
    quantiles = np.tile(SCORES, (1, 2, 1))  # standard normal steps
    correlation = np.array([[1.0, 0.8], [0.8, 1.0]])
    random = np.random.RandomState(0)
    paths = draw_paths(quantiles, SCORES, correlation, 50_000, random)
    npt.assert_allclose(np.corrcoef(paths[0])[0, 1], 0.8, atol=0.01)
    npt.assert_allclose(paths.std(axis=2), 1, atol=0.02)


def test_paths_have_the_form_of_the_forecasts():
    months = pd.period_range("2020-01", periods=40, freq="M")
    y = pd.Series(random_walks(1, 40)[:, 0], months, name="sales")
    forecaster = LSTMForecaster(horizon=4, random_state=0).fit(y)
    paths = forecaster.sample_paths(5, until="2023-06", random_state=0)
    assert list(paths.columns) == [0, 1, 2, 3, 4]
    assert paths.index.equals(forecaster.predict(2).index)
    others = forecaster.sample_paths(5, last_window=y[:30], random_state=0)
    assert others.index[0] == pd.Period("2022-07", "M")


def test_a_seed_reproduces_the_paths_and_no_global_generator_is_touched():
    forecaster = LSTMForecaster(horizon=3, random_state=0).fit(random_walks(1, 40))
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    first, same, other = (forecaster.sample_paths(9, random_state=s) for s in (0, 0, 1))
    npt.assert_array_equal(first, same)
    assert (first != other).any()
    npt.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_paths_of_other_baselines_and_of_quantile_regressors():
    y = random_walks(1, 80)[:, 0]
    plain = LSTMForecaster(Ridge(), horizon=3, baseline="last", random_state=0).fit(y)
    found = np.quantile(plain.sample_paths(20_000, random_state=0), 0.95, axis=1)
    npt.assert_allclose(found, plain.predict_interval()[:, 1], rtol=0.01)
    network = LSTMRegressor(
        (2,), loss="quantile", quantiles=(0.05, 0.5, 0.95), max_iter=3
    )
    forecaster = LSTMForecaster(network, horizon=3, random_state=0).fit(y)
    paths = forecaster.sample_paths(500, random_state=0)
    quantiles = forecaster.predict_quantiles(quantiles=[0.05, 0.5, 0.95])
    assert (paths >= quantiles[:, :1] - 1e-9).all()
    assert (paths <= quantiles[:, 2:] + 1e-9).all()


def test_paths_of_counts_are_not_negative():
    counts = np.random.default_rng(0).poisson(0.4, size=60)
    forecaster = LSTMForecaster(horizon=3, random_state=0).fit(counts)
    assert (forecaster.sample_paths(200, random_state=0) >= 0).all()


@pytest.mark.parametrize(("n_paths", "error"), [(0, ValueError), (2.5, TypeError)])
def test_a_wrong_number_of_paths_is_refused(n_paths, error):
    forecaster = LSTMForecaster(horizon=3, random_state=0).fit(random_walks(1, 40))
    with pytest.raises(error, match="n_paths"):
        forecaster.sample_paths(n_paths)


def test_paths_without_errors_or_quantiles_are_refused():
    settings = {"baseline": "last", "calibration_fraction": None}
    forecaster = LSTMForecaster(Ridge(), horizon=3, **settings).fit(random_walks(1, 40))
    with pytest.raises(ValueError, match="Intervals need validation windows"):
        forecaster.sample_paths()
