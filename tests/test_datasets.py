"""Real series are the published numbers, made ones what they are said to be."""

from hashlib import sha256
from importlib.resources import files

import numpy as np
import numpy.testing as npt
import pandas as pd
import pandas.testing as pdt
import pytest

from sklstm import LSTMRegressor
from sklstm.datasets import load_retail_sales, make_adding


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


@pytest.mark.slow
def test_memory_of_thirty_steps_is_learnt():
    X, y = make_adding(3000, 30, random_state=0)
    model = LSTMRegressor(
        16,
        memory_init=30,
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
