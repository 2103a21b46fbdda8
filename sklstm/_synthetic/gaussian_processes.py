"""Series of Gaussian processes whose kernels are random sums and products."""

import numpy as np

from sklstm._synthetic.mixture import log_uniform, some, standardized

# Number of waves whose sum approximates a Gaussian process.
N_WAVES = 48


def gaussian_processes(random, n_series, n_timesteps, season_length):
    """Draw series of Gaussian processes, each with a kernel of its own.

    A stationary process is approximated by waves whose frequencies are drawn from the
    Fourier transform of its kernel [1]_. The frequencies of a product of two kernels
    are the sums of their frequencies; a sum of kernels shares the waves among them.

    Parameters
    ----------
    random : numpy.random.Generator
        Source of the random numbers.
    n_series, n_timesteps : int
        Number of series and of time steps.
    season_length : int
        Length of the season, which is the period of most periodic kernels. If 1, all
        periods are random.

    Returns
    -------
    series : ndarray of shape (n_series, n_timesteps)
        Series with a standard deviation of 1.

    References
    ----------
    .. [1] A. Rahimi and B. Recht, "Random Features for Large-Scale Kernel Machines",
       Advances in Neural Information Processing Systems 20, 2007.
    """
    shape = n_series, N_WAVES
    frequencies = np.zeros(shape)
    for kernel in (_aperiodic, _periodic, _aperiodic):
        drawn = kernel(random, shape, n_timesteps, season_length)
        multiply = some(random, 0.4, n_series)
        replace = random.random(shape) < random.uniform(size=(n_series, 1))
        frequencies = np.where(
            multiply, frequencies + drawn, np.where(replace, drawn, frequencies)
        )
    series = _waves(random, frequencies, n_timesteps)
    line = random.normal(0, 2, (n_series, 1)) * np.linspace(0, 1, n_timesteps)
    white = random.normal(size=series.shape) * log_uniform(
        random, 0.03, 1, (n_series, 1)
    )
    return standardized(series + some(random, 0.4, n_series) * line + white)


def _waves(random, frequencies, n_timesteps):
    """Return sums of waves with given frequencies, in cycles per step."""
    # float32 is precise enough for waves, and several times as fast.
    angles = (2 * np.pi * frequencies).astype(np.float32)[:, :, None]
    angles = angles * np.arange(n_timesteps, dtype=np.float32)
    angles += random.uniform(0, 2 * np.pi, (*frequencies.shape, 1)).astype(np.float32)
    return np.cos(angles).sum(axis=1) * np.sqrt(2 / frequencies.shape[1])


def _aperiodic(random, shape, n_timesteps, _):
    """Draw frequencies of a Gaussian, a rational quadratic or an exponential kernel."""
    length = log_uniform(random, 0.02, 1, (shape[0], 1)) * n_timesteps
    normal = random.normal(size=shape)
    kind = random.integers(0, 3, (shape[0], 1))
    # Divided by a random scale, normal frequencies have heavier tails.
    rational = normal * np.sqrt(random.gamma(1, 1, shape))
    cauchy = normal / (np.abs(random.normal(size=shape)) + 1e-9)
    return np.choose(kind, [normal, rational, cauchy]) / (2 * np.pi * length)


def _periodic(random, shape, n_timesteps, season_length):
    """Draw frequencies of periodic kernels: multiples of one frequency."""
    period = random.uniform(3, max(4, n_timesteps / 2), (shape[0], 1))
    if season_length > 1:
        period = np.where(some(random, 0.6, shape[0]), season_length, period)
    return random.geometric(random.uniform(0.3, 0.9, (shape[0], 1)), shape) / period
