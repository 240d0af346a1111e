"""Which split of a node keeps what the source tree says of its children."""

from typing import NamedTuple

import numpy as np

from adapt.parameter_based._tree_nodes import (
    TIE,
    first_of_best,
)


def choose_splits(splits, n_slots, children, measure, options):
    """Return for each slot which split is best, or -1, and whether to swap children.

    ``children`` holds the source values of the left and of the right child.
    """
    chosen, swap = np.full(n_slots, -1), np.zeros(n_slots, dtype=bool)
    slot = splits.slot
    if not slot.size:
        return chosen, swap
    gain = measure.gain(splits.below, splits.n_below, splits.above, splits.n_above)
    first = np.diff(slot, prepend=-1) > 0
    starts = np.flatnonzero(first)

    candidate = np.zeros(len(slot), dtype=bool)
    if options.use_divergence and len(slot) > 2:
        step = np.diff(gain)
        peak = (step[:-1] >= -TIE) & (step[1:] <= TIE)
        candidate[1:-1] = peak & ~first[1:-1] & ~first[2:]
    found = np.logical_or.reduceat(candidate, starts)
    if options.use_divergence and not options.default_to_gain:
        candidate |= ~np.repeat(found, np.diff(starts, append=len(slot)))
    elif not found.all():
        rank = np.cumsum(first) - 1
        candidate[first_of_best(gain, rank, starts)[~found]] = True

    at = np.flatnonzero(candidate)
    slot = slot[at]
    sides = (
        (splits.below.take(at, axis=1), splits.n_below.take(at)),
        (splits.above.take(at, axis=1), splits.n_above.take(at)),
    )
    a, b = (
        (value.T.take(slot, axis=1), measure.entropy(value).take(slot))
        for value in children
    )
    unlike = [
        measure.unlikeness_of_split(sides, pair, gain[at]) for pair in ((a, b), (b, a))
    ]
    starts = np.flatnonzero(np.diff(slot, prepend=-1) > 0)
    rank = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(slot)))
    straight, turned = (first_of_best(-u, rank, starts) for u in unlike)
    swapped = unlike[1][turned] < unlike[0][straight] - TIE
    chosen[slot[starts]] = at[np.where(swapped, turned, straight)]
    swap[slot[starts]] = swapped
    return chosen, swap


class StrutOptions(NamedTuple):
    """Variants of STRUT; see `adapt.parameter_based.TransferTreeClassifier`."""

    use_divergence: bool = True
    default_to_gain: bool = True
