"""STRUT: the structure of a tree stays, its thresholds are fitted to the target."""

from typing import NamedTuple

import numpy as np

from adapt.parameter_based._tree_measures import PURE
from adapt.parameter_based._tree_nodes import (
    TIE,
    finished,
    first_of_best,
    follow,
    sums_by_slot,
)
from adapt.parameter_based._tree_rows import all_splits, middle


def _choose(splits, n_slots, children, measure, options):
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


class _Level(NamedTuple):
    """The nodes of one depth that target rows reach, a slot each.

    ``row`` are the rows, slot by slot, and ``lengths`` how many each slot has; ``sums``
    and ``size`` are their sums and weights.
    """

    row: np.ndarray
    node: np.ndarray
    lengths: np.ndarray
    sums: np.ndarray
    size: np.ndarray

    def only(self, slots):
        """Return some of the slots."""
        return _Level(
            self.row[np.repeat(slots, self.lengths)],
            self.node[slots],
            self.lengths[slots],
            self.sums[:, slots],
            self.size[slots],
        )


def _root(sample):
    """Return the root of a tree, which all rows of positive weight reach."""
    rows, Z, weight, _ = sample
    row = np.arange(len(rows.X)) if weight is None else np.flatnonzero(weight > 0)
    lengths = np.array([len(row)])
    sums = sums_by_slot(np.zeros(len(row), dtype=np.int64), Z[:, row], 1)
    size = lengths if weight is None else weight[row].sum(keepdims=True)
    return _Level(row, np.array([0]), lengths, sums, size)


def _part_stuck(level, stuck, ways, children, measure, kept):
    """Say where rows go that no threshold parts: to the child that they are more like.

    Parameters
    ----------
    level : _Level

    stuck : ndarray of shape (n_stuck,)
        Slots of such rows.

    ways : ndarray of shape (2, n_slots)
        Left and right children.

    children : pair of ndarrays of shape (n_slots, n_values)
        Source values of the left and of the right child.

    measure, kept
        As in `strut`.

    Returns
    -------
    to_right, held : ndarrays of bool of shape (n_stuck,)
        Whether they go to the right, and whether the other child is left as it is.

    taken : ndarray of shape (n_stuck,)
        The child that they go to.
    """
    sums, size = level.sums[:, stuck], level.size[stuck]
    unlike = [measure.unlikeness(sums, size, child[stuck]) for child in children]
    to_right = unlike[1] < unlike[0] - TIE
    taken, lost = (
        np.where(to_right ^ flip, ways[1, stuck], ways[0, stuck])
        for flip in (False, True)
    )
    return to_right, kept(lost, np.zeros_like(sums)), taken


def _split_level(sample, level, nodes, jump, compared, kept, options):
    """Fit the thresholds of one level; return the level below.

    ``nodes`` and ``jump`` are written to.
    """
    splits = all_splits(
        sample,
        level.row,
        level.lengths,
        nodes.feature[level.node],
        level.sums,
        level.size,
    )
    node = level.node
    children = compared[nodes.left[node]], compared[nodes.right[node]]
    chosen, swap = _choose(splits, len(node), children, sample.measure, options)
    turned = node[swap]
    nodes.left[turned], nodes.right[turned] = nodes.right[turned], nodes.left[turned]
    ways = np.stack([nodes.left[node], nodes.right[node]])

    part, n_part, length = level.sums.copy(), level.size.copy(), level.lengths.copy()
    stuck = np.flatnonzero(chosen < 0)
    if stuck.size:
        to_right, held, taken = _part_stuck(
            level, stuck, ways, children, sample.measure, kept
        )
        jump[node[stuck[~held]]] = taken[~held]
        value = sample.rows.values.take(splits.spot[splits.first[stuck]])
        to_right = np.where(held, value > nodes.threshold[node[stuck]], to_right)
        empty = stuck[to_right]
        part[:, empty], n_part[empty], length[empty] = 0, 0, 0
    free = np.flatnonzero(chosen >= 0)
    pick = chosen[free]
    nodes.threshold[node[free]] = middle(sample.rows, splits, splits.at[pick])
    part[:, free], n_part[free] = splits.below[:, pick], splits.n_below[pick]
    length[free] = splits.at[pick] - splits.first[free] + 1

    lengths = np.stack([length, level.lengths - length], axis=1).ravel()
    full = lengths > 0
    sums = np.stack([part, level.sums - part], axis=2).reshape(len(part), -1)
    size = np.stack([n_part, level.size - n_part], axis=1).ravel()
    return _Level(
        splits.row, ways.T.ravel()[full], lengths[full], sums[:, full], size[full]
    )


def strut(nodes, sample, options, compared, kept):
    """Refit the thresholds of a tree to the target, and keep its structure.

    Parameters
    ----------
    nodes : Nodes
        The source tree.

    sample : Sample
        The target.

    options : StrutOptions

    compared : ndarray of the shape of ``nodes.value``
        Source values that target rows are compared with.

    kept : callable
        Given nodes and the sums of their target rows, tells which are left as they are.

    Returns
    -------
    nodes : Nodes
    impurity : ndarray of shape (n_nodes,)
    depth : int
    """
    moved = nodes._replace(
        left=nodes.left.copy(),
        right=nodes.right.copy(),
        threshold=nodes.threshold.copy(),
    )
    measure, n_nodes = sample.measure, len(nodes.left)
    jump = np.arange(n_nodes)
    level = _root(sample)
    sums = np.zeros((len(sample.Z), n_nodes), dtype=level.sums.dtype)
    size = np.zeros(n_nodes, dtype=level.size.dtype)
    while True:
        node = level.node
        sums[:, node], size[node] = level.sums, level.size
        pure = measure.error(level.sums, level.size) <= PURE * level.size
        done = pure | (moved.left[node] < 0)
        spared = done & kept(node, level.sums)
        # What is spared says what the source says, down to its leaves.
        size[node[spared]] = 0
        closed = node[done & ~spared]
        moved.left[closed] = moved.right[closed] = -1
        if done.all():
            break
        level = _split_level(
            sample, level.only(~done), moved, jump, compared, kept, options
        )
    follow(jump)
    return finished(moved, sums, size, jump, measure)
