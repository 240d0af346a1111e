"""
Which network for a new head?
=============================

Which of several trained networks has the best features for a new task with fifty
labels? Seven small networks were trained on digits: on some of the classes, on images
that were turned or shuffled, or on random labels. Transferability scores rank them
without training a head. Some rank well.
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
# Accuracy of the heads
# ---------------------
# Each head is fitted on the fifty digits, and scored on others. LEEP finds the best
# network. LogME (`log_evidence`) and the H-score overrate the network of even and odd
# digits, and TransRate prefers random labels. One task proves little: the guide has
# more. "Pixels" is a head that is trained on the fifty digits without any network.


def hidden(network, X):
    """Return the last hidden layer."""
    return np.maximum(X @ network.coefs_[0] + network.intercepts_[0], 0)


truth = {}
for name, network in networks.items():
    head = make_pipeline(StandardScaler(), LogisticRegression(C=0.3, max_iter=300))
    head.fit(hidden(network, Xt[few]), yt[few])
    truth[name] = head.score(hidden(network, Xt[rest]), yt[rest])
    print(f"{name:16s} {truth[name]:.3f}")
pixels = LogisticRegression(C=0.3, max_iter=300).fit(Xt[few], yt[few])
print(f"{'pixels':16s} {pixels.score(Xt[rest], yt[rest]):.3f}")

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
