"""Optimal transport between Gaussians.

The shortest way from one Gaussian to another, in mean squared length, is an affine map
known in closed form. Several sources go to their barycentre first, the Gaussian that is
nearest to all. Nothing is done to the target.
"""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from adapt._domains import check_sample_domain
from adapt._linalg import symmetric_power
from adapt.base import MetaAdapter
from adapt.feature_based._moment_map import MomentMap, covariance, moved, moved_back


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


def bures_barycentre(covariances, weights=None, *, tol=1e-10, max_iter=100):
    """Return the covariance of the Gaussian that is nearest to several others.

    Of all centred Gaussians, the weighted sum of its squared Wasserstein distances to
    the others is the least. It is found by a fixed-point iteration [1]_.

    Parameters
    ----------
    covariances : ndarray of shape (n_domains, n_features, n_features)
        Covariances of the Gaussians.

    weights : ndarray of shape (n_domains,), default=None
        Their weights, of sum one. If None, all the same.

    tol : float, default=1e-10
        The iteration ends when a step changes the result by no more than this share.

    max_iter : int, default=100
        Largest number of steps.

    Returns
    -------
    C : ndarray of shape (n_features, n_features)
        Its covariance.

    Warns
    -----
    ConvergenceWarning
        If `max_iter` steps were not enough.

    References
    ----------
    .. [1] Alvarez-Esteban, del Barrio, Cuesta-Albertos and Matran. "A fixed-point
       approach to barycenters in Wasserstein space." Journal of Mathematical Analysis
       and Applications, 2016.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.feature_based import bures_barycentre
    >>> bures_barycentre(np.array([[[1.0]], [[9.0]]]))
    array([[4.]])
    """
    covariances = np.asarray(covariances)
    if weights is None:
        weights = np.full(len(covariances), 1 / len(covariances))
    C = np.tensordot(weights, covariances, axes=1)
    for _ in range(max_iter):
        root, inverse_root = symmetric_power(C, 0.5), symmetric_power(C, -0.5)
        mean = sum(
            weight * symmetric_power(root @ other @ root, 0.5)
            for weight, other in zip(weights, covariances, strict=True)
        )
        before, half = C, mean @ inverse_root
        C = half.T @ half
        if np.linalg.norm(C - before) <= tol * np.linalg.norm(C):
            break
    else:
        warnings.warn(
            f"The barycentre still changed after {max_iter} steps. Raise `max_iter` or "
            "`tol`.",
            ConvergenceWarning,
            stacklevel=2,
        )
    return C


class LinearOT(MomentMap):
    r"""Linear optimal transport: give the source the target's mean and covariance [1]_.

    With means :math:`\mu` and covariances :math:`C`, a source row becomes
    :math:`\mu_t + (x - \mu_s) A`, where
    :math:`A = C_s^{-1/2} (C_s^{1/2} C_t C_s^{1/2})^{1/2} C_s^{-1/2}`; target rows stay
    as they are. Of all maps that meet both moments this one moves the rows least.

    Several sources, told apart by `sample_domain`, go to the barycentre of their
    Gaussians first [2]_, each by the shortest way and weighted by its rows, and then
    all together to the target. So each gets the target's mean and covariance.

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
        Seeds each `random_state` in `estimator` that is None.

    Attributes
    ----------
    Cs_, Ct_ : ndarray of shape (n_features, n_features)
        Regularised covariances of source and target. That of several sources is the
        covariance of their barycentre.

    coef_ : ndarray of shape (n_features, n_features)
        The map of centred source rows, or of the barycentre; symmetric.

    mean_source_, mean_target_ : ndarray of shape (n_features,)
        Means of source and target.

    source_maps_ : dict of int to (ndarray, ndarray)
        The mean of each source and the matrix of its way to the target, by its value in
        `sample_domain`; without `sample_domain` the source is 0.

    estimator_ : estimator
        The fitted estimator.

    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen in `fit`, where `X` has string column names.

    Raises
    ------
    ValueError
        If the data are not finite, or a domain is missing or empty. At prediction, if
        there are several sources and `sample_domain` names another one.

    See Also
    --------
    DomainStandardScaler : Several sources and targets, column by column.
    CORAL : Maps the covariance by another root, and the mean only if asked to.

    Notes
    -----
    Departures from [1]_:

    - `lambda_` is added to the diagonals, so that singular covariances have a map too.

    ``LinearOT(lambda_=0)`` is the published estimator.

    Time O((n_s + n_t) d^2 + d^3), memory O(d^2) beside one mapped copy of the source.
    Each of several sources takes O(d^3) more in about ten steps to the barycentre.

    Means and covariances are matched over all classes together. Where the classes have
    other shares in the target, part of that difference is real, and the map removes it.

    References
    ----------
    .. [1] Flamary, Lounici and Ferrari. "Concentration bounds for linear Monge mapping
       estimation and optimal transport domain adaptation." arXiv:1905.10155, 2019.
    .. [2] Montesuma and Mboula. "Wasserstein barycenter for multi-source domain
       adaptation." CVPR, 2021.

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

    def _fit_maps(self, domains):
        names = domains.source_domain
        if names is None:
            names = np.zeros(len(domains.Xs), dtype=int)
        keys, sizes = np.unique(names, return_counts=True)
        if len(keys) == 1:
            super()._fit_maps(domains)
            self.source_maps_ = {int(keys[0]): (self.mean_source_, self.coef_)}
            return
        sources = [domains.Xs[names == key] for key in keys]
        means = np.array([X.mean(axis=0) for X in sources])
        covariances = [covariance(X, self.lambda_) for X in sources]
        self.Cs_ = bures_barycentre(covariances, sizes / sizes.sum())
        self.Ct_ = covariance(domains.Xt, self.lambda_)
        self.coef_ = monge_map(self.Cs_, self.Ct_)
        self.mean_source_ = domains.Xs.mean(axis=0)
        self.mean_target_ = domains.Xt.mean(axis=0)
        self.source_maps_ = {
            int(key): (mean, monge_map(C, self.Cs_) @ self.coef_)
            for key, mean, C in zip(keys, means, covariances, strict=True)
        }

    def _learn_from_blocks(self, source, target):
        super()._learn_from_blocks(source, target)
        self.source_maps_ = {0: (self.mean_source_, self.coef_)}

    def _map_domains(self, domains):
        names = domains.source_domain
        if names is None:
            return super()._map_domains(domains)
        return domains._replace(Xs=self._by_source(domains.Xs, names, moved))

    def _encode(self, X, sample_domain=None):
        X = MetaAdapter._encode(self, X)
        domain = check_sample_domain(-1 if sample_domain is None else sample_domain, X)
        return self._by_source(X, domain, moved)

    def _unmap(self, X, domain):
        return self._by_source(X, domain, moved_back)

    def _by_source(self, X, domain, move):
        """Return rows moved between their sources and the target; its rows stay."""
        result = X.copy()
        for name in np.unique(domain[domain >= 0]):
            rows = domain == name
            result[rows] = move(X[rows], *self._way_of(name), self.mean_target_)
        return result

    def _way_of(self, name):
        """Return mean and matrix of a source; where there is one, any name serves."""
        known = self.source_maps_
        if len(known) == 1:
            return next(iter(known.values()))
        if name not in known:
            raise ValueError(
                f"There are several source domains, {sorted(known)}, and {name} is "
                "none of them. Say by `sample_domain` of which each row is."
            )
        return known[name]
