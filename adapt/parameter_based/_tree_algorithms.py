"""Moving a decision tree to other data: relabelling, SER and STRUT on arrays.

A tree is a set of parallel arrays, as in scikit-learn. All nodes of one depth are
treated together: their rows lie side by side, in *slots*, one slot a node, so that the
work is a few array operations per level of the tree. What a tree predicts enters
through a *measure*, `Classes` or `Numbers`. Sums over rows have the nodes last.
"""

import copy
from typing import NamedTuple

import numpy as np

# Quantities of one row that differ by less are equal, whatever the order of summation.
_TIE = 1e-9

# A variance below this, in units of the variance of all rows, is none.
_PURE = 1e-12

# Rows in a slot, on average, from which slots are sorted faster one by one.
_LONG = 32


class Nodes(NamedTuple):
    """Arrays of a tree, one entry per node; children of leaves are -1."""

    left: np.ndarray
    right: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    value: np.ndarray
    size: np.ndarray


class Rows(NamedTuple):
    """Target rows, each column sorted once.

    ``order[j]`` lists the rows by column ``j``, ``values[j]`` their entries in that
    order and ``place[j]`` the place of each row in it; ``tied[j]`` tells which entries
    are equal to the next.
    """

    X: np.ndarray
    order: np.ndarray
    values: np.ndarray
    place: np.ndarray
    tied: np.ndarray


def sort_rows(X):
    """Return ``X`` as `Rows`, in the precision of scikit-learn's trees."""
    X = np.ascontiguousarray(X, dtype=np.float32)
    columns = X.T.copy()
    order = np.argsort(columns, axis=1).astype(np.int32)
    place = np.empty_like(order)
    numbers = np.arange(len(X), dtype=np.int32)
    np.put_along_axis(place, order, numbers[None], axis=1)
    values = np.take_along_axis(columns, order, axis=1)
    tied = np.zeros(values.shape, dtype=bool)
    tied[:, :-1] = values[:, 1:] == values[:, :-1]
    return Rows(X, order, values, place, tied)


def _xlogx(x):
    """Return ``x log x``, which is 0 at 0."""
    return x * np.log(np.maximum(x, np.finfo(np.float64).tiny))


class Classes:
    """What a classification tree measures: sums of rows are counts of classes.

    Sums have a row for each class; with whole numbers up to ``largest`` a table stands
    in for logarithms.
    """

    def __init__(self, largest=None):
        self._table = None if largest is None else _xlogx(np.arange(largest + 1.0))

    def _xlogx(self, x):
        return _xlogx(x) if self._table is None else self._table.take(x)

    def running_sums(self, Z, row, first, lengths, n_below):
        """Return running sums; those of the last class are what is left."""
        head = [_running(column, row, first, lengths) for column in Z[:-1]]
        return np.stack([*head, n_below - sum(head)])

    def squares(self, Z):
        """Return the sums that Gini impurity is made of."""
        return Z

    def value(self, sums, size):
        """Return what nodes predict."""
        return (sums / size).T

    def error(self, sums, size):
        """Return the number of rows that a leaf gets wrong."""
        return size - sums.max(axis=0)

    def error_of(self, value, sums, size):
        """Return the number of rows that leaves of given values get wrong."""
        return size - np.take_along_axis(sums, value.argmax(axis=1)[None], axis=0)[0]

    def impurity(self, sums, size):
        """Return the Gini impurity."""
        return 1 - np.sum((sums / size) ** 2, axis=0)

    def gain(self, below, n_below, above, n_above):
        """Return the information gain of splits per row, up to a constant."""
        gain = -self._xlogx(n_below) - self._xlogx(n_above)
        for side in (below, above):
            for counts in side:
                gain += self._xlogx(counts)
        return gain / (n_below + n_above)

    def unlikeness(self, sums, size, value):
        """Return the Jensen-Shannon divergence of rows from what nodes predict."""
        p, q = sums / size, value.T
        return ((_xlogx(p) + _xlogx(q)) / 2 - _xlogx((p + q) / 2)).sum(axis=0)

    def entropy(self, value):
        """Return the negative entropy of what nodes predict."""
        return _xlogx(value).sum(axis=1)

    def unlikeness_of_split(self, sides, children, gain):
        """Return the divergence of two sides from two nodes, weighted by rows.

        The entropies of the sides are in the gain, those of the nodes are given.
        """
        total = gain / 2
        n = sides[0][1] + sides[1][1]
        for (sums, size), (value, entropy) in zip(sides, children, strict=True):
            middle = 0
            for part, q in zip(sums, value, strict=True):
                middle = middle + _xlogx((part / size + q) / 2)
            total += size / n * (entropy / 2 - middle)
        return total


class Numbers:
    """What a regression tree measures: sums of values and, last, of their squares."""

    def running_sums(self, Z, row, first, lengths, n_below):
        """Return running sums."""
        return np.stack([_running(column, row, first, lengths) for column in Z])

    def squares(self, Z):
        """Return the sums that variance is made of."""
        return Z[:-1]

    def value(self, sums, size):
        """Return what nodes predict."""
        return (sums[:-1] / size).T

    def error(self, sums, size):
        """Return the squared error of a leaf."""
        error = sums[-1] - np.sum(sums[:-1] ** 2, axis=0) / size
        return np.where(error > _PURE * size, error, 0.0)

    def impurity(self, sums, size):
        """Return the variance, summed over outputs."""
        return self.error(sums, size) / size

    def gain(self, below, n_below, above, n_above):
        """Return the variance that splits explain, up to a constant."""
        gain = np.sum(below[:-1] ** 2, axis=0) / n_below
        gain += np.sum(above[:-1] ** 2, axis=0) / n_above
        return gain / (n_below + n_above)

    def entropy(self, value):
        """Return nothing: means need no entropies."""
        return np.zeros(len(value))

    def unlikeness(self, sums, size, value):
        """Return the squared distance of means from what nodes predict."""
        return np.sum((sums[:-1] / size - value.T) ** 2, axis=0)

    def unlikeness_of_split(self, sides, children, gain):
        """Return the distance of two sides from two nodes, weighted by rows."""
        (below, n_below), (above, n_above) = sides
        total = n_below * self.unlikeness(below, n_below, children[0][0].T)
        total += n_above * self.unlikeness(above, n_above, children[1][0].T)
        return total / (n_below + n_above)


def _sums(slot, Z, n_slots):
    """Return the sums of the rows of ``Z``, a column each, by slot."""
    sums = np.stack([np.bincount(slot, row, n_slots) for row in Z])
    return sums if Z.dtype.kind == "f" else np.rint(sums).astype(np.int64)


def _levels(left, right):
    """Return the nodes of each depth, the root first."""
    level, levels = np.array([0]), []
    while level.size:
        levels.append(level)
        inner = level[left[level] >= 0]
        level = np.concatenate([left[inner], right[inner]])
    return levels


def _gather(left, right, levels, sums):
    """Return the sums of leaves, added up to the nodes above them."""
    sums = sums.copy()
    for level in reversed(levels):
        inner = level[left[level] >= 0]
        sums[..., inner] = sums[..., left[inner]] + sums[..., right[inner]]
    return sums


def _node_sums(nodes, leaf, Z, weight):
    """Return the sums and the weights of the target rows of each node."""
    leaf_sums = _sums(leaf, np.vstack([Z, weight]), len(nodes.left))
    levels = _levels(nodes.left, nodes.right)
    sums = _gather(nodes.left, nodes.right, levels, leaf_sums)
    return sums[:-1], sums[-1]


def _first_of_best(score, slot, starts):
    """Return, for each slot, the first position whose score is within a tie of best."""
    best = np.maximum.reduceat(score, starts)
    near = np.flatnonzero(score >= best[slot] - _TIE)
    return near[np.diff(slot[near], prepend=-1) > 0]


def relabel(nodes, leaf, Z, weight, measure):
    """Give each node that the target reaches what its target rows say.

    Parameters
    ----------
    nodes : Nodes
        The source tree.

    leaf : ndarray of shape (n_samples,)
        The leaf of each target row.

    Z : ndarray of shape (n_sums, n_samples)
        Weighted memberships, or weighted values and squares.

    weight : ndarray of shape (n_samples,)
        Weights of the rows.

    measure : Classes or Numbers

    Returns
    -------
    nodes : Nodes
    impurity : ndarray of shape (n_nodes,)
    depth : int
    """
    sums, size = _node_sums(nodes, leaf, Z, weight)
    return _finish(nodes, sums, size, np.arange(len(size)), measure)


def _finish(nodes, sums, size, jump, measure):
    """Return the nodes that are left, with what their target rows say.

    ``jump`` tells which node stands in the place of each. Nodes without target rows
    keep their values.
    """
    level, levels, n_nodes = jump[:1], [], 1
    left, right = np.full((2, len(jump)), -1)
    while level.size:
        levels.append(level)
        inner = level[nodes.left[level] >= 0]
        children = n_nodes + np.arange(2 * len(inner)).reshape(2, -1)
        left[inner], right[inner] = children
        n_nodes += children.size
        level = jump[np.concatenate([nodes.left[inner], nodes.right[inner]])]
    kept = np.concatenate(levels)

    seen = size[kept] > 0
    reached = kept[seen]
    value = nodes.value[kept]
    value[seen] = measure.value(sums[:, reached], size[reached])
    impurity = np.zeros(len(kept))
    impurity[seen] = measure.impurity(sums[:, reached], size[reached])
    finished = Nodes(
        left[kept],
        right[kept],
        np.where(left[kept] < 0, -2, nodes.feature[kept]),
        np.where(left[kept] < 0, -2.0, nodes.threshold[kept]),
        value,
        size[kept],
    )
    return finished, impurity, len(levels) - 1


class _Splits(NamedTuple):
    """All splits of the rows of each slot by one column.

    ``row`` are the rows, by slot and in it by the column, and ``spot`` where they stand
    in `Rows`; each slot starts at ``first``. It may be split behind the places ``at``,
    where the next row has a larger value; ``slot`` are the slots of those. The sums
    ``below`` and sizes ``n_below`` are up to there; ``above`` and ``n_above`` are what
    is left.
    """

    row: np.ndarray
    spot: np.ndarray
    first: np.ndarray
    at: np.ndarray
    slot: np.ndarray
    below: np.ndarray
    n_below: np.ndarray
    above: np.ndarray
    n_above: np.ndarray


def _all_splits(rows, row, lengths, feature, Z, weight, sums, size, measure):
    """Return all splits of rows that lie slot by slot, by the column of each slot."""
    offset = np.repeat(feature * len(rows.X), lengths)
    last = np.cumsum(lengths) - 1
    first = last - lengths + 1
    place = rows.place.take(offset + row)
    spot = offset + _sorted_by_slot(place, first, lengths)
    row = rows.order.take(spot)
    larger = np.ones(len(row) - 1, dtype=bool)
    near = np.flatnonzero(rows.tied.take(spot[:-1]))
    larger[near] = rows.values.take(spot[near + 1]) > rows.values.take(spot[near])
    larger[last[:-1]] = False
    at = np.flatnonzero(larger)
    slot = np.repeat(np.arange(len(lengths)), lengths).take(at)
    if weight is None:
        n_below = np.arange(1, len(row) + 1) - np.repeat(first, lengths)
    else:
        n_below = _running(weight, row, first, lengths)
    below = measure.running_sums(Z, row, first, lengths, n_below).take(at, axis=1)
    n_below = n_below.take(at)
    above, n_above = sums.take(slot, axis=1) - below, size.take(slot) - n_below
    return _Splits(row, spot, first, at, slot, below, n_below, above, n_above)


def _sorted_by_slot(place, first, lengths):
    """Return places in ascending order within each slot."""
    if len(place) > _LONG * len(lengths):
        for start, end in zip(first.tolist(), (first + lengths).tolist(), strict=True):
            place[start:end].sort()
        return place
    base = _slot_bases(lengths, int(place.max()))
    key = base | place
    key.sort()
    return key - base


def _slot_bases(lengths, largest):
    """Return numbers that, added to places, put them in order of slots first."""
    bits = largest.bit_length()
    wide = np.int64 if bits + len(lengths).bit_length() > 31 else np.int32
    return np.repeat(np.arange(len(lengths), dtype=wide) << bits, lengths)


def _running(column, row, first, lengths):
    """Return running sums over rows that start anew in each slot."""
    column = column.take(row)
    wide = np.float64 if column.dtype.kind == "f" else np.int64
    running = np.cumsum(column, dtype=wide)
    return running - np.repeat(running[first] - column[first], lengths)


def _middle(rows, splits, at):
    """Return thresholds between the rows at some places and the next ones."""
    low, high = (rows.values.take(splits.spot[at + i]) for i in (0, 1))
    return (low.astype(np.float64) + high) / 2


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
        peak = (step[:-1] >= -_TIE) & (step[1:] <= _TIE)
        candidate[1:-1] = peak & ~first[1:-1] & ~first[2:]
    found = np.logical_or.reduceat(candidate, starts)
    if options.use_divergence and not options.default_to_gain:
        candidate |= ~np.repeat(found, np.diff(starts, append=len(slot)))
    elif not found.all():
        rank = np.cumsum(first) - 1
        candidate[_first_of_best(gain, rank, starts)[~found]] = True

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
    straight, turned = (_first_of_best(-u, rank, starts) for u in unlike)
    swapped = unlike[1][turned] < unlike[0][straight] - _TIE
    chosen[slot[starts]] = at[np.where(swapped, turned, straight)]
    swap[slot[starts]] = swapped
    return chosen, swap


class StrutOptions(NamedTuple):
    """Variants of STRUT; see `adapt.parameter_based.TransferTreeClassifier`."""

    use_divergence: bool = True
    default_to_gain: bool = True


def strut(nodes, rows, Z, weight, measure, options, compared, kept):
    """Refit the thresholds of a tree to the target, and keep its structure.

    Parameters
    ----------
    nodes : Nodes
        The source tree.

    rows : Rows
        Target rows.

    Z : ndarray of shape (n_sums, n_samples)
        Weighted memberships, or weighted values and squares.

    weight : ndarray of shape (n_samples,) or None
        Weights of the rows; None for ones.

    measure : Classes or Numbers

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
    left, right = nodes.left.copy(), nodes.right.copy()
    threshold = nodes.threshold.copy()
    jump = np.arange(len(left))
    row = np.arange(len(rows.X)) if weight is None else np.flatnonzero(weight > 0)
    node, lengths = np.array([0]), np.array([len(row)])
    here = _sums(np.zeros(len(row), dtype=np.int64), Z[:, row], 1)
    n_here = lengths if weight is None else weight[row].sum(keepdims=True)
    sums = np.zeros((len(Z), len(left)), dtype=here.dtype)
    size = np.zeros(len(left), dtype=n_here.dtype)
    while True:
        sums[:, node], size[node] = here, n_here
        done = (measure.error(here, n_here) <= _PURE * n_here) | (left[node] < 0)
        spared = done & kept(node, here)
        # What is spared says what the source says, down to its leaves.
        size[node[spared]] = 0
        closed = node[done & ~spared]
        left[closed] = right[closed] = -1
        if done.all():
            break
        row = row[np.repeat(~done, lengths)]
        node, lengths = node[~done], lengths[~done]
        here, n_here = here[:, ~done], n_here[~done]

        splits = _all_splits(
            rows, row, lengths, nodes.feature[node], Z, weight, here, n_here, measure
        )
        children = compared[left[node]], compared[right[node]]
        chosen, swap = _choose(splits, len(node), children, measure, options)
        turned = node[swap]
        left[turned], right[turned] = right[turned], left[turned]
        ways = np.stack([left[node], right[node]])

        # Rows that no threshold parts all go to the child that they are more like.
        stuck = np.flatnonzero(chosen < 0)
        part, n_part, length = here.copy(), n_here.copy(), lengths.copy()
        if stuck.size:
            unlike = [
                measure.unlikeness(here[:, stuck], n_here[stuck], child[stuck])
                for child in children
            ]
            to_right = unlike[1] < unlike[0] - _TIE
            taken, lost = (
                np.where(to_right ^ flip, ways[1, stuck], ways[0, stuck])
                for flip in (False, True)
            )
            held = kept(lost, np.zeros_like(here[:, stuck]))
            jump[node[stuck[~held]]] = taken[~held]
            value = rows.values.take(splits.spot[splits.first[stuck]])
            to_right = np.where(held, value > threshold[node[stuck]], to_right)
            empty = stuck[to_right]
            part[:, empty], n_part[empty], length[empty] = 0, 0, 0
        free = np.flatnonzero(chosen >= 0)
        pick = chosen[free]
        threshold[node[free]] = _middle(rows, splits, splits.at[pick])
        part[:, free], n_part[free] = splits.below[:, pick], splits.n_below[pick]
        length[free] = splits.at[pick] - splits.first[free] + 1

        lengths = np.stack([length, lengths - length], axis=1).ravel()
        full = lengths > 0
        here = np.stack([part, here - part], axis=2).reshape(len(Z), -1)[:, full]
        n_here = np.stack([n_part, n_here - n_part], axis=1).ravel()[full]
        row, node, lengths = splits.row, ways.T.ravel()[full], lengths[full]
    _follow(jump)
    moved = nodes._replace(left=left, right=right, threshold=threshold)
    return _finish(moved, sums, size, jump, measure)


def _follow(jump):
    """Let ``jump`` lead to the end of each chain."""
    while True:
        further = jump[jump]
        if np.array_equal(further, jump):
            return
        jump[:] = further


def _explained(below, n_below, above, n_above):
    """Return the sum of squares that splits explain, up to a constant."""
    with np.errstate(divide="ignore", invalid="ignore"):
        below = sum(part**2 for part in below) / n_below
        return below + sum(part**2 for part in above) / n_above


def _best_columns(rows, row, lengths, sums, size, Z, weight, min_leaf, memberships):
    """Return for each slot the column by which it is split best, or -1.

    A split is the better, the more of the sum of squares it explains: of values, or of
    ``memberships``, which add up to the weights, and that is the Gini criterion.
    """
    n = len(rows.X)
    slot, base = np.repeat(np.arange(len(lengths)), lengths), _slot_bases(lengths, n)
    last = np.cumsum(lengths) - 1
    first = last - lengths + 1
    total, n_total = sums.take(slot, axis=1), size.take(slot)
    ones = bool((weight.take(row) == 1).all())
    best = np.empty((len(rows.order), len(size)))
    chunk = max(1, 1_000_000 // len(row))
    for start in range(0, len(best), chunk):
        columns = np.arange(start, min(start + chunk, len(best)))
        offset = columns[:, None] * n
        key = base | rows.place.take(offset + row)
        key.sort(axis=1)
        spot = offset + (key - base)
        which, values = rows.order.take(spot), rows.values.take(spot)

        def running(column, which=which):
            run = np.cumsum(column.take(which), axis=1)
            before = run.take(first, axis=1) - column.take(which.take(first, axis=1))
            return run - before.take(slot, axis=1)

        if ones:
            n_below = np.arange(1.0, len(row) + 1)[None] - first.take(slot)
        else:
            n_below = running(weight)
        n_above = n_total - n_below
        below = [running(column) for column in (Z[:-1] if memberships else Z)]
        if memberships:  # those of the last class are what is left
            below.append(n_below - sum(below))
        above = [t - part for t, part in zip(total, below, strict=True)]
        score = _explained(below, n_below, above, n_above)
        legal = np.zeros(score.shape, dtype=bool)
        legal[:, :-1] = values[:, 1:] > values[:, :-1]
        legal &= (n_below >= min_leaf) & (n_above >= min_leaf)
        legal[:, last] = False
        score[~legal] = -np.inf
        best[columns] = np.maximum.reduceat(score, first, axis=1)
    top = best.max(axis=0)
    column = np.argmax(best >= top - _TIE * size, axis=0)
    return np.where(np.isinf(top), -1, column)


def grow(rows, row, lengths, depth, Z, weight, measure, max_depth, min_leaf):
    """Grow a tree of its own in each slot, until rows are pure.

    Parameters
    ----------
    rows : Rows
        Target rows.

    row : ndarray of shape (n_given,)
        Those that are given, slot by slot.

    lengths : ndarray of shape (n_slots,)
        How many rows each slot has.

    depth : ndarray of shape (n_slots,)
        Depth of the root of each tree.

    Z, weight, measure
        As in `strut`.

    max_depth : int or None
        Depth below which nothing is split.

    min_leaf : float
        Least weight of a leaf.

    Returns
    -------
    left, right, feature, threshold : ndarrays of shape (n_nodes,)
        The roots come first; of the other nodes, children follow their parents.

    leaf : ndarray of shape (n_samples,)
        The node in which each given row ends.
    """
    left, right, feature = np.full((3, len(depth)), -1)
    threshold = np.zeros(len(depth))
    node, leaf = np.arange(len(depth)), np.zeros(len(rows.X), dtype=np.int64)
    Z_split = measure.squares(Z)
    memberships = np.array_equal(Z_split.sum(axis=0), weight)

    def narrowed(open_):
        to_go = np.repeat(open_, lengths)
        return row[to_go], lengths[open_], node[open_], depth[open_]

    while True:
        slot = np.repeat(np.arange(len(node)), lengths)
        leaf[row] = node[slot]
        size = np.bincount(slot, weight[row], len(node))
        open_ = measure.error(_sums(slot, Z[:, row], len(node)), size) > _PURE * size
        if max_depth is not None:
            open_ &= depth < max_depth
        if not open_.any():
            break
        row, lengths, node, depth = narrowed(open_)
        slot = np.repeat(np.arange(len(node)), lengths)
        sums, size = _sums(slot, Z_split[:, row], len(node)), size[open_]
        column = _best_columns(
            rows, row, lengths, sums, size, Z_split, weight, min_leaf, memberships
        )
        open_ = column >= 0
        if not open_.any():
            break
        row, lengths, node, depth = narrowed(open_)
        column, sums, size = column[open_], sums[:, open_], size[open_]

        splits = _all_splits(
            rows, row, lengths, column, Z_split, weight, sums, size, measure
        )
        sides = splits.n_below, splits.n_above
        score = _explained(splits.below, sides[0], splits.above, sides[1])
        score[np.minimum(*sides) < min_leaf] = -np.inf
        starts = np.flatnonzero(np.diff(splits.slot, prepend=-1) > 0)
        best = _first_of_best(score / size[splits.slot], splits.slot, starts)
        best = splits.at[best]

        children = len(left) + np.arange(2 * len(node)).reshape(-1, 2)
        feature[node], threshold[node] = column, _middle(rows, splits, best)
        left[node], right[node] = children.T
        empty = np.full(children.size, -1)
        left, right = np.concatenate([left, empty]), np.concatenate([right, empty])
        feature = np.concatenate([feature, empty])
        threshold = np.concatenate([threshold, np.zeros(children.size)])
        length = best - splits.first + 1
        lengths = np.stack([length, lengths - length], axis=1).ravel()
        row, node, depth = splits.row, children.ravel(), np.repeat(depth + 1, 2)
    return left, right, feature, threshold, leaf


class SerOptions(NamedTuple):
    """Variants of SER; see `adapt.parameter_based.TransferTreeClassifier`."""

    max_depth: int | None = None
    min_samples_leaf: float = 1


def ser(nodes, rows, leaf, Z, weight, measure, options, unreduced, unexpanded):
    """Expand the leaves of a tree by target rows, and reduce what they do not need.

    Parameters
    ----------
    nodes : Nodes
        The source tree.

    rows : Rows
        Target rows.

    leaf : ndarray of shape (n_samples,)
        The leaf of the source tree of each target row.

    Z, weight, measure
        As in `strut`.

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
    old = len(nodes.left)
    levels = _levels(nodes.left, nodes.right)
    depth = np.empty(old, dtype=np.int64)
    for i, level in enumerate(levels):
        depth[level] = i
    row = np.flatnonzero(weight > 0)
    seen = np.bincount(leaf[row], minlength=old) > 0
    frozen = unexpanded & seen
    row = row[~frozen[leaf[row]]]
    row = row[np.argsort(leaf[row], kind="stable")]
    roots, lengths = np.unique(leaf[row], return_counts=True)
    grown = grow(
        rows,
        row,
        lengths,
        depth[roots],
        Z,
        weight,
        measure,
        options.max_depth,
        options.min_samples_leaf,
    )
    # Roots of what was grown take the place of leaves; other nodes are appended.
    name = np.concatenate([roots, old + np.arange(len(grown[0]) - len(roots))])
    arrays = [
        np.concatenate([array, np.zeros(len(name) - len(roots), dtype=array.dtype)])
        for array in (nodes.left, nodes.right, nodes.feature, nodes.threshold)
    ]
    for array, new in zip(arrays[:2], grown[:2], strict=True):
        array[name] = np.where(new < 0, -1, name[new])
    for array, new in zip(arrays[2:], grown[2:4], strict=True):
        array[name] = new
    left, right, feature, threshold = arrays
    leaf = leaf.copy()
    leaf[row] = name[grown[4][row]]
    value = np.concatenate(
        [nodes.value, np.zeros((len(left) - old, nodes.value.shape[1]))]
    )
    whole = Nodes(left, right, feature, threshold, value, np.zeros(len(left)))

    sums, size = _node_sums(whole, leaf, Z, weight)
    stays = np.zeros(len(left), dtype=bool)
    stays[:old] = unreduced & ~seen
    frozen = np.concatenate([frozen, np.zeros(len(left) - old, dtype=bool)])
    with np.errstate(invalid="ignore", divide="ignore"):
        own = np.where(size > 0, measure.error(sums, size), 0)
    error = own.copy()
    if frozen.any():
        error[frozen] = measure.error_of(value[frozen], sums[:, frozen], size[frozen])
    jump = np.arange(len(left))
    for level in reversed(_levels(left, right)):
        level = level[left[level] >= 0]
        a, b = left[level], right[level]
        stays[level] = stays[a] | stays[b]
        error[level] = error[a] + error[b]
        reduced = ~stays[level] & (own[level] <= error[level] + _TIE * size[level])
        cut, level, a, b = level[reduced], level[~reduced], a[~reduced], b[~reduced]
        left[cut] = right[cut] = -1
        error[cut] = own[cut]
        gone_a, gone_b = ((size[c] == 0) & ~stays[c] for c in (a, b))
        jump[level[gone_a]] = b[gone_a]
        jump[level[gone_b]] = a[gone_b]
    _follow(jump)
    # What is frozen says what the source says.
    size[frozen & (left < 0)] = 0
    return _finish(whole._replace(left=left, right=right), sums, size, jump, measure)


def read_nodes(tree, columns, n_values):
    """Return the arrays of a tree of scikit-learn.

    Parameters
    ----------
    tree : sklearn.tree._tree.Tree
        As in the attribute `tree_`.

    columns : ndarray of int of shape (n_values_of_tree,)
        Where its values stand among those that the result is to have.

    n_values : int
        Number of values of a node.

    Returns
    -------
    nodes : Nodes
    """
    values = tree.value[:, 0, :] if tree.n_outputs == 1 else tree.value[:, :, 0]
    value = np.zeros((tree.node_count, n_values))
    value[:, columns] = values
    return Nodes(
        tree.children_left.astype(np.int64),
        tree.children_right.astype(np.int64),
        tree.feature.astype(np.int64),
        tree.threshold.copy(),
        value,
        tree.weighted_n_node_samples.copy(),
    )


def write_nodes(estimator, nodes, impurity, depth):
    """Return a copy of a decision tree that holds other nodes.

    Parameters
    ----------
    estimator : DecisionTreeClassifier or DecisionTreeRegressor
        Fitted; it is not changed.

    nodes, impurity, depth
        As `relabel`, `ser` and `strut` return them.

    Returns
    -------
    estimator : DecisionTreeClassifier or DecisionTreeRegressor
    """
    make, (n_columns, n_classes, n_outputs), state = estimator.tree_.__reduce__()
    records = np.zeros(len(nodes.left), dtype=state["nodes"].dtype)
    records["left_child"], records["right_child"] = nodes.left, nodes.right
    records["feature"], records["threshold"] = nodes.feature, nodes.threshold
    records["impurity"] = impurity
    records["n_node_samples"] = np.rint(nodes.size)
    records["weighted_n_node_samples"] = nodes.size
    if n_outputs == 1:
        values = nodes.value[:, None, :]
        if hasattr(estimator, "classes_"):
            n_classes = np.array([nodes.value.shape[1]], dtype=n_classes.dtype)
    else:
        values = nodes.value[:, :, None]
    tree = make(n_columns, n_classes, n_outputs)
    tree.__setstate__(
        {
            "max_depth": depth,
            "node_count": len(records),
            "nodes": records,
            "values": np.ascontiguousarray(values),
        }
    )
    written = copy.copy(estimator)
    written.tree_ = tree
    return written
