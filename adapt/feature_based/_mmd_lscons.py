r"""Location-scale mapping under conditional shift.

Each class of the source is stretched and moved, column by column, until the source as a
whole looks like the target by the maximum mean discrepancy. Where classes overlap this
cannot be distinguished from other class frequencies, and they are left where they are.
"""

import warnings
from numbers import Integral, Real

import numpy as np
from scipy.optimize import minimize
from sklearn.base import OneToOneFeatureMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from adapt._data_driven import TWO_PEAKS, least_separation, median_gamma
from adapt._kernels import (
    draw_landmarks,
    kernel_matrix,
    kernel_product,
    landmark_root,
    row_blocks,
)
from adapt._sklearn import Interval
from adapt.base import FeatureAdapter

_EXACT = 2000  # rows of both domains up to which all pairs are looked at
_LANDMARKS = 500


def _pull(K, X, Z, alpha, gamma):
    """Return the gradients of ``sum_j alpha_j k(x, z_j)`` at the rows of ``X``."""
    return (
        -2 * gamma * ((K @ alpha)[:, np.newaxis] * X - K @ (alpha[:, np.newaxis] * Z))
    )


def exact_discrepancy(Xt, gamma):
    r"""Return the squared discrepancy of samples to ``Xt``, as a function of them.

    Parameters
    ----------
    Xt : ndarray of shape (n_target, n_features)
        Target rows.

    gamma : float
        Of the kernel ``exp(-gamma |x - y|^2)``.

    Returns
    -------
    discrepancy : callable
        Takes rows ``X`` and returns the squared maximum mean discrepancy, over all
        pairs, and its gradient by ``X``.
    """
    n_t = len(Xt)
    own = kernel_product(Xt, Xt, np.ones(n_t), gamma=gamma).mean() / n_t

    def discrepancy(X):
        n = len(X)
        within = kernel_matrix(X, X, gamma=gamma)
        across = kernel_matrix(X, Xt, gamma=gamma)
        value = within.mean() - 2 * across.mean() + own
        slope = _pull(within, X, X, np.full(n, 2 / n**2), gamma)
        slope -= _pull(across, X, Xt, np.full(n_t, 2 / (n * n_t)), gamma)
        return value, slope

    return discrepancy


def landmark_discrepancy(Xt, landmarks, gamma):
    """Return `exact_discrepancy` with means in the space that landmarks span.

    Parameters
    ----------
    Xt : ndarray of shape (n_target, n_features)
        Target rows.

    landmarks : ndarray of shape (n_landmarks, n_features)
        Rows that represent both domains.

    gamma : float
        Of the kernel ``exp(-gamma |x - y|^2)``.

    Returns
    -------
    discrepancy : callable
        Takes rows ``X`` and returns the squared distance of their mean to that of
        ``Xt``, and its gradient by ``X``. Time O(n n_landmarks d), in blocks of rows.
    """
    root = landmark_root(landmarks, gamma=gamma)

    def mean(X):
        total = np.zeros(len(landmarks))
        for rows in row_blocks(len(X), len(landmarks)):
            total += kernel_matrix(X[rows], landmarks, gamma=gamma).sum(axis=0)
        return total / len(X) @ root

    target = mean(Xt)

    def discrepancy(X):
        gap = mean(X) - target
        alpha, slope = root @ gap * (2 / len(X)), np.empty_like(X)
        for rows in row_blocks(len(X), len(landmarks)):
            K = kernel_matrix(X[rows], landmarks, gamma=gamma)
            slope[rows] = _pull(K, X[rows], landmarks, alpha, gamma)
        return gap @ gap, slope

    return discrepancy


def location_scale(X, member, discrepancy, lambda_, coupling, max_iter, tol):
    r"""Find the stretch and the move of each class.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Source rows.

    member : ndarray of shape (n_samples, n_classes)
        One where a row is of a class, else zero.

    discrepancy : callable
        Of rows: a value and its gradient.

    lambda_ : float
        Strength of the penalty. It is :math:`\|\bar w - 1\|^2 + \|\bar b\|^2`, with the
        means of the maps over rows.

    coupling : float
        How many times more the variances of the maps over rows cost.

    max_iter, tol
        Largest number of steps, and the gradient at which they end.

    Returns
    -------
    scale, shift : ndarrays of shape (n_classes, n_features)
        A row becomes ``x * scale + shift`` of its class.

    result : OptimizeResult
        What the solver says.
    """
    shape = 2, member.shape[1], X.shape[1]
    share = member.mean(axis=0)[:, np.newaxis]

    def objective(flat):
        scale, shift = flat.reshape(shape)
        value, slope = discrepancy(X * (member @ scale) + member @ shift)
        off = np.stack([scale - 1, shift])
        mean = (share * off).sum(axis=1, keepdims=True)
        apart = off - mean
        value += lambda_ * ((mean**2).sum() + coupling * (share * apart**2).sum())
        by_class = np.stack([member.T @ (slope * X), member.T @ slope])
        by_class += 2 * lambda_ * share * (mean + coupling * apart)
        return value, by_class.ravel()

    start = np.stack([np.ones(shape[1:]), np.zeros(shape[1:])]).ravel()
    options = {"maxiter": max_iter, "gtol": tol, "ftol": 1e-9}
    result = minimize(objective, start, jac=True, method="L-BFGS-B", options=options)
    return *result.x.reshape(shape), result


class MMDLSConS(OneToOneFeatureMixin, FeatureAdapter):
    r"""Location-scale mapping for conditional shift [1]_.

    A source row of class c becomes :math:`w_c \odot x + b_c`, and target rows stay as
    they are. Stretch and move are the same for all rows of a class, and minimise

    .. math:: \Big\| \frac{1}{n_s} \sum_i \phi(w_{y_i} \odot x_i^s + b_{y_i}) -
              \frac{1}{n_t} \sum_j \phi(x_j^t) \Big\|^2 + \lambda \Big( \|\bar w - 1\|^2
              + \|\bar b\|^2 + \frac{\rho}{n_s} \sum_i \|w_{y_i} - \bar w\|^2 +
              \|b_{y_i} - \bar b\|^2 \Big)

    with the features :math:`\phi` of the Gaussian kernel, the means :math:`\bar w` and
    :math:`\bar b` over the rows of the source, and the coupling :math:`\rho`. Unless
    `standardize` is false, columns are standardised over both domains for the search,
    so that the map does not depend on their units. Target labels are never read.

    Classes are taken to have the same shares in both domains, and if they have not, the
    map moves rows of one class onto the other. From the rows of the target both can be
    told apart only where classes form clusters. So nothing is mapped where they do not
    (`min_separation`); where they do, shares that differ still harm.

    Parameters
    ----------
    estimator : classifier, default=None
        Fitted on the mapped source. If None, `LogisticRegression`.

    Xt : array-like of shape (n_target_samples, n_features), default=None
        Target rows, used when `fit` is given none.

    lambda_ : float, default=0.01
        Strength of the penalty that keeps the map near the identity. By chance alone
        the discrepancy is about ``1 / n_s + 1 / n_t``: a penalty that costs no more
        lets the maps of small classes follow it.

    coupling : float, default=10.0
        How many times more it costs that the maps of classes differ than that all move
        together. With 1, each class is penalised for itself; the larger, the more it is
        one map.

    min_separation : float, default=2.0
        Least distance that the means of any two classes of the source must have, by the
        covariance within classes (Mahalanobis) and less its standard error; else the
        maps are the identity. Two normal distributions, mixed half and half, have two
        peaks if they are more than 2 apart. With 0, classes are always mapped.

    standardize : bool, default=True
        Whether the penalty and `gamma` are in units of the deviations of the columns
        over both domains, or in the units of `X`.

    gamma : float, default=None
        Of the kernel ``exp(-gamma * |x - y|**2)`` between rows, standardised or not. If
        None, ``1 / (2 m**2)`` with the median distance m between rows.

    n_landmarks : int, default=None
        Number of rows, half from each domain, in whose span the means of the kernel's
        features are compared. If None, or not less than the number of rows, all pairs
        of rows are; but if None and there are more than 2,000 rows in both domains
        together, 500 landmarks.

    max_iter : int, default=200
        Largest number of steps of the solver (L-BFGS).

    tol : float, default=1e-5
        Largest entry of the gradient at which it ends.

    copy : bool, default=True
        Whether a clone of `estimator` is fitted, or `estimator` itself.

    verbose : int, default=0
        Whether to print how long each stage took.

    random_state : int, RandomState instance or None, default=None
        Draws the landmarks and the rows on which the median distance is measured, and
        seeds each `random_state` in `estimator` that is None.

    Attributes
    ----------
    scale_, shift_ : ndarray of shape (n_classes, n_features)
        The maps ``x * scale_ + shift_`` of the classes, in the units of `X`, in sorted
        order of the classes.

    separation_ : float
        What `min_separation` is held against. Zero if there are as many columns as
        rows.

    discrepancy_ : float
        What the maps leave of the squared discrepancy, with the penalty.

    n_iter_ : int
        Number of steps, at least one.

    gamma_ : float
        The value that was used.

    estimator_ : estimator
        The fitted estimator.

    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen in `fit`, where `X` has string column names.

    Raises
    ------
    ValueError
        If the source has no labels or they are no classes, or the data are not finite.

    Warns
    -----
    ConvergenceWarning
        If the solver stops for `max_iter`.

    See Also
    --------
    LinearOT : One map for all classes.
    JDA : Brings classes together by features, with guesses of the target's classes.

    Notes
    -----
    Departures from [1]_:

    - Maps of different classes cost more than one map for all (`coupling`), and classes
      that overlap are not mapped at all (`min_separation`).
    - The penalty and the width of the kernel are in units of standardised columns
      (`standardize`).
    - Beyond 2,000 rows means are compared by landmarks (`n_landmarks`).
    - The paper weighs source rows by a smoothed embedding of the labels. For classes
      its smoothing is taken to be zero here, so that all rows weigh the same; and
      classes keep their frequencies, which the paper also estimates in another method.

    ``MMDLSConS(lambda_=l, coupling=1, min_separation=0, standardize=False, gamma=g)``,
    with the penalty ``l`` and the kernel's ``g`` in the units of the rows, is the
    published algorithm for classes.

    A step takes time O(n_s (n_s + n_t) d), or O((n_s + n_t) p d) with p landmarks, and
    the separation O(n_s d min(n_s, d));
    memory O(n_s (n_s + n_t)), or some copies of the data.

    `fit` maps rows by their labels. `transform` has none: there, a source row is mapped
    as the nearest source row that was seen in `fit`, which is itself where it was seen.

    The minimum that is found is the one near the identity. With classes that move past
    one another it may be the wrong one.

    References
    ----------
    .. [1] Zhang, Schoelkopf, Muandet and Wang. "Domain adaptation under target and
       conditional shift." ICML, 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.feature_based import MMDLSConS
    >>> rng = np.random.default_rng(0)
    >>> ys = np.repeat([0, 1], 100)
    >>> Xs = rng.normal(size=(200, 1)) + 6 * ys[:, np.newaxis]
    >>> Xt = rng.normal(size=(200, 1)) + np.where(ys, 9, 1)[:, np.newaxis]
    >>> model = MMDLSConS().fit(Xs, ys, Xt=Xt)
    >>> model.transform([[0.0], [6.0]], sample_domain=0).round(0)
    array([[1.],
           [9.]])
    >>> model.predict([[3.5], [6.5]])
    array([0, 1])
    """

    _keeps_frames = True
    _kind = "classifier"

    _parameter_constraints: dict = {
        **FeatureAdapter._parameter_constraints,
        "lambda_": [Interval(Real, 0, None, closed="left")],
        "coupling": [Interval(Real, 0, None, closed="left")],
        "min_separation": [Interval(Real, 0, None, closed="left")],
        "standardize": ["boolean"],
        "gamma": [Interval(Real, 0, None, closed="neither"), None],
        "n_landmarks": [Interval(Integral, 1, None, closed="left"), None],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        estimator=None,
        Xt=None,
        lambda_=0.01,
        *,
        coupling=10.0,
        min_separation=TWO_PEAKS,
        standardize=True,
        gamma=None,
        n_landmarks=None,
        max_iter=200,
        tol=1e-5,
        copy=True,
        verbose=0,
        random_state=None,
    ):
        super().__init__(
            estimator, Xt, copy=copy, verbose=verbose, random_state=random_state
        )
        self.lambda_ = lambda_
        self.coupling = coupling
        self.min_separation = min_separation
        self.standardize = standardize
        self.gamma = gamma
        self.n_landmarks = n_landmarks
        self.max_iter = max_iter
        self.tol = tol

    def _fit_maps(self, domains):
        ys = self._class_labels(domains.ys, "maps the source class by class")
        rng = check_random_state(self.random_state)
        X = np.concatenate([domains.Xs, domains.Xt]).astype(np.float64)
        mean, spread = self._units(X)
        X = (X - mean) / spread
        Xs, Xt = X[: len(domains.Xs)], X[len(domains.Xs) :]
        self.gamma_ = self.gamma
        if self.gamma is None:
            self.gamma_ = median_gamma(Xs, Xt, random_state=rng)
        classes, self._class = np.unique(ys, return_inverse=True)
        member = np.eye(len(classes))[self._class]
        discrepancy = self._discrepancy_to(Xs, Xt, rng)
        self.separation_ = least_separation(Xs, member)
        if self.separation_ < self.min_separation:
            scale = np.ones((len(classes), Xs.shape[1]))
            shift = np.zeros_like(scale)
            self.discrepancy_, self.n_iter_ = float(discrepancy(Xs)[0]), 1
        else:
            scale, shift, result = location_scale(
                Xs,
                member,
                discrepancy,
                self.lambda_,
                self.coupling,
                self.max_iter,
                self.tol,
            )
            self.discrepancy_, self.n_iter_ = float(result.fun), max(1, result.nit)
            if result.status == 1:
                warnings.warn(
                    f"MMDLSConS stopped after {result.nit} steps, before the gradient "
                    "fell to `tol`. Raise `max_iter` or `tol`.",
                    ConvergenceWarning,
                    stacklevel=2,
                )
        self.scale_, self.shift_ = scale, shift * spread + mean * (1 - scale)
        self._seen, self._mean, self._spread = Xs, mean, spread

    def _units(self, X):
        """Return the mean and the deviation of columns in which maps are searched."""
        if not self.standardize:
            return np.zeros(X.shape[1]), np.ones(X.shape[1])
        mean, spread = X.mean(axis=0), X.std(axis=0)
        return mean, np.where(spread > 1e-12 * np.abs(mean), spread, 1)

    def _discrepancy_to(self, Xs, Xt, rng):
        limit = self.n_landmarks
        n_rows = len(Xs) + len(Xt)
        if limit is None:
            limit = n_rows if n_rows <= _EXACT else _LANDMARKS
        if limit >= n_rows:
            return exact_discrepancy(Xt, self.gamma_)
        landmarks = draw_landmarks(Xs, Xt, limit, rng)
        return landmark_discrepancy(Xt, landmarks, self.gamma_)

    def _map_domains(self, domains):
        return domains._replace(Xs=self._map_class(domains.Xs, self._class))

    def _map_class(self, X, index):
        mapped = X * self.scale_[index] + self.shift_[index]
        return mapped.astype(X.dtype, copy=False)

    def _map_source(self, X):
        from sklearn.neighbors import NearestNeighbors  # imports much

        nearest = NearestNeighbors(n_neighbors=1).fit(self._seen)
        rows = nearest.kneighbors(
            (X - self._mean) / self._spread, return_distance=False
        )
        return self._map_class(X, self._class[rows[:, 0]])
