"""Base of the adapters that change the features."""

from abc import abstractmethod

import numpy as np
from scipy import sparse

from adapt._adapt_arguments import ExplainingTransformer
from adapt._domains import check_sample_domain
from adapt._frames import is_frame, with_values
from adapt.base._meta import MetaAdapter


def mapped_by_domain(X, is_source, map_source, map_target):
    """Map each row of ``X`` by the map of its domain, in the order of ``X``."""
    if is_source.all():
        return map_source(X)
    if not is_source.any():
        return map_target(X)
    parts = map_source(X[is_source]), map_target(X[~is_source])
    stacked = (
        sparse.vstack(parts, format="csr")
        if sparse.issparse(X)
        else np.concatenate(parts)
    )
    order = np.concatenate([np.flatnonzero(is_source), np.flatnonzero(~is_source)])
    return stacked[np.argsort(order)]


def _with_frames(mapped):
    """Return mapped domains whose frames, if they are kept, are mapped too."""
    if mapped.frames is None:
        return mapped
    pairs = zip(mapped.frames, (mapped.Xs, mapped.Xt), strict=True)
    return mapped._replace(frames=tuple(with_values(*pair) for pair in pairs))


class FeatureAdapter(ExplainingTransformer, MetaAdapter):
    """Fit ``estimator`` on source rows brought to a space shared with the target.

    A subclass learns its maps in `_fit_maps` and applies them in `_map_source` and
    `_map_target`. As a step of a pipeline it is a transformer. One whose maps leave
    columns what they are, near the identity where there is no shift, sets
    ``_keeps_frames``: the estimator then sees mapped frames.
    """

    __metadata_request__transform = {"sample_domain": True}

    _is_named = False  # whether `estimator_` was fitted on a mapped frame

    @abstractmethod
    def _fit_maps(self, domains):
        """Learn what `_map_source` and `_map_target` need."""

    def _map_source(self, X):
        return X

    def _map_target(self, X):
        return X

    def _adapt(self, domains):
        self._check_takes_weights(domains.source_weight)
        with self._stage("fitting the maps"):
            self._fit_maps(self._own_view(domains))
        mapped = _with_frames(self._map_domains(domains))
        self._fit_estimator(
            mapped.source_rows, mapped.ys, mapped, sample_weight=mapped.source_weight
        )
        # `_encode` maps numbers, and names come back in `_seen_rows`.
        self._is_named, self._sees_frames = self._sees_frames, False

    def _training_block(self, X, y):
        """Return source rows as ``estimator`` sees them, and no weights."""
        return self._map_source(X), None

    def _map_domains(self, domains):
        """Return the domains as ``estimator`` sees them: it is fitted on the source.

        A method whose map of training rows needs more than the rows, such as their
        labels, or that trains on rows of the target too, says so here.
        """
        return domains._replace(
            Xs=self._map_source(domains.Xs), Xt=self._map_target(domains.Xt)
        )

    def _encode(self, X, sample_domain=None):
        X = super()._encode(X)
        if sample_domain is None:
            return self._map_target(X)
        is_source = check_sample_domain(sample_domain, X) >= 0
        return mapped_by_domain(X, is_source, self._map_source, self._map_target)

    def _seen_rows(self, X, sample_domain=None):
        rows = self._encode(X, sample_domain)
        return with_values(X, rows) if self._is_named and is_frame(X) else rows

    def transform(self, X, *, sample_domain=None):
        """Bring rows to the shared space.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows of the target.

        sample_domain : int or array-like of shape (n_samples,), default=None
            Where rows are of a source: values >= 0 for those, and negative values for
            rows of the target.

        Returns
        -------
        X_new : ndarray of shape (n_samples, n_features_out)
            The rows in the shared space.
        """
        return self._encode(X, sample_domain)

    def fit_transform(
        self, X, y=None, Xt=None, yt=None, *, sample_domain=None, sample_weight=None
    ):
        """Fit, and bring the rows of ``X`` to the shared space, each by its domain.

        Parameters
        ----------
        X, y, Xt, yt, sample_domain, sample_weight
            As in `fit`. Without `sample_domain` all rows of `X` are source rows.

        Returns
        -------
        X_new : ndarray of shape (n_samples, n_features_out)
            The rows of `X` in the shared space.
        """
        self.fit(X, y, Xt, yt, sample_domain=sample_domain, sample_weight=sample_weight)
        return self.transform(
            X, sample_domain=0 if sample_domain is None else sample_domain
        )
