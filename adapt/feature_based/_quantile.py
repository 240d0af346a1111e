"""Quantile matching.

Each column of the source is moved, by its ranks, onto the values of the target: all its
quantiles agree afterwards, whatever the two distributions are.
"""

from numbers import Integral

import numpy as np
from sklearn.base import OneToOneFeatureMixin
from sklearn.utils.validation import check_is_fitted

from adapt._domains import check_rows, check_sample_domain
from adapt._sklearn import Interval
from adapt.base import FeatureAdapter
from adapt.base._feature import mapped_by_domain


def quantiles(x, levels):
    """Return quantiles of the numbers in ``x``, missing ones left out.

    Parameters
    ----------
    x : ndarray of shape (n_samples,)
        Values.

    levels : ndarray of shape (n_quantiles,)
        Which quantiles, between 0 and 1.

    Returns
    -------
    q : ndarray of shape (n_quantiles,)
        Interpolated between neighbouring values; NaN if ``x`` holds no number.
    """
    x = np.sort(x)  # NaN go to the end
    n = len(x) - np.count_nonzero(np.isnan(x))
    if n == 0:
        return np.full(len(levels), np.nan)
    return np.interp(levels * (n - 1), np.arange(n), x[:n])


def match(x, before, after, levels):
    """Move values from the quantiles of one distribution to those of another.

    Parameters
    ----------
    x : ndarray of shape (n_samples,)
        Values.

    before, after : ndarray of shape (n_quantiles,)
        Quantiles of the two distributions.

    levels : ndarray of shape (n_quantiles,)
        Their levels, in rising order.

    Returns
    -------
    y : ndarray of shape (n_samples,)
        Values with the same rank. Ties take their middle rank, and what is beyond the
        quantiles takes the rank of the last.
    """
    # The two interpolations differ only where quantiles are tied.
    low = np.interp(x, before, levels)
    high = -np.interp(-x, -before[::-1], -levels[::-1])
    return np.interp((low + high) / 2, levels, after)


class QuantileMatching(OneToOneFeatureMixin, FeatureAdapter):
    """Rank matching: give each source column the distribution of the target's.

    A value becomes the quantile of the target's column at the rank that it has in the
    source's, ``F_t^(-1)(F_s(x))``. Target rows stay as they are. In one dimension this
    is the optimal transport between the two distributions.

    Parameters
    ----------
    estimator : estimator, default=None
        Fitted on the matched source. If None, `LogisticRegression` for classes and
        `LinearRegression` for numbers.

    Xt : array-like of shape (n_target_samples, n_features), default=None
        Target rows, used when `fit` is given none.

    n_quantiles : int, default=1000
        Number of quantiles, evenly spaced, between which the map is linear. No more are
        used than the larger domain has rows.

    copy : bool, default=True
        Whether a clone of `estimator` is fitted, or `estimator` itself.

    verbose : int, default=0
        Whether to print how long each stage took.

    random_state : int, RandomState instance or None, default=None
        Seeds each `random_state` in `estimator` that is None.

    Attributes
    ----------
    levels_ : ndarray of shape (n_quantiles,)
        Levels of the quantiles, from 0 to 1.

    quantiles_source_, quantiles_target_ : ndarray of shape (n_features, n_quantiles)
        The quantiles of each column.

    estimator_ : estimator
        The fitted estimator.

    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen in `fit`, where `X` has string column names.

    Raises
    ------
    ValueError
        If the data hold infinite values, or a domain is missing or empty.

    See Also
    --------
    DomainStandardScaler : Matches mean and variance of each column.
    CORAL : Matches the covariance between columns.

    Notes
    -----
    Time O(d n log n) for n rows, memory O(d n_quantiles) beside one mapped copy of the
    source. The map does not depend on the units of the columns.

    Rows of the source beyond its range in `fit` go to the ends of the target's. NaN
    stay NaN and have no rank; a column without numbers in one domain becomes NaN in the
    source. A column of few different values keeps them apart, but between the target's
    values if these are few as well.

    Columns are matched one by one, so correlations are left as the ranks have them.
    Where classes have other shares in the target, part of the difference is real, and
    the map removes it.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.feature_based import QuantileMatching
    >>> Xs = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> Xt = np.exp(Xs)
    >>> model = QuantileMatching().fit(Xs, [0, 0, 1, 1], Xt=Xt)
    >>> bool(np.allclose(model.transform(Xs, sample_domain=0), Xt))
    True
    >>> model.predict([[1.0], [20.0]])
    array([0, 1])
    """

    _keeps_frames = True
    _allows_nan = True

    _parameter_constraints: dict = {
        **FeatureAdapter._parameter_constraints,
        "n_quantiles": [Interval(Integral, 2, None, closed="left")],
    }

    def __init__(
        self,
        estimator=None,
        Xt=None,
        n_quantiles=1000,
        *,
        copy=True,
        verbose=0,
        random_state=None,
    ):
        super().__init__(
            estimator, Xt, copy=copy, verbose=verbose, random_state=random_state
        )
        self.n_quantiles = n_quantiles

    def _fit_maps(self, domains):
        most = max(len(domains.Xs), len(domains.Xt), 2)
        self.levels_ = np.linspace(0, 1, min(self.n_quantiles, most))
        self.quantiles_source_, self.quantiles_target_ = (
            np.array([quantiles(x, self.levels_) for x in X.T])
            for X in (domains.Xs, domains.Xt)
        )

    def _matched(self, X, before, after):
        mapped = np.empty_like(X)
        for j, (old, new) in enumerate(zip(before, after, strict=True)):
            mapped[:, j] = match(X[:, j], old, new, self.levels_)
        return mapped

    def _map_source(self, X):
        return self._matched(X, self.quantiles_source_, self.quantiles_target_)

    def _unmap_source(self, X):
        return self._matched(X, self.quantiles_target_, self.quantiles_source_)

    def inverse_transform(self, X, *, sample_domain=None):
        """Take rows from the shared space back to where `transform` had them from.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows of the shared space.

        sample_domain : int or array-like of shape (n_samples,), default=None
            To which domain rows go back: values >= 0 for the source, negative ones for
            the target. If None, all to the target, whose rows `transform` leaves alone.

        Returns
        -------
        X_original : ndarray of shape (n_samples, n_features)
            Up to the interpolation between quantiles, and to ties.
        """
        check_is_fitted(self)
        X = check_rows(self, X)
        domain = check_sample_domain(-1 if sample_domain is None else sample_domain, X)
        return mapped_by_domain(X, domain >= 0, self._unmap_source, self._map_target)
