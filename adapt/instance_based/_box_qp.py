"""The quadratic program of kernel mean matching: a box, and a slab for the sum."""

import numpy as np

_CG_STEPS = 100  # at most, on one set of free weights


_HALVINGS = 30  # at most, of one step


def project_box_slab(v, upper, low, high):
    """Return the point nearest to ``v`` with entries in a box and sum in an interval.

    Parameters
    ----------
    v : ndarray of shape (n,)
        Any point.

    upper : float
        Entries of the result are between 0 and this.

    low, high : float
        The sum of the result is between these; ``low <= n * upper`` and ``high >= 0``.

    Returns
    -------
    w : ndarray of shape (n,)
        ``clip(v - nu, 0, upper)`` with the nu of smallest magnitude that the sum
        allows.
    """
    w = np.clip(v, 0, upper)
    total = w.sum()
    if low <= total <= high:
        return w
    goal = low if total < low else high
    # The sum falls with nu, linearly while the same entries are inside the bounds, so
    # that one step of Newton is exact there. Where a step leaves the bracket, the
    # bracket is halved.
    left, right, nu = v.min() - upper, v.max(), 0.0
    for _ in range(100):
        surplus = total - goal
        if abs(surplus) <= 1e-13 * max(goal, 1.0):
            break
        left, right = (nu, right) if surplus > 0 else (left, nu)
        inside = np.count_nonzero((w > 0) & (w < upper))
        nu = nu + surplus / inside if inside else np.inf
        if not left < nu < right:
            nu = (left + right) / 2
        w = np.clip(v - nu, 0, upper)
        total = w.sum()
    return w


class FullGram:
    """A kernel matrix that is held as it is."""

    def __init__(self, K):
        self.K = K
        self.scale = K.diagonal().mean()

    def dot(self, w):
        """Return the matrix times ``w``, of which many entries may be zero."""
        rows = np.flatnonzero(w)
        if 2 * len(rows) > len(w):
            return self.K @ w
        return w[rows] @ self.K[rows]

    def within(self, rows):
        """Return the product with the part of the matrix that some rows make up."""
        if len(rows) == len(self.K):
            return self.dot
        part = self.K[np.ix_(rows, rows)]
        return lambda v: part @ v


class LowRankGram:
    """A kernel matrix that is held as the features whose products it contains.

    They are held in single precision, which is more than the low rank is exact to.
    """

    def __init__(self, features):
        self.features = features.astype(np.float32, copy=False)
        self.scale = float(np.vdot(features, features)) / len(features)

    def dot(self, w):
        """Return the matrix times ``w``, of which many entries may be zero."""
        rows = np.flatnonzero(w)
        if 2 * len(rows) > len(w):
            return self.spread(w.astype(np.float32) @ self.features)
        return self.spread(w[rows].astype(np.float32) @ self.features[rows])

    def spread(self, mean):
        """Return the products of all rows with an element of the feature space."""
        return (self.features @ mean.astype(np.float32)).astype(np.float64)

    def within(self, rows):
        """Return the product with the part of the matrix that some rows make up."""
        if 2 * len(rows) > len(self.features):
            return lambda v: self._padded_dot(rows, v)
        part = self.features[rows]
        return lambda v: (part @ (v.astype(np.float32) @ part)).astype(np.float64)

    def _padded_dot(self, rows, v):
        w = np.zeros(len(self.features))
        w[rows] = v
        return self.dot(w)[rows]


def _minimise_free(product, residual, fixed_sum):
    """Return the step to where conjugate gradients find little more to gain.

    They minimise ``1/2 p'Kp - p'r`` for the product with K, over steps p of sum zero if
    ``fixed_sum``, until a step gains less than a hundredth of the best one.
    """

    def feasible(v):
        return v - v.mean() if fixed_sum else v

    p = np.zeros(len(residual))
    r = feasible(residual)
    q, rr, best = r, r @ r, 0.0
    for _ in range(_CG_STEPS):
        Kq = product(q)
        curvature = q @ Kq
        if curvature <= 1e-14 * (q @ q):
            break
        step = rr / curvature
        p = p + step * q
        gain = 0.5 * step * rr
        best = max(best, gain)
        if gain <= 0.01 * best:
            break
        r = r - step * feasible(Kq)
        rr, previous = r @ r, rr
        q = r + rr / previous * q
    return p


def solve_kmm(gram, kappa, upper, low, high, *, tol, max_iter):
    """Minimise ``1/2 w'Kw - kappa'w`` over a box and an interval for the sum.

    Parameters
    ----------
    gram : FullGram or LowRankGram
        The positive semi-definite matrix K.

    kappa : ndarray of shape (n,)
        Linear term.

    upper, low, high : float
        Bounds ``0 <= w <= upper`` and ``low <= sum(w) <= high``.

    tol : float
        Largest residual at the result, see below.

    max_iter : int
        Number of evaluations of the gradient, and of steps between them, at most.

    Returns
    -------
    w : ndarray of shape (n,)
        The weights.

    residual : float
        Largest entry of ``w - P(w - g / k)``, with the gradient g, the mean k of K's
        diagonal, and the projection P to the bounds, in units of the largest entry of
        ``kappa / k`` if that is above one. It is zero exactly at the minimum.

    n_iter : int
        Number of evaluations of the gradient.
    """

    def project(v, low=low, high=high):
        return project_box_slab(v, upper, low, high)

    w = project(np.ones(len(kappa)))
    Kw = gram.dot(w)
    scale = gram.scale if gram.scale > 0 else 1.0
    length = 1 / scale
    unit = max(np.abs(kappa).max() / scale, 1.0)
    for n_iter in range(1, max_iter + 1):
        g = Kw - kappa
        residual = np.abs(w - project(w - g / scale)).max() / unit
        if residual <= tol or n_iter == max_iter:
            break

        # A projected gradient step, which moves weights to bounds and from them. The
        # objective along it is a parabola: where it turns is the next length.
        for _ in range(_HALVINGS):
            d = project(w - length * g) - w
            Kd = gram.dot(d)
            slope, curvature = g @ d, d @ Kd
            if slope + 0.5 * curvature <= 0.1 * slope:
                break
            length *= max(-slope / curvature, 0.1)
        w, Kw = np.clip(w + d, 0, upper), Kw + Kd
        if curvature > 0:
            length = (d @ d) / curvature

        # Now the weights inside the bounds, of fixed sum if that is at its bound.
        free = np.flatnonzero((w > 0) & (w < upper))
        if len(free) == 0:
            continue
        residue = (kappa - Kw)[free]
        total, push = w.sum(), residue.sum()
        near = 1e-9 * len(w)
        fixed = (total >= high - near and push > 0) or (
            total <= low + near and push < 0
        )
        sums = (total, total) if fixed else (low, high)
        p = np.zeros(len(w))
        p[free] = _minimise_free(gram.within(free), residue, fixed)
        # Back to the bounds, with half the step until that lowers the objective.
        for _ in range(_HALVINGS):
            d = project(w + p, *sums) - w
            Kd = gram.dot(d)
            if d @ (Kw - kappa) + 0.5 * (d @ Kd) <= 0:
                w, Kw = np.clip(w + d, 0, upper), Kw + Kd
                break
            p /= 2
    return w, residual, n_iter
