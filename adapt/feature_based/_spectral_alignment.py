r"""Alignment of the power spectra of time series.

Stationary Gaussian series differ by their power spectra alone, and the shortest way
from one such law to another is a filter, found channel by channel.
"""

import warnings
from numbers import Integral, Real

import numpy as np
from sklearn.base import OneToOneFeatureMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from adapt._domains import check_rows, check_sample_domain
from adapt._sklearn import Interval, StrOptions
from adapt.base import FeatureAdapter, MetaAdapter
from adapt.base._feature import mapped_by_domain
from adapt.feature_based._power_spectra import (
    FILTERS,
    aligning_response,
    apply_response,
    power_spectra,
    reference_spectra,
)


def _as_series(X):
    """Return a table of series of one channel as a 3-D array."""
    return X[:, :, np.newaxis] if X.ndim == 2 else X


class SpectralAlignment(OneToOneFeatureMixin, FeatureAdapter):
    r"""Spectral alignment of series [1]_: give each channel a common power spectrum.

    With the power spectra :math:`p_s, p_t` of a channel in the two domains, its series
    in the source are filtered with the gain :math:`\sqrt{p / p_s}` and those in the
    target with :math:`\sqrt{p / p_t}`, where the reference p is :math:`p_t` or the
    barycentre :math:`\left( (\sqrt{p_s} + \sqrt{p_t}) / 2 \right)^2`. The filters shift
    no phase, and leave the mean of each series as it is.

    `transform` keeps the shape of `X`. An `estimator` that takes tables alone is given
    ``(n_samples, n_times * n_channels)``, the channels of a time side by side; one
    whose tags say that it takes 3-D arrays is given those.

    Parameters
    ----------
    estimator : estimator, default=None
        Fitted on the aligned source. If None, `LogisticRegression` for classes and
        `LinearRegression` for numbers.

    Xt : array-like of shape (n_target_samples, n_times, n_channels), default=None
        Target series, used when `fit` is given none. As `X`, it may be a table of shape
        (n_target_samples, n_times) with series of one channel.

    reference : {"target", "barycenter", "source"}, default="target"
        The power spectra that both domains get. With "target" or "source" the series of
        that domain stay as they are.

    n_per_segment : int, default=256
        Length of the segments whose spectra are averaged, an even number and at most
        half of the length of the series. Longer segments tell more frequencies apart
        and are noisier.

    filter : {"interpolated", "taps"}, default="interpolated"
        Filters of whole series. "interpolated" has the gain between the frequencies of
        segments by interpolation in decibels, which shifts no phase. "taps" has as many
        taps as a segment has times.

    max_iter : int, default=30
        Largest number of filters that are tried; 1 is the filter of the paper.

    tol : float, default=0.01
        Relative error of the power spectra at which no further filter is tried.

    copy : bool, default=True
        Whether a clone of `estimator` is fitted, or `estimator` itself.

    verbose : int, default=0
        Whether to print how long each stage took.

    random_state : int, RandomState instance or None, default=None
        Seeds each `random_state` in `estimator` that is None.

    Attributes
    ----------
    spectra_source_, spectra_target_ : ndarray of shape (n_channels, n_frequencies)
        Power spectra of the domains.

    spectra_ : ndarray of shape (n_channels, n_frequencies)
        The reference.

    response_source_, response_target_ : ndarray of shape (n_channels, n_times // 2 + 1)
        Frequency responses of the filters.

    error_ : float
        Largest relative error of the power spectra that is left.

    n_iter_ : int
        Number of filters tried, the larger of both domains.

    estimator_ : estimator
        The fitted estimator.

    n_features_in_ : int
        Length of the series seen in `fit`.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of times seen in `fit`, where `X` is a table with string column names.

    Raises
    ------
    ValueError
        If series differ in length or channels, or are not finite.

    Warns
    -----
    ConvergenceWarning
        If the error that is left exceeds `tol`, and `max_iter` is not 1.

    See Also
    --------
    QuantileMatching : Matches the distribution of values, and not their order in time.

    Notes
    -----
    Departures from [1]_:

    - The reference of the paper is the barycentre of the sources, for one source its
      own spectrum, so that the target is filtered and a fitted model can stay. By
      default the source is filtered instead.
    - The paper has one filter, with as many taps as a segment has times. By default it
      is corrected until the spectra agree, and its gain is interpolated.
    - Several sources are pooled; in the paper each has a filter.
    - Series are taken to be periodic; the paper's are zero beyond their ends.

    ``SpectralAlignment(reference="source", filter="taps", max_iter=1)`` is the
    published algorithm for one source, but for the ends of series.

    Time O(n T C log T) a filter, for n series of length T in C channels; memory of some
    copies of the data.

    The ends of a filtered series see its beginning. Filters cannot repair a shift of
    values, or of amplitudes that depends on the time.

    References
    ----------
    .. [1] Gnassounou, Flamary and Gramfort. "Convolution Monge mapping normalization
       for learning on sleep data." NeurIPS, 2023.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.feature_based import SpectralAlignment
    >>> rng = np.random.default_rng(0)
    >>> Xs = rng.normal(size=(200, 128, 2))
    >>> Xt = rng.normal(size=(200, 128, 2))
    >>> Xt += np.roll(Xt, 1, axis=1) / 2  # less of high frequencies
    >>> model = SpectralAlignment(n_per_segment=32).fit(Xs, Xt=Xt)
    >>> model.transform(Xs, sample_domain=0).shape
    (200, 128, 2)
    >>> bool(model.error_ < 0.01)
    True
    """

    _parameter_constraints: dict = {
        **FeatureAdapter._parameter_constraints,
        "reference": [StrOptions({"target", "barycenter", "source"})],
        "n_per_segment": [Interval(Integral, 2, None, closed="left")],
        "filter": [StrOptions(set(FILTERS))],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        estimator=None,
        Xt=None,
        reference="target",
        n_per_segment=256,
        *,
        filter="interpolated",
        max_iter=30,
        tol=0.01,
        copy=True,
        verbose=0,
        random_state=None,
    ):
        super().__init__(
            estimator, Xt, copy=copy, verbose=verbose, random_state=random_state
        )
        self.reference = reference
        self.n_per_segment = n_per_segment
        self.filter = filter
        self.max_iter = max_iter
        self.tol = tol

    def _fit_maps(self, domains):
        if domains.Xs.shape[1:] != domains.Xt.shape[1:]:
            raise ValueError(
                f"Source series have shape {domains.Xs.shape[1:]}, but target series "
                f"{domains.Xt.shape[1:]}: lengths and channels must be the same. Use "
                "`Xt.reshape` if only the layout differs."
            )
        Xs, Xt = (
            X - X.mean(axis=1, keepdims=True)
            for X in (_as_series(domains.Xs), _as_series(domains.Xt))
        )
        self._shape = domains.Xs.shape[1:]
        n_times = Xs.shape[1]
        # Even, so that the frequencies end at one half.
        size = max(min(2, n_times), min(self.n_per_segment, n_times // 2) // 2 * 2)
        self.spectra_source_ = power_spectra(Xs, size)
        self.spectra_target_ = power_spectra(Xt, size)
        self.spectra_ = reference_spectra(
            self.spectra_source_, self.spectra_target_, self.reference
        )
        self.response_source_, *of_source = self._response(Xs, size, "source")
        self.response_target_, *of_target = self._response(Xt, size, "target")
        self.error_, self.n_iter_ = map(max, of_source, of_target)
        if self.error_ > self.tol and self.max_iter > 1:
            warnings.warn(
                f"SpectralAlignment left a relative error of {self.error_:.2g} in the "
                f"power spectra after {self.max_iter} filters. Raise `max_iter` or "
                "`tol`, or change `n_per_segment`.",
                ConvergenceWarning,
                stacklevel=2,
            )

    def _response(self, X, size, domain):
        """Return the filter of a domain, the error that it leaves, and the trials."""
        if domain == self.reference:
            return np.ones((X.shape[2], X.shape[1] // 2 + 1)), 0.0, 0
        return aligning_response(
            X, self.spectra_, size, self.max_iter, self.tol, FILTERS[self.filter]
        )

    def _filtered(self, X, response):
        Z = apply_response(_as_series(X), response)
        return Z.reshape(X.shape).astype(X.dtype, copy=False)

    def _map_source(self, X):
        if self.reference == "source":
            return X
        return self._filtered(X, self.response_source_)

    def _map_target(self, X):
        if self.reference == "target":
            return X
        return self._filtered(X, self.response_target_)

    def _for_estimator(self, X):
        """Return series as the inner estimator takes them."""
        if X.ndim == 2 or get_tags(self._stand_in()).input_tags.three_d_array:
            return X
        return X.reshape(len(X), -1)

    def _fit_estimator(self, X, y, domains, *, sample_weight=None):
        domains = domains._replace(Xt=self._for_estimator(domains.Xt))
        super()._fit_estimator(
            self._for_estimator(X), y, domains, sample_weight=sample_weight
        )

    def _encode(self, X, sample_domain=None):
        return self._for_estimator(self._aligned(X, sample_domain))

    def _aligned(self, X, sample_domain):
        X = self._check_series(MetaAdapter._encode(self, X))
        domain = check_sample_domain(-1 if sample_domain is None else sample_domain, X)
        return mapped_by_domain(X, domain >= 0, self._map_source, self._map_target)

    def _check_series(self, X):
        if X.shape[1:] != self._shape:
            raise ValueError(
                f"Series of shape {self._shape} were fitted, got {X.shape[1:]}."
            )
        return X

    def transform(self, X, *, sample_domain=None):
        """Filter series as those of their domain.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_times, n_channels) or (n_samples, n_times)
            Series of the target.

        sample_domain : int or array-like of shape (n_samples,), default=None
            Where series are of a source: values >= 0 for those, and negative values for
            series of the target.

        Returns
        -------
        X_new : ndarray of the shape of X
            The series, filtered.
        """
        return self._aligned(X, sample_domain)

    def inverse_transform(self, X, *, sample_domain=None):
        """Undo the filters.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_times, n_channels) or (n_samples, n_times)
            Filtered series.

        sample_domain : int or array-like of shape (n_samples,), default=None
            To which domain series go back: values >= 0 for the source, negative ones
            for the target. If None, all to the target.

        Returns
        -------
        X_original : ndarray of the shape of X
            The series as they were before the filters.
        """
        check_is_fitted(self)
        X = self._check_series(check_rows(self, X))
        domain = check_sample_domain(-1 if sample_domain is None else sample_domain, X)
        return mapped_by_domain(
            X,
            domain >= 0,
            lambda rows: self._filtered(rows, 1 / self.response_source_),
            lambda rows: self._filtered(rows, 1 / self.response_target_),
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags
