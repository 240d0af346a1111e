"""
Several sources and one target
==============================

How do I use several labelled sources, if each differs from the target in its own way?
Three hospitals have labelled patients, and a fourth has none. `sample_domain` tells the
sources apart, and the methods that use it are compared with a model of all source rows.
"""

# %%
# One table with a column for the domain
# --------------------------------------
# Sources have the numbers 0, 1 and 2, and the target has -1. Missing values are imputed
# by their median.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.preprocessing import StandardScaler

from adapt.base import SourceOnly
from adapt.datasets import load_heart
from adapt.feature_based import DomainStandardScaler, LinearOT
from adapt.model_selection import LeaveOneDomainOut
from adapt.multi_domain import PooledLDA

names = ("Hungary", "Switzerland", "VA Long Beach")
data = load_heart(source=names, target="Cleveland")
domain, y = data.sample_domain, data.y
X = np.where(np.isnan(data.X), np.nanmedian(data.X, axis=0), data.X)
X = StandardScaler().fit_transform(X)
target = domain < 0
for number, name in data.domain_names.items():
    rows = domain == number
    print(
        f"{number:2d} {name:13s} {rows.sum()} rows, {y[rows].mean():.0%} with disease"
    )

# %%
# How much do the sources differ from each other?
# -----------------------------------------------
# Each source is held out once. This is the best estimate of the accuracy on an
# unlabelled domain that the sources alone can give.

logistic = LogisticRegression(max_iter=1000)
sources = ~target
for train, test in LeaveOneDomainOut().split(
    X[sources], y[sources], sample_domain=domain[sources]
):
    held_out = data.domain_names[int(domain[sources][test][0])]
    model = logistic.fit(X[sources][train], y[sources][train])
    print(f"{held_out:13s} {model.score(X[sources][test], y[sources][test]):.2f}")

# %%
# The methods
# -----------
# `LinearOT` maps the sources to a common distribution, and this to the target.
# `DomainStandardScaler` standardises each domain separately. `PooledLDA` shrinks the
# class means of each source towards those of all. "Target-trained" is a
# cross-validation with target labels.

scores = {}
for name in names:
    number = next(k for k, v in data.domain_names.items() if v == name)
    alone = logistic.fit(X[domain == number], y[domain == number])
    scores[f"{name} alone"] = alone.score(X[target], y[target])
for name, model in {
    "source only (all)": SourceOnly(logistic),
    "LinearOT": LinearOT(logistic),
    "DomainStandardScaler": DomainStandardScaler(logistic),
}.items():
    model.fit(X, y, sample_domain=domain)
    scores[name] = model.score(X[target], y[target])
pooled = PooledLDA().fit(X[sources], y[sources], sample_domain=domain[sources])
scores["PooledLDA"] = pooled.score(X[target], y[target])
scores["target-trained"] = cross_val_score(logistic, X[target], y[target], cv=5).mean()
for name, score in scores.items():
    print(f"{name:20s} {score:.2f}")

# %%
# A model of all three sources has an accuracy of 0.79 on the target, as high as with
# target labels, and higher than the best single source with 0.76. Here maps of features
# do harm: the class frequencies differ between the hospitals, and a map that aligns the
# features removes this difference.

_, ax = plt.subplots(figsize=(7, 3.4), layout="constrained")
colours = ["0.75"] * 3 + ["0.4"] + ["tab:blue"] * 3 + ["tab:green"]
ax.barh(list(scores), list(scores.values()), color=colours)
ax.invert_yaxis()
ax.set(xlim=(0, 1), xlabel="accuracy on Cleveland", title="Three sources, one target")
plt.show()
