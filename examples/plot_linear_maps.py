"""
Maps that align two domains
===========================

The same two classes, measured with another instrument: offset, unit and correlation of
the columns changed. We look at what each feature-based method makes of the source, and
at what a classifier fitted on it is worth on the target.
"""

# %%
# Two domains
# -----------
# The target is the source under a linear map that no method is told.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LogisticRegression

from adapt.base import SourceOnly
from adapt.feature_based import CORAL, SA, DomainStandardScaler, LinearOT

rng = np.random.default_rng(0)


def draw(n):
    """Return rows of two classes and their labels."""
    y = np.arange(n) % 2
    return rng.normal(size=(n, 2)) * [1.0, 0.4] + np.c_[2 * y, y], y


Xs, ys = draw(300)
Xt, yt = draw(300)
Xt = Xt @ [[0.6, -0.6], [0.5, 1.4]] + [3.0, -1.0]

# %%
# Each method, fitted without target labels
# -----------------------------------------

methods = [
    SourceOnly(),
    DomainStandardScaler(),
    SA(),
    CORAL(match_mean=True),
    LinearOT(),
]
models = [
    method.set_params(estimator=LogisticRegression()).fit(Xs, ys, Xt)
    for method in methods
]

fig, axes = plt.subplots(1, 5, figsize=(15, 3.4), layout="constrained")
for ax, model in zip(axes, models, strict=True):
    name = type(model).__name__
    source, target = Xs, Xt
    if hasattr(model, "transform"):
        source = model.transform(Xs, sample_domain=0)
        target = model.transform(Xt)
    domains = (source, ys, "o", "source"), (target, yt, "x", "target")
    for X, y, marker, label in domains:
        for k, colour in enumerate(["tab:blue", "tab:orange"]):
            rows = X[y == k].T
            ax.scatter(*rows, s=12, c=colour, marker=marker, alpha=0.6, label=label)
    ax.set_title(f"{name}\ntarget accuracy {model.score(Xt, yt):.2f}", fontsize=10)
handles, labels = axes[0].get_legend_handles_labels()
axes[0].legend(handles[::2], labels[::2], fontsize=8)
plt.show()

# %%
# Here the columns are correlated in another way, so scaling them one by one is not
# enough: the methods that align covariances do best. None finds the map itself, for
# infinitely many maps align two covariances; `LinearOT` takes the one that moves rows
# least. All rely on the classes being as frequent in both domains.
