"""Relative density ratios by least squares.

The ratio of the target's density to a mixture of both is modelled as a sum of kernels,
which a linear system fits. Leaving out one row of each domain changes that system by
rank two, so that leave-one-out scores need no refit.
"""

from numbers import Integral, Real
from typing import NamedTuple

import numpy as np
from sklearn.utils import check_random_state

from adapt._data_driven import median_gamma
from adapt._kernels import KERNELS, slices
from adapt._sklearn import Interval, StrOptions
from adapt.base import RatioAdapter
from adapt.base._row_blocks import MAX_ROWS
from adapt.instance_based._kernel_features import Features, Rows

_LAMBDAS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)


class Moments(NamedTuple):
    """Mean products of features of both domains, and mean features of the target.

    The products of the domain that has no share in the mixture are zero.
    """

    Hs: np.ndarray
    ht: np.ndarray
    Ht: np.ndarray


def mixture_moments(source, target, gamma, alpha):
    """Return the `Moments` of both domains, of which the target has share ``alpha``."""
    _, Hs = source.moments(gamma, with_means=False, with_products=alpha < 1)
    ht, Ht = target.moments(gamma, with_products=alpha > 0)
    return Moments(Hs, ht, Ht)


def leave_one_out(source, target, gamma, moments, alpha, lambdas, clip="ratios"):
    """Return the leave-one-out scores of relative density ratios of one width.

    With ``n = min(n_s, n_t)``, the i-th fold leaves out one source and one target row,
    fits the ratio g to the others, and scores it on the two by
    ``alpha/2 g(t_i)^2 + (1 - alpha)/2 g(s_i)^2 - g(t_i)``. The folds take all rows of
    the smaller domain, and rows of the larger one at even steps.

    Parameters
    ----------
    source, target : Rows
        The domains, of at least 2 rows each.

    gamma : float
        Width of the kernels.

    moments : Moments
        Of their features.

    alpha : float
        Share of the target in the mixture.

    lambdas : ndarray of shape (n_lambdas,)
        Penalties.

    clip : {"ratios", "coefficients"}, default="ratios"
        What is set to zero where it is negative.

    Returns
    -------
    scores : ndarray of shape (n_lambdas,)
        Mean score over the folds; the lower, the better.
    """
    ns, nt = len(source), len(target)
    n = min(ns, nt)
    a, b = alpha / (nt - 1), (1 - alpha) / (ns - 1)
    Hs, ht, Ht = moments
    values, vectors = np.linalg.eigh(a * nt * Ht + b * ns * Hs)
    inverse = 1 / (np.maximum(values, 0)[:, None] + lambdas)
    inverse_h = (vectors.T @ ht * nt)[:, None] * inverse

    total = np.zeros(len(lambdas))
    for rows in slices(n, source.block):
        at_s = source.at(_even_steps(rows, n, ns), gamma)
        at_t = target.at(_even_steps(rows, n, nt), gamma)
        s, t = at_s @ vectors, at_t @ vectors
        sh, th, st = s @ inverse_h, t @ inverse_h, (s * t) @ inverse
        # Products x' P^-1 y with P = a Ht + b Hs + lambda I, for all lambdas.
        ss, tt = (np.square(x) @ inverse for x in (s, t))
        # What is left of h once row i is out, seen from both rows.
        sh, th = (sh - st) / (nt - 1), (th - tt) / (nt - 1)
        # Woodbury: P - a t t' - b s s' is what remains of P, solved by a 2 x 2 system.
        rest_s, rest_t = 1 - b * ss, 1 - a * tt
        det = rest_s * rest_t - a * b * st**2
        gs = (rest_t * sh + a * st * th) / det
        gt = (rest_s * th + b * st * sh) / det
        if clip == "coefficients":
            for j in range(len(lambdas)):
                # P theta = h_i + a t g(t) + b s g(s), in the basis of P.
                theta = inverse_h[:, j] / (nt - 1) + inverse[:, j] * (
                    (a * gt[:, [j]] - 1 / (nt - 1)) * t + b * gs[:, [j]] * s
                )
                theta = np.maximum(theta @ vectors.T, 0)
                gs[:, j], gt[:, j] = (np.sum(x * theta, axis=1) for x in (at_s, at_t))
        gs, gt = np.maximum(gs, 0), np.maximum(gt, 0)
        loss = alpha / 2 * gt**2 + (1 - alpha) / 2 * gs**2 - gt
        total += loss.sum(axis=0)
    return total / n


def _even_steps(rows, n, n_rows):
    """Return which of ``n_rows`` rows belong to a slice of ``n`` folds."""
    if n == n_rows:
        return rows
    return np.arange(rows.start, rows.stop) * n_rows // n


def relative_ratio(moments, alpha, lambda_, clip="ratios"):
    """Return the coefficients of the relative density ratio.

    Parameters
    ----------
    moments : Moments
        Of the features of both domains.

    alpha : float
        Share of the target in the mixture.

    lambda_ : float
        Penalty.

    clip : {"ratios", "coefficients"}, default="ratios"
        Whether coefficients stay as they are, or negative ones are set to zero.

    Returns
    -------
    theta : ndarray of shape (n_centers,)
        ``(alpha Ht + (1 - alpha) Hs + lambda I)^-1 ht``.
    """
    Hs, ht, Ht = moments
    H = alpha * Ht + (1 - alpha) * Hs
    theta = np.linalg.solve(H + lambda_ * np.eye(len(H)), ht)
    return np.maximum(theta, 0) if clip == "coefficients" else theta


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

    lambdas : float or list of float, default=None
        Penalty on the coefficients. Of several, leave-one-out takes the best. If None,
        five of them, from 1e-4 to 1; where a domain has a single row, 1.

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

    clip : {"ratios", "coefficients"}, default="ratios"
        What is set to zero where it is negative: ratios, or the coefficients once the
        system is solved, as in [2]_. Leave-one-out scores follow it.

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
        Draws the centres and the rows of the median heuristic, and seeds each
        `random_state` in `estimator` that is None.

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
    Departures from [1]_: by default `gamma` is the median heuristic, and negative
    ratios are set to zero. The published algorithm, which chooses both parameters, is
    ``RULSIF(alpha=a, gamma=gammas, lambdas=lambdas)``; its folds leave out one row of
    each domain at a time.

    With b centres, g gammas and l lambdas: time O(g (n_s + n_t) b (b + d + l) + g b^3),
    memory O(b^2) and blocks of kernel values, some megabytes.

    Kernels are not normalised, so that a penalty of 1 makes weights fall where kernels
    are few: between samples of one distribution (5,000 rows, two columns) weights are
    then .17 from one on average, and .05 with the default.
    Distances follow the scale of the columns: standardise columns of different units.

    Leave-one-out scores are exact. A fold leaves out one source and one target row at
    once, as in [2]_, and scores the ratio as it is used, clipped as `clip` says. With
    "coefficients" they take time O(g l n b^2).

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
        "lambdas": [Interval(Real, 0, None, closed="neither"), "array-like", None],
        "max_centers": [Interval(Integral, 1, None, closed="left")],
        "gamma": [Interval(Real, 0, None, closed="neither"), "array-like", None],
        "degree": [Interval(Real, 0, None, closed="left")],
        "coef0": [Interval(Real, None, None, closed="neither")],
        "clip": [StrOptions({"ratios", "coefficients"})],
    }

    def __init__(
        self,
        estimator=None,
        Xt=None,
        kernel="rbf",
        alpha=0.1,
        lambdas=None,
        max_centers=100,
        *,
        gamma=None,
        degree=3,
        coef0=1,
        clip="ratios",
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
        self.clip = clip

    def _fit_ratio(self, domains):
        self._solve(self._choose(domains.Xs, domains.Xt))

    def _fit_ratio_of_blocks(self, source, target):
        # Centres and parameters are found on a sample, the ratio is of all rows.
        rng = check_random_state(self.random_state)
        few = (blocks.sample(MAX_ROWS // 10, rng)[0] for blocks in (source, target))
        self._choose(*few)
        self._solve(self._moments_of_blocks(source, target))

    def _moments_of_blocks(self, source, target):
        features, gamma = self._features(), self.best_params_["gamma"]
        means = []
        for blocks in (source, target):
            n, first, second = 0, 0.0, 0.0
            for X in blocks.rows():
                rows = Rows(np.asarray(X, dtype=np.float64), features, several=False)
                of_block = rows.moments(gamma)
                first, second = (
                    total + len(X) * mean
                    for total, mean in zip((first, second), of_block, strict=True)
                )
                n += len(X)
            means.append((first / n, second / n))
        (_, Hs), (ht, Ht) = means
        return Moments(Hs, ht, Ht)

    def _solve(self, moments):
        lambda_ = self.best_params_["lambdas"]
        self.thetas_ = relative_ratio(moments, self.alpha, lambda_, self.clip)

    def _choose(self, Xs, Xt):
        """Set centres and parameters, and return the moments that they have led to."""
        Xs, Xt = (np.asarray(X, dtype=np.float64) for X in (Xs, Xt))
        rng = check_random_state(self.random_state)
        self.centers_ = Xt
        if len(Xt) > self.max_centers:
            self.centers_ = Xt[rng.choice(len(Xt), self.max_centers, replace=False)]
        gammas = self._candidates("gamma")
        if gammas is None:
            gammas = np.array([median_gamma(Xs, Xt, random_state=rng)])
        lambdas = self._candidates("lambdas")
        if lambdas is None:
            lambdas = np.array(_LAMBDAS if min(len(Xs), len(Xt)) > 1 else [1.0])

        features = self._features()
        source, target = Rows(Xs, features), Rows(Xt, features)
        several = len(gammas) * len(lambdas) > 1
        if several and min(len(Xs), len(Xt)) < 2:
            raise ValueError(
                "To choose among several `gamma` and `lambdas` takes at least 2 rows "
                f"in each domain, got n_samples = {len(Xs)} in the source and "
                f"{len(Xt)} in the target."
            )
        moments, scores = [], []
        for gamma in gammas:
            moments.append(mixture_moments(source, target, gamma, self.alpha))
            if several:
                domains_at = source, target, gamma, moments[-1]
                scores.append(
                    leave_one_out(*domains_at, self.alpha, lambdas, self.clip)
                )
        self.j_scores_, i, j = None, 0, 0
        if several:
            self.j_scores_ = np.array(scores)
            i, j = np.unravel_index(self.j_scores_.argmin(), self.j_scores_.shape)
        self.best_params_ = {"gamma": float(gammas[i]), "lambdas": float(lambdas[j])}
        return moments[i]

    def _features(self):
        return Features(self.centers_, self.kernel, self.degree, self.coef0)

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

    def _log_ratio(self, X):
        X = np.asarray(X, dtype=np.float64)
        rows = Rows(X, self._features(), several=False)
        ratio = rows.dot(self.thetas_, self.best_params_["gamma"])
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

    lambdas : float or list of float, default=None
        Penalty on the coefficients. Of several, leave-one-out takes the best. If None,
        five of them, from 1e-4 to 1; where a domain has a single row, 1.

    max_centers : int, default=100
        Number of centres, drawn from the target if that has more rows.

    gamma : float or list of float, default=None
        Width of the kernel. Of several, leave-one-out takes the best. If None, the
        median heuristic.

    degree : float, default=3
        Degree of the "poly" kernel.

    coef0 : float, default=1
        Constant of the "poly" and "sigmoid" kernels.

    clip : {"ratios", "coefficients"}, default="ratios"
        What is set to zero where it is negative: ratios, or the coefficients once the
        system is solved, as in [1]_. Leave-one-out scores follow it.

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
        Draws the centres and the rows of the median heuristic, and seeds each
        `random_state` in `estimator` that is None.

    See Also
    --------
    RULSIF : Its ratio is bounded, and so easier to estimate.

    Notes
    -----
    Departures from [1]_: by default negative ratios, not negative coefficients, are set
    to zero, and `gamma` is the median heuristic. The published algorithm is
    ``ULSIF(gamma=gammas, lambdas=lambdas, clip="coefficients")`` with the grids to
    choose from; weights are then brought to a mean of one.

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
        lambdas=None,
        max_centers=100,
        *,
        gamma=None,
        degree=3,
        coef0=1,
        clip="ratios",
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
            clip=clip,
            weight_clip=weight_clip,
            resample=resample,
            copy=copy,
            verbose=verbose,
            random_state=random_state,
        )
