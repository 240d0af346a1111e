"""Weights to start from."""

import random

import keras
import numpy as np

__all__ = ["Glorot", "glorot"]


def glorot(shape, rng):
    """Return a kernel drawn uniformly, float32, as wide as Glorot & Bengio (2010) say.

    Parameters
    ----------
    shape : tuple of int
        Of the kernel: window, inputs and outputs.

    rng : RandomState
        Draws it, hence alike on all backends.
    """
    receptive = np.prod(shape[:-2])
    limit = np.sqrt(6 / (receptive * (shape[-2] + shape[-1])))
    return rng.uniform(-limit, limit, size=shape).astype(np.float32)


@keras.saving.register_keras_serializable("adapt")
class Glorot(keras.initializers.Initializer):
    """Draw kernels by numpy.

    JAX compiles a program for each shape that Keras's own draws, which takes longer
    than training a small network.
    """

    def __call__(self, shape, dtype=None):
        # Keras draws its seeds from here too.
        rng = np.random.RandomState(random.getrandbits(32))
        return glorot(shape, rng).astype(dtype)
