"""LSTMOutlierDetector.events: outliers close to each other, with times and causes."""

from datetime import timedelta

import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.dummy import DummyRegressor

from sklstm import LSTMOutlierDetector
from sklstm._anomaly.events import runs_of_outliers

# Expects no change, so that errors are differences of neighboring rows.
NO_CHANGE = DummyRegressor(strategy="constant", constant=[0, 0])
HOURS = pd.date_range("2024", periods=240, freq="h", name="hour")
NOISE = np.random.default_rng(3).normal(size=(240, 2))

EVENTS = pd.DataFrame(NOISE, HOURS, ["x", "y"])
EVENTS.iloc[[190, 200, 220], 1] += [30, -25, 20]
STEADY = LSTMOutlierDetector(NO_CHANGE, distance="absolute", window_size=6)
STEADY.fit(EVENTS[:180])
COLUMNS = ["start", "end", "peak", "score", "n_rows", "feature"]
COLUMNS += ["value", "expected", "error"]


def test_outliers_close_to_each_other_are_one_event():
    is_outlier = np.zeros(30, dtype=bool)
    is_outlier[[0, 1, 5, 9, 20, 29]] = True
    for min_gap, by_hand in {
        0: [(0, 0), (1, 1), (5, 5), (9, 9), (20, 20), (29, 29)],
        1: [(0, 1), (5, 5), (9, 9), (20, 20), (29, 29)],
        3: [(0, 1), (5, 5), (9, 9), (20, 20), (29, 29)],
        4: [(0, 9), (20, 20), (29, 29)],
        9: [(0, 9), (20, 29)],
        11: [(0, 29)],
    }.items():
        npt.assert_array_equal(runs_of_outliers(is_outlier, min_gap), by_hand)
    assert runs_of_outliers(is_outlier[2:5], 3).shape == (0, 2)


def test_an_event_has_the_explanation_of_its_peak():
    events = STEADY.events(EVENTS[180:], min_gap=6)
    assert events.columns.to_list() == COLUMNS
    # Each jump is flagged up and down.
    assert events["start"].to_list() == [HOURS[190], HOURS[200], HOURS[220]]
    assert events["end"].to_list() == [HOURS[191], HOURS[201], HOURS[221]]
    assert events["n_rows"].to_list() == [2, 2, 2]
    explanation = STEADY.explain(EVENTS[180:]).drop_duplicates("row")
    scores = pd.Series(STEADY.score_samples(EVENTS[180:]), HOURS[180:])
    for event in events.itertuples():
        rows = scores[event.start : event.end]
        assert (event.peak, event.score) == (rows.idxmin(), rows.min())
        line = explanation[explanation["row"] == event.peak].iloc[0]
        assert tuple(event)[-4:] == tuple(line)[1:]
    # Eight rows lie between the first two events, and 18 between the last two. The
    # default is two windows of six rows.
    for min_gap, n_events in {8: 3, 9: 2, None: 2, 18: 2, 19: 1}.items():
        assert len(STEADY.events(EVENTS[180:], min_gap=min_gap)) == n_events
    assert STEADY.events(EVENTS[180:], min_gap=0)["n_rows"].to_list() == [1] * 6
    with pytest.raises(ValueError, match="min_gap == -1, must be >= 0"):
        STEADY.events(EVENTS, min_gap=-1)


TIMES = {
    "dates": HOURS,
    "zone": HOURS.tz_localize("Asia/Tokyo"),
    "periods": HOURS.to_period(),
    "durations": HOURS - HOURS[0],
}


@pytest.mark.parametrize("times", TIMES.values(), ids=TIMES)
def test_events_may_be_separated_by_a_duration(times):
    table = EVENTS.set_axis(times)
    detector = clone(STEADY).fit(table[:180])
    for min_gap, n_events in {
        "0s": 6,
        "59min": 6,
        "60min": 3,
        np.timedelta64(9, "h"): 2,
        timedelta(hours=18): 2,
        pd.Timedelta(hours=19): 1,
    }.items():
        assert len(detector.events(table[180:], min_gap=min_gap)) == n_events


def test_durations_count_the_time_of_missing_rows():
    # Of the 18 rows between the last two events, only two are left.
    with pytest.warns(UserWarning, match="Rows are missing"):
        events = STEADY.events(EVENTS[180:].drop(HOURS[202:218]), min_gap="12h")
    assert len(events) == 2


@pytest.mark.parametrize(
    ("table", "min_gap", "error", "message"),
    [
        (EVENTS, "10", ValueError, 'such as 10, or a string, such as "30min"'),
        (EVENTS, "soon", ValueError, "must be a number of rows, or a duration"),
        (EVENTS, "-1h", ValueError, "not negative, got '-1h'"),
        (EVENTS, 2.5, TypeError, "must be a number of rows, or a duration"),
        (EVENTS.to_numpy(), "2h", ValueError, "rows have no times"),
    ],
)
def test_gaps_that_cannot_be_measured_are_refused(table, min_gap, error, message):
    with pytest.raises(error, match=message):
        clone(STEADY).fit(table[:180]).events(table, min_gap=min_gap)


FORMS = {
    "dates": (EVENTS, {}, "2024-01-08 22:00"),
    "periods": (EVENTS.set_axis(EVENTS.index.to_period()), {}, "2024-01-08 22:00"),
    "column": (EVENTS.reset_index(), {"time": "hour"}, "2024-01-08 22:00"),
    "names": (EVENTS.set_axis([f"row {i}" for i in range(240)]), {}, "row 190"),
    "array": (EVENTS.to_numpy(), {}, 190),
    "panel": (pd.concat({"a": EVENTS, "b": EVENTS}), {}, "2024-01-08 22:00"),
}


@pytest.mark.parametrize(("X", "settings", "start"), FORMS.values(), ids=FORMS)
def test_the_frame_of_events_is_typed_even_without_events(X, settings, start):
    model = LSTMOutlierDetector(NO_CHANGE, distance="absolute", **settings).fit(X)
    events, none = model.events(X), model.events(X[:30])
    names = ["series", *COLUMNS] if isinstance(X, pd.DataFrame) else COLUMNS
    is_panel = isinstance(X, pd.DataFrame) and X.index.nlevels > 1
    assert events.columns.to_list() == names[0 if is_panel else -len(COLUMNS) :]
    assert (
        events.loc[events["score"].idxmin(), "start"]
        == pd.Series([start]).astype(events["start"].dtype).item()
    )
    assert len(none) == 0
    pd.testing.assert_series_equal(none.dtypes, events.dtypes)
    explained = model.explain(X).dtypes, model.explain(X[:30]).dtypes
    pd.testing.assert_series_equal(*explained)


def test_each_series_has_its_own_events():
    panel = pd.concat({("a", 1): EVENTS, ("b", 2): -EVENTS[:210]})
    events = clone(STEADY).fit(panel).events(panel, min_gap=6)
    large = events[events["score"] < -5]
    assert large["series"].to_list() == [("a", 1)] * 3 + [("b", 2)] * 2
    assert large["start"].to_list() == [HOURS[i] for i in (190, 200, 220, 190, 200)]
    npt.assert_array_equal(large["value"][3:], -large["value"][:2])
    columns = panel.reset_index(level=[0, 2], names=["machine", "", "hour"])
    columns["machine"] = (columns["machine"] == "b").astype(float)
    model = clone(STEADY).set_params(time="hour", groups="machine").fit(columns)
    by_column = model.events(columns, min_gap=6)
    assert set(by_column["series"]) == {0, 1}
    pd.testing.assert_frame_equal(by_column[COLUMNS], events[COLUMNS])
