"""Euclidean alignment: no correlation of channels, in the mean of a domain."""

import numpy as np

from adapt.series._base import SeriesAdapter
from adapt.series._channel_scaler import channel_moments

_FLOOR = 1e-10  # of the largest variance, below which a direction is left as it is


def mean_covariance(X, mean):
    """Return the covariance of channels about a mean, over all observed steps.

    Parameters
    ----------
    X : ndarray of shape (n_series, n_steps, n_channels)
        Series; steps that miss a value are left out.

    mean : ndarray of shape (n_channels,)
        The mean.

    Returns
    -------
    R : ndarray of shape (n_channels, n_channels)
    """
    D = (X - mean).reshape(-1, X.shape[2])
    D = D[~np.isnan(D).any(axis=1)]
    return D.T @ D / max(len(D), 1)


def whitening(R):
    """Return the symmetric inverse root of a covariance.

    Directions without variance are left as they are.
    """
    variances, axes = np.linalg.eigh(R)
    alive = variances > _FLOOR * max(variances[-1], 0)
    gains = np.where(alive, variances, 1) ** -0.5
    return (axes * gains) @ axes.T


class EuclideanAlignment(SeriesAdapter):
    r"""Euclidean alignment [1]_: whiten the channels of each domain.

    A step x, with its values of all channels, becomes :math:`R_k^{-1/2} (x - \mu_k)`,
    where :math:`\mu_k` and :math:`R_k` are the mean and the covariance of the channels
    over all series and steps of domain k. Use it if sensors pick up mixtures of the
    same signals, as electrodes on another head do. It removes levels and scales too;
    if these tell the classes apart, it does harm.

    Parameters
    ----------
    estimator : estimator, default=None
        Fitted on the aligned source, or on its `features`; may be an adapter. If None,
        `LogisticRegression` for classes and `LinearRegression` for numbers.

    Xt : array-like of shape (n_target_series, n_steps, n_channels), default=None
        Target series, used when `fit` is given none.

    features : transformer, default=None
        Makes a table of the mapped series of both domains, which `estimator` takes,
        for example `SeriesFeatures()`. If None, `estimator` takes
        ``(n_series, n_steps * n_channels)``, or series if its tags say that it takes
        3-D arrays.

    center : bool, default=True
        Whether means are removed, and the covariance is about them.

    copy : bool, default=True
        Whether a clone of `estimator` is fitted, or `estimator` itself.

    verbose : int, default=0
        Whether to print how long each stage took.

    random_state : int, RandomState instance or None, default=None
        Seeds each `random_state` in `estimator` that is None.

    Attributes
    ----------
    mean_source_, mean_target_ : ndarray of shape (n_channels,)
        What is subtracted from channels.

    whitening_source_, whitening_target_ : ndarray of shape (n_channels, n_channels)
        The maps of the channels.

    features_ : transformer
        The fitted `features`.

    estimator_ : estimator
        The fitted estimator.

    n_features_in_ : int
        Length of the series seen in `fit`.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of times seen in `fit`, where `X` is a table with string column names.

    See Also
    --------
    ChannelScaler : Leaves correlations as they are.
    CORAL : The same for columns of tables.

    Notes
    -----
    Departures from [1]_: the paper's recordings are filtered so that their means are 0,
    and `center` removes what there is. ``EuclideanAlignment(center=False)`` is the
    published algorithm, with each domain as a subject.

    Time O(n T C^2) for n series of T steps and C channels, memory O(n T C).

    References
    ----------
    .. [1] He and Wu. "Transfer learning for brain-computer interfaces: a Euclidean
       space data alignment approach." IEEE Transactions on Biomedical Engineering,
       2020.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.series import EuclideanAlignment
    >>> rng = np.random.default_rng(0)
    >>> Xs = rng.normal(size=(50, 30, 2))
    >>> Xt = rng.normal(size=(50, 30, 2)) @ [[1, 2], [0, 1]]
    >>> Zt = EuclideanAlignment().fit(Xs, Xt=Xt).transform(Xt)
    >>> bool(np.allclose(np.cov(Zt.reshape(-1, 2).T, bias=True), np.eye(2)))
    True
    """

    _parameter_constraints: dict = {
        **SeriesAdapter._parameter_constraints,
        "center": ["boolean"],
    }

    def __init__(
        self,
        estimator=None,
        Xt=None,
        features=None,
        *,
        center=True,
        copy=True,
        verbose=0,
        random_state=None,
    ):
        super().__init__(
            estimator,
            Xt,
            features,
            copy=copy,
            verbose=verbose,
            random_state=random_state,
        )
        self.center = center

    def _of_domain(self, X):
        mean = channel_moments(X)[0] if self.center else np.zeros(X.shape[2])
        return mean, whitening(mean_covariance(X, mean))

    def _fit_series(self, Xs, Xt):
        self.mean_source_, self.whitening_source_ = self._of_domain(Xs)
        self.mean_target_, self.whitening_target_ = self._of_domain(Xt)

    def _map_source(self, X):
        return (X - self.mean_source_) @ self.whitening_source_

    def _map_target(self, X):
        return (X - self.mean_target_) @ self.whitening_target_
