"""Several series in one X."""

import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest

from sklstm.preprocessing import SlidingWindowTransformer

PADDINGS = ["edge", "mean", "constant", "nan"]
STORES = {"north": 9, "south": 14, "west": 5}


def store_frame(store, n_rows):
    """Return a frame of daily sales, with values that no other store has."""
    days = pd.date_range("2024-01-01", periods=n_rows, name="day")
    base = 100.0 * list(STORES).index(store)
    return pd.DataFrame({"sales": base + np.arange(n_rows)}, index=days)


def panel():
    """Return the sales of all stores, with a MultiIndex (store, day)."""
    frames = {store: store_frame(store, n) for store, n in STORES.items()}
    return pd.concat(frames, names=["store"])


def in_order(X, order):
    """Return X sorted by store, by day, or with the stores in random order."""
    if order == "by store":
        return X
    if order == "by day":
        return X.sort_index(level="day", kind="stable")
    stores = X.index.get_level_values("store").to_numpy()
    mixed = np.random.default_rng(0).permutation(stores)
    rows = {store: iter(np.flatnonzero(stores == store)) for store in STORES}
    return X.iloc[[next(rows[store]) for store in mixed]]


def written_as(X, form):
    """Return the panel with a MultiIndex, or a column of names or numbers."""
    if form == "index":
        return X, {}
    flat = X.reset_index("store")
    if form == "numbers":
        flat["store"] = flat["store"].map(list(STORES).index)
    return flat, {"groups": "store"}


@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize("shift", [0, 2])
@pytest.mark.parametrize("form", ["index", "names", "numbers"])
@pytest.mark.parametrize("order", ["by store", "by day", "mixed"])
def test_the_windows_of_a_panel_are_those_of_each_series(padding, shift, form, order):
    params = {"window_size": 4, "shift": shift, "padding": padding}
    X = in_order(panel(), order)
    is_train = X.index.get_level_values("day") < "2024-01-05"
    stores = X.index.get_level_values("store")
    X, groups = written_as(X, form)
    windower = SlidingWindowTransformer(**params, **groups).fit(X[is_train])
    for part in (is_train, ~is_train):
        windows = windower.transform(X[part])
        for store, n_rows in STORES.items():
            alone = store_frame(store, n_rows)
            now = alone.index < "2024-01-05"
            expected = SlidingWindowTransformer(**params).fit(alone[now])
            expected = expected.transform(alone[now if part is is_train else ~now])
            npt.assert_array_equal(windows[stores[part] == store], expected)


def test_series_not_seen_in_fit_are_padded():
    X = panel()
    windower = SlidingWindowTransformer(3).fit(X.loc[["north", "south"]])
    windows = windower.transform(X)[-5:, :, 0]
    npt.assert_array_equal(windows[:2], [[200, 200, 200], [200, 200, 201]])
    windower.set_params(padding="mean").fit(X.loc[["north", "south"]])
    mean = X.loc[["north", "south"], "sales"].mean()
    npt.assert_allclose(windower.transform(X)[-5, :, 0], [mean, mean, 200])


def test_several_levels_may_identify_a_series():
    X = pd.concat({"A": panel(), "B": panel() + 1000}, names=["country"])
    windows = SlidingWindowTransformer(3).fit_transform(X)[:, :, 0]
    starts = (X.index.get_level_values("day") == "2024-01-01").nonzero()[0]
    assert len(starts) == 6
    npt.assert_array_equal(windows[starts].std(axis=1), 0)
    npt.assert_array_equal(windows[starts[3]], [1000, 1000, 1000])


def test_groups_and_time_of_an_array_are_no_features():
    X = np.array([[0, 10, 5.0], [1, 10, 6.0], [0, 11, 7.0], [1, 11, 8.0]])
    windower = SlidingWindowTransformer(2, groups=0, time=1)
    windows = windower.fit_transform(X)
    npt.assert_array_equal(windows[:, :, 0], [[5, 5], [6, 6], [5, 7], [6, 8]])
    assert list(windower.get_feature_names_out()) == ["x2__lag1", "x2__lag0"]
    later = windower.transform(np.array([[1, 12, 9.0]]))
    npt.assert_array_equal(later[:, :, 0], [[8, 9]])


def test_duplicate_times_without_groups_are_refused():
    X = panel().reset_index("store", drop=True)
    with pytest.raises(
        ValueError, match=r"several series, identify the series with groups="
    ):
        SlidingWindowTransformer().fit(X)


def test_last_level_must_be_the_time():
    names = panel().rename(str, level=-1).rename(lambda day: f"day {day}", level=-1)
    with pytest.raises(ValueError, match=r"must hold times, got 'day.*reorder_levels"):
        SlidingWindowTransformer().fit(names)
    days = pd.concat({"a": store_frame("north", 9)}, names=["store"])
    days.index = days.index.set_levels(
        pd.date_range("2024-01-01", periods=9).strftime("%d %B %Y"), level=-1
    )
    with pytest.raises(ValueError, match=r"X\.rename\(pd\.Timestamp, level=-1\)"):
        SlidingWindowTransformer().fit(days)
    windower = SlidingWindowTransformer(3).fit(days[:5].rename(pd.Timestamp, level=-1))
    windows = windower.transform(days[5:].rename(pd.Timestamp, level=-1))
    npt.assert_array_equal(windows[0, :, 0], [3, 4, 5])
    trusted = SlidingWindowTransformer(2, context=None).fit_transform(panel())
    npt.assert_array_equal(trusted, SlidingWindowTransformer(2).fit_transform(panel()))


@pytest.mark.parametrize("stores", [{}, {"north": 0, "south": 1, "west": 2}])
def test_levels_in_the_order_time_and_series_are_refused(stores):
    X = panel().rename(stores, level="store")
    swapped = X.swaplevel().sort_index()
    with pytest.raises(ValueError, match=r"Swap the two with swaplevel\(0, -1\)"):
        SlidingWindowTransformer().fit(swapped)
    windower = SlidingWindowTransformer(3)
    windows = windower.set_output(transform="pandas").fit_transform(X)
    of_advice = windower.fit_transform(swapped.swaplevel(0, -1))
    pd.testing.assert_frame_equal(of_advice.loc[windows.index], windows)


def test_rows_without_a_series_are_refused():
    X = panel().rename({"west": None}, level="store")
    with pytest.raises(ValueError, match="series of some rows are missing"):
        SlidingWindowTransformer().fit(X)


def test_the_last_rows_of_each_series_are_stored():
    windower = SlidingWindowTransformer(4).fit(panel())
    ends = {store: tail.rows[:, 0] for store, tail in windower._tails.items()}
    for store, n_rows in STORES.items():
        npt.assert_array_equal(ends[store], store_frame(store, n_rows)["sales"][-3:])


def test_index_of_one_level_is_a_single_series():
    X = store_frame("north", 9)
    X.index = pd.MultiIndex.from_arrays([X.index])
    windower = SlidingWindowTransformer(3).fit(X[:5])
    npt.assert_array_equal(windower.transform(X[5:])[0, :, 0], [3, 4, 5])
