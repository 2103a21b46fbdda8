"""
The next twelve months of sales, with a band
============================================

Five years of monthly sales are known. :class:`~sklstm.LSTMForecaster` takes the series
as it is, finds its cycle in the calendar and answers with the months that follow.

The sales are those of all retail trade in the United States, the twelve months those of
2019.
"""

# %%
# A series in, its future out
# ---------------------------

import matplotlib.pyplot as plt
import pandas as pd
from sklearn.metrics import mean_absolute_percentage_error

from sklstm import LSTMForecaster
from sklstm.datasets import load_retail_sales

sales = load_retail_sales() / 1000  # billions of US dollars
known, truth = sales["2014":"2018"], sales["2019":"2019"]

forecaster = LSTMForecaster(horizon=12, n_ensemble=3, random_state=0).fit(known)
forecast = forecaster.predict()
band = forecaster.predict_interval(coverage=0.9)
print(forecast.head(3))

# %%
# What it has chosen
# ------------------
# It starts from the naive forecast that is least wrong on the five years, and lets the
# network correct it as far as that helped on months that the network had not seen. On
# sixty months that may be not at all: then a naive forecast is what the data can bear.

print(f"naive forecast: {forecaster.naive_}, trust in the network: {forecaster.trust_}")

# %%
# Is it any good?
# ---------------

last_year = known["2018":"2018"].set_axis(truth.index)
growth = known["2018":"2018"].sum() / known["2017":"2017"].sum()
forecasts = {
    "forecast": forecast,
    "last year's month": last_year,
    "last year's month x growth": last_year * growth,
}
scores = pd.Series(
    {
        name: 100 * mean_absolute_percentage_error(truth, numbers)
        for name, numbers in forecasts.items()
    },
    name="MAPE, %",
)
print(scores.round(2).to_string())
is_held = (band["lower"] <= truth) & (truth <= band["upper"])
print(f"{is_held.sum()} of 12 months lie in the 90 % band")

# %%

fig, ax = plt.subplots(figsize=(8, 4))
known = known["2018":]
for numbers, style in [(known, "0.4"), (truth, "k.")]:
    ax.plot(numbers.index.to_timestamp(), numbers, style)
months = forecast.index.to_timestamp()
ax.fill_between(months, band["lower"], band["upper"], alpha=0.3, label="90 % band")
for name, numbers in forecasts.items():
    style = "-" if name == "forecast" else ":"
    ax.plot(months, numbers, style, label=f"{name}, {scores[name]:.1f} % off")
ax.set(ylabel="sales, billion dollars", title="Monthly retail sales, United States")
ax.legend()
fig.tight_layout()
plt.show()
