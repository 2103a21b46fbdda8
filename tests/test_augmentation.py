"""Random parts of windows that are hidden in training."""

import numpy as np
import numpy.testing as npt
import pytest
import torch

from sklstm._nn.augmentation import hide_parts
from sklstm._nn.network import RecurrentNetwork

N_WINDOWS = 4000


def hidden(fraction, longest, n_timesteps=40, n_features=1, seed=0):
    """Which values of windows of ones are hidden."""
    generator = torch.Generator().manual_seed(seed)
    windows = torch.ones(N_WINDOWS, n_timesteps, n_features)
    return (hide_parts(windows, fraction, longest, generator) == 0).numpy()


@pytest.mark.parametrize(("fraction", "longest"), [(0.1, 6), (0.3, 4), (0.2, 1)])
def test_fraction_of_the_steps_is_hidden(fraction, longest):
    # Stretches do not start before a window, so less is hidden in its first steps.
    npt.assert_allclose(hidden(fraction, longest)[:, longest:].mean(), fraction, 0.05)


def test_stretches_are_not_longer_than_wanted():
    steps = hidden(0.01, 5)[:, :, 0]
    edges = np.diff(steps.astype(int), axis=1, prepend=0, append=0)
    lengths = np.flatnonzero(edges < 0) - np.flatnonzero(edges > 0)
    # Few stretches overlap.
    counts = np.bincount(lengths, minlength=6)
    assert counts[1:6].min() > 0.1 * len(lengths)
    assert counts[6:].sum() < 0.1 * len(lengths)


def test_band_of_features_is_hidden_in_all_steps():
    features = hidden(0.2, 3, n_timesteps=60, n_features=10).all(axis=1)
    npt.assert_allclose(features.mean(), 0.2, 0.05)
    assert np.unique(features.sum(axis=1)).tolist() == [0, 1, 2, 3, 4]
    n_bands = (np.diff(features.astype(int), axis=1, prepend=0) > 0).sum(axis=1)
    assert n_bands.max() == 1
    assert features.any(axis=0).all()


@pytest.mark.parametrize("n_features", [1, 2])
def test_one_feature_is_always_left(n_features):
    features = hidden(0.9, 1, 300, n_features).all(axis=1)
    assert features.sum(axis=1).max() == n_features - 1


def test_network_hides_parts_in_training_only():
    network = RecurrentNetwork(2, 1, masking=0.5, masked_steps=3)
    for weights in network.parameters():
        torch.nn.init.constant_(weights, 0.1)
    windows = torch.ones(5, 9, 2)
    plain = RecurrentNetwork(2, 1)
    plain.load_state_dict(network.state_dict())
    expected = plain.eval()(windows)
    assert torch.equal(network.eval()(windows), expected)
    network.train().start_training(torch.Generator().manual_seed(0))
    assert not torch.isclose(network(windows), expected).all()
    assert network.plain_layers is None
