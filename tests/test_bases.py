"""Base forecasts: exponential smoothing by hand, known answers, backtests."""

import numpy as np
import numpy.testing as npt
import pytest

from sklstm._forecast.baselines import (
    two_season_forecasts,
    two_season_mean_forecasts,
)
from sklstm._forecast.bases import BASES, N_BASES, base_forecasts, context_size
from sklstm._forecast.exponential_smoothing import (
    ALPHA,
    BETA,
    GAMMA,
    N_SETTINGS,
    PHI,
    SETTINGS,
    smooth,
)

NAN = np.nan
PATTERN = np.array([3.0, -1, 4, -2])


def noise(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def bases_of(y, season_length, horizon):
    """Return the base forecasts of one series or of many, as they are and by name."""
    windows = np.atleast_2d(y)
    bases = base_forecasts(windows, season_length, horizon, np.float64)
    forecasts = bases.unscale(bases.forecasts)
    by_name = dict(zip(BASES, np.moveaxis(forecasts, 2, 0), strict=True))
    return bases, by_name


def smooth_by_hand(y, number, season_length, horizon):
    """Smooth one series in a loop, as the docstring of `smooth` describes."""
    alpha, beta, gamma, phi = (p[number] for p in (ALPHA, BETA, GAMMA, PHI))
    season = np.zeros(season_length)
    if gamma > 0 and season_length > 1 and len(y) >= 2 * season_length:
        seasons = y[: 3 * season_length].reshape(-1, season_length)
        means = seasons.mean(axis=1)
        growth = (means[1] - means[0]) / season_length
        line = growth * (np.arange(season_length) - (season_length - 1) / 2)
        season = (seasons - means[:, None] - line).mean(axis=0)
    n_first = np.clip(2 * season_length, 2, 12)
    repeated = np.resize(season, len(y))
    level, trend = (y - repeated)[:n_first].mean(), 0.0
    for step, value in enumerate(y):
        place = step % season_length
        error = value - (level + phi * trend + season[place])
        level = level + phi * trend + alpha * error
        trend = phi * trend + alpha * beta * error
        if gamma > 0 and season_length > 1 and len(y) >= 2 * season_length:
            season[place] += gamma * (1 - alpha) * error
    steps = np.arange(1, horizon + 1)
    sums = np.cumsum(phi**steps)
    return level + sums * trend + season[(len(y) + steps - 1) % season_length]


@pytest.mark.parametrize("number", range(N_SETTINGS))
@pytest.mark.parametrize(("season_length", "n_values"), [(1, 9), (4, 5), (4, 23)])
def test_smoothing_follows_its_equations(number, season_length, n_values):
    y = noise(n_values) + np.resize(PATTERN, n_values)
    padded = np.r_[7.0, 7.0, 7.0, y]  # The values before the first step are ignored.
    values = np.c_[padded, noise(n_values + 3)]
    (state,) = smooth(values, np.array([3, 0]), season_length, [n_values + 3])
    expected = smooth_by_hand(y, number, season_length, 6)
    npt.assert_allclose(state.forecasts(6)[:, number, 0], expected)


def test_states_before_an_origin_are_those_of_the_cut_series():
    values, first = noise(30, 3), np.array([0, 2, 9])
    early, late = smooth(values, first, 4, [22, 30])
    (of_cut,) = smooth(values[:22], first, 4, [22])
    npt.assert_allclose(early.forecasts(5), of_cut.forecasts(5))
    assert (early.origin, late.origin) == (22, 30)
    # Setting 3 of the second series alone.
    npt.assert_array_equal(
        late.select([1]).forecasts(2)[:, 3, 0], late.forecasts(2)[:, 3, 1]
    )


@pytest.mark.parametrize("value", [0.0, -3.0, 1e6])
@pytest.mark.parametrize("n_values", [1, 2, 3, 30])
def test_constant_series_are_continued_by_all_bases(value, n_values):
    bases, by_name = bases_of(np.full(n_values, value), 4, 6)
    # The unit is a millionth of the value.
    npt.assert_allclose(bases.forecasts, 0, atol=1e-8)
    for forecasts in by_name.values():
        npt.assert_array_equal(forecasts, value)


def test_straight_lines_are_continued_by_trends():
    line = 0.5 * np.arange(600.0)
    numbers = [n for n in range(N_SETTINGS) if PHI[n] == 1 and BETA[n] > 0]
    assert len(numbers) == 3
    (state,) = smooth(line[:, None], np.zeros(1, int), 1, [600])
    expected = 0.5 * np.arange(600, 605)
    for number in numbers:
        npt.assert_allclose(state.forecasts(5)[:, number, 0], expected, atol=0.05)
    _, by_name = bases_of(line[:60], 4, 4)
    npt.assert_allclose(by_name["growth"], [0.5 * np.arange(60, 64)])


def test_seasons_are_repeated_by_bases_with_a_season():
    y = 20 + np.tile(PATTERN, 9)
    _, by_name = bases_of(y, 4, 7)
    seasonal = ["season", "growth", "seasonal mean", "two seasons"]
    seasonal += [f"smoothing {name}" for name in SETTINGS if "season" in name]
    # The logarithms of a pattern are a pattern.
    seasonal += [f"log smoothing {name}" for name in SETTINGS if "season" in name]
    for name in seasonal:
        npt.assert_allclose(by_name[name], [np.resize(y, 7)], err_msg=name)
    npt.assert_allclose(by_name["mean"], 21)
    npt.assert_allclose(by_name["last"], 18)


def test_the_theta_method_adds_half_of_the_gradient():
    y = noise(40) + 0.3 * np.arange(40)
    _, by_name = bases_of(y, 1, 5)
    gradient, _ = np.polyfit(np.arange(40), y, 1)
    level = smooth_by_hand(y, 1, 1, 5)
    expected = level + gradient / 2 * np.arange(1, 6)
    npt.assert_allclose(by_name["theta"], [expected], rtol=1e-6)


def test_hours_have_a_day_and_a_week():
    hours = np.arange(24 * 15)
    day, is_weekend = np.sin(2 * np.pi * hours / 24), hours // 24 % 7 >= 5
    y = 10 + day * np.where(is_weekend, 0.2, 2.0)
    known, actual = y[: 24 * 12], y[24 * 12 : 24 * 13]  # Friday, then Saturday
    assert is_weekend[24 * 12]
    forecasts = two_season_forecasts(known[None], 24, 24)[0]
    npt.assert_allclose(forecasts, actual)
    _, by_name = bases_of(known, 24, 24)
    npt.assert_allclose(by_name["two seasons"][0], actual)
    assert np.abs(by_name["season"][0] - actual).mean() > 1
    # A higher level than a week before is half kept.
    raised = known + np.where(np.arange(len(known)) >= 24 * 11, 3.0, 0.0)
    npt.assert_allclose(two_season_forecasts(raised[None], 24, 24)[0], actual + 1.5)


def test_weeks_of_hours_have_a_mean_pattern():
    week, day = noise(168), noise(24, seed=1)
    weeks = [week + change for change in (0.0, 1.0, 3.0)]
    y = np.r_[day, np.concatenate(weeks)]
    forecasts = two_season_mean_forecasts(y[None], 24, 30)[0]
    # The last two weeks have the pattern of one week, and the level of the last.
    npt.assert_allclose(forecasts, weeks[2][:30])
    # A higher last day raises the forecast by half, beside its part of the mean.
    higher = y + np.where(np.arange(len(y)) >= len(y) - 24, 7.0, 0.0)
    pattern_change = 1.0 + np.r_[np.zeros(144), np.full(24, 7.0)] / 3 - 7 / 21
    change = 7 + weeks[2][-24:].mean() - (weeks[2] + pattern_change)[-24:].mean()
    expected = (weeks[2] + pattern_change)[:30] + change / 2
    npt.assert_allclose(two_season_mean_forecasts(higher[None], 24, 30)[0], expected)
    # Less than two weeks have the mean pattern of their days.
    _, by_name = bases_of(y[-300:], 24, 30)
    npt.assert_allclose(by_name["two seasons mean"], by_name["seasonal mean"])


def panel(n_timesteps=40):
    """Return positive series with seasons, of different lengths, and one with none."""
    y = 30 + np.resize(PATTERN, n_timesteps) + noise(5, n_timesteps)
    y[4] -= 32  # This series has negative values.
    for row, n_missing in enumerate([0, 3, 22, n_timesteps - 1, 0]):
        y[row, :n_missing] = NAN
    return y


@pytest.mark.parametrize("season_length", [1, 4, 7])
def test_bases_of_a_panel_are_those_of_each_series(season_length):
    y = panel()
    of_all = base_forecasts(y, season_length, 9, np.float64)
    for row, one in enumerate(y):
        # Missing values before the first one change nothing.
        for alone in (one, one[~np.isnan(one)]):
            of_one = base_forecasts(alone[None], season_length, 9, np.float64)
            for actual, expected in zip(of_all, of_one, strict=True):
                npt.assert_allclose(actual[row], expected[0], rtol=1e-9, atol=1e-9)


def test_scaled_series_have_scaled_bases():
    y = panel()
    bases, by_name = bases_of(y, 4, 6)
    for factor in (1e-6, 1000.0):
        of_scaled, scaled_by_name = bases_of(factor * y, 4, 6)
        npt.assert_allclose(of_scaled.summary, bases.summary, atol=1e-5)
        for name in BASES:
            expected = factor * by_name[name]
            npt.assert_allclose(scaled_by_name[name], expected, rtol=1e-6)


def test_shifted_series_have_shifted_bases_without_logarithms():
    y = panel()
    _, by_name = bases_of(y, 4, 6)
    _, shifted = bases_of(y + 50, 4, 6)
    for name in BASES:
        if not name.startswith("log "):
            npt.assert_allclose(shifted[name], 50 + by_name[name], rtol=1e-3)


def test_only_positive_series_have_logarithms():
    y = panel()
    _, by_name = bases_of(y, 4, 6)
    plain, logs = (
        np.stack([by_name[f"{prefix}smoothing {name}"] for name in SETTINGS])
        for prefix in ("", "log ")
    )
    npt.assert_allclose(logs[:, 4], plain[:, 4])
    assert (np.abs(logs[:, 0] - plain[:, 0]).max(axis=1) > 1e-3).all()
    # Exponential growth is a line in logarithms.
    growing = 1.02 ** np.arange(200)
    _, by_name = bases_of(growing, 1, 3)
    name = SETTINGS[9]
    expected = [1.02 ** np.arange(200, 203)]
    npt.assert_allclose(by_name[f"log smoothing {name}"], expected, rtol=0.01)


def test_backtests_are_forecasts_of_the_cut_series():
    y = panel()[:2, 3:]
    bases = base_forecasts(y, 4, 5, np.float64)
    errors = 0
    for origin in (27, 32):  # Two times, five steps are held out.
        of_cut = base_forecasts(y[:, :origin], 4, 5, np.float64)
        forecasts = of_cut.unscale(of_cut.forecasts)
        actual = y[:, origin : origin + 5, None]
        errors += np.abs(forecasts - actual).mean(axis=1) / 2
    expected = np.log(errors / bases.size[:, None] + 0.05)
    plain = [not name.startswith("log ") for name in BASES]
    npt.assert_allclose(bases.log_errors[:, plain], expected[:, plain], rtol=1e-6)
    # The unit of logarithms is the mean of all values, which changes nothing.
    npt.assert_allclose(bases.log_errors, expected, rtol=1e-6)


def test_short_series_have_no_backtest():
    # A backtest needs four values, and a season plus one, before its first step.
    assert np.ptp(base_forecasts(noise(1, 5), 1, 3).log_errors) > 0
    bases = base_forecasts(noise(3, 4), 1, 3)
    npt.assert_array_equal(bases.log_errors, np.float32(np.log(1.05)))
    assert bases.forecasts.shape == (3, 3, N_BASES)
    assert np.isfinite(bases.recent).all()


@pytest.mark.parametrize("season_length", [1, 4, 7, 12, 24, 52, 1440])
def test_contexts_hold_at_least_three_seasons(season_length):
    assert context_size(season_length) >= max(60, 3 * season_length)
