"""Relative density ratios by least squares.

The ratio of the target's density to a mixture of both is modelled as a sum of kernels,
which a linear system fits. Leaving out one row of each domain changes that system by
rank two, so that leave-one-out scores need no refit.
"""

from numbers import Integral, Real

import numpy as np
from scipy.linalg import eigh
from sklearn.utils import check_random_state

from adapt._kernels import (
    KERNELS,
    kernel_matrix,
    kernel_product,
    median_gamma,
    row_blocks,
)
from adapt._sklearn import Interval, StrOptions
from adapt.base import RatioAdapter


def _moments(X, kernel):
    """Return the sum over rows of the features ``kernel(X)``, and of their products."""
    first, second = 0.0, 0.0
    for rows in row_blocks(len(X), kernel.n_centers):
        K = kernel(X[rows])
        first, second = first + K.sum(axis=0), second + K.T @ K
    return first, second


def leave_one_out(Xs, Xt, kernel, alpha, lambdas):
    """Return the leave-one-out score of relative density ratios, for each penalty.

    With ``n = min(n_s, n_t)``, the i-th fold leaves out one source and one target row,
    fits the ratio g to the others, and scores it on the two by
    ``alpha/2 g(t_i)^2 + (1 - alpha)/2 g(s_i)^2 - g(t_i)``. The folds take all rows of
    the smaller domain, and rows of the larger one at even steps.

    Parameters
    ----------
    Xs, Xt : ndarray of shape (n_samples, n_features)
        Source and target, of at least 2 rows each.

    kernel : Features
        The features in which the ratio is linear.

    alpha : float
        Share of the target in the mixture.

    lambdas : ndarray of shape (n_lambdas,)
        Penalties.

    Returns
    -------
    scores : ndarray of shape (n_lambdas,)
        Mean score over the folds; the lower, the better.
    """
    ns, nt = len(Xs), len(Xt)
    n = min(ns, nt)
    a, b = alpha / (nt - 1), (1 - alpha) / (ns - 1)
    (_, Hs), (ht, Ht) = _moments(Xs, kernel), _moments(Xt, kernel)
    values, vectors = eigh(a * Ht + b * Hs)
    inverse = 1 / (np.maximum(values, 0)[:, None] + lambdas)
    h = vectors.T @ ht

    total = np.zeros(len(lambdas))
    for rows in row_blocks(n, kernel.n_centers):
        i = np.arange(rows.start, rows.stop)
        s = kernel(Xs[i * ns // n]) @ vectors
        t = kernel(Xt[i * nt // n]) @ vectors
        # Products x' P^-1 y with P = a Ht + b Hs + lambda I, for all lambdas.
        ss, st, tt = (s * s) @ inverse, (s * t) @ inverse, (t * t) @ inverse
        # What is left of h once row i is out, seen from both rows.
        sh = ((s * h) @ inverse - st) / (nt - 1)
        th = ((t * h) @ inverse - tt) / (nt - 1)
        # Woodbury: P - a t t' - b s s' is what remains of P, solved by a 2 x 2 system.
        det = (1 - a * tt) * (1 - b * ss) - a * b * st**2
        gt = ((1 - b * ss) * th + b * st * sh) / det
        gs = ((1 - a * tt) * sh + a * st * th) / det
        gs, gt = np.maximum(gs, 0), np.maximum(gt, 0)
        loss = alpha / 2 * gt**2 + (1 - alpha) / 2 * gs**2 - gt
        total += loss.sum(axis=0)
    return total / n


class Features:
    """Kernels with fixed centres, as a function of rows."""

    def __init__(self, centers, name, **params):
        self.centers = centers
        self.name = name
        self.params = params
        self.n_centers = len(centers)

    def __call__(self, X):
        """Return the features of rows, of shape (n_samples, n_centers)."""
        return kernel_matrix(X, self.centers, self.name, **self.params)

    def dot(self, X, coef):
        """Return the features of rows times ``coef``, in blocks."""
        return kernel_product(X, self.centers, coef, self.name, **self.params)


def relative_ratio(Xs, Xt, kernel, alpha, lambda_):
    """Return the coefficients of the relative density ratio.

    Parameters
    ----------
    Xs, Xt : ndarray of shape (n_samples, n_features)
        Source and target.

    kernel : Features
        The features in which the ratio is linear.

    alpha : float
        Share of the target in the mixture.

    lambda_ : float
        Penalty.

    Returns
    -------
    theta : ndarray of shape (n_centers,)
        ``(alpha Ht + (1 - alpha) Hs + lambda I)^-1 h``, where H is the mean of the
        products of features over a domain, and h their mean over the target.
    """
    (_, Hs), (ht, Ht) = _moments(Xs, kernel), _moments(Xt, kernel)
    values, vectors = eigh(alpha / len(Xt) * Ht + (1 - alpha) / len(Xs) * Hs)
    h = vectors.T @ (ht / len(Xt))
    return vectors @ (h / (np.maximum(values, 0) + lambda_))


class RULSIF(RatioAdapter):
    r"""Relative unconstrained least-squares importance fitting [1]_.

    Weighs source rows by the relative density ratio

    .. math::
        r_\alpha(x) = \frac{p_t(x)}{\alpha p_t(x) + (1 - \alpha) p_s(x)},

    which is bounded by :math:`1 / \alpha`. It is modelled as
    :math:`\sum_j \theta_j k(x, c_j)` with centres :math:`c_j` from the target, and
    fitted in closed form, :math:`\theta = (H + \lambda I)^{-1} h`.

    Parameters
    ----------
    estimator : estimator, default=None
        Fitted on the weighted source. If None, `LogisticRegression` for classes and
        `LinearRegression` for numbers.

    Xt : array-like of shape (n_target_samples, n_features), default=None
        Target rows, used when `fit` is given none.

    kernel : {"rbf", "laplacian", "linear", "poly", "sigmoid", "cosine"}, default="rbf"
        The kernel, as in `sklearn.metrics.pairwise.pairwise_kernels`.

    alpha : float, default=0.1
        Share of the target in the denominator, from 0 to 1. With 0 the weights are the
        plain density ratio, unbounded where the source is thin.

    lambdas : float or list of float, default=1.
        Penalty on the coefficients. Of several, leave-one-out takes the best.

    max_centers : int, default=100
        Number of centres, drawn from the target if that has more rows.

    gamma : float or list of float, default=None
        Width of the kernel, in ``exp(-gamma d^2)`` for "rbf". Of several, leave-one-out
        takes the best. If None, the median heuristic: ``1 / (2 m^2)`` with the median
        distance m between at most 1,000 rows of both domains.

    degree : float, default=3
        Degree of the "poly" kernel.

    coef0 : float, default=1
        Constant of the "poly" and "sigmoid" kernels.

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
        Draws the centres and the rows of the median heuristic, and seeds what in
        `estimator` has no seed of its own.

    Attributes
    ----------
    weights_ : ndarray of shape (n_samples,)
        Weights of the source rows, of mean one.

    effective_sample_size_ : float
        Number of equally weighted rows that the weights are worth.

    best_params_ : dict
        The values of `gamma` and `lambdas` that are used.

    j_scores_ : ndarray of shape (n_gammas, n_lambdas) or None
        Leave-one-out scores, in the order of the parameters; the lower, the better.
        None if there was nothing to choose.

    thetas_ : ndarray of shape (n_centers,)
        Coefficients of the centres.

    centers_ : ndarray of shape (n_centers, n_features)
        Centres of the kernels.

    estimator_ : estimator
        The fitted estimator.

    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen in `fit`, where `X` has string column names.

    Raises
    ------
    ValueError
        If a domain is missing or empty, or has a single row where several parameters
        are to be compared; if a value of `gamma` or `lambdas` is not positive.
    TypeError
        If `estimator` takes no `sample_weight` and `resample` is False.

    See Also
    --------
    ULSIF : The case of `alpha` = 0.
    IWC : Finds the plain ratio by a classifier.

    Notes
    -----
    With b centres, g gammas and l lambdas: time O(g (n_s + n_t) b (b + d + l) + g b^3),
    memory O(b^2) and one block of about a million kernel values.

    Kernels are not normalised, so a suitable `lambdas` is far below 1 as a rule, and
    the default flattens the weights; give a list such as ``np.logspace(-4, 0, 5)``.
    Distances follow the scale of the columns: standardise columns of different units.

    Leave-one-out scores are exact. A fold leaves out one source and one target row at
    once, as in [2]_, and scores the ratio as it is used, with negative values set to
    zero. ([2]_ sets negative coefficients to zero instead.)

    References
    ----------
    .. [1] Yamada, Suzuki, Kanamori, Hachiya and Sugiyama. "Relative density-ratio
       estimation for robust distribution comparison." Neural Computation, 2013.
    .. [2] Kanamori, Hido and Sugiyama. "A least-squares approach to direct importance
       estimation." Journal of Machine Learning Research, 2009.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.instance_based import RULSIF
    >>> rng = np.random.default_rng(0)
    >>> Xs, Xt = rng.normal(size=(500, 1)), rng.normal(size=(500, 1)) + 1
    >>> model = RULSIF(lambdas=[0.01, 0.1, 1], random_state=0)
    >>> weights = model.fit(Xs, Xs[:, 0] > 0, Xt=Xt).predict_weights([[-1.0], [1.0]])
    >>> bool(weights[0] < weights[1])
    True
    """

    _parameter_constraints: dict = {
        **RatioAdapter._parameter_constraints,
        "kernel": [StrOptions(set(KERNELS))],
        "alpha": [Interval(Real, 0, 1, closed="both")],
        "lambdas": [Interval(Real, 0, None, closed="neither"), "array-like"],
        "max_centers": [Interval(Integral, 1, None, closed="left")],
        "gamma": [Interval(Real, 0, None, closed="neither"), "array-like", None],
        "degree": [Interval(Real, 0, None, closed="left")],
        "coef0": [Interval(Real, None, None, closed="neither")],
    }

    def __init__(
        self,
        estimator=None,
        Xt=None,
        kernel="rbf",
        alpha=0.1,
        lambdas=1.0,
        max_centers=100,
        *,
        gamma=None,
        degree=3,
        coef0=1,
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
        self.kernel = kernel
        self.alpha = alpha
        self.lambdas = lambdas
        self.max_centers = max_centers
        self.gamma = gamma
        self.degree = degree
        self.coef0 = coef0

    def _fit_ratio(self, domains):
        Xs, Xt = (np.asarray(X, dtype=np.float64) for X in (domains.Xs, domains.Xt))
        rng = check_random_state(self.random_state)
        self.centers_ = Xt
        if len(Xt) > self.max_centers:
            self.centers_ = Xt[rng.choice(len(Xt), self.max_centers, replace=False)]
        gammas = self._candidates("gamma")
        if gammas is None:
            gammas = np.array([median_gamma(Xs, Xt, random_state=rng)])
        lambdas = self._candidates("lambdas")

        self.j_scores_ = None
        best = 0, 0
        if len(gammas) * len(lambdas) > 1:
            if min(len(Xs), len(Xt)) < 2:
                raise ValueError(
                    "To choose among several `gamma` and `lambdas` takes at least 2 "
                    f"rows in each domain, got n_samples = {len(Xs)} in the source "
                    f"and {len(Xt)} in the target."
                )
            self.j_scores_ = np.array(
                [
                    leave_one_out(Xs, Xt, self._features(gamma), self.alpha, lambdas)
                    for gamma in gammas
                ]
            )
            best = np.unravel_index(self.j_scores_.argmin(), self.j_scores_.shape)
        gamma, lambda_ = float(gammas[best[0]]), float(lambdas[best[1]])
        self.best_params_ = {"gamma": gamma, "lambdas": lambda_}
        self.thetas_ = relative_ratio(
            Xs, Xt, self._features(gamma), self.alpha, lambda_
        )

    def _candidates(self, name):
        """Return the values of a parameter that is one number or several."""
        given = getattr(self, name)
        if given is None:
            return None
        values = np.atleast_1d(np.asarray(given, dtype=float))
        if values.ndim != 1 or values.size == 0 or not np.all(values > 0):
            raise ValueError(
                f"`{name}` must be a positive number or a list of such, got {given!r}."
            )
        return values

    def _features(self, gamma):
        return Features(
            self.centers_,
            self.kernel,
            gamma=gamma,
            degree=self.degree,
            coef0=self.coef0,
        )

    def _log_ratio(self, X):
        features = self._features(self.best_params_["gamma"])
        ratio = features.dot(np.asarray(X, dtype=np.float64), self.thetas_)
        with np.errstate(divide="ignore"):  # a weight of zero
            return np.log(np.maximum(ratio, 0))


class ULSIF(RULSIF):
    """Unconstrained least-squares importance fitting [1]_.

    Weighs source rows by the plain ratio of densities, :math:`p_t(x) / p_s(x)`; it is
    `RULSIF` with `alpha` = 0, whose other parameters, attributes and notes hold here.

    Parameters
    ----------
    estimator : estimator, default=None
        Fitted on the weighted source. If None, `LogisticRegression` for classes and
        `LinearRegression` for numbers.

    Xt : array-like of shape (n_target_samples, n_features), default=None
        Target rows, used when `fit` is given none.

    kernel : {"rbf", "laplacian", "linear", "poly", "sigmoid", "cosine"}, default="rbf"
        The kernel.

    lambdas : float or list of float, default=1.
        Penalty on the coefficients. Of several, leave-one-out takes the best.

    max_centers : int, default=100
        Number of centres, drawn from the target if that has more rows.

    gamma : float or list of float, default=None
        Width of the kernel. Of several, leave-one-out takes the best. If None, the
        median heuristic.

    degree, coef0 : float, default=3 and 1
        Of the "poly" and "sigmoid" kernels.

    weight_clip, resample, copy, verbose, random_state
        As in `RULSIF`.

    See Also
    --------
    RULSIF : Its ratio is bounded, and so easier to estimate.

    References
    ----------
    .. [1] Kanamori, Hido and Sugiyama. "A least-squares approach to direct importance
       estimation." Journal of Machine Learning Research, 2009.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.instance_based import ULSIF
    >>> rng = np.random.default_rng(0)
    >>> Xs, Xt = rng.normal(size=(500, 1)), rng.normal(size=(500, 1)) + 1
    >>> model = ULSIF(lambdas=[0.01, 0.1, 1], random_state=0)
    >>> weights = model.fit(Xs, Xs[:, 0] > 0, Xt=Xt).predict_weights([[-1.0], [1.0]])
    >>> bool(weights[0] < weights[1])
    True
    """

    _parameter_constraints: dict = {
        name: constraint
        for name, constraint in RULSIF._parameter_constraints.items()
        if name != "alpha"
    }

    def __init__(
        self,
        estimator=None,
        Xt=None,
        kernel="rbf",
        lambdas=1.0,
        max_centers=100,
        *,
        gamma=None,
        degree=3,
        coef0=1,
        weight_clip=None,
        resample=False,
        copy=True,
        verbose=0,
        random_state=None,
    ):
        super().__init__(
            estimator,
            Xt,
            kernel,
            0,
            lambdas,
            max_centers,
            gamma=gamma,
            degree=degree,
            coef0=coef0,
            weight_clip=weight_clip,
            resample=resample,
            copy=copy,
            verbose=verbose,
            random_state=random_state,
        )
