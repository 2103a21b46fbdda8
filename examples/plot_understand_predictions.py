"""
Why does the model predict this?
================================

The data of this example are made up, so that we know what a model should use: of three
sensors, the target depends on the flow three hours ago and on the load seven hours ago.
We fit a network to windows of all sensors, and ask it what it has learned, with the
functions of :mod:`sklstm.inspection`.
"""

# %%
# A target with two causes
# ------------------------
# A linear regression on the same windows can learn this target perfectly. It is the
# best possible model here. The network has to find out which hours matter.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline

from sklstm import (
    AttributionDisplay,
    GateDisplay,
    LSTMRegressor,
    SlidingWindowTransformer,
)
from sklstm.inspection import (
    gate_traces,
    integrated_gradients,
    memory_horizon,
    sequence_permutation_importance,
)

CAUSES = {(3, "flow"), (7, "load")}
random = np.random.default_rng(0)
hours = pd.date_range("2024-01-01", periods=2400, freq="h")
X = pd.DataFrame(random.normal(size=(2400, 3)), hours, ["flow", "load", "wind"])
y = (X["flow"].shift(3) - X["load"].shift(7)).fillna(0)
train, test = slice(None, 2000), slice(2000, None)

network = LSTMRegressor(
    hidden_layer_sizes=(16,),
    conv_filters=(),
    bidirectional=False,
    pooling="last",
    batch_size=50,
    learning_rate="cosine",
    learning_rate_init=0.03,
    max_iter=40,
    random_state=0,
)
model = make_pipeline(SlidingWindowTransformer(10), network).fit(X[train], y[train])
linear = make_pipeline(SlidingWindowTransformer(10, flatten=True), LinearRegression())
linear.fit(X[train], y[train])
print(f"R2 of the network: {model.score(X[test], y[test]):.3f}")
print(f"R2 of the linear regression: {linear.score(X[test], y[test]):.3f}")

# %%
# Which values does the score depend on?
# --------------------------------------
# We exchange each value of the windows with that of another window, for one sensor and
# one hour at a time. R2 decreases a lot for two of the thirty values, the two causes.

importance = sequence_permutation_importance(
    model, X[test], y[test], by="cell", random_state=0
)
cells = pd.DataFrame(
    importance.importances_mean, importance.lags, importance.feature_names
)
assert set(cells.stack().nlargest(2).index) == CAUSES
print(cells.round(2))

# %%
# Why this prediction?
# --------------------
# Integrated gradients split a single prediction into a part for each value. The parts
# add up to the difference from the prediction for a window of average values.

reasons = integrated_gradients(model, X[test])
attributions = np.abs(reasons.attributions).mean(axis=0)
attributions = pd.DataFrame(attributions, reasons.lags[:, 0], reasons.feature_names)
assert set(attributions.stack().nlargest(2).index) == CAUSES

row = int(np.argmax(reasons.outputs))
parts = reasons.attributions[row]
difference = reasons.outputs[row] - reasons.baseline_outputs[row]
assert np.isclose(parts.sum(), difference, rtol=1e-3)
print(f"prediction {reasons.outputs[row]:.2f}, actual value {y[test].iloc[row]:.2f}")
print(f"sum of all parts {parts.sum():.2f}")

# %%
# A picture shows the parts of the largest prediction. The flow was high three hours
# ago, and the load was low seven hours ago.

display = AttributionDisplay.from_estimator(model, X[test], window=row)
assert np.allclose(display.attributions, parts)
plt.show()

# %%
# How far back?
# -------------
# The gradient of the predictions has its largest shares at lags 3 and 7.

# sphinx_gallery_thumbnail_number = 2
memory = memory_horizon(model, X[test], share=0.8)
assert set(np.argsort(memory.shares)[-2:]) == {3, 7}
print(f"80 % of the gradient is within {memory.horizon} hours")

figure, axes = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
image = axes[0].imshow(cells.T, aspect="auto", cmap="cividis")
figure.colorbar(image, ax=axes[0])
axes[0].set(title="Decrease of R2", xlabel="lag in hours")
axes[0].set_xticks(range(len(cells)), cells.index)
axes[0].set_yticks(range(cells.shape[1]), cells.columns)
axes[1].bar(memory.lags, memory.shares)
axes[1].invert_xaxis()
axes[1].set(title="Share of the gradient", xlabel="lag in hours", xticks=memory.lags)
plt.show()

# %%
# What do the gates do?
# ---------------------
# To keep the load for seven hours, some units need forget gates close to 1, which are
# yellow. Blue gates are closed: the unit forgets, stores nothing or shows nothing. The
# page :doc:`/lstm_explained` has the equations.

forget = gate_traces(model, X[test][:50])["forget"].groupby("unit").mean()
assert forget.max() > 0.8
print(f"mean forget gates: {forget.min():.2f} to {forget.max():.2f}")
GateDisplay.from_estimator(model, X[test], window=row)
plt.show()

# %%
# All methods agree: the network uses the flow three hours ago, the load seven hours
# ago, and hardly anything else. On real data there is no such key to compare with. If
# attributions point at values that cannot matter, look for a leak or for too few data.
