"""The simplex of weights that are non-negative and sum to one, or a weighted sum."""

import numpy as np

_FEW = 2000  # entries that are sorted at once


def project_simplex(v):
    """Return the point of the simplex that is nearest to ``v``.

    Parameters
    ----------
    v : ndarray of shape (n,)
        Any point.

    Returns
    -------
    w : ndarray of shape (n,)
        Non-negative, of sum one. Time O(n), plus O(k log(k)) for the k entries that a
        few passes do not rule out.
    """
    # At least as much is taken off as if no entry became zero, which rules out entries
    # below that. The rest is sorted.
    left, last = v, np.inf
    while _FEW < len(left) < 0.7 * last:
        last = len(left)
        left = left[left >= (left.sum() - 1) / last]
    falling = np.sort(left)[::-1]
    excess = np.cumsum(falling) - 1
    kept = np.count_nonzero(falling * np.arange(1, len(left) + 1) > excess)
    return np.maximum(v - excess[kept - 1] / kept, 0)


def least_form(D, c):
    """Return the ``a >= 0`` with ``c'a = 1`` that minimises ``a'Da``.

    Parameters
    ----------
    D : ndarray of shape (n, n)
        Symmetric, with entries about one. What is not positive semi-definite in it is
        taken as zero.

    c : ndarray of shape (n,)
        Non-negative.

    Returns
    -------
    a : ndarray of shape (n,)
    """
    from scipy.optimize import nnls

    # Among all a = s u with c'u = 1, |D^(1/2) a|^2 + (c'a - 1)^2 is least for the u of
    # least u'Du: the constraint becomes one more row of non-negative least squares.
    values, vectors = np.linalg.eigh(D)
    root = np.sqrt(np.maximum(values, 0))[:, None] * vectors.T
    a = nnls(np.vstack([root, c]), np.append(np.zeros(len(c)), 1))[0]
    return a / (c @ a)
