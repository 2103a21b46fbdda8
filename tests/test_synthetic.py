"""Properties of made-up series that hold for every seed."""

import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest

from sklstm._synthetic.calendar import (
    days_of_month,
    days_of_steps,
    days_of_year,
    weekdays,
)
from sklstm._synthetic.calendar_effects import calendar_effects, closures, month_ends
from sklstm._synthetic.counts import as_counts
from sklstm._synthetic.disturbances import outages, with_regimes
from sklstm._synthetic.gaussian_processes import gaussian_processes
from sklstm._synthetic.mixture import mixture
from sklstm._synthetic.noise import arma, mean_reverting
from sklstm._synthetic.seasons import day_profiles, patterns, related_lengths, seasons
from sklstm._synthetic.series import synthetic_series
from sklstm._synthetic.smoothing import smoothing_series


@pytest.fixture
def random():
    return np.random.default_rng(0)


def test_a_mixture_has_the_shares_and_the_series_of_its_makers(random):
    def number(value):
        return lambda _, n_series, length: np.full((n_series, length), value)

    series = mixture(random, 10_000, {number(1): 0.2, number(5): 0.8}, 3)
    assert series.shape == (10_000, 3)
    npt.assert_array_equal(series, series[:, :1].repeat(3, axis=1))
    assert (series[:, 0] == 5).mean() == pytest.approx(0.8, abs=0.02)
    # The order is random.
    assert (series[:5000, 0] == 5).mean() == pytest.approx(0.8, abs=0.02)


def test_arma_is_the_filter_of_its_equation(random):
    shocks = random.normal(size=(2, 20))
    ar, ma = np.array([0.9, -0.5]), np.array([0.3, 0])
    expected = np.zeros((2, 20))
    for n in range(2):
        for t in range(20):
            past = (expected[n, t - 1], shocks[n, t - 1]) if t else (0, 0)
            expected[n, t] = ar[n] * past[0] + shocks[n, t] + ma[n] * past[1]
    npt.assert_allclose(arma(shocks, ar, ma), expected)


def test_mean_reverting_series_have_the_same_variance_at_all_steps(random):
    series = mean_reverting(random, 4000, 60)
    npt.assert_allclose(series.mean(axis=0), 0, atol=0.1)
    start, end = series[:, :10].var(), series[:, -10:].var()
    assert start == pytest.approx(end, rel=0.15)


@pytest.mark.parametrize("length", [2, 3, 7, 12, 24, 52, 365])
def test_patterns_have_mean_0_and_standard_deviation_1(random, length):
    drawn = patterns(random, 100, length)
    npt.assert_allclose(drawn.mean(axis=2), 0, atol=1e-9)
    # A pattern without a peak is flat.
    is_flat = drawn.std(axis=2) == 0
    npt.assert_allclose(drawn.std(axis=2)[~is_flat], 1, atol=1e-3)
    assert is_flat.mean() < 0.3


def test_half_of_the_seasons_repeat_exactly(random):
    season = seasons(random, 1000, 36, 12)
    repeats = np.isclose(season[:, 12:], season[:, :-12]).all(axis=1)
    assert 0.25 < repeats.mean() < 0.6


def test_day_profiles_repeat_after_seven_days_with_one_weekend(random):
    season = day_profiles(random, 50, 24 * 21, 24)
    npt.assert_array_equal(season[:, 168:], season[:, :-168])
    days = season[:, :168].reshape(50, 7, 24)
    same_as_next = (days == np.roll(days, -1, axis=1)).all(axis=2)
    # Two changes in a week: to the weekend and back.
    npt.assert_array_equal(same_as_next.sum(axis=1), 5)


def test_related_lengths_are_parts_and_multiples():
    assert related_lengths(12) == [3, 4, 6, 24, 48]
    assert related_lengths(7) == [2, 3, 14, 28]
    assert min(related_lengths(2)) > 1


@pytest.mark.parametrize("season_length", [5, 7, 24, 48])
def test_days_of_steps_are_those_of_pandas(random, season_length):
    freq = {5: "B", 7: "D", 24: "h", 48: "30min"}[season_length]
    times = pd.date_range("2003-12-30", periods=700, freq=freq)
    days = days_of_steps(random, 2, 700, season_length, np.datetime64("2003-12-30"))
    expected = times.normalize()
    for row in days:
        npt.assert_array_equal(row, expected.to_numpy().astype("datetime64[D]"))
    npt.assert_array_equal(weekdays(days[0]), expected.day_of_week)
    npt.assert_array_equal(days_of_year(days[0]), expected.day_of_year - 1)
    from_start, from_end = days_of_month(days[0])
    npt.assert_array_equal(from_start, expected.day - 1)
    npt.assert_array_equal(from_end, expected.days_in_month - expected.day)


def test_random_first_days_differ(random):
    days = days_of_steps(random, 100, 3, 7)
    assert len(np.unique(weekdays(days[:, 0]))) == 7


def test_effects_of_the_month_depend_on_the_day_of_the_month(random):
    days = days_of_steps(random, 20, 365, 7, np.datetime64("2001-01-01"))
    effects = pd.DataFrame(month_ends(random, days).T)
    from_start, from_end = days_of_month(days[0])
    by_start = effects.groupby(from_start).std().max()
    by_end = effects.groupby(from_end).std().max()
    assert (np.minimum(by_start, by_end) < 1e-9).all()
    assert (effects.std() > 0).all()


def test_half_of_the_series_have_no_calendar_effects(random):
    days = days_of_steps(random, 1000, 365, 7)
    effects = calendar_effects(random, days)
    assert (effects == 0).all(axis=1).mean() == pytest.approx(0.45, abs=0.06)


def test_closed_days_are_weekends_and_holidays(random):
    days = days_of_steps(random, 2000, 730, 7, np.datetime64("2001-01-01"))
    closed = closures(random, days)
    assert 0.05 < closed.any(axis=1).mean() < 0.2
    often = closed.mean(axis=1) > 0.1
    sundays = weekdays(days) == 6
    assert closed[often][sundays[often]].all()
    npt.assert_array_equal(closed[~often, :365], closed[~often, 365:])


def test_counts_are_whole_numbers_that_follow_the_series(random):
    series = np.repeat([[1.0], [3.0]], 4000, axis=0).repeat(2, axis=1)
    series[:, 1] *= 2
    counts = as_counts(random, series)
    npt.assert_array_equal(counts % 1, 0)
    assert counts[:, 1].mean() == pytest.approx(2 * counts[:, 0].mean(), rel=0.05)
    assert (as_counts(random, -series) == 0).all()


def test_outages_are_short(random):
    closed = outages(random, 1000, 200)
    assert 0.9 < closed.any(axis=1).mean() <= 1
    assert closed.mean() < 0.1


def test_a_new_regime_begins_where_the_old_one_ended_or_jumps(random):
    lines = np.outer(np.arange(1000.0), np.arange(30))
    changed = with_regimes(random, lines, np.arange(1000)[:, None] % 2 == 0)
    npt.assert_array_equal(changed[1::2], lines[1::2])
    growth = np.diff(changed[2::2], axis=1)
    own, previous = np.arange(2, 1000, 2), np.arange(1, 999, 2)
    # Growth is that of the series until the change and that of the one before after it.
    is_own = growth == own[:, None]
    is_previous = growth == previous[:, None]
    n_jumps = (~is_own & ~is_previous).sum(axis=1)
    assert n_jumps.max() == 1
    assert n_jumps.mean() < 0.4


def test_gaussian_processes_have_a_standard_deviation_of_1(random):
    series = gaussian_processes(random, 100, 80, 12)
    npt.assert_allclose(series.std(axis=1), 1, rtol=1e-3)


def test_smoothing_series_have_a_season_only_if_asked(random):
    def correlation(season_length):
        changes = np.diff(smoothing_series(random, 300, 101, season_length), axis=1)
        changes -= changes.mean(axis=1, keepdims=True)
        changes /= changes.std(axis=1, keepdims=True)
        return (changes[:, 12:] * changes[:, :-12]).mean()

    assert correlation(12) > 0.25
    assert abs(correlation(1)) < 0.05


def test_hours_return_to_their_mean_more_often_than_months(random):
    def wandering(season_length):
        series = synthetic_series(random, 1000, 12 * season_length, season_length)
        means = series.reshape(1000, 12, season_length).mean(axis=2)
        moves, spread = np.abs(means[:, -1] - means[:, 0]), series.std(axis=1)
        return np.median(moves[spread > 0] / spread[spread > 0])

    assert wandering(12) > 1.3 * wandering(24)


@pytest.mark.parametrize("season_length", [1, 2, 3, 5, 10, 60, 365, 1440])
def test_any_season_length_and_any_number_of_steps_work(season_length):
    for seed, (n_series, n_timesteps) in enumerate([(0, 5), (1, 1), (3, 2), (200, 90)]):
        random = np.random.default_rng(seed)
        series = synthetic_series(random, n_series, n_timesteps, season_length)
        assert series.shape == (n_series, n_timesteps)
        assert np.isfinite(series).all()


def test_series_need_no_other_source_of_random_numbers():
    first, same = (
        synthetic_series(np.random.default_rng(3), 50, 40, 7) for _ in range(2)
    )
    npt.assert_array_equal(first, same)
