"""Default networks, sized from the data."""

import math

import keras
from keras import layers

from adapt.deep._initializers import Glorot

# Saved models name this module as the home of the layers too.
from adapt.deep._layers import Dropout, ScaledDense, Standardise

__all__ = [
    "Dropout",
    "ScaledDense",
    "Standardise",
    "default_discriminator",
    "default_encoder",
    "default_task",
    "image_encoder",
    "inception_encoder",
    "normalised_encoder",
    "series_encoder",
    "table_encoder",
]


def default_encoder(shape, normalise=False):
    """Return an encoder for samples of some shape.

    Parameters
    ----------
    shape : tuple of int
        ``(n_features,)`` gives a `table_encoder`, ``(time, channels)`` a
        `series_encoder`, ``(height, width, channels)`` an `image_encoder`.

    normalise : bool, default=False
        Whether that of a table has batch normalisation; the other two have.

    Returns
    -------
    encoder : keras.Sequential
        Its first layer is a `Standardise`.
    """
    if len(shape) == 1:
        return table_encoder(shape, normalise)
    makers = {2: series_encoder, 3: image_encoder}
    if len(shape) not in makers:
        raise ValueError(
            f"`encoder` has no default for samples of shape {shape}: give a network, "
            "or a function that returns one."
        )
    return makers[len(shape)](shape)


def table_encoder(shape, normalise=False, dropout=0.3):
    """Return a perceptron of two layers of 64 units, with dropout.

    Dropout and the weight decay of the default optimizer keep networks from fitting
    small tables too closely. There is no batch normalisation, because it takes a
    difference in the shares of classes for a shift. These choices were made in trials
    on drifting gas sensors that are not among the committed results; those of the
    network as it is are in ``benchmarks/results/deep_accuracy.csv``.

    Parameters
    ----------
    shape : tuple of int
        ``(n_features,)``.

    normalise : bool, default=False
        Whether each layer has batch normalisation.

    dropout : float, default=0.3
        Share of the units that are left out in a step.

    Returns
    -------
    encoder : keras.Sequential
        With 64 output features. Its first layer is a `Standardise`.
    """
    body = [Standardise()]
    for _ in range(2):
        body += [_dense(64), *([_norm()] if normalise else []), Dropout(dropout)]
    return _sequential("encoder", shape, body)


def series_encoder(shape, dropout=0.3):
    """Return three convolutions with batch normalisation, and the mean over time.

    They see 8, 5 and 3 steps, and the first two halve the series. Each domain is
    normalised by itself: without that `DANN` hardly adapted in trials on activities of
    people, which are not among the committed results. With it, it is right on .48 to
    .98 of the windows of another person (10 runs on four pairs of people,
    ``benchmarks/results/deep_accuracy.csv``), and `DeepSource` on .44 to .80.

    Parameters
    ----------
    shape : tuple of int
        ``(time, channels)``.

    dropout : float, default=0.3
        Share of the features that are left out in a step.

    Returns
    -------
    encoder : keras.Sequential
        With 32 output features. Its first layer is a `Standardise`.
    """
    body = [Standardise()]
    for n_filters, width, stride in ((32, 8, 2), (64, 5, 2), (32, 3, 1)):
        body += _normalised(_convolution(1, n_filters, width, stride))
    pool = layers.GlobalAveragePooling1D()
    return _sequential("encoder", shape, [*body, pool, Dropout(dropout)])


def image_encoder(shape, dropout=0.5):
    """Return convolutions with batch normalisation, and a dense layer on all places.

    Blocks of a convolution over 3 x 3 pixels halve the image, until its longer side has
    at most 7; there are at least two. With the mean over all places instead of the
    dense layer, handwritten digits of the source were not fitted in trials that are not
    among the committed results.

    Parameters
    ----------
    shape : tuple of int
        ``(height, width, channels)``.

    dropout : float, default=0.5
        Share of the inputs of the dense layer that are left out in a step.

    Returns
    -------
    encoder : keras.Sequential
        With 64 output features. Its first layer is a `Standardise`.
    """
    n_blocks = max(2, math.ceil(math.log2(max(shape[:2]) / 7)))
    body = [Standardise()]
    for i in range(n_blocks):
        body += _normalised(_convolution(2, 64 if i else 32, 3))
        body.append(layers.MaxPooling2D(2, padding="same"))
    dense = layers.Dense(64, use_bias=False, kernel_initializer=Glorot())
    body += [layers.Flatten(), Dropout(dropout), *_normalised(dense)]
    return _sequential("encoder", shape, body)


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
        x = layers.Activation("relu")(_norm()(x))
        if block % 3 == 2:
            bridge = _norm()(convolve(bridge, 4 * n_filters, 1))
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


def _convolution(rank, n_filters, width, stride=1):
    convolution = {1: layers.Conv1D, 2: layers.Conv2D}[rank]
    options = {"use_bias": False, "kernel_initializer": Glorot()}
    return convolution(n_filters, width, stride, padding="same", **options)


def _norm():
    # Its running averages follow trainings of a few hundred steps.
    return layers.BatchNormalization(momentum=0.9)


def _normalised(layer):
    return [layer, _norm(), layers.Activation("relu")]


def _sequential(name, shape, body):
    first = [] if len(shape) == 1 or name == "encoder" else [layers.Flatten()]
    body = [keras.Input(shape), *first, *body]
    for i, layer in enumerate(body[1:]):
        layer.name = f"{name}_{i}"  # so that equal networks have equal configs
    return keras.Sequential(body, name=name)
