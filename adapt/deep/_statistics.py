"""Statistics of batch normalisation: learnt from the rows of one domain, and kept.

In training a layer of batch normalisation standardises by the rows of a batch. For
predictions it needs the mean and the variance of its inputs over a whole domain. The
running averages of a training are not that: they mix domains, and lag behind.
"""

from contextlib import contextmanager

import keras
import numpy as np
from keras import ops

from adapt.deep._engine import COMPILED, compile_forward, seeded, to_device, to_numpy
from adapt.deep._forward import padded_batches
from adapt.deep._kept import LARGEST, kept

__all__ = [
    "learn_statistics",
    "moving_norms",
    "norms_of",
    "set_statistics",
    "statistics_of",
    "substitutes",
]

_MOST_ROWS = 2**14
_CLOSE = 1e-5  # in standard deviations


def norms_of(*networks):
    """Return the layers of batch normalisation in networks, in models of theirs too."""
    flat = [layer for network in networks for layer in network._flatten_layers()]
    norms = [x for x in flat if isinstance(x, keras.layers.BatchNormalization)]
    return list({id(layer): layer for layer in norms}.values())


def moving_norms(*networks):
    """Return those that are not frozen: a frozen one keeps its statistics."""
    return [layer for layer in norms_of(*networks) if layer.trainable]


def statistics_of(network):
    """Return the means and variances of `norms_of` a network, as arrays."""
    return [
        tuple(np.array(to_numpy(v.value)) for v in (x.moving_mean, x.moving_variance))
        for x in norms_of(network)
    ]


def set_statistics(network, statistics):
    """Give the layers what `statistics_of` returned."""
    for layer, (mean, variance) in zip(norms_of(network), statistics, strict=True):
        layer.moving_mean.assign(mean)
        layer.moving_variance.assign(variance)


def substitutes(network, statistics):
    """Return what stands for variables of a network in `outputs_of`, by their ids."""
    found = {}
    for layer, (mean, variance) in zip(norms_of(network), statistics, strict=True):
        found[id(layer.moving_mean)] = mean
        found[id(layer.moving_variance)] = variance
    return found


def learn_statistics(networks, recipes, X):
    """Give layers of batch normalisation the mean and variance that ``X`` has in them.

    They are those of the inputs that a layer gets for predictions, without dropout.
    A first pass normalises batches by their own statistics; if there are several, more
    passes follow until the statistics are those of all rows, at most one for each
    layer.

    Parameters
    ----------
    networks : list of keras.Model
        The first takes the rows, each other the outputs of the one before.

    recipes : list of Recipe or None
        How to build each of them again; None where Keras cannot.

    X : array-like of shape (n_samples, ...)
        Rows, of which at most 16,384 are read, evenly spaced.

    Returns
    -------
    n_layers : int
        Number of layers that took over statistics; frozen ones do not.
    """
    layers = norms_of(*networks)
    moving = np.array([layer.trainable for layer in layers], dtype=np.float32)
    if not moving.any():
        return 0
    function = _kept_moments(networks, recipes)
    X = X[:: -(-len(X) // _MOST_ROWS)]
    first = True
    for _ in range(1 + len(layers)):
        values = [v.value for network in networks for v in network.variables]
        batches = [
            function(values, to_device(rows), to_device(weight), own)
            for rows, weight in padded_batches(X)
            for own in [to_device(moving if first else 0 * moving)]
        ]
        change = _take_over(layers, moving, batches)
        if len(batches) == 1 or (change < _CLOSE and not first):
            break
        first = False
    return int(moving.sum())


def _take_over(layers, moving, batches):
    """Set statistics from moments of batches, and return how much they changed."""
    change = 0.0
    for i, layer in enumerate(layers):
        if not moving[i]:
            continue
        parts = [[to_numpy(a) for a in each] for batch in batches for each in batch[i]]
        if not parts:  # the layer is not on the way of the rows
            continue
        mean, variance = _merged(np.asarray(parts, dtype=np.float64))
        before = (
            to_numpy(layer.moving_mean.value),
            to_numpy(layer.moving_variance.value),
        )
        scale = variance + layer.epsilon
        step = np.abs(before[0] - mean) / np.sqrt(scale)
        growth = np.abs(before[1] - variance) / scale
        change = max(change, step.max(), growth.max())
        layer.moving_mean.assign(mean.astype(np.float32))
        layer.moving_variance.assign(variance.astype(np.float32))
    return change


def _merged(parts):
    """Return mean and variance of all rows, from parts of (size, mean, variance)."""
    size, means, variances = parts.transpose(1, 0, 2)
    share = size / size.sum(axis=0)
    mean = (share * means).sum(axis=0)
    return mean, (share * (variances + (means - mean) ** 2)).sum(axis=0)


def _kept_moments(networks, recipes):
    if None in recipes or sum(n.count_params() for n in networks) > LARGEST:
        return _moments_of(networks)
    policy = keras.config.dtype_policy().name
    key = ("statistics", *(recipe.key for recipe in recipes), policy)
    function = kept.get(key)
    if function is None:
        with seeded(0):
            function = _moments_of([recipe.make() for recipe in recipes])
        kept.put(key, function)
    return function


def _moments_of(networks):
    """Compile ``(values, x, weight, own)`` to moments of the inputs of each norm.

    Rows of weight 0 do not count. Where ``own`` is 1, and not 0, a layer normalises by
    the moments of the batch. A layer may be called several times, hence the lists.
    """
    variables = [v for network in networks for v in network.variables]
    layers = norms_of(*networks)

    def moments(values, x, weight, own):
        COMPILED["statistics"] += 1
        found = [[] for _ in layers]
        scope = keras.StatelessScope(zip(variables, values, strict=True))
        with scope, _recording(layers, weight, own, found):
            for network in networks:
                x = network(x, training=False)
        return found

    return compile_forward(moments)


@contextmanager
def _recording(layers, weight, own, found):
    """Let layers note the moments of what they are called with."""

    def noting(layer, share, notes, call):
        def noted(inputs, *args, **kwargs):
            size, mean, variance = _weighted_moments(inputs, weight, layer.axis)
            notes.append((size, mean, variance))
            for v, batch in (
                (layer.moving_mean, mean),
                (layer.moving_variance, variance),
            ):
                v.assign(share * batch + (1 - share) * v)
            return call(inputs, training=False)

        return noted

    for i, layer in enumerate(layers):
        layer.call = noting(layer, own[i], found[i], layer.call)
    try:
        yield
    finally:
        for layer in layers:
            del layer.call


def _weighted_moments(inputs, weight, axis):
    """Return the summed weight, the mean and the variance along an axis."""
    x = ops.cast(inputs, "float32")
    others = [i for i in range(len(x.shape)) if i != axis % len(x.shape)]
    w = ops.reshape(weight, (-1,) + (1,) * (len(x.shape) - 1)) * ops.ones_like(x)
    size = ops.sum(w, axis=others)
    mean = ops.sum(w * x, axis=others, keepdims=True) / ops.sum(
        w, axis=others, keepdims=True
    )
    variance = ops.sum(w * (x - mean) ** 2, axis=others) / size
    return size, ops.reshape(mean, (-1,)), variance
