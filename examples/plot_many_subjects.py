"""
Ten subjects with few labels each
=================================

Ten people wore a watch and did seven exercises. Each labels a few of his own windows.
One model of all ignores how people differ, one model each has too few rows. `PooledLDA`
takes what lies between.
"""

# %%
# Features of windows, and a few labels of each subject
# -----------------------------------------------------
# Means, spreads and changes of six channels, in units that are the same for all.

import matplotlib.pyplot as plt
import numpy as np

from adapt.datasets import load_watch
from adapt.multi_domain import PooledLDA

watch = load_watch()
S, y, subject = watch.X, watch.y, watch.groups
X = np.hstack([S.mean(axis=1), S.std(axis=1), np.abs(np.diff(S, axis=1)).mean(axis=1)])
X = (X - X.mean(axis=0)) / X.std(axis=0)


def accuracy(pooling, n_labels, seed):
    """Return the mean accuracy over subjects who label some windows each."""
    rng = np.random.default_rng(seed)
    train = np.zeros(len(y), dtype=bool)
    for name in np.unique(subject):
        train[rng.permutation(np.flatnonzero(subject == name))[:n_labels]] = True
    model = PooledLDA(pooling=pooling)
    model.fit(X[train], y[train], sample_domain=subject[train])
    right = model.predict(X[~train], sample_domain=subject[~train]) == y[~train]
    return np.mean([right[subject[~train] == k].mean() for k in np.unique(subject)])


# %%
# Between is best everywhere
# --------------------------
# With few labels own means are noise, with many they are better than shared ones. The
# variances, which come from the same rows, say where in between to be.

sizes = [7, 10, 15, 20, 30, 50]
names = {"full": "one model of all", "none": "own means", "auto": "between"}
_, ax = plt.subplots(layout="constrained")
for pooling, name in names.items():
    means = [np.mean([accuracy(pooling, n, seed) for seed in range(3)]) for n in sizes]
    ax.plot(sizes, means, "o-", label=name)
ax.set(xlabel="labelled windows of each subject", ylabel="accuracy on the others")
ax.legend()
plt.show()
