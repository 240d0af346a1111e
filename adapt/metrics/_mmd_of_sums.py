"""A test by the maximum mean discrepancy of all rows, as sums over blocks.

A Gaussian kernel is the mean of products of random Fourier features, so that kernel
means are means of features, and their difference is nearly normal: its covariance tells
how large it is by chance, and no row has to be seen together with another.
"""

import numpy as np
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_array

from adapt._data_driven import median_gamma
from adapt._kernels import row_blocks
from adapt.base._row_blocks import Moments, as_blocks

N_FREQUENCIES = 100  # two features of each
_ROWS_FOR_GAMMA = 1000


class _Rows:
    """Rows of a sample, checked and mapped a part of a block at a time."""

    def __init__(self, X, name):
        self.blocks, self.name, self.map = as_blocks(X), name, None

    def rows(self):
        for X, *_ in self.blocks:
            if len(X) == 0:
                continue
            X = check_array(X, dtype=float, input_name=self.name)
            for part in row_blocks(len(X), 2 * N_FREQUENCIES):
                yield X[part] if self.map is None else self.map(X[part])

    def sample(self, rng):
        return self.blocks.sample(_ROWS_FOR_GAMMA, rng)[0]


def _pooled_scaler(*samples):
    """Return a scaler of the rows of all samples."""
    scaler = StandardScaler()
    for sample in samples:
        for X in sample.rows():
            if X.shape[1] != getattr(scaler, "n_features_in_", X.shape[1]):
                raise ValueError(
                    f"`Xs` has {scaler.n_features_in_} columns and `{sample.name}` has "
                    f"{X.shape[1]} in a block: a distance needs the same in all."
                )
            scaler.partial_fit(X)
    return scaler


def moments_of_features(Xs, Xt, gamma, rng):
    """Return the moments of random Fourier features of two samples.

    Parameters
    ----------
    Xs, Xt : array-like of shape (n_samples, n_features), RowBlocks or Dask collection
        Rows. They are read two times, and a third time for `gamma`.

    gamma : float or None
        Parameter of the kernel between standardised rows.

    rng : RandomState instance
        Draws frequencies.

    Returns
    -------
    source, target : Moments
        Of ``2 * N_FREQUENCIES`` features each, whose product has the kernel as its
        expectation.
    """
    samples = _Rows(Xs, "Xs"), _Rows(Xt, "Xt")
    scaler = _pooled_scaler(*samples)
    if gamma is None:
        few = (scaler.transform(sample.sample(rng)) for sample in samples)
        gamma = median_gamma(*few, random_state=0)
    shape = scaler.n_features_in_, N_FREQUENCIES
    frequencies = rng.normal(scale=np.sqrt(2 * gamma), size=shape)

    def features(X):
        angles = scaler.transform(X) @ frequencies
        return np.hstack([np.cos(angles), np.sin(angles)]) / np.sqrt(N_FREQUENCIES)

    for sample in samples:
        sample.map = features
    return tuple(Moments(sample) for sample in samples)


def compare_means(source, target, n_draws, rng):
    """Test whether two means are equal, by the length of their difference.

    Parameters
    ----------
    source, target : Moments
        Of two samples.

    n_draws : int
        How many differences are drawn that chance alone makes.

    rng : RandomState instance
        Draws them.

    Returns
    -------
    statistic : float
        The length.

    p_value : float
        How often chance alone makes one as long.
    """
    square = np.sum((source.mean - target.mean) ** 2)
    of_chance = source.covariance / source.n + target.covariance / target.n
    variances = np.maximum(np.linalg.eigvalsh(of_chance), 0)
    drawn = rng.chisquare(1, size=(n_draws, len(variances))) @ variances
    return np.sqrt(square), (1 + np.sum(drawn >= square)) / (1 + n_draws)
