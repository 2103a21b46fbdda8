"""
Detect machine faults and unusual months
========================================

Without examples of faults, a classifier cannot learn to detect them.
:class:`~sklstm.LSTMOutlierDetector` needs normal rows only: it learns to predict each
row from the rows before it, and flags rows that are far from their expected values.

The first series are simulated sensor data of a machine, with labels to compute
precision and recall. The second is the real series of retail sales, which the pandemic
disturbed.
"""

# %%
# A machine with four kinds of faults
# -----------------------------------
# The columns are the vibration in two directions and the temperature; the rotor makes
# one turn in 20 rows. The first half of the rows is normal. The second half contains
# three faults of each kind: knocks, growing bearing faults, a stuck sensor and shifts
# of the temperature. We simulate two machines with different seeds.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.metrics import precision_score, recall_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklstm import AnomalyDisplay, LSTMOutlierDetector
from sklstm.datasets import load_retail_sales, make_machine

FAULTS = ["knock", "bearing", "stuck", "shift"] * 3
machines = [make_machine(12_000, faults=FAULTS, random_state=seed) for seed in range(2)]
X, y = machines[0]
print(X.describe().loc[["mean", "std"]].round(2))
print(f"{(y == -1).sum()} of {len(y) // 2} rows of the second half have a fault")

# %%
# Three detectors and a z-score
# -----------------------------
# The baseline is a rolling z-score: the distance of a value from the mean of the last
# 200 rows, in standard deviations and averaged over the columns. The rule for the
# threshold is the same for all: 5 of 1000 rows exceed it in the last 30 % of the first
# half.
#
# A detector accepts any regressor. The third one uses a linear regression of each row
# on the ten rows before it in place of the LSTM.

SHARE = 0.005


def z_scores(values, n_rows=200):
    """Compute the mean absolute z-score of each row, relative to the rows before it."""
    past = values.shift(1).rolling(n_rows)
    return ((values - past.mean()) / past.std()).abs().mean(axis=1)


def predict_by_z_score(X):
    """Predict the second half: -1 for outliers, 1 for the other rows."""
    scores, half = z_scores(X), len(X) // 2
    threshold = scores[half - int(0.3 * half) : half].quantile(1 - SHARE)
    return np.where(scores[half:] > threshold, -1, 1)


def predict_by_detector(detector, X):
    """Fit a detector on the first half, and predict the second half."""
    half = len(X) // 2
    return detector.fit(X[:half]).predict(X[half:])


linear = make_pipeline(
    FunctionTransformer(lambda windows: windows.reshape(len(windows), -1)), Ridge(0.001)
)
settings = {"contamination": SHARE, "random_state": 0}
detectors = {
    "LSTM": LSTMOutlierDetector(**settings),
    "LSTM, averaged": LSTMOutlierDetector(halflife=3, **settings),
    "linear": LSTMOutlierDetector(linear, **settings),
}
predictions = {"rolling z-score": [predict_by_z_score(X) for X, _ in machines]}
for name, detector in detectors.items():
    predictions[name] = [predict_by_detector(detector, X) for X, _ in machines]

# %%
# Precision and recall
# --------------------
# Precision is the fraction of the flagged rows that have a fault; recall is the
# fraction of the rows with a fault that are flagged. A false alarm is "late" if a fault
# ended within the ten rows before, which the expected values depend on.


def scores(labels, predicted):
    """Compute the scores of the second half of one machine."""
    is_outlier, is_fault = predicted == -1, labels == -1
    is_after = (is_fault.rolling(11, min_periods=1).max() == 1) & ~is_fault
    number = (is_fault & (labels.shift() == 1)).cumsum()[is_fault] - 1
    kind = np.array(FAULTS)[number]
    return {
        "precision": precision_score(labels, predicted, pos_label=-1),
        "recall": recall_score(labels, predicted, pos_label=-1),
        "late alarms": is_outlier[is_after].sum(),
        "other alarms": is_outlier[~is_after & ~is_fault].sum(),
        **pd.Series(is_outlier[is_fault]).groupby(kind).mean()[FAULTS[:4]],
    }


table = pd.DataFrame(
    {"detector": name, **scores(y[len(y) // 2 :], predicted)}
    for name, by_machine in predictions.items()
    for (_, y), predicted in zip(machines, by_machine, strict=True)
)
by_detector = table.groupby("detector", sort=False)
print("Minimum and maximum over two machines")
spread = by_detector[["precision", "recall"]].agg(["min", "max"])
print(spread.round(2).to_string())
means = by_detector.mean().drop(columns=["precision", "recall"])
print("\nMeans: number of false alarms in 6000 rows, and recall by kind of fault")
print(means.round(2).to_string())
quality = by_detector[["precision", "recall"]].mean()
assert quality.loc["linear", "precision"] > quality.loc["rolling z-score", "precision"]
assert quality.loc["linear", "recall"] > quality.loc["rolling z-score", "recall"]
assert quality["recall"].max() < 0.9

# %%
# A z-score flags large values, but most faults do not make values large: a stuck sensor
# returns perfectly normal values at the wrong time. Compared with their expected
# values, they stand out.
#
# The expected values need not come from a network. A linear regression can continue a
# sum of waves, so the linear detector is hard to beat here, and it is much faster. Try
# it first.
#
# Many rows with a fault are missed, for two reasons. A bearing fault is weak at
# first. After a shift, the new level is soon the expected one: the step up and the step
# down are flagged, but the rows between them are not. Averaging the distances with a
# ``halflife`` flags more rows with a fault, but also raises more false alarms, because
# the average decreases slowly after a fault.
#
# The threshold promised 5 alarms in 1000 normal rows. On rows without a fault before
# them, there may be more, because a threshold from six minutes of a machine does not
# hold for all later rows:

n_normal = np.mean([(y[len(y) // 2 :] == 1).sum() for _, y in machines])
print((1000 * means["other alarms"] / n_normal).round(1).to_string())

# %%
# Which feature is off
# --------------------
# The table has one line for each of the first four faults. It shows the first outlier:
# the feature with the largest error, its value, the expected value, and the error in
# standard deviations.

detector = detectors["LSTM"]  # fitted to the last machine
X, y = (part[len(part) // 2 :] for part in machines[-1])
explanation = detector.explain(X)
largest = explanation.drop_duplicates("row").set_index("row")
starts = y.index[(y == -1) & (y.shift() == 1)]
lines = [largest[start:].iloc[0] for start in starts[:4]]
print(pd.DataFrame(lines, FAULTS[:4]).to_string(float_format="{:.2f}".format))

# %%
# Unusual months
# --------------
# We fit detectors to the logarithm of monthly sales up to 2018. The windows have 24
# months, because the seasonal pattern has 12. There are no labels, and the threshold
# comes from the last 98 months up to 2018. Two seeds show how reliable it is.

sales = np.log(load_retail_sales(return_X_y=True)[0])
for seed in range(2):
    by_lstm = LSTMOutlierDetector(window_size=24, random_state=seed)
    labels = by_lstm.fit(sales[:"2018"]).predict(sales)
    print(f"LSTM, seed {seed}:", *sales.index[labels == -1])

by_linear = LSTMOutlierDetector(linear, window_size=24).fit(sales[:"2018"])
months = sales.index[by_linear.predict(sales) == -1].astype(str)
print("\nlinear:", *months)
assert {"2020-04", "2020-06", "2021-04"} <= set(months)

# %%
# Which months a network flags depends on the seed and on the processor, because 27
# years of months are few rows for a network. This also holds for April 2020, when shops
# were closed. The linear detector needs fewer rows. It flags April 2020 and June 2020,
# when the shops had opened again.
#
# It also flags April 2021, and this is partly an error of the expected value: the
# window contains the drop of the year before and expects it again. These are the lines
# of that month, by the last network, if it flags the month, and by the linear
# regression:

april = pd.Period("2021-04")
for model in (by_lstm, by_linear):
    lines = model.explain(sales)
    print(lines[lines["row"] == april].to_string(float_format="{:.2f}".format))

# %%
# Plot the outliers
# -----------------
# The expected values continue the rotation, and the fault deviates from them. The
# stronger the fault, the further the distance rises above the threshold.

figure, axes = plt.subplots(
    2, 2, figsize=(11, 5.5), sharex="col", height_ratios=[3, 2], layout="constrained"
)
around = slice(starts[1] - pd.Timedelta("20s"), starts[1] + pd.Timedelta("45s"))
AnomalyDisplay.from_estimator(detector, X[around], ax=axes[:, 0])
AnomalyDisplay.from_estimator(by_lstm, sales["2015":], ax=axes[:, 1])
axes[0, 0].set(title="A growing bearing fault", ylabel="vibration in mm/s")
axes[0, 1].set(title="Monthly retail sales", ylabel="logarithm of sales")
plt.show()
