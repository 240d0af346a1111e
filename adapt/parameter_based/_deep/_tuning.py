"""Fine-tuning with a tuner: the encoder is frozen, and what it gets is trained."""

import keras
import numpy as np

from adapt.deep._engine import seeded, weights_of
from adapt.deep._recipes import check_copyable, recipe_of
from adapt.parameter_based.tuners._deep._tuned import Tuned

__all__ = ["check_tuner", "count", "merged", "with_tuner"]

# Parameters that concern the weights of the encoder, with values that have no effect.
_OF_THE_ENCODER = {
    "training": True,
    "unfreeze_epochs": 0,
    "layer_decay": 1.0,
    "freeze_out": None,
    "penalty": None,
}


def check_tuner(estimator):
    """Refuse a tuner with wrong parameters, or beside parameters that exclude it.

    Parameters
    ----------
    estimator : FineTuning
        Whose parameters are checked.
    """
    if estimator.tuner is None:
        return
    estimator.tuner._validate_params()
    for name, default in _OF_THE_ENCODER.items():
        value = getattr(estimator, name)
        if type(value) is not type(default) or value != default:
            raise ValueError(
                f"`tuner` freezes the weights of the encoder, which `{name}`={value!r} "
                f"is for. Leave `{name}` at {default!r}, or `tuner` at None."
            )


def count(weights):
    """Return how many numbers weights hold."""
    return sum(int(np.prod(w.shape)) for w in weights)


def with_tuner(encoder, tuner, shape, rng):
    """Return an encoder with what a tuner adds, and how to build it again.

    Parameters
    ----------
    encoder : keras.Model
        It is frozen, and becomes a part of the new one.

    tuner : Tuner
        What is added.

    shape : tuple of int
        Shape of one sample.

    rng : RandomState
        Seeds the new weights.

    Returns
    -------
    network : Tuned
    recipe : Recipe or None
    """
    check_copyable("encoder", encoder)
    with seeded(rng.randint(2**31 - 1)):
        network = Tuned(encoder, tuner, shape, name="tuned")
    return network, recipe_of(network)


def merged(encoder, task, shape):
    """Return one network from rows to the outputs of the task, without a tuner.

    Parameters
    ----------
    encoder, task : keras.Model
        They are left as they are.

    shape : tuple of int
        Shape of one sample.

    Returns
    -------
    network : keras.Model
        With weights of its own, all trainable.
    """
    first = encoder.merged() if isinstance(encoder, Tuned) else _copied(encoder)
    x = keras.Input(shape)
    whole = keras.Model(x, _copied(task)(first(x)))
    for layer in whole._flatten_layers():
        layer.trainable = True
    return whole


def _copied(network):
    check_copyable("network", network)
    with seeded(0):
        new = recipe_of(network).make()
    new.set_weights(weights_of(network))
    return new
