"""Example data: real time series and generated ones."""

from collections.abc import Sequence
from importlib.resources import files
from numbers import Integral
from typing import Literal, overload

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state

from sklstm._input.frequency import default_season_length
from sklstm._synthetic.dates import draw_dates
from sklstm._synthetic.series import synthetic_series
from sklstm._typing import Floats, RandomState, Series

__all__ = [
    "load_pronunciations",
    "load_retail_sales",
    "make_adding",
    "make_dates",
    "make_machine",
    "make_series",
]

# Frequencies of generated series.
FREQUENCIES = ("Y", "Q", "M", "W", "D", "B", "h", "30min", "15min")
# First day of generated series, a Monday.
FIRST_DAY = np.datetime64("2000-01-03")

# Number of rows that each fault of the machine lasts; a turn has 20 rows.
FAULT_ROWS = {"knock": 4, "bearing": 160, "stuck": 40, "shift": 80}
ROWS_PER_TURN = 20
# Time constants of the load and of the temperature, in rows.
LOAD_ROWS, HEAT_ROWS = 100, 300
# Minimum number of normal rows after each fault.
REST_ROWS = 40


@overload
def load_retail_sales(*, return_X_y: Literal[False] = False) -> Series: ...
@overload
def load_retail_sales(*, return_X_y: Literal[True]) -> tuple[pd.DataFrame, Series]: ...
@overload
def load_retail_sales(
    *, return_X_y: bool
) -> "Series | tuple[pd.DataFrame, Series]": ...
def load_retail_sales(
    *, return_X_y: bool = False
) -> "Series | tuple[pd.DataFrame, Series]":
    """Load the monthly retail sales of the United States, 1992 to 2023.

    The series has 378 months, from January 1992 to June 2023, without missing values.
    Sales are not seasonally adjusted: they peak in December.

    Parameters
    ----------
    return_X_y : bool, default=False
        Whether to return a frame X and a series y, the input of a pipeline, instead of
        one series.

    Returns
    -------
    sales : Series of shape (378,)
        Sales in millions of US dollars. The name is "sales"; the index is a monthly
        :class:`~pandas.PeriodIndex`.

    (X, y) : tuple of DataFrame and Series
        Only if `return_X_y` is True: a frame with `sales` as its only column, and
        `sales` itself. X contains the target, so use windows that end before the row to
        predict: set `shift` of the :class:`~sklstm.SlidingWindowTransformer` to 1 or
        more.

    See Also
    --------
    sklstm.SlidingWindowTransformer : Convert X to windows of past months.

    Notes
    -----
    Source: US Census Bureau, Advance Monthly Retail Trade Survey, retail trade without
    food services (FRED series RSXFSN). The data are a work of the US government and in
    the public domain.

    Examples
    --------
    >>> from sklstm.datasets import load_retail_sales
    >>> sales = load_retail_sales()
    >>> sales["2019-10":"2019-12"]
    month
    2019-10    454941.0
    2019-11    467189.0
    2019-12    518979.0
    Freq: M, Name: sales, dtype: float64
    >>> X, y = load_retail_sales(return_X_y=True)
    >>> X.shape, y.shape
    ((378, 1), (378,))
    """
    table = _read_csv("retail_sales.csv", index_col="month", dtype={"sales": float})
    sales = table["sales"]
    sales.index = pd.PeriodIndex(sales.index, freq="M")
    return (sales.to_frame(), sales) if return_X_y else sales


def load_pronunciations() -> tuple[list[str], list[list[str]]]:
    """Load 6000 English words and their American pronunciations.

    There are 39 phones, in the notation ARPAbet: vowels such as "AE" in "cat", and
    consonants such as "CH" in "chair". The stress is not marked. Of a word with several
    pronunciations, the first one is used.

    Returns
    -------
    words : list of str of length 6000
        Words of 3 to 12 lower-case letters, in alphabetical order.
    phones : list of list of str
        The phones of each word.

    See Also
    --------
    sklstm.LSTMTranslator : Learn to pronounce other words.

    Notes
    -----
    Source: CMU Pronouncing Dictionary, Carnegie Mellon University, under a BSD license
    that is beside the data. The words are a random choice of those that are also in
    SCOWL, a list of English words.

    Examples
    --------
    >>> from sklstm.datasets import load_pronunciations
    >>> words, phones = load_pronunciations()
    >>> len(words)
    6000
    >>> words[5], phones[5]
    ('abbot', ['AE', 'B', 'AH', 'T'])
    """
    # "nan" and "null" would be words, not missing values.
    table = _read_csv("pronunciations.csv", keep_default_na=False)
    return list(table["word"]), [phones.split() for phones in table["phones"]]


def make_adding(
    n_sequences: int = 1000,
    n_timesteps: int = 100,
    *,
    random_state: RandomState = None,
) -> tuple[Floats, Floats]:
    """Generate the adding problem, a test of long-term memory.

    Each time step has a number and a mark. One step in the first half and one in the
    second half are marked; the target is the sum of their two numbers. Always
    predicting the mean, 1, gives a mean squared error of 1/6. The problem was
    introduced in [1]_.

    Parameters
    ----------
    n_sequences : int, default=1000
        Number of sequences, at least 1.
    n_timesteps : int, default=100
        Number of time steps of each sequence, at least 2. Longer sequences are harder.
    random_state : int, RandomState instance or None, default=None
        Seed of the numbers and the marks. Pass an int for reproducible sequences.

    Returns
    -------
    X : ndarray of shape (n_sequences, n_timesteps, 2)
        A number drawn uniformly from [0, 1), and a mark: 1 at two steps, 0 at the
        others.
    y : ndarray of shape (n_sequences,)
        Sum of the two marked numbers of each sequence.

    Raises
    ------
    ValueError
        If `n_sequences` is not an integer of at least 1, or `n_timesteps` one of at
        least 2.

    Notes
    -----
    An LSTM learns the task faster with ``max_timescale=n_timesteps``. In the paper, a
    prediction is correct if its absolute error is less than 0.04.

    References
    ----------
    .. [1] S. Hochreiter and J. Schmidhuber, "Long Short-Term Memory", Neural
       Computation 9(8), 1997, 1735-1780.

    Examples
    --------
    >>> from sklstm.datasets import make_adding
    >>> X, y = make_adding(3, 10, random_state=0)
    >>> (X[:, :, 0] * X[:, :, 1]).sum(axis=1) == y
    array([ True,  True,  True])
    """
    _check_number("n_sequences", n_sequences, 1)
    _check_number("n_timesteps", n_timesteps, 2)
    random = check_random_state(random_state)
    numbers = random.uniform(size=(n_sequences, n_timesteps))
    marks = np.zeros_like(numbers)
    rows, half = np.arange(n_sequences), n_timesteps // 2
    marks[rows, random.randint(0, half, n_sequences)] = 1
    marks[rows, random.randint(half, n_timesteps, n_sequences)] = 1
    return np.stack([numbers, marks], axis=2), (numbers * marks).sum(axis=1)


def make_dates(
    n_dates: int = 1000, *, random_state: RandomState = None
) -> tuple[list[str], list[str]]:
    """Generate dates as people write them, and the same dates in ISO format.

    There are twelve formats, such as "3 March 2026", "March 3rd, 2026", "03/03/26" and
    "20260303". In "03/04/26", the day comes first. The days are from 1950 to 2049.

    Parameters
    ----------
    n_dates : int, default=1000
        Number of dates, at least 1.
    random_state : int, RandomState instance or None, default=None
        Seed of the days and the formats. Pass an int for reproducible dates.

    Returns
    -------
    written : list of str
        The dates in one of the formats.
    iso : list of str
        The same dates in ISO format, such as "2026-03-03".

    Raises
    ------
    ValueError
        If `n_dates` is not an integer of at least 1.

    See Also
    --------
    sklstm.LSTMTranslator : Learn to convert them.

    Examples
    --------
    >>> from sklstm.datasets import make_dates
    >>> make_dates(2, random_state=0)
    (['25th of June 1957', '29-Feb-08'], ['1957-06-25', '2008-02-29'])
    """
    _check_number("n_dates", n_dates, 1)
    return draw_dates(check_random_state(random_state), n_dates)


def make_machine(
    n_timesteps: int = 4000,
    *,
    faults: Sequence[str] = ("knock", "bearing", "stuck", "shift"),
    random_state: RandomState = None,
) -> tuple[pd.DataFrame, Series]:
    """Generate sensor data of a rotating machine, normal at first and then with faults.

    A slow rotor, such as that of a wind turbine, turns 15 times per minute. Its sensors
    are sampled five times per second, which is 20 rows per turn. The vibrations are
    harmonics of the rotation and grow with a load that varies within a minute. The
    temperature follows the load with a lag of one minute. The first half of the rows is
    normal. The second half is divided into one part per fault, in the given order; each
    fault starts at a random row of its part.

    Parameters
    ----------
    n_timesteps : int, default=4000
        Number of rows, at least 1. A fault needs up to 200 rows of the second half.
    faults : list of str, default=("knock", "bearing", "stuck", "shift")
        Faults, in order of time. The same fault can be given several times:

        - "knock": an impact, after which both vibrations ring for 4 rows.
        - "bearing": a defect of the outer race. Rolling elements pass the defect 3.58
          times per turn [1]_. The vibration from the defect grows over 160 rows.
        - "stuck": `vibration_y` repeats its last value for 40 rows.
        - "shift": `temperature` is 3 degrees too high for 80 rows.
    random_state : int, RandomState instance or None, default=None
        Seed of the data and the positions of the faults. Pass an int for reproducible
        rows.

    Returns
    -------
    X : DataFrame of shape (n_timesteps, 3)
        Columns "vibration_x" and "vibration_y", in mm/s, and "temperature", in degrees
        Celsius. The index is a :class:`~pandas.DatetimeIndex` with a step of 0.2
        seconds.
    y : Series of shape (n_timesteps,)
        -1 for rows with a fault, 1 for normal rows.

    Raises
    ------
    ValueError
        If a fault is unknown, if there are too few rows for the faults, or if
        `n_timesteps` is not an integer of at least 1.

    See Also
    --------
    sklstm.LSTMOutlierDetector : Detect outliers in time series.

    Notes
    -----
    The normal rows have the same values as with ``faults=()`` and the same seed. The
    first rows of a "bearing" fault hardly differ from normal rows. The rows of a
    "shift" fault differ from normal rows only in their level.

    References
    ----------
    .. [1] R. B. Randall and J. Antoni, "Rolling Element Bearing Diagnostics: A
       Tutorial", Mechanical Systems and Signal Processing 25(2), 2011, 485-520.

    Examples
    --------
    >>> from sklstm.datasets import make_machine
    >>> X, y = make_machine(random_state=0)
    >>> X[:2].round(1)
                             vibration_x  vibration_y  temperature
    time
    2025-01-01 00:00:00.000          0.6         -0.1         53.6
    2025-01-01 00:00:00.200          0.5         -0.4         53.5
    >>> int((y == -1).sum())
    284
    """
    _check_number("n_timesteps", n_timesteps, 1)
    random = check_random_state(random_state)
    values, phase = _normal_machine(n_timesteps, random)
    labels = np.ones(n_timesteps, dtype=int)
    starts = _fault_starts(n_timesteps, faults, random)
    for fault, start in zip(faults, starts, strict=True):
        rows = slice(start, start + FAULT_ROWS[fault])
        _add_fault(fault, values, phase, rows)
        labels[rows] = -1
    names = ["vibration_x", "vibration_y", "temperature"]
    times = pd.date_range("2025-01-01", periods=n_timesteps, freq="200ms", name="time")
    return pd.DataFrame(values, times, names), pd.Series(labels, times, name="label")


def make_series(
    n_series: int = 10,
    n_timesteps: int = 120,
    *,
    freq: str = "M",
    random_state: RandomState = None,
) -> pd.DataFrame:
    """Generate time series of many kinds, such as sales, loads and counts.

    Some series are sums of a trend, seasons and noise, some follow the state space
    models of exponential smoothing [1]_ with random parameters, some are Gaussian
    processes. Most have a season of the length that `freq` suggests, as in
    :class:`~sklstm.LSTMForecaster`. Months, quarters and years often grow; days and
    hours often return to their mean, and may depend on weekends, holidays and the end
    of a month. A part of the series have level shifts, outliers or outages. Most are
    positive; a few are counts, with zeros. No real series is used.

    Parameters
    ----------
    n_series : int, default=10
        Number of series, at least 1.
    n_timesteps : int, default=120
        Number of time steps, at least 1.
    freq : {"Y", "Q", "M", "W", "D", "B", "h", "30min", "15min"}, default="M"
        Frequency of the index: years, quarters, months, weeks, days, business days,
        hours or minutes. The main season has 4 quarters, 12 months, 52 weeks, 7 days, 5
        business days, or the steps of one day. Years have none.
    random_state : int, RandomState instance or None, default=None
        Seed of the series. Pass an int for reproducible series.

    Returns
    -------
    series : DataFrame of shape (n_timesteps, n_series)
        One series per column, "series_0" to the last, without missing values. The index
        starts in the year 2000. It is a :class:`~pandas.PeriodIndex`, and for "B" a
        :class:`~pandas.DatetimeIndex`.

    Raises
    ------
    ValueError
        If `freq` is not one of these frequencies, or if `n_series` or `n_timesteps` is
        not an integer of at least 1.

    See Also
    --------
    sklstm.LSTMForecaster : Forecast many series at once.
    make_machine : Generate sensor data with faults.

    References
    ----------
    .. [1] R. J. Hyndman, A. B. Koehler, J. K. Ord and R. D. Snyder, "Forecasting with
       Exponential Smoothing: The State Space Approach", Springer, 2008.

    Examples
    --------
    >>> from sklstm.datasets import make_series
    >>> series = make_series(3, 48, random_state=0)
    >>> series.shape
    (48, 3)
    >>> series.columns.to_list()
    ['series_0', 'series_1', 'series_2']
    >>> series.index[-1]
    Period('2003-12', 'M')
    """
    _check_number("n_series", n_series, 1)
    _check_number("n_timesteps", n_timesteps, 1)
    times = _times_from_2000(n_timesteps, freq)
    seed = check_random_state(random_state).randint(2**31 - 1)
    values = synthetic_series(
        np.random.default_rng(seed),
        n_series,
        n_timesteps,
        default_season_length(times),
        first_day=FIRST_DAY,
    )
    names = [f"series_{column}" for column in range(n_series)]
    return pd.DataFrame(values.T, times, names)


def _check_number(name, number, minimum):
    """Raise an error unless a number is an integer of at least a minimum."""
    if not isinstance(number, Integral) or number < minimum:
        raise ValueError(
            f"{name} must be an integer of at least {minimum}, but it is {number!r}."
        )


def _times_from_2000(n_timesteps, freq):
    """Return times of a frequency, the first of which is in the year 2000."""
    if freq not in FREQUENCIES:
        raise ValueError(
            f"freq={freq!r} is not available. Choose from {list(FREQUENCIES)}."
        )
    # pandas has no periods of business days.
    in_range = pd.date_range if freq == "B" else pd.period_range
    return in_range(FIRST_DAY, periods=n_timesteps, freq=freq, name="time")


def _normal_machine(n_timesteps, random):
    """Generate rows without a fault, (n_timesteps, 3), and the angle of the rotor."""
    # These rows let the lagged values settle before the first row.
    n_before = 10 * HEAT_ROWS
    pushes = random.normal(size=n_before + n_timesteps)
    load = np.exp(0.15 * np.sqrt(2 * LOAD_ROWS) * _lagged(pushes, LOAD_ROWS))
    load = _lagged(load, ROWS_PER_TURN)
    turns = random.uniform() + np.cumsum(1 + 0.1 * (load - 1)) / ROWS_PER_TURN
    phase = 2 * np.pi * turns
    columns = [
        load * (np.sin(phase) + 0.4 * np.sin(2 * phase + 1)),
        load * (0.7 * np.cos(phase) + 0.3 * np.sin(3 * phase)),
        _lagged(40 + 15 * load, HEAT_ROWS),
    ]
    noise = random.normal(scale=[0.1, 0.1, 0.05], size=(n_timesteps, 3))
    return np.column_stack(columns)[n_before:] + noise, phase[n_before:]


def _lagged(numbers, n_rows):
    """Apply exponential smoothing, which models how a temperature follows heat."""
    return pd.Series(numbers).ewm(alpha=1 / n_rows, adjust=False).mean().to_numpy()


def _fault_starts(n_timesteps, faults, random):
    """Draw the first row of each fault, each in its own part of the second half."""
    unknown = [fault for fault in faults if fault not in FAULT_ROWS]
    if unknown:
        raise ValueError(
            f"There is no fault {unknown[0]!r}. Choose from {list(FAULT_ROWS)}."
        )
    if not faults:
        return []
    n_normal = n_timesteps // 2
    n_rows = (n_timesteps - n_normal) // len(faults)
    needed = np.array([FAULT_ROWS[fault] + REST_ROWS for fault in faults])
    if n_rows < needed.max():
        raise ValueError(
            f"n_timesteps={n_timesteps} leaves {n_rows} rows for each of "
            f"{len(faults)} faults, but the longest fault needs {needed.max()}. Pass "
            f"{2 * len(faults) * needed.max()} or more."
        )
    return (
        n_normal + n_rows * np.arange(len(faults)) + random.randint(n_rows - needed + 1)
    )


def _add_fault(fault, values, phase, rows):
    """Add one fault to its rows, in place."""
    vibrations = values[rows, :2]
    if fault == "knock":
        steps = np.arange(len(vibrations))
        ringing = 3 * np.exp(-steps / 3) * np.cos(2 * steps)
        vibrations += np.outer(ringing, [1, 0.6])
    elif fault == "bearing":
        growth = np.linspace(0, 1.5, len(vibrations) + 1)[1:]
        vibrations += np.outer(growth * np.sin(3.58 * phase[rows]), [1, 0.6])
    elif fault == "stuck":
        values[rows, 1] = values[rows.start - 1, 1]
    else:
        values[rows, 2] += 3


def _read_csv(name, **options):
    """Read a file of this package."""
    with files("sklstm").joinpath("data", name).open() as csv:
        return pd.read_csv(csv, **options)
