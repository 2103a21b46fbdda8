"""
Translate dates
===============

People write dates in many ways. :class:`~sklstm.LSTMTranslator` learns here to convert
them to ISO format, from examples alone. Its attention shows which characters it reads
for each character that it writes.
"""

# %%
# Pairs of a source and a target
# ------------------------------
# :func:`~sklstm.datasets.make_dates` writes random dates in twelve formats.

import matplotlib.pyplot as plt
from sklearn.model_selection import train_test_split

from sklstm import LSTMTranslator
from sklstm.datasets import make_dates

written, iso = make_dates(3000, random_state=0)
train, test, iso_train, iso_test = train_test_split(
    written, iso, test_size=500, random_state=0
)
for pair in list(zip(train, iso_train, strict=True))[:5]:
    print("{:>26} -> {}".format(*pair))

# %%
# Fit
# ---
# The sources and the targets are strings, which the model splits into characters.

model = LSTMTranslator(
    (64,), dropout=0.1, learning_rate_init=0.01, max_iter=20, random_state=0
)
model.fit(train, iso_train)
print(f"{model.score(test, iso_test):.1%} of new dates are right")
print(f"{model.error_rate(test, iso_test):.2%} of their characters are wrong")
assert model.score(test, iso_test) > 0.5

# %%
# Predict
# -------
# `predict` returns the best target of each source, and `predict_n_best` several ones
# with their log probabilities. The model was never told what a month is.

dates = ["3 March 2026", "March 3rd, 2026", "03/03/26", "Tue, Mar 3 2026"]
for date, target in zip(dates, model.predict(dates), strict=True):
    print(f"{date:>26} -> {target}")
for target, log_probability in model.predict_n_best(["30 Feb 2026"])[0]:
    print(f"{'30 Feb 2026':>26} -> {target}, log probability {log_probability:.2f}")

# %%
# Attention
# ---------
# The rows are the characters that are written, and the columns those that are read. To
# write the month, the model reads its name.

fig, axes = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
for ax, date in zip(axes, ["March 23rd, 2026", "Tuesday, 24 March 2026"], strict=True):
    (weights,), (target,) = model.attention_weights([date]), model.predict([date])
    ax.imshow(weights, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    ax.set_xticks(range(len(date)), date, family="monospace")
    ax.set_yticks(range(len(target)), target, family="monospace")
    ax.set(xlabel="Read", ylabel="Written")
plt.show()
