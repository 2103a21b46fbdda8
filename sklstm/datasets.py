"""Real series to try the estimators on."""

from importlib.resources import files

import pandas as pd

__all__ = ["load_retail_sales"]


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
