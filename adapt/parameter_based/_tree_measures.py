"""What trees measure: memberships of classes, or values and their squares."""

import numpy as np

# A variance below this, in units of the variance of all rows, is none.
PURE = 1e-12


def xlogx(x):
    """Return ``x log x``, which is 0 at 0."""
    return x * np.log(np.maximum(x, np.finfo(np.float64).tiny))


class Classes:
    """What a classification tree measures: sums of rows are counts of classes.

    Sums have a row for each class; with whole numbers up to ``largest`` a table stands
    in for logarithms.
    """

    def __init__(self, largest=None):
        self._table = None if largest is None else xlogx(np.arange(largest + 1.0))

    def _xlogx(self, x):
        return xlogx(x) if self._table is None else self._table.take(x)

    def running_sums(self, Z, row, first, lengths, n_below):
        """Return running sums; those of the last class are what is left."""
        head = [running_sums_of(column, row, first, lengths) for column in Z[:-1]]
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
        return ((xlogx(p) + xlogx(q)) / 2 - xlogx((p + q) / 2)).sum(axis=0)

    def entropy(self, value):
        """Return the negative entropy of what nodes predict."""
        return xlogx(value).sum(axis=1)

    def unlikeness_of_split(self, sides, children, gain):
        """Return the divergence of two sides from two nodes, weighted by rows.

        The entropies of the sides are in the gain, those of the nodes are given.
        """
        total = gain / 2
        n = sides[0][1] + sides[1][1]
        for (sums, size), (value, entropy) in zip(sides, children, strict=True):
            middle = 0
            for part, q in zip(sums, value, strict=True):
                middle = middle + xlogx((part / size + q) / 2)
            total += size / n * (entropy / 2 - middle)
        return total


class Numbers:
    """What a regression tree measures: sums of values and, last, of their squares."""

    def running_sums(self, Z, row, first, lengths, n_below):
        """Return running sums."""
        return np.stack([running_sums_of(column, row, first, lengths) for column in Z])

    def squares(self, Z):
        """Return the sums that variance is made of."""
        return Z[:-1]

    def value(self, sums, size):
        """Return what nodes predict."""
        return (sums[:-1] / size).T

    def error(self, sums, size):
        """Return the squared error of a leaf."""
        error = sums[-1] - np.sum(sums[:-1] ** 2, axis=0) / size
        return np.where(error > PURE * size, error, 0.0)

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


def running_sums_of(column, row, first, lengths):
    """Return running sums over rows that restart in each slot."""
    column = column.take(row)
    wide = np.float64 if column.dtype.kind == "f" else np.int64
    running = np.cumsum(column, dtype=wide)
    return running - np.repeat(running[first] - column[first], lengths)
