"""Density ratios by the Kullback-Leibler divergence.

The ratio is a sum of kernels with non-negative coefficients, whose mean over the source
is one. In units in which each kernel has that mean itself, the coefficients are shares
that sum to one, and the mean log ratio over the target is concave in them. A gradient
bounds how much is left to gain, so that solvers stop at a known distance from the
maximum. They work on several sets of rows at once: all folds of a cross-validation
share their products with the kernel matrix.
"""

import warnings
from numbers import Integral, Real
from typing import NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from adapt._data_driven import median_gamma
from adapt._kernels import KERNELS, as_float_rows
from adapt._sklearn import Hidden, Interval, StrOptions
from adapt.base import RatioAdapter
from adapt.instance_based._kernel_features import Features, Rows
from adapt.instance_based._kliep_solvers import (
    FLOOR,
    SOLVERS,
    kliep_shares,
    log_means,
)


class Width(NamedTuple):
    """What is found with kernels of one width.

    ``gap`` bounds how far J is from its maximum; ``score`` is J on held-out rows.
    """

    alphas: np.ndarray
    gap: float
    n_iter: int
    score: float | None


class KLIEP(RatioAdapter):
    r"""Kullback-Leibler importance estimation procedure [1]_.

    The ratio of the densities is modelled as :math:`w(x) = \sum_j \alpha_j k(x, c_j)`
    with centres :math:`c_j` from the target. The coefficients solve

    .. math::
        \max_{\alpha \ge 0} \; J(\alpha) = \frac{1}{n_t} \sum_i \log w(x^t_i)
        \quad \text{with} \quad \frac{1}{n_s} \sum_i w(x^s_i) = 1.

    Parameters
    ----------
    estimator : estimator, default=None
        Fitted on the weighted source. If None, `LogisticRegression` for classes and
        `LinearRegression` for numbers.

    Xt : array-like of shape (n_target_samples, n_features), default=None
        Target rows, used when `fit` is given none.

    kernel : {"rbf", "laplacian", "linear", "poly", "sigmoid", "cosine"}, default="rbf"
        The kernel, as in `sklearn.metrics.pairwise.pairwise_kernels`. Its values have
        to be non-negative, as those of "rbf" and "laplacian" always are.

    sigmas : float or list of float, default="deprecated"
        The name of `gamma` in ADAPT.

        .. deprecated:: 0.1
           Use `gamma`. `sigmas` will be removed in 0.3.

    max_centers : int, default=100
        Number of centres, drawn from the target if that has more rows.

    cv : int, default=5
        Number of folds of the target rows, by which `gamma` is chosen.

    algo : {"FW", "PG", "original"}, default="FW"
        "FW" moves share from one kernel to another, with line search (pairwise
        Frank-Wolfe), and takes Newton steps in turn; "PG" is an accelerated
        projected gradient; "original" is the gradient ascent of [1]_, which stops short
        of the maximum that the others reach.

    lr : float or list of float, default=(0.001, 0.01, 0.1, 1.0, 10.0)
        Learning rates of "original", tried from the largest on.

    tol : float, default=1e-6
        How far J may be from its maximum.

    max_iter : int, default=2000
        Number of gradients at most.

    gamma : float or list of float, default=None
        Width of the kernel, in ``exp(-gamma d^2)`` for "rbf". Of several, the one with
        the largest J on held-out target rows is taken. If None, the median heuristic:
        ``1 / (2 m^2)`` with the median distance m between at most 1,000 rows of both
        domains.

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
        Draws the centres, the folds and the rows of the median heuristic, and the
        bootstrap, and seeds each `random_state` in `estimator` that is None.

    Attributes
    ----------
    weights_ : ndarray of shape (n_samples,)
        Weights of the source rows, of mean one.

    effective_sample_size_ : float
        Number of equally weighted rows that the weights are worth.

    best_params_ : dict
        The value of `gamma` that is used.

    j_scores_ : ndarray of shape (n_gammas,) or None
        J on held-out target rows for each `gamma`; the higher, the better. None if
        there was nothing to choose.

    alphas_ : ndarray of shape (n_centers,)
        Coefficients of the centres.

    centers_ : ndarray or sparse matrix of shape (n_centers, n_features)
        Centres of the kernels.

    n_iter_ : int
        Number of gradients in the maximisation of which `alphas_` came.

    estimator_ : estimator
        The fitted estimator.

    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen in `fit`, where `X` has string column names.

    Raises
    ------
    ValueError
        If a domain is missing or empty, if the target has fewer rows than `cv` and
        there are several values of `gamma`, or if the kernel has negative values.
    TypeError
        If `estimator` takes no `sample_weight` and `resample` is False.

    Warns
    -----
    ConvergenceWarning
        If the maximisation with the `gamma` in use did not reach `tol`.

    See Also
    --------
    ULSIF : The same model, fitted by least squares in closed form.
    RULSIF : A ratio that is bounded.

    Notes
    -----
    Departures from [1]_:

    - By default `gamma` is the median heuristic, where [1]_ compares several widths by
      cross-validation.
    - By default the maximum of the published objective is found. The published ascent
      stops before it: its way back to the constraint is no projection where
      coefficients are at zero.

    The published algorithm is ``KLIEP(gamma=gammas, algo="original")``.

    With b centres, g values of `gamma` and f folds: time
    O(g (n_s + n_t) b d) for the kernels and O(n_t b f) a gradient, memory
    O(n_t (b + f)); the source is passed in blocks. Sparse `X` is taken. Distances
    follow the scale of the columns: standardise columns of different units.

    As in [1]_, centres are drawn from all target rows, so that a fold has centres among
    the rows that it holds out.

    References
    ----------
    .. [1] Sugiyama, Nakajima, Kashima, von Buenau and Kawanabe. "Direct importance
       estimation with model selection and its application to covariate shift
       adaptation." NIPS, 2007.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.instance_based import KLIEP
    >>> rng = np.random.default_rng(0)
    >>> Xs, Xt = rng.normal(size=(500, 1)), rng.normal(size=(500, 1)) + 1
    >>> model = KLIEP(gamma=[0.1, 1, 10], random_state=0).fit(Xs, Xs[:, 0] > 0, Xt=Xt)
    >>> model.best_params_
    {'gamma': 1.0}
    >>> weights = model.predict_weights([[-1.0], [1.0]])
    >>> bool(weights[0] < weights[1])
    True
    """

    _parameter_constraints: dict = {
        **RatioAdapter._parameter_constraints,
        "kernel": [StrOptions(set(KERNELS))],
        "sigmas": [
            Interval(Real, 0, None, closed="neither"),
            "array-like",
            Hidden(StrOptions({"deprecated"})),
            None,
        ],
        "max_centers": [Interval(Integral, 1, None, closed="left")],
        "cv": [Interval(Integral, 2, None, closed="left")],
        "algo": [StrOptions(set(SOLVERS))],
        "lr": [Interval(Real, 0, None, closed="neither"), "array-like"],
        "tol": [Interval(Real, 0, None, closed="neither")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "gamma": [Interval(Real, 0, None, closed="neither"), "array-like", None],
        "degree": [Interval(Real, 0, None, closed="left")],
        "coef0": [Interval(Real, None, None, closed="neither")],
    }

    _allows_sparse = True

    def __init__(
        self,
        estimator=None,
        Xt=None,
        kernel="rbf",
        sigmas="deprecated",
        max_centers=100,
        cv=5,
        algo="FW",
        lr=(0.001, 0.01, 0.1, 1.0, 10.0),
        tol=1e-6,
        max_iter=2000,
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
        self.sigmas = sigmas
        self.max_centers = max_centers
        self.cv = cv
        self.algo = algo
        self.lr = lr
        self.tol = tol
        self.max_iter = max_iter
        self.gamma = gamma
        self.degree = degree
        self.coef0 = coef0

    def _fit_ratio(self, domains):
        Xs, Xt = as_float_rows(domains.Xs), as_float_rows(domains.Xt)
        rng = check_random_state(self.random_state)
        n = Xt.shape[0]
        self.centers_ = Xt
        if n > self.max_centers:
            self.centers_ = Xt[rng.choice(n, self.max_centers, replace=False)]
        gammas = self._gammas(Xs, Xt, rng)

        source, target = (Rows(X, self._features()) for X in (Xs, Xt))
        held_out = None
        if len(gammas) > 1:
            if n < self.cv:
                raise ValueError(
                    f"To choose among several `gamma` by `cv`={self.cv} folds takes as "
                    f"many target rows, got n_samples = {n}."
                )
            held_out = rng.permutation(n) % self.cv == np.arange(self.cv)[:, None]
        found = [self._of_width(source, target, gamma, held_out) for gamma in gammas]
        self.j_scores_, best = None, 0
        if len(gammas) > 1:
            self.j_scores_ = np.array([width.score for width in found])
            best = self.j_scores_.argmax()
        self.best_params_ = {"gamma": float(gammas[best])}
        self.alphas_, gap, self.n_iter_, _ = found[best]
        if gap > self.tol:
            warnings.warn(
                f"KLIEP stopped after {self.n_iter_} steps, up to {gap:.1e} below the "
                f"maximum, more than `tol`={self.tol:.1e}. Increase `max_iter` "
                "or `tol`, or use `algo`='FW'.",
                ConvergenceWarning,
                stacklevel=2,
            )

    def _gammas(self, Xs, Xt, rng):
        """Return the values of `gamma` to choose from."""
        given = self.gamma
        if not isinstance(self.sigmas, str):
            warnings.warn(
                "`sigmas` of KLIEP was renamed `gamma` in 0.1 and will be removed in "
                "0.3. Pass `gamma` instead.",
                FutureWarning,
                stacklevel=2,
            )
            given = given if self.sigmas is None else self.sigmas
        if given is None:
            return np.array([median_gamma(Xs, Xt, random_state=rng)])
        values = np.atleast_1d(np.asarray(given, dtype=float))
        if values.ndim != 1 or values.size == 0 or not np.all(values > 0):
            raise ValueError(
                f"`gamma` must be a positive number or a list of such, got {given!r}."
            )
        return values

    def _features(self):
        return Features(self.centers_, self.kernel, self.degree, self.coef0)

    def _relative_features(self, source, target, gamma):
        """Return the kernels at target rows in units of their source means, and these.

        What is returned as units is one over the mean, and zero where that is zero:
        such kernels are out of use.
        """
        features = np.empty((self.centers_.shape[0], len(target)))
        for rows in target.blocks():
            features[:, rows] = target.at(rows, gamma).T
        means, least = np.zeros(len(features)), features.min()
        for rows in source.blocks():
            K = source.at(rows, gamma)
            means += K.sum(axis=0) / len(source)
            least = min(least, K.min())
        if least < 0:
            raise ValueError(
                f"KLIEP takes logarithms of kernels, and some values of `kernel`="
                f"{self.kernel!r} are negative here. Use 'rbf' or 'laplacian'."
            )
        used = means > FLOOR
        units = np.divide(1, means, out=np.zeros_like(means), where=used)
        features *= units[:, None]
        return np.maximum(features, FLOOR, out=features), units

    def _of_width(self, source, target, gamma, held_out):
        """Return the `Width` of a gamma, with a score if rows are held out in folds."""
        features, units = self._relative_features(source, target, gamma)
        n = len(target)
        options = {
            "tol": self.tol,
            "max_iter": self.max_iter,
            "lr": self.lr,
            "means": np.divide(1, units, out=np.zeros(len(units)), where=units > 0),
        }
        all_rows = np.full((1, n), 1 / n)
        shares, gap, n_iter = kliep_shares(features, all_rows, self.algo, **options)
        score = None
        if held_out is not None:
            trained_on = ~held_out / (~held_out).sum(axis=1, keepdims=True)
            # Folds have most of their rows in common, so that their maxima lie near.
            of_folds, _, _ = kliep_shares(
                features, trained_on, self.algo, start=shares[0], **options
            )
            tested_on = held_out / held_out.sum(axis=1, keepdims=True)
            score = log_means(tested_on, of_folds @ features).mean()
        return Width(shares[0] * units, gap, n_iter, score)

    def _log_ratio(self, X):
        rows = Rows(as_float_rows(X), self._features(), several=False)
        ratio = rows.dot(self.alphas_, self.best_params_["gamma"])
        with np.errstate(divide="ignore"):  # a weight of zero is one
            return np.log(ratio)
