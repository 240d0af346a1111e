"""Fits of one step on all rows, to hold against the paper written out in numpy."""

import keras
import numpy as np
from keras import layers

from adapt.deep import _engine
from adapt.imputation._deep import _training

RATE = 0.5
ONE_STEP = {
    "n_steps": 1,
    "batch_size": 1000,
    "optimizer": "sgd",
    "learning_rate": RATE,
    "random_state": 0,
}
LOSSES = "discriminator", "reconstruction", "adversarial"


def draw_alike(monkeypatch):
    """Let all rows of all steps have one noise and one hint, which are returned."""
    noise, told = np.array([0.001, 0.004, 0.008]), np.array([1.0, 0.0, 1.0])

    def draw(self, rng, size):
        shape = *size, *self.plan.cells
        return {
            "noise": np.broadcast_to(noise, shape),
            "hint": np.broadcast_to(told, shape),
        }

    monkeypatch.setattr(_training, "_EPOCH", 1)
    monkeypatch.setattr(_training.MaskedTraining, "_draw", draw)
    return noise, told


def given_networks(d=3):
    """Return a generator and a discriminator as published, of seeded weights."""
    rng = np.random.default_rng(7)
    networks = []
    for last in ("sigmoid", None):
        body = [layers.Dense(d, "relu"), layers.Dense(d, "relu"), layers.Dense(d, last)]
        network = keras.Sequential([keras.Input((2 * d,)), *body])
        # Biases that keep most rectifiers open: every weight has a gradient.
        network.set_weights(
            [
                rng.normal(size=w.shape) if w.ndim > 1 else rng.uniform(1, 2, w.shape)
                for w in network.get_weights()
            ]
        )
        networks.append(network)
    return networks


def weights_of(network):
    return [np.asarray(w, dtype=float) for w in _engine.weights_of(network)]


def assert_weights(network, expected, start):
    """Assert that all weights moved from where they were to where they should be."""
    for w, value, before in zip(weights_of(network), expected, start, strict=True):
        assert np.abs(value - before).max() > 1e-4
        np.testing.assert_allclose(w, value, rtol=1e-4, atol=1e-5)
