"""
Correct a biased sample
=======================

A survey reached some people far more often than others. We know who lives in the region
and have answers from those who were reached. A simple model should be right on average
over the region, and weights turn the sample into the population.
"""

# %%
# A sample that is not the population
# -----------------------------------
# The population is the target, without labels. Labelled rows were drawn from it too,
# but the further to the left, the more likely. The true boundary of the classes is a
# curve, and the model is a straight line.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LogisticRegression

from adapt.base import SourceOnly
from adapt.instance_based import (
    KLIEP,
    KMM,
    GaussianWeighting,
    KernelDensityWeighting,
    NearestNeighborsWeighting,
)

rng = np.random.default_rng(0)


def labels(X):
    """Return the class of rows: on which side of a curve they are."""
    return (X[:, 1] > np.cos(1.5 * X[:, 0])).astype(int)


def odds_of_answering(X):
    """Return how likely rows are in the sample, up to a constant."""
    return np.exp(-1.2 * X[:, 0])


Xt = rng.normal([0.7, 0.5], 1, size=(600, 2))
people = rng.normal([0.7, 0.5], 1, size=(6000, 2))
chance = odds_of_answering(people)
Xs = people[rng.choice(6000, 500, replace=False, p=chance / chance.sum())]
ys, yt = labels(Xs), labels(Xt)

# %%
# Weights and what they change
# ----------------------------
# As sampled, the line follows the curve where the sample is, which is not where people
# are. Then rows are drawn as large as they weigh.


def draw(ax, model, weights, title):
    """Draw the weighted sample, the population, the curve and the line of the model."""
    ax.scatter(*Xt.T, s=5, c="0.8", label="population, labels unseen")
    for label, colour in enumerate(["tab:blue", "tab:orange"]):
        rows = ys == label
        ax.scatter(
            *Xs[rows].T,
            s=10 * weights[rows],
            c=colour,
            alpha=0.6,
            label=f"class {label}",
        )
    x = np.linspace(-3, 4, 200)
    ax.plot(x, np.cos(1.5 * x), "k:", label="true boundary")
    coef, intercept = model.estimator_.coef_[0], model.estimator_.intercept_[0]
    ax.plot(x, -(coef[0] * x + intercept) / coef[1], "k", label="model")
    score = model.score(Xt, yt)
    ax.set(xlim=(-3, 4), ylim=(-2.5, 3.5), title=f"{title}: accuracy {score:.3f}")


plain = SourceOnly(LogisticRegression()).fit(Xs, ys, Xt)
gaussian = GaussianWeighting(LogisticRegression()).fit(Xs, ys, Xt)
kmm = KMM(LogisticRegression(), B=10, random_state=0).fit(Xs, ys, Xt)

fig, axes = plt.subplots(1, 3, figsize=(13, 4.5), sharey=True, layout="constrained")
draw(axes[0], plain, np.ones(len(Xs)), "As sampled")
draw(axes[1], gaussian, gaussian.weights_, "GaussianWeighting")
draw(axes[2], kmm, kmm.weights_, "KMM")
axes[0].legend(loc="lower left", fontsize=8)
plt.show()

# %%
# How close the weights are to the truth
# --------------------------------------
# Here we know the chance of each row to be sampled, so that the right weights are one
# over it. `KernelDensityWeighting` and `NearestNeighborsWeighting` look at single rows,
# and vary more; those with a model of the ratio are smooth. `KMM` matches means, and
# needs few rows for that: its weights are not a function of the place.

truth = 1 / odds_of_answering(Xs)
truth /= truth.mean()
methods = {
    "GaussianWeighting": GaussianWeighting(),
    "KLIEP": KLIEP(gamma=[0.01, 0.03, 0.1, 0.3, 1.0], random_state=0),
    "KernelDensityWeighting": KernelDensityWeighting(),
    "NearestNeighborsWeighting": NearestNeighborsWeighting(),
    "KMM": KMM(B=10, random_state=0),
}
fig, axes = plt.subplots(1, 5, figsize=(13, 3.2), sharey=True, layout="constrained")
for ax, (name, method) in zip(axes, methods.items(), strict=True):
    method.set_params(estimator=LogisticRegression()).fit(Xs, ys, Xt)
    ax.plot([0, 8], [0, 8], c="0.7", lw=1)
    ax.scatter(truth, method.weights_, s=5)
    ax.set_title(f"{name}\naccuracy {method.score(Xt, yt):.3f}", fontsize=9)
    ax.set(xlabel="true weight", xlim=(0, 8), ylim=(-0.3, 11))
axes[0].set_ylabel("estimated weight")
plt.show()

# %%
# The fewer rows carry the weight, the more the result depends on each of them.
# `effective_sample_size_` tells, before any label of the target is known.

for name, method in methods.items():
    print(f"{name:26}{method.effective_sample_size_:5.0f} of {len(Xs)} rows")
