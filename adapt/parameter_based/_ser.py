"""SER: leaves of a tree are expanded by target rows, and reduced again."""

from typing import NamedTuple

import numpy as np

from adapt.parameter_based._tree_measures import PURE
from adapt.parameter_based._tree_nodes import (
    TIE,
    Nodes,
    finished,
    first_of_best,
    follow,
    levels_of,
    node_sums,
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
    """Return running sums of ``Z`` and of weights over rows, anew in each slot."""

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


class SerOptions(NamedTuple):
    """Variants of SER; see `adapt.parameter_based.TransferTreeClassifier`."""

    max_depth: int | None = None
    min_samples_leaf: float = 1


def _expanded(nodes, sample, leaf, frozen, options):
    """Return the tree with trees grown in its leaves, and the leaf of each row."""
    old = len(nodes.left)
    depth = np.empty(old, dtype=np.int64)
    for i, level in enumerate(levels_of(nodes.left, nodes.right)):
        depth[level] = i
    row = np.flatnonzero(sample.weight > 0)
    row = row[~frozen[leaf[row]]]
    row = row[np.argsort(leaf[row], kind="stable")]
    roots, lengths = np.unique(leaf[row], return_counts=True)
    *grown, ends = grow(sample, row, lengths, depth[roots], options)
    # Roots of what was grown take the place of leaves; other nodes are appended.
    n_new = len(grown[0]) - len(roots)
    name = np.concatenate([roots, old + np.arange(n_new)])
    arrays = [
        np.concatenate([array, np.zeros(n_new, dtype=array.dtype)])
        for array in (nodes.left, nodes.right, nodes.feature, nodes.threshold)
    ]
    for array, new in zip(arrays[:2], grown[:2], strict=True):
        array[name] = np.where(new < 0, -1, name[new])
    for array, new in zip(arrays[2:], grown[2:], strict=True):
        array[name] = new
    leaf = leaf.copy()
    leaf[row] = name[ends[row]]
    value = np.concatenate([nodes.value, np.zeros((n_new, nodes.value.shape[1]))])
    return Nodes(*arrays, value, np.zeros(old + n_new)), leaf


def _reduced(nodes, own, error, size, stays):
    """Cut what explains nothing; return where each node leads.

    ``own`` is the error of each node as a leaf, ``error`` that of the leaves below it.
    Both children of ``nodes`` and ``error`` are written to.
    """
    left, right = nodes.left, nodes.right
    jump = np.arange(len(left))
    for level in reversed(levels_of(left, right)):
        level = level[left[level] >= 0]
        a, b = left[level], right[level]
        stays[level] = stays[a] | stays[b]
        error[level] = error[a] + error[b]
        reduced = ~stays[level] & (own[level] <= error[level] + TIE * size[level])
        cut, level, a, b = level[reduced], level[~reduced], a[~reduced], b[~reduced]
        left[cut] = right[cut] = -1
        error[cut] = own[cut]
        gone_a, gone_b = ((size[c] == 0) & ~stays[c] for c in (a, b))
        jump[level[gone_a]] = b[gone_a]
        jump[level[gone_b]] = a[gone_b]
    follow(jump)
    return jump


def ser(nodes, sample, leaf, options, unreduced, unexpanded):
    """Expand the leaves of a tree by target rows, and reduce what they do not need.

    Parameters
    ----------
    nodes : Nodes
        The source tree.

    sample : Sample
        The target, with weights.

    leaf : ndarray of shape (n_samples,)
        The leaf of the source tree of each target row.

    options : SerOptions

    unreduced : ndarray of bool of shape (n_nodes,)
        Leaves that stay, with all above them, where no target row reaches them.

    unexpanded : ndarray of bool of shape (n_nodes,)
        Leaves that stay as they are where target rows reach them.

    Returns
    -------
    nodes : Nodes
    impurity : ndarray of shape (n_nodes,)
    depth : int
    """
    measure, old = sample.measure, len(nodes.left)
    seen = np.bincount(leaf[sample.weight > 0], minlength=old) > 0
    frozen = unexpanded & seen
    whole, leaf = _expanded(nodes, sample, leaf, frozen, options)
    sums, size = node_sums(whole, leaf, sample.Z, sample.weight)
    new = np.zeros(len(size) - old, dtype=bool)
    stays = np.concatenate([unreduced & ~seen, new])
    frozen = np.concatenate([frozen, new])
    with np.errstate(invalid="ignore", divide="ignore"):
        own = np.where(size > 0, measure.error(sums, size), 0)
    error = own.copy()
    if frozen.any():
        error[frozen] = measure.error_of(
            whole.value[frozen], sums[:, frozen], size[frozen]
        )
    jump = _reduced(whole, own, error, size, stays)
    # What is frozen says what the source says.
    size[frozen & (whole.left < 0)] = 0
    return finished(whole, sums, size, jump, measure)
