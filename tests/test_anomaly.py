"""LSTMOutlierDetector: spikes, shifts, drift, missing values and explanations."""

import pickle
import tracemalloc

import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.svm import LinearSVR

from sklstm import LSTMAutoencoder, LSTMOutlierDetector, LSTMRegressor
from sklstm._anomaly.averages import smooth
from sklstm._anomaly.errors import ErrorScaler
from sklstm._anomaly.ranges import PastExtremes, distances_from_range
from sklstm._anomaly.threshold import outlier_threshold
from sklstm.anomaly import default_estimator

RANDOM = np.random.default_rng(0)
STEPS = np.arange(700)
NOISE = 0.05 * RANDOM.normal(size=700)
WAVE = np.sin(0.3 * STEPS) + NOISE
TINY = {"max_iter": 20, "batch_size": 32, "learning_rate": "cosine"}
NETWORK = LSTMRegressor((12,), **TINY)
AUTOENCODER = LSTMAutoencoder(hidden_layer_sizes=(12,), n_components=4, **TINY)

by_method = pytest.mark.parametrize("method", ["forecast", "reconstruction"])


def detector(method="forecast", **settings):
    estimator = NETWORK if method == "forecast" else AUTOENCODER
    settings = {"random_state": 0, "estimator": estimator, **settings}
    return LSTMOutlierDetector(method=method, **settings)


def flagged(model, series):
    return np.flatnonzero(model.predict(np.reshape(series, (len(series), -1))) == -1)


@pytest.fixture(scope="module")
def on_wave():
    return detector().fit(WAVE[:500, None])


@by_method
def test_a_spike_is_flagged_and_little_else(method):
    series = WAVE.copy()
    series[600] += 1.5
    found = flagged(detector(method).fit(series[:500, None]), series)
    assert 600 in found
    # Windows that contain the spike may expect another one.
    others = found[(found < 600) | (found > 610)]
    assert len(others) < 10


def test_only_the_step_of_a_level_shift_is_flagged(on_wave):
    series = WAVE.copy()
    series[600:] += 3
    found = flagged(on_wave, series)
    assert 600 in found
    assert not len(found[found > 612])


def test_slow_drift_is_not_flagged(on_wave):
    drifting = WAVE + 0.002 * STEPS
    assert len(flagged(on_wave, drifting)) < 10


@by_method
def test_a_change_of_a_constant_series_is_flagged(method):
    series = np.full(300, 7.0)
    model = detector(method).fit(series[:200, None])
    assert not len(flagged(model, series))
    series[250] = 7.5
    assert flagged(model, series)[0] == 250


def test_missing_values_are_not_flagged(on_wave):
    series = WAVE.copy()
    series[600] = np.nan
    scores = on_wave.score_samples(series[:, None])
    assert np.isfinite(scores).all()
    assert scores[600] == 0
    model = detector().fit(np.where(STEPS % 7, WAVE, np.nan)[:500, None])
    assert np.isfinite(model.score_samples(series[:, None])).all()


def test_rows_without_a_complete_window_are_not_scored(on_wave):
    scores = on_wave.score_samples(WAVE[:, None])
    npt.assert_array_equal(scores[:10], 0)
    assert (scores[10:] < 0).all()


def test_scores_do_not_depend_on_later_rows(on_wave):
    whole = on_wave.score_samples(WAVE[:, None])
    for end in (550, 601):
        npt.assert_allclose(on_wave.score_samples(WAVE[:end, None]), whole[:end])


def test_the_last_rows_of_fit_complete_later_windows():
    days = pd.date_range("2023-01-01", periods=700, freq="D")
    frame = pd.DataFrame({"load": WAVE}, days)
    model = detector().fit(frame[:500])
    npt.assert_allclose(
        model.score_samples(frame[500:]), model.score_samples(frame)[500:]
    )


def test_rows_after_a_gap_since_fit_have_no_complete_window():
    days = pd.date_range("2023-01-01", periods=700, freq="D")
    frame = pd.DataFrame({"load": WAVE + 50}, days)
    model = detector().fit(frame[:500])
    scores = model.score_samples(frame[503:])
    npt.assert_array_equal(scores[:10], 0)
    npt.assert_allclose(scores[10:], model.score_samples(frame)[513:])


def test_windows_do_not_cross_the_series_of_a_panel():
    both = pd.concat({"a": pd.DataFrame({"x": WAVE}), "b": pd.DataFrame({"x": -WAVE})})
    model = detector().fit(both)
    alone = model.score_samples(both.loc[["b"]])
    npt.assert_allclose(model.score_samples(both)[700:], alone)
    as_column = both.reset_index(level=0, names="machine")
    as_column["machine"] = (as_column["machine"] == "b").astype(float)
    by_column = detector(groups="machine").fit(as_column)
    npt.assert_allclose(by_column.score_samples(as_column)[700:], alone)


def test_errors_that_normally_occur_together_count_less():
    normal = RANDOM.normal(size=(2000, 1)) + 0.1 * RANDOM.normal(size=(2000, 2))
    scaler = ErrorScaler.from_errors(normal)
    together, apart = scaler.distances(
        np.array([[2.0, 2.0], [2.0, -2.0]]), "mahalanobis"
    )
    assert apart > 5 * together
    npt.assert_allclose(
        *scaler.distances(np.array([[2.0, 2], [2, -2]]), "absolute"), rtol=0.2
    )
    squares = scaler.distances(normal, "mahalanobis") ** 2
    assert squares.mean() == pytest.approx(1, rel=0.1)


def test_one_normal_row_in_a_thousand_is_beyond_the_threshold():
    shares = []
    for seed in range(20):
        random = np.random.default_rng(seed)
        threshold = outlier_threshold(np.abs(random.normal(size=1000)), "auto")
        shares.append((np.abs(random.normal(size=20_000)) > threshold).mean())
    assert np.mean(shares) == pytest.approx(1e-3, rel=0.7)
    assert outlier_threshold(np.arange(101.0), 0.1) == 90
    assert outlier_threshold(np.zeros(50), "auto") == 0


def test_outliers_among_the_calibration_rows_do_not_hide_others():
    clean = RANDOM.normal(size=(1000, 2))
    contaminated = clean.copy()
    contaminated[:25] += 40
    one, other = (ErrorScaler.from_errors(errors) for errors in (clean, contaminated))
    npt.assert_allclose(other.scale, one.scale, rtol=0.1)
    thresholds = [
        outlier_threshold(scaler.distances(errors, "mahalanobis"), "auto")
        for scaler, errors in [(one, clean), (other, contaminated)]
    ]
    assert thresholds[1] < 1.3 * thresholds[0]
    series = WAVE.copy()
    series[400] += 30  # a calibration row
    model = detector().fit(series[:500, None])
    series[600] += 1.5
    assert 600 in flagged(model, series)


def test_averages_weight_the_rows_before_by_halflife():
    distances = np.array([0.0, 0, 4, 0, 0])
    average, _ = smooth(distances, 1)
    weights = 0.5 ** np.arange(5)
    by_hand = [
        (weights[: t + 1][::-1] * distances[: t + 1]).sum() / weights[: t + 1].sum()
        for t in range(5)
    ]
    npt.assert_allclose(average, by_hand)


def test_contamination_is_a_fraction_of_the_calibration_rows():
    model = detector(contamination=0.1).fit(WAVE[:, None])
    labels = model.predict(WAVE[:, None])[-210:]
    assert (labels == -1).mean() == pytest.approx(0.1, abs=0.01)


def test_scores_and_labels_agree(on_wave):
    X = WAVE[:, None]
    decision = on_wave.decision_function(X)
    npt.assert_allclose(decision, on_wave.score_samples(X) - on_wave.offset_)
    npt.assert_array_equal(on_wave.predict(X), np.where(decision < 0, -1, 1))
    npt.assert_array_equal(
        clone(on_wave).fit_predict(X), clone(on_wave).fit(X).predict(X)
    )


def test_explain_returns_the_feature_with_the_largest_error_first():
    days = pd.date_range("2023-01-01", periods=700, freq="D")
    frame = pd.DataFrame({"load": WAVE, "heat": np.cos(0.3 * STEPS) + NOISE}, days)
    model = detector().fit(frame[:500])
    frame.loc[days[600], "heat"] += 2
    lines = model.explain(frame)
    first = lines[lines["row"] == days[600]].iloc[0]
    assert first["feature"] == "heat"
    assert first["value"] == frame["heat"].iloc[600]
    assert first["expected"] == pytest.approx(np.cos(0.3 * 600), abs=0.3)
    assert first["error"] > 5
    assert set(lines["row"]) == set(days[model.predict(frame) == -1])
    assert not len(model.explain(frame[:500][:20]))


def test_compare_returns_values_expected_values_errors_and_distances():
    times = pd.MultiIndex.from_product([["a", "b"], range(300)])
    frame = pd.DataFrame(RANDOM.normal(size=(600, 2)), times, ["x", "y"])
    frame.iloc[50, 1] = np.nan
    model = LSTMOutlierDetector(Last(), distance="absolute", contamination=0.1)
    comparison = model.fit(frame).compare(frame)
    pd.testing.assert_frame_equal(comparison["value"], frame)
    # Expected is the row before, with the missing value filled.
    filled = frame.ffill()
    is_scored = np.arange(600) % 300 >= 10
    npt.assert_allclose(comparison["expected"][is_scored], filled.shift()[is_scored])
    assert comparison["expected"][~is_scored].isna().all(axis=None)
    steps = (comparison["value"] - comparison["expected"]).to_numpy()
    calibration = np.concatenate([steps[210:300], steps[510:]])
    center = np.median(calibration, axis=0)
    scale = 1.4826 * np.median(np.abs(calibration - center), axis=0)
    npt.assert_allclose(comparison["error"], (steps - center) / scale)
    npt.assert_allclose(comparison["distance"], comparison["error"].abs().mean(axis=1))
    npt.assert_array_equal(
        model.score_samples(frame), -np.nan_to_num(comparison["distance"])
    )


def test_compare_labels_rows_and_columns_by_position_without_names():
    model = LSTMOutlierDetector(Last(), groups=0, context=None)
    X = np.column_stack([np.zeros(100), WAVE[:100]])
    comparison = model.fit(X).compare(X)
    assert comparison.index.equals(pd.RangeIndex(100))
    names = [("value", 1), ("expected", 1), ("error", 1), ("distance", "")]
    assert comparison.columns.to_list() == names
    npt.assert_array_equal(comparison["value"][1], WAVE[:100])


def test_scores_are_reproducible_and_survive_pickling(on_wave):
    scores = on_wave.score_samples(WAVE[:, None])
    again = detector().fit(WAVE[:500, None]).score_samples(WAVE[:, None])
    npt.assert_array_equal(again, scores)
    copy = pickle.loads(pickle.dumps(on_wave))
    npt.assert_array_equal(copy.score_samples(WAVE[:, None]), scores)


@by_method
def test_parameters_of_the_default_estimator_can_be_set(method):
    model = LSTMOutlierDetector().set_params(
        estimator__hidden_layer_sizes=(3,), estimator__max_iter=1, method=method
    )
    model.fit(WAVE[:100, None])
    assert model.estimator_.hidden_layer_sizes == (3,)
    assert model.estimator_.n_iter_ == 1
    assert model.estimator_.loss == "huber"
    assert LSTMOutlierDetector().get_params()["estimator__loss"] == "huber"
    assert LSTMOutlierDetector().get_params()["estimator"] is None


def test_a_search_reaches_the_default_estimator():
    sizes = [(2,), (3,)]
    search = GridSearchCV(
        LSTMOutlierDetector(random_state=0),
        {"estimator__hidden_layer_sizes": sizes, "estimator__max_iter": [1]},
        scoring="accuracy",
        cv=TimeSeriesSplit(2),
    )
    search.fit(WAVE[:200, None], np.ones(200))
    assert search.best_estimator_.estimator_.hidden_layer_sizes in sizes


def test_the_default_estimator_is_the_one_that_is_fitted():
    models = [
        LSTMOutlierDetector(estimator, method="reconstruction", random_state=0)
        for estimator in (None, default_estimator("reconstruction"))
    ]
    one, other = (m.fit(WAVE[:200, None]).score_samples(WAVE[:, None]) for m in models)
    npt.assert_array_equal(one, other)
    with pytest.raises(ValueError, match="no method 'guess'"):
        default_estimator("guess")


def test_default_estimators_fit_and_score():
    for method in ("forecast", "reconstruction"):
        model = LSTMOutlierDetector(method=method, random_state=0).fit(WAVE[:200, None])
        assert np.isfinite(model.score_samples(WAVE[:, None])).all()
    assert isinstance(model.estimator_, LSTMAutoencoder)


@pytest.mark.parametrize(
    ("X", "settings", "message"),
    [
        (WAVE[:12, None], {}, "n_samples=12 is too short: window_size=10"),
        (WAVE, {}, "1 dimensions|1D"),
        (np.full((50, 1), np.nan), {}, r"without a single value, \[0\]\. Drop"),
        (np.where(STEPS == 3, np.inf, WAVE)[:, None], {}, "infinity"),
        (WAVE[:, None], {"contamination": 0.7}, "contamination"),
        (WAVE[:, None], {"method": "guess"}, "method"),
        (WAVE[:, None], {"window_size": 0}, "window_size"),
    ],
)
def test_invalid_input_is_refused(X, settings, message):
    with pytest.raises(ValueError, match=message):
        detector(**settings).fit(X)


class Last(RegressorMixin, BaseEstimator):
    """Regressor that predicts no change, so that errors are differences."""

    def fit(self, X, y):
        self.n_outputs_ = y.shape[1]
        return self

    def predict(self, X):
        return np.zeros((len(X), self.n_outputs_))


class WithEpochs(Last):
    def __init__(self, max_iter="auto"):
        self.max_iter = max_iter


@pytest.mark.parametrize(("n_rows", "n_epochs"), [(100, 30), (15_000, 19), (99_000, 3)])
def test_automatic_epochs_see_200_000_windows(n_rows, n_epochs):
    model = LSTMOutlierDetector(WithEpochs()).fit(np.resize(WAVE, (n_rows, 1)))
    assert model.estimator_.max_iter == n_epochs
    assert default_estimator().max_iter == "auto"


def test_missing_values_do_not_make_a_row_abnormal():
    shared = RANDOM.normal(size=(4000, 1))
    X = shared + 0.3 * RANDOM.normal(size=(4000, 10))
    model = LSTMOutlierDetector(Last()).fit(X[:3000])
    incomplete = X[3000:].copy()
    incomplete[::5][RANDOM.random((200, 10)) < 0.3] = np.nan
    assert (model.predict(incomplete)[::5] == -1).mean() < 0.02
    # And they do not hide the one value that is present.
    alone = np.where(np.arange(10) == 3, X[3000:3050], np.nan)
    alone[30, 3] += 30
    assert model.predict(alone)[30] == -1


@pytest.mark.parametrize("value", [1e160, -1e300])
def test_rows_with_huge_values_are_flagged(value):
    X = RANDOM.normal(size=(600, 2))
    X[550] = value
    for distance in ("mahalanobis", "absolute"):
        model = LSTMOutlierDetector(Last(), distance=distance).fit(X[:500])
        assert np.isfinite(model.score_samples(X)).all()
        assert model.predict(X)[550] == -1


def test_a_polars_frame_with_a_time_column_may_have_missing_values():
    pl = pytest.importorskip("polars")
    values, days = WAVE[:120, None].copy(), pd.date_range("2024-01-01", periods=120)
    values[[30, 50, 110]] = np.nan
    expected = pd.DataFrame(values, days, ["wave"])
    X = pl.DataFrame({"day": days.to_numpy(), "wave": values[:, 0]}, nan_to_null=True)
    settings = {"estimator": Ridge(), "window_size": 5}
    by_index = detector(**settings).fit(expected[:90]).update(expected[90:112])
    by_column = detector(time="day", **settings).fit(X[:90]).update(X[90:112])
    npt.assert_array_equal(
        by_column.score_samples(X[112:]), by_index.score_samples(expected[112:])
    )


def test_a_gap_or_missing_values_after_fit_are_not_flagged():
    days = pd.date_range("2023-01-01", periods=700, freq="D")
    frame = pd.DataFrame({"x": 100 + RANDOM.normal(size=700)}, days)
    model = LSTMOutlierDetector(Last()).fit(frame[:500])
    assert model.score_samples(frame[503:])[0] == 0
    frame["x"] += 100 + np.arange(700)
    model.fit(frame[:500])
    incomplete = frame[500:].copy()
    incomplete.iloc[:3] = np.nan
    assert (model.score_samples(incomplete)[:5] > -6).all()


def test_each_column_needs_values_in_the_calibration_rows():
    X = RANDOM.normal(size=(500, 2))
    X[300:, 1] = np.nan
    with pytest.raises(ValueError, match=r"They hold 0 values of 1, but 2 are"):
        LSTMOutlierDetector(Last()).fit(X)


def test_few_alarms_on_few_rows_with_many_features():
    shares = []
    for seed in range(5):
        random = np.random.default_rng(seed)
        model = LSTMOutlierDetector(Last()).fit(random.normal(size=(200, 10)))
        shares.append((model.predict(random.normal(size=(5000, 10))) == -1).mean())
    assert np.mean(shares) < 0.02


def test_averages_leave_out_rows_without_a_distance():
    averages, _ = smooth(np.array([4.0, np.nan, 4.0, np.nan, 4.0]), 2)
    npt.assert_allclose(averages, [4, np.nan, 4, np.nan, 4])
    incomplete = np.where(STEPS % 2, WAVE, np.nan)
    model = detector(halflife=3).fit(incomplete[:500, None])
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
        (LSTMAutoencoder(), "forecast", "must implement `predict`"),
        (NETWORK, "reconstruction", "must implement `reconstruct`"),
        (LinearSVR(), "forecast", None),
    ],
)
def test_an_estimator_that_does_not_suit_the_method_is_refused(
    estimator, method, message
):
    X = RANDOM.normal(size=(300, 2))
    with pytest.raises(ValueError, match=message):
        LSTMOutlierDetector(estimator, method=method).fit(X)


def test_regressors_of_2d_input_get_flat_windows():
    series = WAVE.copy()
    series[600] += 1
    assert 600 in flagged(LSTMOutlierDetector(Ridge()).fit(series[:500, None]), series)


def test_a_range_is_taken_from_the_rows_before():
    past = PastExtremes.from_bounds(np.array([[-1.0], [1.0]]))
    values = np.array([0.0, 1, 3, 3, np.nan, -2, 2])[:, None]
    # Ranges before each row: -1 to 1 three times, then to 3, and from -2.
    by_hand = [0, 1, 3, 1, 0, 3 / 2, 1.5 / 2.5]
    bounds = past.ranges(values, None)
    npt.assert_allclose(distances_from_range(values, bounds), by_hand)
    # Of the two rows before: -1 to 1, 0 to 1 (half 0.5), 1 to 3, 3 alone, ...
    short = distances_from_range(values[:4], past.ranges(values[:4], 2))
    npt.assert_allclose(short, [0, 1, 5, 1])
    ends = np.array([[0.0, 0.0], [2.0, 4.0]])
    npt.assert_allclose(
        distances_from_range(np.array([[1.0, 6], [5, 2]]), ends), [2, 4]
    )


@by_method
def test_a_value_that_occurred_before_is_in_range(method):
    series = WAVE.copy()
    series[600] = series[680] = 4
    found = {}
    for range_window in (None, 50):
        model = detector(method, distance="range", range_window=range_window)
        found[range_window] = flagged(model.fit(series[:500, None]), series)
    assert 600 in found[None]
    assert 680 not in found[None]
    assert {600, 680} <= set(found[50])


def test_growing_noise_remains_in_range():
    random = np.random.default_rng(0)
    noise = random.normal(size=(5000, 1)) * np.linspace(1, 3, 5000)[:, None]
    model = detector(distance="range").fit(noise[:1000])
    assert (model.predict(noise[1000:]) == -1).mean() < 0.005


def test_range_scores_do_not_depend_on_later_rows_or_other_series():
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
    # A series that was not in fit starts with the range of all series.
    assert np.isfinite(model.score_samples(pd.concat({"c": frame}))).all()
    npt.assert_array_equal(scores[:10], 0)


@pytest.mark.parametrize("distance", ["mahalanobis", "range"])
def test_scoring_needs_no_more_memory_with_longer_windows(distance):
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
    # The copy holds the 70 % training windows; calibration windows follow in blocks.
    assert peak < 1.7 * 0.7 * 100 * series.nbytes
