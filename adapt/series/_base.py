"""Base of the adapters that change series, before features are made of them."""

import numpy as np
from sklearn.base import OneToOneFeatureMixin, clone
from sklearn.utils import check_array, get_tags
from sklearn.utils.validation import check_is_fitted

from adapt._domains import check_rows, check_sample_domain
from adapt._frames import index_levels
from adapt._sklearn import HasMethods
from adapt.base import FeatureAdapter
from adapt.series._as_series import as_series, is_list_of_series
from adapt.series._series_set import SeriesSet, padded


def is_series(X):
    """Return whether ``X`` can be nothing but series, by its form.

    It is an array of three dimensions, a `SeriesSet`, or a list of series.
    """
    if isinstance(X, SeriesSet) or is_list_of_series(X):
        return True
    return isinstance(X, np.ndarray) and X.ndim == 3


def read_series(X):
    """Return series as an array of three dimensions, and tables as they are."""
    if X is None or not (is_series(X) or index_levels(X) == 2):
        return X
    return as_series(X).values


def as_series_array(X):
    """Return a table of series of one channel as an array of three dimensions."""
    return X[:, :, np.newaxis] if X.ndim == 2 else X


class SeriesAdapter(OneToOneFeatureMixin, FeatureAdapter):
    """Change series of each domain; features and estimator are of what comes out.

    A subclass learns in `_fit_series` and maps in `_map_source` and `_map_target`. They
    take arrays of shape (n_series, n_steps, n_channels) with NaN where values are
    missing. A table is taken for series of one channel.
    """

    _allows_nan = True

    _parameter_constraints: dict = {
        **FeatureAdapter._parameter_constraints,
        "features": [HasMethods(["fit", "transform"]), None],
    }

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
            estimator, Xt, copy=copy, verbose=verbose, random_state=random_state
        )
        self.features = features

    def fit(
        self, X, y=None, Xt=None, yt=None, *, sample_domain=None, sample_weight=None
    ):
        """Adapt from the source to the target.

        Parameters
        ----------
        X : array-like of shape (n_series, n_steps, n_channels), or other form
            Source series, in any form of `as_series` that needs no `id`; with
            `sample_domain`, source and target series.

        y : array-like of shape (n_series,), default=None
            Labels of `X`. Those of target series are never read.

        Xt : array-like of shape (n_target_series, n_steps, n_channels), default=None
            Target series. If None, `Xt` as given to the constructor.

        yt : array-like of shape (n_target_series,), default=None
            Labels of `Xt`, for an `estimator` that reads them.

        sample_domain : int or array-like of shape (n_series,), default=None
            Domain of each series of `X`: negative for a target, otherwise a source.

        sample_weight : array-like of shape (n_series,), default=None
            Weights of the series of `X`.

        Returns
        -------
        self : object
            The fitted adapter.
        """
        X, Xt = read_series(X), read_series(Xt)
        if all(isinstance(Z, np.ndarray) and Z.ndim == 3 for Z in (X, Xt)):
            n_steps = max(X.shape[1], Xt.shape[1])
            X, Xt = padded(X, n_steps), padded(Xt, n_steps)
        return super().fit(
            X, y, Xt, yt, sample_domain=sample_domain, sample_weight=sample_weight
        )

    def fit_transform(
        self, X, y=None, Xt=None, yt=None, *, sample_domain=None, sample_weight=None
    ):
        """Fit, and map the series of ``X``, each by its domain.

        The estimator is not fitted.

        Parameters
        ----------
        X, y, Xt, yt, sample_domain, sample_weight
            As in `fit`. Without `sample_domain` all of `X` are source series.

        Returns
        -------
        X_new : ndarray of the shape of X
            The series of `X`, mapped.
        """
        self.fit(X, None, Xt, yt, sample_domain=sample_domain)
        return self.transform(
            X, sample_domain=0 if sample_domain is None else sample_domain
        )

    def _tags_for(self, X):
        # Where series end, and what they miss, is NaN. Maps and features allow it.
        tags = super()._tags_for(X)
        if isinstance(X, np.ndarray) and X.ndim == 3:
            tags.input_tags.allow_nan = True
        return tags

    def _fit_series(self, Xs, Xt):
        """Learn from series of both domains, arrays of three dimensions."""
        raise NotImplementedError

    def _fit_maps(self, domains):
        Xs, Xt = domains.Xs, domains.Xt
        if Xs.shape[2:] != Xt.shape[2:]:
            raise ValueError(
                f"Source series have shape {Xs.shape[1:]}, but target series "
                f"{Xt.shape[1:]}: their channels must be the same."
            )
        self._trailing = Xs.shape[2:]
        self._fit_series(as_series_array(Xs), as_series_array(Xt))

    def _map_domains(self, domains):
        return domains._replace(
            Xs=self._mapped(domains.Xs, self._map_source),
            Xt=self._mapped(domains.Xt, self._map_target),
            frames=None,
        )

    @staticmethod
    def _mapped(X, mapping):
        Z = mapping(as_series_array(X))
        return Z.reshape(X.shape).astype(X.dtype, copy=False)

    def _for_estimator(self, X):
        """Return mapped series as the inner estimator takes them."""
        if self.features is not None:
            return self.features_.transform(X)
        if X.ndim == 2 or get_tags(self._stand_in()).input_tags.three_d_array:
            return X
        return X.reshape(len(X), -1)

    def _fit_estimator(self, X, y, domains, *, sample_weight=None):
        if y is None:
            return
        if self.features is not None:
            both = np.concatenate([X, domains.Xt])
            self.features_ = clone(self.features).fit(both)
        domains = domains._replace(Xt=self._for_estimator(domains.Xt))
        super()._fit_estimator(
            self._for_estimator(X), y, domains, sample_weight=sample_weight
        )

    def _encode(self, X, sample_domain=None):
        self._fitted_estimator()
        return self._for_estimator(self._by_domain(X, sample_domain))

    def _read(self, X):
        """Return series to be mapped, of any length if they have channels."""
        check_is_fitted(self)
        X = read_series(X)
        if not (isinstance(X, np.ndarray) and X.ndim == 3):
            if self._trailing:
                raise ValueError(
                    f"Series of {self._trailing[0]} channels were fitted, and now `X` "
                    "has none. Give an array of shape (n_series, n_steps, n_channels)."
                )
            return check_rows(self, X)
        X = check_array(
            X,
            allow_nd=True,
            dtype=[np.float64, np.float32],
            ensure_all_finite="allow-nan",
            estimator=self,
        )
        if X.shape[2:] != self._trailing:
            channels = self._trailing[0] if self._trailing else 1
            raise ValueError(
                f"Series of {channels} channels were fitted, got an array "
                f"of shape {X.shape}."
            )
        return padded(X, self.n_features_in_)

    def _by_domain(self, X, sample_domain):
        X = self._read(X)
        domain = check_sample_domain(-1 if sample_domain is None else sample_domain, X)
        mapped = np.empty_like(X)
        for rows, mapping in [
            (domain >= 0, self._map_source),
            (domain < 0, self._map_target),
        ]:
            if rows.any():
                mapped[rows] = self._mapped(X[rows], mapping)
        return mapped

    def transform(self, X, *, sample_domain=None):
        """Map series, as those of their domain.

        Parameters
        ----------
        X : array-like of shape (n_series, n_steps, n_channels), or other form
            Series of the target.

        sample_domain : int or array-like of shape (n_series,), default=None
            Where series are of a source: values >= 0 for those, and negative values
            for series of the target.

        Returns
        -------
        X_new : ndarray of the shape of X
            The series, mapped. No features are made.
        """
        return self._by_domain(X, sample_domain)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan |= self.features is not None
        tags.input_tags.sparse = False
        return tags
