"""Digits with holes, and parameters of quick fits."""

import numpy as np
from sklearn.datasets import load_digits

QUICK = {"n_steps": 100, "n_folds": 2, "batch_size": 32, "random_state": 0}


def digits_with_holes():
    """Return digits, complete and with half of the cells gone."""
    X = load_digits().data[:300] / 16
    return X, np.where(np.random.default_rng(0).random(X.shape) < 0.5, np.nan, X)


def digits_of_two_domains():
    """Return digits 0 to 4, and few of 5 to 9, complete and with most cells gone."""
    X, y = load_digits(return_X_y=True)
    source, target = X[y < 5][:400] / 16, X[y >= 5][:100] / 16
    holes = np.random.default_rng(1).random(target.shape) < 0.8
    return source, target, np.where(holes, np.nan, target)


def rmse(filled, X, Z):
    """Return the root mean square error over missing cells."""
    return np.sqrt(np.mean(np.square(filled - X)[np.isnan(Z)]))


def by_means(Z):
    """Return the table with column means in its holes."""
    return np.where(np.isnan(Z), np.nanmean(Z, axis=0), Z)
