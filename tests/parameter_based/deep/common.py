"""What the tests of networks that were trained on a source share."""

import keras
import numpy as np
from keras import layers

from adapt.deep import _engine

LAYERS = ["low", "norm", "high"]
SMALL = {"epochs": 3, "batch_size": 32, "random_state": 0}


def encoder(seed=0):
    init = keras.initializers.GlorotUniform
    return keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(8, "relu", kernel_initializer=init(seed), name="low"),
            layers.BatchNormalization(name="norm"),
            layers.Dense(6, "relu", kernel_initializer=init(seed + 1), name="high"),
        ]
    )


def task(n_outputs=3, activation=None, seed=2):
    init = keras.initializers.GlorotUniform(seed)
    head = layers.Dense(n_outputs, activation, kernel_initializer=init, name="head")
    return keras.Sequential([keras.Input((6,)), head])


def moved(model, given, names):
    """Return which layers of the given network have other weights in the fitted one."""
    found = []
    for name in names:
        pairs = zip(
            _engine.weights_of(model.get_layer(name)),
            _engine.weights_of(given.get_layer(name)),
            strict=True,
        )
        if any(not np.array_equal(a, b) for a, b in pairs):
            found.append(name)
    return found
