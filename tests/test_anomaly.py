"""Rows that do not fit: spikes, shifts, drift, holes, and what is said of them."""

import pickle
import tracemalloc

import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.svm import LinearSVR

from sklstm import LSTMAutoencoder, LSTMOutlierDetector, LSTMRegressor
from sklstm._anomaly.scoring import (
    Yardstick,
    from_range_before,
    half_ranges,
    smoothed,
    too_much,
)

RANDOM = np.random.default_rng(0)
STEPS = np.arange(700)
NOISE = 0.05 * RANDOM.normal(size=700)
WAVE = np.sin(0.3 * STEPS) + NOISE
TINY = {"max_iter": 20, "batch_size": 32, "learning_rate": "cosine"}
NETWORK = LSTMRegressor((12,), **TINY)

by_method = pytest.mark.parametrize("method", ["forecast", "reconstruction"])


def detector(method="forecast", **settings):
    estimator = (
        NETWORK
        if method == "forecast"
        else LSTMAutoencoder((12,), n_components=4, **TINY)
    )
    settings = {"random_state": 0, "estimator": estimator, **settings}
    return LSTMOutlierDetector(method=method, **settings)


def flagged(model, series):
    return np.flatnonzero(model.predict(np.reshape(series, (len(series), -1))) == -1)


@pytest.fixture(scope="module")
def on_wave():
    return detector().fit(WAVE[:500, None])


@by_method
def test_a_spike_is_found_and_little_else(method):
    series = WAVE.copy()
    series[600] += 1.5
    found = flagged(detector(method).fit(series[:500, None]), series)
    assert 600 in found
    # Windows that hold the spike may expect it to come back.
    others = found[(found < 600) | (found > 610)]
    assert len(others) < 10


def test_of_a_level_shift_the_step_is_an_outlier_and_the_new_level_is_none(on_wave):
    series = WAVE.copy()
    series[600:] += 3
    found = flagged(on_wave, series)
    assert 600 in found
    assert not len(found[found > 612])


def test_slow_drift_is_no_outlier(on_wave):
    drifting = WAVE + 0.002 * STEPS
    assert len(flagged(on_wave, drifting)) < 10


@by_method
def test_a_constant_series_fits_until_it_moves(method):
    series = np.full(300, 7.0)
    model = detector(method).fit(series[:200, None])
    assert not len(flagged(model, series))
    series[250] = 7.5
    assert flagged(model, series)[0] == 250


def test_missing_readings_are_no_outliers_themselves(on_wave):
    series = WAVE.copy()
    series[600] = np.nan
    scores = on_wave.score_samples(series[:, None])
    assert np.isfinite(scores).all()
    assert scores[600] == 0
    model = detector().fit(np.where(STEPS % 7, WAVE, np.nan)[:500, None])
    assert np.isfinite(model.score_samples(series[:, None])).all()


def test_rows_without_a_whole_past_are_not_judged(on_wave):
    scores = on_wave.score_samples(WAVE[:, None])
    npt.assert_array_equal(scores[:10], 0)
    assert (scores[10:] < 0).all()


def test_no_row_is_scored_from_later_ones(on_wave):
    whole = on_wave.score_samples(WAVE[:, None])
    for end in (550, 601):
        npt.assert_allclose(on_wave.score_samples(WAVE[:end, None]), whole[:end])


def test_later_rows_have_the_past_of_fit():
    days = pd.date_range("2023-01-01", periods=700, freq="D")
    frame = pd.DataFrame({"load": WAVE}, days)
    model = detector().fit(frame[:500])
    npt.assert_allclose(
        model.score_samples(frame[500:]), model.score_samples(frame)[500:]
    )


def test_rows_after_a_gap_since_fit_wait_for_a_whole_past():
    days = pd.date_range("2023-01-01", periods=700, freq="D")
    frame = pd.DataFrame({"load": WAVE + 50}, days)
    model = detector().fit(frame[:500])
    scores = model.score_samples(frame[503:])
    npt.assert_array_equal(scores[:10], 0)
    npt.assert_allclose(scores[10:], model.score_samples(frame)[513:])


def test_series_of_a_panel_do_not_meet():
    both = pd.concat({"a": pd.DataFrame({"x": WAVE}), "b": pd.DataFrame({"x": -WAVE})})
    model = detector().fit(both)
    alone = model.score_samples(both.loc[["b"]])
    npt.assert_allclose(model.score_samples(both)[700:], alone)
    as_column = both.reset_index(level=0, names="machine")
    as_column["machine"] = (as_column["machine"] == "b").astype(float)
    by_column = detector(groups="machine").fit(as_column)
    npt.assert_allclose(by_column.score_samples(as_column)[700:], alone)


def test_errors_that_usually_come_together_count_less():
    usual = RANDOM.normal(size=(2000, 1)) + 0.1 * RANDOM.normal(size=(2000, 2))
    yardstick = Yardstick.of_errors(usual)
    together, apart = yardstick.distances(
        np.array([[2.0, 2.0], [2.0, -2.0]]), "mahalanobis"
    )
    assert apart > 5 * together
    npt.assert_allclose(
        *yardstick.distances(np.array([[2.0, 2], [2, -2]]), "absolute"), rtol=0.2
    )
    squares = yardstick.distances(usual, "mahalanobis") ** 2
    assert squares.mean() == pytest.approx(1, rel=0.1)


def test_one_usual_row_in_a_thousand_is_too_much():
    shares = []
    for seed in range(20):
        random = np.random.default_rng(seed)
        threshold = too_much(np.abs(random.normal(size=1000)), "auto")
        shares.append((np.abs(random.normal(size=20_000)) > threshold).mean())
    assert np.mean(shares) == pytest.approx(1e-3, rel=0.7)
    assert too_much(np.arange(101.0), 0.1) == 90
    assert too_much(np.zeros(50), "auto") == 0


def test_outliers_among_the_rows_held_back_do_not_hide_others():
    clean = RANDOM.normal(size=(1000, 2))
    soiled = clean.copy()
    soiled[:25] += 40
    one, other = (Yardstick.of_errors(errors) for errors in (clean, soiled))
    npt.assert_allclose(other.scale, one.scale, rtol=0.1)
    thresholds = [
        too_much(yardstick.distances(errors, "mahalanobis"), "auto")
        for yardstick, errors in [(one, clean), (other, soiled)]
    ]
    assert thresholds[1] < 1.3 * thresholds[0]
    series = WAVE.copy()
    series[400] += 30  # among those held back
    model = detector().fit(series[:500, None])
    series[600] += 1.5
    assert 600 in flagged(model, series)


def test_distances_are_averaged_over_the_rows_before():
    distances = np.array([0.0, 0, 4, 0, 0])
    average = smoothed(distances, 1)
    weights = 0.5 ** np.arange(5)
    by_hand = [
        (weights[: t + 1][::-1] * distances[: t + 1]).sum() / weights[: t + 1].sum()
        for t in range(5)
    ]
    npt.assert_allclose(average, by_hand)


def test_contamination_is_a_share_of_the_rows_held_back():
    model = detector(contamination=0.1).fit(WAVE[:, None])
    held = model.predict(WAVE[:, None])[-210:]
    assert (held == -1).mean() == pytest.approx(0.1, abs=0.01)


def test_scores_and_labels_agree(on_wave):
    X = WAVE[:, None]
    decision = on_wave.decision_function(X)
    npt.assert_allclose(decision, on_wave.score_samples(X) - on_wave.offset_)
    npt.assert_array_equal(on_wave.predict(X), np.where(decision < 0, -1, 1))
    npt.assert_array_equal(
        clone(on_wave).fit_predict(X), clone(on_wave).fit(X).predict(X)
    )


def test_explanations_name_the_reading_that_is_off():
    days = pd.date_range("2023-01-01", periods=700, freq="D")
    frame = pd.DataFrame({"load": WAVE, "heat": np.cos(0.3 * STEPS) + NOISE}, days)
    model = detector().fit(frame[:500])
    frame.loc[days[600], "heat"] += 2
    lines = model.explain(frame)
    first = lines[lines["row"] == days[600]].iloc[0]
    assert first["feature"] == "heat"
    assert first["reading"] == frame["heat"].iloc[600]
    assert first["expected"] == pytest.approx(np.cos(0.3 * 600), abs=0.3)
    assert first["error"] > 5
    assert set(lines["row"]) == set(days[model.predict(frame) == -1])
    assert not len(model.explain(frame[:500][:20]))


def test_the_same_scores_each_time_also_from_a_file(on_wave):
    scores = on_wave.score_samples(WAVE[:, None])
    again = detector().fit(WAVE[:500, None]).score_samples(WAVE[:, None])
    npt.assert_array_equal(again, scores)
    copy = pickle.loads(pickle.dumps(on_wave))
    npt.assert_array_equal(copy.score_samples(WAVE[:, None]), scores)


def test_default_networks_and_other_regressors_expect_too():
    for method in ("forecast", "reconstruction"):
        model = LSTMOutlierDetector(method=method, random_state=0).fit(WAVE[:200, None])
        assert np.isfinite(model.score_samples(WAVE[:, None])).all()
    assert isinstance(model.estimator_, LSTMAutoencoder)


@pytest.mark.parametrize(
    ("X", "settings", "message"),
    [
        (WAVE[:12, None], {}, "n_samples=12 is too short: window_size=10"),
        (WAVE, {}, "1 dimensions|1D"),
        (np.full((50, 1), np.nan), {}, "columns without a single reading"),
        (np.where(STEPS == 3, np.inf, WAVE)[:, None], {}, "infinity"),
        (WAVE[:, None], {"contamination": 0.7}, "contamination"),
        (WAVE[:, None], {"method": "guess"}, "method"),
        (WAVE[:, None], {"window_size": 0}, "window_size"),
    ],
)
def test_what_cannot_be_learnt_from_is_refused(X, settings, message):
    with pytest.raises(ValueError, match=message):
        detector(**settings).fit(X)


class Last(RegressorMixin, BaseEstimator):
    """Expects no change, so that errors are steps."""

    def fit(self, X, y):
        self.n_outputs_ = y.shape[1]
        return self

    def predict(self, X):
        return np.zeros((len(X), self.n_outputs_))


def test_missing_readings_of_a_row_do_not_make_it_strange():
    shared = RANDOM.normal(size=(4000, 1))
    X = shared + 0.3 * RANDOM.normal(size=(4000, 10))
    model = LSTMOutlierDetector(Last()).fit(X[:3000])
    holed = X[3000:].copy()
    holed[::5][RANDOM.random((200, 10)) < 0.3] = np.nan
    assert (model.predict(holed)[::5] == -1).mean() < 0.02
    # And they do not hide the one reading that is there.
    alone = np.where(np.arange(10) == 3, X[3000:3050], np.nan)
    alone[30, 3] += 30
    assert model.predict(alone)[30] == -1


@pytest.mark.parametrize("reading", [1e160, -1e300])
def test_the_strangest_rows_are_outliers(reading):
    X = RANDOM.normal(size=(600, 2))
    X[550] = reading
    for distance in ("mahalanobis", "absolute"):
        model = LSTMOutlierDetector(Last(), distance=distance).fit(X[:500])
        assert np.isfinite(model.score_samples(X)).all()
        assert model.predict(X)[550] == -1


def test_a_gap_or_a_hole_after_fit_is_no_outlier():
    days = pd.date_range("2023-01-01", periods=700, freq="D")
    frame = pd.DataFrame({"x": 100 + RANDOM.normal(size=700)}, days)
    model = LSTMOutlierDetector(Last()).fit(frame[:500])
    assert model.score_samples(frame[503:])[0] == 0
    frame["x"] += 100 + np.arange(700)
    model.fit(frame[:500])
    holed = frame[500:].copy()
    holed.iloc[:3] = np.nan
    assert (model.score_samples(holed)[:5] > -6).all()


def test_every_column_needs_readings_among_the_last_rows():
    X = RANDOM.normal(size=(500, 2))
    X[300:, 1] = np.nan
    with pytest.raises(ValueError, match=r"have 0 readings of 1 to measure errors on"):
        LSTMOutlierDetector(Last()).fit(X)


def test_few_rows_of_many_features_do_not_all_alarm():
    shares = []
    for seed in range(5):
        random = np.random.default_rng(seed)
        model = LSTMOutlierDetector(Last()).fit(random.normal(size=(200, 10)))
        shares.append((model.predict(random.normal(size=(5000, 10))) == -1).mean())
    assert np.mean(shares) < 0.02


def test_averages_leave_out_what_is_missing():
    averages = smoothed(np.array([4.0, np.nan, 4.0, np.nan, 4.0]), 2)
    npt.assert_allclose(averages, [4, np.nan, 4, np.nan, 4])
    holed = np.where(STEPS % 2, WAVE, np.nan)
    model = detector(halflife=3).fit(holed[:500, None])
    assert (model.predict(WAVE[:, None]) == -1).mean() < 0.1


def test_a_fit_that_fails_changes_nothing(on_wave):
    model = clone(on_wave)
    with pytest.raises(ValueError, match="too short"):
        model.fit(WAVE[:12, None])
    with pytest.raises(NotFittedError):
        model.predict(WAVE[:, None])
    model.fit(WAVE[:500, None])
    with pytest.raises(ValueError, match="too short"):
        model.fit(np.stack([WAVE, WAVE], axis=1)[:12])
    model.set_params(method="reconstruction", distance="absolute", halflife=5)
    npt.assert_array_equal(
        model.score_samples(WAVE[:, None]), on_wave.score_samples(WAVE[:, None])
    )


@pytest.mark.parametrize(
    ("estimator", "method", "message"),
    [
        (LSTMAutoencoder(), "forecast", "needs an estimator with the method predict"),
        (NETWORK, "reconstruction", "needs an estimator with the method reconstruct"),
        (LinearSVR(), "forecast", None),
    ],
)
def test_estimators_fit_the_method(estimator, method, message):
    X = RANDOM.normal(size=(300, 2))
    with pytest.raises(ValueError, match=message):
        LSTMOutlierDetector(estimator, method=method).fit(X)


def test_flat_regressors_expect_too():
    series = WAVE.copy()
    series[600] += 1
    assert 600 in flagged(LSTMOutlierDetector(Ridge()).fit(series[:500, None]), series)


def test_a_range_is_that_of_the_rows_before():
    first = np.array([[-1.0], [1.0]])
    values = np.array([0.0, 1, 3, 3, np.nan, -2, 2])[:, None]
    # Ranges before each row: -1 to 1 three times, then to 3, and from -2.
    by_hand = [0, 1, 3, 1, 0, 3 / 2, 1.5 / 2.5]
    npt.assert_allclose(from_range_before(values, first, None), by_hand)
    # Of the two rows before: -1 to 1, 0 to 1 (half 0.5), 1 to 3, 3 alone, ...
    short = from_range_before(values[:4], first, 2)
    npt.assert_allclose(short, [0, 1, 5, 1])
    ends = np.array([[0.0, 0.0], [2.0, 4.0]])
    npt.assert_allclose(half_ranges(np.array([[1.0, 6], [5, 2]]), ends), [2, 4])


@by_method
def test_what_has_been_there_once_is_no_outlier_the_next_time(method):
    series = WAVE.copy()
    series[600] = series[680] = 4
    found = {}
    for memory in (None, 50):
        model = detector(method, distance="range", memory=memory)
        found[memory] = flagged(model.fit(series[:500, None]), series)
    assert 600 in found[None]
    assert 680 not in found[None]
    assert {600, 680} <= set(found[50])


def test_noise_that_grows_goes_on_being_usual():
    random = np.random.default_rng(0)
    noise = random.normal(size=(5000, 1)) * np.linspace(1, 3, 5000)[:, None]
    shares = {}
    for distance in ("mahalanobis", "range"):
        model = detector(distance=distance).fit(noise[:1000])
        shares[distance] = (model.predict(noise[1000:]) == -1).mean()
    assert shares["range"] < 0.005
    assert shares["mahalanobis"] > 10 * shares["range"]


def test_of_ranges_no_row_is_scored_from_later_ones_or_other_series():
    frame = pd.DataFrame({"x": WAVE, "y": np.roll(WAVE, 5)})
    frame.loc[600, "x"] = np.nan
    panel = pd.concat({"a": frame, "b": 5 - 3 * frame})
    model = detector(distance="range").fit(panel)
    scores = model.score_samples(panel)
    assert np.isfinite(scores).all()
    for key, place in (("a", 0), ("b", 700)):
        for end in (550, 601, 700):
            alone = model.score_samples(panel.loc[[key]][:end])
            npt.assert_allclose(alone, scores[place : place + end])
    # A series that was not there is measured by the ranges of all.
    assert np.isfinite(model.score_samples(pd.concat({"c": frame}))).all()
    npt.assert_array_equal(scores[:10], 0)


@pytest.mark.parametrize("distance", ["mahalanobis", "range"])
def test_a_longer_window_takes_no_more_memory_to_score(distance):
    series = np.random.default_rng(0).normal(size=(300_000, 1))
    peaks = []
    for window_size in (10, 100):
        model = detector(estimator=Last(), window_size=window_size)
        model.set_params(distance=distance).fit(series[:500])
        tracemalloc.start()
        model.score_samples(series)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # All windows of 100 are 240 MB; a block of them is 3 MB.
    assert peaks[1] < peaks[0] + 12e6
    assert peaks[1] < 30 * series.nbytes


def test_fit_copies_the_windows_of_a_series_once():
    series = np.random.default_rng(0).normal(size=(50_000, 1))
    model = detector(estimator=Last(), window_size=100)
    tracemalloc.start()
    model.fit(series)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # 70 % of them, less their last readings: no view of the series any more. Blocks of
    # those to measure errors on come on top.
    assert peak < 1.7 * 0.7 * 100 * series.nbytes
