"""Gates and states of recurrent layers, against their equations in NumPy."""

import numpy as np
import numpy.testing as npt
import pytest
from scipy.special import expit
from sklearn.pipeline import make_pipeline

from sklstm import (
    LSTMAutoencoder,
    LSTMClassifier,
    LSTMRegressor,
    SequenceEncoder,
    SlidingWindowTransformer,
)
from sklstm.inspection import gate_traces

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = np.random.default_rng(0).normal(size=(20, 5, 2))
Y = X[:, -2, 0]
RAGGED = [window[i % 3 :] for i, window in enumerate(X)]
SMALL = {"max_iter": 3, "conv_filters": (), "random_state": 0}
NAMES = {
    "lstm": ["input", "forget", "candidate", "output", "cell", "hidden"],
    "gru": ["reset", "update", "candidate", "hidden"],
    "rnn": ["hidden"],
}


def regressor(X=X, y=Y, sizes=(4,), **settings):
    settings = {"bidirectional": False, "pooling": "last"} | settings
    return LSTMRegressor(sizes, **SMALL | settings).fit(X, y)


def by_hand(layer, inputs):
    """Gates and states of one sequence, as a dict of (n_timesteps, n_units)."""
    w, u, b, extra = (
        None if part is None else part.detach().numpy() for part in layer.weights
    )
    h = c = np.zeros(layer.size)
    rows = []
    for x in inputs:
        from_x, from_h = w @ x + b, u @ h
        if layer.cell == "lstm":
            i, f, g, o = np.split(from_x + from_h, 4)
            i, f, g, o = expit(i), expit(f), np.tanh(g), expit(o)
            c = f * c + i * g
            h = o * np.tanh(c)
            rows.append([i, f, g, o, c, h])
        elif layer.cell == "gru":
            (x_r, x_z, x_n), (h_r, h_z, h_n) = np.split(from_x, 3), np.split(from_h, 3)
            r, z = expit(x_r + h_r), expit(x_z + h_z)
            n = np.tanh(x_n + r * (h_n + extra))
            h = (1 - z) * n + z * h
            rows.append([r, z, n, h])
        else:
            h = np.tanh(from_x + from_h)
            rows.append([h])
    return dict(zip(NAMES[layer.cell], np.swapaxes(rows, 0, 1), strict=True))


def scaled(X):
    """Windows as the network reads them."""
    values = np.concatenate(list(X))
    return [(window - values.mean(axis=0)) / values.std(axis=0) for window in X]


def table(traces, *key):
    return {name: traces.loc[key][name].unstack("unit").to_numpy() for name in traces}


@pytest.mark.parametrize("cell", NAMES)
@pytest.mark.parametrize("data", [X, RAGGED], ids=["windows", "ragged"])
def test_gates_follow_the_equations(cell, data):
    model = regressor(data, cell=cell, sizes=(4, 3), bidirectional=True)
    traces = gate_traces(model, data[:5])
    assert traces.columns.to_list() == NAMES[cell]
    assert traces.index.names == ["window", "layer", "direction", "step", "unit"]
    for window, inputs in enumerate(scaled(data)[:5]):
        for number, (forward, backward) in enumerate(model.network_.layers):
            wanted = {"forward": by_hand(forward, inputs)}
            reversed_gates = by_hand(backward, inputs[::-1])
            wanted["backward"] = {k: gate[::-1] for k, gate in reversed_gates.items()}
            for direction, gates in wanted.items():
                ours = table(traces, window, number, direction)
                for name in NAMES[cell]:
                    npt.assert_allclose(ours[name], gates[name], rtol=1e-9, atol=1e-12)
            inputs = np.hstack([wanted[d]["hidden"] for d in ("forward", "backward")])


def test_last_hidden_states_are_what_transform_returns():
    for model in (regressor(), regressor(cell="gru", dtype="float32")):
        traces = gate_traces(model, X)
        last = traces["hidden"].xs(4, level="step").unstack("unit")
        npt.assert_allclose(last, model.transform(X), rtol=1e-4, atol=1e-6)


def test_each_network_of_an_ensemble_has_its_own_gates():
    model = regressor(n_estimators=2)
    first, second = (gate_traces(model, X[:1], network=n) for n in (0, 1))
    assert not np.allclose(first, second)
    with pytest.raises(ValueError, match="network == 2, must be <= 1"):
        gate_traces(model, X[:1], network=2)


def test_steps_of_ragged_sequences_count_from_their_own_start():
    traces = gate_traces(regressor(RAGGED), RAGGED[:3])
    n_steps = traces.groupby("window").apply(lambda t: t.index.unique("step").size)
    assert n_steps.to_list() == [5, 4, 3]
    assert traces.index.get_level_values("step").min() == 0


def test_steps_are_blocks_after_max_pooling():
    model = regressor(conv_filters=(4,), conv_pool_size=2)
    assert gate_traces(model, X[:1]).index.unique("step").size == 3


def test_pipelines_and_autoencoders_have_gates():
    model = make_pipeline(SlidingWindowTransformer(3), LSTMRegressor((4,), **SMALL))
    table_of_rows = X[:, 0]
    traces = gate_traces(model.fit(table_of_rows, Y), table_of_rows)
    assert traces.index.unique("window").size == 20
    texts = ["abc", "cab", "bb", "a"] * 5
    encoder = SequenceEncoder(analyzer="char")
    model = make_pipeline(encoder, LSTMClassifier((4,), **SMALL))
    traces = gate_traces(model.fit(texts, ["x", "x", "y", "y"] * 5), texts[2:4])
    assert traces.groupby("window").size().to_list()[0] == 2 * len(traces.loc[1])
    autoencoder = LSTMAutoencoder((4,), n_components=2, max_iter=2, random_state=0)
    assert len(gate_traces(autoencoder.fit(X), X[:2])) == 2 * 5 * 4


def test_a_transformer_has_no_gates():
    model = regressor(cell="transformer", sizes=(4,))
    with pytest.raises(ValueError, match="cell='transformer', which has no gates"):
        gate_traces(model, X)
