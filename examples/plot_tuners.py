"""
Tuning a network with few weights
=================================

How many weights of a network have to be trained to adapt it to 50 labelled target rows?
Tuners such as LoRA freeze the network and train few new weights. They are compared with
the network without adaptation, with full fine-tuning, and with a network that is
trained on the target labels alone.
"""

# %%
# The network
# -----------
# Any Keras model that ends in a head for the classes will do.

import tempfile
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers

from adapt.datasets import load_digits
from adapt.parameter_based import FineTuning
from adapt.parameter_based.tuners import Adapters, BitFit, LoRA, Scaling

X, y, domain = load_digits(return_X_y=True)
X = (X / 16).astype("float32")
rows = np.random.default_rng(0).permutation(len(X))
Xs, ys = X[rows][domain[rows] >= 0], y[rows][domain[rows] >= 0]
Xt, yt = X[rows][domain[rows] < 0], y[rows][domain[rows] < 0]
few, rest = slice(50), slice(50, None)


def new_network():
    """Return a perceptron with weights drawn at random."""
    body = [layers.Dense(128, activation="relu"), layers.Dense(64, activation="relu")]
    head = layers.Dense(10, activation="softmax")
    return keras.Sequential([keras.Input((64,)), *body, head])


keras.utils.set_random_seed(0)
network = new_network()
network.compile("adam", "sparse_categorical_crossentropy")
_ = network.fit(Xs, ys, epochs=20, batch_size=64, verbose=0)

# %%
# Tuners and baselines
# --------------------
# "From scratch" is trained on the target alone. "Head alone" and "all weights" are the
# two ends of fine-tuning. With fewer weights, a larger learning rate is used.

options = {"epochs": 80, "batch_size": 25, "random_state": 0}
all_weights = {**options, "learning_rate": 1e-3}
some = {**options, "learning_rate": 5e-3, "model": network}
models = {
    "from scratch": FineTuning(model=new_network(), **all_weights),
    "head alone": FineTuning(training=False, **some),
    "all weights": FineTuning(model=network, **all_weights),
    "BitFit": FineTuning(tuner=BitFit(), **some),
    "Scaling": FineTuning(tuner=Scaling(), **some),
    "LoRA, rank 1": FineTuning(tuner=LoRA(1), **some),
    "LoRA, rank 4": FineTuning(tuner=LoRA(4), **some),
    "adapters": FineTuning(tuner=Adapters(8, position="parallel"), **some),
}
for name, model in models.items():
    model.fit(Xt[few], yt[few])
    accuracy = model.score(Xt[rest], yt[rest])
    print(
        f"{name:14s} {model.n_trainable_:6d} weights trained, accuracy {accuracy:.3f}"
    )

# %%
# Methods to the right train and store more weights.

fig, ax = plt.subplots(figsize=(6.5, 4.5), layout="constrained")
for name, model in models.items():
    accuracy = model.score(Xt[rest], yt[rest])
    ax.scatter(100 * model.trainable_share_, accuracy, s=60, label=name)
before = np.mean(network.predict(Xt[rest], verbose=0).argmax(axis=1) == yt[rest])
ax.axhline(before, color="grey", linestyle=":", label="source only")
print(f"source only    {before:.3f}")
ax.set(
    xscale="log",
    xlabel="weights that are trained, % of the network",
    ylabel="accuracy on the other digits of the target",
)
ax.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1.01, 1))
plt.show()

# %%
# A file for each task
# --------------------
# A delta file has the new weights and the head. Loaded onto the same network, it gives
# the same predictions.

tuned = models["LoRA, rank 4"]
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "digits.npz"
    tuned.save_delta(path)
    n_bytes = path.stat().st_size
    again = FineTuning(model=network).load_delta(path)
same = np.array_equal(again.predict(Xt), tuned.predict(Xt))
print(f"{n_bytes} bytes, and {network.count_params() * 4} of the network; same: {same}")
