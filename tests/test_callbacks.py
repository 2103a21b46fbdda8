"""scikit-learn's callbacks are called for each epoch."""

import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
from one_layer import ONE_LAYER
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold, TimeSeriesSplit
from sklearn.pipeline import make_pipeline

from sklstm import (
    LSTMAutoencoder,
    LSTMClassifier,
    LSTMForecaster,
    LSTMOutlierDetector,
    LSTMRegressor,
    LSTMTranscriber,
    SlidingWindowTransformer,
)

callback = pytest.importorskip("sklearn.callback", reason="scikit-learn < 1.9")

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = np.random.default_rng(0).normal(size=(40, 4, 2))
y = X[:, 1, 0]


class Recorder:
    """Callback that records its calls, and stops at an epoch."""

    def __init__(self, stop_at=None):
        self.stop_at = stop_at
        self.calls = []

    def setup(self, estimator, context):
        self.calls.append("setup")

    def teardown(self, estimator, context):
        self.calls.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.calls.append(f"{context.task_name} {context.task_id} begins")

    def on_fit_task_end(self, estimator, context, *, fitted_estimator):
        self.calls.append(f"{context.task_name} {context.task_id} ends")
        self.last = fitted_estimator.predict(X)
        return context.task_name == "epoch" and context.task_id == self.stop_at


def small(**params):
    return LSTMRegressor(
        (4,), **ONE_LAYER | {"max_iter": 3, "random_state": 0} | params
    )


def test_callbacks_are_called_once_per_epoch():
    recorder = Recorder()
    model = small(max_iter=2).set_callbacks(recorder).fit(X, y)
    assert recorder.calls == [
        "setup",
        "fit 0 begins",
        "epoch 0 begins",
        "epoch 0 ends",
        "epoch 1 begins",
        "epoch 1 ends",
        "fit 0 ends",
        "teardown",
    ]
    npt.assert_array_equal(recorder.last, model.predict(X))


@pytest.mark.filterwarnings("error")
def test_a_callback_can_stop_training():
    model = small(max_iter=50).set_callbacks(Recorder(stop_at=4)).fit(X, y)
    assert model.n_iter_ == 5


def test_a_score_is_logged_after_every_epoch():
    monitor = callback.ScoringMonitor(scoring="r2")
    model = small(max_iter=4, early_stopping=True, verbose=False)
    model.set_callbacks(monitor).fit(X, y)
    log = monitor.get_logs().data_as_pandas
    scores = log.loc[log["task_name"] == "epoch", "r2"]
    by_hand = [small(max_iter=n).fit(X[:36], y[:36]).score(X, y) for n in range(1, 5)]
    npt.assert_allclose(scores, by_hand, rtol=1e-9)


def test_weights_are_passed_to_the_monitor():
    monitor = callback.ScoringMonitor(scoring="r2")
    weights = np.r_[np.ones(10), np.zeros(30)]
    model = small().set_callbacks(monitor).fit(X, y, sample_weight=weights)
    logged = monitor.get_logs().data_as_pandas["r2"].iloc[-1]
    npt.assert_allclose(logged, model.score(X, y, sample_weight=weights))


def test_progress_bars_show_folds_and_epochs(capsys, monkeypatch):
    pytest.importorskip("rich")
    monkeypatch.setenv("COLUMNS", "200")
    table = pd.DataFrame(X[:, 0], columns=["a", "b"])
    pipeline = make_pipeline(SlidingWindowTransformer(3), small())
    grid = {"lstmregressor__hidden_layer_sizes": [(2,), (3,)]}
    search = GridSearchCV(pipeline, grid, cv=KFold(2))
    search.set_callbacks(callback.ProgressBar(max_propagation_depth=None))
    search.fit(table, y)
    shown = capsys.readouterr().out
    assert "LSTMRegressor - fit" in shown
    assert "100%" in shown


def test_callbacks_leave_no_attributes():
    model = small().fit(X, y)
    assert not [name for name in vars(model) if "callback" in name or "skl" in name]
    recorded = small().set_callbacks(Recorder()).fit(X, y)
    npt.assert_array_equal(recorded.predict(X), model.predict(X))
    assert not hasattr(recorded, "_callback_fit_ctx")


class PropagatedRecorder(Recorder):
    """Recorder that a meta-estimator passes on to the estimators it fits."""

    max_propagation_depth = None

    def on_fit_task_begin(self, estimator, context):
        self.calls.append((type(estimator).__name__, context.task_name))

    def on_fit_task_end(self, estimator, context):
        return False


def test_a_detector_passes_callbacks_on_to_its_estimator():
    recorder = PropagatedRecorder()
    detector = LSTMOutlierDetector(small(max_iter=2), window_size=3, random_state=0)
    plain = clone(detector).fit(X[:, 0])
    detector.set_callbacks(recorder).fit(X[:, 0])
    assert recorder.calls == [
        "setup",
        ("LSTMOutlierDetector", "fit"),
        ("LSTMRegressor", "fit"),
        ("LSTMRegressor", "epoch"),
        ("LSTMRegressor", "epoch"),
        "teardown",
    ]
    npt.assert_array_equal(
        detector.score_samples(X[:, 0]), plain.score_samples(X[:, 0])
    )
    assert not hasattr(detector.estimator_, "_skl_callbacks")


def test_a_transcriber_predicts_after_each_epoch():
    recorder = Recorder(stop_at=1)
    model = LSTMTranscriber(4, random_state=0).set_callbacks(recorder)
    model.fit(X, ["ab", "b"] * 20)
    assert model.n_iter_ == 2
    assert recorder.last == model.predict(X)


class Failing(Recorder):
    """Callback that raises an error after an epoch, wherever it is passed on."""

    max_propagation_depth = None

    def on_fit_task_end(self, estimator, context):
        if context.task_name == "epoch":
            raise RuntimeError("no space left")


@pytest.mark.parametrize(
    "estimator",
    [
        small(),
        LSTMClassifier((4,), max_iter=3),
        LSTMAutoencoder(hidden_layer_sizes=(4,), max_iter=3),
        LSTMOutlierDetector(small(), window_size=3),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_callbacks_are_torn_down_if_a_fit_fails(estimator):
    recorder = Failing()
    estimator = clone(estimator).set_callbacks(recorder)
    with pytest.raises(RuntimeError, match="no space left"):
        estimator.fit(X[:, 0], y > 0)
    assert recorder.calls[-1] == "teardown"
    assert not hasattr(estimator, "n_features_in_")


class Tasks:
    """Callback that records the tasks that begin. Nested estimators get it, too."""

    max_propagation_depth = None

    def __init__(self):
        self.begun, self.n_ended, self.data = [], 0, None

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        self.begun.append("teardown")

    def on_fit_task_begin(self, estimator, context, *, X, y):
        names = type(estimator).__name__, context.task_name, context.task_id
        self.begun.append(names)
        if names[0] == "LSTMForecaster":
            self.data = X, y

    def on_fit_task_end(self, estimator, context):
        self.n_ended += 1


SALES = 5 + np.sin(np.arange(60.0))


def forecaster(**settings):
    settings = {"horizon": 3, "window_size": 5, "random_state": 0, **settings}
    return LSTMForecaster(small(max_iter=2), **settings)


def test_callbacks_of_a_forecaster_are_called_for_each_regressor_and_epoch():
    tasks = Tasks()
    model = forecaster(n_estimators=2).set_callbacks(tasks)
    model.fit(SALES)
    assert [name for name in tasks.begun if name[1] == "fit"] == [
        ("LSTMForecaster", "fit", 0),
        *(("LSTMRegressor", "fit", n) for n in range(4)),
    ]
    epochs = [name for name in tasks.begun if name[1] == "epoch"]
    assert epochs == [("LSTMRegressor", "epoch", n) for n in (0, 1)] * 4
    assert tasks.begun[-1] == "teardown"
    assert tasks.n_ended == len(tasks.begun) - 1
    assert tasks.data == (None, SALES)
    npt.assert_array_equal(
        model.predict(), forecaster(n_estimators=2).fit(SALES).predict()
    )
    for one in (model, *model.estimators_):
        assert not {"_callback_fit_ctx", "_parent_callback_ctx"} & set(vars(one))
        assert one is model or not hasattr(one, "_skl_callbacks")


@pytest.mark.parametrize("settings", [{"calibration_fraction": None}, {}], ids=str)
def test_a_fit_without_calibration_calls_the_callbacks_once_per_regressor(settings):
    tasks = Tasks()
    model = forecaster(**settings, warm_start=True)
    if not settings:
        model.fit(SALES)
    model.set_callbacks(tasks).fit(SALES)
    assert [name[:2] for name in tasks.begun if name[1] == "fit"] == [
        ("LSTMForecaster", "fit"),
        ("LSTMRegressor", "fit"),
    ]


def test_backtests_and_failing_fits_leave_no_callbacks_open():
    tasks = Tasks()
    model = forecaster().set_callbacks(tasks)
    model.backtest(SALES, TimeSeriesSplit(2, test_size=3))
    assert tasks.begun == []
    model.set_params(regressor__solver="none")
    with pytest.raises(ValueError, match="solver"):
        model.fit(SALES)
    assert tasks.begun[-1] == "teardown"
    assert not hasattr(model, "_callback_fit_ctx")


def test_progress_bars_show_the_regressors_of_a_forecaster(capsys, monkeypatch):
    pytest.importorskip("rich")
    monkeypatch.setenv("COLUMNS", "200")
    search = GridSearchCV(
        forecaster(), {"window_size": [4, 5]}, cv=TimeSeriesSplit(2, test_size=3)
    )
    search.set_callbacks(callback.ProgressBar(max_propagation_depth=None)).fit(SALES)
    shown = capsys.readouterr().out
    assert "candidate-split-evaluation | LSTMForecaster - fit #3" in shown
    assert "fit-lstmregressor | LSTMRegressor - fit #1" in shown
