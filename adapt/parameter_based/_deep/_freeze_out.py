"""FreezeOut: blocks of layers stop moving one after the other, from below."""

import math
from functools import partial

import numpy as np

__all__ = ["N_BLOCKS", "last_epochs", "rate_factors", "stages"]

N_BLOCKS = 4  # each stage is a program of its own, so that there are few by default


def last_epochs(start, n_blocks, epochs):
    """Return for each block after how many epochs it is frozen.

    Parameters
    ----------
    start : float
        What is cubed for the first block; it goes up evenly to 1 for the last.

    n_blocks : int
        Number of blocks.

    epochs : int
        Number of all epochs.

    Returns
    -------
    ends : list of int
        At least 1 and never falling; the last is ``epochs``.
    """
    shares = np.linspace(start, 1, n_blocks) ** 3 if n_blocks > 1 else np.ones(1)
    return [max(1, round(share * epochs)) for share in shares.tolist()]


def rate_factors(epoch, ends, names):
    """Return by what learning rates are multiplied in an epoch, by names of blocks.

    Parameters
    ----------
    epoch : int
        Number of the epoch, from 0.

    ends : list of int
        After how many epochs each block is frozen.

    names : dict of str to int
        The numbers of blocks.

    Returns
    -------
    factors : dict of str to float
        ``(1 + cos(pi t / t_i)) / (2 t_i)`` in the middle of the epoch, with ``t`` and
        the end ``t_i`` of a block as shares of all epochs; 0 after its end.
    """
    total = ends[-1]

    def factor(end):
        if epoch >= end:
            return 0.0
        return (1 + math.cos(math.pi * (epoch + 0.5) / end)) * total / (2 * end)

    return {name: factor(ends[number]) for name, number in names.items()}


def stages(ends, names):
    """Yield what lies between two ends of blocks.

    Parameters
    ----------
    ends, names : list of int, dict of str to int
        As for `rate_factors`.

    Yields
    ------
    first : int
        Number of the first block that still moves.

    epochs : int
        Number of epochs.

    factors : callable
        From the number of an epoch in this stage to what `rate_factors` returns.
    """
    done = 0
    for end in sorted(set(ends)):
        first = next(i for i, own in enumerate(ends) if own > done)
        yield first, end - done, partial(_factors, done, ends, names)
        done = end


def _factors(done, ends, names, epoch):
    return rate_factors(done + epoch, ends, names)
