"""
Read a row of digits
====================

Handwriting and speech come with the labels of a whole line or sentence. Where each
label starts and ends is not known. :class:`~sklstm.LSTMTranscriber` learns from such
pairs. Here, it reads strings of handwritten digits column by column, and finds out by
itself where the digits are.
"""

# %%
# Strings of digits
# -----------------
# The digits of scikit-learn are images of 8 x 8 pixels. Three to six of them are put
# side by side, with gaps of different width and sometimes a small overlap. A sequence
# holds the columns from left to right; each column has eight pixels. The test strings
# consist of other images.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sklstm import LSTMTranscriber


def write(images, digits, n_strings, random_state):
    """Return strings of digits as columns of pixels, and the digits of each string."""
    generator = np.random.default_rng(random_state)
    X, y = [], []
    for _ in range(n_strings):
        chosen = generator.integers(len(images), size=generator.integers(3, 7))
        columns = np.zeros((1, 8))
        for image in images[chosen]:
            gap = generator.integers(-1, 4)
            columns = np.pad(columns, ((0, 8 + gap), (0, 0)))
            columns[-8:] += image.T
        X.append(columns)
        y.append("".join(digits[chosen].astype(str)))
    return X, y


data = load_digits()
images, images_test, digits, digits_test = train_test_split(
    data.images, data.target, test_size=0.3, random_state=0
)
X, y = write(images, digits, 1000, random_state=0)
X_test, y_test = write(images_test, digits_test, 300, random_state=1)
print(f"{len(X)} strings, such as {y[0]} in {len(X[0])} columns")

# %%
# Fit
# ---
# A label is a character of a string in y. All images have the same brightness, so each
# pixel is scaled over all columns, not image by image.

model = LSTMTranscriber(
    (48,),
    learning_rate="cosine",
    max_iter=30,
    standardize="features",
    random_state=0,
)
model.fit(X, y)
print(f"{model.score(X_test, y_test):.0%} of the strings are read without an error")
print(f"{model.error_rate(X_test, y_test):.1%} of the digits are wrong")

# %%
# A simple model to compare with
# ------------------------------
# A linear classifier of single images makes more errors, even though it gets the true
# position of each digit, which the transcriber does not know.

from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

classifier = make_pipeline(StandardScaler(), LogisticRegression())
classifier.fit(images.reshape(-1, 64), digits)
error = 1 - classifier.score(images_test.reshape(-1, 64), digits_test)
print(f"{error:.1%} of the separate digits are wrong with a logistic regression")
assert model.error_rate(X_test, y_test) < error

# %%
# What else it could be
# ---------------------
# The log probabilities show how certain a result is.

for labels, log_probability in model.predict_n_best(X_test[:1], n=3)[0]:
    print(f"{labels}: {np.exp(log_probability):.3f}")

# %%
# Where the digits are
# --------------------
# The spans are the columns at which the network reads each digit. It mostly decides in
# one or two columns, as soon as it is certain.

fig, axes = plt.subplots(4, figsize=(8, 6), layout="constrained")
for ax, columns, spans in zip(axes, X_test, model.align(X_test[:4]), strict=False):
    ax.imshow(columns.T, cmap="gray_r")
    for label, start, end in spans:
        ax.axvspan(start - 0.5, end - 0.5, color="tab:orange", alpha=0.4)
        ax.text((start + end - 1) / 2, -1, label, ha="center", color="tab:orange")
    ax.set_axis_off()
plt.show()
