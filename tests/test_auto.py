"""Values of the parameters that are "auto"."""

import inspect

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklstm import LSTMClassifier, LSTMForecaster, LSTMOutlierDetector, LSTMRegressor
from sklstm._core.auto import AUTO_PARAMETERS, FEW, FOR_CLASSES, FOR_VALUES, Recipe

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

MODELS = {LSTMClassifier: FOR_CLASSES, LSTMRegressor: FOR_VALUES}
by_model = pytest.mark.parametrize("Model", MODELS)
RANDOM = np.random.default_rng(0)
ENOUGH = RANDOM.normal(size=(100, 4, 2)), np.arange(100) % 2
FEW_WINDOWS = np.tile(RANDOM.normal(size=(15, 30, 1)), (3, 1, 1)), np.arange(45) % 2
# Every fit takes one epoch.
TINY = {"hidden_layer_sizes": (2,), "learning_rate": "cosine", "max_iter": 1}


def table_of(docstring):
    """Return the values in the table of a docstring, by parameter and column."""
    lines = docstring.splitlines()
    rules = [n for n, line in enumerate(lines) if line.strip().startswith("====")]
    start, end = lines[rules[0]].index("="), rules[2]
    widths = [len(rule) for rule in lines[rules[0]].split()]
    starts = start + np.cumsum([0, *(width + 1 for width in widths[:-1])])
    rows = {}
    for line in lines[rules[1] + 1 : end]:
        cells = [
            line[begin : begin + width].strip()
            for begin, width in zip(starts, widths, strict=True)
        ]
        rows[cells[0]] = cells[1:]
    return rows


@by_model
def test_the_table_of_a_docstring_has_the_values(Model):
    kinds = ["sequences", "words", "symbols"]
    recipes = [FEW, *(MODELS[Model][kind] for kind in kinds)]
    expected = {
        name: [str(recipe.values[name]) for recipe in recipes] for name in FEW.values
    }
    assert table_of(inspect.getdoc(Model)) == expected


@by_model
@pytest.mark.parametrize(
    ("data", "kind"),
    [(ENOUGH, "sequences"), (FEW_WINDOWS, "few")],
    ids=["enough", "few"],
)
def test_values_suit_the_windows(Model, data, kind):
    model = Model(**TINY).fit(*data)
    recipe = MODELS[Model].get(kind, FEW)
    expected = {name: recipe.values[name] for name in recipe.values if name not in TINY}
    assert model.auto_params_ == expected | {
        "batch_size": model.auto_params_["batch_size"],
        "n_iter_no_change": np.inf,
    }
    n_convolutions = len(model.network_.input_layers.convolutions)
    assert n_convolutions == (3 if kind == "sequences" else 0)


@by_model
def test_windows_of_weight_zero_do_not_count(Model):
    X, y, weights = ENOUGH[0][:20], ENOUGH[1][:20], np.ones(20)
    weights[:5] = 0
    model = Model(**TINY).fit(X, y, sample_weight=weights)
    assert model.auto_params_["conv_filters"] == ()


@by_model
def test_targets_for_each_step_get_one_layer(Model):
    X, y = RANDOM.normal(size=(100, 21, 1)), np.arange(2100).reshape(100, 21) % 2
    model = Model(pooling=None, **TINY).fit(X, y)
    assert model.auto_params_["conv_filters"] == ()
    assert "pooling" not in model.auto_params_


@by_model
def test_what_is_set_is_not_chosen(Model):
    model = Model(**TINY, dropout=0.25, conv_filters=(3,)).fit(*ENOUGH)
    assert not {"dropout", "conv_filters", *TINY} & model.auto_params_.keys()
    # Convolutional layers come without the others that belong to the recipe.
    assert model.auto_params_["conv_pool_size"] == 1
    assert not model.auto_params_["batch_norm"]
    assert model._model.architecture["conv_kernel_size"] == ((3,),)
    assert model._model.architecture["dropout"] == 0.25


@by_model
def test_parameters_stay_as_they_were(Model):
    model = Model(max_iter=1).fit(*ENOUGH)
    assert model.get_params() == Model(max_iter=1).get_params()


@by_model
def test_every_value_can_be_set_by_hand(Model):
    by_rule = Model(max_iter=1, random_state=0).fit(*ENOUGH)
    by_hand = clone(by_rule).set_params(**by_rule.auto_params_).fit(*ENOUGH)
    assert by_hand.auto_params_ == {}
    np.testing.assert_array_equal(
        by_rule.predict(ENOUGH[0]), by_hand.predict(ENOUGH[0])
    )


def test_a_grid_compares_a_choice_with_values():
    grid = {"pooling": ["auto", "max"], "dropout": ["auto", 0.1]}
    search = GridSearchCV(LSTMClassifier(2, max_iter=1), grid, cv=2).fit(*ENOUGH)
    assert set(search.best_params_) == set(grid)


@pytest.mark.parametrize(
    ("n_windows", "batch_size"),
    [(20, 8), (40, 10), (64, 16), (500, 16), (1024, 32), (9000, 64)],
)
def test_an_epoch_has_four_to_thirty_two_batches(n_windows, batch_size):
    X, y = np.arange(20.0 * n_windows).reshape(-1, 20, 1), np.zeros(n_windows)
    settings = {"conv_filters": (), "bidirectional": False, "pooling": "last"}
    model = LSTMRegressor(1, max_iter=1, **settings).fit(X, y)
    assert model.auto_params_["batch_size"] == batch_size


def test_a_chosen_schedule_takes_800_steps_or_ten_epochs(monkeypatch):
    recipe = Recipe(FOR_VALUES["sequences"].values, n_steps=30, n_epochs=4)
    monkeypatch.setattr(LSTMRegressor, "_recipes", {"sequences": recipe})
    model = LSTMRegressor(2, conv_filters=(), random_state=0)
    X, y = RANDOM.normal(size=(16, 20, 1)), RANDOM.normal(size=16)
    assert model.fit(X, y).n_iter_ == 15  # two batches in each epoch
    X, y = RANDOM.normal(size=(320, 4, 1)), RANDOM.normal(size=320)
    assert model.fit(X, y).n_iter_ == 4  # twenty batches
    assert model.set_params(max_iter=2).fit(X, y).n_iter_ == 2
    # With a schedule of your own, all epochs are run.
    model.set_params(learning_rate="cosine", max_iter=7)
    assert model.fit(X, y).n_iter_ == 7
    assert FOR_VALUES["sequences"].n_steps == FOR_CLASSES["sequences"].n_steps == 800
    assert FOR_VALUES["sequences"].n_epochs == 10


@by_model
def test_training_continues_with_the_values_of_the_first_fit(Model):
    model = Model(2, max_iter=1, warm_start=True).fit(*ENOUGH)
    chosen = model.auto_params_
    model.fit(ENOUGH[0][:20], ENOUGH[1][:20])
    assert model.auto_params_ == chosen
    model = Model(2).partial_fit(*ENOUGH)
    model.partial_fit(ENOUGH[0][:20], ENOUGH[1][:20])
    assert model.auto_params_ == chosen


@by_model
def test_a_value_that_changes_the_network_needs_a_new_fit(Model):
    model = Model(2, max_iter=1, warm_start=True).fit(*ENOUGH)
    with pytest.raises(ValueError, match="bidirectional from True to False"):
        model.set_params(bidirectional=False).fit(*ENOUGH)


@by_model
@pytest.mark.parametrize("name", sorted(AUTO_PARAMETERS))
def test_other_strings_than_auto_are_refused(Model, name):
    with pytest.raises(ValueError, match=rf"'{name}' parameter .* must be"):
        Model(**{name: "atuo"}).fit(*ENOUGH)


def test_a_forecaster_and_a_detector_use_one_layer():
    series = np.sin(np.arange(300.0))
    network = make_pipeline(StandardScaler(), LSTMRegressor(2, max_iter=1))
    network.set_params(standardscaler="passthrough")
    forecaster = LSTMForecaster(network, window_size=5).fit(series)
    detector = LSTMOutlierDetector(LSTMRegressor(2, max_iter=1))
    for model in (
        forecaster.estimators_[0][-1],
        detector.fit(series[:, None]).estimator_,
    ):
        assert model.conv_filters == ()
        assert model.learning_rate == "constant"
        assert model.network_.width == 2
