"""Density ratio of two Gaussians.

Each domain is described by its mean and covariance. The logarithm of the ratio of the
two densities is then a quadratic function of the row.
"""

from numbers import Real

import numpy as np
from scipy.linalg import LinAlgError, cholesky, solve_triangular
from sklearn.covariance import empirical_covariance, ledoit_wolf, shrunk_covariance

from adapt._kernels import slices
from adapt._sklearn import Interval, StrOptions
from adapt.base import RatioAdapter
from adapt.base._row_blocks import Moments

_BLOCK = 2**16  # numbers that are worked on in one go, so that they stay in caches


def _shrunk(X, shrinkage):
    """Return the covariance of ``X``, drawn towards a multiple of the identity."""
    if len(X) < 2:
        return np.eye(X.shape[1])
    if shrinkage == "auto":
        return ledoit_wolf(X)[0] + 1e-10 * np.eye(X.shape[1])
    return shrunk_covariance(empirical_covariance(X), shrinkage)


def _shrunk_moments(moments, scale, shrinkage):
    """Return what `_shrunk` does, from `Moments` of rows to be divided by a scale."""
    if moments.n < 2:
        return np.eye(len(scale))
    if shrinkage == "auto":
        return moments.ledoit_wolf(scale) + 1e-10 * np.eye(len(scale))
    return shrunk_covariance(moments.covariance / np.outer(scale, scale), shrinkage)


def gaussian_log_density(X, mean, covariance):
    """Return the log density of a Gaussian, without the constant of the dimension.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Rows.

    mean : ndarray of shape (n_features,)
        The mean.

    covariance : ndarray of shape (n_features, n_features)
        The covariance, of full rank.

    Returns
    -------
    log_density : ndarray of shape (n_samples,)
    """
    root = cholesky(covariance, lower=True)
    log_density = np.empty(len(X))
    for rows in slices(len(X), max(1, _BLOCK // len(mean))):
        white = solve_triangular(root, (X[rows] - mean).T, lower=True, overwrite_b=True)
        log_density[rows] = -0.5 * np.einsum("ij,ij->j", white, white)
    return log_density - np.log(root.diagonal()).sum()


class GaussianWeighting(RatioAdapter):
    r"""Weigh source rows by the ratio of two Gaussian densities [1]_.

    With means :math:`\mu` and covariances :math:`C` of source and target,

    .. math::
        \log w(x) = \tfrac{1}{2} (x - \mu_s)^T C_s^{-1} (x - \mu_s)
        - \tfrac{1}{2} (x - \mu_t)^T C_t^{-1} (x - \mu_t) + c.

    Parameters
    ----------
    estimator : estimator, default=None
        Fitted on the weighted source. If None, `LogisticRegression` for classes and
        `LinearRegression` for numbers.

    Xt : array-like of shape (n_target_samples, n_features), default=None
        Target rows, used when `fit` is given none.

    shrinkage : float or "auto", default="auto"
        How far the covariances are drawn towards a multiple of the identity, from 0 to
        1, after all columns were brought to one scale. "auto" finds it for each domain
        by the rule of Ledoit and Wolf [2]_; the more rows there are, the less it
        shrinks.

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

    mean_source_, mean_target_ : ndarray of shape (n_features,)
        Means of the domains.

    covariance_source_, covariance_target_ : ndarray of shape (n_features, n_features)
        Shrunk covariances of the domains.

    estimator_ : estimator
        The fitted estimator.

    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen in `fit`, where `X` has string column names.

    Raises
    ------
    ValueError
        If a domain is missing or empty, or if a covariance is singular because
        `shrinkage` is too small for it.
    TypeError
        If `estimator` takes no `sample_weight` and `resample` is False.

    Warns
    -----
    UserWarning
        If the weights rest on less than 5 % of the rows. In many dimensions the ratio
        of two Gaussians varies over orders of magnitude, and this is the rule: set
        `weight_clip`, or use `IWC`, whose logistic model is the same with equal
        covariances.

    See Also
    --------
    IWC : The ratio by a classifier; with a logistic one, for equal covariances.
    KernelDensityWeighting : Densities of any shape, in few dimensions.
    LinearOT : Maps one Gaussian to the other instead.

    Notes
    -----
    Departures from [1]_:

    - [1]_ weighs by the ratio of given densities. Here both are Gaussians, whose
      covariances are shrunk by default.
    - [1]_ also considers powers of the ratio, with an exponent from 0 to 1. Here the
      exponent is 1.

    The ratio at the means and covariances of maximum likelihood is
    ``GaussianWeighting(shrinkage=0)``.

    Time O((n_s + n_t) d^2 + d^3), memory O(n_s d + d^2). The ratio is exact, in the
    limit of many rows, if both domains are Gaussian. It does not depend on the units of
    the columns. A domain of a single row is given unit covariance on the common scale.

    References
    ----------
    .. [1] Shimodaira. "Improving predictive inference under covariate shift by
       weighting the log-likelihood function." Journal of Statistical Planning and
       Inference, 2000.
    .. [2] Ledoit and Wolf. "A well-conditioned estimator for large-dimensional
       covariance matrices." Journal of Multivariate Analysis, 2004.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.instance_based import GaussianWeighting
    >>> rng = np.random.default_rng(0)
    >>> Xs, Xt = rng.normal(size=(2000, 1)), 0.5 * rng.normal(size=(2000, 1)) + 1
    >>> model = GaussianWeighting().fit(Xs, Xs[:, 0] > 0, Xt=Xt)
    >>> weights = model.predict_weights([[0.0], [1.0], [2.0]])
    >>> bool(weights[0] < weights[2] < weights[1])
    True
    """

    _parameter_constraints: dict = {
        **RatioAdapter._parameter_constraints,
        "shrinkage": [Interval(Real, 0, 1, closed="both"), StrOptions({"auto"})],
    }

    def __init__(
        self,
        estimator=None,
        Xt=None,
        shrinkage="auto",
        *,
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
        self.shrinkage = shrinkage

    def _fit_ratio(self, domains):
        Xs, Xt = (np.asarray(X, dtype=np.float64) for X in (domains.Xs, domains.Xt))
        # One scale for both domains, on which "a multiple of the identity" has a
        # meaning.
        scale = np.sqrt((Xs.var(axis=0) + Xt.var(axis=0)) / 2)
        scale[scale == 0] = 1
        units = np.outer(scale, scale)
        self.mean_source_, self.mean_target_ = Xs.mean(axis=0), Xt.mean(axis=0)
        self.covariance_source_ = units * _shrunk(Xs / scale, self.shrinkage)
        self.covariance_target_ = units * _shrunk(Xt / scale, self.shrinkage)
        self._column_scale = scale

    def _fit_ratio_of_blocks(self, source, target):
        of_both = Moments(source), Moments(target)
        variances = [moments.covariance.diagonal() for moments in of_both]
        scale = np.sqrt(np.mean(variances, axis=0))
        scale[scale == 0] = 1
        units = np.outer(scale, scale)
        self.mean_source_, self.mean_target_ = (moments.mean for moments in of_both)
        self.covariance_source_, self.covariance_target_ = (
            units * _shrunk_moments(moments, scale, self.shrinkage)
            for moments in of_both
        )
        self._column_scale = scale

    def _log_ratio(self, X):
        scale = self._column_scale
        X, units = X / scale, np.outer(scale, scale)
        try:
            log_ratio = gaussian_log_density(
                X, self.mean_target_ / scale, self.covariance_target_ / units
            )
            log_ratio -= gaussian_log_density(
                X, self.mean_source_ / scale, self.covariance_source_ / units
            )
        except LinAlgError as error:
            raise ValueError(
                f"A covariance is singular with `shrinkage`={self.shrinkage!r}: there "
                "are too few rows, or columns depend on each other. Use a larger "
                "value, or 'auto'."
            ) from error
        return log_ratio
