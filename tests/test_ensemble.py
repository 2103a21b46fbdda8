"""n_estimators: networks with different seeds, whose predictions are averaged."""

import pickle
from copy import copy

import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
from one_layer import ONE_LAYER
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sklstm import (
    LSTMAutoencoder,
    LSTMClassifier,
    LSTMForecaster,
    LSTMOutlierDetector,
    LSTMRegressor,
    SlidingWindowTransformer,
)
from sklstm._core import ensemble
from sklstm._core.sklearn_compat import CallbackRunner
from sklstm.streaming import Stream

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 6, 2))
Y = X[:, 1] + 0.1 * RNG.normal(size=(30, 2))
y = Y[:, 0]
CLASSES = np.where(y > 0.5, "up", np.where(y < -0.5, "down", "level"))
LABELS = (Y > 0).astype(int)
RAGGED = [x[: 2 + i % 5] for i, x in enumerate(X)]
RANDOM = {"batch_size": 8, "dropout": 0.2, "recurrent_dropout": 0.2}
LINEAR = ONE_LAYER | {"n_iter_no_change": np.inf, "learning_rate": "constant"}


def regressor(n_estimators=3, **params):
    params = {"max_iter": 3, "random_state": 0, **LINEAR, **RANDOM, **params}
    return LSTMRegressor((4,), n_estimators=n_estimators, **params)


def classifier(n_estimators=3, **params):
    params = {"max_iter": 3, "random_state": 0, **LINEAR, **RANDOM, **params}
    return LSTMClassifier((4,), n_estimators=n_estimators, **params)


def members(model):
    """Return an estimator for each network of an ensemble."""
    singles = [copy(model) for _ in model.networks_]
    for single, network in zip(singles, model._models, strict=True):
        single._models = [network]
    return singles


def weights(network):
    return np.concatenate([w.numpy().ravel() for w in network.state_dict().values()])


def all_weights(model):
    return np.stack([weights(network) for network in model.networks_])


class TestSeeds:
    @pytest.mark.parametrize("seed", [0, np.random.RandomState(0)], ids=["int", "rs"])
    def test_the_first_networks_are_those_of_a_smaller_ensemble(self, seed):
        one, three, five = (
            all_weights(regressor(n, random_state=clone_state(seed)).fit(X, y))
            for n in (1, 3, 5)
        )
        npt.assert_array_equal(five[:3], three)
        npt.assert_array_equal(three[:1], one)
        assert len(np.unique(five, axis=0)) == 5

    def test_a_fit_draws_one_number_for_any_number_of_networks(self):
        states = [np.random.RandomState(0) for _ in range(2)]
        for n_estimators, state in zip((1, 4), states, strict=True):
            regressor(n_estimators, random_state=state).fit(X, y)
        assert states[0].randint(2**31) == states[1].randint(2**31)

    def test_partial_fits_of_the_first_networks_are_equal(self):
        two, three = regressor(2), regressor(3)
        for _ in range(2):
            two.partial_fit(X, y)
            three.partial_fit(X, y)
        npt.assert_array_equal(all_weights(three)[:2], all_weights(two))

    def test_network_is_the_first_and_describes_the_epochs(self):
        one, model = regressor(1).fit(X, y), regressor().fit(X, y)
        assert model.network_ is model.networks_[0]
        assert model.loss_curve_ == one.loss_curve_
        assert model.best_loss_ == one.best_loss_
        assert model.auto_params_ == one.auto_params_

    def test_all_networks_have_the_same_validation_windows(self, monkeypatch):
        seen = []

        def spy(*args, **kwargs):
            seen.append(args[3])
            return train(*args, **kwargs)

        train = ensemble.train
        monkeypatch.setattr(ensemble, "train", spy)
        model = classifier(early_stopping=True, validation_fraction=0.3)
        model.fit(X, CLASSES)
        assert len(seen) == 3
        assert seen[0] is seen[1] is seen[2]
        assert len(model.validation_loss_curve_) == 3


def clone_state(seed):
    return pickle.loads(pickle.dumps(seed))


class TestAverages:
    @pytest.mark.parametrize("n_estimators", [2, 3])
    @pytest.mark.parametrize(
        "targets", [CLASSES, CLASSES == "up", LABELS], ids=["three", "two", "labels"]
    )
    def test_probabilities_are_the_mean(self, targets, n_estimators):
        model = classifier(n_estimators).fit(X, targets)
        expected = np.mean([m.predict_proba(X) for m in members(model)], axis=0)
        probabilities = model.predict_proba(X)
        npt.assert_allclose(probabilities, expected, rtol=1e-12)
        npt.assert_allclose(model.predict_log_proba(X), np.log(expected), atol=1e-12)
        scores = model.decision_function(X)
        if targets is CLASSES:
            best = model.classes_[expected.argmax(1)]
            npt.assert_array_equal(scores.argmax(1), expected.argmax(1))
        else:
            positive = expected if targets is LABELS else expected[:, 1]
            npt.assert_allclose(scores, np.log(positive / (1 - positive)), atol=1e-12)
            best = positive > 0.5
        npt.assert_array_equal(model.predict(X), best)

    def test_probabilities_of_steps_are_the_mean(self):
        targets = [(x[:, 0] > 0).astype(int) for x in RAGGED]
        model = classifier(pooling=None).fit(RAGGED, targets)
        singles = [m.predict_proba(RAGGED) for m in members(model)]
        for *parts, mean in zip(*singles, model.predict_proba(RAGGED), strict=True):
            npt.assert_allclose(mean, np.mean(parts, axis=0), rtol=1e-12)

    def test_tiny_probabilities_do_not_underflow(self):
        model = classifier(2).fit(X, CLASSES == "up")
        for network in model.networks_:
            network.head.weight.data.zero_()
            network.head.bias.data.fill_(-2000.0)
        npt.assert_allclose(model.predict_log_proba(X)[:, 1], -2000)
        npt.assert_allclose(model.decision_function(X), -2000)

    @pytest.mark.parametrize("n_estimators", [2, 3])
    def test_predictions_are_the_median(self, n_estimators):
        model = regressor(n_estimators).fit(X, Y)
        expected = np.median([m.predict(X) for m in members(model)], axis=0)
        npt.assert_array_equal(model.predict(X), expected)

    def test_predictions_of_steps_are_the_median(self):
        model = regressor(pooling=None).fit(RAGGED, [x[:, 0] for x in RAGGED])
        singles = [m.predict(RAGGED) for m in members(model)]
        for *parts, median in zip(*singles, model.predict(RAGGED), strict=True):
            npt.assert_array_equal(median, np.median(parts, axis=0))

    def test_quantiles_are_medians_and_stay_in_order(self):
        model = regressor(loss="quantile", quantiles=(0.2, 0.5, 0.8)).fit(X, y)
        quantiles = model.predict_quantiles(X)
        expected = [m.predict_quantiles(X) for m in members(model)]
        npt.assert_array_equal(quantiles, np.median(expected, axis=0))
        npt.assert_array_equal(model.predict(X), quantiles[:, 1])
        assert (np.diff(quantiles, axis=1) >= 0).all()

    def test_missing_targets_are_ignored_by_all_networks(self):
        holed = Y.copy()
        holed[::3, 0] = np.nan
        model, one = (regressor(n)._fit_to_observed(X, holed) for n in (3, 1))
        assert np.isfinite(model.predict(X)).all()
        npt.assert_array_equal(all_weights(model)[:1], all_weights(one))

    def test_weights_reach_all_networks(self):
        rows = np.r_[0:30, 0:5]
        weighted = regressor(batch_size=40, dropout=0.0, recurrent_dropout=0.0)
        repeated = clone(weighted).fit(X[rows], y[rows])
        weighted.fit(X, y, sample_weight=np.r_[np.full(5, 2.0), np.ones(25)])
        npt.assert_allclose(all_weights(weighted), all_weights(repeated), rtol=1e-6)

    def test_sequences_without_steps_get_the_class_shares(self):
        model = classifier().fit(RAGGED, CLASSES)
        _, counts = np.unique(CLASSES, return_counts=True)
        with pytest.warns(UserWarning, match="no time steps"):
            probabilities = model.predict_proba([np.empty((0, 2)), RAGGED[0]])
        npt.assert_allclose(probabilities[0], counts / 30, rtol=1e-6)

    def test_features_of_all_networks_are_side_by_side(self):
        model = regressor(2).fit(X, y)
        features = np.hstack([m.transform(X) for m in members(model)])
        npt.assert_array_equal(model.transform(X), features)
        names = model.get_feature_names_out()
        assert list(names) == [f"lstmregressor{i}" for i in range(8)]
        assert model.set_output(transform="pandas").transform(X).shape == (30, 8)

    def test_attention_is_the_mean(self):
        model = regressor(pooling="attention").fit(RAGGED, y)
        expected = np.mean([m.attention_weights(X) for m in members(model)], axis=0)
        npt.assert_allclose(model.attention_weights(X), expected, rtol=1e-12)
        npt.assert_allclose(model.attention_weights(X).sum(1), 1)


class TestFurtherTraining:
    def test_warm_start_adds_networks(self):
        model = classifier(2, warm_start=True).fit(X, CLASSES)
        former = all_weights(model)
        model.set_params(n_estimators=5).fit(X, CLASSES)
        npt.assert_array_equal(all_weights(model)[:2], former)
        at_once = classifier(5).fit(X, CLASSES)
        npt.assert_array_equal(all_weights(model), all_weights(at_once))
        npt.assert_array_equal(model.predict_proba(X), at_once.predict_proba(X))
        assert model.loss_curve_ == at_once.loss_curve_

    def test_added_networks_start_with_fresh_normalization(self):
        params = {"conv_filters": (3,), "batch_norm": True, "warm_start": True}
        model = regressor(1, **params).fit(X, y).set_params(n_estimators=2).fit(X, y)
        at_once = regressor(2, **params).fit(X, y)
        npt.assert_array_equal(all_weights(model), all_weights(at_once))

    def test_warm_start_continues_all_networks(self):
        once, model = regressor(warm_start=True).fit(X, y), regressor(warm_start=True)
        model.fit(X, y).fit(X, y)
        assert (all_weights(model) != all_weights(once)).any(axis=1).all()
        one = regressor(1, warm_start=True).fit(X, y).fit(X, y)
        npt.assert_array_equal(all_weights(model)[:1], all_weights(one))

    @pytest.mark.parametrize("method", ["fit", "partial_fit"])
    def test_networks_are_not_thrown_away(self, method):
        model = regressor(3, warm_start=True).fit(X, y).set_params(n_estimators=2)
        before = model.predict(X)
        message = r"3 networks, and n_estimators=2 .* n_estimators=3 or .*=False\."
        with pytest.raises(ValueError, match=message):
            getattr(model, method)(X, y)
        npt.assert_array_equal(model.predict(X), before)
        assert len(model.set_params(n_estimators=3).fit(X, y).networks_) == 3
        model.set_params(n_estimators=2, warm_start=False)
        assert len(model.fit(X, y).networks_) == 2

    def test_partial_fit_trains_all_networks_for_an_epoch(self):
        model = classifier(2)
        for n in (1, 2, 3):
            before = all_weights(model) if n > 1 else None
            model.partial_fit(X, CLASSES)
            assert model.n_iter_ == n
            if before is not None:
                assert (all_weights(model) != before).any(axis=1).all()
        model.set_params(n_estimators=3).partial_fit(X, CLASSES)
        assert len(model.networks_) == 3

    def test_optimizers_of_partial_fits_continue(self):
        model, restarted = regressor(2), regressor(2)
        model.partial_fit(X, y).partial_fit(X, y)
        restarted.partial_fit(X, y)._optimizer_states = []
        restarted.partial_fit(X, y)
        assert (all_weights(model) != all_weights(restarted)).any(axis=1).all()

    def test_changed_parameters_are_refused_for_added_networks(self):
        model = regressor(2, warm_start=True).fit(X, y)
        model.set_params(n_estimators=3, cell="gru")
        with pytest.raises(ValueError, match="cell from lstm to gru"):
            model.fit(X, y)


class TestInterrupts:
    @staticmethod
    def interrupt_at(monkeypatch, n_epochs, method="end_epoch"):
        """Interrupt training at a call of a method of the callback runner."""
        n_calls = 0

        def interrupt(*_):
            nonlocal n_calls
            n_calls += 1
            if n_calls == n_epochs:
                raise KeyboardInterrupt

        monkeypatch.setattr(CallbackRunner, method, interrupt)

    @pytest.mark.parametrize(("method", "n"), [("end_epoch", 8), ("end_fit", 2)])
    def test_complete_networks_are_kept_and_the_others_can_be_added(
        self, monkeypatch, method, n
    ):
        model = regressor(5)
        self.interrupt_at(monkeypatch, n, method)
        with pytest.warns(UserWarning, match=r"at network \d of 5.* 2 of 5 networks"):
            model.fit(X, y)
        monkeypatch.undo()
        npt.assert_array_equal(model.predict(X), regressor(2).fit(X, y).predict(X))
        model.set_params(warm_start=True).fit(X, y)
        npt.assert_array_equal(model.predict(X), regressor(5).fit(X, y).predict(X))

    def test_the_first_network_is_kept_as_it_is(self, monkeypatch):
        model = regressor(3, max_iter=9)
        self.interrupt_at(monkeypatch, 3)
        with pytest.warns(UserWarning, match=r"at network 1 of 3.* learned so far"):
            model.fit(X, y)
        monkeypatch.undo()
        assert len(model.networks_) == 1
        npt.assert_array_equal(model.predict(X), regressor(1).fit(X, y).predict(X))

    @pytest.mark.parametrize("method", ["fit", "partial_fit"])
    def test_networks_of_an_earlier_fit_are_kept(self, monkeypatch, method):
        model = regressor(3, warm_start=True).fit(X, y)
        before = all_weights(model)
        self.interrupt_at(monkeypatch, 1 if method == "partial_fit" else 2)
        with pytest.warns(UserWarning, match=r"at network 1 of 3.* learned so far"):
            getattr(model, method)(X, y)
        monkeypatch.undo()
        after = all_weights(model)
        npt.assert_array_equal(after[1:], before[1:])
        assert (after[0] != before[0]).any()


class TestMessages:
    def test_verbose_counts_the_networks(self, capsys):
        regressor(2, max_iter=2, verbose=True).fit(X, y)
        lines = capsys.readouterr().out.splitlines()
        starts = [line.partition(", loss = ")[0] for line in lines]
        assert starts == [
            f"Network {k} of 2: Iteration {i}" for k in (1, 2) for i in (1, 2)
        ]

    def test_one_warning_for_all_networks(self):
        with pytest.warns(ConvergenceWarning, match="Maximum iterations") as caught:
            regressor(3).fit(X, y)
        assert len(caught) == 1

    def test_networks_that_learn_nothing_are_reported_once(self):
        model = regressor(3, solver="sgd", learning_rate_init=1e-9, max_iter=20)
        model.set_params(n_iter_no_change=1)
        with pytest.warns(ConvergenceWarning, match="hardly better") as caught:
            model.fit(X, RNG.normal(size=30))
        assert len(caught) == 1

    @pytest.mark.parametrize("n_estimators", [0, 2.0, "auto"])
    def test_a_wrong_number_is_refused(self, n_estimators):
        with pytest.raises(ValueError, match="'n_estimators' parameter"):
            regressor(n_estimators).fit(X, y)


class Tasks:
    """Callback that records tasks, and asks to stop after some of them."""

    def __init__(self, *stops):
        self.stops, self.calls, self.scores = stops, [], []

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        self.calls.append((context.task_name, context.task_id, context.max_subtasks))

    def on_fit_task_end(self, estimator, context, *, fitted_estimator):
        self.scores.append(fitted_estimator.predict(X))
        return (context.task_name, context.task_id) in self.stops


class TestCallbacks:
    @pytest.fixture(autouse=True)
    def callback(self):
        return pytest.importorskip("sklearn.callback", reason="scikit-learn < 1.9")

    def test_each_network_is_a_task_with_its_epochs(self):
        tasks = Tasks()
        model = regressor(2, max_iter=2).set_callbacks(tasks).fit(X, y)
        epochs = [("epoch", 0, 0), ("epoch", 1, 0)]
        assert tasks.calls == [
            ("fit", 0, 2),
            *[("network", 0, 2), *epochs],
            *[("network", 1, 2), *epochs],
        ]
        npt.assert_array_equal(tasks.scores[-1], model.predict(X))
        first = regressor(1, max_iter=2).fit(X, y).predict(X)
        npt.assert_array_equal(tasks.scores[2], first)

    def test_a_callback_stops_one_network_or_all(self):
        model = regressor(2, max_iter=5).set_callbacks(Tasks(("epoch", 1))).fit(X, y)
        assert (model.n_iter_, len(model.networks_)) == (2, 2)
        model.set_callbacks(Tasks(("network", 0))).fit(X, y)
        assert (model.n_iter_, len(model.networks_)) == (5, 1)

    def test_added_networks_are_the_only_tasks(self):
        model = regressor(2, warm_start=True).fit(X, y).set_params(n_estimators=3)
        tasks = Tasks()
        model.set_callbacks(tasks).fit(X, y)
        assert tasks.calls[:2] == [("fit", 0, 1), ("network", 0, 3)]
        npt.assert_array_equal(tasks.scores[-2], model.predict(X))

    def test_scores_are_logged_for_each_network(self, callback):
        monitor = callback.ScoringMonitor(scoring="r2")
        model = regressor(2, max_iter=2).set_callbacks(monitor).fit(X, y)
        log = monitor.get_logs().data_as_pandas
        assert (log["task_name"] == "epoch").sum() == 4
        npt.assert_allclose(log["r2"].iloc[-1], model.score(X, y))


class TestComposition:
    def test_a_pickle_predicts_the_same_and_holds_scales_once(self):
        wide = np.random.default_rng(0).normal(size=(20, 2, 2000))
        params = {"hidden_layer_sizes": (1,), "max_iter": 1, "random_state": 0}
        one, model = (
            LSTMRegressor(**params, n_estimators=n).fit(wide, y[:20]) for n in (1, 2)
        )
        pickled = pickle.dumps(model)
        npt.assert_array_equal(pickle.loads(pickled).predict(wide), model.predict(wide))
        n_weights = sum(w.nbytes for w in one.network_.state_dict().values())
        assert len(pickled) - len(pickle.dumps(one)) < n_weights + 2000

    def test_a_search_tries_numbers_of_networks(self):
        search = GridSearchCV(regressor(), {"n_estimators": [1, 2]}, cv=2).fit(X, y)
        assert (
            len(search.best_estimator_.networks_) == search.best_params_["n_estimators"]
        )
        assert clone(regressor(7)).n_estimators == 7

    def test_forecasters_and_detectors_use_ensembles(self):
        series = np.sin(np.arange(60.0))
        settings = {"window_size": 5, "random_state": 0}
        forecaster = LSTMForecaster(regressor(2), horizon=3, **settings).fit(series)
        assert len(forecaster.estimators_[0].networks_) == 2
        assert np.isfinite(forecaster.predict()).all()
        quantiles = LSTMForecaster(regressor(2, loss="quantile"), horizon=3, **settings)
        intervals = quantiles.fit(series).predict_interval(coverage=0.8)
        assert (np.diff(intervals) >= 0).all()
        detector = LSTMOutlierDetector(regressor(2), **settings).fit(series[:, None])
        assert len(detector.estimator_.networks_) == 2

    def test_a_stream_predicts_with_all_networks(self):
        table = pd.DataFrame(X[:, 0])
        model = make_pipeline(SlidingWindowTransformer(3), regressor(2))
        model.fit(table[:20], y[:20])
        expected = model.predict(table[20:])
        stream = Stream(model)
        answers = [stream.update(table[i : i + 1]).predict()[0] for i in range(20, 30)]
        npt.assert_allclose(answers, expected, rtol=1e-9)

    def test_other_estimators_have_one_network(self):
        model = LSTMAutoencoder((3,), n_components=2, max_iter=1).fit(X)
        assert "n_estimators" not in model.get_params()
        assert model.transform(X).shape == (30, 2)
