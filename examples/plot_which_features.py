"""
Which network for a new head?
=============================

Seven small networks were trained on digits: on parts of the classes, on images that
were turned or shuffled, or on random labels. For a new task with fifty labels, the
hidden layer of one of them is to feed a new head. Scores of transferability guess
which, without fitting a head. Some guess well.
"""

# %%
# Seven networks
# --------------

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from adapt.datasets import load_digits
from adapt.model_selection import rank_sources

digits = load_digits()
X, y = digits.X / 16, digits.y
source, target = digits.sample_domain >= 0, digits.sample_domain < 0
Xs, ys = X[source][:1000], y[source][:1000]
rng = np.random.default_rng(0)
turned = np.rot90(Xs.reshape(-1, 8, 8), 1, (1, 2)).reshape(-1, 64)
tables = {
    "all digits": (Xs, ys),
    "0 to 4": (Xs[ys < 5], ys[ys < 5]),
    "even or odd": (Xs, ys % 2),
    "60 images": (Xs[:60], ys[:60]),
    "turned": (turned, ys),
    "shuffled pixels": (Xs[:, rng.permutation(64)], ys),
    "random labels": (Xs, rng.permutation(ys)),
}
networks = {
    name: MLPClassifier((48,), max_iter=40, tol=1e-3, random_state=0).fit(*table)
    for name, table in tables.items()
}

# %%
# A new task
# ----------
# Digits of another collection, of which fifty are labelled. As features,
# `rank_sources` takes the last hidden layer of these networks, and of Keras models the
# last layer but one.

Xt, yt = X[target], y[target]
few, rest = slice(0, 50), slice(50, 1500)
scores = ["leep", "log_evidence", "h_score", "transrate"]
ranking = rank_sources(networks, Xt[few], yt[few], used_as="features", scores=scores)
print(ranking.round(3))

# %%
# What the heads can do
# ---------------------
# Each head is fitted on the fifty digits, and judged on others. LEEP finds the best
# network. LogME (`log_evidence`) and the H-score overrate the one that tells even
# digits from odd ones, and TransRate prefers random labels. One task proves nothing:
# the guide has the same on more of them.


def hidden(network, X):
    """Return the last hidden layer."""
    return np.maximum(X @ network.coefs_[0] + network.intercepts_[0], 0)


truth = {}
for name, network in networks.items():
    head = make_pipeline(StandardScaler(), LogisticRegression(C=0.3, max_iter=300))
    head.fit(hidden(network, Xt[few]), yt[few])
    truth[name] = head.score(hidden(network, Xt[rest]), yt[rest])

_, axes = plt.subplots(1, 4, figsize=(12, 3.4), sharey=True, layout="constrained")
for ax, score in zip(axes, scores, strict=True):
    ax.scatter(ranking[score], [truth[name] for name in ranking.index])
    for name, value in ranking[score].items():
        ax.annotate(
            name,
            (value, truth[name]),
            fontsize=7,
            xytext=(3, 3),
            textcoords="offset points",
        )
    ax.set_xlabel(score.replace("_", " "))
    ax.margins(x=0.25)
axes[0].set_ylabel("accuracy of the head")
plt.show()
