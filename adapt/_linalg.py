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
