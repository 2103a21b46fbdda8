"""Stream: rows that arrive one after another get the answers of a single call."""

import pickle
import re
from copy import deepcopy

import numpy as np
import numpy.testing as npt
import pandas as pd
import pandas.testing as pdt
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklstm import (
    LSTMForecaster,
    LSTMOutlierDetector,
    LSTMRegressor,
    SlidingWindowTransformer,
)
from sklstm.streaming import Stream

N_TRAIN, N_ROWS = 30, 50
DAYS = pd.date_range("2024-01-01", periods=N_ROWS, name="day")
VALUES = np.random.default_rng(0).normal(size=(N_ROWS, 2))
FRAME = pd.DataFrame(VALUES, DAYS, columns=["load", "price"])
TARGET = FRAME["load"].to_numpy() + FRAME["price"].shift(1, fill_value=0).to_numpy()
BY_ROWS = pytest.mark.parametrize("n_new", [1, 3, 20])


class Windows(RegressorMixin, BaseEstimator):
    """Regressor that predicts its windows."""

    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def predict(self, X):
        return np.array(X).reshape(len(X), -1)


def windows_model(**params):
    scaler = StandardScaler().set_output(transform="pandas")
    windower = SlidingWindowTransformer(**{"window_size": 4, **params})
    return make_pipeline(scaler, windower, Windows())


def parts(X, n_new, first=N_TRAIN):
    """Yield the rows after those of fit, some at a time."""
    for start in range(first, len(X), n_new):
        yield X[start : start + n_new]


def streamed(stream, X, n_new, method="predict", first=N_TRAIN):
    """Return the answers for all rows after those of fit."""
    news = parts(X, n_new, first)
    return np.concatenate([getattr(stream.update(new), method)() for new in news])


@BY_ROWS
@pytest.mark.parametrize("padding", ["edge", "nan"])
def test_the_windows_of_a_stream_are_those_of_one_call(n_new, padding):
    model = windows_model(padding=padding, sampling_rate=2).fit(FRAME[:N_TRAIN])
    expected = model.predict(FRAME[N_TRAIN:])
    npt.assert_array_equal(streamed(Stream(model), FRAME, n_new), expected)
    # The model of the user is not changed.
    npt.assert_array_equal(model.predict(FRAME[N_TRAIN:]), expected)


@BY_ROWS
def test_rows_of_arrays_follow_those_of_fit(n_new):
    model = make_pipeline(StandardScaler(), SlidingWindowTransformer(4), Windows())
    stream = Stream(model.fit(VALUES[:N_TRAIN]))
    model.set_params(slidingwindowtransformer__context="assume_next")
    npt.assert_array_equal(
        streamed(stream, VALUES, n_new), model.predict(VALUES[N_TRAIN:])
    )


def test_rows_of_a_frame_may_lose_their_index_in_a_scaler():
    model = make_pipeline(StandardScaler(), SlidingWindowTransformer(4), Windows())
    answers = streamed(Stream(model.fit(FRAME[:N_TRAIN])), FRAME, 1)
    expected = windows_model().fit(FRAME[:N_TRAIN]).predict(FRAME[N_TRAIN:])
    npt.assert_array_equal(answers, expected)


def test_steps_may_be_pipelines_and_windows_may_be_frames():
    inner = make_pipeline(SlidingWindowTransformer(4), Windows())
    model = make_pipeline(StandardScaler(), "passthrough", inner)
    model.set_output(transform="pandas").fit(FRAME[:N_TRAIN])
    npt.assert_array_equal(
        streamed(Stream(model), FRAME, 3), model.predict(FRAME[N_TRAIN:])
    )


@pytest.mark.parametrize("n_new", [1, 3])
def test_several_series_keep_their_own_rows(n_new):
    other = FRAME.copy() + 100
    both = pd.concat({"a": FRAME, "b": other}, names=["site"])
    both = both.sort_index(level="day", kind="stable")
    n_train = 2 * N_TRAIN
    model = windows_model().fit(both[:n_train])
    expected = model.predict(both[n_train:])
    for rows in (both, both.reset_index("site")):
        if "site" in rows:
            model = make_pipeline(
                SlidingWindowTransformer(4, groups="site"), Windows()
            ).fit(rows[:n_train])
            expected = model.predict(rows[n_train:])
        answers = streamed(Stream(model), rows, n_new, first=n_train)
        npt.assert_array_equal(answers, expected)


def test_a_new_series_may_begin_in_a_stream():
    both = pd.concat({"a": FRAME, "b": FRAME + 100}, names=["site"])
    model = windows_model(padding="nan").fit(both.loc[["a"]][:N_TRAIN])
    stream = Stream(model).update(both.loc[["a"]][N_TRAIN:])
    expected = model.predict(both.loc[["b"]])
    for row in range(5):
        stream.update(both.loc[["b"]][row : row + 1])
        npt.assert_array_equal(stream.predict(), expected[[row]])


INDEXES = {
    "days": DAYS,
    "months": pd.period_range("2020-01", periods=N_ROWS, freq="M"),
    "numbers": pd.RangeIndex(5, 5 + N_ROWS),
    "floats": pd.Index(0.1 * np.arange(N_ROWS)),
    "durations": pd.timedelta_range("1h", periods=N_ROWS, freq="h"),
    "Python dates": pd.Index(DAYS.date),
    "hours in Berlin": pd.date_range(
        "2024-03-30", periods=N_ROWS, freq="h", tz="Europe/Berlin"
    ),
}


@pytest.mark.parametrize("index", INDEXES.values(), ids=INDEXES)
@pytest.mark.parametrize("shift", [1, 3])
def test_with_a_shift_the_next_rows_are_predicted(index, shift):
    X = FRAME.set_axis(index)
    model = windows_model(shift=shift).fit(X.iloc[:N_TRAIN])
    expected = model.predict(X.iloc[N_TRAIN:])
    stream = Stream(model)
    for last in range(N_TRAIN, N_ROWS - shift):
        answers = stream.update(X.iloc[last : last + 1]).predict()
        after = last + 1 - N_TRAIN
        npt.assert_array_equal(answers, expected[after : after + shift])


def test_the_next_rows_of_several_series_come_one_series_after_the_other():
    X = pd.concat({"a": FRAME, "b": FRAME + 100}, names=["site"])
    train = X[X.index.get_level_values("day") < DAYS[N_TRAIN]]
    model = windows_model(shift=2).fit(train)
    new = X[X.index.get_level_values("day") == DAYS[N_TRAIN]]
    later = X[X.index.get_level_values("day") > DAYS[N_TRAIN]].groupby("site").head(2)
    answers = Stream(model).update(new).predict()
    npt.assert_array_equal(answers, model.predict(pd.concat([new, later]))[2:])


@pytest.mark.parametrize(
    "form", ["array", "array of objects", "frame", "polars", "polars in Tokyo"]
)
def test_the_next_rows_have_later_times_in_the_time_column(form):
    X = FRAME.reset_index()
    if form.startswith("polars"):
        pl = pytest.importorskip("polars")
        columns = {"day": X["day"].to_numpy()}
        X = pl.DataFrame(columns | {name: X[name].to_numpy() for name in FRAME})
        if form.endswith("Tokyo"):
            X = X.with_columns(pl.col("day").dt.replace_time_zone("Asia/Tokyo"))
    elif form == "array":
        X = np.column_stack([np.arange(N_ROWS), VALUES])
    elif form == "array of objects":
        X = X.to_numpy()
    time = 0 if form.startswith("array") else "day"
    windower = SlidingWindowTransformer(4, shift=2, time=time)
    model = make_pipeline(windower, Windows()).fit(X[:N_TRAIN])
    stream = Stream(model).update(X[N_TRAIN : N_TRAIN + 4])
    expected = model.predict(X[N_TRAIN : N_TRAIN + 6])[4:]
    npt.assert_array_equal(stream.predict(), expected)


def test_columns_known_ahead_are_passed_to_predict():
    model = windows_model(shift=1, known_ahead=["price"]).fit(FRAME[:N_TRAIN])
    expected = model.predict(FRAME[N_TRAIN:])
    stream = Stream(model)
    for row in range(N_TRAIN, N_ROWS):
        for load in (0.0, np.nan):
            unknown = FRAME[row : row + 1].assign(load=load)
            npt.assert_array_equal(stream.predict(unknown), expected[[row - N_TRAIN]])
        stream.update(FRAME[row : row + 1])
    with pytest.raises(
        ValueError, match="contains NaN, in the column 'price' of row 0"
    ):
        stream.predict(FRAME[:1].assign(price=np.nan))
    with pytest.raises(ValueError, match="contains NaN, in the column 'load'"):
        stream.update(FRAME[:1].assign(load=np.nan))
    with pytest.raises(ValueError, match=r"\['price'\] are needed.*at most 1"):
        stream.predict()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_network_predicts_the_same_up_to_rounding(dtype):
    network = LSTMRegressor(
        (6,), max_iter=3, learning_rate="cosine", dtype=dtype, random_state=0
    )
    model = make_pipeline(SlidingWindowTransformer(4), network)
    model.fit(FRAME[:N_TRAIN], TARGET[:N_TRAIN])
    tolerance = {"float32": 1e-6, "float64": 1e-14}[dtype]
    npt.assert_allclose(
        streamed(Stream(model), FRAME, 1),
        model.predict(FRAME[N_TRAIN:]),
        atol=tolerance,
    )


def test_a_stream_has_the_methods_of_its_model():
    windower = SlidingWindowTransformer(4, flatten=True)
    classifier = make_pipeline(windower, LogisticRegression())
    classifier.fit(FRAME[:N_TRAIN], TARGET[:N_TRAIN] > 0)
    stream = Stream(classifier)
    for method in ("predict_proba", "decision_function"):
        npt.assert_allclose(
            streamed(deepcopy(stream), FRAME, 3, method),
            getattr(classifier, method)(FRAME[N_TRAIN:]),
        )
    assert not hasattr(stream, "score_samples")
    assert not hasattr(stream, "predict_interval")
    assert not hasattr(Stream(windows_model().fit(FRAME)), "predict_proba")


@pytest.mark.parametrize("settings", [{}, {"distance": "range", "halflife": 3}])
@pytest.mark.parametrize("as_array", [False, True])
def test_a_detector_judges_each_row_as_in_one_call(settings, as_array):
    values = np.sin(0.3 * np.arange(200))[:, None] + 0.05 * np.resize(VALUES, (200, 1))
    values[150] += 2
    days = pd.date_range("2024-01-01", periods=200)
    X = values if as_array else pd.DataFrame(values, days, columns=["load"])
    detector = LSTMOutlierDetector(
        Ridge(), context="assume_next", random_state=0, **settings
    ).fit(X[:140])
    stream = Stream(detector)
    for method in ("predict", "decision_function", "score_samples"):
        copies = deepcopy(stream)
        answers = [getattr(copies.update(new), method)() for new in parts(X, 1, 140)]
        npt.assert_allclose(
            np.concatenate(answers), getattr(detector, method)(X[140:]), rtol=1e-12
        )
    stream.update(X[140:151])
    assert 10 in stream.explain()["row"].to_list() or not as_array
    pdt.assert_frame_equal(stream.compare(), detector.compare(X[140:151]))


def test_a_detector_fed_row_by_row_judges_no_row_without_a_stream():
    values = np.sin(0.3 * np.arange(200))[:, None]
    detector = LSTMOutlierDetector(Ridge()).fit(values[:150])
    with pytest.warns(UserWarning, match="None of the 1 rows of X can be scored"):
        assert detector.score_samples(values[150:151]) == 0
    assert Stream(detector).update(values[150:151]).score_samples() < 0


@pytest.mark.parametrize("strategy", ["direct", "recursive"])
def test_a_forecaster_forecasts_as_after_updates(strategy):
    sales = FRAME["load"].cumsum()
    sales.iloc[[33, 34, 36]] = np.nan
    X = FRAME[["price"]]
    forecaster = LSTMForecaster(Ridge(), horizon=3, window_size=5, strategy=strategy)
    forecaster.fit(sales[:N_TRAIN], X[:N_TRAIN])
    stream, updated = Stream(forecaster), deepcopy(forecaster)
    before = forecaster.predict(X=X[N_TRAIN:])
    for row in range(N_TRAIN, 45):
        new, new_X = sales[row : row + 1], X[row : row + 1]
        stream.update(new, new_X)
        updated.update(new, new_X)
        future = X[row + 1 :]
        pdt.assert_series_equal(stream.predict(future), updated.predict(X=future))
        assert len(stream.predict(future, horizon=2)) == 2
    assert len(stream._state.model.history_) == N_TRAIN
    assert list(stream.predict_interval(future, coverage=0.8)) == ["lower", "upper"]
    pdt.assert_series_equal(forecaster.predict(X=X[N_TRAIN:]), before)


def test_a_forecaster_of_several_series_may_wait_long_for_a_value():
    many = pd.DataFrame({"a": TARGET, "b": TARGET}, DAYS)
    many.iloc[12:, 1] = np.nan
    forecaster = LSTMForecaster(Ridge(), horizon=2, window_size=4).fit(many[:20])
    stream = Stream(forecaster)
    for row in range(20, N_ROWS):
        stream.update(many[row : row + 1])
    pdt.assert_frame_equal(stream.predict(), forecaster.update(many[20:]).predict())
    assert len(stream._state.model.history_) == N_ROWS - 11


MODELS = {
    "pipeline": windows_model(),
    "shifted": windows_model(shift=2),
    "detector": LSTMOutlierDetector(Ridge(), window_size=3),
    "forecaster": LSTMForecaster(Ridge(), horizon=2, window_size=4),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_stream_can_be_pickled_and_copied_in_the_middle(name):
    rows = FRAME["load"] if name == "forecaster" else FRAME
    stream = Stream(deepcopy(MODELS[name]).fit(rows[:N_TRAIN]))
    stream.update(rows[N_TRAIN : N_TRAIN + 5])
    copies = [pickle.loads(pickle.dumps(stream)), deepcopy(stream)]
    now = np.array(stream.predict())
    expected = np.array(stream.update(rows[N_TRAIN + 5 : N_TRAIN + 6]).predict())
    for copy in copies:
        npt.assert_array_equal(copy.predict(), now)
        copy.update(rows[N_TRAIN + 5 : N_TRAIN + 6])
        npt.assert_array_equal(copy.predict(), expected)


@pytest.mark.parametrize("name", MODELS)
def test_a_stream_stores_no_more_after_a_thousand_rows(name):
    days = pd.date_range("2024-01-01", periods=1100)
    rows = pd.DataFrame({"load": np.sin(np.arange(1100.0))}, days)
    rows = rows["load"] if name == "forecaster" else rows
    stream = Stream(deepcopy(MODELS[name]).fit(rows[:40]))
    sizes = []
    for start in (40, 60, 1060):
        for row in range(start, start + 20):
            stream.update(rows[row : row + 1])
        sizes.append(len(pickle.dumps(stream)))
        if start == 60:
            stream.update(rows[80:1060])
    assert max(sizes) < sizes[0] + 100


def test_rows_that_the_caller_changes_later_do_not_change():
    model = make_pipeline(SlidingWindowTransformer(4), Windows()).fit(VALUES[:N_TRAIN])
    rows = VALUES[N_TRAIN : N_TRAIN + 2].copy()
    stream = Stream(model).update(rows)
    expected = stream.predict()
    rows[:] = 0
    npt.assert_array_equal(stream.predict(), expected)


def test_an_update_that_fails_leaves_the_stream_as_it_was():
    stream = Stream(windows_model().fit(FRAME[:N_TRAIN]))
    stream.update(FRAME[N_TRAIN : N_TRAIN + 2])
    expected = stream.predict()
    for rows, words in {
        "old": (FRAME[:1], "New rows must come after"),
        "missing": (FRAME[-1:] * np.nan, "contains NaN"),
        "columns": (FRAME[-1:][["load"]], "feature names"),
    }.values():
        with pytest.raises(ValueError, match=words):
            stream.update(rows)
        npt.assert_array_equal(stream.predict(), expected)
    stream.update(FRAME[N_TRAIN + 2 : N_TRAIN + 3])


@pytest.mark.parametrize(
    "model",
    [
        LinearRegression(),
        make_pipeline(StandardScaler(), LinearRegression()),
        make_pipeline(SlidingWindowTransformer(4)),
        TransformedTargetRegressor(
            make_pipeline(SlidingWindowTransformer(4, flatten=True), Ridge())
        ),
    ],
)
def test_models_without_windows_are_refused(model):
    with pytest.raises(TypeError, match="A stream needs a fitted LSTMForecaster"):
        Stream(model.fit(VALUES, TARGET))


def test_a_single_row_that_is_no_table_is_refused_and_the_way_out_works():
    stream = Stream(windows_model().fit(FRAME[:N_TRAIN]))
    time = FRAME.index[N_TRAIN]
    row = FRAME.iloc[N_TRAIN]
    expected = deepcopy(stream).update(FRAME[N_TRAIN : N_TRAIN + 1]).predict()
    for one, known in ((row.to_dict(), {"time": time}), (row, {})):
        with pytest.raises(ValueError, match="must be a table in the form") as caught:
            stream.update(one)
        command = re.search(r"Call (.*?) for one row", str(caught.value))[1]
        new = deepcopy(stream)
        eval(f"new.{command}", {"new": new, "row": one, "pd": pd, **known})
        npt.assert_array_equal(new.predict(), expected)


def test_a_row_or_a_column_of_an_array_is_refused_and_the_way_out_works():
    for n_columns, name in ((2, "row"), (1, "column")):
        X = VALUES[:, :n_columns]
        model = make_pipeline(SlidingWindowTransformer(4), Windows()).fit(X[:N_TRAIN])
        stream, new = Stream(model), X[N_TRAIN : N_TRAIN + 1]
        with pytest.raises(ValueError, match="must be a table in the form") as caught:
            stream.update(new[0])
        command = re.search(rf"(update\({name}.*?\)\)) for", str(caught.value))[1]
        eval(f"stream.{command}", {"stream": stream, name: new[0]})
        npt.assert_array_equal(stream.predict()[0, -n_columns:], new[0])


def test_the_best_pipeline_of_a_search_may_be_streamed():
    model = make_pipeline(SlidingWindowTransformer(4, flatten=True), Ridge())
    grid = {"slidingwindowtransformer__window_size": [2, 4]}
    search = GridSearchCV(model, grid, cv=TimeSeriesSplit(2))
    search.fit(FRAME[:N_TRAIN], TARGET[:N_TRAIN])
    with pytest.raises(TypeError, match="a search, pass its best_estimator_"):
        Stream(search)
    answers = streamed(Stream(search.best_estimator_), FRAME, 1)
    npt.assert_allclose(answers, search.predict(FRAME[N_TRAIN:]))


def test_a_detector_may_be_a_step_of_a_pipeline_and_judge_several_series():
    X = pd.DataFrame(np.sin(0.3 * np.arange(400)), columns=["load"])
    X["load"] += 0.05 * np.resize(VALUES, 400)
    X["site"] = np.arange(400) % 2
    detector = LSTMOutlierDetector(Ridge(), groups=1, context="assume_next")
    model = make_pipeline(FunctionTransformer(), detector).fit(X[:300].to_numpy())
    expected = model.score_samples(X[300:].to_numpy())
    answers = streamed(Stream(model), X.to_numpy(), 1, "score_samples", 300)
    npt.assert_allclose(answers, expected)


def test_calls_that_do_not_suit_the_model_are_refused():
    stream = Stream(windows_model().fit(FRAME[:N_TRAIN]))
    with pytest.raises(ValueError, match="stream has no rows yet"):
        stream.predict()
    with pytest.raises(ValueError, match=r"stream.update\(X\).predict\(\)"):
        stream.predict(FRAME[N_TRAIN:])
    with pytest.raises(TypeError, match="Only a stream of an LSTMForecaster"):
        stream.update(FRAME[N_TRAIN:], FRAME[N_TRAIN:])


@pytest.mark.parametrize("with_covariates", [False, True])
def test_arguments_other_than_x_are_passed_by_name(with_covariates):
    X = FRAME[["price"]] if with_covariates else None
    model = LSTMForecaster(Ridge(), horizon=3, past_covariates="all")
    stream = Stream(model.fit(FRAME["load"], X))
    for method, argument in [("predict", 2), ("predict_interval", 0.9)]:
        with pytest.raises(TypeError, match=rf"argument of {method} is X.*horizon=2\)"):
            getattr(stream, method)(argument)
    assert len(stream.predict(horizon=2)) == 2
    assert len(stream.predict_interval(coverage=0.9)) == 3
