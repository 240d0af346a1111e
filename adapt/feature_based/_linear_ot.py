"""Optimal transport between Gaussians.

The shortest way from one Gaussian to another, in mean squared length, is an affine map
known in closed form. Nothing is done to the target.
"""

from adapt.feature_based._moments import MomentMap, symmetric_power


def monge_map(Cs, Ct):
    """Return the matrix of the optimal transport between centred Gaussians.

    Parameters
    ----------
    Cs, Ct : ndarray of shape (n_features, n_features)
        Covariances of source and target. If Cs is singular, the result is exact on its
        range.

    Returns
    -------
    A : ndarray of shape (n_features, n_features)
        ``Cs^(-1/2) (Cs^(1/2) Ct Cs^(1/2))^(1/2) Cs^(-1/2)``, which is symmetric.
    """
    root, inverse_root = symmetric_power(Cs, 0.5), symmetric_power(Cs, -0.5)
    A = inverse_root @ symmetric_power(root @ Ct @ root, 0.5) @ inverse_root
    return (A + A.T) / 2


class LinearOT(MomentMap):
    r"""Linear optimal transport: give the source the target's mean and covariance [1]_.

    With means :math:`\mu` and covariances :math:`C`, a source row becomes
    :math:`\mu_t + (x - \mu_s) A`, where
    :math:`A = C_s^{-1/2} (C_s^{1/2} C_t C_s^{1/2})^{1/2} C_s^{-1/2}`; target rows stay
    as they are. Of all maps that meet both moments this one moves the rows least.

    Parameters
    ----------
    estimator : estimator, default=None
        Fitted on the mapped source. If None, `LogisticRegression` for classes and
        `LinearRegression` for numbers.

    Xt : array-like of shape (n_target_samples, n_features), default=None
        Target rows, used when `fit` is given none.

    lambda_ : float or "auto", default=1e-5
        Added to the diagonal of both covariances, in the squared units of `X`. "auto"
        shrinks each covariance by the rule of Ledoit and Wolf, which suits few rows in
        many columns. With 0 the target covariance is met exactly wherever the source
        covariance has full rank.

    copy : bool, default=True
        Whether a clone of `estimator` is fitted, or `estimator` itself.

    verbose : int, default=0
        Whether to print how long each stage took.

    random_state : int, RandomState instance or None, default=None
        Seeds what in `estimator` has no seed of its own.

    Attributes
    ----------
    Cs_, Ct_ : ndarray of shape (n_features, n_features)
        Regularised covariances of source and target.

    coef_ : ndarray of shape (n_features, n_features)
        The map of centred source rows, symmetric.

    mean_source_, mean_target_ : ndarray of shape (n_features,)
        Means of source and target.

    estimator_ : estimator
        The fitted estimator.

    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen in `fit`, where `X` has string column names.

    Raises
    ------
    ValueError
        If the data are not finite, or a domain is missing or empty.

    See Also
    --------
    CORAL : Maps the covariance by another root, and the mean only if asked to.

    Notes
    -----
    Time O((n_s + n_t) d^2 + d^3), memory O(d^2) beside one mapped copy of the source.

    Means and covariances are matched over all classes together. Where the classes have
    other shares in the target, part of that difference is real, and the map removes it.

    References
    ----------
    .. [1] Flamary, Lounici and Ferrari. "Concentration bounds for linear Monge mapping
       estimation and optimal transport domain adaptation." arXiv:1905.10155, 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.feature_based import LinearOT
    >>> rng = np.random.default_rng(0)
    >>> Xs = rng.normal(size=(200, 2))
    >>> Xt = rng.normal(size=(300, 2)) * [1, 3] + 5
    >>> model = LinearOT(lambda_=0).fit(Xs, Xs[:, 1] > 0, Xt=Xt)
    >>> mapped = model.transform(Xs, sample_domain=0)
    >>> bool(np.allclose(mapped.mean(axis=0), Xt.mean(axis=0)))
    True
    >>> model.predict([[5.0, 7.0], [5.0, 3.0]])
    array([ True, False])
    """

    @staticmethod
    def _matrix(Cs, Ct):
        return monge_map(Cs, Ct)
