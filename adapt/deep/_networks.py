"""Default networks, sized from the data."""

import keras
from keras import layers

from adapt.deep._initializers import Glorot

# Saved models name this module as the home of the layers too.
from adapt.deep._layers import ScaledDense, Standardise

__all__ = [
    "ScaledDense",
    "Standardise",
    "default_discriminator",
    "default_encoder",
    "default_task",
    "inception_encoder",
    "normalised_encoder",
]


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
