"""Means of classes in domains, between those of each domain and those of all.

In a space where rows spread by one in each direction around the mean of their class and
domain, the mean of class c in domain g is ``M_c + a_g + u_gc``, in each direction
alone: a shift ``a_g ~ N(0, alpha)`` of the whole domain, and one ``u_gc ~ N(0, beta)``
of the class in it. What is seen has noise ``1 / n_gc`` on top. With
``S_g = (alpha 1 1' + beta I + diag(1 / n_g))^-1`` all follows in closed form, because
S_g is a diagonal matrix plus one of rank one.
"""

from typing import NamedTuple

import numpy as np


class PooledMeans(NamedTuple):
    """Means ``(n_domains, n_classes, p)`` with what they were shrunken to and by."""

    means: np.ndarray
    shared: np.ndarray
    variances: np.ndarray


def _weights(counts, alpha, beta):
    """Return the diagonal of S_g, before the term of rank one, and that term's factor.

    Shapes are (n_domains, n_classes, p) and (n_domains, p). A class that a domain lacks
    has infinite noise, so weight zero.
    """
    n = counts[..., None]
    weight = n / (1 + n * beta)
    return weight, alpha / (1 + alpha * weight.sum(axis=1))


def _shared_means(means, weight, factor):
    """Return the most likely means of all domains together (generalized least squares).

    They solve ``sum_g S_g (m_g - M) = 0`` in each direction.
    """
    scaled = weight * factor[:, None]
    S = -np.einsum("gip,gjp->pij", scaled, weight)
    diagonal = np.arange(S.shape[1])
    S[:, diagonal, diagonal] += weight.sum(axis=0).T
    seen = (weight * means).sum(axis=1, keepdims=True)
    total = (weight * means - scaled * seen).sum(axis=0)
    return np.linalg.solve(S, total.T[..., None])[..., 0].T


def pooled_means(counts, means, *, max_iter=100, tol=1e-4):
    """Shrink the means of classes in domains by as much as the data say.

    Parameters
    ----------
    counts : ndarray of shape (n_domains, n_classes)
        Numbers of rows. Each class has rows in some domain.

    means : ndarray of shape (n_domains, n_classes, p)
        Means of these rows, whose covariance is the identity. They are zero where there
        are no rows.

    max_iter : int, default=100
        The most steps of the variances.

    tol : float, default=1e-4
        The steps stop when no variance changes by more than this, relative to the
        largest noise.

    Returns
    -------
    pooled : PooledMeans
        Posterior means; their shared part, of shape (n_classes, p); and the variances
        alpha and beta of each direction, of shape (2, p). Time O(max_iter n_domains
        n_classes^2 p).

    Notes
    -----
    The variances maximize the marginal likelihood. A step multiplies a variance by the
    root of the ratio of the two terms of its gradient, which never lowers the
    likelihood [1]_.

    References
    ----------
    .. [1] Hua Zhou, Liuyi Hu, Jin Zhou and Kenneth Lange. "MM algorithms for variance
       components models". Journal of Computational and Graphical Statistics, 2019.
    """
    alpha = np.full(means.shape[2], 0.5)
    beta = np.full(means.shape[2], 0.5)
    seen = (counts > 0)[..., None]
    for _ in range(max_iter):
        weight, factor = _weights(counts, alpha, beta)
        shared = _shared_means(means, weight, factor)
        residual, total = _explained(means - shared, seen, weight, factor)
        spread = weight.sum(axis=1)
        common = _ratio((total**2).sum(0), (spread - factor * spread**2).sum(0))
        own = _ratio(
            (residual**2).sum(axis=(0, 1)),
            (weight - factor[:, None] * weight**2).sum(axis=(0, 1)),
        )
        before, (alpha, beta) = (alpha, beta), (alpha * common, beta * own)
        change = np.abs([alpha - before[0], beta - before[1]])
        if np.all(change <= tol / max(1.0, counts.max())):
            break
    weight, factor = _weights(counts, alpha, beta)
    shared = _shared_means(means, weight, factor)
    residual, total = _explained(means - shared, seen, weight, factor)
    posterior = shared + alpha * total[:, None] + beta * residual
    return PooledMeans(posterior, shared, np.stack([alpha, beta]))


def _explained(deviation, seen, weight, factor):
    """Return ``S_g (m_g - M)``, and the sum of its entries over the classes."""
    weighted = np.where(seen, weight * deviation, 0)
    residual = weighted - weight * (factor * weighted.sum(axis=1))[:, None]
    return residual, residual.sum(axis=1)


def _ratio(found, expected):
    """Return the root of a ratio of sums of squares, 0 where both vanish."""
    positive = expected > 0
    ratio = np.divide(found, expected, out=np.zeros_like(found), where=positive)
    return np.sqrt(ratio)


def pooled_shares(counts):
    """Shrink the shares of classes in domains towards those of all domains.

    Parameters
    ----------
    counts : ndarray of shape (n_domains, n_classes)
        Numbers of rows.

    Returns
    -------
    shares : ndarray of shape (n_domains, n_classes)
        Posterior means of shares that follow a Dirichlet distribution around the shared
        ones. Its spread is that of the counts beyond chance, by moments: with
        ``theta = 1 / (1 + A)``, where A is the sum of the Dirichlet's parameters, a
        count has variance ``n p (1 - p) (1 + (n - 1) theta)`` [1]_.

    References
    ----------
    .. [1] James E. Mosimann. "On the compound multinomial distribution, the
       multivariate beta-distribution, and correlations among proportions". Biometrika,
       1962.
    """
    n = counts.sum(axis=1)
    shared = counts.sum(axis=0) / n.sum()
    expected = np.outer(n, shared)
    chi2 = ((counts - expected) ** 2 / np.where(expected > 0, expected, 1)).sum()
    freedom = max(1, len(shared) - 1)
    pairs = np.maximum(n - 1, 0).sum()
    excess = chi2 / freedom - (np.count_nonzero(n) - 1)
    theta = 0.0 if pairs == 0 else np.clip(excess / pairs, 0, 1)
    # (n + A p) / (n_g + A), which stays finite for an infinite A.
    return (theta * counts + (1 - theta) * shared) / (
        theta * n[:, None] + 1 - theta + np.finfo(float).tiny
    )
