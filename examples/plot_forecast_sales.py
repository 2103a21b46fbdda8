"""
Forecast twelve months of sales, with an interval
=================================================

:class:`~sklstm.LSTMForecaster` is fitted to five years of monthly sales. It takes the
series as it is, reads the length of the season from the dates, and forecasts the next
months.

The data are the retail sales of the United States. The forecast is compared with the
sales of 2019.
"""

# %%
# Fit and forecast
# ----------------

import numpy as np
import pandas as pd
from sklearn.metrics import mean_absolute_percentage_error

from sklstm import ForecastDisplay, LSTMForecaster
from sklstm.datasets import load_retail_sales
from sklstm.forecasting import score_forecasts

sales = load_retail_sales() / 1000  # billions of US dollars
known, actual = sales["2014":"2018"], sales["2019":"2019"]

forecaster = LSTMForecaster(horizon=12, random_state=0).fit(known)
forecast = forecaster.predict()
interval = forecaster.predict_interval(coverage=0.9)
print(forecast.head(3))

# %%
# Weights of the base forecasts
# -----------------------------
# The forecaster mixes about thirty simple forecasts. The weights come from networks
# that were trained on made-up series. Five years of months are enough to fine-tune
# their output layer. How much of the fine-tuning is used was chosen on held-out months.

weights = forecaster.baseline_weights_.loc["sales"]
print(weights.sort_values(ascending=False).head().round(2).to_string())
print(f"fraction of the fine-tuning in use: {forecaster.tuning_weight_}")

# %%
# The year as a sum
# -----------------
# The limits of the months cannot be added to an interval for the year. Random paths of
# the whole year can: the sums of many paths show how uncertain the yearly total is.

totals = forecaster.sample_paths(1000, random_state=0).sum()
lower, upper = totals.quantile([0.05, 0.95])
print(f"2019 is between {lower:.0f} and {upper:.0f} with a probability of 90 %.")
print(f"The actual sales were {actual.sum():.0f}.")

# %%
# Plot
# ----
# Two simple forecasts are drawn for comparison: the same month of the year before, and
# this month multiplied by the growth of the yearly sales.

last_year = known["2018":"2018"].set_axis(actual.index)
growth = known["2018":"2018"].sum() / known["2017":"2017"].sum()
forecasts = {
    "forecast": forecast,
    "last year's month": last_year,
    "last year's month x growth": last_year * growth,
}
errors = {
    name: 100 * mean_absolute_percentage_error(actual, values)
    for name, values in forecasts.items()
}
labels = {name: f"{name}, error {error:.1f} %" for name, error in errors.items()}

display = ForecastDisplay.from_estimator(
    forecaster,
    n_history=24,
    actual=actual,
    forecast_kwargs={"label": labels.pop("forecast")},
)
axes, months = display.ax_, actual.index.to_timestamp()
# Colors that color-blind people tell apart from the blue of the forecast.
for color, (name, label) in zip(["#D55E00", "#009E73"], labels.items(), strict=True):
    axes.plot(months, forecasts[name], ":", color=color, label=label)
axes.set(ylabel="billion US dollars", title="Monthly retail sales", xlabel="")
axes.get_legend().remove()
display.figure_.legend(loc="outside lower center", ncols=2)
display.figure_.set_size_inches(7, 4.5)
display.figure_.savefig("forecast_sales.png", dpi=120)
print("Figure saved as forecast_sales.png")

# %%
# Errors
# ------

assert errors["forecast"] < errors["last year's month"]
is_covered = (interval["lower"] <= actual) & (actual <= interval["upper"])
print(pd.Series(errors, name="error in %").round(2).to_string())
print(f"{is_covered.sum()} of 12 months are in the 90 % interval")

# %%
# One year is not enough to judge a forecaster. A backtest from five origins, a year
# apart, is more reliable. Each forecast uses the five years before its origin. A MASE
# below 1 means that the forecasts have smaller errors than the same month of the year
# before had in these five years.

parts = []
for year in range(2014, 2019):
    five_years = sales[str(year - 4) : str(year + 1)]
    split = [(np.arange(60), np.arange(60, 72))]
    parts.append(forecaster.backtest(five_years, split))
scores = score_forecasts(pd.concat(parts))
assert scores.loc["forecast", "MASE"] < min(1, scores.loc["baseline", "MASE"])
print(scores.round(2))
