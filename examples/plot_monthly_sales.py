"""
Next year's monthly sales, learnt from five years
=================================================

The classic exercise: sixty months of sales are known, the next twelve are wanted. An
LSTM of 50 units reads windows of past months, and its forecast stands beside two that
need no learning.

The sales are those of all retail trade in the United States. The five years are 2014 to
2018 and the test is 2019: the year after is the pandemic's, which no past tells of.
"""

# %%
# Sixty months to learn from
# --------------------------

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.metrics import mean_absolute_percentage_error, mean_squared_error
from sklearn.pipeline import make_pipeline

from sklstm import LSTMRegressor, SlidingWindowTransformer
from sklstm.datasets import load_retail_sales

sales = load_retail_sales() / 1000  # billions of US dollars
known, truth = sales["2014":"2018"], sales["2019":"2019"]
print(f"{len(known)} months to learn from, {len(truth)} to predict")

# %%
# A forecast in one pipeline
# --------------------------
# The window of a month is a year long and ends a year before it (``shift=12``). So
# all twelve months are predicted at once, from sales that are known today. The
# regressor standardises X and y itself.
#
# The split is one in time: the model sees nothing of 2019. It predicts from a table
# with the months of 2019 and zeros for sales. These are never read, for the windows
# hold the last training rows.

model = make_pipeline(
    SlidingWindowTransformer(window_size=12, shift=12),
    LSTMRegressor(hidden_layer_sizes=(50,), max_iter=500),
)
future = pd.DataFrame({"sales": 0.0}, index=truth.index)


def forecast(known, random_state):
    """Learn from the months known, and predict those of the future."""
    # The first 23 months have no whole window before them: they weigh nothing.
    has_window = (np.arange(len(known)) >= 23).astype(float)
    model.set_params(lstmregressor__random_state=random_state)
    model.fit(known.to_frame(), known, lstmregressor__sample_weight=has_window)
    return model.predict(future)


# %%
# The score, and two forecasts to beat
# ------------------------------------
# To beat: the same month of last year, as it is and times the growth of the last year.
# Five networks differ only in their seed: with so few months their spread matters as
# much as their median.

last_year = known["2018":"2018"].to_numpy()
growth = last_year.sum() / known["2017":"2017"].sum()
forecasts = {
    "LSTM, five years": [forecast(known, seed) for seed in range(5)],
    "LSTM, all 27 years": [forecast(sales[:"2018"], seed) for seed in range(5)],
    "last year's month": [last_year],
    "last year's month x growth": [last_year * growth],
}


def errors(prediction):
    """Measure a forecast of the test year, in (billion dollars) squared and in %."""
    return {
        "MSE": mean_squared_error(truth, prediction),
        "MAPE": 100 * mean_absolute_percentage_error(truth, prediction),
    }


scores = pd.DataFrame(
    {"forecast": name, **errors(prediction)}
    for name, predictions in forecasts.items()
    for prediction in predictions
)
scores = scores.groupby("forecast", sort=False).agg(["median", "min", "max"])
print(f"Test errors of 2019: MSE in (billion dollars)^2, MAPE in %\n{scores.round(2)}")
print("Lowest median MSE:", scores["MSE", "median"].idxmin())

# %%
# The picture
# -----------

lstm = pd.DataFrame(forecasts["LSTM, five years"], columns=truth.index).T
trend = pd.Series(last_year * growth, truth.index)

figure, axes = plt.subplots(figsize=(9, 4), layout="constrained")
known.plot(ax=axes, color="0.5", label="sales, learnt from")
truth.plot(ax=axes, color="black", label="sales, to predict")
lstm.median(axis=1).plot(ax=axes, color="C1", label="LSTM, median of five seeds")
months = [month.ordinal for month in lstm.index]
axes.fill_between(months, lstm.min(axis=1), lstm.max(axis=1), color="C1", alpha=0.3)
trend.plot(ax=axes, color="C0", linestyle=":", label="last year's month x growth")
axes.set(xlabel="", ylabel="billion US dollars", title="Monthly retail sales")
axes.legend(loc="upper left", ncols=2)
plt.show()
