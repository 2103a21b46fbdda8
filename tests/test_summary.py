"""The summary of a network lists all of its weights, as text and in notebooks."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from one_layer import ONE_LAYER
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from torch import nn

import sklstm
from sklstm import (
    LSTMAutoencoder,
    LSTMClassifier,
    LSTMForecaster,
    LSTMLanguageModel,
    LSTMOutlierDetector,
    LSTMRegressor,
    LSTMTranscriber,
    LSTMTranslator,
)
from sklstm._nn.summary import count_weights, layers_of

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = np.random.default_rng(0).normal(size=(40, 6, 2))
y = X[:, 1, 0]
CODES = np.random.default_rng(0).integers(0, 5, size=(40, 6))
TEXTS = ["abc", "abd"] * 20
SHORT = {"max_iter": 1, "random_state": 0}


def small(**params):
    return LSTMRegressor(4, **ONE_LAYER | SHORT | params)


NETWORKS = {
    "regressor": lambda: small().fit(X, y),
    "transformer": lambda: small(cell="transformer", bidirectional=True).fit(X, y),
    "poolings": lambda: small(
        bidirectional=True,
        pooling=("last", "attention"),
        conv_filters=[3, 5],
        conv_kernel_size=((2, 3), 3),
        conv_pool_size=(2, 1),
        conv_pooling="max",
        batch_norm=True,
    ).fit(X, y),
    "codes": lambda: small(
        embedding_size=3, embedding_pairs=10, conv_pooling="mean", cell="gru"
    ).fit(CODES, y),
    "classifier": lambda: LSTMClassifier(
        3, pooling=None, transitions=True, **SHORT
    ).fit(X, (X[:, :, 0] > 0).astype(int)),
    "autoencoder": lambda: LSTMAutoencoder((4, 3), n_components=2, **SHORT).fit(X),
    "transcriber": lambda: LSTMTranscriber(3, **SHORT).fit(X, ["ab"] * 40),
    "language": lambda: LSTMLanguageModel(6, **SHORT).fit(TEXTS),
    "reduced": lambda: LSTMLanguageModel(6, embedding_size=4, **SHORT).fit(TEXTS),
    "translator": lambda: LSTMTranslator(6, **SHORT).fit(TEXTS, TEXTS),
    "blocks": lambda: LSTMTranslator(6, cell="transformer", **SHORT).fit(TEXTS, TEXTS),
    "numbers": lambda: LSTMTranslator(
        6, attention="additive", bidirectional=False, **SHORT
    ).fit(list(X), TEXTS),
}


@pytest.fixture(params=NETWORKS)
def fitted(request):
    return NETWORKS[request.param]()


def test_every_weight_is_in_one_layer(fitted, capsys):
    layers = list(layers_of(fitted.network_))
    total = count_weights(fitted.network_)
    assert sum(layer.n_weights for layer in layers) == total
    fitted.summary()
    title, *_, last = capsys.readouterr().out.splitlines()
    assert title == type(fitted).__name__
    assert last.startswith(f"{total:,} weights (float")


def test_shapes_are_those_of_the_layers(fitted):
    layers = list(layers_of(fitted.network_))
    assert all(layer.shape for layer in layers)
    assert layers[0].name.endswith("input")
    assert layers[0].n_weights == 0


def test_the_summary_of_an_lstm_is_as_by_hand(capsys):
    LSTMRegressor(50, **ONE_LAYER | SHORT, n_estimators=2).fit(X, y).summary()
    title, rule, *lines, _, total = capsys.readouterr().out.splitlines()
    assert title == "LSTMRegressor"
    assert {len(line) for line in lines} == {len(rule)}
    assert [re.split(r"\s{2,}", line) for line in lines if line != rule] == [
        ["layer", "output shape", "weights"],
        ["input", "(n_timesteps, 2)", "0"],
        ["LSTM", "(n_timesteps, 50)", f"{4 * (50 * 2 + 50 * 50 + 50):,}"],
        ["last state", "(50,)", "0"],
        ["linear", "(1,)", "51"],
    ]
    assert total == "2 networks with 10,651 weights (float64) each"


def test_blocks_of_max_pooling_are_in_the_shape():
    names = [layer.name for layer in layers_of(NETWORKS["poolings"]().network_)]
    shapes = [layer.shape for layer in layers_of(NETWORKS["poolings"]().network_)]
    assert list(zip(names, shapes, strict=True)) == [
        ("input", ("n_timesteps", 2)),
        ("convolution", ("n_timesteps / 2", 6)),
        ("convolution", ("n_timesteps / 2", 5)),
        ("bidirectional LSTM", ("n_timesteps / 2", 8)),
        ("last state, attention", (16,)),
        ("max of the inputs", (5,)),
        ("linear", (1,)),
    ]


def test_networks_of_other_classes_are_listed_by_class():
    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Linear(3, 2), nn.LayerNorm(2)
            self.scale = nn.Parameter(torch.ones(5))

    layers = [(layer.name, layer.n_weights) for layer in layers_of(Network())]
    assert layers == [("first: Linear", 8), ("second: LayerNorm", 4), ("Network", 5)]


def summary_of(estimator, capsys):
    estimator.summary()
    return capsys.readouterr().out


def test_estimators_that_hold_networks_print_theirs(capsys):
    forecaster = LSTMForecaster(horizon=2, fine_tune=0).fit(y)
    text = summary_of(forecaster, capsys)
    assert text.startswith("mixture of base forecasts\n")
    assert "networks with 33,572 weights" in text
    forecaster = LSTMForecaster(
        small(), horizon=2, window_size=3, baseline="last", n_estimators=2
    )
    text = summary_of(forecaster.fit(y), capsys)
    assert text.startswith("LSTMRegressor\n")
    assert "2 networks with" in text
    detector = LSTMOutlierDetector(make_pipeline(small()), window_size=3).fit(X[:, 0])
    assert summary_of(detector, capsys).startswith("LSTMRegressor\n")


@pytest.mark.parametrize(
    "estimator", [each() for each in (LSTMRegressor, LSTMTranslator, LSTMForecaster)]
)
def test_the_layers_are_not_known_before_the_fit(estimator):
    with pytest.raises(NotFittedError, match=r"is not fitted yet\. Call 'fit'"):
        estimator.summary()
    assert "sklstm-network" not in estimator._repr_html_()


def test_without_a_network_there_is_no_summary():
    forecaster = LSTMForecaster(Ridge(), horizon=2, window_size=3, baseline="last")
    with pytest.raises(ValueError, match="holds no network of this package"):
        forecaster.fit(y).summary()
    assert "sklstm-network" not in forecaster._repr_html_()


def test_notebooks_show_the_network_below_the_parameters(fitted):
    html = fitted._repr_html_()
    shown, drawn = html.split('<div class="sklstm-network"')
    assert "Parameters" in shown
    for layer in layers_of(fitted.network_):
        assert f"<b>{layer.name}</b>" in drawn
    assert drawn.count("<div") == drawn.count("</div>") - 1
    # The colors of text and background are those of the notebook.
    assert not re.search(r'[;"]\s*(color|background-color):', drawn)
    assert fitted._repr_mimebundle_()["text/html"].count("sklstm-network") == 1


ESTIMATORS = [
    value
    for value in (getattr(sklstm, name) for name in sklstm.__all__)
    if hasattr(value, "fit")
]


@pytest.mark.parametrize("cls", ESTIMATORS, ids=lambda cls: cls.__name__)
def test_links_lead_to_the_page_of_the_class(cls):
    link = cls()._get_doc_link()
    assert link.endswith(f"/generated/sklstm.{cls.__name__}.html")
    pages = (Path(__file__).parents[1] / "docs" / "api.rst").read_text()
    # The section of the page determines the name of the generated page.
    before = pages[: re.search(rf"^   {cls.__name__}$", pages, re.MULTILINE).start()]
    assert re.findall(r"currentmodule:: (\S+)", before)[-1] == "sklstm"
    assert f'href="{link}"' in cls()._repr_html_()


def test_classes_of_other_packages_have_no_link():
    other = type("Mine", (LSTMRegressor,), {"__module__": "mine"})
    assert other()._get_doc_link() == ""
