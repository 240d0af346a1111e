"""Standardisation of each channel, in each domain by itself."""

import numpy as np

from adapt.series._base import SeriesAdapter


def channel_moments(X):
    """Return mean and standard deviation of each channel, over series and steps.

    Parameters
    ----------
    X : ndarray of shape (n_series, n_steps, n_channels)
        Series; NaN where a value is missing.

    Returns
    -------
    mean, scale : ndarrays of shape (n_channels,)
        The scale of a constant channel is 1.
    """
    seen = ~np.isnan(X)
    count = np.maximum(seen.sum(axis=(0, 1)), 1)
    mean = np.where(seen, X, 0).sum(axis=(0, 1)) / count
    D = np.where(seen, X - mean, 0)
    scale = np.sqrt(np.einsum("ntc,ntc->c", D, D) / count)
    return mean, np.where(scale > 1e-12 * np.abs(mean), scale, 1)


class ChannelScaler(SeriesAdapter):
    r"""Standardise each channel of series, in each domain by its own moments.

    A value of channel c in domain k becomes :math:`(x - \mu_{kc}) / \sigma_{kc}`, with
    the mean and the standard deviation over all series and steps of the domain. Use it
    if sensors differ by gain and offset. Differences between the series of a domain
    stay. A z-score of each series would remove them, which often does harm.

    Parameters
    ----------
    estimator : estimator, default=None
        Fitted on the scaled source, or on its `features`; may be an adapter. If None,
        `LogisticRegression` for classes and `LinearRegression` for numbers.

    Xt : array-like of shape (n_target_series, n_steps, n_channels), default=None
        Target series, used when `fit` is given none.

    features : transformer, default=None
        Makes a table of the mapped series of both domains, which `estimator` takes,
        for example `SeriesFeatures()`. If None, `estimator` takes
        ``(n_series, n_steps * n_channels)``, or series if its tags say that it takes
        3-D arrays.

    copy : bool, default=True
        Whether a clone of `estimator` is fitted, or `estimator` itself.

    verbose : int, default=0
        Whether to print how long each stage took.

    random_state : int, RandomState instance or None, default=None
        Seeds each `random_state` in `estimator` that is None.

    Attributes
    ----------
    mean_source_, mean_target_ : ndarray of shape (n_channels,)
        Means of the channels.

    scale_source_, scale_target_ : ndarray of shape (n_channels,)
        Their standard deviations.

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
    EuclideanAlignment : Removes correlations of channels too.
    DomainStandardScaler : The same for columns of tables.

    Notes
    -----
    Time and memory O(n T C) for n series of T steps and C channels. If classes have
    other shares in the target, the moments differ for that reason alone, and scaling
    does harm.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.series import ChannelScaler
    >>> rng = np.random.default_rng(0)
    >>> Xs = rng.normal(size=(50, 30, 2))
    >>> Xt = rng.normal(size=(50, 30, 2)) * [10, 1] + 3
    >>> ChannelScaler().fit(Xs, Xt=Xt).transform(Xt).std(axis=(0, 1)).round(6)
    array([1., 1.])
    """

    def __init__(
        self,
        estimator=None,
        Xt=None,
        features=None,
        *,
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

    def _fit_series(self, Xs, Xt):
        self.mean_source_, self.scale_source_ = channel_moments(Xs)
        self.mean_target_, self.scale_target_ = channel_moments(Xt)

    def _map_source(self, X):
        return (X - self.mean_source_) / self.scale_source_

    def _map_target(self, X):
        return (X - self.mean_target_) / self.scale_target_
