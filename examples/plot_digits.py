"""
Digits of another collection
============================

Images of handwritten digits from MNIST have labels; those of optdigits, written by
other people and scanned in another way, have none. Both have 8 x 8 pixels.
"""

# %%
# The two domains
# ---------------
# To the eye the digits are the same, but strokes differ in width and darkness.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LogisticRegression

from adapt.base import SourceOnly
from adapt.datasets import load_digits
from adapt.feature_based import (
    SA,
    DomainStandardScaler,
    JDOTClassifier,
    LinearOT,
    OTMapping,
    QuantileMatching,
)

data = load_digits(source="mnist", target="optdigits")
is_source = data.sample_domain >= 0
X, y = data.X / 16, data.y
Xs, ys, Xt, yt = X[is_source], y[is_source], X[~is_source], y[~is_source]

first = [np.flatnonzero(ys == k)[0] for k in range(10)]
others = [np.flatnonzero(yt == k)[0] for k in range(10)]


def show(rows_of_images):
    """Draw rows of ten images, each row with its name."""
    _, axes = plt.subplots(
        len(rows_of_images), 10, figsize=(10, 1.2 * len(rows_of_images))
    )
    for row, (name, images) in zip(axes, rows_of_images.items(), strict=True):
        for ax, image in zip(row, images, strict=True):
            ax.imshow(image.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
            ax.set_xticks([])
            ax.set_yticks([])
        row[0].set_ylabel(name, rotation=0, ha="right", va="center")
    plt.show()


show({"MNIST": Xs[first], "optdigits": Xt[others]})

# %%
# Accuracy on optdigits
# ---------------------
# Every method is fitted with the labels of MNIST and the images of optdigits. The last
# bar is a model that was trained on half of optdigits, with its labels, and scored on
# the other half.

logistic = LogisticRegression(max_iter=2000)
methods = {
    "source only": SourceOnly(logistic),
    "DomainStandardScaler": DomainStandardScaler(logistic),
    "LinearOT": LinearOT(logistic, lambda_=0.01),
    "SA": SA(logistic),
    "QuantileMatching": QuantileMatching(logistic),
    "OTMapping, sinkhorn": OTMapping(logistic, method="sinkhorn", reg=0.3),
    "JDOTClassifier": JDOTClassifier(logistic),
}
models = {name: each.fit(Xs, ys, Xt=Xt) for name, each in methods.items()}
scores = {name: model.score(Xt, yt) for name, model in models.items()}
scores["trained on the target"] = logistic.fit(Xt[::2], yt[::2]).score(
    Xt[1::2], yt[1::2]
)

fig, ax = plt.subplots(figsize=(8, 3.5), layout="constrained")
bars = ax.barh(list(scores), list(scores.values()), color="tab:blue")
bars[0].set_color("grey")
bars[-1].set_color("lightgrey")
ax.bar_label(bars, fmt="%.2f", padding=3)
ax.set_xlim(0, 1.08)
ax.invert_yaxis()
ax.set_xlabel("accuracy on optdigits")
plt.show()

# %%
# Offsets and scales of the pixels are a small part of what differs. Joint transport,
# which moves a digit to images near it that the model reads alike, helps most, and is
# about half of the way to a model of the target.

# %%
# What transport makes of MNIST
# -----------------------------
# Each digit moves to the mean of the images to which the plan brings it. In the exact
# plan these are one or two, at times of another digit; with much entropy they are many,
# and their mean is a blur that keeps what the images have in common.

exact = OTMapping().fit(Xs, Xt=Xt)
show(
    {
        "MNIST": Xs[first],
        "exact": exact.transform(Xs[first], sample_domain=0),
        "entropic": models["OTMapping, sinkhorn"].transform(Xs[first], sample_domain=0),
    }
)
