"""Random convolutions of series, and how often each exceeds a threshold.

The kernels have nine weights, three of which are 2 and the others -1, as those of
MiniRocket (Dempster, Schmidt and Webb, "MiniRocket: a very fast (almost) deterministic
transform for time series classification", KDD, 2021). Each is stretched by a dilation,
sums a random choice of channels, and has thresholds that are quantiles of its output on
some training series.
"""

from itertools import combinations
from typing import NamedTuple

import numpy as np

KERNELS = np.array(list(combinations(range(9), 3)))  # where the weight is 2
_GOLDEN = (np.sqrt(5) + 1) / 2
_AT_A_TIME = 256  # series


class Convolution(NamedTuple):
    """A kernel, its dilation, its channels, and the thresholds of its output."""

    kernel: np.ndarray
    dilation: int
    channels: np.ndarray
    pads: bool
    thresholds: np.ndarray


def _dilations(n_steps, n_each):
    """Return dilations that are evenly spread in their logarithm, with their counts."""
    top = np.log2(max(1, (n_steps - 1) / 8))
    wanted = np.floor(2 ** np.linspace(0, top, min(n_each, 32))).astype(int)
    dilations, counts = np.unique(wanted, return_counts=True)
    shares = np.diff(np.r_[0, np.round(np.cumsum(counts) * n_each / counts.sum())])
    return dilations, shares.astype(int)


def _sum_of_nine(X, dilation):
    """Return the padded sum of channels, and its convolution with nine weights -1."""
    n, n_steps = X.shape
    reach = 4 * dilation
    padded = np.zeros((n, n_steps + 2 * reach), dtype=X.dtype)
    padded[:, reach : reach + n_steps] = X
    ones = -sum(padded[:, j * dilation : j * dilation + n_steps] for j in range(9))
    return padded, ones


def convolve(X, convolution):
    """Return the output of a convolution.

    Parameters
    ----------
    X : ndarray of shape (n_series, n_channels, n_steps)
        Standardised series without gaps.

    convolution : Convolution
        Which.

    Returns
    -------
    out : ndarray of shape (n_series, number of outputs)
        One for each step; without those at the ends if it does not pad.
    """
    kernel, dilation, channels, pads, _ = convolution
    n_steps = X.shape[2]
    padded, out = _sum_of_nine(X[:, channels].sum(axis=1), dilation)
    for j in kernel:
        out += 3 * padded[:, j * dilation : j * dilation + n_steps]
    reach = 4 * dilation
    return out if pads or n_steps <= 2 * reach else out[:, reach : n_steps - reach]


def draw_convolutions(X, n_features, rng):
    """Draw convolutions, and set their thresholds.

    Parameters
    ----------
    X : ndarray of shape (n_series, n_channels, n_steps)
        Standardised training series without gaps.

    n_features : int
        About how many thresholds there are in all: a multiple of 84.

    rng : RandomState
        Draws channels and the series that thresholds are taken from.

    Returns
    -------
    convolutions : list of Convolution
    """
    n, n_channels, n_steps = X.shape
    dilations, counts = _dilations(n_steps, max(1, n_features // len(KERNELS)))
    drawn, k = [], 0
    for dilation, count in zip(dilations, counts, strict=True):
        for kernel in KERNELS if count else []:
            top = np.log2(min(n_channels, 9) + 1)
            size = min(n_channels, int(2 ** rng.uniform(0, top)))
            channels = np.sort(rng.choice(n_channels, size, replace=False))
            pads = len(drawn) % 2 == 0
            rows = rng.choice(n, min(n, 16), replace=False)
            levels = np.arange(k + 1, k + count + 1) * _GOLDEN % 1
            k += count
            new = Convolution(kernel, int(dilation), channels, pads, levels)
            thresholds = np.quantile(convolve(X[rows], new), levels)
            drawn.append(new._replace(thresholds=thresholds.astype(X.dtype)))
    return drawn


def exceedances(X, convolutions):
    """Return how often each convolution exceeds each of its thresholds.

    Parameters
    ----------
    X : ndarray of shape (n_series, n_channels, n_steps)
        Standardised series without gaps.

    convolutions : list of Convolution
        As `draw_convolutions` returns them.

    Returns
    -------
    F : ndarray of shape (n_series, n_thresholds)
        Shares of the steps.
    """
    blocks = []
    for start in range(0, len(X), _AT_A_TIME):
        part = X[start : start + _AT_A_TIME]
        columns = []
        for convolution in convolutions:
            out = convolve(part, convolution)
            columns += [(out > level).mean(axis=1) for level in convolution.thresholds]
        blocks.append(np.array(columns, dtype=float).T)
    return np.concatenate(blocks)
