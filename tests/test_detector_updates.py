"""An update of LSTMOutlierDetector continues its scores; parts equal the whole."""

import pickle

import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.dummy import DummyRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge

from sklstm import LSTMAutoencoder, LSTMOutlierDetector, LSTMRegressor
from sklstm._anomaly.averages import smooth
from sklstm._anomaly.ranges import PastExtremes

# Expects no change, so that errors are differences of neighboring rows.
NO_CHANGE = DummyRegressor(strategy="constant", constant=[0, 0])

NOISY = np.random.default_rng(3).normal(size=(240, 2))
NOISY[150] += 4
NOISY[[165, 171, 172, 173], [0, 1, 1, 1]] = np.nan
HOURS = pd.DataFrame(NOISY, pd.date_range("2024", periods=240, freq="h"), ["x", "y"])
SETTINGS = {
    "default": {},
    "average": {"distance": "absolute", "halflife": 3},
    "range": {"distance": "range", "range_window": 15},
    "both": {"distance": "range", "range_window": None, "halflife": 2},
}
TINY = {
    "forecast": LSTMRegressor((6,), max_iter=2, batch_size=32),
    "reconstruction": LSTMAutoencoder(hidden_layer_sizes=(6,), max_iter=2),
}
by_memory = pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)


def concat(*parts):
    are_frames = isinstance(parts[0], pd.DataFrame)
    return pd.concat(parts) if are_frames else np.concatenate(parts)


def assert_continues(model, rows, following):
    """Check that an update with rows changes nothing about the rows that follow."""
    whole = concat(rows, following)
    scores = model.score_samples(whole)[len(rows) :]
    comparison = model.compare(whole)[len(rows) :]
    explanation = model.explain(whole)
    model = pickle.loads(pickle.dumps(model)).update(rows)
    npt.assert_array_equal(model.score_samples(following), scores)
    npt.assert_array_equal(model.compare(following), comparison)
    if isinstance(rows, pd.DataFrame):
        explanation = explanation[explanation["row"].isin(following.index)]
        pd.testing.assert_frame_equal(
            model.explain(following), explanation.reset_index(drop=True)
        )


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("method", TINY)
@by_memory
def test_an_update_continues_scores_to_the_bit(method, settings):
    estimator = TINY[method]
    model = LSTMOutlierDetector(estimator, method=method, random_state=0, **settings)
    model.fit(HOURS[:100])
    for n_rows in (1, 66):
        assert_continues(model, HOURS[100 : 100 + n_rows], HOURS[100 + n_rows : 240])


@by_memory
def test_rows_that_arrive_one_at_a_time_get_the_scores_of_a_whole_table(settings):
    model = LSTMOutlierDetector(Ridge(), **settings).fit(HOURS[:100])
    whole = model.score_samples(HOURS[100:180])
    alone = []
    for t in range(100, 180):
        alone.extend(model.score_samples(HOURS[t : t + 1]))
        model = pickle.loads(pickle.dumps(model)).update(HOURS[t : t + 1])
    npt.assert_array_equal(alone, whole)


@by_memory
@pytest.mark.parametrize("start", [103, 140], ids=["short gap", "long gap"])
def test_rows_of_an_update_may_come_after_a_gap(settings, start):
    model = LSTMOutlierDetector(Ridge(), **settings).fit(HOURS[:100])
    assert_continues(model, HOURS[start : start + 4], HOURS[start + 4 :])


@by_memory
def test_rows_without_times_follow_after_an_update(settings):
    model = LSTMOutlierDetector(Ridge(), **settings).fit(NOISY[:100])
    of_training = model.score_samples(NOISY[:100])
    by_time = LSTMOutlierDetector(Ridge(), **settings).fit(HOURS[:100])
    model.update(NOISY[100:103])
    npt.assert_array_equal(
        model.score_samples(NOISY[103:]), by_time.score_samples(HOURS[100:])[3:]
    )
    # The training rows follow nothing.
    npt.assert_array_equal(model.score_samples(NOISY[:100]), of_training)


@by_memory
def test_an_update_continues_each_series_of_a_panel(settings):
    def rows(start, stop, **starts):
        parts = {
            key: HOURS[start + begin : stop + begin] for key, begin in starts.items()
        }
        return pd.concat(parts, names=["machine"])

    model = LSTMOutlierDetector(Ridge(), **settings)
    model.fit(rows(0, 100, a=0, b=40))
    new = rows(100, 120, b=40, a=0, c=3), rows(120, 140, c=3, b=40, a=0)
    assert_continues(model, *new)
    # The same rows as arrays without times.
    fitted, *new = (
        part.droplevel(1).rename({"a": 0, "b": 1, "c": 2}).reset_index().to_numpy()
        for part in (rows(0, 100, a=0, b=40), *new)
    )
    model.set_params(groups=0, context="assume_next").fit(fitted)
    assert_continues(model, *new)


def test_scores_after_fit_continue_averages_if_the_times_follow():
    model = LSTMOutlierDetector(Ridge(), halflife=2).fit(HOURS[:100])
    # The average of the calibration rows is that of all rows, up to 0.5 ** 15.
    whole = model.score_samples(HOURS)[100:]
    npt.assert_allclose(model.score_samples(HOURS[100:]), whole, rtol=1e-4)
    anew = LSTMOutlierDetector(Ridge(), halflife=2, context="assume_next").fit(
        NOISY[:100]
    )
    npt.assert_allclose(anew.score_samples(NOISY[100:]), whole, rtol=1e-4)
    # Rows that come before the end of the training rows follow nothing.
    overlap = model.score_samples(HOURS[90:])
    assert abs(overlap[10:14] / whole[:4] - 1).min() > 1e-3


def test_a_missing_value_is_filled_with_the_last_value_of_an_update():
    model = LSTMOutlierDetector(NO_CHANGE, distance="absolute").fit(NOISY[:100])
    model.update(np.array([[5.0, 7.0], [np.nan, 8.0]]))
    comparison = model.compare(np.array([[np.nan, 1.0], [2.0, 3.0]]))
    npt.assert_array_equal(comparison["expected"], [[5, 8], [5, 1]])


def test_memory_does_not_grow_with_updates():
    settings = {"distance": "range", "range_window": 50, "halflife": 3}
    model = LSTMOutlierDetector(NO_CHANGE, **settings).fit(NOISY[:100])
    n_bytes = []
    rising = np.arange(200.0)[:, None] * [1, -1]  # no earlier row can be dropped
    for _ in range(10):
        model.update(rising)
        n_bytes.append(len(pickle.dumps(model)))
    assert n_bytes[0] == n_bytes[-1] < 8000
    # In noise, few rows are possible extremes of later ranges.
    noise = np.random.default_rng(0).normal(size=(10_000, 2))
    bounds = np.array([[-1.0, -1], [1, 1]])
    assert len(PastExtremes.from_bounds(bounds).append(noise, 5000).rows) < 100


def test_ranges_do_not_depend_on_how_rows_are_split():
    values = np.random.default_rng(0).integers(-9, 9, size=(60, 2)).astype(float)
    values[::7, 0] = np.nan
    values[20:35, 1] = np.nan
    past = PastExtremes.from_bounds(np.array([[-1.0, -1], [1, 1]]))
    for range_window in (1, 2, 7, 100, None):
        whole = past.ranges(values, range_window)
        for middle in (1, 5, 25, 59):
            after = past.append(values[:middle], range_window)
            parts = after.ranges(values[middle:], range_window)
            npt.assert_array_equal(parts, [each[middle:] for each in whole])


def test_averages_are_those_of_pandas():
    distances = np.abs(np.random.default_rng(0).normal(size=300))
    distances[[0, 7, 8, 9, 100, 299]] = np.nan
    averages, last = smooth(distances, 3.5)
    by_pandas = pd.Series(distances).ewm(halflife=3.5).mean()
    npt.assert_allclose(averages, by_pandas.where(~np.isnan(distances)), rtol=1e-12)
    first, middle = smooth(distances[:100], 3.5)
    npt.assert_array_equal(
        np.concatenate([first, smooth(distances[100:], 3.5, middle)[0]]), averages
    )
    assert smooth(distances[100:], 3.5, middle)[1] == last


@pytest.mark.parametrize(
    ("settings", "rows", "message"),
    [
        ({}, HOURS[99:110], "come after those of fit"),
        ({}, HOURS[100:110][["y", "x"]], "feature names"),
        ({"context": None}, HOURS[100:110], "context=None"),
    ],
)
def test_an_update_that_fails_changes_nothing(settings, rows, message):
    model = LSTMOutlierDetector(NO_CHANGE, halflife=2, **settings).fit(HOURS[:100])
    before = pickle.dumps(model)
    with pytest.raises(ValueError, match=message):
        model.update(rows)
    assert pickle.dumps(model) == before
    with pytest.raises(NotFittedError):
        clone(model).update(rows)


def test_a_warning_says_that_no_row_can_be_scored_and_its_ways_out_work():
    model = LSTMOutlierDetector(NO_CHANGE).fit(NOISY[:100])
    row = NOISY[110:111]
    message = 'None of the 1 rows.*the 10 rows before.*update.*"assume_next"'
    for method in ("predict", "score_samples", "explain", "compare", "events"):
        with pytest.warns(UserWarning, match=message) as caught:
            getattr(model, method)(row)
        assert len(caught) == 1
    whole = model.score_samples(NOISY)[110]
    assert model.score_samples(NOISY[100:111])[-1] == whole
    assert model.update(NOISY[100:110]).score_samples(row)[0] == whole
    by_time = clone(model).fit(HOURS[:110])
    assert by_time.score_samples(HOURS[110:111])[0] < 0
    assumed = clone(model).set_params(context="assume_next").fit(NOISY[:110])
    assert assumed.score_samples(row)[0] < 0


class Recording(DummyRegressor):
    """Regressor that records the shapes of the windows that it predicts."""

    def predict(self, X):
        self.shapes = [*getattr(self, "shapes", []), X.shape]
        return super().predict(X)


def test_windows_of_short_series_are_predicted_together():
    panel = pd.concat(dict.fromkeys(range(60), HOURS[:40]))
    model = LSTMOutlierDetector(Recording()).fit(panel)
    model.estimator_.shapes = []
    model.score_samples(panel)
    # 2400 windows of 10 rows in blocks of the same size.
    assert model.estimator_.shapes == [(256, 20)] * 10


def test_the_output_configured_for_transformers_does_not_matter():
    model = LSTMOutlierDetector(NO_CHANGE).fit(HOURS[:100])
    scores = model.score_samples(HOURS)
    with config_context(transform_output="pandas"):
        npt.assert_array_equal(
            clone(model).fit(HOURS[:100]).score_samples(HOURS), scores
        )
