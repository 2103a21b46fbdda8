"""Published numbers of real series, and documented properties of generated ones."""

from hashlib import sha256
from importlib.resources import files

import numpy as np
import numpy.testing as npt
import pandas as pd
import pandas.testing as pdt
import pytest
from one_layer import ONE_LAYER

from sklstm import LSTMRegressor
from sklstm.datasets import (
    load_pronunciations,
    load_retail_sales,
    make_adding,
    make_dates,
    make_machine,
    make_series,
)


def test_retail_sales_run_from_1992_to_mid_2023():
    sales = load_retail_sales()
    assert (sales.iloc[0], sales.iloc[-1]) == (130683, 612243)
    assert str(sales.index[0]) == "1992-01"
    assert str(sales.index[-1]) == "2023-06"


def test_retail_sales_have_no_missing_months():
    sales = load_retail_sales()
    months = pd.period_range("1992-01", "2023-06", freq="M", name="month")
    pdt.assert_index_equal(sales.index, months)
    assert sales.notna().all()


def test_retail_sales_of_the_2010s_peak_in_december():
    sales = load_retail_sales()["2010":"2019"]
    peaks = sales.groupby(sales.index.year).idxmax()
    assert {peak.month for peak in peaks} == {12}


def test_retail_sales_fell_most_in_april_2020():
    growth = load_retail_sales().pct_change(12)
    assert growth.idxmin() == pd.Period("2020-04")


def test_return_X_y_returns_sales_as_frame_and_as_series():
    sales = load_retail_sales()
    X, y = load_retail_sales(return_X_y=True)
    pdt.assert_series_equal(y, sales)
    pdt.assert_frame_equal(X, pd.DataFrame({"sales": sales}))


def test_the_packaged_file_has_the_expected_checksum():
    content = files("sklstm").joinpath("data", "retail_sales.csv").read_bytes()
    expected = "5c0641035e8f9c86647afe07711595d66bebf88a34952afb0a929a2f7ebee161"
    assert sha256(content).hexdigest() == expected


@pytest.mark.parametrize("n_timesteps", [2, 3, 10])
def test_the_target_is_the_sum_of_one_marked_number_per_half(n_timesteps):
    X, y = make_adding(200, n_timesteps, random_state=0)
    numbers, marks = X[:, :, 0], X[:, :, 1] == 1
    npt.assert_array_equal(marks, X[:, :, 1])
    npt.assert_array_equal(marks[:, : n_timesteps // 2].sum(axis=1), 1)
    npt.assert_array_equal(marks.sum(axis=1), 2)
    npt.assert_allclose(y, numbers[marks].reshape(200, 2).sum(axis=1), rtol=1e-12)
    assert marks.any(axis=0).all()


def test_predicting_the_mean_of_the_adding_problem_has_an_error_of_a_sixth():
    _, y = make_adding(100_000, 4, random_state=0)
    assert np.mean((y - 1) ** 2) == pytest.approx(1 / 6, rel=0.01)


def test_adding_is_reproducible_by_its_seed():
    first, same, other = (make_adding(3, random_state=seed)[0] for seed in (0, 0, 1))
    npt.assert_array_equal(first, same)
    assert (first != other).any()


def test_adding_needs_two_time_steps():
    with pytest.raises(ValueError, match=r"n_timesteps must .* 2, but it is 1"):
        make_adding(3, 1)


FAULTS = ["knock", "bearing", "stuck", "shift"]


def runs(labels):
    """Return the first row of each fault and the row after its last one."""
    return np.flatnonzero(np.diff(labels == -1, prepend=False, append=False)).reshape(
        -1, 2
    )


def test_machine_is_reproducible_by_its_seed():
    first, same, other = (make_machine(random_state=seed) for seed in (0, 0, 1))
    pdt.assert_frame_equal(first[0], same[0])
    pdt.assert_series_equal(first[1], same[1])
    assert not first[0].equals(other[0])


@pytest.mark.parametrize("seed", range(5))
def test_faults_change_only_the_labelled_rows(seed):
    X, y = make_machine(random_state=seed)
    normal, labels = make_machine(faults=(), random_state=seed)
    assert (labels == 1).all()
    assert normal.notna().all(axis=None)
    is_changed = (normal != X).any(axis=1)
    npt.assert_array_equal(y, np.where(is_changed, -1, 1))


def test_faults_have_the_order_and_the_lengths_documented():
    faults = [*FAULTS[::-1], *FAULTS]
    _, y = make_machine(4001, faults=faults, random_state=0)
    starts, ends = runs(y).T
    assert starts[0] >= 2000
    lengths = {"knock": 4, "bearing": 160, "stuck": 40, "shift": 80}
    npt.assert_array_equal(ends - starts, [lengths[fault] for fault in faults])
    assert (starts[1:] - ends[:-1] >= 40).all()
    assert len(y) - ends[-1] >= 40


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_as_documented(fault):
    X, y = make_machine(faults=[fault], random_state=0)
    normal, _ = make_machine(faults=(), random_state=0)
    rows = slice(*runs(y)[0])
    change = (X - normal).to_numpy()[rows]
    if fault == "stuck":
        values = X["vibration_y"].to_numpy()
        npt.assert_array_equal(values[rows], values[rows.start - 1])
        npt.assert_array_equal(change[:, [0, 2]], 0)
    elif fault == "shift":
        npt.assert_allclose(change, [[0, 0, 3]] * 80, atol=1e-12)
    else:
        npt.assert_allclose(change[:, 1], 0.6 * change[:, 0])
        npt.assert_array_equal(change[:, 2], 0)
    if fault == "knock":
        assert np.abs(change[:, 0]).argmax() == 0
        assert change[0, 0] > X["vibration_x"][:2000].max()
    if fault == "bearing":
        energies = np.square(change[:, 0]).reshape(4, 40).sum(axis=1)
        assert (np.diff(energies) > 0).all()
        # 160 rows are eight turns, with 3.58 impacts per turn.
        spectrum = np.abs(np.fft.rfft(change[:, 0]))
        assert spectrum.argmax() == pytest.approx(8 * 3.58, abs=2)


def test_the_distribution_of_normal_rows_does_not_change_over_time():
    X, _ = make_machine(1_000_000, faults=(), random_state=0)
    for _, tenth in X.groupby(np.arange(len(X)) // 100_000):
        npt.assert_allclose(tenth.mean(), X.mean(), atol=0.3)
        npt.assert_allclose(tenth.std(), X.std(), rtol=0.2)
    # The rotor turns 15 times per minute of the index.
    minutes = (X.index[-1] - X.index[0]) / pd.Timedelta("1min")
    spectrum = np.abs(np.fft.rfft(X["vibration_x"]))
    assert spectrum.argmax() / minutes == pytest.approx(15, rel=0.03)


def test_temperature_follows_the_load_within_a_minute():
    X, _ = make_machine(100_000, faults=(), random_state=0)
    energy = X["vibration_x"].pow(2)
    lagged = {n: energy.ewm(alpha=1 / n).mean() for n in (30, 100, 300, 1000, 3000)}
    correlations = pd.DataFrame(lagged).corrwith(X["temperature"])
    assert correlations.idxmax() == 300
    assert correlations.max() > 0.95


def test_unknown_faults_and_too_few_rows_are_refused():
    with pytest.raises(ValueError, match=r"no fault 'fire'\. Choose from \['knock'"):
        make_machine(faults=["fire"])
    with pytest.raises(ValueError, match=r"leaves 199 rows for each of 4 .* 1600 or"):
        make_machine(1598)
    assert (make_machine(1600)[1] == -1).sum() == 284


# Steps of the main season of each frequency.
SEASONS = {"Q": 4, "M": 12, "W": 52, "D": 7, "B": 5, "h": 24, "30min": 48, "15min": 96}


def whole_number_columns(series):
    """Return the series that have whole numbers only."""
    return series.loc[:, (series % 1 == 0).all()]


def test_series_are_reproducible_by_their_seed():
    first, same, other = (make_series(random_state=seed) for seed in (0, 0, 1))
    pdt.assert_frame_equal(first, same)
    assert not first.equals(other)


def test_series_leave_the_global_generator_of_numpy_as_it_is():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    make_series(random_state=0)
    npt.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.parametrize("freq", ["Y", *SEASONS])
@pytest.mark.parametrize("n_timesteps", [1, 2, 40, 300])
def test_series_have_dates_and_finite_values(freq, n_timesteps):
    frames = [make_series(50, n_timesteps, freq=freq, random_state=s) for s in range(3)]
    for series in frames:
        assert series.shape == (n_timesteps, 50)
        assert series.index.freqstr.split("-")[0] == freq
        assert str(series.index[0])[:4] == "2000"
        assert np.isfinite(series.to_numpy()).all()
        assert series.columns.is_unique


def mean_autocorrelations(freq, lags):
    """Return the autocorrelations of the changes of many series, averaged."""
    changes = make_series(500, 314, freq=freq, random_state=0).diff().iloc[1:]
    scaled = (changes - changes.mean()) / changes.std()
    return [(scaled * scaled.shift(lag)).mean().mean() for lag in lags]


@pytest.mark.parametrize("freq", SEASONS)
def test_the_season_of_the_frequency_is_visible(freq):
    length = SEASONS[freq]
    at_season, before, after = mean_autocorrelations(freq, [length, *around(length)])
    assert at_season > 0.2 + max(before, after)


def around(length):
    """Return lags before and after a season that are not a multiple of half of it."""
    return length - length // 4, length + length // 4


def test_years_have_no_season():
    npt.assert_allclose(mean_autocorrelations("Y", range(3, 30)), 0, atol=0.05)


def test_most_series_are_positive_and_vary():
    series = make_series(1000, random_state=0)
    assert 0.75 < (series > 0).all().mean() < 0.98
    assert (series.nunique() > 1).mean() > 0.98


def test_series_have_units_of_different_sizes():
    sizes = make_series(1000, random_state=0).abs().mean()
    assert np.log10(sizes[sizes > 0]).std() > 0.8


def test_a_few_series_are_counts_with_zeros():
    series = make_series(1000, random_state=0)
    counts = whole_number_columns(series)
    assert 0.03 < counts.shape[1] / 1000 < 0.15
    assert (counts >= 0).all(axis=None)
    assert ((counts == 0).mean() > 0.2).mean() > 0.2


def test_series_of_unknown_frequency_are_refused():
    with pytest.raises(ValueError, match=r"freq='ME' is not available.*'M', 'W'"):
        make_series(freq="ME")


@pytest.mark.parametrize("number", [0, -3, 2.5, "ten", None])
@pytest.mark.parametrize(
    ("make", "name"),
    [
        (make_series, "n_series"),
        (make_series, "n_timesteps"),
        (make_adding, "n_sequences"),
        (make_adding, "n_timesteps"),
        (make_machine, "n_timesteps"),
    ],
)
def test_numbers_of_rows_are_integers(make, name, number):
    with pytest.raises(ValueError, match=f"{name} must be .* it is {number!r}"):
        make(**{name: number})


@pytest.mark.slow
def test_a_dependency_of_thirty_steps_is_learned():
    X, y = make_adding(3000, 30, random_state=0)
    model = LSTMRegressor(
        16,
        **ONE_LAYER | {"learning_rate": "cosine", "batch_size": 20},
        max_timescale=30,
        dtype="float32",
        max_iter=10,
        random_state=0,
    )
    model.fit(X[:2000], y[:2000])
    errors = np.abs(model.predict(X[2000:]) - y[2000:])
    # Correct by the paper: an error below 0.04. The mean is off by 0.3.
    assert np.mean(errors < 0.04) > 0.95


def test_dates_are_the_days_that_pandas_reads():
    written, iso = make_dates(2000, random_state=0)
    assert "1950" < min(iso) < "1951" < "2049" < max(iso) < "2050"
    by_year = pd.Series(iso, index=written).groupby(lambda text: text[-4:].isdigit())
    for text, day in by_year.get_group(True).items():
        if "." in text:
            assert pd.to_datetime(text, format="%d.%m.%Y") == pd.Timestamp(day)
        else:
            assert pd.Timestamp(text) == pd.Timestamp(day)


def test_the_day_comes_first_in_dates_of_two_digits():
    pairs = zip(*make_dates(500, random_state=0), strict=True)
    short = [(text, day) for text, day in pairs if text[2] == text[5:6] == "/"]
    assert {day[8:] + day[4:8] + day[2:4] for _, day in short} == {
        text.replace("/", "-") for text, _ in short
    }


def test_dates_depend_on_the_seed_only():
    first, same, other = (make_dates(5, random_state=seed) for seed in (0, 0, 1))
    assert first == same != other
    with pytest.raises(ValueError, match="n_dates must"):
        make_dates(0)


def test_pronunciations_are_those_of_a_dictionary():
    words, phones = load_pronunciations()
    known = dict(zip(words, phones, strict=True))
    assert len(known) == 6000
    assert known["abandoning"] == ["AH", "B", "AE", "N", "D", "AH", "N", "IH", "NG"]
    assert {len(words), len({p for word in phones for p in word})} == {6000, 39}
    assert all(word.isascii() and word.islower() and word.isalpha() for word in words)


def test_the_license_of_the_pronunciations_is_beside_them():
    data = files("sklstm").joinpath("data")
    license_text = data.joinpath("pronunciations_license.txt").read_text()
    assert "Carnegie Mellon University. All rights reserved." in license_text
