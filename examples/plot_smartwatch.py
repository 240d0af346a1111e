"""
A smartwatch on the other arm
=============================

Which shallow methods help a model of series from the left arm on the right arm? A
smartwatch recorded shoulder exercises on the left arm, with labels, and on the right
arm, without. `SpectralAlignment` takes the series as they are; the other methods take a
table of summary features.
"""

# %%
# Windows of two arms
# -------------------
# A window has 200 steps of six channels: acceleration and angular velocity, along three
# axes each. On the other arm the movement is mirrored, so that some channels change
# their sign; and the recordings differ in how strong and how fast the movements are.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from adapt.base import SourceOnly
from adapt.datasets import load_watch
from adapt.feature_based import LinearOT, OTMapping, SpectralAlignment

data = load_watch(source="left", target="right")
is_source = data.sample_domain >= 0
Xs, ys = data.X[is_source], data.y[is_source]
Xt, yt = data.X[~is_source], data.y[~is_source]


def spectrum(X):
    """Return the mean power of each channel at each frequency but zero."""
    centred = X - X.mean(axis=1, keepdims=True)
    return np.mean(np.abs(np.fft.rfft(centred, axis=1)) ** 2, axis=0)[1:]


alignment = SpectralAlignment(n_per_segment=64, tol=0.02).fit(Xs, Xt=Xt)
aligned = alignment.transform(Xs, sample_domain=0)

frequency = np.fft.rfftfreq(200, d=0.02)[1:]
fig, axes = plt.subplots(2, 3, figsize=(11, 5), sharex=True, layout="constrained")
for k, (ax, name) in enumerate(zip(axes.flat, data.feature_names, strict=True)):
    for X, label, style in (
        (Xs, "left", "tab:blue"),
        (Xt, "right", "tab:orange"),
        (aligned, "left, aligned", "black"),
    ):
        ax.semilogy(frequency, spectrum(X)[:, k], c=style, label=label, lw=1)
    ax.set_title(name, fontsize=10)
for ax in axes[1]:
    ax.set_xlabel("frequency (Hz)")
for ax in axes[:, 0]:
    ax.set_ylabel("power")
axes[0, 0].legend(fontsize=8)
plt.show()

# %%
# Accuracy on the right arm
# -------------------------
# The features are mean and standard deviation of each channel, for a linear model and
# for a forest. `SpectralAlignment` maps series before that, the others map features.
# "Target-trained" is fitted on the right arm of half of the people.


def summary(X):
    """Return mean and standard deviation of each channel; windows may be flat."""
    X = X.reshape(len(X), 200, 6)
    return np.hstack([X.mean(axis=1), X.std(axis=1)])


scale = StandardScaler().fit(summary(Xs))
table_s, table_t = (scale.transform(summary(X)) for X in (Xs, Xt))
scores = {}
for inner in (
    LogisticRegression(max_iter=2000),
    RandomForestClassifier(100, random_state=0),
):
    kind = type(inner).__name__
    series = make_pipeline(FunctionTransformer(summary), scale, inner)
    spectral = SpectralAlignment(series, n_per_segment=64, tol=0.02)
    scores[kind, "SpectralAlignment"] = spectral.fit(Xs, ys, Xt=Xt).score(Xt, yt)
    for name, method in {
        "source only": SourceOnly(inner),
        "LinearOT": LinearOT(inner, lambda_=0.001),
        "OTMapping, sinkhorn": OTMapping(inner, method="sinkhorn"),
    }.items():
        model = method.fit(table_s, ys, Xt=table_t)
        scores[kind, name] = model.score(table_t, yt)
    people = data.groups[~is_source]
    half = np.isin(people, np.unique(people)[::2])
    trained = clone(inner).fit(table_t[half], yt[half])
    scores[kind, "target-trained"] = trained.score(table_t[~half], yt[~half])

names = [
    "source only",
    "SpectralAlignment",
    "LinearOT",
    "OTMapping, sinkhorn",
    "target-trained",
]
for kind in ["LogisticRegression", "RandomForestClassifier"]:
    for name in names:
        print(f"{kind:22s} {name:20s} {scores[kind, name]:.2f}")
fig, ax = plt.subplots(figsize=(8, 3.4), layout="constrained")
for k, kind in enumerate(["LogisticRegression", "RandomForestClassifier"]):
    values = [scores[kind, name] for name in names]
    bars = ax.barh(np.arange(5) + 0.36 * k, values, height=0.34, label=kind)
    ax.bar_label(bars, fmt="%.2f", padding=3)
ax.set_yticks(np.arange(5) + 0.18, names)
ax.invert_yaxis()
ax.set_xlim(0, 1.1)
ax.set_xticks(np.arange(6) / 5)
ax.set_xlabel("accuracy on the right arm")
ax.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1.01, 1))
plt.show()

# %%
# The spectra of the arms become the same, but the accuracy hardly changes: a filter
# keeps the means, and with them the sign of gravity, which misleads the linear model.
# Methods that move the means correct this. The forest depends less on the means, and
# every method here lowers its accuracy. Which part of a shift matters depends on the
# model.
