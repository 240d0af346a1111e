"""Growing trees of target rows below the leaves of a source tree."""

from typing import NamedTuple

import numpy as np

from adapt.parameter_based._tree_measures import PURE
from adapt.parameter_based._tree_nodes import (
    TIE,
    first_of_best,
    sums_by_slot,
)
from adapt.parameter_based._tree_rows import all_splits, middle, slot_bases


def _explained(below, n_below, above, n_above):
    """Return the sum of squares that splits explain, up to a constant."""
    with np.errstate(divide="ignore", invalid="ignore"):
        below = sum(part**2 for part in below) / n_below
        return below + sum(part**2 for part in above) / n_above


class _Level(NamedTuple):
    """Nodes of one depth that are still to be split, a slot each."""

    row: np.ndarray  # slot by slot
    lengths: np.ndarray
    node: np.ndarray
    depth: np.ndarray

    @property
    def slot(self):
        """The slot of each row."""
        return np.repeat(np.arange(len(self.node)), self.lengths)

    def only(self, slots):
        """Return some of the slots."""
        row = self.row[np.repeat(slots, self.lengths)]
        return _Level(row, self.lengths[slots], self.node[slots], self.depth[slots])


class _Growth(NamedTuple):
    """Arrays of trees that grow, with room for more nodes at the end."""

    left: np.ndarray
    right: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray

    def extended(self, n):
        """Return the arrays with leaves appended."""
        leaves = np.full(n, -1)
        return _Growth(
            *(np.concatenate([array, leaves]) for array in self[:3]),
            np.concatenate([self.threshold, np.zeros(n)]),
        )


def _best_columns(sample, level, sums, size, min_leaf, memberships):
    """Return for each slot the column by which it is split best, or -1.

    A split is the better, the more of the sum of squares it explains: of values, or of
    ``memberships``, which add up to the weights, and that is the Gini criterion. All
    columns are treated at once, in chunks of at most a million entries.
    """
    rows, row = sample.rows, level.row
    n, slot = len(rows.X), level.slot
    base = slot_bases(level.lengths, n)
    last = np.cumsum(level.lengths) - 1
    first = last - level.lengths + 1
    best = np.empty((len(rows.order), len(size)))
    chunk = max(1, 1_000_000 // len(row))
    for start in range(0, len(best), chunk):
        columns = np.arange(start, min(start + chunk, len(best)))
        offset = columns[:, None] * n
        key = base | rows.place.take(offset + row)
        key.sort(axis=1)
        spot = offset + (key - base)
        Z = sample.Z[:-1] if memberships else sample.Z
        below, n_below = _sums_below(
            Z, sample.weight, rows.order.take(spot), slot, first
        )
        if memberships:  # those of the last class are what is left
            below.append(n_below - sum(below))
        total, n_total = sums.take(slot, axis=1), size.take(slot)
        above = [t - part for t, part in zip(total, below, strict=True)]
        n_above = n_total - n_below
        score = _explained(below, n_below, above, n_above)
        values = rows.values.take(spot)
        legal = np.zeros(score.shape, dtype=bool)
        legal[:, :-1] = values[:, 1:] > values[:, :-1]
        legal &= (n_below >= min_leaf) & (n_above >= min_leaf)
        legal[:, last] = False
        score[~legal] = -np.inf
        best[columns] = np.maximum.reduceat(score, first, axis=1)
    top = best.max(axis=0)
    column = np.argmax(best >= top - TIE * size, axis=0)
    return np.where(np.isinf(top), -1, column)


def _sums_below(Z, weight, which, slot, first):
    """Return running sums of ``Z`` and of weights over rows, restarted in each slot."""

    def running(column):
        run = np.cumsum(column.take(which), axis=1)
        before = run.take(first, axis=1) - column.take(which.take(first, axis=1))
        return run - before.take(slot, axis=1)

    if bool((weight.take(which[0]) == 1).all()):
        n_below = np.arange(1.0, which.shape[1] + 1)[None] - first.take(slot)
    else:
        n_below = running(weight)
    return [running(column) for column in Z], n_below


def grow(sample, row, lengths, depth, options):
    """Grow a tree of its own in each slot, until rows are pure.

    Parameters
    ----------
    sample : Sample
        The target, with weights.

    row : ndarray of shape (n_given,)
        Rows that are given, slot by slot.

    lengths : ndarray of shape (n_slots,)
        How many rows each slot has.

    depth : ndarray of shape (n_slots,)
        Depth of the root of each tree.

    options : SerOptions
        The depth below which nothing is split, and the least weight of a leaf.

    Returns
    -------
    left, right, feature, threshold : ndarrays of shape (n_nodes,)
        The roots come first; of the other nodes, children follow their parents.

    leaf : ndarray of shape (n_samples,)
        The node in which each given row ends.
    """
    measure, weight = sample.measure, sample.weight
    leaf = np.zeros(len(sample.rows.X), dtype=np.int64)
    grown = _Growth(*np.full((3, 0), -1), np.zeros(0)).extended(len(depth))
    to_split = sample._replace(Z=measure.squares(sample.Z))
    memberships = np.array_equal(to_split.Z.sum(axis=0), weight)
    level = _Level(row, lengths, np.arange(len(depth)), depth)
    while True:
        slot = level.slot
        leaf[level.row] = level.node[slot]
        size = np.bincount(slot, weight[level.row], len(level.node))
        sums = sums_by_slot(slot, sample.Z[:, level.row], len(level.node))
        open_ = measure.error(sums, size) > PURE * size
        if options.max_depth is not None:
            open_ &= level.depth < options.max_depth
        if not open_.any():
            break
        level, size = level.only(open_), size[open_]
        sums = sums_by_slot(level.slot, to_split.Z[:, level.row], len(level.node))
        column = _best_columns(
            to_split, level, sums, size, options.min_samples_leaf, memberships
        )
        open_ = column >= 0
        if not open_.any():
            break
        level = level.only(open_)
        grown, level = _split_level(
            to_split, grown, level, column[open_], sums[:, open_], size[open_], options
        )
    return *grown, leaf


def _split_level(sample, grown, level, column, sums, size, options):
    """Split each slot by its column; return the trees, and the level below."""
    splits = all_splits(sample, level.row, level.lengths, column, sums, size)
    sides = splits.n_below, splits.n_above
    score = _explained(splits.below, sides[0], splits.above, sides[1])
    score[np.minimum(*sides) < options.min_samples_leaf] = -np.inf
    starts = np.flatnonzero(np.diff(splits.slot, prepend=-1) > 0)
    best = first_of_best(score / size[splits.slot], splits.slot, starts)
    best = splits.at[best]

    node = level.node
    children = len(grown.left) + np.arange(2 * len(node)).reshape(-1, 2)
    grown.feature[node] = column
    grown.threshold[node] = middle(sample.rows, splits, best)
    grown.left[node], grown.right[node] = children.T
    length = best - splits.first + 1
    lengths = np.stack([length, level.lengths - length], axis=1).ravel()
    below = _Level(splits.row, lengths, children.ravel(), np.repeat(level.depth + 1, 2))
    return grown.extended(children.size), below
