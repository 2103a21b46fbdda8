"""Poolings by hand, in NumPy, with and without missing steps."""

import numpy as np
import numpy.testing as npt
import pytest
import torch
from scipy.special import softmax

from sklstm._nn.layers import Attention, make_pooling

N_MISSING = [0, 2, 4]


@pytest.fixture
def states():
    """Hidden states, zero where steps are missing, as networks hand them on."""
    states = np.random.default_rng(0).normal(size=(3, 5, 4))
    for row, n_padding in enumerate(N_MISSING):
        states[row, :n_padding] = 0
    return torch.from_numpy(states)


@pytest.fixture
def missing():
    return None, torch.arange(5) >= torch.tensor(N_MISSING)[:, None]


def existing(states):
    """States of the steps that exist, window by window, as NumPy arrays."""
    return [s[n:].numpy() for s, n in zip(states, N_MISSING, strict=True)]


@pytest.fixture
def attention():
    layer = make_pooling("attention", 4, torch.float64)
    assert isinstance(layer, Attention)
    random = np.random.default_rng(1)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(torch.from_numpy(random.normal(size=parameter.shape)))
    return layer


def attention_by_hand(layer, states):
    """Shares of the steps of one window."""
    weight, bias = (p.detach().numpy() for p in layer.project.parameters())
    query = layer.query.detach().numpy()[0]
    return softmax([query @ np.tanh(weight @ state + bias) for state in states])


def test_last_is_what_the_layers_give_as_such(states):
    pooling = make_pooling("last", 4, torch.float64)
    npt.assert_array_equal(pooling(states, states[:, 4], None), states[:, 4])


def test_mean_is_over_the_steps_that_exist(states, missing):
    pooling = make_pooling("mean", 4, torch.float64)
    npt.assert_allclose(pooling(states, None, None), states.numpy().mean(1), rtol=1e-12)
    means = [part.mean(0) for part in existing(states)]
    npt.assert_allclose(pooling(states, *missing), means, rtol=1e-12)


def test_max_is_over_the_steps_that_exist(states, missing):
    # Below the zeros that stand at missing steps, which must not win.
    states = torch.where(states == 0, 0.0, states - 10)
    pooling = make_pooling("max", 4, torch.float64)
    npt.assert_array_equal(pooling(states, None, None), states.numpy().max(1))
    greatest = [part.max(0) for part in existing(states)]
    npt.assert_array_equal(pooling(states, *missing), greatest)


def test_attention_averages_by_the_softmax_of_its_scores(attention, states, missing):
    pooled = attention(states, *missing).detach()
    by_hand = [attention_by_hand(attention, part) @ part for part in existing(states)]
    npt.assert_allclose(pooled, by_hand, rtol=1e-12)


def test_attention_shares_sum_to_one_and_skip_missing_steps(attention, states, missing):
    _, step_mask = missing
    shares = attention.step_weights(states, step_mask).detach()
    npt.assert_allclose(shares.sum(1), 1, rtol=1e-12)
    npt.assert_array_equal(shares[~step_mask], 0)
    assert (shares[step_mask] > 0).all()


def test_attention_without_a_question_is_the_mean(attention, states):
    with torch.no_grad():
        attention.query.zero_()
    pooled = attention(states, None, None).detach()
    npt.assert_allclose(pooled, states.numpy().mean(1), rtol=1e-12)


@pytest.mark.parametrize("name", ["mean", "max", "attention"])
def test_window_without_any_step_pools_to_zero(name, attention):
    pooling = make_pooling(name, 4, torch.float64)
    if name == "attention":
        pooling = attention
    states = torch.zeros(1, 5, 4, dtype=torch.float64)
    step_mask = torch.zeros(1, 5, dtype=torch.bool)
    pooled = pooling(states, None, step_mask).detach()
    npt.assert_array_equal(pooled, np.zeros((1, 4)))
