"""Series to try the estimators on: real ones, and ones made to be hard."""

from importlib.resources import files

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state

__all__ = ["load_retail_sales", "make_adding", "make_machine"]

# What a fault of a machine looks like: how many rows it lasts, 20 rows being a turn.
FAULT_ROWS = {"knock": 4, "bearing": 160, "stuck": 40, "shift": 80}
ROWS_PER_TURN = 20
# Rows over which the load of a machine changes, and after which its heat follows.
LOAD_ROWS, HEAT_ROWS = 100, 300
# Usual rows, at least, after each fault.
REST_ROWS = 40


def load_retail_sales(*, return_X_y=False):
    """Load the monthly retail sales of the United States, 1992 to 2023.

    There are 378 months, January 1992 to June 2023, none missing. Sales are not
    seasonally adjusted: they peak in December.

    Parameters
    ----------
    return_X_y : bool, default=False
        Whether to return the sales as a frame to learn from and a series to predict,
        as a pipeline takes them, rather than as one series.

    Returns
    -------
    sales : Series of shape (378,)
        Sales in millions of US dollars, by month. The name is "sales", the index a
        monthly :class:`~pandas.PeriodIndex`.

    (X, y) : tuple of DataFrame and Series
        Where `return_X_y` is True: `sales` as the only column of a frame, and `sales`
        itself. X holds what y shall predict, so put a window that ends earlier between
        them: ``SlidingWindowTransformer(shift=1)`` or more.

    See Also
    --------
    sklstm.SlidingWindowTransformer : Turns X into windows of past months.

    Notes
    -----
    Source: US Census Bureau, Advance Monthly Retail Trade Survey, retail trade without
    food services (FRED series RSXFSN). A work of the US government, in the public
    domain.

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
    with files("sklstm").joinpath("data", "retail_sales.csv").open() as csv:
        sales = pd.read_csv(csv, index_col="month", dtype={"sales": float})["sales"]
    sales.index = pd.PeriodIndex(sales.index, freq="M")
    return (sales.to_frame(), sales) if return_X_y else sales


def make_adding(n_sequences=1000, n_timesteps=100, *, random_state=None):
    """Make the adding problem, a test of long memory [1]_.

    Every step has a number and a mark. One step of the first half is marked and one of
    the second; the target is the sum of their two numbers. Who answers 1, the mean,
    has a mean squared error of 1/6.

    Parameters
    ----------
    n_sequences : int, default=1000
        Number of sequences.
    n_timesteps : int, default=100
        Steps of every sequence, at least 2: the longer, the harder.
    random_state : int, RandomState instance or None, default=None
        Seeds numbers and marks. Pass an int for the same sequences every time.

    Returns
    -------
    X : ndarray of shape (n_sequences, n_timesteps, 2)
        A number drawn evenly from [0, 1), and a mark: 1 at two steps, else 0.
    y : ndarray of shape (n_sequences,)
        Sum of the two marked numbers of each sequence.

    Raises
    ------
    ValueError
        If there are fewer than 2 steps.

    Notes
    -----
    An LSTM learns it with ``max_timescale=n_timesteps``, and later without. In the
    paper an answer off by less than 0.04 counts as right.

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
    if n_timesteps < 2:
        raise ValueError(
            f"n_timesteps={n_timesteps} leaves no room for two marks: pass 2 or more."
        )
    random = check_random_state(random_state)
    numbers = random.uniform(size=(n_sequences, n_timesteps))
    marks = np.zeros_like(numbers)
    rows, half = np.arange(n_sequences), n_timesteps // 2
    marks[rows, random.randint(0, half, n_sequences)] = 1
    marks[rows, random.randint(half, n_timesteps, n_sequences)] = 1
    return np.stack([numbers, marks], axis=2), (numbers * marks).sum(axis=1)


def make_machine(
    n_timesteps=4000,
    *,
    faults=("knock", "bearing", "stuck", "shift"),
    random_state=None,
):
    """Make readings of a slow rotating machine, usual at first and then with faults.

    A rotor, such as that of a wind turbine, turns 15 times a minute and is read five
    times a second: 20 rows a turn. Vibration has harmonics of the rotation and grows
    with a load that comes and goes within a minute; temperature follows the load with a
    lag of another. The first half of the rows is usual. The second half holds the
    faults in the order given, each in a part of its own, at a random row.

    Parameters
    ----------
    n_timesteps : int, default=4000
        Number of rows. Every fault needs up to 200 rows of the second half.
    faults : list of str, default=("knock", "bearing", "stuck", "shift")
        What goes wrong, any number of times: "knock", a hit that both vibrations ring
        from for 4 rows; "bearing", a defect of the outer race that is passed 3.58 times
        a turn, the harder the longer it lasts [1]_, 160 rows; "stuck", `vibration_y`
        repeats its last reading for 40 rows; "shift", `temperature` is read 3 degrees
        too high for 80 rows.
    random_state : int, RandomState instance or None, default=None
        Seeds the machine and where faults are. Pass an int for the same rows every
        time.

    Returns
    -------
    X : DataFrame of shape (n_timesteps, 3)
        The columns "vibration_x" and "vibration_y", in mm/s, and "temperature", in
        degrees Celsius; the index holds dates, 0.2 seconds apart.
    y : Series of shape (n_timesteps,)
        -1 for rows of a fault, 1 for the others.

    Raises
    ------
    ValueError
        If there is no such fault, or too little room for so many.

    See Also
    --------
    sklstm.LSTMOutlierDetector : Finds such rows.

    Notes
    -----
    Rows that are labelled 1 are those that the same seed gives with ``faults=()``. The
    first rows of a "bearing" fault are hardly different from usual ones, and those
    within a "shift" differ from them in their level only.

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
    random = check_random_state(random_state)
    values, phase = _usual_machine(n_timesteps, random)
    labels = np.ones(n_timesteps, dtype=int)
    starts = _fault_starts(n_timesteps, faults, random)
    for fault, start in zip(faults, starts, strict=True):
        rows = slice(start, start + FAULT_ROWS[fault])
        _put_fault(fault, values, phase, rows)
        labels[rows] = -1
    names = ["vibration_x", "vibration_y", "temperature"]
    times = pd.date_range("2025-01-01", periods=n_timesteps, freq="200ms", name="time")
    return pd.DataFrame(values, times, names), pd.Series(labels, times, name="label")


def _usual_machine(n_timesteps, random):
    """Make readings without a fault, (n_timesteps, 3), and the angle of the rotor."""
    # What came before the first row is forgotten by it.
    n_before = 10 * HEAT_ROWS
    pushes = random.normal(size=n_before + n_timesteps)
    load = np.exp(0.15 * np.sqrt(2 * LOAD_ROWS) * _following(pushes, LOAD_ROWS))
    load = _following(load, ROWS_PER_TURN)
    turns = random.uniform() + np.cumsum(1 + 0.1 * (load - 1)) / ROWS_PER_TURN
    phase = 2 * np.pi * turns
    usual = [
        load * (np.sin(phase) + 0.4 * np.sin(2 * phase + 1)),
        load * (0.7 * np.cos(phase) + 0.3 * np.sin(3 * phase)),
        _following(40 + 15 * load, HEAT_ROWS),
    ]
    noise = random.normal(scale=[0.1, 0.1, 0.05], size=(n_timesteps, 3))
    return np.column_stack(usual)[n_before:] + noise, phase[n_before:]


def _following(numbers, n_rows):
    """Follow numbers with a lag, as heat follows power."""
    return pd.Series(numbers).ewm(alpha=1 / n_rows, adjust=False).mean().to_numpy()


def _fault_starts(n_timesteps, faults, random):
    """Draw a row for every fault, each in its own part of the second half."""
    unknown = [fault for fault in faults if fault not in FAULT_ROWS]
    if unknown:
        raise ValueError(
            f"There is no fault {unknown[0]!r}. Choose from {list(FAULT_ROWS)}."
        )
    if not faults:
        return []
    usual = n_timesteps // 2
    n_rows = (n_timesteps - usual) // len(faults)
    needed = np.array([FAULT_ROWS[fault] + REST_ROWS for fault in faults])
    if n_rows < needed.max():
        raise ValueError(
            f"n_timesteps={n_timesteps} leaves {n_rows} rows for each of "
            f"{len(faults)} faults, and the longest takes {needed.max()}. Pass "
            f"{2 * len(faults) * needed.max()} or more."
        )
    return usual + n_rows * np.arange(len(faults)) + random.randint(n_rows - needed + 1)


def _put_fault(fault, values, phase, rows):
    """Let one fault change its rows of the readings."""
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
