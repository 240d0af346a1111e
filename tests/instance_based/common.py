"""Gaussians whose density ratio is known."""

import numpy as np


def gaussians(n=5000, d=2, shift=1.0, seed=0):
    """Return ``Xs, Xt`` of unit covariance, means ``shift`` apart, and log ratios."""
    rng = np.random.default_rng(seed)
    mean = np.full(d, shift / np.sqrt(d))
    Xs, Xt = rng.normal(size=(n, d)), rng.normal(size=(n, d)) + mean

    def log_ratio(X):
        return X @ mean - mean @ mean / 2

    return Xs, Xt, log_ratio
