"""Base of the adapters that weigh the source rows."""

import warnings
from abc import abstractmethod
from numbers import Real

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from adapt._domains import check_rows, split_domains
from adapt._frames import take_rows
from adapt._sklearn import Interval, _fit_context
from adapt.base._estimators import takes_sample_weight
from adapt.base._meta import MetaAdapter
from adapt.base._weighted_rows import nearest_rows, single_class, with_every_class


def effective_sample_size(weights):
    """Return how many equally weighted rows would give an average the same variance.

    Parameters
    ----------
    weights : array-like of shape (n_samples,)
        Non-negative weights.

    Returns
    -------
    size : float
        ``sum(w)**2 / sum(w**2)``, between 1 and n_samples (Kish, 1965).
    """
    weights = np.asarray(weights, dtype=float)
    return float(weights.sum() ** 2 / np.square(weights).sum())


class WeightAdapter(MetaAdapter):
    """Fit ``estimator`` on source rows weighted to look like the target.

    A subclass returns the weights from `_weigh`. Here they are clipped, brought to a
    mean of one, and multiplied with those of the user.
    """

    _parameter_constraints: dict = {
        **MetaAdapter._parameter_constraints,
        "weight_clip": [Interval(Real, 0, None, closed="neither"), None],
        "resample": ["boolean"],
    }

    _keeps_frames = True
    _weighs_labels = False  # whether rows of one label have one weight
    _keeps_rows = True  # by which `predict_weights` weighs other rows

    def __init__(
        self,
        estimator=None,
        Xt=None,
        *,
        weight_clip=None,
        resample=False,
        copy=True,
        verbose=0,
        random_state=None,
    ):
        super().__init__(
            estimator, Xt, copy=copy, verbose=verbose, random_state=random_state
        )
        self.weight_clip = weight_clip
        self.resample = resample

    @abstractmethod
    def _weigh(self, domains):
        """Return one non-negative weight per source row, of any mean."""

    def _adapt(self, domains):
        if domains.ys is not None and not self.resample:
            self._check_takes_weights(domains.Xs)
        self._find_weights(domains)
        weights = self.weights_
        if domains.source_weight is not None:
            weights = weights * domains.source_weight
        try:
            self._fit_weighted(domains, weights)
        except ValueError as error:
            label = single_class(domains.ys, weights)
            if label is None:
                raise
            raise ValueError(
                f"{type(self).__name__} gave weight to source rows of one class only, "
                f"{label!r}, and `estimator` cannot be fitted on one class. Use a "
                "method whose weights are never zero, such as IWC, or check that the "
                "target is in the units of the source."
            ) from error

    def _fit_weighted(self, domains, weights):
        """Fit the estimator on the weighted source, or on a bootstrap of it."""
        Xs, ys = domains.source_rows, domains.ys
        if ys is not None and self.resample:
            rng = check_random_state(self.random_state)
            rows = rng.choice(len(weights), len(weights), p=weights / weights.sum())
            if ys.ndim == 1 and is_classifier(self._new_estimator(ys)):
                rows = self._of_every_class(rows, ys, weights)
            known = weights[rows] > 0
            Xs, ys = take_rows(Xs, rows), ys[rows]
            weights = None if known.all() else known.astype(float)
        self._fit_estimator(Xs, ys, domains, sample_weight=weights)

    def _of_every_class(self, rows, ys, weights):
        """Return drawn rows, among which the estimator sees each class if it can."""
        rows = with_every_class(rows, ys, weights)
        weightless = weights[rows] == 0
        if not weightless.any() or takes_sample_weight(self._new_estimator(ys)):
            return rows
        lost = np.unique(ys[rows[weightless]]).tolist()
        warnings.warn(
            f"{type(self).__name__} gave no weight to source rows of {lost}, and "
            "`estimator` takes no weights: it is not to know these classes.",
            UserWarning,
            stacklevel=6,
        )
        return rows[~weightless]

    def _find_weights(self, domains):
        """Weigh the source, finish the weights, and warn if they rest on few rows."""
        with self._stage("weighing the source"):
            weights = self._weigh(self._own_view(domains))
        if self._keeps_rows:
            self._weighted_rows = domains.Xs
        self.weights_ = self._finish(weights)
        self.effective_sample_size_ = effective_sample_size(self.weights_)
        share = self.effective_sample_size_ / len(self.weights_)
        if share < 0.05:
            warnings.warn(
                f"The weights of {type(self).__name__} rest on few rows: the effective "
                f"sample size is {self.effective_sample_size_:.1f} of "
                f"{len(self.weights_)} ({share:.1%}). The source hardly covers the "
                "target; consider `weight_clip` or a method that maps features.",
                UserWarning,
                stacklevel=3,
            )

    def _finish(self, weights):
        """Return weights of mean one, no larger than ``weight_clip`` before that."""
        if not np.all(np.isfinite(weights)):
            raise ValueError(
                f"{type(self).__name__} found weights that are not finite. Columns of "
                "very different scales can cause it: standardise them first."
            )
        if not np.any(weights > 0):
            warnings.warn(
                f"{type(self).__name__} found no source row that looks like the target;"
                " all weights are one.",
                UserWarning,
                stacklevel=3,
            )
            return np.ones(len(weights))
        weights = weights / weights.mean()
        if self.weight_clip is not None:
            weights = np.minimum(weights, self.weight_clip)
            weights /= weights.mean()
        return weights

    @_fit_context(prefer_skip_nested_validation=False)
    def fit_weights(self, Xs, Xt, ys=None, yt=None):
        """Find the weights alone, without fitting an estimator.

        Parameters
        ----------
        Xs : array-like of shape (n_samples, n_features)
            Source rows.

        Xt : array-like of shape (n_target_samples, n_features)
            Target rows.

        ys, yt : array-likes of shape (n_samples,), default=None
            Labels, where the method reads them.

        Returns
        -------
        weights : ndarray of shape (n_samples,)
            Weights of the source rows, of mean one.
        """
        self._find_weights(split_domains(self, Xs, ys, Xt, yt))
        return self.weights_

    def predict_weights(self, X=None):
        """Return the weights of rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), default=None
            Rows to weigh. Each is given the weight of the row of `weights_` that is
            nearest to it, in Euclidean distance; so a row of the source keeps its own.
            If None, the rows seen in `fit`, which are kept for this.

        Returns
        -------
        weights : ndarray of shape (n_samples,)
            Weights in units of the mean over the rows seen in `fit`.
        """
        check_is_fitted(self)
        if X is None:
            return self.weights_
        rows = check_rows(self, self._weighted_rows)
        return self.weights_[nearest_rows(check_rows(self, X), rows)]
