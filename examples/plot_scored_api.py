"""
A model behind an interface
===========================

How do I adapt a model that I can only query, such as a web service, after the sensors
were replaced? The model cannot be trained, its gradients are not known, and every call
has a price. Forty labelled rows and a thousand calls restore most of the accuracy.
"""

# %%
# A model that only answers
# -------------------------
# ``api`` takes rows and returns probabilities. Nothing else is known about it.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from adapt.parameter_based import BlackBoxInputs

X, y = load_breast_cancer(return_X_y=True)
rng = np.random.default_rng(0)
rows = rng.permutation(len(X))
X, y = X[rows][:, :10], y[rows]
network = MLPClassifier((16,), max_iter=1000, random_state=0)
hidden = make_pipeline(StandardScaler(), network).fit(X[:250], y[:250])


def api(X):
    """Answer a call."""
    return hidden.predict_proba(X)


# %%
# New sensors
# -----------
# "Untouched" is the source model on the new sensors, and "before" its accuracy on the
# old ones. The last line is a network that is trained on the forty target labels alone.

spread = X.std(axis=0)
gain = np.exp(0.4 * rng.normal(size=10))
Xt = gain * X[250:] + 1.5 * rng.normal(size=10) * spread
yt = y[250:]
known = yt.astype(float)
known[40:] = np.nan
rest = slice(40, None)

models = {
    "outputs": BlackBoxInputs(api, way="outputs", classes=[0, 1], random_state=0),
    "auto": BlackBoxInputs(api, max_queries=1000, classes=[0, 1], random_state=0),
}
truth = yt[rest]
scores = {
    "before": np.mean(api(X[290:]).argmax(axis=1) == truth),
    "untouched": np.mean(api(Xt[rest]).argmax(axis=1) == truth),
}
for name, model in models.items():
    scores[name] = model.fit(Xt, known).score(Xt[rest], truth)
own = make_pipeline(
    StandardScaler(), MLPClassifier((16,), max_iter=1000, random_state=0)
)
scores["trained on 40 labels"] = own.fit(Xt[:40], yt[:40]).score(Xt[rest], truth)
for name, value in scores.items():
    print(f"{name:20s} {value:.3f}")

# %%
# What was learned, and what it cost
# ----------------------------------
# Recalibrating the outputs is tried first, because it needs one call. The inputs are
# changed only if this is better on held-out rows.

model = models["auto"]
print("taken:", model.way_)
print("calls:", model.n_queries_, "with", model.n_rows_, "rows")
for name, error in model.errors_.items():
    print(f"held-out squared error, {name:12s} {error:.3f}")

_, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
axes[0].plot(1 / gain, model.gain_, "o")
axes[0].axline((1, 1), slope=1, color="grey", linewidth=0.8)
axes[0].set_xlabel("gain that undoes the new sensor")
axes[0].set_ylabel("gain that was learned")
axes[1].barh(list(scores), list(scores.values()), color="tab:orange")
axes[1].invert_yaxis()
axes[1].set_xlabel("accuracy on other rows")
plt.show()

# %%
# Different gains and offsets can give the same predictions, and gains of columns that
# the model hardly uses are not learned. Neither affects the accuracy. Set
# ``max_queries`` to limit the calls, and handle retries in ``api``. Ctrl-C ends the
# search and keeps the best result.
