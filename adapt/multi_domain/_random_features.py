"""Random features: what makes a linear model of columns one of curves."""

import numpy as np


def random_relu(n_columns, n_features, seed):
    """Return weights and biases of random features, which depend on nothing but a seed.

    Parameters
    ----------
    n_columns, n_features : int
        How many columns there are and how many features to draw.

    seed : int
        The seed. With it the features of one model are those of another.

    Returns
    -------
    weights : ndarray of shape (n_columns, n_features)
    biases : ndarray of shape (n_features,)
    """
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=(n_columns, n_features)) / np.sqrt(n_columns)
    return weights, rng.normal(scale=0.5, size=n_features)


def with_random_relu(X, n_features, seed):
    """Append ``max(0, X w + b)`` to the columns of X, in double precision."""
    X = np.asarray(X, dtype=np.float64)
    if not n_features:
        return X
    weights, biases = random_relu(X.shape[1], n_features, seed)
    return np.hstack([X, np.maximum(X @ weights + biases, 0)])
