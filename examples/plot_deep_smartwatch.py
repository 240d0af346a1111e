"""
Networks on a smartwatch of the other arm
=========================================

Why does a network that was trained on series of the left arm fail on the right arm, and
which deep method helps? A smartwatch recorded shoulder exercises on the left arm, with
labels, and on the right arm, without.
"""

# %%
# What a mirror does to series
# ----------------------------
# A window lasts four seconds; every fourth of its 200 steps is enough here. The right
# arm does the same exercise, mirrored: one axis of the accelerometer and two of the
# gyroscope change their sign. In the plane of two axes the exercises keep their shape,
# and lie on the other side.

import matplotlib.pyplot as plt
import numpy as np

from adapt.datasets import load_watch
from adapt.feature_based import JAN, CoDATS, DeepSource

data = load_watch(source="left", target="right")
X = data.X[:, ::4]
is_source = data.sample_domain >= 0
Xs, ys = X[is_source], data.y[is_source]
Xt, yt = X[~is_source], data.y[~is_source]

fig, axes = plt.subplots(1, 3, figsize=(11, 3.6), sharey=True, layout="constrained")
for ax, exercise in zip(axes, (1, 2, 6), strict=True):
    for rows, label, colour in (
        (Xs[ys == exercise], "left", "tab:blue"),
        (Xt[yt == exercise], "right", "tab:orange"),
    ):
        points = rows[::8, :, [0, 2]].reshape(-1, 2)
        ax.scatter(*points.T, s=5, c=colour, alpha=0.3, label=label)
    ax.axvline(0, c="grey", lw=0.5)
    ax.set_title(f"exercise {data.target_names[exercise]}", fontsize=10)
    ax.set_xlabel("acceleration along x (g)")
axes[0].set_ylabel("acceleration along z (g)")
axes[0].legend(fontsize=8)
plt.show()

# %%
# Accuracy on the right arm
# -------------------------
# `DeepSource` is the baseline, with the default network for series. "Standardised by
# domain" gives each channel a mean of 0 and a variance of 1 on either arm. `CoDATS`
# trains against a discriminator of the arms, `JAN` compares the joint distributions of
# features and predictions. "Three signs turned" uses knowledge of the anatomy. The last
# bar is trained on the right arm of half of the people, and scored on the others.

mirror = np.array([-1, 1, 1, 1, -1, -1], dtype=X.dtype)


def standardised(X):
    """Return series whose channels have a mean of 0 and a variance of 1."""
    return (X - X.mean(axis=(0, 1))) / X.std(axis=(0, 1))


common = {"epochs": 20, "random_state": 0}
tasks = {
    "source only": (DeepSource(**common), Xs, Xt),
    "standardised by domain": (
        DeepSource(**common),
        standardised(Xs),
        standardised(Xt),
    ),
    "CoDATS": (CoDATS(**common), Xs, Xt),
    "JAN": (JAN(**common), Xs, Xt),
    "three signs turned": (DeepSource(**common), Xs, Xt * mirror),
}
models = {name: m.fit(A, ys, Xt=B) for name, (m, A, B) in tasks.items()}
scores = {name: models[name].score(tasks[name][2], yt) for name in tasks}
known = np.isin(data.groups[~is_source], np.unique(data.groups)[::2])
trained = DeepSource(**common).fit(Xt[known], yt[known], Xt=Xt)
scores["target-trained"] = trained.score(Xt[~known], yt[~known])
for name, score in scores.items():
    print(f"{name:24s} {score:.2f}")

fig, ax = plt.subplots(figsize=(8, 3), layout="constrained")
colours = ["grey", "tab:blue", "tab:blue", "tab:blue", "tab:green", "lightgrey"]
ax.bar_label(
    ax.barh(list(scores), list(scores.values()), color=colours), fmt="%.2f", padding=3
)
ax.axvline(np.bincount(yt).max() / len(yt), c="k", ls=":", lw=1)
ax.invert_yaxis()
ax.set_xlim(0, 1)
ax.set_xlabel("accuracy on the right arm (dotted: always the largest class)")
plt.show()

# %%
# The network of the left arm is hardly better than the largest class. Standardising
# each domain does not help, because it keeps the mirrored signs. A discriminator gains
# little: the encoder can make the arms similar and still confuse exercises. `JAN` gains
# more, because it also matches the predictions. Turning three signs is best: before you
# adapt, look at what the sensors measure. `ChannelSigns` finds such channels.
