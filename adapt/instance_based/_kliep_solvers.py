"""Solvers of the likelihood of KLIEP over the shares of kernels."""

from typing import NamedTuple

import numpy as np

from adapt._kernels import row_blocks
from adapt.instance_based._constrained import project_simplex

FLOOR = 1e-100  # of kernels, so that logarithms and their derivatives stay finite
_HALVINGS = 20  # of a Newton step at most


_LOST = 1e-8  # share of a ratio that is summed again


def _dots(A, B):
    return np.einsum("ij,ij->i", A, B)


def log_means(row_weights, ratio):
    return _dots(row_weights, np.log(np.maximum(ratio, FLOOR)))


def _newton_target(gradient, H, shares):
    """Return shares that a Newton step aims at, under which some kernels may drop out.

    The parabola of this slope and curvature is maximised over shares of sum one. Those
    that would fall below zero are set to it, all at once, until none is left.
    """
    linear = gradient + H @ shares
    used = np.ones(len(shares), dtype=bool)
    while True:
        sides = np.column_stack([linear[used], np.ones(used.sum())])
        free, one = np.linalg.solve(H[np.ix_(used, used)], sides).T
        free -= (free.sum() - 1) / one.sum() * one
        if not free.min() < 0:  # nor where it is not a number, which gains nothing
            break
        used[used] = free >= 0
    target = np.zeros(len(shares))
    target[used] = free
    return target


def _newton(features, weights, shares, ratio):
    """Return the shares of one problem after a Newton step, if that gains.

    It is among the kernels that are in use and those with which J would rise.
    """
    among = np.flatnonzero((shares > 0) | (features @ (weights / ratio) > 1))
    gradient, H = np.zeros(len(among)), np.zeros((len(among), len(among)))
    roots = np.sqrt(weights)
    for rows in row_blocks(len(ratio), len(among)):
        slopes = features[among, rows] * (roots[rows] / ratio[rows])
        gradient += slopes @ roots[rows]
        H += slopes @ slopes.T
    H[np.diag_indices_from(H)] *= 1 + 1e-10
    target = np.zeros(len(shares))
    target[among] = _newton_target(gradient, H, shares[among])
    score, ratio_there = weights @ np.log(ratio), target @ features
    for halving in range(_HALVINGS):
        length = 0.5**halving
        new = ratio + length * (ratio_there - ratio)
        if weights @ np.log(np.maximum(new, FLOOR)) > score:
            return shares + length * (target - shares), new
    return shares, ratio


def _frank_wolfe(features, row_weights, shares, tol, max_iter, ascent=None):
    """Move share from the worst kernel in use to the best one, as far as it pays.

    Every second step is Newton's instead, which moves many shares at once.
    """
    r = np.arange(len(shares))
    ratio, least = shares @ features, features.min(axis=0)
    for n_iter in range(1, max_iter + 1):
        gradient = (row_weights / ratio) @ features.T
        best = gradient.argmax(axis=1)
        gap = gradient[r, best] - 1
        if gap.max() <= tol or n_iter == max_iter:
            break
        if n_iter % 2 == 0:
            for i in np.flatnonzero(gap > tol):
                shares[i], ratio[i] = _newton(
                    features, row_weights[i], shares[i], ratio[i]
                )
            continue
        worst = np.where(shares > 0, gradient, np.inf).argmin(axis=1)
        longest = shares[r, worst]
        direction = features[best] - features[worst]
        step = np.zeros(len(shares))
        for _ in range(2):  # Newton steps along the direction
            slope = direction / np.maximum(ratio + step[:, None] * direction, least)
            weighted = row_weights * slope
            curvature = _dots(weighted, slope)
            step += weighted.sum(axis=1) / np.maximum(curvature, FLOOR)
            step = np.clip(step, 0, longest)
        shares[r, best] += step
        shares[r, worst] = np.where(step < longest, longest - step, 0)
        new = ratio + step[:, None] * direction
        lost = (new < _LOST * ratio).any(axis=1)  # what is left is of rounding
        new[lost] = shares[lost] @ features
        ratio = new
    return shares, gap, n_iter


def _projected_gradient(features, row_weights, shares, tol, max_iter, ascent=None):
    """Accelerated projected gradient, restarted where it ceases to gain."""
    ahead, ratio = shares, shares @ features
    ratio_ahead, momentum, curvature = ratio, np.ones(len(shares)), np.ones(len(shares))
    for n_iter in range(1, max_iter + 1):
        gradient = (row_weights / ratio_ahead) @ features.T
        gap = gradient.max(axis=1) - _dots(gradient, ahead)
        start = log_means(row_weights, ratio_ahead)
        while True:  # until the parabola lies below what is maximised
            point = ahead + gradient / curvature[:, None]
            new = np.array([project_simplex(row) for row in point])
            ratio_new, d = new @ features, new - ahead
            parabola = start + _dots(gradient, d) - 0.5 * curvature * _dots(d, d)
            slack = 1e-12 * (1 + np.abs(start))
            above = log_means(row_weights, ratio_new) < parabola - slack
            if not above.any():
                break
            curvature = np.where(above, 2 * curvature, curvature)
        if gap.max() <= tol or n_iter == max_iter:
            break
        gains = _dots(gradient, new - shares) > 0
        following = np.where(gains, (1 + np.sqrt(1 + 4 * momentum**2)) / 2, 1)
        pull = np.where(gains, (momentum - 1) / following, 0)[:, None]
        ratio_ahead = ratio_new + pull * (ratio_new - ratio)
        pull = np.where((ratio_ahead > 0).all(axis=1)[:, None], pull, 0)
        ahead = new + pull * (new - shares)
        ratio_ahead = ratio_new + pull * (ratio_new - ratio)
        shares, ratio, momentum = new, ratio_new, following
        curvature = 0.9 * curvature
    return new, gap, n_iter


class Ascent(NamedTuple):
    """What the gradient ascent of the paper takes besides: rates, and source means.

    Coefficients are shares over the means of their kernels. In shares, steps in the
    coefficients are longer by the squares of the means.
    """

    rates: np.ndarray
    means: np.ndarray


def _gradient_ascent(features, row_weights, shares, tol, max_iter, ascent):
    """Gradient steps, then back to the constraint; the next rate when one fails.

    As published: coefficients are moved by the gradient of the sum of log ratios and
    projected to the plane of mean one; negative ones become zero, and all are scaled.
    """
    rates, squares = np.sort(ascent.rates)[::-1], np.square(ascent.means)
    to_plane = squares / squares.sum()
    shares = np.tile(ascent.means / ascent.means.sum(), (len(shares), 1))
    n_rows = 1 / row_weights.max(axis=1, keepdims=True)
    at = np.zeros(len(shares), dtype=int)
    ratio = shares @ features
    score = log_means(row_weights, ratio)
    for n_iter in range(1, max_iter + 1):
        gradient = (row_weights / ratio) @ features.T
        gap = gradient.max(axis=1) - 1
        if gap.max() <= tol or n_iter == max_iter or (at == len(rates)).all():
            break
        rate = rates[np.minimum(at, len(rates) - 1)]
        new = shares + rate[:, None] * n_rows * squares * gradient
        new += (1 - new.sum(axis=1, keepdims=True)) * to_plane
        new = np.maximum(new, 0)
        new /= new.sum(axis=1, keepdims=True)
        ratio_new = np.maximum(new @ features, FLOOR)
        score_new = log_means(row_weights, ratio_new)
        better = score_new > score
        shares = np.where(better[:, None], new, shares)
        ratio = np.where(better[:, None], ratio_new, ratio)
        score = np.where(better, score_new, score)
        at = np.where(better, at, np.minimum(at + 1, len(rates)))
    return shares, gap, n_iter


SOLVERS = {
    "FW": _frank_wolfe,
    "PG": _projected_gradient,
    "original": _gradient_ascent,
}


def kliep_shares(
    features,
    row_weights,
    algo="FW",
    *,
    start=None,
    tol=1e-6,
    max_iter=2000,
    lr=(0.01, 0.1, 1.0),
    means=None,
):
    """Return the mixtures of kernels under which target rows are most likely.

    Parameters
    ----------
    features : ndarray of shape (n_kernels, n_rows)
        Positive values of the kernels at the target rows, each kernel in units of its
        mean over the source.

    row_weights : ndarray of shape (n_problems, n_rows)
        Weights of the rows in each problem, of sum one; zero leaves a row out.

    algo : {"FW", "PG", "original"}, default="FW"
        The solver.

    start : ndarray of shape (n_kernels,), default=None
        Shares to start from in all problems; "original" starts from equal
        coefficients. If None, equal ones, or for "FW" the one
        kernel that does best, if that is better.

    tol : float, default=1e-6
        How far each mean log ratio may be from its maximum.

    max_iter : int, default=2000
        Number of gradients at most.

    lr : float or list of float
        Rates of the solver "original", which moves coefficients of kernels that are not
        in units of their means.

    means : ndarray of shape (n_kernels,), default=None
        Those means, for "original". If None, ones.

    Returns
    -------
    shares : ndarray of shape (n_problems, n_kernels)
        Non-negative, of sum one in each problem.

    gap : float
        The mean log ratios are at most this far below their maxima.

    n_iter : int
        Number of gradients.
    """
    n_problems, n_kernels = len(row_weights), len(features)
    if start is None:
        shares = np.full((n_problems, n_kernels), 1 / n_kernels)
        if algo == "FW":
            alone = np.zeros(shares.shape)
            for rows in row_blocks(features.shape[1], n_kernels):
                alone += row_weights[:, rows] @ np.log(features[:, rows]).T
            better = alone.max(axis=1) > log_means(row_weights, shares @ features)
            shares[better] = np.eye(n_kernels)[alone[better].argmax(axis=1)]
    else:
        shares = np.tile(start, (n_problems, 1))
    means = np.ones(n_kernels) if means is None or not means.any() else means
    ascent, solve = Ascent(np.atleast_1d(lr), means), SOLVERS[algo]
    shares, gap, n_iter = solve(features, row_weights, shares, tol, max_iter, ascent)
    return shares, float(gap.max()), n_iter
