r"""Transfer component analysis.

Kernel principal components, weighed against the distance that the means of the domains
have along them.
"""

import numpy as np

from adapt.feature_based._kernel_components import KernelComponents, difference_of_means


class TCA(KernelComponents):
    r"""Transfer component analysis [1]_: large variance, but little between domains.

    With the kernel matrix K of all n rows, the centring matrix H, and the vector e that
    is :math:`1 / n_s` for source and :math:`-1 / n_t` for target rows, the columns of W
    are the leading solutions of

    .. math:: K H K w = \lambda \, (K e e^T K + \mu I) w,

    and the features of the rows are :math:`K W`. Here :math:`e^T K w` is the distance
    between the means of the domains along a feature. New rows of either domain are
    mapped by their kernel with the old ones.

    Parameters
    ----------
    estimator : estimator, default=None
        Fitted on the features of the source. If None, `LogisticRegression` for classes
        and `LinearRegression` for numbers.

    Xt : array-like of shape (n_target_samples, n_features), default=None
        Target rows, used when `fit` is given none.

    n_components : int, default=None
        Number of features. If None, as many as `X` has columns, and 20 at least. There
        are fewer where the kernel matrix has a lower rank.

    mu : float, default=None
        Strength of the penalty on W, positive. The larger, the less the distance
        between the domains counts. If None, 0.0002 times the number of rows, times the
        square of the mean of the kernel of rows with themselves, which is 1 for "rbf":
        the features then depend neither on the units of the kernel nor, but for chance,
        on how many rows there are.

    kernel : {"rbf", "laplacian", "linear", "poly", "sigmoid", "cosine"}, default="rbf"
        The kernel, as in `sklearn.metrics.pairwise.pairwise_kernels`.

    gamma : float, default=None
        Factor in the kernels that have one. If None, ``1 / (2 m**2)`` with the median
        distance m between rows, for columns times `column_scale_`.

    degree : float, default=3
        Degree of the polynomial kernel.

    coef0 : float, default=1
        Constant in the polynomial and the sigmoid kernel.

    n_landmarks : int, default=None
        Number of rows, half from each domain, by whose kernel all others are
        represented (Nystroem). If None, or not less than the number of rows, the
        solution is exact; but if None and there are more than 2,000 rows in both
        domains together, 500 landmarks.

    copy : bool, default=True
        Whether a clone of `estimator` is fitted, or `estimator` itself.

    verbose : int, default=0
        Whether to print how long each stage took.

    random_state : int, RandomState instance or None, default=None
        Draws the landmarks and the rows on which the median distance is measured, and
        seeds what in `estimator` has no seed of its own.

    Attributes
    ----------
    n_components_ : int
        Number of features that were found.

    landmarks_ : ndarray of shape (n_landmarks, n_features)
        The landmarks, times `column_scale_`; all rows, source before target, where the
        solution is exact.

    coef_ : ndarray of shape (n_landmarks, n_components)
        The features are the kernel with the landmarks times this.

    gamma_ : float
        The value that was used.

    mu_ : float
        The value that was used.

    column_scale_ : ndarray of shape (n_features,)
        What columns are multiplied with before the kernel: ones where `gamma` is given
        or the kernel has none. Else a column that spreads wider over both domains
        together than any does in the source is scaled down to the spread of the widest
        one. Columns that were divided by their deviation in the source may lie so far
        out in the target that they alone would make the distances.

    estimator_ : estimator
        The fitted estimator.

    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen in `fit`, where `X` has string column names.

    Raises
    ------
    ValueError
        If the data or their kernel are not finite, or a domain is missing or empty.

    See Also
    --------
    JDA : Brings the means of each class together as well.
    TJM : Also fades out source rows that are far from the target.

    Notes
    -----
    With n rows in both domains, p landmarks and m components: exact, time
    O(n^2 (d + c)) with c of the order of 3 m, and memory O(n^2); with landmarks, time
    O(n p (d + p) + p^3) and memory O(n p). Mapping a row takes O(p (d + m)).

    The problem leaves the scale of each feature open. Here the features are, as in
    kernel principal components, coordinates along directions of one length in the space
    of the kernel, so that what varies little stays small; that length is such that the
    largest variance of a feature is one. Estimators with a penalty depend on it.

    Kernels of distance follow the columns of the largest scale: standardise columns of
    different units first.

    References
    ----------
    .. [1] Pan, Tsang, Kwok and Yang. "Domain adaptation via transfer component
       analysis." IEEE Transactions on Neural Networks, 2011.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.feature_based import TCA
    >>> rng = np.random.default_rng(0)
    >>> Xs, Xt = rng.normal(size=(100, 2)), rng.normal(size=(100, 2)) + [3, 0]
    >>> model = TCA(n_components=2, random_state=0).fit(Xs, Xs[:, 1] > 0, Xt=Xt)
    >>> model.transform(Xt).shape
    (100, 2)
    >>> model.predict([[3.0, 2.0], [3.0, -2.0]])
    array([ True, False])
    """

    def _solve(self, kernel, is_source, domains):
        e = difference_of_means(is_source, ~is_source)
        return kernel.components(e[:, np.newaxis], self.mu_, self.n_components_)
