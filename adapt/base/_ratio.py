"""Base of the adapters that weigh rows by a ratio of densities."""

import warnings
from abc import abstractmethod

import numpy as np
from scipy.special import logsumexp
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from adapt._domains import Domains, check_rows
from adapt.base._row_blocks import MAX_ROWS
from adapt.base._weight import WeightAdapter


def _log_sums(log_ratio):
    """Return the logarithms of the sum of ratios, and of that of their squares."""
    return logsumexp(log_ratio), logsumexp(2 * log_ratio)


class RatioAdapter(WeightAdapter):
    """Weigh source rows by a ratio of densities that is defined for all rows.

    A subclass learns the ratio in `_fit_ratio`, and `_log_ratio` evaluates it. Working
    with logarithms keeps rows apart whose ratios a float could not hold.
    """

    _keeps_rows = False

    @abstractmethod
    def _fit_ratio(self, domains):
        """Learn what `_log_ratio` needs."""

    @abstractmethod
    def _log_ratio(self, X):
        """Return the logarithm of the ratio at rows, up to a constant."""

    def _weigh(self, domains):
        self._fit_ratio(domains)
        log_ratio = self._log_ratio(domains.Xs)
        top = log_ratio.max()
        # Nothing is left to be scaled where no source row is like the target.
        self._log_mean = 0.0
        if np.isfinite(top):
            self._log_mean = top + np.log(np.exp(log_ratio - top).mean())
        return self._from_log(log_ratio)

    def _fit_ratio_of_blocks(self, source, target):
        """Learn what `_log_ratio` needs from `CheckedBlocks`: here from a sample."""
        rng, n = check_random_state(self.random_state), MAX_ROWS // 10
        (Xs, _, n_s), (Xt, _, n_t) = source.sample(n, rng), target.sample(n, rng)
        if max(n_s, n_t) > n:
            warnings.warn(
                f"{type(self).__name__} learned its ratio on {len(Xs)} of {n_s} source "
                f"rows and {len(Xt)} of {n_t} target rows, drawn at random.",
                UserWarning,
                stacklevel=5,
            )
        self._fit_ratio(Domains(Xs, None, Xt, None, None, None, None, None, None))

    def _learn_from_blocks(self, source, target):
        if self.resample:
            raise ValueError("`resample` is not for blocks of rows, which are weighed.")
        self._fit_ratio_of_blocks(source, target)
        if source.labelled:
            self._check_takes_weights(True)
        of_blocks = [(len(X), *_log_sums(self._log_ratio(X))) for X in source.rows()]
        n, first, second = map(np.array, zip(*of_blocks, strict=True))
        first, second = logsumexp(first), logsumexp(second)
        self._log_mean = first - np.log(n.sum()) if np.isfinite(first) else 0.0
        self.effective_sample_size_ = float(np.exp(2 * first - second))

    def _training_block(self, X, y):
        """Return source rows and their weights."""
        weights = self._from_log(self._log_ratio(X))
        return X, weights if self.weight_clip is None else np.minimum(
            weights, self.weight_clip
        )

    def _from_log(self, log_ratio):
        """Return weights in units of the source's mean, all of them finite."""
        log_weights = log_ratio - self._log_mean
        return np.exp(np.minimum(log_weights, np.log(np.finfo(np.float64).max)))

    def predict_weights(self, X=None):
        """Return the weights of rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), default=None
            Rows to weigh, without `weight_clip`. If None, the source rows seen
            in `fit`.

        Returns
        -------
        weights : ndarray of shape (n_samples,)
            Weights in units of the source's mean.
        """
        if X is None:
            return super().predict_weights()
        check_is_fitted(self)
        return self._from_log(self._log_ratio(check_rows(self, X)))
