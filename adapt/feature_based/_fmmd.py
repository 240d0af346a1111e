r"""Selection of features by the maximum mean discrepancy.

Columns are weighed such that the domains look as different as they can. What gets much
weight is what changed from one domain to the other, and is left out.
"""

from numbers import Real

import numpy as np
from scipy.optimize import brentq
from sklearn.metrics.pairwise import euclidean_distances
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from adapt._data_driven import median_gamma, widest_gap, worth_keeping
from adapt._sklearn import Interval, StrOptions, _check_feature_names_in
from adapt.base import FeatureAdapter
from adapt.base._estimators import predicts_numbers

_SAMPLE = 500  # rows of each domain for kernels that have no closed form


def linear_scores(Xs, Xt):
    """Return the weights that maximise the discrepancy under the linear kernel.

    Parameters
    ----------
    Xs, Xt : ndarrays of shape (n_samples, n_features)
        Rows of the two domains.

    Returns
    -------
    w : ndarray of shape (n_features,)
        Squared differences of the means, of length one; zeros if there are none.
    """
    squares = (Xs.mean(axis=0) - Xt.mean(axis=0)) ** 2
    length = np.linalg.norm(squares)
    return squares / length if length > 0 else squares


def quadratic_scores(Xs, Xt, gamma, coef):
    r"""Return the weights that maximise it under the polynomial kernel of degree two.

    The discrepancy is :math:`2 \gamma c \sum_j w_j \delta_j^2 + \gamma^2 \sum_{jk}
    w_j w_k D_{jk}^2`, with the differences :math:`\delta` of the means and D of the
    second moments. With it the maximum on the sphere solves a secular equation.

    Parameters
    ----------
    Xs, Xt : ndarrays of shape (n_samples, n_features)
        Rows of the two domains.

    gamma, coef : float
        Of the kernel ``(gamma * x'y + coef)**2``.

    Returns
    -------
    w : ndarray of shape (n_features,)
        Non-negative, of length one; zeros if the domains have the same moments.
    """
    b = gamma * coef * (Xs.mean(axis=0) - Xt.mean(axis=0)) ** 2
    A = (gamma * (Xs.T @ Xs / len(Xs) - Xt.T @ Xt / len(Xt))) ** 2
    scale = np.abs(A).max() + np.abs(b).max()
    if scale == 0:
        return b
    values, vectors = np.linalg.eigh(A / scale)
    beta = vectors.T @ (b / scale)
    gaps = values[-1] - values

    def excess(t):  # of the length of w, the solution of (mu I - A) w = b
        return np.linalg.norm(beta / (gaps + t)) - 1

    lowest = np.finfo(float).eps * max(1, values[-1])
    if excess(lowest) > 0:
        t = brentq(excess, lowest, np.linalg.norm(beta) + lowest, xtol=1e-15)
        w = vectors @ (beta / (gaps + t))
    else:  # nothing of b along the leading vector, which makes up for the length
        w = vectors[:, :-1] @ (beta[:-1] / np.maximum(gaps[:-1], lowest))
        lead = np.abs(vectors[:, -1])
        w += np.sqrt(max(0, 1 - w @ w)) * lead
    return np.maximum(w, 0)


def _rbf(X, e, w, gamma):
    """Return the discrepancy under ``exp(-gamma |w (x - y)|^2)``, and its gradient."""
    K = np.exp(-gamma * euclidean_distances(X * w, squared=True))
    Ke, eX = K @ e, e[:, np.newaxis] * X
    slope = (X**2).T @ (e * Ke) - (eX * (K @ eX)).sum(axis=0)
    return e @ Ke, -4 * gamma * w * slope


def _poly(X, e, w, gamma, degree, coef):
    """Return it under ``(gamma sum_j w_j x_j y_j + coef)^degree``, and its gradient."""
    base = gamma * (X * w) @ X.T + coef
    eX = e[:, np.newaxis] * X
    slope = degree * gamma * (eX * (base ** (degree - 1) @ eX)).sum(axis=0)
    return e @ base**degree @ e, slope


def ascend(value_and_slope, n_features, max_iter=200, tol=1e-7):
    """Maximise a function of non-negative weights of length at most one.

    Parameters
    ----------
    value_and_slope : callable
        Returns the function at ``w`` and its gradient.

    n_features : int
        Number of weights.

    max_iter : int, default=200
        Largest number of steps along the gradient.

    tol : float, default=1e-7
        Steps end when the function rises by no more than this share of itself.

    Returns
    -------
    w : ndarray of shape (n_features,)
        A local maximum.
    """

    def project(w):
        w = np.maximum(w, 0)
        return w / max(1, np.linalg.norm(w))

    w = np.full(n_features, n_features**-0.5)
    value, slope = value_and_slope(w)
    step = 1 / max(np.linalg.norm(slope), np.finfo(float).tiny)
    for _ in range(max_iter):
        new = project(w + step * slope)
        new_value, new_slope = value_and_slope(new)
        while new_value < value and step * np.linalg.norm(slope) > 1e-9:
            step /= 4
            new = project(w + step * slope)
            new_value, new_slope = value_and_slope(new)
        if new_value <= value + tol * abs(value):
            break
        w, value, slope, step = new, new_value, new_slope, 2 * step
    return w


class fMMD(FeatureAdapter):  # noqa: N801
    r"""Feature selection by the maximum mean discrepancy [1]_.

    Finds non-negative weights of the columns, of length at most one, for which the
    maximum mean discrepancy between the weighted domains is the largest,

    .. math:: \max_{w \ge 0,\, \|w\| \le 1} \; \Big\| \frac{1}{n_s} \sum_i
              \phi_w(x_i^s) - \frac{1}{n_t} \sum_j \phi_w(x_j^t) \Big\|^2,

    and keeps the columns with small weights: those that look alike in both domains.

    Parameters
    ----------
    estimator : estimator, default=None
        Fitted on the columns of the source that are kept. If None,
        `LogisticRegression` for classes and `LinearRegression` for numbers.

    Xt : array-like of shape (n_target_samples, n_features), default=None
        Target rows, used when `fit` is given none.

    threshold : float, "gap" or "auto", default="auto"
        Columns whose weight is above it are left out. "gap" cuts at the widest gap
        between the sorted weights. "auto" cuts there too, but keeps what it may cost
        more to leave out: columns whose distribution functions lie no further apart
        than 1/2 in the two domains, or than chance, or than between the labels of the
        source. At 1/2 a threshold on the column tells the domain of three rows in four,
        at best.

    kernel : {"linear", "rbf", "poly"}, default="linear"
        Of weighted rows: ``sum(w x y)``, ``exp(-gamma * sum((w (x - y))**2))`` or
        ``(gamma * sum(w x y) + coef)**degree``.

    gamma : float, default=None
        Factor in the kernels "rbf" and "poly". If None, such that with equal weights it
        is ``1 / (2 m**2)`` with the median distance m between rows.

    degree : float, default=2
        Degree of the polynomial kernel.

    coef : float, default=1
        Constant in the polynomial kernel.

    copy : bool, default=True
        Whether a clone of `estimator` is fitted, or `estimator` itself.

    verbose : int, default=0
        Whether to print how long each stage took.

    random_state : int, RandomState instance or None, default=None
        Draws the rows of which a kernel needs no more than a sample, and seeds each
        `random_state` in `estimator` that is None.

    Attributes
    ----------
    features_scores_ : ndarray of shape (n_features,)
        The weights.

    selected_features_ : ndarray of bool of shape (n_features,)
        The columns that are kept.

    estimator_ : estimator
        The fitted estimator.

    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen in `fit`, where `X` has string column names.

    Raises
    ------
    ValueError
        If `threshold` leaves no column, or the data are not finite.

    See Also
    --------
    QuantileMatching : Maps columns that differ, instead of leaving them out.

    Notes
    -----
    Departures from [1]_:

    - The paper leaves out the columns of large weight, and no others count. "auto"
      keeps some of them, by rules that look at one column at a time and at labels.
    - `gamma` of "rbf" and "poly" is chosen from the rows unless it is given.

    ``fMMD(threshold="gap", kernel="poly", gamma=1.0)`` is the published algorithm, with
    the cut that ADAPT 0.4.5 has; so is ``threshold="gap"`` with the other kernels.

    The linear kernel, and the polynomial one of degree two, have closed forms in the
    first and second moments: time O((n_s + n_t) d) and O((n_s + n_t) d^2 + d^3), memory
    O(d) and O(d^2). Other kernels climb to a local maximum on at most 500 rows of each
    domain, which takes O(m^2 d) a step for m rows, and memory O(m^2).

    "auto" compares domains, and labels, by the largest difference between the
    distribution functions of a column, in time O((n_s + n_t) d log n_s + n_s d k) for k
    classes; numbers are split at their median.

    Weights follow the scale of the columns: standardise columns of different units
    first. The linear kernel sees differences of means alone.

    References
    ----------
    .. [1] Uguroglu and Carbonell. "Feature selection for transfer learning." ECML PKDD,
       2011.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.feature_based import fMMD
    >>> rng = np.random.default_rng(0)
    >>> Xs, Xt = rng.normal(size=(200, 3)), rng.normal(size=(200, 3)) + [0, 2, 0]
    >>> model = fMMD().fit(Xs, Xs[:, 0] > 0, Xt=Xt)
    >>> model.selected_features_
    array([ True, False,  True])
    >>> model.predict([[2.0, 9.0, 0.0]])
    array([ True])
    """

    _parameter_constraints: dict = {
        **FeatureAdapter._parameter_constraints,
        "threshold": [
            Interval(Real, 0, None, closed="left"),
            StrOptions({"auto", "gap"}),
        ],
        "kernel": [StrOptions({"linear", "rbf", "poly"})],
        "gamma": [Interval(Real, 0, None, closed="neither"), None],
        "degree": [Interval(Real, 1, None, closed="left")],
        "coef": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        estimator=None,
        Xt=None,
        threshold="auto",
        kernel="linear",
        gamma=None,
        degree=2,
        coef=1,
        *,
        copy=True,
        verbose=0,
        random_state=None,
    ):
        super().__init__(
            estimator, Xt, copy=copy, verbose=verbose, random_state=random_state
        )
        self.threshold = threshold
        self.kernel = kernel
        self.gamma = gamma
        self.degree = degree
        self.coef = coef

    def _fit_maps(self, domains):
        scores = self._scores(
            domains.Xs.astype(np.float64, copy=False),
            domains.Xt.astype(np.float64, copy=False),
        )
        threshold, kept = self.threshold, False
        if threshold in ("auto", "gap"):
            threshold = widest_gap(scores)
        if self.threshold == "auto":
            kept = self._worth_keeping(domains)
        self.features_scores_ = scores
        self.selected_features_ = (scores <= threshold) | kept
        if not self.selected_features_.any():
            raise ValueError(
                f"`threshold`={self.threshold} leaves no column: the smallest weight "
                f"is {scores.min():.3g}. Raise it, or use 'auto'."
            )

    def _worth_keeping(self, domains):
        numbers = predicts_numbers(self._given(), domains.ys)
        return worth_keeping(domains.Xs, domains.Xt, domains.ys, numbers)

    def _scores(self, Xs, Xt):
        if self.kernel == "linear":
            return linear_scores(Xs, Xt)
        rng, d = check_random_state(self.random_state), Xs.shape[1]
        gamma = self.gamma
        if gamma is None:
            equal = np.sqrt(d) if self.kernel == "poly" else d
            gamma = equal * median_gamma(Xs, Xt, random_state=rng)
        if self.kernel == "poly" and self.degree == 2:
            return quadratic_scores(Xs, Xt, gamma, self.coef)
        if len(Xs) > _SAMPLE:
            Xs = Xs[rng.choice(len(Xs), _SAMPLE, replace=False)]
        if len(Xt) > _SAMPLE:
            Xt = Xt[rng.choice(len(Xt), _SAMPLE, replace=False)]
        X = np.concatenate([Xs, Xt])
        e = np.repeat([1 / len(Xs), -1 / len(Xt)], [len(Xs), len(Xt)])
        if self.kernel == "rbf":
            return ascend(lambda w: _rbf(X, e, w, gamma), d)
        return ascend(lambda w: _poly(X, e, w, gamma, self.degree, self.coef), d)

    def _map_source(self, X):
        return X[:, self.selected_features_]

    def _map_target(self, X):
        return self._map_source(X)

    def get_feature_names_out(self, input_features=None):
        """Return the names of the columns that are kept.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the columns of `X`, where it had none in `fit`.

        Returns
        -------
        names : ndarray of str objects of shape (n_features_out,)
            Those of the selected columns.
        """
        check_is_fitted(self)
        return _check_feature_names_in(self, input_features)[self.selected_features_]
