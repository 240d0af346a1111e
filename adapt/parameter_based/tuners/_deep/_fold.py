"""Tune mode: batch normalisation folded into the kernels before it, differentiably."""

from collections import Counter

import keras
from keras import layers, ops

from adapt.deep._engine import seeded, weights_of
from adapt.deep._recipes import check_copyable, recipe_of
from adapt.parameter_based.tuners._deep._places import KINDS, is_graph, rewired

__all__ = ["Folded", "fold"]


@keras.saving.register_keras_serializable("adapt")
class Folded(layers.Layer):
    """A convolution or dense layer with the batch normalisation that follows it.

    With ``c = gamma / sqrt(variance + epsilon)`` it computes ``conv(x, c w) + beta + c
    (b - mean)``. Means and variances stay as they are.

    Parameters
    ----------
    layer : keras.layers.Layer
        A convolution or dense layer without activation, built.

    norm : keras.layers.BatchNormalization
        What normalises its channels, built.

    **kwargs : object
        As for `keras.layers.Layer`.
    """

    def __init__(self, layer, norm, **kwargs):
        super().__init__(**kwargs)
        self.layer = layer
        self.norm = norm

    def build(self, shape):
        for part in self.layer, self.norm:
            if not part.built:
                part.build(shape)
                shape = part.compute_output_shape(shape)
        self.built = True

    def call(self, x):
        layer, norm = self.layer, self.norm
        c = ops.rsqrt(norm.moving_variance + norm.epsilon)
        if norm.scale:
            c = c * norm.gamma
        bias = layer.bias if layer.use_bias else 0.0
        shift = c * (bias - norm.moving_mean)
        if norm.center:
            shift = shift + norm.beta
        if isinstance(layer, layers.Dense):
            return ops.matmul(x, layer.kernel * c) + shift
        options = layer.strides, layer.padding, layer.data_format, layer.dilation_rate
        return ops.conv(x, layer.kernel * c, *options) + shift

    def compute_output_shape(self, shape):
        return self.layer.compute_output_shape(shape)

    def compute_output_spec(self, x):
        return keras.KerasTensor(self.compute_output_shape(x.shape), self.compute_dtype)

    def get_config(self):
        parts = {"layer": self.layer, "norm": self.norm}
        own = {k: keras.saving.serialize_keras_object(v) for k, v in parts.items()}
        return {**super().get_config(), **own}

    @classmethod
    def from_config(cls, config):
        restore = keras.saving.deserialize_keras_object
        parts = {name: restore(config[name]) for name in ("layer", "norm")}
        return cls(**{**config, **parts})


def _folds(layer, norm):
    """Return whether a normalisation can go into the layer before it."""
    if isinstance(layer, KINDS["conv"]):
        # Causal convolutions pad by themselves, in front.
        plain = layer.padding != "causal" and layer.data_format == "channels_last"
    else:
        plain = isinstance(layer, layers.Dense)
    return plain and norm.axis == -1 and layer.activation is keras.activations.linear


def _readers(network):
    """Return how often a network reads the outputs of each of its layers, by id."""
    found = Counter()

    def note(tensors):
        for x in keras.tree.flatten(tensors):
            if isinstance(x, keras.KerasTensor):
                found[id(x._keras_history.operation)] += 1

    def visit(layer, args, kwargs, call):
        note([args, kwargs])
        return call(*args, **kwargs)

    _, outputs = rewired(network, visit)
    note(outputs)
    return found


def fold(network):
    r"""Return a copy of a network with its batch normalisations folded into kernels.

    Where the outputs of a convolution or dense layer go to a batch normalisation alone,
    one layer takes the place of both. With :math:`c = \gamma / \sqrt{v + \epsilon}`
    it computes :math:`(c w) * x + \beta + c (b - m)` from the means :math:`m` and
    variances :math:`v` of the source, which stay as they are: what the two compute in
    inference [1]_. Gradients reach :math:`w, b, \gamma` and :math:`\beta`, and the
    outputs before the normalisation are never formed, so that a step of fine-tuning
    keeps fewer activations.

    Parameters
    ----------
    network : keras.Model
        A Sequential or functional network. It is left as it is.

    Returns
    -------
    network : keras.Model
        One to be fine-tuned, such as by ``FineTuning(model=fold(network))``.

    Raises
    ------
    ValueError
        If the network is no Sequential or functional one, or has no batch normalisation
        that can be folded.

    See Also
    --------
    tuned : A frozen network, with few weights to train.

    Notes
    -----
    Layers with an activation before the normalisation, causal convolutions and those
    with channels first stay as they are, and normalise by batches in training.

    References
    ----------
    .. [1] You et al. "Efficient ConvBN blocks for transfer learning and beyond." ICLR,
       2024.

    Examples
    --------
    >>> from keras import Input, Sequential, layers
    >>> from adapt.parameter_based.tuners import fold
    >>> body = [layers.Conv1D(4, 3), layers.BatchNormalization(), layers.ReLU()]
    >>> len(fold(Sequential([Input((8, 2)), *body])).layers)
    3
    """
    if not is_graph(network):
        raise ValueError(
            "`network` must be a Sequential or functional one, got a "
            f"{type(network).__name__}."
        )
    check_copyable("network", network)
    with seeded(0):
        copy = recipe_of(network).make()
    copy.set_weights(weights_of(network))
    readers = _readers(copy)
    done = []

    def visit(layer, args, kwargs, call):
        if isinstance(layer, layers.BatchNormalization):
            before, node, _ = args[0]._keras_history
            if readers[id(before)] == 1 and _folds(before, layer):
                x = before._inbound_nodes[node].input_tensors[0]
                done.append(Folded(before, layer, name=f"{before.name}_folded"))
                return done[-1](x)
        return call(*args, **kwargs)

    whole = keras.Model(*rewired(copy, visit), name=network.name)
    if not done:
        raise ValueError(
            "`network` has no batch normalisation that can be folded: none is the only "
            "layer to read a convolution or dense layer without activation."
        )
    return whole
