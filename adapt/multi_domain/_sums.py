"""Sums of rows by domain and class: the whole state of a linear model of many domains.

Counts and sums of the rows of each class in each domain, and second moments of the
rows, give discriminant analysis and ridge regression exactly. Sums of two sets of rows
add up to those of both, and subtract again: rows may come in any order, be forgotten,
or stay where they are while their sums travel.
"""

from itertools import pairwise

import numpy as np
from scipy.sparse import csr_array

_BLOCK_BYTES = 4_000_000  # of rows at a time, which fit the cache of a processor
_NOTHING = 1e-9  # a count below it is what rounding leaves of zero


def _positions(found, among):
    """Return where values are in a sorted array that has them all."""
    return np.searchsorted(among, found)


def _codes(names):
    """Return the sorted values of an array, and which each entry is."""
    import pandas as pd

    codes, values = pd.factorize(names, sort=True)
    return np.asarray(values), codes


def _union(a, b, what):
    """Return the sorted values of two arrays, which must be of one type."""
    if not len(a) or not len(b):
        return np.unique(b if len(b) else a)
    if (a.dtype.kind in "US") != (b.dtype.kind in "US"):
        raise ValueError(
            f"{what} must be all strings or all numbers, got {a[0].item()!r} "
            f"before and {b[0].item()!r} now."
        )
    return np.union1d(a, b)


class DomainSums:
    """Counts, sums and second moments of rows, by domain and class.

    Rows are taken relative to ``origin``, a point near them: sums of numbers such as
    1e6 + 1e-3 would lose the digits that matter.

    Parameters
    ----------
    origin : ndarray of shape (n_columns,)
        What is subtracted from all rows.

    classes, domains : ndarray
        The names of classes and domains, sorted.

    counts : ndarray of shape (n_domains, n_classes)
        The number of rows, or the sum of their weights.

    sums : ndarray of shape (n_domains, n_classes, n_columns)
        The sum of the rows of each class in each domain.

    moments : ndarray of shape (n_domains, n_columns, n_columns) or (n_columns, \
            n_columns)
        The sum of ``x x'``, by domain, or over all domains.
    """

    def __init__(self, origin, classes, domains, counts, sums, moments):
        self.origin = origin
        self.classes = classes
        self.domains = domains
        self.counts = counts
        self.sums = sums
        self.moments = moments

    @classmethod
    def empty(cls, origin, classes, domains, *, by_domain):
        """Return the sums of no rows at all."""
        origin = np.asarray(origin, dtype=np.float64)
        classes, domains = np.unique(classes), np.unique(domains)
        shape = len(domains), len(classes)
        p = len(origin)
        moments = np.zeros((len(domains), p, p) if by_domain else (p, p))
        sums = np.zeros((*shape, p))
        return cls(origin, classes, domains, np.zeros(shape), sums, moments)

    @classmethod
    def of(cls, rows, labels, domain, *, weight=None, origin, by_domain):
        """Return the sums of some rows, in one pass and in little memory.

        Parameters
        ----------
        rows : callable
            ``rows(index)`` returns some rows, by a slice or an array of numbers.

        labels, domain : ndarray of shape (n_samples,)
            The class and the domain of each row.

        weight : ndarray of shape (n_samples,), default=None
            What each row counts. If None, 1.

        origin : ndarray of shape (n_columns,)
            What is subtracted from all rows.

        by_domain : bool
            Whether each domain has second moments of its own.

        Returns
        -------
        sums : DomainSums
            Time O(n_samples n_columns^2).
        """
        classes, label_code = _codes(labels)
        domains, domain_code = _codes(domain)
        self = cls.empty(origin, classes, domains, by_domain=by_domain)
        cell = domain_code * len(classes) + label_code
        if self.counts.size < np.iinfo(np.int16).max:
            cell = cell.astype(np.int16)  # which sorts in linear time
        self.counts.flat += np.bincount(cell, weight, minlength=self.counts.size)
        sums = self.sums.reshape(-1, len(origin))
        step = max(1, _BLOCK_BYTES // (8 * max(1, len(origin))))
        for start in range(0, len(cell), step):
            index = slice(start, min(start + step, len(cell)))
            code = cell[index]
            if by_domain:  # sorted, the rows of a domain are beside each other
                index = start + np.argsort(code, kind="stable")
                code = cell[index]
            block = rows(index) - origin
            n = len(block)
            w = np.ones(n) if weight is None else weight[index]
            member = csr_array((w, code, np.arange(n + 1)), shape=(n, len(sums)))
            sums += member.T @ block
            weighted = block if weight is None else block * w[:, None]
            if not by_domain:
                self.moments += weighted.T @ block
                continue
            of_domain = code // len(classes)
            edges = np.flatnonzero(np.diff(of_domain)) + 1
            for first, last in pairwise([0, *edges.tolist(), n]):
                part = slice(first, last)
                self.moments[of_domain[first]] += weighted[part].T @ block[part]
        return self

    @property
    def by_domain(self):
        """Whether each domain has second moments of its own."""
        return self.moments.ndim == 3

    @property
    def total_moments(self):
        """Second moments over all domains, symmetric."""
        total = self.moments.sum(axis=0) if self.by_domain else self.moments
        return (total + total.T) / 2

    def with_room_for(self, classes, domains):
        """Return the same sums, with zeros for classes and domains that are new."""
        classes = _union(self.classes, np.asarray(classes), "Classes")
        domains = _union(self.domains, np.asarray(domains), "Domains")
        grown = self.empty(self.origin, classes, domains, by_domain=self.by_domain)
        at = _positions(self.domains, domains)
        cells = np.ix_(at, _positions(self.classes, classes))
        grown.counts[cells] = self.counts
        grown.sums[cells] = self.sums
        if self.by_domain:
            grown.moments[at] = self.moments
        else:
            grown.moments = self.moments.copy()
        return grown

    def relative_to(self, origin):
        """Return the same sums as they are about another origin."""
        by = self.origin - origin
        if not by.any():
            return self
        axis = 1 if self.by_domain else (0, 1)
        sums, counts = self.sums.sum(axis=axis), self.counts.sum(axis=axis)
        cross = sums[..., :, None] * by
        square = np.multiply.outer(counts, np.outer(by, by))
        moments = self.moments + cross + np.swapaxes(cross, -1, -2) + square
        moved = self.sums + self.counts[..., None] * by
        return DomainSums(
            origin, self.classes, self.domains, self.counts, moved, moments
        )

    def add(self, other):
        """Return the sums of the rows of both."""
        return self._combined(other, 1)

    def subtract(self, other):
        """Return the sums without the rows of another, which must be among them.

        Raises
        ------
        ValueError
            If there are fewer rows of a class in a domain than are to go.
        """
        found = self._combined(other, -1)
        short = found.counts < -_NOTHING * np.maximum(1, self.counts.max(initial=0))
        if short.any():
            d, c = np.argwhere(short)[0]
            raise ValueError(
                f"More rows of class {found.classes[c].item()!r} in domain "
                f"{found.domains[d].item()!r} would be forgotten than were seen: "
                f"{-found.counts[d, c]:g} too many."
            )
        gone = found.counts < _NOTHING
        found.counts[gone] = 0
        found.sums[gone] = 0
        if found.by_domain:
            found.moments[gone.all(axis=1)] = 0
        elif gone.all():
            found.moments[:] = 0
        return found

    def _combined(self, other, sign):
        other = other.relative_to(self.origin)
        first = self.with_room_for(other.classes, other.domains)
        second = other.with_room_for(self.classes, self.domains)
        first.counts += sign * second.counts
        first.sums += sign * second.sums
        first.moments += sign * second.moments
        return first

    def decay(self, factor):
        """Return the sums with all rows weighted by a factor."""
        return DomainSums(
            self.origin,
            self.classes,
            self.domains,
            self.counts * factor,
            self.sums * factor,
            self.moments * factor,
        )

    def state(self):
        """Return copies of the arrays, by name; the last three add up."""
        return {name: value.copy() for name, value in vars(self).items()}

    @classmethod
    def from_state(cls, state):
        """Return sums of the arrays that `state` gave."""
        names = "origin", "classes", "domains", "counts", "sums", "moments"
        arrays = [np.array(state[name]) for name in names]
        _, classes, domains, counts, sums, moments = arrays
        p = len(arrays[0])
        shape = len(domains), len(classes)
        if counts.shape != shape or sums.shape != (*shape, p):
            raise ValueError(
                f"`state` has {shape[0]} domains, {shape[1]} classes and {p} columns, "
                f"but counts of shape {counts.shape} and sums of shape {sums.shape}."
            )
        if moments.shape not in ((p, p), (len(domains), p, p)):
            raise ValueError(
                f"`state` has moments of shape {moments.shape}, which fit neither "
                f"{(p, p)} nor {(len(domains), p, p)}."
            )
        return cls(*arrays)
