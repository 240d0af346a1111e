"""Features of series, as a transformer with named columns."""

from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from adapt._adapt_arguments import ExplainingTransformer, ExplainsArguments
from adapt._frames import index_levels
from adapt._sklearn import Interval, StrOptions, _fit_context
from adapt.series._as_series import as_series, is_list_of_series
from adapt.series._random_convolutions import draw_convolutions, exceedances
from adapt.series._series_set import SeriesSet, observed_lengths, stretched
from adapt.series._spectrum import band_power, power_floor, spectrum, spectrum_names
from adapt.series._summary import centred, summary, summary_names

KINDS = ("summary", "spectrum", "rocket")
_VALUES_AT_A_TIME = 500_000


def _is_plain(X):
    """Return whether ``X`` is a table of series of one channel."""
    if isinstance(X, SeriesSet) or is_list_of_series(X) or index_levels(X) == 2:
        return False
    return getattr(X, "ndim", 2) != 3


def _blocks(values):
    """Yield series by blocks, each of shape (n_series, n_channels, n_steps)."""
    size = max(1, _VALUES_AT_A_TIME // max(1, values[0].size))
    for start in range(0, len(values), size):
        part = values[start : start + size]
        yield np.ascontiguousarray(part.swapaxes(1, 2), dtype=np.float64)


class SeriesFeatures(ExplainingTransformer, ExplainsArguments, BaseEstimator):
    """Make a table of named features from series.

    A linear model on these features is a strong baseline for the classification of
    series. All methods of the library for tables can be used on them.

    - "summary" describes the values of each channel: mean, standard deviation, seven
      quantiles, slope over the series, mean size and deviation of the changes from
      step to step, skewness, kurtosis, how often the mean is crossed, first and last
      value; and the correlations of the channels.
    - "spectrum" describes their order in time: the logarithm of the power in up to
      twelve bands of frequencies, centroid and entropy of the spectrum, and
      autocorrelations. A delay of the series changes it little.
    - "rocket" counts how often random convolutions exceed random thresholds [1]_.
      There are many such features. They suit long series with local patterns.

    Parameters
    ----------
    features : tuple of {"summary", "spectrum", "rocket"}, default=("summary", \
            "spectrum")
        Which features to make, in this order.

    n_steps : int or "median", default=None
        Number of steps that each series is stretched to beforehand, by linear
        interpolation; "median" is the median length in `fit`. If None, series stay as
        they are. Stretch them if their length or padding says nothing about what is
        to be predicted, or differs between domains.

    n_convolutions : int, default=840
        Number of features of "rocket", rounded down to a multiple of 84.

    random_state : int, RandomState instance or None, default=None
        Draws the convolutions of "rocket".

    Attributes
    ----------
    n_steps_ : int
        Number of steps for which bands of frequencies are laid out: `n_steps`, or the
        length of the longest series in `fit`.

    channels_ : list of str
        Names of the channels.

    feature_names_out_ : list of str
        Names of the features.

    n_features_in_ : int
        For a table of series of one channel, its number of columns. Otherwise the
        number of channels.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of columns, if `X` is a table that has them.

    Raises
    ------
    ValueError
        If there is no series, or if channels are not those of `fit`.

    See Also
    --------
    as_series : The forms that series may have.
    ChannelSigns : Undoes mirrored channels before features are made.

    Notes
    -----
    For n series of T steps and C channels, "summary" and "spectrum" take time
    O(n T C log T + n T C**2) and, beside the features, memory of a block of series.
    "rocket" takes O(n T k) for k convolutions.

    Missing values are left out of "summary"; in "spectrum" they count as the mean of
    the channel; for "rocket" they are interpolated. A channel that has no value in a
    series gives NaN in "summary" and "spectrum", which `SimpleImputer` can fill.

    The features of a series do not depend on the other series that it is transformed
    with.

    Any transformer of other libraries can be used instead. For example, those of aeon
    take ``X.swapaxes(1, 2)``.

    References
    ----------
    .. [1] Dempster, Schmidt and Webb. "MiniRocket: a very fast (almost) deterministic
       transform for time series classification." KDD, 2021.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.series import SeriesFeatures
    >>> t = np.arange(100)
    >>> X = np.stack([np.sin(0.1 * t), np.sin(1.5 * t)])[:, :, None]
    >>> features = SeriesFeatures("spectrum").fit(X)
    >>> table = features.set_output(transform="pandas").transform(X)
    >>> bands = table.filter(like="power")
    >>> bands.idxmax(axis=1).tolist()
    ['channel_0__power_0.01_0.02', 'channel_0__power_0.19_0.26']
    """

    _parameter_constraints: dict = {
        "features": [StrOptions(set(KINDS)), tuple, list],
        "n_steps": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"median"}),
            None,
        ],
        "n_convolutions": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        features=("summary", "spectrum"),
        *,
        n_steps=None,
        n_convolutions=840,
        random_state=None,
    ):
        self.features = features
        self.n_steps = n_steps
        self.n_convolutions = n_convolutions
        self.random_state = random_state

    def _kinds(self):
        kinds = (self.features,) if isinstance(self.features, str) else self.features
        unknown = [kind for kind in kinds if kind not in KINDS]
        if unknown or not kinds:
            raise ValueError(
                f"`features` must name some of {KINDS}, got {self.features!r}."
            )
        return tuple(kinds)

    def _read(self, X, *, reset):
        """Return the values of series, and the names of their channels."""
        if _is_plain(X):
            X = validate_data(
                self,
                X,
                reset=reset,
                dtype=[np.float64, np.float32],
                ensure_all_finite="allow-nan",
                ensure_min_features=1,
            )
            return X[:, :, np.newaxis], ["channel_0"]
        series = as_series(X)
        if reset:
            self.n_features_in_ = len(series.channels)
        elif len(series.channels) != len(self.channels_):
            raise ValueError(
                f"`X` has {len(series.channels)} channels, but "
                f"{type(self).__name__} was fitted on {len(self.channels_)}."
            )
        return series.values, series.channels

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Lay out bands of frequencies, and draw convolutions.

        Parameters
        ----------
        X : array-like of shape (n_series, n_steps, n_channels), or other form
            Series in any form of `as_series` that needs no `id`.

        y : None
            Ignored.

        Returns
        -------
        self : object
            The fitted transformer.
        """
        kinds = self._kinds()
        values, self.channels_ = self._read(X, reset=True)
        lengths = observed_lengths(values)
        if self.n_steps is None:
            self.n_steps_ = max(int(lengths.max()), 1)
        elif self.n_steps == "median":
            self.n_steps_ = max(int(np.median(lengths)), 1)
        else:
            self.n_steps_ = self.n_steps
        if "spectrum" in kinds:
            self._fit_floor(values)
        if "rocket" in kinds:
            self._fit_rocket(values)
        named = {
            "summary": lambda: summary_names(self.channels_),
            "spectrum": lambda: spectrum_names(self.channels_, self.n_steps_),
            "rocket": self._rocket_names,
        }
        self.feature_names_out_ = [name for kind in kinds for name in named[kind]()]
        return self

    def _fit_floor(self, values):
        power = np.zeros(values.shape[2])
        for Z in _blocks(self._stretched(values)):
            D = centred(Z)[0]
            lengths = observed_lengths(Z.swapaxes(1, 2))
            power += band_power(D, lengths, self.n_steps_)[0].sum(axis=(0, 1))
        self._floor = power_floor(power / len(values))

    def _fit_rocket(self, values):
        with np.errstate(invalid="ignore"):
            mean = np.nan_to_num(np.nanmean(values, axis=(0, 1)))
            scale = np.nan_to_num(np.nanstd(values, axis=(0, 1)))
        self._standard = mean, np.where(scale > 0, scale, 1)
        rng = check_random_state(self.random_state)
        some = rng.permutation(len(values))[:500]
        Z = self._standardised(values[some])
        self._convolutions = draw_convolutions(Z, self.n_convolutions, rng)

    def _rocket_names(self):
        return [
            f"rocket_{k}_{j}"
            for k, convolution in enumerate(self._convolutions)
            for j in range(len(convolution.thresholds))
        ]

    def _stretched(self, values):
        return values if self.n_steps is None else stretched(values, self.n_steps_)

    def _standardised(self, values):
        """Return series as convolutions take them: of one length, without gaps."""
        Z = values
        if Z.shape[1] != self.n_steps_ or np.isnan(Z.sum()):
            Z = stretched(Z, self.n_steps_)
        mean, scale = self._standard
        Z = np.nan_to_num((Z - mean) / scale)
        return np.ascontiguousarray(Z.swapaxes(1, 2), dtype=np.float32)

    def transform(self, X):
        """Return the features of series.

        Parameters
        ----------
        X : array-like of shape (n_series, n_steps, n_channels), or other form
            Series with the channels of those in `fit`, of any length.

        Returns
        -------
        F : ndarray of shape (n_series, n_features_out)
            Features, a row for each series.
        """
        check_is_fitted(self)
        values = self._stretched(self._read(X, reset=False)[0])
        made = {
            "summary": self._summary,
            "spectrum": self._spectrum,
            "rocket": self._rocket,
        }
        parts = [made[kind](values) for kind in self._kinds()]
        return np.concatenate(parts, axis=1)

    def _summary(self, values):
        return np.concatenate([summary(Z) for Z in _blocks(values)])

    def _spectrum(self, values):
        parts = []
        for Z in _blocks(values):
            lengths = observed_lengths(Z.swapaxes(1, 2))
            parts.append(spectrum(Z, lengths, self.n_steps_, self._floor))
        return np.concatenate(parts)

    def _rocket(self, values):
        return exceedances(self._standardised(values), self._convolutions)

    def get_feature_names_out(self, input_features=None):
        """Return the names of the features.

        Parameters
        ----------
        input_features : None
            Ignored.

        Returns
        -------
        names : ndarray of str of shape (n_features_out,)
            As "channel__feature".
        """
        check_is_fitted(self)
        return np.asarray(self.feature_names_out_, dtype=object)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.three_d_array = True
        return tags
