"""
Forecast without training
=========================

The networks of :class:`~sklstm.LSTMForecaster` are already trained when you install
sklstm. With ``fine_tune=0`` they forecast a series as it comes. This page forecasts
twelve short series of four frequencies, and then shows what fine-tuning adds.

The series are made up by :func:`~sklstm.datasets.make_series`. The networks were
trained on other series of this kind, so the errors on this page tell nothing about real
series. The benchmarks in the repository measure those.
"""

# %%
# Twelve series
# -------------
# There are three series of each frequency. The last values of each are held out.

import time

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt

from sklstm import ForecastDisplay, LSTMForecaster
from sklstm.datasets import make_series

# Numbers of values that are known and of steps to forecast.
sizes = {"M": (36, 12), "Q": (20, 6), "W": (110, 20), "D": (56, 14)}
known, actual = {}, {}
for freq, (n_known, horizon) in sizes.items():
    series = make_series(3, n_known + horizon, freq=freq, random_state=0)
    known[freq], actual[freq] = series[:n_known], series[n_known:]

# %%
# Forecasts
# ---------
# `fit` stores the series and their scales. It adjusts the intervals if there are enough
# values to hold some out. It does not change the networks.

forecasters, forecasts = {}, {}
for freq, (_, horizon) in sizes.items():
    start = time.perf_counter()
    forecaster = LSTMForecaster(horizon=horizon, fine_tune=0).fit(known[freq])
    forecasts[freq] = forecaster.predict()
    milliseconds = 1000 * (time.perf_counter() - start)
    print(f"{freq}: fit and forecasts of 3 series in {milliseconds:.0f} ms")
    forecasters[freq] = forecaster

# %%
# With several axes, a display draws as many series.

figure, axes = plt.subplots(4, 3, sharex="row", figsize=(10, 10), layout="constrained")
for row, (freq, forecaster) in zip(axes, forecasters.items(), strict=True):
    display = ForecastDisplay.from_estimator(
        forecaster, actual=actual[freq], ax=row, actual_kwargs={"markersize": 3}
    )
    display.ax_.get_legend().remove()
    for ax in row:
        ax.set(title=f"{freq}, {ax.get_title()}", xlabel="")
entries = axes[0, 0].get_legend_handles_labels()
figure.legend(*entries, loc="outside lower center", ncols=4)
figure.savefig("forecast_without_training.png", dpi=120)
print("Figure saved as forecast_without_training.png")

# %%
# Errors
# ------
# The forecasts are compared with the values one season before and with the last value.
# Errors are divided by the standard deviation of each series.

errors = {"forecast": [], "season before": [], "last value": []}
for freq, forecaster in forecasters.items():
    past, later = known[freq].to_numpy(), actual[freq].to_numpy()
    steps = np.arange(len(later)) % forecaster.season_length_
    simple = {
        "forecast": forecasts[freq].to_numpy(),
        "season before": past[len(past) - forecaster.season_length_ + steps],
        "last value": past[-1:],
    }
    for name, values in simple.items():
        errors[name].extend(np.abs(values - later).mean(axis=0) / past.std(axis=0))
means = ", ".join(f"{name} {np.mean(each):.2f}" for name, each in errors.items())
print(f"mean error: {means}")
assert np.mean(errors["forecast"]) < np.mean(errors["season before"])
assert np.mean(errors["forecast"]) < np.mean(errors["last value"])

# %%
# What fine-tuning adds
# ---------------------
# A panel can have a pattern of its own. Here, the sales of forty shops have strong
# weeks and much noise, but a constant level. From one short series, a network cannot
# know that the level never moves. Fine-tuning learns it from all shops together.

random = np.random.default_rng(0)
days = pd.date_range("2024-01-01", periods=148, freq="D", name="day")
weeks = random.gamma(2, 0.5, size=(7, 40))[np.arange(148) % 7]
noise = np.exp(0.4 * random.normal(size=(148, 40)))
shops = pd.DataFrame(100 * weeks * noise, days)

for fine_tune in (0, "auto"):
    forecaster = LSTMForecaster(horizon=28, fine_tune=fine_tune, random_state=0)
    error = (forecaster.fit(shops[:120]).predict() - shops[120:]).abs()
    percent = 100 * error.sum(axis=None) / shops[120:].sum(axis=None)
    print(f"fine_tune={fine_tune}: error {percent:.1f} % of the sales")
print(f"fraction of the fine-tuning in use: {forecaster.tuning_weight_}")

# %%
# Most of the error is noise, so fine-tuning changes little here, as on many panels. The
# fraction in use is chosen on held-out windows. No fine-tuning is one of the choices.
