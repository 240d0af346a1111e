"""Networks: given, built by a function, or sized from the data."""

import json
import re
from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np
from keras import layers, ops
from sklearn.preprocessing import StandardScaler
from sklearn.utils import gen_batches

from adapt.deep import _engine, _losses
from adapt.deep._initializers import Glorot, glorot

__all__ = [
    "Recipe",
    "ScaledDense",
    "Standardise",
    "default_discriminator",
    "default_encoder",
    "default_task",
    "emits_probabilities",
    "inception_encoder",
    "learn_scales",
    "learn_statistics",
    "logits_of",
    "normalised_encoder",
    "prepare",
    "recipe_of",
    "reseed",
]


@keras.saving.register_keras_serializable("adapt")
class Standardise(layers.Layer):
    """Standardise columns, or channels, to a mean of 0 and a variance of 1.

    When an encoder is trained from random initial weights, deep methods set means and
    scales from the source rows. Before that, the layer is the identity.

    Parameters
    ----------
    *args, **kwargs : object
        As for any `keras.layers.Layer`.
    """

    def build(self, shape):
        """Make the weights, as Keras asks for it.

        Parameters
        ----------
        shape : tuple of int
            Shape of the inputs, the rows first.
        """
        axis = (shape[-1],)
        self.mean = self.add_weight(axis, "zeros", trainable=False, name="mean")
        self.scale = self.add_weight(axis, "ones", trainable=False, name="scale")

    def call(self, x):
        """Standardise inputs.

        Parameters
        ----------
        x : tensor of shape (n_rows, ..., n_columns)
            Rows.

        Returns
        -------
        x : tensor of the same shape
            Rows of standardised columns.
        """
        return (x - self.mean) * self.scale

    def learn(self, X):
        """Take over the means and scales of ``X``, unless there are some already.

        Parameters
        ----------
        X : ndarray of shape (n_rows, ..., n_columns)
            Rows of the source.
        """
        if _engine.to_numpy(self.mean.value).any() or np.any(
            _engine.to_numpy(self.scale.value) != 1
        ):
            return
        mean, scale = _mean_and_scale(X)
        self.mean.assign(mean)
        self.scale.assign(1 / scale)


@keras.saving.register_keras_serializable("adapt")
class ScaledDense(layers.Dense):
    """Linear layer whose outputs are brought to the means and scales of labels.

    A network learns numbers around 0 of a size around 1 best; this layer stretches and
    shifts them. When a task network is trained from random initial weights, deep
    methods set means and scales from the source's labels. Before that, it is a `Dense`
    layer. It takes the parameters of one.
    """

    def build(self, shape):
        """Make the weights, as Keras asks for it.

        Parameters
        ----------
        shape : tuple of int
            Shape of the inputs, the rows first.
        """
        super().build(shape)
        size = (self.units,)
        self.mean = self.add_weight(size, "zeros", trainable=False, name="mean")
        self.excess = self.add_weight(size, "zeros", trainable=False, name="excess")

    def call(self, x, training=None):
        """Return scaled outputs.

        Parameters
        ----------
        x : tensor of shape (n_rows, n_inputs)
            Inputs.

        training : bool, default=None
            Whether this is a step of a training.

        Returns
        -------
        y : tensor of shape (n_rows, units)
            Outputs in the units of the labels.
        """
        return super().call(x, training=training) * (1 + self.excess) + self.mean

    # `Dense` stores its kernel and its bias alone.
    def save_own_variables(self, store):
        """Save every weight, the scales too.

        Parameters
        ----------
        store : dict
            Where Keras keeps the weights of the layer.
        """
        layers.Layer.save_own_variables(self, store)

    def load_own_variables(self, store):
        """Load what `save_own_variables` saved.

        Parameters
        ----------
        store : dict
            Where Keras kept the weights of the layer.
        """
        layers.Layer.load_own_variables(self, store)

    def learn(self, y):
        """Take over the means and scales of ``y``, unless there are some already.

        Parameters
        ----------
        y : ndarray of shape (n_rows, n_outputs)
            Labels of the source.
        """
        if any(_engine.to_numpy(v.value).any() for v in (self.mean, self.excess)):
            return
        mean, scale = _mean_and_scale(y)
        self.mean.assign(mean)
        self.excess.assign(scale - 1)


def _mean_and_scale(X):
    """Return the mean and the scale of each column, 1 for one that is constant."""
    scaler = StandardScaler()
    for rows in gen_batches(len(X), 4096):
        scaler.partial_fit(np.asarray(X[rows]).reshape(-1, X.shape[-1]))
    return scaler.mean_, scaler.scale_


def learn_scales(network, X=None, y=None):
    """Let `Standardise` layers learn from rows ``X``, `ScaledDense` from numbers."""
    for layer in getattr(network, "layers", []):
        if isinstance(layer, Standardise) and X is not None:
            layer.learn(X)
        if isinstance(layer, ScaledDense) and y is not None:
            layer.learn(y)


def learn_statistics(network, X):
    """Give layers of batch normalisation the mean and variance that ``X`` has in them.

    At most 16,384 rows are read, evenly spaced, in one pass without dropout.

    Parameters
    ----------
    network : keras.Model
        Whose layers' moving statistics are replaced.

    X : ndarray of shape (n_samples, ...)
        Rows.

    Returns
    -------
    n_layers : int
        Number of layers that took over statistics.
    """
    flat = list(network._flatten_layers())
    norms = [x for x in flat if isinstance(x, layers.BatchNormalization)]
    drops = [x for x in flat if isinstance(x, layers.Dropout)]
    before = [x.momentum for x in norms], [x.rate for x in drops]
    try:
        for layer in norms:
            layer.momentum = 0.0
        for layer in drops:
            layer.rate = 0.0
        step = -(-len(X) // 2**14)
        rows = np.asarray(X[::step], dtype=np.float32)
        network(_engine.to_device(rows), training=True)
    finally:
        for layer, momentum in zip(norms, before[0], strict=True):
            layer.momentum = momentum
        for layer, rate in zip(drops, before[1], strict=True):
            layer.rate = rate
    return len(norms)


def default_encoder(shape, normalise=False):
    """Return an encoder for samples of some shape.

    Parameters
    ----------
    shape : tuple of int
        ``(n_features,)`` gives a perceptron of two layers, ``(time, channels)`` three
        blocks of 1-D convolutions with global pooling, ``(height, width, channels)``
        two of 2-D convolutions.

    normalise : bool, default=False
        Whether each hidden layer is followed by batch normalisation.

    Returns
    -------
    encoder : keras.Sequential
        With 64 output features. Its first layer is a `Standardise`.
    """
    body = {
        1: lambda: [_dense(64), _dense(64)],
        2: lambda: [
            *_convolution(1, 32, 7),
            *_convolution(1, 64, 5),
            *_convolution(1, 64, 3),
            _pool(1),
        ],
        3: lambda: [*_convolution(2, 32, 3), *_convolution(2, 64, 3), _pool(2)],
    }
    if len(shape) not in body:
        raise ValueError(
            f"`encoder` has no default for samples of shape {shape}: give a network, "
            "or a function that returns one."
        )
    hidden = body[len(shape)]()
    if normalise:
        hidden = [
            each
            for layer in hidden
            for each in (
                [layer, layers.BatchNormalization()] if _weighs(layer) else [layer]
            )
        ]
    return _sequential("encoder", shape, [Standardise(), *hidden])


def _weighs(layer):
    return isinstance(layer, layers.Dense | layers.Conv1D | layers.Conv2D)


def normalised_encoder(shape):
    """Return the default encoder with batch normalisation after each hidden layer."""
    return default_encoder(shape, normalise=True)


def inception_encoder(shape, n_filters=32, depth=3):
    """Return an encoder for series whose convolutions see several widths at once.

    Each block has a linear bottleneck, convolutions of 39, 19 and 9 time steps beside
    each other, a branch of max-pooling, and batch normalisation; every third block is
    bridged [1]_. It sees longer patterns than the default encoder, and costs more.

    Parameters
    ----------
    shape : tuple of int
        ``(time, channels)``.

    n_filters : int, default=32
        Filters of each branch; there are four.

    depth : int, default=3
        Number of blocks. The paper uses 6.

    Returns
    -------
    encoder : keras.Model
        With ``4 * n_filters`` output features. Its first layer is a `Standardise`.

    References
    ----------
    .. [1] Ismail Fawaz et al. "InceptionTime: finding AlexNet for time series
       classification." Data Mining and Knowledge Discovery, 2020.
    """
    if len(shape) != 2:
        raise ValueError(f"`inception_encoder` is for series, got shape {shape}.")

    def convolve(x, n, width):
        options = {"use_bias": False, "kernel_initializer": Glorot()}
        return layers.Conv1D(n, width, padding="same", **options)(x)

    inputs = keras.Input(shape)
    x = bridge = Standardise()(inputs)
    for block in range(depth):
        narrow = convolve(x, n_filters, 1) if x.shape[-1] > 1 else x
        branches = [convolve(narrow, n_filters, width) for width in (39, 19, 9)]
        pooled = layers.MaxPooling1D(3, strides=1, padding="same")(x)
        x = layers.Concatenate()([*branches, convolve(pooled, n_filters, 1)])
        x = layers.Activation("relu")(layers.BatchNormalization()(x))
        if block % 3 == 2:
            bridge = layers.BatchNormalization()(convolve(bridge, 4 * n_filters, 1))
            x = bridge = layers.Activation("relu")(layers.Add()([x, bridge]))
    return keras.Model(inputs, layers.GlobalAveragePooling1D()(x), name="encoder")


def default_task(shape, n_outputs, numbers=False):
    """Return a task network: one hidden layer and linear outputs.

    Parameters
    ----------
    shape : tuple of int
        Shape of the encoder's features.

    n_outputs : int
        Number of classes, or of regression targets.

    numbers : bool, default=False
        Whether the outputs are numbers: then the last layer is a `ScaledDense`, in
        float32 whatever the policy.

    Returns
    -------
    task : keras.Sequential
        With ``n_outputs`` linear outputs.
    """
    last = _dense(n_outputs, None)
    if numbers:
        last = ScaledDense(n_outputs, kernel_initializer=Glorot(), dtype="float32")
    return _sequential("task", shape, [_dense(32), last])


def default_discriminator(shape, n_outputs=1):
    """Return a discriminator of domains: one hidden layer, then one or more logits.

    Parameters
    ----------
    shape : tuple of int
        Shape of the encoder's features.

    n_outputs : int, default=1
        Number of logits: 1 to tell two domains apart.

    Returns
    -------
    discriminator : keras.Sequential
        With ``n_outputs`` linear outputs.
    """
    return _sequential("discriminator", shape, [_dense(64), _dense(n_outputs, None)])


def _dense(n_units, activation="relu"):
    return layers.Dense(n_units, activation, kernel_initializer=Glorot())


def _convolution(rank, n_filters, width):
    convolution, pool = {
        1: (layers.Conv1D, layers.MaxPooling1D),
        2: (layers.Conv2D, layers.MaxPooling2D),
    }[rank]
    options = {"activation": "relu", "kernel_initializer": Glorot()}
    return [
        convolution(n_filters, width, padding="same", **options),
        pool(2, padding="same"),
    ]


def _pool(rank):
    return {1: layers.GlobalAveragePooling1D, 2: layers.GlobalAveragePooling2D}[rank]()


def _sequential(name, shape, body):
    first = [] if len(shape) == 1 or name == "encoder" else [layers.Flatten()]
    body = [keras.Input(shape), *first, *body]
    for i, layer in enumerate(body[1:]):
        layer.name = f"{name}_{i}"  # so that equal networks have equal configs
    return keras.Sequential(body, name=name)


def _draw_weights(network, rng):
    weights = _engine.weights_of(network)
    network.set_weights([glorot(w.shape, rng) if w.ndim > 1 else w for w in weights])


class Recipe(NamedTuple):
    """How to build a network again. Equal keys mean networks that compute alike."""

    key: tuple
    build: Callable
    args: tuple

    def make(self):
        """Return a new network; its weights are to be set."""
        return self.build(*self.args)


def _from_config(config):
    return keras.saving.deserialize_keras_object(json.loads(config), safe_mode=False)


def _without_names(config, names):
    """Number the layers' names in a config, for Keras counts them up in a process."""
    if isinstance(config, dict):
        return {
            key: names.setdefault(value, f"#{len(names)}")
            if key == "name" and isinstance(value, str)
            else _without_names(value, names)
            for key, value in config.items()
        }
    if isinstance(config, list):
        if len(config) == 3 and isinstance(config[0], str) and config[1:] == [0, 0]:
            return [names.setdefault(config[0], f"#{len(names)}"), 0, 0]
        return [_without_names(value, names) for value in config]
    return config


def recipe_of(network):
    """Return the `Recipe` of a Keras network, or None if Keras cannot rebuild it."""
    try:
        config = keras.saving.serialize_keras_object(network)
        config.pop("compile_config", None)
        text = json.dumps(config)
        _from_config(text)
    except (TypeError, ValueError, NotImplementedError, AttributeError, ImportError):
        return None
    variables = tuple(
        (tuple(v.shape), str(v.dtype), v.trainable) for v in network.variables
    )
    key = json.dumps(_without_names(json.loads(text), {}), sort_keys=True)
    return Recipe((key, variables), _from_config, (text,))


def reseed(networks, rng):
    """Start the dropout and noise layers of networks from ``rng``."""
    for network in networks:
        weights = {id(w) for w in network.weights}
        for v in network.variables:
            if id(v) not in weights and "seed" in v.path:
                v.assign(np.array([rng.randint(2**31 - 1), 0], dtype=v.dtype))


def _call(name, network, shape):
    """Build ``network`` for samples of ``shape`` and return its output shape."""
    try:
        outputs = network(keras.KerasTensor((None, *shape), dtype="float32"))
    except Exception as error:
        plain = re.sub(r"\x1b\[\d*m", "", str(error))
        lines = [line for line in plain.splitlines() if line.strip()]
        # Keras says first where, then what.
        text = lines[1] if len(lines) > 1 else (lines or [repr(error)])[0]
        raise ValueError(
            f"`{name}` cannot take samples of shape {tuple(shape)}: "
            f"{text} Give a network with that input size, or None for one sized from "
            "the data."
        ) from error
    if not isinstance(outputs, keras.KerasTensor):
        raise ValueError(
            f"`{name}` must have one output, got {type(outputs).__name__}. Give a "
            "network that returns one tensor."
        )
    return tuple(outputs.shape[1:])


def prepare(name, given, default, shape, *args, rng, copy=True, redraw=False):
    """Return a network that is ready for samples of ``shape``.

    Parameters
    ----------
    name : str
        The parameter's name, for messages.

    given : keras.Model, keras.layers.Layer, callable or None
        A network, copied with its weights; a function without arguments that returns
        one; or None for the default. What is not yet built gets weights from ``rng``.

    default : callable
        ``default(shape, *args)`` returns the default network.

    shape : tuple of int
        Shape of one sample.

    rng : RandomState
        Draws initial weights.

    copy : bool, default=True
        Whether a network that is given is copied.

    redraw : bool, default=False
        Whether a network that is given has its kernels drawn anew.

    Returns
    -------
    network : keras.Model
        The built network.

    output_shape : tuple of int
        Shape of its output for one sample.

    recipe : Recipe or None
        How to build it again.
    """
    with _engine.seeded(rng.randint(2**31 - 1)):
        if given is None:
            network = default(shape, *args)
            _draw_weights(network, rng)
            recipe = Recipe((default.__name__, shape, *args), default, (shape, *args))
            return network, tuple(network.output_shape[1:]), recipe
        if isinstance(given, keras.layers.Layer):
            network = _copy(name, given, shape) if copy else given
        elif callable(given):
            network = given()
        else:
            network = given
        if not isinstance(network, keras.layers.Layer):
            raise TypeError(
                f"`{name}` must be a Keras model, a function without arguments that "
                f"returns one, or None; got {network!r}."
            )
        if not isinstance(network, keras.Model):
            network = keras.Sequential([network], name=name)
        output_shape = _call(name, network, shape)
        if redraw:
            _draw_weights(network, rng)
        return network, output_shape, recipe_of(network)


def _copy(name, network, shape):
    recipe = recipe_of(network)
    if recipe is None:
        raise ValueError(
            f"`{name}` ({type(network).__name__}) cannot be copied, for Keras cannot "
            "rebuild it from its config. Give it a `get_config` and register the class "
            "with `keras.saving.register_keras_serializable()`, or give a function "
            "that returns the network."
        )
    copied = recipe.make()
    weights = _engine.weights_of(network)
    if weights:
        if not network.built:  # a new network of layers that are trained
            _call(name, copied, shape)
        if [w.shape for w in weights] != [tuple(w.shape) for w in copied.weights]:
            raise ValueError(
                f"`{name}` has layers with weights and others without, so that it "
                "cannot be copied. Call it on some rows first, to build it."
            )
        copied.set_weights(weights)
    return copied


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


def logits_of(network, x, training=True):
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
        return _losses.logits_of(ops.cast(network(x, training=training), "float32"))
    activation, last.activation = last.activation, keras.activations.linear
    try:
        outputs = ops.cast(network(x, training=training), "float32")
    finally:
        last.activation = activation
    if activation is keras.activations.sigmoid and outputs.shape[-1] > 1:
        return ops.log_sigmoid(outputs)
    return outputs
