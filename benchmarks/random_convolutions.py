"""Features of series by convolutions with fixed kernels, as MiniRocket has them.

Each of 84 kernels has nine weights, three of 2 and six of -1. It runs over the series
at several dilations, on a random subset of the channels, and a feature is the share of
the steps at which it is above a threshold, a quantile of what it gives on a row of the
data that was fitted. After Dempster et al., "MiniRocket: a very fast (almost)
deterministic transform for time series classification", KDD, 2021.
"""

from itertools import combinations

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

__all__ = ["RandomConvolutions"]

_TRIPLES = [list(each) for each in combinations(range(9), 3)]


def _shifted(X, dilation):
    """Return ``X`` (n, time, channels) at the nine steps under a kernel."""
    pad = 4 * dilation
    padded = np.pad(X, [(0, 0), (pad, pad), (0, 0)])
    n = X.shape[1]
    return np.stack([padded[:, j * dilation : j * dilation + n] for j in range(9)])


class RandomConvolutions(TransformerMixin, BaseEstimator):
    """Shares of steps above a threshold, for each kernel, dilation and threshold.

    Parameters
    ----------
    n_thresholds : int, default=3
        For each kernel and dilation.

    random_state : int, default=0
        Draws channels, rows and quantiles.
    """

    def __init__(self, n_thresholds=3, random_state=0):
        self.n_thresholds = n_thresholds
        self.random_state = random_state

    def fit(self, X, y=None):
        X = np.asarray(X, dtype=np.float32)
        rng = np.random.default_rng(self.random_state)
        n_channels = X.shape[2]
        most = max(int(np.log2((X.shape[1] - 1) / 8)), 0)
        self.kernels_ = []
        for dilation in 2 ** np.arange(most + 1):
            rows = X[rng.integers(len(X), size=len(_TRIPLES))]
            for triple, row in zip(_TRIPLES, rows, strict=True):
                size = rng.integers(1, n_channels + 1)
                channels = rng.choice(n_channels, size=size, replace=False)
                levels = rng.uniform(0.1, 0.9, size=self.n_thresholds)
                values = _convolved(_shifted(row[None], dilation), triple, channels)
                thresholds = np.quantile(values, levels)
                self.kernels_.append((dilation, triple, channels, thresholds))
        return self

    def transform(self, X):
        X = np.asarray(X, dtype=np.float32)
        features, shifted, before = [], None, None
        for dilation, triple, channels, thresholds in self.kernels_:
            if dilation != before:
                shifted, before = _shifted(X, dilation), dilation
            values = _convolved(shifted, triple, channels)
            features += [(values > level).mean(axis=1) for level in thresholds]
        return np.stack(features, axis=1)


def _convolved(shifted, triple, channels):
    """Return what a kernel gives on a sum of channels, (n, time)."""
    some = shifted[..., channels].sum(axis=-1)
    return 3 * some[triple].sum(axis=0) - some.sum(axis=0)
