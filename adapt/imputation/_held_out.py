"""Observed cells, held out to choose by: what an imputer has not seen it cannot fit."""

import numpy as np
from scipy.optimize import nnls

__all__ = ["blend_weights", "cell_folds", "rmse"]


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


def blend_weights(errors):
    r"""Return the weights of a blend: none negative, of sum 1, and near to each other.

    Stacked regressions [1]_ minimise the squared error of a blend. Of few cells that
    says little, so weights have a prior: equal, give or take as much again. The most
    probable ones minimise

    .. math::

        \|E w\|^2 + (m \sigma)^2 \|w\|^2, \qquad w \ge 0, \quad \sum w = 1,

    with the mean square :math:`\sigma^2` of the errors of the equal blend of the
    :math:`m` members. With many cells the prior does not matter.

    Parameters
    ----------
    errors : ndarray of shape (n_cells, n_members)
        The errors :math:`E` on held-out cells.

    Returns
    -------
    weights : ndarray of shape (n_members,)

    References
    ----------
    .. [1] Breiman. "Stacked regressions." Machine Learning, 1996.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.imputation._held_out import blend_weights
    >>> blend_weights(np.tile([[1.0, -1.0, 9.0], [1.0, 1.0, 9.0]], (1000, 1))).round(2)
    array([0.5, 0.5, 0. ])
    """
    n_members = errors.shape[1]
    sigma = np.sqrt(np.mean(np.square(errors.mean(axis=1)))) if len(errors) else 1.0
    A = np.concatenate([errors, n_members * sigma * np.eye(n_members)])
    A = A / max(np.linalg.norm(A), np.finfo(float).tiny)
    # Without the constraint, but with a pull towards a sum of 1, they are proportional.
    A = np.concatenate([A, np.ones((1, n_members))])
    weights = nnls(A, np.append(np.zeros(len(A) - 1), 1.0))[0]
    return weights / weights.sum()
