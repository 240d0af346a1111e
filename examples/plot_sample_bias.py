"""
Correct a biased sample
=======================

How do I correct a biased sample with importance weights, such as those of KMM? A survey
reached some people far more often than others. We know the features of all people in
the region, and have labels from those who were reached. Weights make the sample
resemble the population.
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
# Without weights, the line follows the curve where the sample is, and not where the
# population is. The size of a dot is its weight.


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
trained = LogisticRegression().fit(people, labels(people)).score(Xt, yt)
gaussian = GaussianWeighting(LogisticRegression()).fit(Xs, ys, Xt)
kmm = KMM(LogisticRegression(), B=10, random_state=0).fit(Xs, ys, Xt)

fig, axes = plt.subplots(1, 3, figsize=(13, 4.5), sharey=True, layout="constrained")
draw(axes[0], plain, np.ones(len(Xs)), "As sampled")
draw(axes[1], gaussian, gaussian.weights_, "GaussianWeighting")
draw(axes[2], kmm, kmm.weights_, "KMM")
axes[-1].legend(loc="upper left", bbox_to_anchor=(1.01, 1), fontsize=8)
plt.show()
print(f"source only {plain.score(Xt, yt):.2f}, KMM {kmm.score(Xt, yt):.2f}")
print(f"trained on labels of the population {trained:.2f}")

# %%
# The weights raise the accuracy from 0.69 to 0.82. A straight line that is trained on
# labels of the population has 0.84.

# %%
# How close the weights are to the truth
# --------------------------------------
# The probability of each row to be sampled is known here, so that the true weight is
# its inverse. `KernelDensityWeighting` and `NearestNeighborsWeighting` are local, and
# have a larger variance; methods with a model of the ratio are smooth. `KMM` only
# matches means, so its weights are not a smooth function of the features.

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
# If few rows have most of the weight, the result depends on each of them. The
# `effective_sample_size_` shows this without target labels.

for name, method in methods.items():
    print(f"{name:26}{method.effective_sample_size_:5.0f} of {len(Xs)} rows")
