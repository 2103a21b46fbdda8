"""Series to try the estimators on: real ones, and ones made to be hard."""

from importlib.resources import files

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state

__all__ = ["load_retail_sales", "make_adding"]


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
        them: ``SlidingWindowTransformer(horizon=1)`` or more.

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
    An LSTM learns it with ``memory_init=n_timesteps``, and later without. In the paper
    an answer off by less than 0.04 counts as right.

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
