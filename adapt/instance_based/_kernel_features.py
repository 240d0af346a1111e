"""Kernels with fixed centres as features of rows, in blocks that stay in caches."""

from typing import NamedTuple

import numpy as np

from adapt._kernels import kernel_base, kernel_from_base, slices

_HELD = 2**18  # distances of a domain that are held, or else computed where used
_BLOCK = 2**15  # features that are worked on in one go, so that they stay in caches


class Features(NamedTuple):
    """Kernels with fixed centres, as a function of their width and of rows."""

    centers: np.ndarray  # or a sparse matrix
    name: str = "rbf"
    degree: float = 3
    coef0: float = 1

    def base(self, X):
        """Return what the features of rows have in common for all widths."""
        return kernel_base(X, self.centers, self.name)

    def __call__(self, base, gamma, out=None):
        """Return the features of rows, of shape (n_samples, n_centers)."""
        return kernel_from_base(
            base, self.name, gamma, self.degree, self.coef0, out=out
        )


class Rows:
    """The rows of a domain in blocks, whose features are made where they are used.

    What features of all widths have in common is held, if the rows are few and
    `several` widths are to come. A block stays in the processor's cache: to make
    features twice is cheaper than to store all.
    """

    def __init__(self, X, features, several=True):
        n_centers = features.centers.shape[0]
        self.X = X
        self.features = features
        n_blocks = max(1, round(len(self) / max(n_centers, _BLOCK // n_centers)))
        self.block = -(-len(self) // n_blocks)  # of equal sizes
        hold = several and len(self) * n_centers <= _HELD
        self.base = features.base(X) if hold else None

    def __len__(self):
        return self.X.shape[0]

    def blocks(self):
        """Return the slices of rows that are worked on one after the other."""
        return slices(len(self), self.block)

    def at(self, rows, gamma):
        """Return the features of a slice of rows, or of indices, of this width."""
        if self.base is not None:
            return self.features(self.base[rows], gamma)
        base = self.features.base(self.X[rows])
        return self.features(base, gamma, out=base)

    def moments(self, gamma, with_means=True, with_products=True):
        """Return the means over rows of features, and of their products, or zeros."""
        first, second = 0.0, 0.0
        for rows in self.blocks():
            K = self.at(rows, gamma)
            if with_means:
                first = first + np.ones(len(K)) @ K
            if with_products:
                second = second + K.T @ K
        return first / len(self), second / len(self)

    def dot(self, coef, gamma):
        """Return the sums of features with these coefficients."""
        return np.concatenate([self.at(rows, gamma) @ coef for rows in self.blocks()])
