"""LSTMOutlierDetector: thresholds that follow the noise, stuck values and targets."""

import pickle
import re

import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import Ridge

from sklstm import LSTMOutlierDetector
from sklstm._anomaly.limits import PAST_ROWS, RECENT_ROWS, Limits, count_separate
from sklstm._anomaly.stuck import LastRun, run_lengths

pytestmark = pytest.mark.filterwarnings(
    "ignore:The errors of the training rows have", "ignore:contamination="
)

# Expects no change, so that errors are differences of neighboring rows.
NO_CHANGE = DummyRegressor(strategy="constant", constant=[0])
RANDOM = np.random.default_rng(0)
NOISE = RANDOM.normal(size=9000)
# A signal whose one-step errors are normal noise.
WALK = np.cumsum(NOISE)[:, None]
FIRST = slice(0, 2000)
LATER = slice(2000, None)


def fitted(X, **settings):
    return LSTMOutlierDetector(NO_CHANGE, **settings).fit(X)


def is_outlier(model, X):
    return model.predict(X) == -1


def after(model, X):
    """Return which rows after the first 2000 are outliers."""
    return is_outlier(model, X)[LATER]


def test_noise_that_grows_raises_few_alarms():
    growing = np.cumsum(NOISE * np.linspace(1, 4, 9000))[:, None]
    share = after(fitted(growing[FIRST]), growing).mean()
    fixed = after(fitted(growing[FIRST], contamination=0.001), growing).mean()
    assert share < 0.005
    assert fixed > 0.1


def test_the_threshold_follows_noise_that_is_louder_after_a_thousand_rows():
    louder = np.where(np.arange(9000) < 4000, 1, 5)
    X = np.cumsum(NOISE * louder)[:, None]
    flagged = is_outlier(fitted(X[FIRST]), X)
    assert flagged[4000:4200].mean() > 0.4
    assert flagged[5200:].mean() < 0.003
    assert flagged[2000:4000].mean() < 0.005


def test_a_fault_of_200_rows_does_not_raise_its_threshold():
    X = WALK.copy()
    X[5000:5200] += np.resize([30, -30], (200, 1))
    flagged = is_outlier(fitted(X[FIRST]), X)
    assert flagged[5000:5200].all()
    # And a spike is found soon after it.
    X[5250:] += 12
    assert is_outlier(fitted(X[FIRST]), X)[5250]


def test_stationary_noise_raises_about_one_alarm_in_a_thousand():
    shares = [
        after(fitted(X[FIRST]), X).mean()
        for seed in range(5)
        for X in [np.cumsum(np.random.default_rng(seed).normal(size=(12_000, 1)), 0)]
    ]
    assert 2e-4 < np.mean(shares) < 2e-3


def sawtooth(n_rows, seed):
    """Return a tank that is filled slowly and emptied at random times."""
    random = np.random.default_rng(seed)
    is_emptied = random.random(n_rows) < 0.01
    steps = 0.01 + 0.002 * random.normal(size=n_rows)
    steps[is_emptied] = -random.uniform(0.5, 1.5, size=is_emptied.sum())
    return steps


def test_normal_peaks_are_no_outliers():
    shares = []
    for seed in range(5):
        X = np.cumsum(sawtooth(8000, seed))[:, None]
        model = fitted(X[FIRST])
        shares.append(after(model, X).mean())
        assert after(fitted(X[FIRST], contamination=0.001), X).mean() < 0.01
        # Four peaks are outliers among the rows of fit.
        steps = sawtooth(8000, seed)
        big = np.flatnonzero(steps[FIRST] < -0.1)
        steps[big[4:]] = 0.01
        few = np.cumsum(steps)[:, None]
        assert after(fitted(few[FIRST]), few).sum() >= 0.9 * (steps[LATER] < -0.1).sum()
    assert np.mean(shares) < 0.002


def test_a_peak_much_larger_than_before_is_an_outlier():
    steps = sawtooth(4000, 0)
    steps[3000] = -3
    X = np.cumsum(steps)[:, None]
    flagged = is_outlier(fitted(X[FIRST]), X)
    assert np.flatnonzero(flagged[LATER])[0] == 1000


def test_peaks_that_hide_faults_warn_and_the_way_out_works(recwarn):
    X = np.cumsum(sawtooth(8000, 0))[:, None]
    with pytest.warns(UserWarning, match="have 25 separate peaks, which") as caught:
        blind = fitted(X[FIRST])
    way_out = re.search(r"contamination=([0-9.]+)\.$", str(caught[0].message))[1]
    recwarn.clear()
    sharper = fitted(X[FIRST], contamination=float(way_out))
    assert not recwarn
    assert -sharper.offset_ < -blind.offset_ / 10


def test_a_column_that_tells_of_peaks_one_row_before_removes_them(recwarn):
    is_on = (np.arange(4001) // 100 % 2).astype(float)
    load = 60 * is_on[:-1] + NOISE[:4000]
    load[3050:3060] += 10
    X = np.column_stack([load, is_on[:-1]])
    with pytest.warns(UserWarning, match="tells of it one row before"):
        blind = LSTMOutlierDetector(Ridge()).fit(X[FIRST])
    assert not is_outlier(blind, X)[3050:3060].any()
    X[:, 1] = is_on[1:]
    recwarn.clear()
    flagged = is_outlier(LSTMOutlierDetector(Ridge()).fit(X[FIRST]), X)
    assert not recwarn
    assert flagged[3050]
    assert flagged[2000:3000].mean() < 0.005


def test_a_rate_below_one_row_warns_and_the_way_out_works(recwarn):
    with pytest.warns(UserWarning, match="of the 600 rows .* than one row") as caught:
        fitted(WALK[FIRST], contamination=0.001)
    way_out = re.search(r"Pass contamination=([0-9.]+) or", str(caught[0].message))[1]
    recwarn.clear()
    fitted(WALK[FIRST], contamination=float(way_out))
    assert not recwarn


def test_many_normal_peaks_in_a_row_are_an_event():
    steps = sawtooth(4000, 1)
    steps[3000:3150:5] = -1.0
    X = np.cumsum(steps)[:, None]
    averaged = fitted(X[FIRST])
    (event,) = averaged.events(X).itertuples()
    assert 3000 < event.start < 3100
    assert 3100 < event.end < 3300
    assert not is_outlier(fitted(X[FIRST], halflife=None), X)[3001:3200].any()
    # Averages need a thousand rows.
    assert not after(fitted(X[1100:2000]), X).any()


def test_small_events_are_left_out_and_close_ones_are_merged():
    X = WALK.copy()
    model = fitted(X[FIRST])
    scores = model.score_samples(X)
    events = model.events(X)
    assert (events["score"] < 1.2 * model.offset_).all()
    n_rows = (scores < model.offset_).sum()
    assert n_rows > 0
    assert len(events) <= n_rows / 2
    X[3000:] += 20
    X[3021:] += 20
    X[3100:] += 20
    events = model.events(X)
    events = events[events["score"] < 2 * model.offset_]
    # 20 rows between two outliers separate two events.
    assert events["start"].to_list() == [3000, 3021, 3100]
    merged = model.events(X, min_gap=21)
    assert merged["n_rows"].max() == 22
    # With a fraction, all outliers are in an event.
    fixed = fitted(X[FIRST], contamination=0.001)
    events = fixed.events(X, min_gap=0)
    assert events["n_rows"].sum() == is_outlier(fixed, X).sum()


def test_a_stuck_value_is_an_outlier_until_it_changes():
    X = np.column_stack([NOISE, RANDOM.normal(size=9000)])
    X[4000:4300, 1] = X[3999, 1]
    X[[4100, 4200], 1] = np.nan
    model = LSTMOutlierDetector(
        DummyRegressor(strategy="constant", constant=[0, 0]), context="assume_next"
    ).fit(X[FIRST])
    for contamination in ("auto", 0.001):
        model.set_params(contamination=contamination).fit(X[FIRST])
        flagged = is_outlier(model, X)
        # All values differ in `fit`: four equal ones are normal.
        assert not flagged[4000:4003].all()
        assert flagged[4003:4100].all()
        assert flagged[4101:4200].all()
        assert flagged[4201:4300].all()
        assert not flagged[4310:4330].any()
        explanation = model.explain(X).drop_duplicates("row").set_index("row")
        assert (explanation["feature"][4003:4300] == 1).all()
        events = model.events(X)
        assert events["feature"][events["n_rows"] > 200].to_list() == [1]
        parts = model.update(X[2000:4100]).predict(X[4100:])
        npt.assert_array_equal(parts == -1, flagged[4100:])


def test_values_that_rest_in_fit_may_rest_later():
    steps = np.where(np.arange(6000) % 20 < 10, NOISE[:6000], 0)
    X = np.cumsum(steps)[:, None]
    model = fitted(X[FIRST])
    assert after(model, X).mean() < 0.005
    # The longest run in fit has 11 equal rows.
    X[5000:5100] = X[4999]
    assert is_outlier(model, X)[5000 + 25 : 5100].all()
    constant = np.ones((1000, 1))
    assert not is_outlier(fitted(constant[:100]), constant).any()


def test_a_change_is_found_if_the_last_rows_of_fit_were_constant():
    steps = np.zeros(3000)
    steps[[100, 500, 900, 2500]] = 1.0
    X = np.cumsum(steps)[:, None]
    flagged = is_outlier(fitted(X[FIRST]), X)
    npt.assert_array_equal(np.flatnonzero(flagged[LATER]), [500])


def test_runs_do_not_depend_on_how_rows_are_split():
    nan = np.nan
    values = np.array([[1.0, 2], [1, nan], [2, 2], [nan, 3], [2, nan], [2, nan]])
    by_hand = [[1, 1], [2, 0], [1, 2], [0, 1], [2, 0], [3, 0]]
    unknown = LastRun.unknown(2)
    npt.assert_array_equal(run_lengths(values, unknown)[0], by_hand)
    for middle in range(7):
        first, last = run_lengths(values[:middle], unknown)
        second, last = run_lengths(values[middle:], last)
        npt.assert_array_equal(np.concatenate([first, second]), by_hand)
        npt.assert_array_equal(last, [[2, 3], [3, 1]])


@pytest.mark.parametrize("kind", ["noise", "peaks", "louder", "missing"])
def test_parts_of_any_size_have_the_scores_of_the_whole(kind):
    steps = sawtooth(6000, 3) if kind == "peaks" else NOISE[:6000].copy()
    steps[4000:] *= 4 if kind == "louder" else 1
    if kind == "missing":
        steps[RANDOM.random(6000) < 0.2] = np.nan
    frame = pd.DataFrame(
        {"x": np.where(np.isnan(steps), np.nan, np.nancumsum(steps))},
        pd.date_range("2024", periods=6000, freq="h"),
    )
    model = fitted(frame[FIRST])
    whole = model.score_samples(frame[LATER])
    parts, start = [], 2000
    for n_rows in (1, 1, 250, 1, 1500, 3, 1200, 1044):
        rows = frame[start : start + n_rows]
        parts.append(model.score_samples(rows))
        model = pickle.loads(pickle.dumps(model)).update(rows)
        start += n_rows
    assert start == 6000
    npt.assert_array_equal(np.concatenate(parts), whole)


def settings(**changes):
    return fitted(WALK[:200], **changes)._settings


def test_limits_follow_the_rows_that_the_documentation_names():
    normal = np.abs(np.random.default_rng(1).normal(size=3000))
    limits = Limits.from_distances([normal], normal, 3.5, settings())
    assert not limits.has_peaks
    level = np.quantile(normal, 0.75, method="higher")
    row = np.full(1, 2.0)
    first = limits.first_past()
    for n_ago, is_followed in {
        RECENT_ROWS - 1: False,
        RECENT_ROWS: True,
        RECENT_ROWS + PAST_ROWS: False,
    }.items():
        # 1000 rows of a larger level, the last of them n_ago rows ago.
        before = np.full(5000, 0.1)
        before[len(before) - n_ago - 999 : len(before) - n_ago + 1] = 2 * level
        _, past = limits.scores(before, first)
        # One row of 1000 decides nothing; 999 of them do.
        score = limits.scores(row, past)[0][0]
        expected = 1.0 if n_ago <= RECENT_ROWS else 2.0
        assert score == pytest.approx(expected), (n_ago, is_followed)


def test_peaks_are_counted_once_a_window():
    rows = np.array([0, 3, 11, 12, 30, 41, 42])
    assert count_separate(rows, settings(window_size=10)) == 4
    assert count_separate(rows, settings(window_size=30)) == 2
    assert count_separate(rows[:0], settings()) == 0


COMMANDS = (RANDOM.random((9000, 3)) < [0.02, 0.3, 0]).astype(float)
COMMANDS[5000:5100, 2] = 1


def with_commands(X):
    return pd.DataFrame(
        np.column_stack([X, COMMANDS]), columns=["level", "heat", "pump", "new"]
    )


def test_commands_are_not_scored():
    X = with_commands(WALK)
    four = DummyRegressor(strategy="constant", constant=[0, 0, 0, 0])
    model = LSTMOutlierDetector(four).fit(X[FIRST])
    alone = fitted(X[["level"]][FIRST])
    npt.assert_allclose(model.score_samples(X), alone.score_samples(X[["level"]]))
    comparison = model.compare(X)
    assert comparison["error"][["heat", "pump", "new"]].isna().all(axis=None)
    assert comparison["error"]["level"][10:].notna().all()
    assert set(model.explain(X)["feature"]) <= {"level"}
    everything = LSTMOutlierDetector(four, targets="all").fit(X[FIRST])
    assert is_outlier(everything, X)[5000]
    # A state that was always on is scored.
    always = np.where(np.arange(9000) == 7000, 0, 1)
    model.fit(X[FIRST].assign(pump=always[FIRST]))
    flagged = is_outlier(model, X.assign(pump=always))
    assert flagged[7000]
    assert not flagged[5000]
    # If there is nothing else, commands are scored.
    three = DummyRegressor(strategy="constant", constant=[0, 0, 0])
    commands = LSTMOutlierDetector(three).fit(X.iloc[FIRST, 1:])
    assert is_outlier(commands, X.iloc[:, 1:])[5000]


def test_targets_are_names_or_positions():
    X = with_commands(WALK)
    four = DummyRegressor(strategy="constant", constant=[0, 0, 0, 0])
    by_name, by_position = (
        LSTMOutlierDetector(four, targets=targets).fit(X[FIRST]).score_samples(X)
        for targets in (["new", "level"], [0, 3])
    )
    npt.assert_array_equal(by_name, by_position)
    assert by_name[5000] < -1e3
    for targets in (["speed"], [], [4]):
        with pytest.raises(ValueError, match=r"must name columns.*'level'.*'all'"):
            LSTMOutlierDetector(four, targets=targets).fit(X[FIRST])


def test_positions_of_targets_are_those_of_x():
    X = np.column_stack([np.arange(9000.0), WALK, WALK[::-1]])
    two = DummyRegressor(strategy="constant", constant=[0, 0])
    model = LSTMOutlierDetector(two, time=0, targets=[2]).fit(X[FIRST])
    error = model.compare(X)["error"]
    assert error[1].isna().all()
    assert error[2][10:].notna().all()
    with pytest.raises(ValueError, match="must name columns"):
        model.set_params(targets=[0]).fit(X[FIRST])


def test_a_column_that_was_constant_is_expected_to_stay_so():
    X = np.column_stack([NOISE, np.full(9000, 7.0)])
    X[5000:, 1] = 8
    model = LSTMOutlierDetector(
        DummyRegressor(strategy="constant", constant=[0, 0.3]), random_state=0
    ).fit(X[FIRST])
    expected = model.compare(X)["expected"][1]
    npt.assert_array_equal(expected[10:5001], 7)
    npt.assert_array_equal(expected[5001:], 8)
    flagged = is_outlier(model, X)
    assert flagged[5000]
    assert flagged[5001:5200].mean() < 0.02
