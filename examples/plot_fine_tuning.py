"""
Fine-tuning a network, and what it forgets
==========================================

How do I fine-tune a Keras network on 100 labelled target rows, and how much does it
forget? The network was trained on one collection of handwritten digits, and is adapted
to another.
"""

# %%
# The source model
# ----------------
# Any Keras model will do, trained in any way; the outputs are the classes 0 to 9.

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from adapt.datasets import load_digits
from adapt.parameter_based import FineTuning, FrozenFeatures

X, y, domain = load_digits(return_X_y=True)
X, rng = X / 16, np.random.default_rng(0)
rows = rng.permutation(len(X))
Xs, ys = X[rows][domain[rows] >= 0], y[rows][domain[rows] >= 0]
Xt, yt = X[rows][domain[rows] < 0], y[rows][domain[rows] < 0]
few, rest = slice(100), slice(100, None)

keras.utils.set_random_seed(0)
network = keras.Sequential(
    [
        keras.Input((64,)),
        layers.Dense(128, activation="relu"),
        layers.Dense(64, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ]
)
network.compile("adam", "sparse_categorical_crossentropy")
network.fit(Xs[:1500], ys[:1500], epochs=20, batch_size=64, verbose=0)

# %%
# Moving it to the target
# -----------------------
# The network that is given stays as it was. `penalty="ewc"` holds the weights that the
# source needs; its rows are given for that alone, so `source_epochs=0`.

options = {"model": network, "epochs": 60, "random_state": 0}
models = {
    "all layers": FineTuning(**options),
    "head only": FineTuning(training=False, **options),
    "layer by layer": FineTuning(unfreeze_epochs=20, layer_decay=0.4, **options),
    "L2-SP": FineTuning(penalty="l2-sp", lambda_=0.1, **options),
    "EWC": FineTuning(penalty="ewc", lambda_=30.0, source_epochs=0, **options),
    "frozen features": make_pipeline(
        FrozenFeatures(network, layer=-2), LogisticRegression(max_iter=1000)
    ),
}
scores = {}
for name, model in models.items():
    if name == "EWC":
        model.fit(Xs[:1500], ys[:1500], Xt[few], yt[few])
    else:
        model.fit(Xt[few], yt[few])
    scores[name] = model.score(Xs[1500:], ys[1500:]), model.score(Xt[rest], yt[rest])

predicted = [network.predict(X, verbose=0).argmax(axis=1) for X in (Xs, Xt)]
before = np.mean(predicted[0][1500:] == ys[1500:]), np.mean(predicted[1] == yt)
fresh = LogisticRegression(max_iter=1000).fit(Xt[few], yt[few])
trained = fresh.score(Xs[1500:], ys[1500:]), fresh.score(Xt[rest], yt[rest])
scores = {"source model": before, **scores, "trained on 100 labels alone": trained}
for name, (old, new) in scores.items():
    print(f"{name:28s} source {old:.2f}, target {new:.2f}")

# %%
# Up is better on the target, right is better on the source. Weights that move freely
# gain on the target and forget the source. A penalty on the change of the weights
# trades one for the other.

fig, ax = plt.subplots(figsize=(6, 5), layout="constrained")
for name, (old, new) in scores.items():
    ax.scatter(old, new, s=60, label=name)
ax.set(
    xlabel="accuracy on held-out digits of the source",
    ylabel="accuracy on other digits of the target",
)
ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1))
plt.show()
