"""Real series are the published numbers, made ones what they are said to be."""

from hashlib import sha256
from importlib.resources import files

import numpy as np
import numpy.testing as npt
import pandas as pd
import pandas.testing as pdt
import pytest

from sklstm import LSTMRegressor
from sklstm.datasets import load_retail_sales, make_adding, make_machine


def test_retail_sales_run_from_1992_to_mid_2023():
    sales = load_retail_sales()
    assert (sales.iloc[0], sales.iloc[-1]) == (130683, 612243)
    assert str(sales.index[0]) == "1992-01"
    assert str(sales.index[-1]) == "2023-06"


def test_retail_sales_have_no_hole():
    sales = load_retail_sales()
    every_month = pd.period_range("1992-01", "2023-06", freq="M", name="month")
    pdt.assert_index_equal(sales.index, every_month)
    assert sales.notna().all()


def test_retail_sales_of_the_2010s_peak_in_december():
    sales = load_retail_sales()["2010":"2019"]
    peaks = sales.groupby(sales.index.year).idxmax()
    assert {peak.month for peak in peaks} == {12}


def test_retail_sales_fell_most_in_april_2020():
    growth = load_retail_sales().pct_change(12)
    assert growth.idxmin() == pd.Period("2020-04")


def test_return_X_y_gives_the_same_sales_twice():
    sales = load_retail_sales()
    X, y = load_retail_sales(return_X_y=True)
    pdt.assert_series_equal(y, sales)
    pdt.assert_frame_equal(X, pd.DataFrame({"sales": sales}))


def test_the_packaged_file_is_the_one_that_was_checked():
    content = files("sklstm").joinpath("data", "retail_sales.csv").read_bytes()
    checked = "5c0641035e8f9c86647afe07711595d66bebf88a34952afb0a929a2f7ebee161"
    assert sha256(content).hexdigest() == checked


@pytest.mark.parametrize("n_timesteps", [2, 3, 10])
def test_adding_marks_a_number_of_each_half_and_adds_them(n_timesteps):
    X, y = make_adding(200, n_timesteps, random_state=0)
    numbers, marks = X[:, :, 0], X[:, :, 1] == 1
    npt.assert_array_equal(marks, X[:, :, 1])
    npt.assert_array_equal(marks[:, : n_timesteps // 2].sum(axis=1), 1)
    npt.assert_array_equal(marks.sum(axis=1), 2)
    npt.assert_allclose(y, numbers[marks].reshape(200, 2).sum(axis=1), rtol=1e-12)
    assert marks.any(axis=0).all()


def test_answering_one_in_the_adding_problem_is_off_by_a_sixth():
    _, y = make_adding(100_000, 4, random_state=0)
    assert np.mean((y - 1) ** 2) == pytest.approx(1 / 6, rel=0.01)


def test_adding_repeats_itself_by_its_seed():
    first, same, other = (make_adding(3, random_state=seed)[0] for seed in (0, 0, 1))
    npt.assert_array_equal(first, same)
    assert (first != other).any()


def test_adding_needs_two_steps():
    with pytest.raises(ValueError, match="n_timesteps=1 leaves no room for two marks"):
        make_adding(3, 1)


FAULTS = ["knock", "bearing", "stuck", "shift"]


def runs(labels):
    """First row and the row after the last one of every fault."""
    return np.flatnonzero(np.diff(labels == -1, prepend=False, append=False)).reshape(
        -1, 2
    )


def test_machine_repeats_itself_by_its_seed():
    first, same, other = (make_machine(random_state=seed) for seed in (0, 0, 1))
    pdt.assert_frame_equal(first[0], same[0])
    pdt.assert_series_equal(first[1], same[1])
    assert not first[0].equals(other[0])


@pytest.mark.parametrize("seed", range(5))
def test_faults_change_the_rows_that_are_labelled_and_no_others(seed):
    X, y = make_machine(random_state=seed)
    usual, labels = make_machine(faults=(), random_state=seed)
    assert (labels == 1).all()
    assert usual.notna().all(axis=None)
    is_changed = (usual != X).any(axis=1)
    npt.assert_array_equal(y, np.where(is_changed, -1, 1))


def test_faults_come_in_the_second_half_in_their_order_and_last_as_long_as_said():
    faults = [*FAULTS[::-1], *FAULTS]
    _, y = make_machine(4001, faults=faults, random_state=0)
    starts, ends = runs(y).T
    assert starts[0] >= 2000
    lengths = {"knock": 4, "bearing": 160, "stuck": 40, "shift": 80}
    npt.assert_array_equal(ends - starts, [lengths[fault] for fault in faults])
    assert (starts[1:] - ends[:-1] >= 40).all()
    assert len(y) - ends[-1] >= 40


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_what_it_is_said_to_be(fault):
    X, y = make_machine(faults=[fault], random_state=0)
    usual, _ = make_machine(faults=(), random_state=0)
    rows = slice(*runs(y)[0])
    change = (X - usual).to_numpy()[rows]
    if fault == "stuck":
        readings = X["vibration_y"].to_numpy()
        npt.assert_array_equal(readings[rows], readings[rows.start - 1])
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
        # 160 rows are eight turns, and the defect is passed 3.58 times in each.
        spectrum = np.abs(np.fft.rfft(change[:, 0]))
        assert spectrum.argmax() == pytest.approx(8 * 3.58, abs=2)


def test_usual_rows_of_a_machine_are_alike_from_first_to_last():
    X, _ = make_machine(1_000_000, faults=(), random_state=0)
    for _, tenth in X.groupby(np.arange(len(X)) // 100_000):
        npt.assert_allclose(tenth.mean(), X.mean(), atol=0.3)
        npt.assert_allclose(tenth.std(), X.std(), rtol=0.2)
    # The rotor turns 15 times a minute, and the index tells the time.
    minutes = (X.index[-1] - X.index[0]) / pd.Timedelta("1min")
    spectrum = np.abs(np.fft.rfft(X["vibration_x"]))
    assert spectrum.argmax() / minutes == pytest.approx(15, rel=0.03)


def test_temperature_follows_the_load_within_a_minute():
    X, _ = make_machine(100_000, faults=(), random_state=0)
    energy = X["vibration_x"].pow(2)
    followers = {n: energy.ewm(alpha=1 / n).mean() for n in (30, 100, 300, 1000, 3000)}
    together = pd.DataFrame(followers).corrwith(X["temperature"])
    assert together.idxmax() == 300
    assert together.max() > 0.95


def test_machine_of_unknown_faults_or_without_room_for_them_is_refused():
    with pytest.raises(ValueError, match=r"no fault 'fire'\. Choose from \['knock'"):
        make_machine(faults=["fire"])
    with pytest.raises(ValueError, match=r"leaves 199 rows for each of 4 .* 1600 or"):
        make_machine(1598)
    assert (make_machine(1600)[1] == -1).sum() == 284


@pytest.mark.slow
def test_memory_of_thirty_steps_is_learnt():
    X, y = make_adding(3000, 30, random_state=0)
    model = LSTMRegressor(
        16,
        max_timescale=30,
        dtype="float32",
        batch_size=20,
        learning_rate="cosine",
        max_iter=10,
        random_state=0,
    )
    model.fit(X[:2000], y[:2000])
    errors = np.abs(model.predict(X[2000:]) - y[2000:])
    # Right, by the paper: off by less than 0.04, where answering 1 is off by 0.4.
    assert np.mean(errors < 0.04) > 0.95
