"""Check that values are numbers, and explain what else they are."""

from contextlib import contextmanager

import pandas as pd

from sklstm._input.time_dtypes import time_columns

# Part of the message of NumPy, SciPy or Python, what the values are, and how to convert
# them.
_NOT_NUMBERS = [
    (
        "setting an array element with a sequence",
        "has cells that hold sequences",
        "If each row is a sequence of several features, pass the list of sequences "
        "[np.column_stack(list(cells)) for cells in np.asarray({name})]; "
        "sklstm.pad_sequences converts this list to an array.",
    ),
    (
        "could not convert string",
        "holds strings that are not numbers: {error}",
        "Drop columns of strings with select_dtypes('number'), or encode them, for "
        "example with sklearn.preprocessing.OrdinalEncoder. pd.to_numeric(errors="
        "'coerce') converts strings to numbers or NaN.",
    ),
    (
        "must be a string or a real number",
        "holds values that are not numbers: {error}",
        "Convert them to numbers, or drop them. astype('Float64') converts a column "
        "with pd.NA.",
    ),
    (
        "Cannot cast array data",
        "is a structured array",
        "Convert it to a plain array, for example with pd.DataFrame({name}).to_numpy()"
        ".",
    ),
    (
        "too large to convert to float",
        "holds integers beyond the range of float64",
        "Divide them by a constant.",
    ),
    (
        "fill value must be 0",
        "has sparse columns",
        "Pass {name}.sparse.to_dense().",
    ),
]


def check_no_dates(data, name):
    """Raise if data hold dates or durations: NumPy converts them to nanoseconds."""
    if time_columns(data):
        raise ValueError(
            f"{name} holds dates or durations, not numbers. Drop them, or convert them "
            "to numbers, such as the month or the hours since an event. "
            "SlidingWindowTransformer and LSTMOutlierDetector accept a column of times "
            "as their parameter time."
        )


def check_no_time_column(data, name):
    """Raise if a frame without a time index has a column of times.

    The error shows how to move the column to the index of a pandas frame.
    """
    is_pandas = isinstance(data, pd.DataFrame)
    has_times = is_pandas and not isinstance(data.index, pd.RangeIndex)
    columns = [] if has_times or not hasattr(data, "columns") else time_columns(data)
    if not columns:
        return
    code = _move_to_index(data, name, columns)
    is_table = name == "y" and is_pandas and not code.endswith("]")
    hint = how_to_forecast_one(data) if is_table else ""
    raise ValueError(
        f"The column {columns[0]!r} of {name} holds times, not numbers. The times must "
        "be the index of a pandas frame. With several series, the index holds their "
        f"names first, as in set_index(['shop', 'day']).{hint} "
        f"{'First set' if hint else 'Set'} the index with: {code}"
    )


def how_to_forecast_one(y):
    """Return how to forecast one column of numbers with the others as covariates.

    Parameters
    ----------
    y : DataFrame
        Columns of numbers, and others.

    Returns
    -------
    hint : str
        Sentences that begin with a space. Empty unless there are several columns of
        numbers, and others.
    """
    numbers = y.select_dtypes(["number", "bool"])
    if numbers.shape[1] in (0, 1, y.shape[1]):
        return ""
    # A column of 0 and 1 is rarely the one to forecast.
    target = (~numbers.isin([0, 1])).any().idxmax()
    return (
        " All columns of y are forecast. To forecast one of them, such as "
        f"{target!r}, and use the others, such as promotions, as covariates, call "
        f"fit(y[{target!r}], y.drop(columns={target!r}))."
    )


@contextmanager
def check_numbers(name, ways_to_encode=None):
    """Explain the errors that are raised if an array does not hold numbers.

    Parameters
    ----------
    name : str
        Name of the array in messages.
    ways_to_encode : str or None, default=None
        How to convert strings to numbers. If None, the advice of `_NOT_NUMBERS`.
    """
    try:
        yield
    except (ValueError, TypeError, OverflowError) as error:
        found = [row for row in _NOT_NUMBERS if row[0] in str(error)]
        if not found:
            raise
        _, what, way_out = found[0]
        if "strings" in what:
            way_out = ways_to_encode or way_out
        if "sequences" in what and name != "X":
            way_out = "Pass one number per cell."
        message = f"{{name}} {what}. {way_out}".format(name=name, error=error)
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(message) from error


def ways_to_encode(n_axes, is_frame):
    """Return how to convert the strings of X to numbers."""
    if n_axes == 3:
        return (
            "Encode them with sklearn.preprocessing.OrdinalEncoder().fit_transform("
            "np.reshape(X, (-1, np.shape(X)[2]))).reshape(np.shape(X))."
        )
    if is_frame:
        return (
            "Drop the columns of strings with X.select_dtypes('number'), or encode "
            "them with sklearn.preprocessing.OrdinalEncoder. If each row is a sequence "
            "of tokens, pass sklstm.SequenceEncoder().fit_transform(list(X.to_numpy()))"
            "."
        )
    return (
        "If each row is a sequence of tokens, pass sklstm.SequenceEncoder()."
        "fit_transform(list(X)). Encode categories with sklearn.preprocessing."
        "OrdinalEncoder."
    )


def _move_to_index(data, name, time_columns):
    """Return code that moves the first column of times to the index of a frame.

    Columns of texts, or of integers if times repeat, become the names of the series.
    """
    time = time_columns[0]
    others = {
        one: str(dtype).lower()
        for one, dtype in zip(data.columns, data.dtypes, strict=True)
        if one not in time_columns
    }
    text = ("str", "object", "cat", "enum", "large_string")
    keys = [one for one, dtype in others.items() if dtype.startswith(text)]
    if not keys and len(set(data[time])) < len(data):
        keys = [one for one, dtype in others.items() if "int" in dtype][:1]
    is_pandas = isinstance(data, pd.DataFrame)
    frame = name if is_pandas else f"pd.DataFrame({name}.to_dict(as_series=False))"
    code = f"{name} = {frame}.set_index({[*keys, time] if keys else time!r})"
    values = [one for one in others if one not in keys]
    return code + (f"[{values[0]!r}]" if keys and values and name == "y" else "")
