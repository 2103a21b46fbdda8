"""
How long should the window be?
==============================

The window size is a parameter of a pipeline step, so a grid search can tune it together
with the network. All window sizes are scored on the same rows, because the transformer
keeps every row. The first windows of a test fold hold the rows that precede the fold.
"""

# %%
# A table with one row per month
# ------------------------------
# The target is the percentage by which the retail sales of the United States change in
# the next month.

import matplotlib.pyplot as plt
import pandas as pd
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline

from sklstm import LSTMRegressor, SlidingWindowTransformer
from sklstm.datasets import load_retail_sales

y = 100 * load_retail_sales()["1999-12":"2019"].pct_change().dropna()
X = y.to_frame()
X_train, y_train = X[:"2016"], y[:"2016"]
X_test, y_test = X["2017":], y["2017":]
X_train.tail(3)

# %%
# The search
# ----------
# With ``shift=1``, the window of a month ends with the month before. Each split trains
# on the past and is scored on the two years that follow. The networks are small, so
# that the search takes seconds.

network = LSTMRegressor(
    conv_filters=(),
    bidirectional=False,
    pooling="last",
    batch_size=20,
    learning_rate="cosine",
    learning_rate_init=0.02,
    max_iter=25,
    random_state=0,
)
model = make_pipeline(SlidingWindowTransformer(shift=1), network)
grid = {
    "slidingwindowtransformer__window_size": [1, 3, 6, 12, 18],
    "lstmregressor__hidden_layer_sizes": [(4,), (8,)],
}
splits = TimeSeriesSplit(3, test_size=24)
search = GridSearchCV(model, grid, cv=splits).fit(X_train, y_train)
print("Best:", search.best_params_)

# %%
# The score by window size
# ------------------------
# The baseline needs no training. It is the change in the same month of the year before,
# scored on the same splits.

scores = pd.DataFrame(
    {
        "window_size": candidate["slidingwindowtransformer__window_size"],
        "units": candidate["lstmregressor__hidden_layer_sizes"][0],
        "R2": score,
    }
    for candidate, score in zip(
        search.cv_results_["params"],
        search.cv_results_["mean_test_score"],
        strict=True,
    )
).pivot(index="window_size", columns="units", values="R2")

last_year = y.shift(12)
folds = [y_train.iloc[test] for _, test in splits.split(X_train)]
baseline = sum(r2_score(fold, last_year[fold.index]) for fold in folds) / len(folds)
print(f"R2, mean of three splits\n{scores.round(3)}\nlast year's month: {baseline:.3f}")

figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
scores.plot(ax=axes, marker="o")
axes.axhline(baseline, color="0.4", linestyle=":", label="last year's month")
axes.set(xlabel="window size (months)", ylabel="R2, mean of three splits")
axes.legend(title="LSTM units")
plt.show()

# %%
# A window of one month cannot show the season. Windows of six months and more are much
# better. Among these, the differences are small, and another seed may change their
# order.

assert scores.loc[6:].min(axis=None) > scores.loc[1].max()

# %%
# The score on the test months
# ----------------------------
# The search has not used these months. It has fitted the best pipeline again on all
# training rows.

print(f"R2, LSTM: {search.score(X_test, y_test):.2f}")
print(f"R2, last year's month: {r2_score(y_test, last_year[y_test.index]):.2f}")

# %%
# Last year's month is hard to beat here, because the season is most of what can be
# known. A search finds the best window for a network. It does not show that a network
# is needed.
