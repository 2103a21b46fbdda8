"""
Split a series without learning from the future
===============================================

A score is only honest if the model has not seen the future. This page draws which rows
are for training and which rows the windows hold, for splits in time order and for
others, and shows what a wrong split does to the scores.
"""

# %%
# Windows and splits in time order
# --------------------------------
# :class:`~sklstm.SlidingWindowTransformer` turns each row into the window of rows
# before it. :class:`~sklstm.WindowDisplay` draws what it does in each split of a
# cross-validation. Below the bar of the rows are the windows of the first and of the
# last training row, and of the first test row. A diamond marks the row to predict.
#
# The window of the first row is padding, because no row precedes it. The window of the
# first test row holds the last training rows: they are known when this row is
# predicted.

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from sklearn.dummy import DummyRegressor
from sklearn.model_selection import KFold, TimeSeriesSplit, cross_val_score
from sklearn.pipeline import make_pipeline

from sklstm import LSTMRegressor, SlidingWindowTransformer, WindowDisplay

days = pd.date_range("2024-01-01", periods=40, name="day")
short = pd.DataFrame({"sales": np.arange(40.0)}, days)
windows = SlidingWindowTransformer(window_size=6, shift=1)
WindowDisplay.from_estimator(windows, short, cv=TimeSeriesSplit(3))
plt.show()

# %%
# A gap between training and test
# -------------------------------
# If values arrive three days late, the last three days before a test row are not known.
# With a gap, they are in no split, and the transformer pads them.

WindowDisplay.from_estimator(windows, short, cv=TimeSeriesSplit(3, gap=3))
plt.show()

# %%
# Splits that learn from the future
# ---------------------------------
# ``KFold`` trains on rows before and after the test rows. In the second and in the
# third split, the window of the first training row after the test rows spans them.

WindowDisplay.from_estimator(windows, short, cv=KFold(4))
plt.show()

# %%
# What it does to the scores
# --------------------------
# The series is a random walk, whose next steps nobody can predict from the date. Yet a
# network that only knows the number of the day seems to predict it well, if the splits
# let it learn from the days after the test days. The baseline is the mean of the
# training rows.

random = np.random.default_rng(0)
days = pd.date_range("2023-01-01", periods=300, name="day")
X = pd.DataFrame({"day": np.arange(300.0)}, days)
y = pd.Series(random.normal(size=300).cumsum(), days)

network = LSTMRegressor(
    (20,),
    conv_filters=(),
    bidirectional=False,
    pooling="last",
    batch_size=50,
    learning_rate="cosine",
    learning_rate_init=0.02,
    max_iter=60,
    random_state=0,
)
model = make_pipeline(SlidingWindowTransformer(2), network)
settings = {"scoring": "neg_mean_absolute_error"}
errors = {}
for name, cv in {"KFold": KFold(8), "TimeSeriesSplit": TimeSeriesSplit(5)}.items():
    errors[name] = -cross_val_score(model, X, y, cv=cv, **settings).mean()
    baseline = -cross_val_score(DummyRegressor(), X, y, cv=cv, **settings).mean()
    print(f"{name}: mean error {errors[name]:.1f}, of the training mean {baseline:.1f}")
assert errors["KFold"] < errors["TimeSeriesSplit"]

# %%
# With ``KFold``, the windows and the targets of the days around a test day give its
# value away. When the model is used, these days are still to come. The error in time
# order is the one to expect.
