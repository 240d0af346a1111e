"""STRUT: the structure of a tree stays, its thresholds are fitted to the target."""

from typing import NamedTuple

import numpy as np

from adapt.parameter_based._strut_splits import choose_splits
from adapt.parameter_based._tree_measures import PURE
from adapt.parameter_based._tree_nodes import (
    TIE,
    finished,
    follow,
    sums_by_slot,
)
from adapt.parameter_based._tree_rows import all_splits, middle


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
    chosen, swap = choose_splits(splits, len(node), children, sample.measure, options)
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
