"""Weights of a blend of predictions, by squared error."""

import numpy as np
from scipy.optimize import nnls


def blend_weights(errors, strength=1.0):
    r"""Return the weights of a blend: none negative, of sum 1, and near to each other.

    Stacked regressions [1]_ minimise the squared error of a blend. Of few cells that
    says little, so weights have a prior: equal, give or take as much again. The most
    probable ones minimise

    .. math::

        \|E w\|^2 + s (m \sigma)^2 \|w\|^2, \qquad w \ge 0, \quad \sum w = 1,

    with the mean square :math:`\sigma^2` of the errors of the equal blend of the
    :math:`m` members. With many cells the prior does not matter.

    Parameters
    ----------
    errors : ndarray of shape (n_cells, n_members)
        The errors :math:`E` on held-out cells.

    strength : float, default=1.0
        Strength :math:`s` of the prior; 0 for none.

    Returns
    -------
    weights : ndarray of shape (n_members,)

    References
    ----------
    .. [1] Breiman. "Stacked regressions." Machine Learning, 1996.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt._stacking import blend_weights
    >>> blend_weights(np.tile([[1.0, -1.0, 9.0], [1.0, 1.0, 9.0]], (1000, 1))).round(2)
    array([0.5, 0.5, 0. ])
    """
    n_members = errors.shape[1]
    sigma = np.sqrt(np.mean(np.square(errors.mean(axis=1)))) if len(errors) else 1.0
    A = np.concatenate(
        [errors, np.sqrt(strength) * n_members * sigma * np.eye(n_members)]
    )
    A = A / max(np.linalg.norm(A), np.finfo(float).tiny)
    # Without the constraint, but with a pull towards a sum of 1, they are proportional.
    A = np.concatenate([A, np.ones((1, n_members))])
    weights = nnls(A, np.append(np.zeros(len(A) - 1), 1.0))[0]
    return weights / weights.sum()
