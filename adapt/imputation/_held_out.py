"""Observed cells, held out to choose by: what an imputer has not seen it cannot fit."""

import numpy as np

__all__ = ["cell_folds", "rmse"]


def cell_folds(observed, n_folds, rng, groups=None):
    """Split the observed cells at random.

    Parameters
    ----------
    observed : ndarray of shape (n_samples, [time,] n_columns), dtype bool
        Which cells are observed.

    n_folds : int
        Number of folds.

    rng : RandomState
        Draws the folds. Of series it takes stretches, of an eighth of the time each.

    groups : list of slice, default=None
        Columns that are held out together, as those of the levels of one category.

    Returns
    -------
    folds : list of ndarray of the shape of `observed`, dtype bool
        Masks of held-out cells, disjoint; together all observed cells.
    """
    shape = observed.shape
    if observed.ndim == 3:
        step = max(shape[1] // 8, 1)
        fold = rng.randint(n_folds, size=(shape[0], -(-shape[1] // step), shape[2]))
        fold = np.repeat(fold, step, axis=1)[:, : shape[1]]
    else:
        fold = rng.randint(n_folds, size=shape)
    for group in groups or ():
        fold[..., group] = fold[..., group.start, None]
    return [observed & (fold == k) for k in range(n_folds)]


def rmse(found, true, cells):
    """Return the root mean square error over some cells, NaN if there are none."""
    if not cells.any():
        return float("nan")
    return float(np.sqrt(np.mean(np.square(found[cells] - true[cells]))))
