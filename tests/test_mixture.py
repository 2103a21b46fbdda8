"""Networks that mix base forecasts: their outputs, fine-tuning and weights file."""

import pickle
from copy import deepcopy

import numpy as np
import numpy.testing as npt
import pytest
import torch

from sklstm._forecast import pretrained
from sklstm._forecast.bases import (
    BASES,
    N_BASES,
    N_RECENT_FEATURES,
    N_SUMMARY,
    base_forecasts,
)
from sklstm._forecast.mixture import TUNING_WEIGHTS, Mixture, quantiles_at
from sklstm._forecast.pretrained import WEIGHTS, load_networks
from sklstm._forecast.training_windows import Windows
from sklstm._nn.mixture import (
    LEVELS,
    MEDIAN,
    BacktestMixture,
    MixtureNetwork,
    MixtureRows,
    mix,
    n_outputs,
    quantile_losses,
)
from sklstm._nn.mixture_tuning import (
    OutputChanges,
    TuningRows,
    network_outputs,
    tune,
)

SIZES = N_BASES, N_SUMMARY, N_RECENT_FEATURES


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def small_network(seed=0):
    """Return a small network with random weights, in double precision."""
    network = MixtureNetwork(*SIZES, width=6, code_size=3, dtype=torch.float64)
    network.initialize(generator(seed))
    with torch.no_grad():
        network.head.weight.mul_(30)
    return network.eval()


def seasonal(n_series=4, n_timesteps=60, seed=0):
    """Return series with a season of four steps, a trend and noise."""
    random = np.random.default_rng(seed)
    pattern = np.resize([3.0, -1, 2, -4], n_timesteps)
    trend = random.uniform(-0.1, 0.1, (n_series, 1)) * np.arange(n_timesteps)
    return 40 + pattern + trend + random.normal(size=(n_series, n_timesteps))


def rows_of(y, season_length=4, horizon=6):
    bases = base_forecasts(y, season_length, horizon, np.float64)
    parts = map(torch.from_numpy, (bases.recent, bases.forecasts, bases.summary))
    return MixtureRows(*parts, season_length)


def windows_of(y, horizon=6):
    """Return windows of all but the last steps, which are the targets."""
    no_covariates = np.empty((len(y), 0, 0))
    return Windows(y[:, :-horizon], no_covariates, y[:, -horizon:])


def mixture_of(*networks, season_length=4, is_log=False):
    return Mixture(list(networks), season_length, is_log)


def test_weights_are_positive_and_sum_to_one():
    with torch.no_grad():
        _, weights = small_network()(rows_of(seasonal()))
    assert weights.shape == (4, 6, N_BASES)
    assert (weights > 0).all()
    npt.assert_allclose(weights.sum(2), 1)
    assert weights.std(dim=1).max() > 0  # They differ from step to step.
    mean = mixture_of(small_network()).base_weights(seasonal(), 6)
    npt.assert_allclose(mean, weights.mean(1))


def test_quantiles_do_not_cross_whatever_the_outputs():
    rows = rows_of(seasonal())
    outputs = 20 * torch.randn(
        4, 6, n_outputs(N_BASES), generator=generator(), dtype=torch.float64
    )
    quantiles, _ = mix(rows, outputs, torch.ones(1))
    assert (quantiles.diff(dim=2) >= 0).all()
    with torch.no_grad():
        quantiles, _ = small_network()(rows)
    assert (quantiles.diff(dim=2) > 0).all()


def test_the_median_is_the_weighted_mean_plus_the_correction():
    rows, network = rows_of(seasonal()), small_network()
    with torch.no_grad():
        outputs = network.outputs(rows)
        quantiles, weights = network(rows)
    forecasts, outputs = rows.forecasts.numpy(), outputs.numpy()
    log_errors = rows.summary[:, None, :N_BASES].numpy()
    lowest = log_errors.min(axis=2, keepdims=True)
    scores = np.exp(outputs[..., :N_BASES] - 1.5 * (log_errors - lowest))
    by_hand = scores / scores.sum(axis=2, keepdims=True)
    npt.assert_allclose(weights, by_hand)
    deviations = np.abs(forecasts - forecasts.mean(axis=2, keepdims=True))
    unit = np.exp(lowest[..., 0] / 2) + 0.3 * deviations.mean(axis=2)
    median = (by_hand * forecasts).sum(axis=2) + outputs[..., N_BASES] * unit
    npt.assert_allclose(quantiles[..., MEDIAN], median)
    # The next quantile above it, by the softplus of its distance.
    distance = np.log1p(np.exp(outputs[..., N_BASES + 1 + MEDIAN])) * unit
    npt.assert_allclose(quantiles[..., MEDIAN + 1], median + distance)


def test_quantile_losses_by_hand():
    quantiles = torch.full((1, 2, len(LEVELS)), 3.0)
    targets = torch.tensor([[5.0, float("nan")]])
    # A value above all quantiles costs twice the level times the error.
    expected = 2 * np.mean(LEVELS) * 2
    npt.assert_allclose(quantile_losses(quantiles, targets), [expected], rtol=1e-6)


@pytest.mark.parametrize("season_length", [1, 7, 24])
@pytest.mark.parametrize("horizon", [1, 5, 60])
def test_one_set_of_weights_forecasts_any_horizon_and_season(season_length, horizon):
    mixture = mixture_of(*load_networks(), season_length=season_length)
    quantiles = mixture.quantiles(seasonal(3), horizon)
    assert quantiles.shape == (3, horizon, len(LEVELS))
    assert (np.diff(quantiles, axis=2) > 0).all()
    npt.assert_array_equal(
        mixture.forecasts(seasonal(3), horizon), quantiles[..., MEDIAN]
    )


def test_networks_are_averaged():
    y = seasonal()
    both = mixture_of(small_network(0), small_network(1)).quantiles(y, 3)
    each = [mixture_of(small_network(seed)).quantiles(y, 3) for seed in (0, 1)]
    assert np.abs(each[0] - each[1]).min() > 0
    npt.assert_allclose(both, np.mean(each, axis=0))


def test_mixtures_of_logarithms_use_the_values_and_their_logarithms():
    y, network = seasonal(), small_network()
    forecasts = mixture_of(network).quantiles(y, 3)
    of_logs = mixture_of(network, is_log=True).quantiles(np.log(y), 3)
    npt.assert_allclose(of_logs, np.log(forecasts))
    # Huge and tiny numbers have logarithms, too.
    far = mixture_of(network, is_log=True).quantiles(np.log(y) + 700, 3)
    npt.assert_allclose(far, np.log(forecasts) + 700)


def test_double_precision_does_not_depend_on_the_other_series():
    mixture = mixture_of(*load_networks(torch.float64))
    y = seasonal(6)
    y[2, :50] = np.nan
    together = mixture.quantiles(y, 8)
    alone = [mixture.quantiles(one[None], 8)[0] for one in y]
    npt.assert_allclose(together, alone, rtol=1e-11)


def changed(seed=0, n_networks=1):
    """Return random changes of the output layers of networks."""
    changes = OutputChanges(n_networks, n_outputs(N_BASES), N_BASES, torch.float64)
    with torch.no_grad():
        for part in changes.parameters():
            part.normal_(0, 0.5, generator=generator(seed))
    return changes


def test_without_changes_the_outputs_stay():
    outputs = network_outputs(small_network(), rows_of(seasonal()))[None]
    changes = OutputChanges(1, n_outputs(N_BASES), N_BASES, torch.float64)
    with torch.no_grad():
        npt.assert_array_equal(changes(outputs), outputs)
        assert changes.penalty(10) == 0
        npt.assert_array_equal(changed().partly(0)(outputs), outputs)
        npt.assert_array_equal(changed().partly(1)(outputs), changed()(outputs))
        assert changed().penalty(10) > changed().penalty(1000) > 0


KINDS = [
    [small_network(), small_network(1)],
    [BacktestMixture(N_BASES, torch.float64)],
]


@pytest.mark.parametrize("networks", KINDS)
def test_changed_networks_have_the_changed_outputs(networks):
    rows, priors = rows_of(seasonal()), [network.prior.item() for network in networks]
    before = torch.stack([network_outputs(network, rows) for network in networks])
    changes = changed(n_networks=len(networks))
    after = changes.applied_to(networks)
    with torch.no_grad():
        expected = changes(before)
    for number, network in enumerate(after):
        npt.assert_allclose(network_outputs(network, rows), expected[number])
        added = changes.prior[number].item()
        npt.assert_allclose(network.prior.item(), priors[number] + added)
    # The networks themselves do not change.
    npt.assert_array_equal(network_outputs(networks[0], rows), before[0])


def training_rows(y):
    """Return series without their last steps, and these steps, some unknown."""
    rows = rows_of(y[:, :-6])
    bases = base_forecasts(y[:, :-6], 4, 6, np.float64)
    targets = torch.from_numpy(bases.scale(y[:, -6:]))
    targets[::3, 2] = torch.nan
    return rows, targets


def loss_of(network, rows, targets):
    quantiles, _ = mix(rows, network_outputs(network, rows), network.prior)
    return rows.losses(quantiles, targets).mean().item()


@pytest.mark.parametrize("networks", KINDS)
def test_tuning_lowers_the_loss(networks):
    rows, targets = training_rows(seasonal(300, 50))
    changes = tune(TuningRows(networks, rows, targets), generator())
    for network, tuned in zip(networks, changes.applied_to(networks), strict=True):
        before, after = (loss_of(one, rows, targets) for one in (network, tuned))
        assert after < 0.99 * before


def test_networks_are_tuned_as_if_each_was_alone():
    networks, (rows, targets) = KINDS[0], training_rows(seasonal(200, 50))
    together = tune(TuningRows(networks, rows, targets), generator())
    for number, network in enumerate(networks):
        alone = tune(TuningRows([network], rows, targets), generator())
        for one, both in zip(alone.parameters(), together.parameters(), strict=True):
            npt.assert_allclose(
                one[0].detach(), both[number].detach(), rtol=1e-3, atol=1e-4
            )


def test_tuning_is_the_same_with_the_same_seed():
    # With more windows than are in a batch, the batches are random.
    windows, state = windows_of(seasonal(300)), torch.get_rng_state()
    global_state = np.random.get_state()[1].copy()  # noqa: NPY002
    mixture = mixture_of(small_network())
    first, second, other = (mixture.tune(windows, seed) for seed in (0, 0, 1))
    assert torch.equal(first.shift, second.shift)
    assert torch.equal(first.log_scale, second.log_scale)
    assert not torch.equal(first.shift, other.shift)
    assert torch.equal(torch.get_rng_state(), state)
    npt.assert_array_equal(np.random.get_state()[1], global_state)  # noqa: NPY002


def test_changes_are_used_as_far_as_the_windows_held_out_say():
    mixture = mixture_of(small_network())
    changes = mixture.tune(windows_of(seasonal(200)), 0)
    # More windows of the same kind.
    weight = mixture.best_weight(changes, windows_of(seasonal(200, seed=1)))
    assert weight > 0
    tuned = mixture.with_changes(changes, weight)
    assert tuned.tuning_weight == weight
    # Changes that make the forecasts worse are not used.
    wrong = changes.partly(1)
    with torch.no_grad():
        wrong.log_scale[..., 1] += 6
    assert mixture.best_weight(wrong, windows_of(seasonal(50))) == TUNING_WEIGHTS[0]
    assert mixture.with_changes(wrong, 0.0) is mixture


@pytest.mark.parametrize("name", ["season", "last", "smoothing 0.1 season"])
def test_a_mixture_without_a_network_prefers_the_best_base(name):
    rows = rows_of(seasonal())
    number = BASES.index(name)
    rows.summary[:, :N_BASES] = 1.0
    rows.summary[:, number] = -1.0
    network = BacktestMixture(N_BASES).double()
    with torch.no_grad():
        _, weights = mix(rows, network.outputs(rows), network.prior)
    assert (weights.argmax(2) == number).all()
    # The errors of the others are e**2 times as large; the exponent is 1.5.
    ratio = weights[:, :, number] / weights[:, :, (number + 1) % N_BASES]
    npt.assert_allclose(ratio, np.exp(3))


def test_seasonal_series_are_mixed_from_seasonal_bases():
    y = 40 + np.resize([3.0, -1, 2, -4], (1, 60)) + seasonal(1) / 1e3
    mixture = mixture_of(BacktestMixture(N_BASES, torch.float64))
    weights = dict(zip(BASES, mixture.base_weights(y, 4)[0], strict=True))
    assert weights["season"] > 10 * weights["last"]


@pytest.mark.parametrize(
    "copy", [deepcopy, lambda one: pickle.loads(pickle.dumps(one))]
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_copies_forecast_the_same_to_the_bit(copy, dtype):
    start = mixture_of(*load_networks(dtype))
    tuned = start.with_changes(start.tune(windows_of(seasonal()), 0), 0.5)
    of_backtests = mixture_of(BacktestMixture(N_BASES, dtype))
    for mixture in (start, tuned, of_backtests):
        expected = mixture.quantiles(seasonal(), 5)
        npt.assert_array_equal(copy(mixture).quantiles(seasonal(), 5), expected)


def test_quantiles_between_the_levels_are_interpolated():
    known = np.sort(np.random.default_rng(0).normal(size=(2, 3, len(LEVELS))), axis=2)
    npt.assert_allclose(quantiles_at(known, LEVELS), known)
    inside = quantiles_at(known, [0.15, 0.85, 0.5])
    assert (known[..., 1] < inside[..., 0]).all()
    assert (inside[..., 0] < known[..., 2]).all()
    assert (quantiles_at(known, [0.01, 0.99])[..., 0] <= known[..., 0]).all()
    # The quantiles of a normal distribution are exact at all levels.
    normal = torch.distributions.Normal(2.0, 3.0)
    levels = [0.001, 0.03, 0.42, 0.77, 0.975]
    expected, of_known = (
        normal.icdf(torch.tensor(some, dtype=torch.float64)).numpy()
        for some in (levels, LEVELS)
    )
    npt.assert_allclose(quantiles_at(of_known[None, None], levels)[0, 0], expected)


def test_the_weights_file_is_small_and_holds_arrays_only():
    assert WEIGHTS.stat().st_size < 600_000
    with np.load(WEIGHTS, allow_pickle=False) as file:
        assert set(file) == {"version", "width", "numbers"}
        assert file["version"] == pretrained.VERSION
        assert file["numbers"].dtype == np.float16
        assert np.isfinite(file["numbers"]).all()
        assert len(file["numbers"]) == len(load_networks())


def test_weights_of_another_version_are_refused(monkeypatch):
    monkeypatch.setattr(pretrained, "VERSION", -1)
    with pytest.raises(RuntimeError, match=r"version -1 is needed\. Install sklstm"):
        load_networks()


def test_loaded_networks_are_new_each_time():
    first, second = load_networks()[0], load_networks()[0]
    with torch.no_grad():
        first.prior.add_(1)
    assert first.prior.item() == pytest.approx(second.prior.item() + 1)
    numbers = pretrained.to_numbers(second)
    copy = pretrained.new_network(second.sizes[3])
    pretrained.set_numbers(copy, numbers)
    npt.assert_array_equal(pretrained.to_numbers(copy), numbers)
