"""Distances between two samples, as functions of arrays."""

import numpy as np


def cov_distance(Xs, Xt):
    """Return the mean absolute difference of the covariances of two samples.

    Parameters
    ----------
    Xs : array-like of shape (n_samples, n_features)
        Rows of the source.

    Xt : array-like of shape (n_target_samples, n_features)
        Rows of the target.

    Returns
    -------
    distance : float
        In squared units of the features. Time O((n_s + n_t) d^2).

    Examples
    --------
    >>> from adapt.metrics import cov_distance
    >>> cov_distance([[0.0], [2.0]], [[0.0], [4.0]])
    6.0
    """
    Cs, Ct = (np.atleast_2d(np.cov(X, rowvar=False)) for X in (Xs, Xt))
    return float(np.abs(Cs - Ct).mean())
