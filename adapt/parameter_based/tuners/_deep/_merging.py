"""A tuned network as one without a tuner."""

import keras
import numpy as np
from keras import ops

from adapt.deep._engine import seeded
from adapt.deep._recipes import check_copyable, output_shape_of, recipe_of
from adapt.parameter_based.tuners._deep._layers import PlainForm
from adapt.parameter_based.tuners._deep._places import is_graph

__all__ = ["merged"]


def merged(network, others, shape):
    """Return a copy of a network in which some variables have other values.

    Parameters
    ----------
    network : keras.Model
        The base, or its layers with inserted ones.

    others : dict of int to ndarray
        The values, by the ids of variables.

    shape : tuple of int
        Shape of one sample.

    Returns
    -------
    network : keras.Model
        All of it is trainable.
    """

    def arrays(layer):
        return [
            others[id(w)] if id(w) in others else np.array(ops.convert_to_numpy(w))
            for w in layer.weights
        ]

    if is_graph(network) and _holds_plain_forms(network):
        whole = _with_plain_forms(network, arrays)
    else:
        check_copyable("network", network)
        with seeded(0):
            whole = recipe_of(network).make()
            output_shape_of("network", whole, shape)
        whole.set_weights(arrays(network))
    for layer in whole._flatten_layers():
        layer.trainable = True
    return whole


def _holds_plain_forms(network):
    return any(isinstance(layer, PlainForm) for layer in network.layers)


def _with_plain_forms(network, arrays):
    """Return a copy of a functional network, of layers of Keras where these will do."""
    pairs = []

    def copied(layer):
        if isinstance(layer, PlainForm):
            new, weights = layer.plain()
        else:
            new = type(layer).from_config(layer.get_config())
            weights = arrays(layer) if isinstance(layer, keras.layers.Layer) else []
        pairs.append((new, weights))
        return new

    with seeded(0):
        whole = keras.models.clone_model(network, clone_function=copied)
    for new, weights in pairs:
        if weights:
            new.set_weights(weights)
    return whole
