"""Distances between two samples by all their pairs, or along many lines.

No matrix of all pairs is held: sums over blocks of rows give the same.
"""

import numpy as np
from sklearn.metrics.pairwise import euclidean_distances
from sklearn.utils import check_random_state, gen_batches

from adapt._data_driven import median_gamma
from adapt._kernels import kernel_product, row_blocks
from adapt.metrics._moment_distances import check_samples


def _mean_kernel(A, B, kernel, gamma):
    ones = np.full(len(B), 1 / len(B))
    return kernel_product(A, B, ones, kernel, gamma=gamma).mean()


def mmd(Xs, Xt, kernel="rbf", gamma=None):
    r"""Return the maximum mean discrepancy [1]_, the distance of two means of kernels.

    .. math:: \sqrt{\overline{k(x_s, x_s')} + \overline{k(x_t, x_t')}
        - 2 \overline{k(x_s, x_t)}}

    with means over all pairs, those of a row with itself included.

    Parameters
    ----------
    Xs : array-like of shape (n_samples, n_features)
        Rows of the source.

    Xt : array-like of shape (n_target_samples, n_features)
        Rows of the target.

    kernel : {"rbf", "laplacian", "linear", "poly", "sigmoid", "cosine"}, default="rbf"
        With "linear" it is the distance of the means.

    gamma : float, default=None
        Parameter of the kernel. If None, by the median of the distances between at most
        1,000 of the rows.

    Returns
    -------
    distance : float
        Zero for equal samples. Time O((n_s + n_t)^2 d), memory one block.

    References
    ----------
    .. [1] Gretton et al. "A kernel two-sample test." JMLR, 2012.

    Examples
    --------
    >>> from adapt.metrics import mmd
    >>> mmd([[0.0], [2.0]], [[3.0], [5.0]], kernel="linear")
    3.0
    """
    Xs, Xt = check_samples(Xs, Xt)
    if gamma is None:
        gamma = median_gamma(Xs, Xt, random_state=0)
    means = [_mean_kernel(A, B, kernel, gamma) for A, B in ((Xs, Xs), (Xt, Xt))]
    square = sum(means) - 2 * _mean_kernel(Xs, Xt, kernel, gamma)
    return float(np.sqrt(max(square, 0)))


def _mean_distance(A, B):
    total = sum(
        euclidean_distances(A[rows], B).sum() for rows in row_blocks(len(A), len(B))
    )
    return total / (len(A) * len(B))


def energy_distance(Xs, Xt):
    r"""Return the energy distance [1]_ of two samples.

    .. math:: \sqrt{2 \overline{|x_s - x_t|} - \overline{|x_s - x_s'|}
        - \overline{|x_t - x_t'|}}

    with means over all pairs, those of a row with itself included. It has no
    parameters. For one column it equals `scipy.stats.energy_distance`.

    Parameters
    ----------
    Xs : array-like of shape (n_samples, n_features)
        Rows of the source.

    Xt : array-like of shape (n_target_samples, n_features)
        Rows of the target.

    Returns
    -------
    distance : float
        In the square root of the features' unit. Time O((n_s + n_t)^2 d), memory one
        block.

    References
    ----------
    .. [1] Szekely and Rizzo. "Energy statistics: a class of statistics based on
       distances." Journal of Statistical Planning and Inference, 2013.

    Examples
    --------
    >>> from adapt.metrics import energy_distance
    >>> energy_distance([[0.0]], [[8.0]])
    4.0
    """
    Xs, Xt = check_samples(Xs, Xt)
    within = _mean_distance(Xs, Xs) + _mean_distance(Xt, Xt)
    return float(np.sqrt(max(2 * _mean_distance(Xs, Xt) - within, 0)))


def _wasserstein_powers(a, b, p):
    """Return ``W_p**p`` between the columns of ``a`` and ``b``: one value a column."""
    a, b = np.sort(a, axis=0), np.sort(b, axis=0)
    n, m = len(a), len(b)
    # Quantile functions are steps: constant between neighbours of these levels, which
    # are counted in units of 1 / (n m).
    levels = np.union1d(np.arange(1, n + 1) * m, np.arange(1, m + 1) * n)
    widths = np.diff(levels, prepend=0) / (n * m)
    gaps = np.abs(a[(levels - 1) // m] - b[(levels - 1) // n])
    return widths @ gaps**p


def sliced_wasserstein(Xs, Xt, n_projections=100, p=2, random_state=0):
    r"""Return the sliced Wasserstein distance [1]_ of two samples.

    Along a line, optimal transport is sorting. The distance is
    :math:`(\overline{W_p^p})^{1/p}`, the mean over lines of random direction.

    Parameters
    ----------
    Xs : array-like of shape (n_samples, n_features)
        Rows of the source.

    Xt : array-like of shape (n_target_samples, n_features)
        Rows of the target.

    n_projections : int, default=100
        Number of lines.

    p : float, default=2
        Order of the distance, at least 1.

    random_state : int, RandomState instance or None, default=0
        Draws the lines.

    Returns
    -------
    distance : float
        In units of the features. Time O(n_projections n (d + log n)), memory for some
        lines at a time.

    References
    ----------
    .. [1] Bonneel et al. "Sliced and Radon Wasserstein barycenters of measures."
       Journal of Mathematical Imaging and Vision, 2015.

    Examples
    --------
    >>> from adapt.metrics import sliced_wasserstein
    >>> sliced_wasserstein([[0.0], [2.0]], [[3.0], [5.0]])
    3.0
    """
    Xs, Xt = check_samples(Xs, Xt)
    lines = check_random_state(random_state).normal(size=(Xs.shape[1], n_projections))
    lines /= np.linalg.norm(lines, axis=0)
    held = max(1, 2**22 // (len(Xs) + len(Xt)))
    powers = [
        _wasserstein_powers(Xs @ lines[:, some], Xt @ lines[:, some], p)
        for some in gen_batches(n_projections, held)
    ]
    return float(np.concatenate(powers).mean() ** (1 / p))
