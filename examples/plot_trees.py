"""
Trees that move to the target
=============================

How do I adapt a random forest with 16 labelled target rows? The target is the source,
turned by 60 degrees. There are three ways: new labels of the leaves, new leaves and
branches (SER), or new thresholds (STRUT). A forest of the source, and one that is
trained on the target labels alone, are the baselines.
"""

# %%
# Two moons, turned by 60 degrees
# -------------------------------

import matplotlib.pyplot as plt
import numpy as np
from sklearn.ensemble import RandomForestClassifier

from adapt.datasets import make_moons_da
from adapt.parameter_based import TransferForestClassifier

Xs, ys, Xt, yt = make_moons_da(n_samples=400, angle=60, noise=0.15, random_state=0)
few, rest = slice(16), slice(16, None)
forest = RandomForestClassifier(50, random_state=0).fit(Xs, ys)

models = {"source only": forest}
for algo in "relabel", "ser", "strut":
    model = TransferForestClassifier(forest, algo=algo, random_state=0)
    models[f"TransferForest, {algo}"] = model.fit(Xt[few], yt[few])
models["target-trained"] = RandomForestClassifier(50, random_state=0).fit(
    Xt[few], yt[few]
)

# %%
# The given forest is not changed. Dots are target rows; large dots have a label.

for name, model in models.items():
    print(f"{name:24s} {model.score(Xt[rest], yt[rest]):.2f}")

fig, axes = plt.subplots(1, 5, figsize=(13, 3), sharey=True, layout="constrained")
grid = np.stack(np.meshgrid(np.linspace(-2, 3, 150), np.linspace(-2, 3, 150)), axis=-1)
for ax, (name, model) in zip(axes, models.items(), strict=True):
    p = model.predict_proba(grid.reshape(-1, 2))[:, 1].reshape(150, 150)
    ax.contourf(grid[..., 0], grid[..., 1], p, levels=10, cmap="coolwarm", alpha=0.5)
    ax.scatter(*Xt[rest].T, c=yt[rest], s=3, cmap="coolwarm")
    ax.scatter(*Xt[few].T, c=yt[few], s=35, cmap="coolwarm", edgecolors="k")
    ax.set_title(f"{name}\naccuracy {model.score(Xt[rest], yt[rest]):.2f}", fontsize=10)
    ax.set_aspect("equal")
plt.show()

# %%
# The forest of the source is right on 0.57 of the target rows, and a forest of the
# labels alone on 0.85. New leaves and branches (SER) do better than both, with 0.90.
# New labels of the leaves are not enough for a turn (0.79).
