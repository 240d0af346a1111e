"""Observed cells, held out to choose by: what an imputer has not seen it cannot fit."""

import numpy as np

__all__ = ["cell_folds", "rmse"]


def cell_folds(observed, n_folds, rng, groups=None):
    """Split the observed cells at random.

    Parameters
    ----------
    observed : ndarray of shape (n_samples, n_columns), dtype bool
        Which cells are observed.

    n_folds : int
        Number of folds.

    rng : RandomState
        Draws the folds.

    groups : list of slice, default=None
        Columns that are held out together, as those of the levels of one category.

    Returns
    -------
    folds : list of ndarray of shape (n_samples, n_columns), dtype bool
        Masks of held-out cells, disjoint; together all observed cells.
    """
    n, d = observed.shape
    fold = rng.randint(n_folds, size=(n, d))
    for group in groups or ():
        fold[:, group] = fold[:, group.start, None]
    return [observed & (fold == k) for k in range(n_folds)]


def rmse(found, true, cells):
    """Return the root mean square error over some cells."""
    return float(np.sqrt(np.mean(np.square(found[cells] - true[cells]))))
