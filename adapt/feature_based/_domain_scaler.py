"""Standardisation of each domain by itself.

The baseline that many methods have to beat: every domain gets mean zero and variance
one in each column, by its own moments.
"""

import numpy as np
from sklearn.base import OneToOneFeatureMixin
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from adapt._domains import check_rows, check_sample_domain
from adapt.base import FeatureAdapter, MetaAdapter


def _named(domains):
    """Return the rows of source and target, each with the domains of the rows."""
    source, target = domains.source_domain, domains.target_domain
    return (
        (domains.Xs, np.zeros(len(domains.Xs), int) if source is None else source),
        (domains.Xt, np.full(len(domains.Xt), -1) if target is None else target),
    )


class DomainStandardScaler(OneToOneFeatureMixin, FeatureAdapter):
    r"""Standardise every domain by its own mean and standard deviation.

    A row of domain :math:`k` becomes :math:`(x - \mu_k) / \sigma_k`, column by column.
    Several sources, and several targets, each have moments of their own where
    `sample_domain` tells them apart.

    Parameters
    ----------
    estimator : estimator, default=None
        Fitted on the standardised source. If None, `LogisticRegression` for classes and
        `LinearRegression` for numbers.

    Xt : array-like of shape (n_target_samples, n_features), default=None
        Target rows, used when `fit` is given none.

    copy : bool, default=True
        Whether a clone of `estimator` is fitted, or `estimator` itself.

    verbose : int, default=0
        Whether to print how long each stage took.

    random_state : int, RandomState instance or None, default=None
        Seeds each `random_state` in `estimator` that is None.

    Attributes
    ----------
    scalers_ : dict of int to StandardScaler
        The scaler of each domain, by its value in `sample_domain`; without
        `sample_domain` the source is 0 and the target -1.

    estimator_ : estimator
        The fitted estimator.

    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen in `fit`, where `X` has string column names.

    Raises
    ------
    ValueError
        At prediction, if there are several sources (or targets) and `sample_domain`
        does not say of which of them a row is.

    See Also
    --------
    CORAL : Aligns covariances.
    LinearOT : Aligns means and covariances.

    Notes
    -----
    Time O((n_s + n_t) d), memory O(d) for each domain beside the standardised rows.
    Constant columns become zero. NaN stay NaN, and moments are taken without them.

    The whole shift of means and variances is taken to be a nuisance. Where the domains
    differ little this costs the noise of the estimated moments, of order
    ``1 / sqrt(n)`` standard deviations; where they differ because classes have other
    shares, it removes what tells the classes apart.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.feature_based import DomainStandardScaler
    >>> rng = np.random.default_rng(0)
    >>> Xs = rng.normal(size=(200, 2))
    >>> Xt = rng.normal(size=(300, 2)) * [1, 3] + 5
    >>> model = DomainStandardScaler().fit(Xs, Xs[:, 1] > 0, Xt=Xt)
    >>> model.transform(Xt).std(axis=0).round(6)
    array([1., 1.])
    >>> model.predict([[5.0, 7.0], [5.0, 3.0]])
    array([ True, False])
    """

    _keeps_frames = True
    _allows_nan = True

    def _fit_maps(self, domains):
        self.scalers_ = {
            int(name): StandardScaler().fit(X[domain == name])
            for X, domain in _named(domains)
            for name in np.unique(domain)
        }

    def _learn_from_blocks(self, source, target):
        self.scalers_ = {0: StandardScaler(), -1: StandardScaler()}
        for name, blocks in ((0, source), (-1, target)):
            for X in blocks.rows():
                self.scalers_[name].partial_fit(X)

    def _training_block(self, X, y):
        return self.scalers_[0].transform(X), None

    def _map_domains(self, domains):
        Xs, Xt = (
            self._by_domain(X, domain, StandardScaler.transform)
            for X, domain in _named(domains)
        )
        return domains._replace(Xs=Xs, Xt=Xt)

    def _by_domain(self, X, domain, method):
        """Return the rows of ``X`` as the scaler's ``method`` gives them."""
        mapped = np.empty_like(X)
        for name in np.unique(domain):
            rows = domain == name
            mapped[rows] = method(self._scaler_of(name), X[rows])
        return mapped

    def _scaler_of(self, name):
        """Return the scaler of a domain; where there is no choice, any name serves."""
        kind = "source" if name >= 0 else "target"
        known = [key for key in self.scalers_ if (key >= 0) == (name >= 0)]
        if len(known) == 1:
            return self.scalers_[known[0]]
        if name not in known:
            raise ValueError(
                f"There are several {kind} domains, {sorted(known)}, and {name} is "
                "none of them. Say by `sample_domain` of which each row is."
            )
        return self.scalers_[name]

    def _encode(self, X, sample_domain=None):
        X = MetaAdapter._encode(self, X)
        domain = check_sample_domain(-1 if sample_domain is None else sample_domain, X)
        return self._by_domain(X, domain, StandardScaler.transform)

    def inverse_transform(self, X, *, sample_domain=None):
        """Give rows the mean and standard deviation of a domain.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Standardised rows.

        sample_domain : int or array-like of shape (n_samples,), default=None
            The domain of each row. If None, the target.

        Returns
        -------
        X_original : ndarray of shape (n_samples, n_features)
            The rows in the units of their domains.
        """
        check_is_fitted(self)
        X = check_rows(self, X)
        domain = check_sample_domain(-1 if sample_domain is None else sample_domain, X)
        return self._by_domain(X, domain, StandardScaler.inverse_transform)
