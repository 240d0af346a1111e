"""Linear algebra that several packages share."""

import numpy as np
from scipy.linalg import eigh


def symmetric_power(S, power):
    """Raise a symmetric positive semi-definite matrix to a power, on its range.

    Parameters
    ----------
    S : ndarray of shape (n_features, n_features)
        The matrix. Eigenvalues that are zero up to rounding are left out, so that
        negative powers are pseudo-inverses.

    power : float
        The exponent.

    Returns
    -------
    P : ndarray of shape (n_features, n_features)
    """
    values, vectors = eigh(S)
    zero = 10 * len(values) * np.finfo(S.dtype).eps  # a covariance has rounding itself
    rank = values > zero * max(values[-1], 0)
    values, vectors = values[rank], vectors[:, rank]
    return (vectors * values**power) @ vectors.T


def equal_variance_rotation(S):
    """Return a rotation after which all variances are the same.

    Parameters
    ----------
    S : ndarray of shape (n_features, n_features)
        Covariance of the columns of some rows X.

    Returns
    -------
    Q : ndarray of shape (n_features, n_features)
        Orthogonal. The covariance ``Q' S Q`` of the columns of ``X @ Q`` has the mean
        of the variances all along its diagonal. A product of ``n_features - 1`` plane
        rotations, each of which brings one column to the mean. Time O(n_features^2).
    """
    S, Q = np.array(S, dtype=np.float64), np.eye(len(S))
    mean, left = np.trace(S) / max(1, len(S)), list(range(len(S)))
    while len(left) > 1:
        variances = S[left, left]
        i, j = left[np.argmax(variances)], left[np.argmin(variances)]
        if i == j:  # all are the same
            break
        # The smaller solution t of (S_jj - mean) t^2 - 2 S_ij t + (S_ii - mean) = 0.
        above, below, both = S[i, i] - mean, S[j, j] - mean, S[i, j]
        root = np.sqrt(max(0, both**2 - above * below))
        slope = both + np.copysign(root, both)
        t = above / slope if slope else 0.0
        turn = np.array([[1, t], [-t, 1]]) / np.hypot(1, t)
        Q[:, [i, j]] = Q[:, [i, j]] @ turn
        S[:, [i, j]] = S[:, [i, j]] @ turn
        S[[i, j]] = turn.T @ S[[i, j]]
        left.remove(i)
    return Q
