"""Linear models whose coefficients vary by domain, from sums of rows alone.

In domain g, ``y = Z b + R u_g + e`` with ``u_g ~ N(0, diag(v))`` and ``e ~ N(0, s I)``,
where the columns of R are among those of Z. Given the variances, b follows by
generalized least squares and u_g is its posterior mean. The variances maximize the
marginal likelihood, which is a function of ``Z'Z``, ``Z'y`` and ``y'y`` in each domain:
a pass over rows is never needed again.
"""

from typing import NamedTuple

import numpy as np
from scipy.linalg import eigh
from scipy.optimize import brentq, minimize, minimize_scalar

# Of log variances, relative to the noise of one model of all domains.
_RANGE = -18.0, 5.0
_LEAST_NOISE = -14.0


class Moments(NamedTuple):
    """Sums of products by domain.

    ``n`` of shape (G,), ``ZZ`` (G, q, q), ``Zy`` (G, q) and ``yy`` (G,); ``random`` are
    the columns whose coefficients vary; ``penalty`` of shape (q,) is added to the
    diagonal of ``Z'Z`` over all domains.
    """

    n: np.ndarray
    ZZ: np.ndarray
    Zy: np.ndarray
    yy: np.ndarray
    random: np.ndarray
    penalty: np.ndarray


class Solution(NamedTuple):
    """Shared coefficients ``b``, domains' own ``u``, and what the gradient needs."""

    b: np.ndarray
    u: np.ndarray
    scaled: np.ndarray
    residual: np.ndarray
    inverse: np.ndarray
    root: np.ndarray


def solve(moments, v, s):
    """Return coefficients given the variances.

    Parameters
    ----------
    moments : Moments
        Sums of products.

    v : ndarray of shape (n_random,)
        Variances of the coefficients that vary. They may be zero.

    s : float
        Variance of the noise.

    Returns
    -------
    solution : Solution
        Time O(n_domains (n_random^3 + q^2 n_random) + q^3).
    """
    r = moments.random
    ZR, Zy = moments.ZZ[:, :, r], moments.Zy
    root = np.sqrt(v)
    # With B = I + v^1/2 R'R v^1/2 / s and L = Z'R v^1/2 / s, Woodbury's identity gives
    # Z'V^-1 Z = Z'Z / s - L B^-1 L'.
    B = np.eye(len(r)) + moments.ZZ[:, r[:, None], r] * np.outer(root, root) / s
    inverse = np.linalg.inv(B)
    left = ZR * root / s
    A = moments.ZZ.sum(axis=0) / s
    A -= np.einsum("gij,gjk,glk->il", left, inverse, left, optimize=True)
    c = Zy.sum(axis=0) / s
    seen = np.einsum("gjk,gk->gj", inverse, Zy[:, r] * root / s)
    c -= np.einsum("gij,gj->i", left, seen)
    A[np.diag_indices(len(A))] += moments.penalty / s
    b = np.linalg.lstsq((A + A.T) / 2, c, rcond=None)[0]
    residual = Zy - moments.ZZ @ b
    scaled = np.einsum("gjk,gk->gj", inverse, residual[:, r] * root / s)
    return Solution(b, root * scaled, scaled, residual, inverse, root)


def negative_log_likelihood(log_variances, moments):
    """Return minus the marginal log-likelihood and its gradient.

    Parameters
    ----------
    log_variances : ndarray of shape (n_random + 1,)
        Logarithms of the variances of coefficients, and of the noise.

    moments : Moments
        Sums of products.

    Returns
    -------
    value : float
        With the constant of the normal density. The shared coefficients are the most
        likely ones; with a penalty its value is added.

    gradient : ndarray of shape (n_random + 1,)
    """
    n, r = moments.n, moments.random
    v, s = np.exp(log_variances[:-1]), np.exp(log_variances[-1])
    found = solve(moments, v, s)
    b, u = found.b, found.u
    squares = moments.yy - 2 * moments.Zy @ b + (moments.ZZ @ b) @ b
    residual = found.residual[:, r]
    fit = np.sum(u * residual) / s
    log_det = -np.linalg.slogdet(found.inverse)[1].sum()
    penalty = b @ (moments.penalty * b) / s
    value = 0.5 * (
        n.sum() * np.log(2 * np.pi * s) + log_det + squares.sum() / s - fit + penalty
    )
    leverage = np.einsum("gjj->gj", found.inverse)
    by_v = 0.5 * np.sum(1 - leverage - found.scaled**2, axis=0)
    noise = squares.sum() - 2 * np.sum(u * residual)
    noise += np.einsum("gj,gjk,gk->", u, moments.ZZ[:, r[:, None], r], u)
    freedom = n.sum() - np.sum(1 - leverage)
    by_s = 0.5 * (freedom - noise / s - penalty)
    return value, np.r_[by_v, by_s]


def fit_variances(moments):
    """Return the variances that maximize the marginal likelihood.

    Parameters
    ----------
    moments : Moments
        Sums of products of columns of about unit variance.

    Returns
    -------
    v : ndarray of shape (n_random,)
        Variances of coefficients; zero where the least allowed one is the best, and
        where there is one domain, which tells nothing about them.

    s : float
        Variance of the noise.
    """
    n, k = moments.n.sum(), len(moments.random)
    spread = max(_pooled_noise(moments), 1e-12 * moments.yy.sum()) / n
    if spread == 0:  # y is constant
        return np.zeros(k), 1.0
    if len(moments.n) == 1 or not k:
        return np.zeros(k), spread
    low, high = np.log(spread) + np.array(_RANGE)

    def objective(log_variances):  # by row, so that the first steps are short
        value, gradient = negative_log_likelihood(log_variances, moments)
        return value / n, gradient / n

    # Two starts, because a variance that starts far too large may stay there.
    best = min(
        (
            minimize(
                objective,
                np.log(np.r_[np.full(k, share * spread), spread / 2]),
                jac=True,
                method="L-BFGS-B",
                bounds=[(low, high)] * k + [(np.log(spread) + _LEAST_NOISE, high)],
                options={"maxiter": 500, "ftol": 1e-11, "gtol": 1e-7},
            )
            for share in (0.1, 1e-3)
        ),
        key=lambda result: result.fun,
    )
    v = np.exp(best.x[:-1])
    v[best.x[:-1] < low + 1e-3] = 0
    return v, float(np.exp(best.x[-1]))


def _pooled_noise(moments):
    """Return the sum of squares that one model of all domains leaves."""
    b = solve(moments, np.zeros(len(moments.random)), 1.0).b
    ZZ, Zy = moments.ZZ.sum(axis=0), moments.Zy.sum(axis=0)
    return max(moments.yy.sum() - 2 * Zy @ b + b @ ZZ @ b, 0.0)


def evidence_penalty(n, ZZ, Zy, yy):
    """Return the ridge penalty that maximizes the evidence of one model of all rows.

    Parameters
    ----------
    n : float
        The number of rows.

    ZZ : ndarray of shape (q, q)
        Products of centred columns of about unit variance.

    Zy : ndarray of shape (q,)
        Products with the centred numbers y.

    yy : float
        Sum of their squares.

    Returns
    -------
    penalty : float
        Ratio of the variance of the noise to that of the coefficients [1]_. Time
        O(q^3).

    References
    ----------
    .. [1] David J. C. MacKay. "Bayesian interpolation". Neural Computation, 1992.
    """
    if yy <= 0:  # y is constant, so that any penalty is as good
        return float(n)
    values, vectors = eigh(ZZ)
    values = np.maximum(values, 0)
    projected = (vectors.T @ Zy) ** 2

    def left(penalty):
        return max(yy - np.sum(projected / (values + penalty)), 1e-12 * yy)

    def minus_evidence(log_penalty):
        penalty = np.exp(log_penalty)
        size = np.sum(np.log1p(values / penalty))
        return 0.5 * ((n - 1) * np.log(left(penalty)) + size)

    def slope(log_penalty):
        penalty = np.exp(log_penalty)
        fit = penalty * np.sum(projected / (values + penalty) ** 2) / left(penalty)
        return (n - 1) * fit - np.sum(values / (values + penalty))

    bounds = np.log(n) + np.array([-14.0, 10.0])
    best = minimize_scalar(minus_evidence, bounds=bounds, method="bounded").x
    # A minimum is known to half of the digits, a root of the slope to all.
    if slope(best - 0.1) < 0 < slope(best + 0.1):
        best = brentq(slope, best - 0.1, best + 0.1, xtol=1e-12)
    return float(np.exp(best))
