"""Kernel mean matching.

Weights are sought under which the mean of the source, in the feature space of a kernel,
is that of the target: a quadratic programme in as many variables as there are source
rows. Most weights of its solution are zero, and few steps of gradient projection tell
which. On the others the problem has no bounds, and conjugate gradients solve it (Moré
and Toraldo, 1991). Kernel matrices beyond a few thousand rows are replaced by low-rank
ones.
"""

import warnings
from numbers import Integral, Real

import numpy as np
from scipy.linalg import eigh
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from adapt._data_driven import median_gamma
from adapt._kernels import (
    KERNELS,
    as_float_rows,
    draw_landmarks,
    kernel_matrix,
    kernel_product,
    row_blocks,
)
from adapt._sklearn import Interval, StrOptions
from adapt.base import WeightAdapter
from adapt.instance_based._box_qp import FullGram, LowRankGram, solve_kmm

_COMPONENTS = 300  # rank beyond `max_size` source rows


def nystroem_map(landmarks, kernel="rbf", **params):
    """Return the matrix that turns kernels with landmarks into features.

    Parameters
    ----------
    landmarks : ndarray of shape (n_landmarks, n_features)
        Rows whose features are exact.

    kernel, **params
        As in `adapt._kernels.kernel_matrix`.

    Returns
    -------
    A : ndarray of shape (n_landmarks, n_components)
        ``kernel_matrix(X, landmarks) @ A`` are the features of X; their products are
        its kernels, approximately. Directions of no variance are left out.
    """
    values, vectors = eigh(kernel_matrix(landmarks, landmarks, kernel, **params))
    kept = values > 1e-10 * values[-1]
    return vectors[:, kept] / np.sqrt(values[kept])


class KMM(WeightAdapter):
    r"""Kernel mean matching [1]_: the weighted source has the target's mean embedding.

    With the kernel matrix :math:`K` of the source and
    :math:`\kappa_i = \frac{n_s}{n_t} \sum_j k(x^s_i, x^t_j)`, the weights solve

    .. math::
        \min_w \; \tfrac{1}{2} w^T K w - \kappa^T w \quad \text{with} \quad
        0 \le w_i \le B, \quad \Bigl|\sum_i w_i - n_s\Bigr| \le n_s \epsilon.

    Parameters
    ----------
    estimator : estimator, default=None
        Fitted on the weighted source. If None, `LogisticRegression` for classes and
        `LinearRegression` for numbers.

    Xt : array-like of shape (n_target_samples, n_features), default=None
        Target rows, used when `fit` is given none.

    kernel : {"rbf", "laplacian", "linear", "poly", "cosine"}, default="rbf"
        The kernel, as in `sklearn.metrics.pairwise.pairwise_kernels`.

    B : float, default=1000
        Upper bound of the weights. A small bound, such as 10, leaves the estimator more
        rows.

    eps : float, default=None
        How far the mean of the weights may be from one. If None,
        ``(sqrt(n_s) - 1) / sqrt(n_s)``.

    max_size : int, default=5000
        Largest number of source rows for which the kernel matrix is computed in full.
        It takes ``8 n_s^2`` bytes. Beyond it is replaced as `n_components` says.

    tol : float, default=1e-5
        Largest violation of the optimality conditions, relative to the largest entry of
        :math:`\kappa`, at which the solver stops.

    max_iter : int, default=1000
        Number of steps of the solver at most.

    gamma : float, default=None
        Width of the kernel, in ``exp(-gamma d^2)`` for "rbf". If None, the median
        heuristic: ``1 / (2 m^2)`` with the median distance m between at most 1,000 rows
        of both domains.

    degree : float, default=3
        Degree of the "poly" kernel.

    coef0 : float, default=1
        Constant of the "poly" kernel.

    n_components : int, default=None
        Number of rows of both domains on which a low-rank (Nystroem) kernel is built,
        which is used in place of the full one. If None, the full kernel up to
        `max_size` source rows, and 300 components beyond.

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
        Draws the rows of the median heuristic, those of the low-rank kernel, and the
        bootstrap, and seeds each `random_state` in `estimator` that is None.

    Attributes
    ----------
    weights_ : ndarray of shape (n_samples,)
        Weights of the source rows, of mean one.

    effective_sample_size_ : float
        Number of equally weighted rows that the weights are worth.

    gamma_ : float
        The width of the kernel that is used.

    objective_ : float
        What the method minimises, at the weights that the solver found, before they are
        brought to a mean of one.

    n_iter_ : int
        Number of steps of the solver.

    estimator_ : estimator
        The fitted estimator.

    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen in `fit`, where `X` has string column names.

    Raises
    ------
    ValueError
        If a domain is missing or empty, or if no weights up to `B` have a mean within
        `eps` of one.
    TypeError
        If `estimator` takes no `sample_weight` and `resample` is False.

    Warns
    -----
    ConvergenceWarning
        If `tol` was not reached in `max_iter` steps.

    See Also
    --------
    RULSIF : Smooth weights, which are defined for other rows too.
    NearestNeighborsWeighting : Matches counts instead of means of features.

    Notes
    -----
    Departures from [1]_:

    - [1]_ leaves the width of the kernel to the user. The default is the median
      heuristic.
    - Beyond `max_size` source rows a low-rank kernel takes the place of the full one.
    - The weights are brought to a mean of one after the programme is solved.

    The published programme for n source rows is ``KMM(gamma=g, max_size=n)``, with `B`
    and `eps` as [1]_ sets them.

    In full: time O(n_s (n_s + n_t) d) for the kernels and O(n_s^2) a step, memory
    O(n_s^2). With m components: time O((n_s + n_t) m (d + m)) and O(n_s m) a step,
    memory O(n_s m + m^2). The kernel with the target is computed in blocks. Sparse `X`
    is taken.

    The weights are not a smooth function of the rows: as a rule most are zero. They are
    judged by `objective_`, and are defined for the source rows only. Distances follow
    the scale of the columns: standardise columns of different units.

    References
    ----------
    .. [1] Huang, Smola, Gretton, Borgwardt and Schoelkopf. "Correcting sample selection
       bias by unlabeled data." NIPS, 2006.
    .. [2] Moré and Toraldo. "On the solution of large quadratic programming problems
       with bound constraints." SIAM Journal on Optimization, 1991.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.instance_based import KMM
    >>> rng = np.random.default_rng(0)
    >>> Xs, Xt = rng.normal(size=(300, 1)), 0.5 * rng.normal(size=(300, 1)) + 1
    >>> model = KMM(random_state=0).fit(Xs, np.sin(Xs[:, 0]), Xt=Xt)
    >>> float(np.average(Xs[:, 0], weights=model.weights_).round(1))
    1.0
    """

    _parameter_constraints: dict = {
        **WeightAdapter._parameter_constraints,
        # The sigmoid kernel is not positive semi-definite.
        "kernel": [StrOptions(set(KERNELS) - {"sigmoid"})],
        "B": [Interval(Real, 0, None, closed="neither")],
        "eps": [Interval(Real, 0, None, closed="left"), None],
        "max_size": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="neither")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "gamma": [Interval(Real, 0, None, closed="neither"), None],
        "degree": [Interval(Real, 0, None, closed="left")],
        "coef0": [Interval(Real, None, None, closed="neither")],
        "n_components": [Interval(Integral, 1, None, closed="left"), None],
    }

    _allows_sparse = True

    def __init__(
        self,
        estimator=None,
        Xt=None,
        kernel="rbf",
        B=1000,
        eps=None,
        max_size=5000,
        tol=1e-5,
        max_iter=1000,
        *,
        gamma=None,
        degree=3,
        coef0=1,
        n_components=None,
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
        self.B = B
        self.eps = eps
        self.max_size = max_size
        self.tol = tol
        self.max_iter = max_iter
        self.gamma = gamma
        self.degree = degree
        self.coef0 = coef0
        self.n_components = n_components

    def _weigh(self, domains):
        Xs, Xt = as_float_rows(domains.Xs), as_float_rows(domains.Xt)
        rng = check_random_state(self.random_state)
        n = Xs.shape[0]
        eps = (np.sqrt(n) - 1) / np.sqrt(n) if self.eps is None else self.eps
        if 1 - eps > self.B:
            raise ValueError(
                f"`B`={self.B} bounds the mean of the weights too, which has to be at "
                f"least {1 - eps:.3g} with `eps`={self.eps}. Use a larger `B` or `eps`."
            )
        self.gamma_ = self.gamma
        if self.gamma is None:
            self.gamma_ = median_gamma(Xs, Xt, random_state=rng)
        params = {"gamma": self.gamma_, "degree": self.degree, "coef0": self.coef0}

        if self.n_components is None and n <= self.max_size:
            gram = FullGram(kernel_matrix(Xs, Xs, self.kernel, **params))
            ones = np.ones(Xt.shape[0])
            sums = kernel_product(Xs, Xt, ones, self.kernel, **params)
        else:
            wanted = _COMPONENTS if self.n_components is None else self.n_components
            wanted = min(wanted, n + Xt.shape[0])
            landmarks = draw_landmarks(Xs, Xt, wanted, rng)
            A = nystroem_map(landmarks, self.kernel, **params)
            gram = LowRankGram(kernel_product(Xs, landmarks, A, self.kernel, **params))
            sums = gram.spread(self._kernel_sums(Xt, landmarks, params) @ A)
        kappa = n / Xt.shape[0] * sums

        weights, residual, self.n_iter_ = solve_kmm(
            gram,
            kappa,
            self.B,
            n * (1 - eps),
            n * (1 + eps),
            tol=self.tol,
            max_iter=self.max_iter,
        )
        self.objective_ = float((gram.dot(weights) / 2 - kappa) @ weights)
        if residual > self.tol:
            warnings.warn(
                f"KMM stopped after `max_iter`={self.max_iter} steps at a residual of "
                f"{residual:.1e}, above `tol`={self.tol:.1e}. Increase `max_iter`, or "
                "`tol`.",
                ConvergenceWarning,
                stacklevel=2,
            )
        return weights

    def _kernel_sums(self, X, landmarks, params):
        """Return the sums over rows of their kernels with each landmark."""
        return sum(
            kernel_matrix(X[rows], landmarks, self.kernel, **params).sum(axis=0)
            for rows in row_blocks(X.shape[0], landmarks.shape[0])
        )
