"""What columns hold: numbers, integers, or levels that become one column each."""

from typing import NamedTuple

import numpy as np

__all__ = ["Columns", "column_mask", "read_columns"]


def column_mask(name, given, n_features, feature_names):
    """Return which columns a parameter names.

    Parameters
    ----------
    name : str
        The parameter's name, for messages.

    given : array-like of int, str or bool, or None
        Positions, names, or one truth value for each column. None is no column.

    n_features : int
        Number of columns.

    feature_names : ndarray of str or None
        Names of the columns, if they have any.

    Returns
    -------
    mask : ndarray of shape (n_features,), dtype bool
    """
    mask = np.zeros(n_features, dtype=bool)
    given = np.asarray([] if given is None else given)
    if given.size == 0:
        return mask
    if given.dtype.kind == "b" and given.shape == mask.shape:
        return given
    if given.dtype.kind in "iu" and np.all(
        (-n_features <= given) & (given < n_features)
    ):
        mask[given] = True
        return mask
    if given.dtype.kind in "UO" and feature_names is not None:
        unknown = sorted(set(given.tolist()) - set(feature_names.tolist()))
        if not unknown:
            return np.isin(feature_names, given.astype(object))
        given = unknown
    raise ValueError(
        f"`{name}` must hold positions of columns below {n_features}, names of columns "
        f"of a frame, or one truth value for each column; got {list(given)[:5]}."
    )


class Columns(NamedTuple):
    """How a table becomes a matrix of numbers, and how it comes back.

    Attributes
    ----------
    kept : ndarray of int
        Columns that have an observed value.

    levels : list of (ndarray or None)
        For each kept column its levels, None for numbers.

    whole : ndarray of bool
        Which kept columns hold integers, so that imputed numbers are rounded.
    """

    kept: np.ndarray
    levels: list
    whole: np.ndarray

    @property
    def groups(self):
        """Slices of the matrix: one column for a number, one for each level."""
        widths = [1 if levels is None else len(levels) for levels in self.levels]
        ends = np.cumsum(widths, dtype=int)
        pairs = zip(ends - widths, ends, strict=True)
        return [slice(int(start), int(end)) for start, end in pairs]

    @property
    def is_level(self):
        """Which columns of the matrix are levels."""
        widths = [1 if levels is None else len(levels) for levels in self.levels]
        return np.repeat([levels is not None for levels in self.levels], widths)

    def same_as(self, other):
        """Return whether another table is read in the same way."""
        return np.array_equal(self.kept, other.kept) and all(
            np.array_equal(one, two)
            for one, two in zip(self.levels, other.levels, strict=True)
        )

    def encode(self, X):
        """Return the matrix of a table, in float64; a level never seen is missing."""
        X = X[:, self.kept].astype(np.float64, copy=False)
        if all(levels is None for levels in self.levels):
            return X
        parts = []
        for x, levels in zip(X.T, self.levels, strict=True):
            if levels is None:
                parts.append(x[:, None])
                continue
            part = (x[:, None] == levels).astype(np.float64)
            part[part.sum(axis=1) == 0] = np.nan
            parts.append(part)
        return np.concatenate(parts, axis=1)

    def decode(self, Z, n_features):
        """Return the table of a matrix without missing values; empty columns are 0."""
        X = np.zeros((len(Z), n_features))
        X[:, self.kept] = Z[:, [group.start for group in self.groups]]
        whole = self.kept[self.whole]
        X[:, whole] = np.rint(X[:, whole])
        for j, levels, group in zip(self.kept, self.levels, self.groups, strict=True):
            if levels is not None:
                X[:, j] = levels[Z[:, group].argmax(axis=1)]
        return X


def read_columns(X, categorical, whole):
    """Return the `Columns` of a table.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        All rows that there are, with NaN for missing cells.

    categorical : ndarray of shape (n_features,), dtype bool
        Which columns hold levels.

    whole : ndarray of shape (n_features,), dtype bool
        Which columns are to be rounded.

    Returns
    -------
    columns : Columns
    """
    observed = ~np.isnan(X)
    kept = np.flatnonzero(observed.any(axis=0))
    levels = [
        np.unique(X[observed[:, j], j]).astype(np.float64) if categorical[j] else None
        for j in kept
    ]
    return Columns(kept, levels, whole[kept])
