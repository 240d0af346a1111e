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

    scale_columns : bool or "auto", default="auto"
        Whether columns are multiplied with `column_scale_` before the kernel. "auto"
        does so for every kernel but "linear" and "cosine".

    whiten : bool, default=False
        Whether all features are given the variance one over both domains, as in the
        paper. Else features keep their shares of the variance, and are rotated such
        that each has the same variance in the source.

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
        seeds each `random_state` in `estimator` that is None.

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
        What columns are multiplied with before the kernel: ones without
        `scale_columns`. Else a column that spreads wider over both domains together
        than any does in the source is scaled down to the spread of the widest one. A
        column standardised by a tiny source deviation can take huge values in the
        target and dominate all distances.

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
    Departures from [1]_:

    - `n_components`, `mu` and `gamma` are chosen from the rows unless they are given.
    - Columns are scaled down that would dominate all distances (`scale_columns`).
    - The constraint of the paper, :math:`W^T K H K W = I`, gives all features one
      scatter, which makes as much of the last as of the first. By default features are
      coordinates along directions of one length in the space of the kernel, as in
      kernel principal components, so that what varies little stays small
      (`whiten`). Estimators with a penalty depend on it.
    - Beyond 2,000 rows the solution is approximate (`n_landmarks`).

    ``TCA(n_components=m, mu=mu, gamma=g, scale_columns=False, whiten=True)`` is the
    published algorithm; its features have variance one, where those of the paper have
    scatter one.

    With n rows in both domains, p landmarks and m components: exact, time
    O(n^2 (d + c)) with c of the order of 3 m, and memory O(n^2); with landmarks, time
    O(n p (d + p) + p^3) and memory O(n p). Mapping a row takes O(p (d + m)).

    The rotation of the features has no effect on estimators that know no axes, such as
    linear models, nearest neighbours and kernels, and their scale is such that without
    it the largest variance would be one. A scaler in `estimator` then multiplies all
    features alike; of unrotated ones it would make as much of those that hold nothing.

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
