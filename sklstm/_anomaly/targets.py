"""Columns that are scored; the other columns are only inputs of the estimator."""

import numpy as np


def target_columns(targets, table, names):
    """Select the columns that are scored.

    Parameters
    ----------
    targets : {"auto", "all"} or list
        With "auto", columns that only hold 0 and 1 are left out, unless all columns do.
        A column that only holds 1 is not left out.
        A list holds names or positions of columns of X.
    table : Table
        The training rows.
    names : ndarray of shape (n_columns,) or None
        Names of the columns of X.

    Returns
    -------
    is_target : ndarray of bool of shape (n_features,)
        Whether each feature of the table is scored.

    Raises
    ------
    ValueError
        If the list is empty, or holds something that is not a feature.
    """
    if isinstance(targets, str):
        is_event = _is_event(table.values)
        is_all = targets == "all" or is_event.all()
        return np.ones(len(is_event), dtype=bool) if is_all else ~is_event
    targets = list(targets)
    features = table.columns.tolist() if names is None else names[table.columns]
    positions = dict(zip(table.columns.tolist(), table.columns.tolist(), strict=True))
    positions |= dict(zip(features, table.columns.tolist(), strict=True))
    unknown = [each for each in targets if each not in positions]
    if unknown or not targets:
        raise ValueError(
            f"targets={targets!r} must name columns of X that hold values, such as "
            f"{list(features)[:5]}. Pass their names or positions, or 'all'."
        )
    return np.isin(table.columns, [positions[each] for each in targets])


def _is_event(values):
    """Return which columns only hold 0 and 1, and not only 1."""
    is_missing = np.isnan(values)
    is_binary = (is_missing | np.isin(values, (0, 1))).all(axis=0)
    return is_binary & ~(is_missing | (values == 1)).all(axis=0)
