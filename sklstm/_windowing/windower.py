"""Windows of the rows of a table, completed by the stored rows of each series."""

from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np

from sklstm._input.plain import saved_as
from sklstm._input.windows import sliding_windows
from sklstm._windowing.context import (
    PastRows,
    SeriesTail,
    append_rows,
    count_on_hint,
    empty_tail,
    fill_past,
    follows,
    keep_tail,
    no_past_rows,
    past_rows_by_assumption,
    past_rows_by_time,
)


@saved_as("windower")
@dataclass(frozen=True)
class Windower:
    """Shape of the windows, and the stored rows of each series.

    Attributes
    ----------
    window_size, padding, context, shift, sampling_rate, fill_value
        As in :class:`~sklstm.SlidingWindowTransformer`.
    is_ahead : ndarray of bool of shape (n_features,)
        Whether each feature is known `shift` rows ahead.
    mean : ndarray of shape (n_features,) or None, default=None
        Mean of all training rows. None before :meth:`fit`.
    tails : dict of key to SeriesTail, default={}
        Stored rows of each series.
    """

    window_size: int
    padding: str
    context: str | None
    is_ahead: np.ndarray
    shift: int = 0
    sampling_rate: int = 1
    fill_value: float = 0.0
    mean: np.ndarray | None = None
    tails: dict[Any, SeriesTail] = field(default_factory=dict)

    @property
    def n_context(self):
        """Number of rows before a table that its first window needs."""
        return n_context(self.window_size, self.shift, self.sampling_rate)

    def fit(self, table) -> Self:
        """Return the windower that stores the last rows and the mean of each series."""
        n_rows = self.n_context if self.context is not None else 0
        n_first_rows = n_rows + 1 if self.context is not None else 0
        tails = {
            key: keep_tail(*table.series(key), n_rows, n_first_rows)
            for key in table.rows
        }
        mean = table.values.mean(axis=0, dtype=np.float64)
        return replace(self, mean=mean, tails=tails)

    def assume_next(self) -> Self:
        """Return the windower for which rows without times follow the stored rows."""
        context = "assume_next" if self.context == "auto" else self.context
        return replace(self, context=context)

    def update(self, table) -> Self:
        """Return the windower after an update with the rows of a table.

        Raises
        ------
        ValueError
            If the rows do not follow the stored rows, or if `context` is None.
        """
        if self.context is None:
            raise ValueError(
                "With context=None, no rows are stored, so update has no effect. Fit "
                'with context="auto".'
            )
        updated = {key: self._updated_tail(table, key) for key in table.rows}
        return replace(self, tails=self.tails | updated)

    def past_rows(self, table, key):
        """Find the stored rows of a series that precede its rows in a table."""
        values, time_indexes = table.series(key)
        tail = self.tails.get(key)
        if tail is None or self.context is None or self.n_context == 0:
            return no_past_rows(values.shape[1])
        _check_has_times(tail, table)
        if time_indexes and tail.time_indexes:
            start = {name: times[0] for name, times in time_indexes.items()}
            return past_rows_by_time(tail, start, self.n_context)
        if self.context == "assume_next" or tail.n_updated:
            return past_rows_by_assumption(tail, values)
        return no_past_rows(values.shape[1])

    def row_before(self, table, key):
        """Return the last stored row of a series if the table follows it, else None."""
        past = self.past_rows(table, key).rows
        follows_it = len(past) and len(past) == len(self.tails[key].rows)
        return past[-1] if follows_it else None

    def windows_of_series(self, table, key, past=None):
        """Return the windows of one series, completed by the rows before the table.

        Parameters
        ----------
        table : Table
            Rows without missing values.
        key : hashable
            Key of the series in the table.
        past : PastRows or None, default=None
            Result of :meth:`past_rows`. If None, it is computed.

        Returns
        -------
        windows : ndarray of shape (n_rows_of_series, window_size, n_features)
            Read-only view of one copy of the rows.
        """
        past = self.past_rows(table, key) if past is None else past
        values = table.values[table.rows[key]]
        mean = self.tails[key].mean if key in self.tails else self.mean
        oldest = past.rows[0] if len(past.rows) else values[0]
        before = fill_past(past, self.n_context, *self._padding_rows(oldest, mean))
        series = np.empty((len(before) + len(values), len(mean)), dtype=values.dtype)
        series[: len(before)] = before
        series[len(before) :] = values
        if self.shift > 0 and self.is_ahead.any():
            ahead = np.flatnonzero(self.is_ahead)
            series[: -self.shift, ahead] = series[self.shift :, ahead]
        windows = sliding_windows(series, self.window_size, self.sampling_rate)
        return windows[: len(values)]

    def windows(self, table, pasts):
        """Return the windows of all series, in the order of the rows.

        Parameters
        ----------
        table : Table
            Rows without missing values.
        pasts : dict of key to PastRows
            Results of :meth:`past_rows`.

        Returns
        -------
        windows : ndarray of shape (n_rows, window_size, n_features)
            View of a copy of the rows if they are one series, otherwise a copy.
        """
        if None in table.rows:
            return self.windows_of_series(table, None, pasts[None])
        n_rows, n_features = table.values.shape
        shape = (n_rows, self.window_size, n_features)
        windows = np.empty(shape, dtype=table.values.dtype)
        for key, rows in table.rows.items():
            windows[rows] = self.windows_of_series(table, key, pasts[key])
        return windows

    def _updated_tail(self, table, key):
        """Return the tail of one series after an update with the rows of a table."""
        values, time_indexes = table.series(key)
        tail = self.tails.get(key)
        if tail is None:
            tail = empty_tail(values, time_indexes, self.mean)
        _check_has_times(tail, table)
        if not follows(tail, time_indexes):
            raise ValueError(
                "New rows must come after those of fit and of earlier updates, but "
                f"{_first_label(table, key)} does not. Pass only new rows, with times "
                f"of the same kind as in fit.{count_on_hint(tail, time_indexes)}"
            )
        past = PastRows(tail.rows, 0)
        if time_indexes and tail.time_indexes:
            past = self.past_rows(table, key)
        between = self._padding_rows(values[0], tail.mean)[1]
        return append_rows(tail, past, between, values, time_indexes, self.n_context)

    def _padding_rows(self, oldest, mean):
        """Return the row that pads the start and the row that pads gaps.

        If the second row is None, a gap is padded with the row before it.
        """
        if self.padding == "edge":
            # All windows share the padding. With a shift, the windows of the first rows
            # would contain the row that they predict.
            return (oldest if self.shift == 0 else mean), None
        fill = {"mean": mean, "constant": self.fill_value, "nan": np.nan}
        row = np.broadcast_to(fill[self.padding], mean.shape)
        return row, row


def n_context(window_size, shift, sampling_rate):
    """Return the number of rows before a table that its first window needs."""
    return (window_size - 1) * sampling_rate + shift


def _check_has_times(tail, table):
    """Raise if the stored rows have times, but the labels of X are not times."""
    if tail.time_indexes and table.has_other_labels:
        raise ValueError(
            f"The rows of fit have times, but the index of X holds {table.labels[0]!r} "
            f"of dtype {table.labels.dtype}. If these are strings of dates, convert "
            "them with X.index = pd.to_datetime(X.index). Otherwise, pass times of the "
            "same kind as in fit."
        )


def _first_label(table, key):
    """Return the label of the first row of a series, with the key of the series."""
    label = table.labels[table.rows[key]][0]
    return label if key is None else f"{label} of the series {key!r}"
