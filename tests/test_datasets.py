"""The retail sales are the published numbers, month by month."""

from hashlib import sha256
from importlib.resources import files

import pandas as pd
import pandas.testing as pdt

from sklstm.datasets import load_retail_sales


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
