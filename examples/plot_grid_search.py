"""
How long should the window be?
==============================

The window size is a parameter of a pipeline step like any other, so a grid search tunes
it together with the network. Every window size is scored on the same rows: the
transformer keeps them all, and a test fold starts with its true past.
"""

# %%
# A table with one row a month
# ----------------------------
# To predict: by how many per cent the retail sales of the United States change next
# month.

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
# With ``shift=1`` the window of a month ends with the month before. Each split learns
# from the past and is scored on the two years that follow. Within its past, a network
# stops training when it no longer improves on the last months of it.

model = make_pipeline(
    SlidingWindowTransformer(shift=1),
    LSTMRegressor(max_iter=500, early_stopping=True, random_state=0),
)
grid = {
    "slidingwindowtransformer__window_size": [1, 3, 6, 12, 18],
    "lstmregressor__hidden_layer_sizes": [(8,), (32,)],
}
splits = TimeSeriesSplit(3, test_size=24)
search = GridSearchCV(model, grid, cv=splits).fit(X_train, y_train)
print("Best:", search.best_params_)

# %%
# The score by window size
# ------------------------
# The forecast to beat needs no learning: the change of the same month last year, scored
# on the same splits.

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
naive = sum(r2_score(fold, last_year[fold.index]) for fold in folds) / len(folds)
print(f"R2, mean of three splits\n{scores.round(3)}\nlast year's month: {naive:.3f}")

figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
scores.plot(ax=axes, marker="o")
axes.axhline(naive, color="0.4", linestyle=":", label="last year's month")
axes.set(xlabel="window size (months)", ylabel="R2, mean of three splits")
axes.legend(title="LSTM units")
plt.show()

# %%
# On months that the search never saw
# -----------------------------------
# The best pipeline was fitted again on all training rows.

print(f"R2, LSTM: {search.score(X_test, y_test):.2f}")
print(f"R2, last year's month: {r2_score(y_test, last_year[y_test.index]):.2f}")
