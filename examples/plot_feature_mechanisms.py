"""
What feature-based methods do
=============================

How do feature-based methods change the data, and which shift does each correct? There
is one picture for each mechanism of :doc:`/guide/feature_based`. Circles are source
rows, crosses are target rows, and colours are classes. No method is given the classes
of the target.
"""

# %%
# Pairs of domains
# ----------------
# Each pair has the shift that one mechanism corrects.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.neighbors import KNeighborsClassifier

from adapt.base import SourceOnly
from adapt.datasets import make_affine_shift, make_moons_da
from adapt.feature_based import (
    SA,
    TCA,
    GradualAdapter,
    LinearOT,
    OTLabelPropagation,
    OTMapping,
    QuantileMatching,
    SelfTraining,
    SpectralAlignment,
)

rng = np.random.default_rng(0)
COLOURS = np.array(["tab:blue", "tab:orange"])

data = make_affine_shift(150, random_state=3)
moved = data.Xs, data.ys, data.Xt, data.yt
data = make_affine_shift(150, strength=0, shift=1.5, random_state=1)
shifted = data.Xs, data.ys, data.Xt, data.yt
bent = shifted[0], shifted[1], np.exp(0.6 * shifted[0][::-1]), shifted[1][::-1]
group = np.arange(160) % 4
Xs = np.c_[2.4 * group, np.zeros(160)] + 0.35 * rng.normal(size=(160, 2))
ways = np.c_[np.full(4, 1.5), [1.2, -1.2, 1.2, -1.2]]
apart = Xs, group % 2, (Xs + ways[group])[::-1], (group % 2)[::-1]
moons = make_moons_da(150, angle=40, random_state=0)


def draw(ax, Xs, ys, Xt, yt, title):
    """Draw both domains, coloured by class."""
    ax.scatter(*Xt.T, s=16, c=COLOURS[yt], marker="x", alpha=0.7)
    ax.scatter(*Xs.T, s=12, c=COLOURS[ys], marker="o", alpha=0.7)
    ax.set_title(title, fontsize=10)
    ax.set_xticks([])
    ax.set_yticks([])


# %%
# Methods that map rows
# ---------------------
# The upper row shows the domains before, the lower row after the map. Numbers are
# accuracies on the target of five nearest neighbours. "Trained" is the same classifier,
# trained on half of the target labels and scored on the other half.

mappings = [
    (LinearOT(), moved, "moments\n"),
    (QuantileMatching(), bent, "ranks\n"),
    (SA(), moved, "subspaces\n"),
    (TCA(n_components=2, random_state=0), shifted, "kernel components\n"),
    (OTMapping(), apart, "transport of rows\n"),
]
fig, axes = plt.subplots(2, 5, figsize=(15, 6.4), layout="constrained")
for (before, after), (method, (Xs, ys, Xt, yt), name) in zip(
    axes.T, mappings, strict=True
):
    neighbours = KNeighborsClassifier()
    plain = SourceOnly(neighbours).fit(Xs, ys, Xt).score(Xt, yt)
    order = rng.permutation(len(Xt))
    half, rest = order[::2], order[1::2]
    trained = KNeighborsClassifier().fit(Xt[half], yt[half]).score(Xt[rest], yt[rest])
    title = f"{name}source only: {plain:.2f}, trained: {trained:.2f}"
    draw(before, Xs, ys, Xt, yt, title)
    model = method.set_params(estimator=neighbours).fit(Xs, ys, Xt)
    mapped = model.transform(Xs, sample_domain=0)
    title = f"{type(method).__name__}: {model.score(Xt, yt):.2f}"
    draw(after, mapped, ys, model.transform(Xt), yt, title)
    print(f"{name.strip():20s} source only {plain:.2f}, {title}, trained {trained:.2f}")
plt.show()

# %%
# Moments and ranks treat each domain as a whole: the first moves and rotates it, the
# second stretches its columns. Subspaces and kernel components find directions along
# which the domains agree. Optimal transport moves every row separately. In the last
# pair each of four groups has moved in another direction, which no linear map could
# correct.

# %%
# Methods that label the target
# -----------------------------
# These methods do not move rows. Colours are the predicted labels; black circles are
# errors.

Xs, ys, Xt, yt = moons
between = [make_moons_da(150, angle=a, random_state=a)[2] for a in (10, 20, 30)]
labellers = {
    "source only": SourceOnly(),
    "transport of labels": OTLabelPropagation(),
    "self-training": SelfTraining(),
    "gradual, generated path": GradualAdapter(),
    "gradual, observed path": GradualAdapter(intermediate=between, n_generated=0),
}
fig, axes = plt.subplots(1, 5, figsize=(15, 3.2), layout="constrained")
for ax, (name, method) in zip(axes, labellers.items(), strict=True):
    model = method.set_params(estimator=KNeighborsClassifier()).fit(Xs, ys, Xt)
    guess = model.predict(Xt)
    ax.scatter(*Xs.T, s=12, c="lightgrey")
    draw(ax, Xt[:0], yt[:0], Xt, guess, f"{name}: {np.mean(guess == yt):.2f}")
    wrong = Xt[guess != yt].T
    ax.scatter(*wrong, s=50, facecolors="none", edgecolors="black", linewidths=0.8)
plt.show()

# %%
# Series: power spectra
# ---------------------
# One channel, recorded by two sensors. `SpectralAlignment` filters the source so that
# its spectrum becomes that of the target.


def record(n, echo):
    """Return n series of 256 steps: noise with an echo of itself one step later."""
    noise = rng.normal(size=(n, 257))
    return (noise[:, 1:] + echo * noise[:, :-1])[..., np.newaxis]


def spectrum(X):
    """Return the mean power at each frequency."""
    return np.mean(np.abs(np.fft.rfft(X[..., 0], axis=1)) ** 2, axis=0)[1:]


Xs, Xt = record(200, 0.8), record(200, -0.5)
alignment = SpectralAlignment(n_per_segment=64)
aligned = alignment.fit(Xs, Xt=Xt).transform(Xs, sample_domain=0)
fig, ax = plt.subplots(figsize=(7, 3), layout="constrained")
frequency = np.fft.rfftfreq(256)[1:]
for X, label, style in (
    (Xs, "source", "tab:blue"),
    (Xt, "target", "tab:orange"),
    (aligned, "source, aligned", "black"),
):
    ax.semilogy(frequency, spectrum(X), c=style, label=label, lw=1.2)
ax.set_xlabel("frequency, in cycles per step")
ax.set_ylabel("power")
ax.legend()
plt.show()
