"""Turned channels: a sensor on the other arm, or mounted upside down.

The mirrored movement changes the sign of some channels. Which ones, the distributions
of the domains tell without a label.
"""

from numbers import Integral, Real

import numpy as np

from adapt._sklearn import Interval
from adapt.series._base import SeriesAdapter
from adapt.series._sign_search import SignSearch

_AT_MOST = 500  # series of each domain that patterns are compared on
_CLEARLY = 4.0  # standard errors by which a pattern has to be nearer
_EACH = 2.0  # and by which each of its turned channels has to be


def some_rows(X, n):
    """Return ``n`` rows, evenly spread, or all if there are no more."""
    return X[np.linspace(0, len(X) - 1, n).astype(int)] if len(X) > n else X


class ChannelSigns(SeriesAdapter):
    r"""Turn the channels of the source that have the other sign in the target.

    Each pattern of signs :math:`s \in \{-1, 1\}^C` turns some of the channels. The one
    is taken that makes the domains most similar: it minimises the energy distance of
    the means, the skewness and the correlations of the channels of each series. Use it
    if a sensor may be mounted the other way round, or worn on the other side of the
    body. A model that is trained on the turned source predicts the target as it is.

    Nothing is turned unless the evidence is clear. `finding_` says so if channels look
    turned and the evidence is not.

    Parameters
    ----------
    estimator : estimator, default=None
        Fitted on the turned source, or on its `features`; may be an adapter. If None,
        `LogisticRegression` for classes and `LinearRegression` for numbers.

    Xt : array-like of shape (n_target_series, n_steps, n_channels), default=None
        Target series, used when `fit` is given none.

    features : transformer, default=None
        Makes a table of the mapped series of both domains, which `estimator` takes,
        for example `SeriesFeatures()`. If None, `estimator` takes
        ``(n_series, n_steps * n_channels)``, or series if its tags say that it takes
        3-D arrays.

    threshold : float, default=0.5
        Channels are turned if this makes the energy distance less than `threshold`
        times what it was. 0 turns nothing, 1 whatever is nearer.

    beam : int, default=8
        Patterns that are kept in each round of the search if there are more than ten
        channels. Up to ten channels all patterns are compared.

    copy : bool, default=True
        Whether a clone of `estimator` is fitted, or `estimator` itself.

    verbose : int, default=0
        Whether to print how long each stage took.

    random_state : int, RandomState instance or None, default=None
        Seeds each `random_state` in `estimator` that is None.

    Attributes
    ----------
    signs_ : ndarray of int of shape (n_channels,)
        What the channels of the source are multiplied by, 1 or -1.

    nearest_signs_ : ndarray of int of shape (n_channels,)
        The pattern that makes the domains most similar, whether it is used or not.

    distance_, nearest_distance_ : float
        Energy distance of the domains as they are, and with `nearest_signs_`.

    finding_ : str
        What was found, in a sentence; empty if no channel looks turned.

    features_ : transformer
        The fitted `features`.

    estimator_ : estimator
        The fitted estimator.

    n_features_in_ : int
        Length of the series seen in `fit`.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of times seen in `fit`, where `X` is a table with string column names.

    Raises
    ------
    ValueError
        If domains have different channels.

    See Also
    --------
    EuclideanAlignment : For mixed channels, as of turned sensors.
    SpectralAlignment : Aligns the power spectra.

    Notes
    -----
    A pattern is used if it also is nearer by 4 standard errors, and each turned channel
    by 2. Both are computed as if series were independent, which windows of one
    recording are not.

    A channel that is symmetric about 0 and not correlated with others looks the same
    either way. It is never turned.

    The default of `threshold` was chosen on 15 pairs of subjects of HAPT, of the half
    that no accuracy is reported on, each with two random patterns planted. 29 of these
    turn something. The nearest pattern is right in 22 of them, and in 18 it leaves less
    than half of the distance: .09 to .48. Four that leave less than half are wrong in
    one channel, and no pair looks turned as it is (``python benchmarks/series.py signs
    --tasks "hapt chosen on"``). False alarms and patterns found on other data are in
    the user guide.

    Time O(2^C n_s n_t C^2) for up to ten channels C, then O(beam C^2 n_s n_t C^2), on
    at most 500 series of each domain, beside O(n T C^2) for the statistics of n series
    of T steps.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from adapt.datasets import load_watch
    >>> from adapt.series import ChannelSigns, SeriesFeatures
    >>> data = load_watch(source="left", target="right")
    >>> inner = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    >>> model = ChannelSigns(inner, features=SeriesFeatures())
    >>> model = model.fit(data.X, data.y, sample_domain=data.sample_domain)
    >>> model.signs_
    array([-1,  1,  1,  1, -1, -1])
    """

    _parameter_constraints: dict = {
        **SeriesAdapter._parameter_constraints,
        "threshold": [Interval(Real, 0, 1, closed="both")],
        "beam": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        estimator=None,
        Xt=None,
        features=None,
        threshold=0.5,
        *,
        beam=8,
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
        self.threshold = threshold
        self.beam = beam

    def _fit_series(self, Xs, Xt):
        search = SignSearch(some_rows(Xs, _AT_MOST), some_rows(Xt, _AT_MOST))
        as_they_are = search.as_they_are
        nearest = search.without_doubtful(search.nearest(self.beam), _EACH)
        self.distance_ = search.distance(as_they_are)
        self.nearest_distance_ = search.distance(nearest)
        clear = search.gain(nearest, as_they_are) >= _CLEARLY
        near = self.nearest_distance_ < self.threshold * self.distance_
        self.nearest_signs_ = np.array(nearest)
        self.signs_ = np.array(nearest if clear and near else as_they_are)
        self.finding_ = self._words(near) if clear else ""

    def _words(self, used):
        channels = ", ".join(str(k) for k in np.flatnonzero(self.nearest_signs_ < 0))
        left = self.nearest_distance_ / self.distance_
        if used:
            return (
                f"Channels {channels} are turned in the target: with their other sign, "
                f"{left:.0%} of the distance between the domains is left."
            )
        return (
            f"Channels {channels} look turned in the target, but their other sign "
            f"leaves {left:.0%} of the distance between the domains. They are not "
            "turned. Look at how the sensors were mounted."
        )

    def _map_source(self, X):
        return X * self.signs_.astype(X.dtype)
