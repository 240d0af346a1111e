"""What the outputs of a network are: logits, or probabilities."""

import keras
from keras import layers, ops

from adapt.deep._losses import logits_of_probabilities

__all__ = ["emits_probabilities", "network_logits"]


def _last_layer(network):
    while getattr(network, "layers", None):
        network = network.layers[-1]
    return network


def emits_probabilities(network):
    """Return whether a network ends in a softmax or a sigmoid."""
    last = _last_layer(network)
    if isinstance(last, layers.Softmax):
        return True
    activation = getattr(last, "activation", None)
    return activation in (keras.activations.softmax, keras.activations.sigmoid)


def network_logits(network, x, training=True):
    """Return a network's outputs for rows, as they are before a softmax or a sigmoid.

    That is faster than to take logarithms of probabilities, and has gradients also
    where those are 0 or 1.

    Parameters
    ----------
    network : keras.Model or keras.Layer
        Any; outputs that are no probabilities are taken for logits.

    x : tensor of shape (n_rows, ...)
        Rows.

    training : bool, default=True
        The mode that the network runs in.

    Returns
    -------
    logits : tensor of shape (n_rows, n_outputs), dtype float32
    """
    if not emits_probabilities(network):
        return ops.cast(network(x, training=training), "float32")
    last = _last_layer(network)
    if isinstance(last, layers.Softmax):
        return logits_of_probabilities(
            ops.cast(network(x, training=training), "float32")
        )
    activation, last.activation = last.activation, keras.activations.linear
    try:
        outputs = ops.cast(network(x, training=training), "float32")
    finally:
        last.activation = activation
    if activation is keras.activations.sigmoid and outputs.shape[-1] > 1:
        return ops.log_sigmoid(outputs)
    return outputs
