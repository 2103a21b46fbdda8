"""
Next year's monthly sales, predicted from five years
====================================================

This is a common exercise: predict the next twelve months of sales from the last sixty.
An LSTM with 50 units reads windows of past months. Its forecast is compared with two
baselines that need no training.

The data are the retail sales of the United States. The network is trained on the years
2014 to 2018 and tested on 2019. The year 2020 would not be a fair test, because nothing
in the past announced the pandemic.
"""

# %%
# Sixty months of training data
# -----------------------------

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.metrics import mean_absolute_percentage_error, mean_squared_error
from sklearn.pipeline import make_pipeline

from sklstm import LSTMRegressor, SlidingWindowTransformer
from sklstm.datasets import load_retail_sales

sales = load_retail_sales() / 1000  # billions of US dollars
history, actual = sales["2014":"2018"], sales["2019":"2019"]
print(f"{len(history)} months to train on, {len(actual)} to predict")

# %%
# A forecast in one pipeline
# --------------------------
# The window of a month is a year long and ends a year before the month (``shift=12``).
# So all twelve months are predicted at once, from sales that are known by then. The
# regressor standardizes X and y itself.
#
# The model is trained on the months before 2019 only. To predict, it gets a table with
# the months of 2019 and zeros for the sales. No window contains the zeros: the windows
# hold the last training rows.

model = make_pipeline(
    SlidingWindowTransformer(window_size=12, shift=12),
    LSTMRegressor(hidden_layer_sizes=(50,), max_iter=500),
)
future = pd.DataFrame({"sales": 0.0}, index=actual.index)


def forecast(history, random_state):
    """Fit the model on past months and predict the future ones."""
    # The first 23 months have no complete window, so their weight is 0.
    has_window = (np.arange(len(history)) >= 23).astype(float)
    model.set_params(lstmregressor__random_state=random_state)
    model.fit(history.to_frame(), history, lstmregressor__sample_weight=has_window)
    return model.predict(future)


# %%
# The scores of the network and of two baselines
# ----------------------------------------------
# The first baseline is the same month of the last year. The second multiplies it by the
# growth of that year. Five networks differ only in their seed: with as few months as
# these, the spread of their errors matters as much as the median.

last_year = history["2018":"2018"].to_numpy()
growth = last_year.sum() / history["2017":"2017"].sum()
forecasts = {
    "LSTM, five years": [forecast(history, seed) for seed in range(5)],
    "LSTM, all 27 years": [forecast(sales[:"2018"], seed) for seed in range(5)],
    "last year's month": [last_year],
    "last year's month x growth": [last_year * growth],
}


def errors(prediction):
    """Compute the errors of a forecast of 2019, in (billion dollars)^2 and in %."""
    return {
        "MSE": mean_squared_error(actual, prediction),
        "MAPE": 100 * mean_absolute_percentage_error(actual, prediction),
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
# The forecasts as a plot
# -----------------------

lstm = pd.DataFrame(forecasts["LSTM, five years"], columns=actual.index).T
trend = pd.Series(last_year * growth, actual.index)

figure, axes = plt.subplots(figsize=(9, 4), layout="constrained")
history.plot(ax=axes, color="0.5", label="sales, training")
actual.plot(ax=axes, color="black", label="sales, test")
lstm.median(axis=1).plot(ax=axes, color="C1", label="LSTM, median of five seeds")
months = [month.ordinal for month in lstm.index]
axes.fill_between(months, lstm.min(axis=1), lstm.max(axis=1), color="C1", alpha=0.3)
trend.plot(ax=axes, color="C0", linestyle=":", label="last year's month x growth")
axes.set(xlabel="", ylabel="billion US dollars", title="Monthly retail sales")
axes.legend(loc="upper left", ncols=2)
plt.show()
