"""Moving a decision tree to other data: relabelling, SER and STRUT on arrays.

A tree is a set of parallel arrays, as in scikit-learn. All nodes of one depth are
treated together: their rows lie side by side, in *slots*, one slot a node, so that the
work is a few array operations per level of the tree. What a tree predicts enters
through a *measure*, `Classes` or `Numbers`. Sums over rows have the nodes last.
"""

from typing import Any, NamedTuple

import numpy as np

from adapt.parameter_based._tree_measures import running_sums_of

# Rows in a slot, on average, from which slots are sorted faster one by one.
_LONG = 32


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


class Sample(NamedTuple):
    """What the target says to a tree.

    ``Z`` of shape (n_sums, n_samples) are weighted memberships, or weighted values and
    squares; ``weight`` of shape (n_samples,) are weights of rows, None for ones; and
    ``measure`` is `Classes` or `Numbers`.
    """

    rows: Rows
    Z: np.ndarray
    weight: np.ndarray | None
    measure: Any


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


class Splits(NamedTuple):
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


def all_splits(sample, row, lengths, feature, sums, size):
    """Return all splits of rows that lie slot by slot, by the column of each slot."""
    rows, Z, weight, measure = sample
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
        n_below = running_sums_of(weight, row, first, lengths)
    below = measure.running_sums(Z, row, first, lengths, n_below).take(at, axis=1)
    n_below = n_below.take(at)
    above, n_above = sums.take(slot, axis=1) - below, size.take(slot) - n_below
    return Splits(row, spot, first, at, slot, below, n_below, above, n_above)


def _sorted_by_slot(place, first, lengths):
    """Return places in ascending order within each slot."""
    if len(place) > _LONG * len(lengths):
        for start, end in zip(first.tolist(), (first + lengths).tolist(), strict=True):
            place[start:end].sort()
        return place
    base = slot_bases(lengths, int(place.max()))
    key = base | place
    key.sort()
    return key - base


def slot_bases(lengths, largest):
    """Return numbers that, added to places, put them in order of slots first."""
    bits = largest.bit_length()
    wide = np.int64 if bits + len(lengths).bit_length() > 31 else np.int32
    return np.repeat(np.arange(len(lengths), dtype=wide) << bits, lengths)


def middle(rows, splits, at):
    """Return thresholds between the rows at some places and the next ones."""
    low, high = (rows.values.take(splits.spot[at + i]) for i in (0, 1))
    return (low.astype(np.float64) + high) / 2
