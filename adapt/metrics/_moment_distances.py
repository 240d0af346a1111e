"""Distances between two samples by their moments, as functions of arrays."""

import numpy as np
from sklearn.utils import check_array

from adapt._linalg import symmetric_power


def _as_table(X, name):
    """Return a sample as an array of floats, or say by its name what is wrong."""
    try:
        return check_array(X, dtype=float, input_name=name)
    except ValueError as error:
        raise ValueError(f"`{name}` is no table of numbers: {error}") from error


def check_samples(Xs, Xt):
    """Return two samples as arrays of floats with as many columns.

    Parameters
    ----------
    Xs, Xt : array-likes of shape (n_samples, n_features)
        Rows of the source and of the target.

    Returns
    -------
    Xs, Xt : ndarrays

    Raises
    ------
    ValueError
        If one is no table of finite numbers, or if their columns differ in number.
    """
    Xs, Xt = _as_table(Xs, "Xs"), _as_table(Xt, "Xt")
    if Xs.shape[1] != Xt.shape[1]:
        raise ValueError(
            f"`Xs` has {Xs.shape[1]} columns and `Xt` has {Xt.shape[1]}: a distance "
            "needs the same in both."
        )
    return Xs, Xt


def _covariances(Xs, Xt):
    """Return the covariances of two samples, which take two rows of each."""
    if min(len(Xs), len(Xt)) < 2:
        raise ValueError(
            "A covariance takes at least 2 rows, but there are "
            f"{len(Xs)} in `Xs` and {len(Xt)} in `Xt`. Take a distance that needs "
            "none, such as `energy_distance`."
        )
    return tuple(np.atleast_2d(np.cov(X, rowvar=False)) for X in (Xs, Xt))


def _to_unit_scale(Xs, Xt):
    """Return both samples in units in which their columns are centred, and of size 1.

    Each column is centred at the mean of its two means, and divided by the mean of its
    two standard deviations; one that is constant in both is left.
    """
    centre = (Xs.mean(axis=0) + Xt.mean(axis=0)) / 2
    scale = (Xs.std(axis=0) + Xt.std(axis=0)) / 2
    scale[scale == 0] = 1
    return (Xs - centre) / scale, (Xt - centre) / scale


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
    Cs, Ct = _covariances(*check_samples(Xs, Xt))
    return float(np.abs(Cs - Ct).mean())


def frechet_distance(Xs, Xt):
    r"""Return the distance of the Gaussians that fit two samples [1]_.

    It is the Wasserstein distance of order two between them,
    :math:`\sqrt{|\mu_s - \mu_t|^2 + \mathrm{tr}(C_s + C_t
    - 2 (C_s^{1/2} C_t C_s^{1/2})^{1/2})}`.

    Parameters
    ----------
    Xs : array-like of shape (n_samples, n_features)
        Rows of the source.

    Xt : array-like of shape (n_target_samples, n_features)
        Rows of the target.

    Returns
    -------
    distance : float
        In units of the features. Time O((n_s + n_t) d^2 + d^3).

    References
    ----------
    .. [1] Dowson and Landau. "The Frechet distance between multivariate normal
       distributions." Journal of Multivariate Analysis, 1982.

    Examples
    --------
    >>> from adapt.metrics import frechet_distance
    >>> frechet_distance([[0.0], [2.0]], [[3.0], [5.0]])
    3.0
    """
    Xs, Xt = check_samples(Xs, Xt)
    Cs, Ct = _covariances(Xs, Xt)
    root = symmetric_power(Cs, 0.5)
    cross = np.linalg.eigvalsh(root @ Ct @ root)
    spread = np.trace(Cs) + np.trace(Ct) - 2 * np.sqrt(np.maximum(cross, 0)).sum()
    move = np.sum((Xs.mean(axis=0) - Xt.mean(axis=0)) ** 2)
    return float(np.sqrt(move + max(spread, 0)))


def normalized_frechet_distance(Xs, Xt):
    """Return `frechet_distance` in units of each column, per column.

    Parameters
    ----------
    Xs : array-like of shape (n_samples, n_features)
        Rows of the source.

    Xt : array-like of shape (n_target_samples, n_features)
        Rows of the target.

    Returns
    -------
    distance : float
        Of columns divided by the mean of their standard deviations in the two samples,
        and then by their number.

    Examples
    --------
    >>> from adapt.metrics import normalized_frechet_distance
    >>> normalized_frechet_distance([[0.0], [2.0]], [[3.0], [5.0]])
    3.0
    """
    Xs, Xt = _to_unit_scale(*check_samples(Xs, Xt))
    return frechet_distance(Xs, Xt) / Xs.shape[1]


def linear_discrepancy(Xs, Xt, power_method=False, n_iter=20):
    r"""Return the largest difference in loss between two linear functions [1]_.

    It is the largest absolute eigenvalue of
    :math:`X_s^T X_s / n_s - X_t^T X_t / n_t`: how much the mean square difference of
    two linear functions, of coefficients at distance one, can differ between samples.

    Parameters
    ----------
    Xs : array-like of shape (n_samples, n_features)
        Rows of the source.

    Xt : array-like of shape (n_target_samples, n_features)
        Rows of the target.

    power_method : bool, default=False
        Whether to approach the eigenvalue from below in O(n d) a step, without the
        d x d matrix: for thousands of columns.

    n_iter : int, default=20
        Number of steps of the power method.

    Returns
    -------
    discrepancy : float
        In squared units of the features. Time O((n_s + n_t) d^2 + d^3).

    References
    ----------
    .. [1] Mansour, Mohri and Rostamizadeh. "Domain adaptation: learning bounds and
       algorithms." COLT, 2009.

    Examples
    --------
    >>> from adapt.metrics import linear_discrepancy
    >>> linear_discrepancy([[1.0, 0.0]], [[0.0, 2.0]])
    4.0
    """
    Xs, Xt = check_samples(Xs, Xt)
    if not power_method:
        M = Xs.T @ Xs / len(Xs) - Xt.T @ Xt / len(Xt)
        return float(np.abs(np.linalg.eigvalsh(M)).max())
    size, v = 0.0, np.random.default_rng(0).normal(size=Xs.shape[1])
    v /= np.linalg.norm(v)
    for _ in range(n_iter):
        v = Xs.T @ (Xs @ v) / len(Xs) - Xt.T @ (Xt @ v) / len(Xt)
        size = np.linalg.norm(v)
        if size == 0:
            break
        v /= size
    return float(size)


def normalized_linear_discrepancy(Xs, Xt, power_method=False, n_iter=20):
    """Return `linear_discrepancy` in units of each column, per column.

    Parameters
    ----------
    Xs : array-like of shape (n_samples, n_features)
        Rows of the source.

    Xt : array-like of shape (n_target_samples, n_features)
        Rows of the target.

    power_method, n_iter : bool and int
        As in `linear_discrepancy`.

    Returns
    -------
    discrepancy : float
        Of columns centred between the means of the two samples and divided by the mean
        of their standard deviations, and then by their number.

    Examples
    --------
    >>> from adapt.metrics import normalized_linear_discrepancy
    >>> normalized_linear_discrepancy([[0.0], [2.0]], [[3.0], [5.0]])
    0.0
    """
    Xs, Xt = _to_unit_scale(*check_samples(Xs, Xt))
    return linear_discrepancy(Xs, Xt, power_method, n_iter) / Xs.shape[1]
