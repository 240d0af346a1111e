"""The simplex of weights that are non-negative and sum to one."""

import numpy as np


def project_simplex(v):
    """Return the point of the simplex that is nearest to ``v``.

    Parameters
    ----------
    v : ndarray of shape (n,)
        Any point.

    Returns
    -------
    w : ndarray of shape (n,)
        Non-negative, of sum one. Time O(n log(n)).
    """
    falling = np.sort(v)[::-1]
    excess = np.cumsum(falling) - 1
    kept = np.count_nonzero(falling * np.arange(1, len(v) + 1) > excess)
    return np.maximum(v - excess[kept - 1] / kept, 0)
