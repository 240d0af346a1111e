"""Default networks of the methods whose weights come from a network."""

import keras
from keras import layers

from adapt.deep._layers import Standardise

__all__ = ["default_scaler", "perceptron"]


def default_scaler(shape):
    """Return a network that standardises columns or channels."""
    return keras.Sequential([keras.Input(shape), Standardise(name="scaler_0")])


def perceptron(shape, n_outputs=1, bound=None):
    """Return a network of two hidden layers of 64 and linear outputs.

    Parameters
    ----------
    shape : tuple of int
        Shape of one sample.

    n_outputs : int, default=1
        Number of outputs.

    bound : float or None, default=None
        Largest norm of what a unit multiplies its inputs with, and of its offset.
    """
    body = [keras.Input(shape)]
    if len(shape) > 1:
        body.append(layers.Flatten(name="perceptron_flat"))
    for i, n_units in enumerate((64, 64, n_outputs)):
        limits = {}
        if bound is not None:
            limits = {
                "kernel_constraint": keras.constraints.MaxNorm(bound),
                "bias_constraint": keras.constraints.MaxNorm(bound),
            }
        activation = "relu" if i < 2 else None
        name = f"perceptron_{i}"
        body.append(layers.Dense(n_units, activation=activation, name=name, **limits))
    return keras.Sequential(body, name="perceptron")
