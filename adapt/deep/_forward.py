"""What networks compute from rows, in batches of few sizes."""

import keras
import numpy as np
from keras import ops

from adapt.deep._engine import COMPILED, compile_forward, seeded, to_device, to_numpy
from adapt.deep._kept import LARGEST, kept

__all__ = ["forward_of", "in_batches", "outputs_of", "padded_batches"]


def outputs_of(networks, recipes, X, instead=None):
    """Return what a chain of networks computes from ``X``, in batches.

    What is compiled depends on the structure alone and takes the weights as an
    argument.

    Parameters
    ----------
    networks : list of keras.Model
        The first takes the rows, each other the outputs of the one before.

    recipes : list of Recipe or None
        How to build each of them again; None where Keras cannot.

    X : array-like of shape (n_samples, ...)
        Rows.

    instead : dict of ndarray, or None
        Values in the place of those of variables, by ``id``.

    Returns
    -------
    outputs : ndarray of shape (n_samples, ...), dtype float32
    """
    if None in recipes:
        return in_batches(forward_of(networks), networks, X, instead=instead)
    policy = keras.config.dtype_policy().name
    key = ("forward", *(recipe.key for recipe in recipes), policy)
    function = kept.get(key)
    if function is None:
        if sum(network.count_params() for network in networks) > LARGEST:
            return in_batches(forward_of(networks), networks, X, instead=instead)
        with seeded(0):
            function = forward_of([recipe.make() for recipe in recipes])
        kept.put(key, function)
    return in_batches(function, networks, X, instead=instead)


def in_batches(function, networks, X, batch_size=None, instead=None):
    """Return what a `forward_of` networks of this structure computes from ``X``.

    Only one batch is on the device at once, by default of about 4 MB.
    """
    instead = {} if instead is None else instead
    values = [
        to_device(instead[id(v)]) if id(v) in instead else v.value
        for network in networks
        for v in network.variables
    ]
    parts = []
    for rows, weight in padded_batches(X, batch_size):
        outputs = to_numpy(function(values, to_device(rows)))
        parts.append(outputs[: int(weight.sum())])
    return np.concatenate(parts)


def padded_batches(X, size=None):
    """Yield batches of rows, filled up with zeros, and weights: 1 for a row, else 0.

    Sizes are powers of two, so that few are ever compiled.
    """
    if size is None:
        row_bytes = 4 * max(X[:1].size, 1)
        size = 2 ** int(np.clip(np.log2(2**22 / row_bytes), 5, 12))
    for start in range(0, len(X), size):
        part = X[start : start + size]
        full = min(max(2 ** int(len(part) - 1).bit_length(), 16), size)
        rows = np.zeros((full, *X.shape[1:]), dtype=np.float32)
        rows[: len(part)] = part
        yield rows, (np.arange(full) < len(part)).astype(np.float32)


def forward_of(networks):
    """Compile a function ``(values, x)`` of a chain of networks, for `in_batches`."""
    variables = [v for network in networks for v in network.variables]

    def forward(values, x):
        COMPILED["forward"] += 1
        with keras.StatelessScope(zip(variables, values, strict=True)):
            for network in networks:
                x = network(x, training=False)
            return ops.cast(x, "float32")

    return compile_forward(forward)
