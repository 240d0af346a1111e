"""Linear discrepancy minimisation.

The largest absolute eigenvalue of a matrix is its largest product with a matrix of
nuclear norm one, so that the weights are one side of a saddle point whose other side is
such a matrix Z. Both take turns: a step of each needs the eigenvectors of one d x d
matrix, and products that are linear in the rows (Chambolle and Pock, 2011). A few of
these steps determine a far better one (Anderson, 1965). Any Z bounds the discrepancy
from below, so that it is known how far it is from its minimum.
"""

import warnings
from numbers import Integral, Real

import numpy as np
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning

from adapt._sklearn import Interval
from adapt.base import WeightAdapter
from adapt.instance_based._constrained import project_simplex

_MEMORY = 8  # steps that determine the next point
_BLOCK = 4096  # rows whose products are held at once
_CHECK_EVERY = 10  # steps between two looks at the bounds
_BALANCE = 0.4  # of the steps of weights to those of Z, both of which have no unit


def second_moment(X, w):
    """Return ``sum_i w_i x_i x_i'`` for the rows of a dense or sparse X."""
    rows = np.flatnonzero(w)
    if sparse.issparse(X):
        return (X[rows].T.multiply(w[rows]) @ X[rows]).toarray()
    moment = np.zeros((X.shape[1], X.shape[1]))
    for start in range(0, len(rows), _BLOCK):
        some = rows[start : start + _BLOCK]
        part = X[some]
        moment += (part.T * w[some]) @ part
    return moment


def quadratic_forms(X, Z):
    """Return ``x_i' Z x_i`` for the rows of a dense or sparse X."""
    if sparse.issparse(X):
        return np.asarray(X.multiply(X @ Z).sum(axis=1)).ravel()
    forms = np.empty(len(X))
    for start in range(0, len(X), _BLOCK):
        block = slice(start, start + _BLOCK)
        forms[block] = np.einsum("ij,ij->i", X[block] @ Z, X[block])
    return forms


def discrepancy(D):
    """Return the largest absolute eigenvalue of a symmetric matrix."""
    return float(np.abs(np.linalg.eigvalsh(D)).max())


def _project_nuclear(Z):
    """Return the symmetric matrix of nuclear norm at most one that is nearest to Z."""
    values, vectors = np.linalg.eigh(Z)
    sizes = np.abs(values)
    if sizes.sum() > 1:
        values = np.copysign(project_simplex(sizes), values)
    return (vectors * values) @ vectors.T


def _moment_norm(X):
    """Return the norm of the map from weights of sum zero to their second moment."""
    v = np.linspace(-1, 1, X.shape[0]) ** 3 + 0.1 * np.cos(np.arange(X.shape[0]))
    for _ in range(8):
        v = v - v.mean()
        size = np.linalg.norm(v)
        if size == 0:
            return 0.0
        v = quadratic_forms(X, second_moment(X, v / size))
    return np.sqrt(np.linalg.norm(v - v.mean()))


class _Extrapolation:
    """Anderson's method for a fixed point, from the last few steps towards it."""

    def __init__(self, size):
        self.residuals, self.images = np.zeros((2, _MEMORY, size))
        self.gram = np.zeros((_MEMORY, _MEMORY))
        self.clear()

    def clear(self):
        """Forget all steps."""
        self.last, self.count = None, 0

    def next(self, image, residual):
        """Return where to go from a point of given image and step to the image."""
        if self.last is not None:
            k = self.count % _MEMORY
            self.count += 1
            self.images[k] = image - self.last[0]
            self.residuals[k] = residual - self.last[1]
            self.gram[k] = self.gram[:, k] = self.residuals @ self.residuals[k]
        self.last = image, residual
        used = min(self.count, _MEMORY)
        if used < 2:
            return image
        gram = self.gram[:used, :used].copy()
        gram.flat[:: used + 1] += 1e-8 * gram.trace() + np.finfo(float).tiny
        share = np.linalg.solve(gram, self.residuals[:used] @ residual)
        return image - share @ self.images[:used]


def minimise_discrepancy(X, M, *, tol, max_iter):
    """Return weights for which a weighted second moment is closest to a given one.

    Parameters
    ----------
    X : ndarray or sparse matrix of shape (n_samples, n_features)
        Rows.

    M : ndarray of shape (n_features, n_features)
        The symmetric matrix to approach.

    tol : float
        How far the result may be from the minimum, in units of the result, or of a
        hundredth of M if the result is less.

    max_iter : int
        Number of steps at most.

    Returns
    -------
    w : ndarray of shape (n_samples,)
        Non-negative weights of sum one. They minimise the largest absolute eigenvalue
        of ``M - sum_i w_i x_i x_i'``.

    value : float
        That eigenvalue.

    gap : float
        The minimum is at least ``value - gap``.

    n_iter : int
        Number of steps.
    """
    n, d = X.shape
    w = np.full(n, 1 / n)
    value = discrepancy(M - second_moment(X, w))
    bound, least, norm = 0.0, 0.01 * discrepancy(M), _moment_norm(X)
    # Steps twice as long as is safe for all rows, for few keep a weight.
    reach, n_iter = 2.0, 0
    smallest, since, path = np.inf, 0, _Extrapolation(n + d * d)
    # One vector for both, in which steps of both have the same weight.
    unit_w, unit_z = np.sqrt(_BALANCE), 1 / np.sqrt(_BALANCE)
    point = np.concatenate([w / unit_w, np.zeros(d * d)])
    while n_iter < max_iter and norm > 0 and value - bound > tol * max(value, least):
        n_iter += 1
        now, Z = point[:n] * unit_w, point[n:].reshape(d, d) * unit_z
        step_w, step_z = reach / norm * _BALANCE, reach / norm / _BALANCE
        ahead = project_simplex(now + step_w * quadratic_forms(X, Z))
        D = M - second_moment(X, 2 * ahead - now)
        Z_ahead = _project_nuclear(Z + step_z * D)

        if n_iter % _CHECK_EVERY == 0 or n_iter == max_iter:
            found = discrepancy(M - second_moment(X, ahead))
            if found < value:
                w, value = ahead, found
            below = (M * Z_ahead).sum() - quadratic_forms(X, Z_ahead).max()
            bound = max(bound, below)

        image = np.concatenate([ahead / unit_w, Z_ahead.ravel() / unit_z])
        residual = image - point
        size = np.linalg.norm(residual)
        if size < 0.9 * smallest:
            smallest, since = size, n_iter
        if n_iter - since > 100:
            # No progress: shorter steps, which converge for certain once they are one.
            reach, smallest, since = max(reach / 2, 1.0), np.inf, n_iter
            path.clear()
            point = image
        else:
            point = path.next(image, residual)
    return w, value, value - bound, n_iter


class LDM(WeightAdapter):
    r"""Linear discrepancy minimisation [1]_.

    The weights are those under which squared losses of any two linear models differ
    least between the domains: with the second moment :math:`M_t` of the target, they
    minimise the largest absolute eigenvalue

    .. math::
        \min_w \; \Bigl\| M_t - \sum_i w_i x_i x_i^T \Bigr\|_2
        \quad \text{with} \quad w \ge 0, \; \sum_i w_i = 1.

    Parameters
    ----------
    estimator : estimator, default=None
        Fitted on the weighted source. If None, `LogisticRegression` for classes and
        `LinearRegression` for numbers.

    Xt : array-like of shape (n_target_samples, n_features), default=None
        Target rows, used when `fit` is given none.

    tol : float, default=1e-4
        How far the discrepancy may be from its minimum, relative to itself; a lower
        bound of the minimum shows that. Discrepancies below a hundredth of that of the
        target to nothing count as that.

    max_iter : int, default=5000
        Number of steps at most.

    weight_clip : float, default=None
        Largest weight, in units of the mean weight, before the mean is brought back to
        one.

    resample : bool, default=False
        Whether `estimator` is fitted on a bootstrap drawn by the weights, which serves
        estimators without `sample_weight`.

    copy : bool, default=True
        Whether a clone of `estimator` is fitted, or `estimator` itself.

    verbose : int, default=0
        Whether to print how long each stage took.

    random_state : int, RandomState instance or None, default=None
        Seeds each `random_state` in `estimator` that is None, and the bootstrap.

    Attributes
    ----------
    weights_ : ndarray of shape (n_samples,)
        Weights of the source rows, of mean one.

    effective_sample_size_ : float
        Number of equally weighted rows that the weights are worth.

    lambda_ : float
        The discrepancy that is left, in squared units of the features.

    n_iter_ : int
        Number of steps, at least one.

    estimator_ : estimator
        The fitted estimator.

    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen in `fit`, where `X` has string column names.

    Raises
    ------
    ValueError
        If a domain is missing or empty.
    TypeError
        If `estimator` takes no `sample_weight` and `resample` is False.

    Warns
    -----
    ConvergenceWarning
        If `tol` was not reached in `max_iter` steps.

    See Also
    --------
    KMM : Matches the means of many features instead of second moments.
    CORAL : Maps the rows instead of weighing them.

    Notes
    -----
    Time O((n_s + n_t) d^2 + d^3) a step, memory O(n_s d + d^2). Sparse `X` is taken,
    for as many columns as a d x d matrix allows.

    The theory is that of linear regression without intercept: second moments are taken
    about the origin, and columns of large values dominate. Centre and scale the columns
    by the source if that is not meant. At most d (d + 1) / 2 + 1 weights need to differ
    from zero, so that few rows may be left where d is small; `effective_sample_size_`
    tells.

    References
    ----------
    .. [1] Mansour, Mohri and Rostamizadeh. "Domain adaptation: learning bounds and
       algorithms." COLT, 2009.
    .. [2] Chambolle and Pock. "A first-order primal-dual algorithm for convex problems
       with applications to imaging." Journal of Mathematical Imaging and Vision, 2011.
    .. [3] Anderson. "Iterative procedures for nonlinear integral equations." Journal of
       the ACM, 1965.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.instance_based import LDM
    >>> rng = np.random.default_rng(0)
    >>> Xs, Xt = rng.normal(size=(300, 2)), rng.normal(size=(300, 2)) * [1, 0.5]
    >>> model = LDM().fit(Xs, Xs[:, 0] + Xs[:, 1] ** 2, Xt=Xt)
    >>> moments = np.average(Xs**2, axis=0, weights=model.weights_)
    >>> bool(np.allclose(moments, (Xt**2).mean(axis=0), atol=0.01))
    True
    """

    _parameter_constraints: dict = {
        **WeightAdapter._parameter_constraints,
        "tol": [Interval(Real, 0, None, closed="neither")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
    }

    _allows_sparse = True

    def __init__(
        self,
        estimator=None,
        Xt=None,
        *,
        tol=1e-4,
        max_iter=5000,
        weight_clip=None,
        resample=False,
        copy=True,
        verbose=0,
        random_state=None,
    ):
        super().__init__(
            estimator,
            Xt,
            weight_clip=weight_clip,
            resample=resample,
            copy=copy,
            verbose=verbose,
            random_state=random_state,
        )
        self.tol = tol
        self.max_iter = max_iter

    def _weigh(self, domains):
        Xs, Xt = (
            X.astype(np.float64) if sparse.issparse(X) else np.asarray(X, float, "C")
            for X in (domains.Xs, domains.Xt)
        )
        n_target = Xt.shape[0]
        M = second_moment(Xt, np.full(n_target, 1 / n_target))
        weights, self.lambda_, gap, n_iter = minimise_discrepancy(
            Xs, M, tol=self.tol, max_iter=self.max_iter
        )
        self.n_iter_ = max(n_iter, 1)
        if n_iter == self.max_iter and gap > self.tol * self.lambda_:
            warnings.warn(
                f"LDM stopped after `max_iter`={self.max_iter} steps at a "
                f"discrepancy of {self.lambda_:.3g}, {gap:.1e} above a lower bound. "
                "Increase `max_iter` or `tol`.",
                ConvergenceWarning,
                stacklevel=2,
            )
        return weights
