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

import numpy as np
import pandas as pd
from sklearn.metrics import mean_absolute_percentage_error

from sklstm import ForecastDisplay, LSTMForecaster
from sklstm.datasets import load_retail_sales
from sklstm.forecasting import score_forecasts

sales = load_retail_sales() / 1000  # billions of US dollars
known, truth = sales["2014":"2018"], sales["2019":"2019"]

forecaster = LSTMForecaster(horizon=12, n_estimators=3, random_state=0).fit(known)
forecast = forecaster.predict()
band = forecaster.predict_interval(coverage=0.9)
print(forecast.head(3))

# %%
# What it has chosen
# ------------------
# It starts from the naive forecast that is least wrong on the five years, and lets the
# network correct it as far as that helped on months that the network had not seen. On
# sixty months that may be not at all: then a naive forecast is what the data can bear.

print(
    f"naive forecast: {forecaster.baseline_}, trust in the network: {forecaster.correction_weight_}"
)

# %%
# The picture
# -----------
# Beside the forecast stand two that need no learning: last year's month, as it is and
# times the growth of sales.

last_year = known["2018":"2018"].set_axis(truth.index)
growth = known["2018":"2018"].sum() / known["2017":"2017"].sum()
forecasts = {
    "forecast": forecast,
    "last year's month": last_year,
    "last year's month x growth": last_year * growth,
}
errors = {
    name: 100 * mean_absolute_percentage_error(truth, numbers)
    for name, numbers in forecasts.items()
}
labels = {name: f"{name}, {error:.1f} % off" for name, error in errors.items()}

display = ForecastDisplay.from_estimator(
    forecaster, n_history=24, forecast_kwargs={"label": labels.pop("forecast")}
)
axes, months = display.ax_, truth.index.to_timestamp()
axes.plot(months, truth, "k.", label="truth")
for color, (name, label) in zip(["C1", "C2"], labels.items(), strict=True):
    axes.plot(months, forecasts[name], f"{color}:", label=label)
axes.set(ylabel="billion US dollars", title="Monthly retail sales", xlabel="")
axes.get_legend().remove()
display.figure_.legend(loc="outside lower center", ncols=3)
display.figure_.set_size_inches(9, 4.5)
display.figure_.savefig("forecast_sales.png", dpi=120)
print("Figure saved as forecast_sales.png")

# %%
# Is it any good?
# ---------------

is_held = (band["lower"] <= truth) & (truth <= band["upper"])
print(pd.Series(errors, name="off by %").round(2).to_string())
print(f"{is_held.sum()} of 12 months lie in the 90 % band")

# %%
# One year says little. Five origins, a year apart, each forecast from the five years
# before it, say more. A MASE below 1 is better than the months of the year before were
# at forecasting those of the next.

parts = []
for year in range(2014, 2019):
    five_years = sales[str(year - 4) : str(year + 1)]
    split = [(np.arange(60), np.arange(60, 72))]
    parts.append(forecaster.backtest(five_years, split))
print(score_forecasts(pd.concat(parts)).round(2))
