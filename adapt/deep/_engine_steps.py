"""What the engines of the three backends share: batches, blocks of them, and logs."""

import math
from collections import Counter

import keras
import numpy as np
from keras import ops

__all__ = [
    "COMPILED",
    "N_LOGS",
    "batch_of",
    "blocks_of",
    "is_irregular",
    "is_small",
    "product",
    "stacked",
]

COMPILED = Counter()  # how often an epoch or a forward pass was traced, for tests
N_LOGS = 32  # most numbers that a step may report
_BLOCK_BYTES = 2**21  # rows gathered at once in compiled epochs

# Networks of fewer parameters do not gain from several threads.
_FEW_PARAMETERS = 1_000_000


def is_irregular(network):
    """Return whether a network convolves or recurs: such loops compile badly."""
    layers = network._flatten_layers()
    recurs = any(isinstance(layer, keras.layers.RNN) for layer in layers)
    return recurs or any(len(w.shape) > 2 for w in network.weights)


def is_small(variables):
    """Return whether variables are too few to gain from several threads."""
    return sum(math.prod(v.shape) for v in variables) < _FEW_PARAMETERS


def product(x, y, transpose_a=False, transpose_b=False):
    """Return the product of matrices, of which either may be transposed first."""
    return (x.T if transpose_a else x) @ (y.T if transpose_b else y)


def batch_of(rows, data, index, scalars):
    """Return the batch of one step, or of a block of steps.

    Parameters
    ----------
    rows : callable
        ``rows(array, index)`` gathers rows.

    data : dict of dict of tensors
        Arrays by group and name.

    index : dict of integer tensors
        Rows to gather, by group.

    scalars : dict of tensors
        What else is in the batch.
    """
    batch = {
        name: rows(array, index[group])
        for group, arrays in data.items()
        for name, array in arrays.items()
    }
    return {**batch, **scalars}


def blocks_of(data, index, scalars):
    """Return index and scalars with an axis of blocks in front, and a block's length.

    The rows of a block are gathered at once. XLA on a CPU spreads each gather out of
    much data over its threads, and waiting for them takes longer than a small step.
    """
    step = sum(
        4 * index[group].shape[1] * int(np.prod(array.shape[1:]))
        for group, arrays in data.items()
        for array in arrays.values()
    )
    n_steps = next(iter(index.values())).shape[0]
    size = int(np.clip(_BLOCK_BYTES // step, 1, n_steps))

    def blocks(array):
        rest = [[0, 0]] * (len(array.shape) - 1)
        array = ops.pad(array, [[0, -n_steps % size], *rest])
        return ops.reshape(array, (-1, size, *array.shape[1:]))

    index, scalars = (
        {name: blocks(array) for name, array in arrays.items()}
        for arrays in (index, scalars)
    )
    return index, scalars, size


def stacked(logs, names):
    """Return logs as one vector of fixed size, and leave their names in ``names``."""
    names[:] = logs
    values = ops.stack([ops.cast(value, "float32") for value in logs.values()])
    return ops.pad(values, [[0, N_LOGS - len(logs)]])
