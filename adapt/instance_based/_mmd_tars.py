"""Target shift corrected by matching kernel means.

The weights of source rows are a function of their label, chosen such that the weighted
mean of the source in the kernel's feature space is the mean of the target. For classes
they have one value each; for numbers they are linear between knots.
"""

import warnings
from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_random_state, column_or_1d

from adapt._data_driven import median_gamma
from adapt._domains import require_labels, require_weight
from adapt._kernels import kernel_product
from adapt._sklearn import Interval, StrOptions
from adapt.base import WeightAdapter
from adapt.base._estimators import predicts_numbers
from adapt.base._weight import effective_sample_size
from adapt.instance_based._constrained import least_form
from adapt.instance_based._label_shift import shares


def hat_functions(y, knots):
    """Return the values at ``y`` of functions that are linear between knots.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        Numbers, between the outer knots.

    knots : ndarray of shape (n_knots,)
        In increasing order.

    Returns
    -------
    B : ndarray of shape (n_samples, n_knots)
        Function j is 1 at knot j and 0 at the others. Each row has sum one.
    """
    return np.column_stack([np.interp(y, knots, hat) for hat in np.eye(len(knots))])


def matching_coefficients(G, g, c, S):
    """Return the ``a >= 0`` with ``c'a = 1`` that minimise ``a'Ga - 2 g'a + a'Sa``.

    Parameters
    ----------
    G : ndarray of shape (n_functions, n_functions)
        Inner products of the mean embeddings of the source, weighted by each function.

    g : ndarray of shape (n_functions,)
        Their inner products with the mean embedding of the target.

    c : ndarray of shape (n_functions,)
        Mean of each function over the source.

    S : ndarray of shape (n_functions, n_functions)
        Penalty.

    Returns
    -------
    a : ndarray of shape (n_functions,)
    """
    # Under c'a = 1 the objective is a form D in `a`. Up to a constant it is the
    # distance to the projection of the target on the span of the source's embeddings.
    norm = g @ np.linalg.pinv(G, rcond=1e-12, hermitian=True) @ g
    D = G - np.outer(g, c) - np.outer(c, g) + norm * np.outer(c, c) + S
    return least_form(D / np.trace(G) * len(c), c)


class MMDTarS(WeightAdapter):
    r"""Label shift by matching kernel means [1]_, for classification and regression.

    If labels :math:`y` have another distribution in the target, but rows :math:`x` of a
    given label are as in the source, source rows weighted by :math:`\beta(y) = p_t(y) /
    p_s(y)` are distributed as the target. The weights minimise

    .. math::

        \Big\lVert \frac{1}{n_s} \sum_i \beta(y_i) \phi(x_i)
        - \frac{1}{n_t} \sum_j \phi(x_j) \Big\rVert^2
        + \frac{\lambda}{n_s^2} \sum_i \beta(y_i)^2

    over the non-negative functions of mean one that have a value for each class, or for
    numbers are linear between knots; :math:`\phi` is the feature map of a kernel.
    `estimator` is then fitted on the weighted source, and its predictions are taken as
    they are.

    Parameters
    ----------
    estimator : estimator, default=None
        Fitted on the weighted source. If None, `LogisticRegression` for classes and
        `LinearRegression` for numbers.

    Xt : array-like of shape (n_target_samples, n_features), default=None
        Target rows, used when `fit` is given none.

    kernel : {"rbf", "laplacian"}, default="rbf"
        The kernel, as in `sklearn.metrics.pairwise.pairwise_kernels`.

    gamma : float, default=None
        Width of the kernel, in ``exp(-gamma d^2)`` for "rbf". If None, the median
        heuristic: ``1 / (2 m^2)`` with the median distance m between at most 1,000 rows
        of both domains.

    lambda_ : float, default=None
        Penalty on the variance of the weights, times one over the number of rows. If
        None, the size of the sampling error of a kernel mean: 1 for classes, and 2 for
        numbers, which have more freedom. With `sample_weight` the number of rows is the
        effective one.

    n_knots : int, default=10
        Number of knots for numbers: quantiles of the labels of the source, from the
        smallest to the largest.

    max_rows : int or None, default=10_000
        Most rows of each domain that kernel means are taken over, drawn at random. If
        None, all.

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
        Draws the rows of kernel means, of the median heuristic and of the bootstrap,
        and seeds each `random_state` in `estimator` that is None.

    Attributes
    ----------
    weights_ : ndarray of shape (n_samples,)
        Weights of the source rows, of mean one.

    effective_sample_size_ : float
        Number of equally weighted rows that the weights are worth.

    priors_ : ndarray of shape (n_classes,)
        Classes only: estimated frequencies in the target, in the order of `classes_`.

    source_priors_ : ndarray of shape (n_classes,)
        Classes only: frequencies in the source, weighted by `sample_weight`.

    class_weights_ : ndarray of shape (n_classes,)
        Classes only: ``priors_ / source_priors_``.

    knots_ : ndarray of shape (n_knots,)
        Numbers only: between them the weight is linear in the label.

    knot_weights_ : ndarray of shape (n_knots,)
        Numbers only: weights of rows with those labels.

    gamma_ : float
        The width that was used.

    estimator_ : estimator
        The fitted estimator.

    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen in `fit`, where `X` has string column names.

    Raises
    ------
    ValueError
        If labels are missing, or if there are several outputs.
    TypeError
        If `estimator` takes no `sample_weight` and `resample` is False.

    Warns
    -----
    UserWarning
        If the priors of the classes cannot be identified: the smallest eigenvalue of
        the inner products of the classes' mean embeddings is not larger than three
        times their largest squared standard error. Then some class is a mixture of the
        others, as far as the kernel can tell from so many rows.

    See Also
    --------
    SaerensEM : For classes, by the probabilities of a classifier.
    BBSE : For classes, by the predictions of a classifier.

    Notes
    -----
    Departures from [1]_:

    - By default the variance of the weights is penalised.
    - The mean of the weights is one exactly, and they have no upper bound. [1]_ allows
      a slack for the mean and bounds the weights, as `KMM` does.
    - Kernel means are over `max_rows` rows of each domain at most.
    - For numbers, [1]_ smooths weights by a kernel on the labels, and takes the mean of
      `x` given `y` from a kernel ridge regression. Here functions that are linear
      between knots do both, and no parameter changes that.

    For classes the published objective is ``MMDTarS(lambda_=0, max_rows=None)``.

    With k classes or knots: time O(n_s (n_s + n_t) (d + k)), quadratic in the rows, but
    for no more than `max_rows` of them; memory O(n_s k) beside one block of about a
    million kernel values.

    Labels are taken as numbers if `estimator` is a regressor, and without an
    `estimator` if they are continuous.

    Distances follow the scale of the columns: standardise columns of different units.

    References
    ----------
    .. [1] Zhang, Schoelkopf, Muandet and Wang. "Domain adaptation under target and
       conditional shift." ICML, 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.instance_based import MMDTarS
    >>> rng = np.random.default_rng(0)
    >>> ys, yt = rng.uniform(size=1000), rng.beta(2, 1, size=1000)  # ratio 2 y
    >>> Xs, Xt = (y[:, None] + 0.1 * rng.normal(size=(1000, 2)) for y in (ys, yt))
    >>> model = MMDTarS(random_state=0).fit(Xs, ys, Xt=Xt)
    >>> bool(np.corrcoef(model.weights_, 2 * ys)[0, 1] > 0.95)
    True
    """

    _parameter_constraints: dict = {
        **WeightAdapter._parameter_constraints,
        "kernel": [StrOptions({"rbf", "laplacian"})],
        "gamma": [Interval(Real, 0, None, closed="neither"), None],
        "lambda_": [Interval(Real, 0, None, closed="left"), None],
        "n_knots": [Interval(Integral, 2, None, closed="left")],
        "max_rows": [Interval(Integral, 2, None, closed="left"), None],
    }

    _weighs_labels = True

    def __init__(
        self,
        estimator=None,
        Xt=None,
        kernel="rbf",
        *,
        gamma=None,
        lambda_=None,
        n_knots=10,
        max_rows=10_000,
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
        self.gamma = gamma
        self.lambda_ = lambda_
        self.n_knots = n_knots
        self.max_rows = max_rows

    def _weigh(self, domains):
        Xs, Xt, ys = domains.Xs, domains.Xt, self._check_labels(domains.ys)
        require_weight(domains.source_weight, "source")
        require_weight(domains.target_weight, "target")
        ws, wt = shares(domains.source_weight, Xs), shares(domains.target_weight, Xt)
        rng = check_random_state(self.random_state)
        self.gamma_ = self.gamma
        if self.gamma is None:
            self.gamma_ = median_gamma(Xs, Xt, random_state=rng)
        kernel = {"kernel": self.kernel, "gamma": self.gamma_}
        numbers = self._are_numbers(ys)
        if numbers:
            self.knots_ = np.unique(np.quantile(ys, np.linspace(0, 1, self.n_knots)))
            B = hat_functions(ys, self.knots_)
        else:
            classes, y = np.unique(ys, return_inverse=True)
            B = np.eye(len(classes))[y]
        c = ws @ B
        rows, target_rows = (self._drawn(weight, rng) for weight in (ws, wt))
        Xs, ws = Xs[rows], shares(ws[rows], Xs)
        Xt, wt = Xt[target_rows], shares(wt[target_rows], Xt)
        W = ws[:, None] * B[rows]
        drawn = W.sum(axis=0)
        G = W.T @ kernel_product(Xs, Xs, W, **kernel)
        g = W.T @ kernel_product(Xs, Xt, wt, **kernel)
        lambda_ = self.lambda_
        if lambda_ is None:
            lambda_ = 2 if numbers else 1
        penalty = lambda_ / effective_sample_size(ws) * B[rows].T @ W
        coef = matching_coefficients(G, g, drawn, penalty)
        coef[drawn == 0] = 1  # of a class that was not drawn nothing is known
        coef /= c @ coef
        if numbers:
            self.knot_weights_ = coef
        else:
            self.source_priors_, self.class_weights_ = c, coef
            self.priors_ = coef * c
            self._warn_if_singular(G, drawn, np.square(W).sum(axis=0))
        return B @ coef

    def _drawn(self, weight, rng):
        """Return which rows kernel means are taken over."""
        if self.max_rows is None or len(weight) <= self.max_rows:
            return slice(None)
        return np.sort(rng.choice(len(weight), self.max_rows, replace=False))

    def _check_labels(self, ys):
        require_labels(self, ys, "needs the labels of the source")
        if ys.ndim == 2 and ys.shape[1] > 1:
            raise ValueError(
                f"MMDTarS takes one output, got `y` of shape {ys.shape}: fit one model "
                "for each column."
            )
        return column_or_1d(ys, warn=True)

    def _are_numbers(self, ys):
        return predicts_numbers(self._given(), ys)

    def _warn_if_singular(self, G, c, squares):
        present = c > 0
        c, squares = c[present], squares[present]
        means = G[np.ix_(present, present)] / np.outer(c, c)
        # Each row has norm one in the feature space.
        error = np.max((1 - np.diag(means)) * squares / c**2)
        smallest = np.linalg.eigvalsh(means)[0]
        if smallest <= 3 * error:
            warnings.warn(
                "MMDTarS cannot tell the frequencies of the classes in the target: the "
                "mean embeddings of the classes are nearly dependent (smallest "
                f"eigenvalue {smallest:.1e}, squared standard error {error:.1e}). Give "
                "more source rows or better features, choose another `gamma`, or merge "
                "classes.",
                UserWarning,
                stacklevel=2,
            )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.target_tags.multi_output = False
        return tags
