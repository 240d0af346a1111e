"""Effects of a model whose sizes drift from series to series and from day to day."""

from collections import deque
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from adapt._adapt_arguments import ExplainsArguments
from adapt._sklearn import Interval, StrOptions, _fit_context
from adapt.forecasting._batches import as_batch
from adapt.forecasting._kalman import (
    FilterState,
    concentrated_likelihood,
    start_filter,
    updated,
)

__all__ = ["AdaptiveEffects"]

NOISES = (0.0, 1e-4, 1e-3, 1e-2)
_BLOCK = 2**17  # entries of covariances that are worked on at once


def joined(parts):
    """Return tuples of arrays, one of each block of series, as a tuple of arrays."""
    return tuple(np.concatenate(arrays) for arrays in zip(*parts, strict=True))


def repeated_update(state, step, noises, memory):
    """Return the state of a filter for each noise after one step of each series."""
    x, value = (np.repeat(each, len(noises), axis=0) for each in step)
    noise = np.tile(noises, len(step[0]))
    return updated(state, x, value, noise, memory)


def likeliest(state, n_noises):
    """Return the row of the likeliest noise of each series."""
    likelihood = concentrated_likelihood(state).reshape(-1, n_noises)
    return np.arange(len(likelihood)) * n_noises + likelihood.argmax(axis=1)


def followed(state, pending, X, y, noises, delay, memory):
    """Forecast steps from the values known by then, and learn from them.

    Parameters
    ----------
    state : FilterState
        Of a filter for each series and noise, the noises of a series side by side.

    pending : list of (X, y)
        Earlier steps whose values do not count yet.

    X : ndarray of shape (n_series, n_steps, n_effects)
        Effects.

    y : ndarray of shape (n_series, n_steps)
        Values, NaN where missing.

    noises, delay, memory
        As in `AdaptiveEffects`.

    Returns
    -------
    state, pending
        After the last step.

    predictions : ndarray of shape (n_series, n_steps)
    """
    pending, predictions = deque(pending), np.empty(y.shape)
    for t in range(X.shape[1]):
        if len(pending) == delay:
            state = repeated_update(state, pending.popleft(), noises, memory)
        theta = state.theta[likeliest(state, len(noises))]
        predictions[:, t] = np.einsum("bi,bi->b", X[:, t], theta)
        pending.append((X[:, t], y[:, t]))
    return state, tuple(pending), predictions


class AdaptiveEffects(RegressorMixin, ExplainsArguments, BaseEstimator):
    r"""Follow the sizes of effects by a Kalman filter, one step after the other.

    A model that was fitted elsewhere says what each group of inputs contributes to a
    value: the effect of temperature, that of the day of the week, and so on. Here every
    effect has a coefficient that starts at `prior_mean` and drifts, so that the model
    follows another series, or a time in which people behave in another way [1]_.

    Parameters
    ----------
    noise : "auto", float or array-like of shape (n_noises,), default="auto"
        Variance of the drift of each coefficient in a step, in units of the variance of
        the noise of the values. 0 is recursive least squares. Of several values the one
        with the greatest likelihood is used, chosen at each step. "auto" stands for 0,
        1e-4, 1e-3 and 1e-2.

    delay : int, default=1
        Steps between a forecast and the value that it was for: at step t the values up
        to ``t - delay`` are known.

    prior_mean : float or array-like of shape (n_effects,), default=1.0
        Coefficients before the first value. With 1 the effects count as they are.

    prior_variance : float or array-like of shape (n_effects, n_effects), default=1.0
        Their variance, or their covariance, in units of the variance of the noise of
        the values. With ``noise=0`` and a number the coefficients are those of a ridge
        regression that shrinks towards `prior_mean` with the penalty
        ``1 / prior_variance``.

    half_life : float or None, default=60
        After how many steps a value counts half in the likelihoods that choose the
        noise: a new regime is noticed while it is new. If None, all count alike.

    Attributes
    ----------
    coef_ : ndarray of shape (n_effects,) or (n_series, n_effects)
        Coefficients after the last step whose value is known.

    predictions_ : ndarray of shape (n_steps,) or (n_series, n_steps)
        The forecast of each step that `fit` saw, from the values known by then.

    noise_ : float or ndarray of shape (n_series,)
        The noise that is used after the last step.

    log_likelihood_ : ndarray of shape (n_noises,) or (n_series, n_noises)
        Of the values seen, at the best variance, for each noise; older values count
        less by `half_life`.

    n_features_in_ : int
        Number of effects.

    Notes
    -----
    Time O(n_series n_steps n_noises n_effects^2), and memory O(n_series (n_noises
    n_effects^2 + n_steps)). A missing value, or effects with a gap, leave the
    coefficients as they are.

    References
    ----------
    .. [1] Antoniadis, Gaucher and Goude, "Hierarchical transfer learning with
       applications to electricity load forecasting", International Journal of
       Forecasting 40, 2024.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.forecasting import AdaptiveEffects
    >>> rng = np.random.default_rng(0)
    >>> X = np.column_stack([np.ones(300), rng.normal(size=300)])
    >>> y = 5 + 2 * X[:, 1] + 0.1 * rng.normal(size=300)
    >>> AdaptiveEffects().fit(X, y).coef_.round(1)
    array([5., 2.])
    """

    _parameter_constraints: dict = {
        "noise": [
            StrOptions({"auto"}),
            Interval(Real, 0, None, closed="left"),
            "array-like",
        ],
        "delay": [Interval(Integral, 1, None, closed="left")],
        "prior_mean": [Real, "array-like"],
        "prior_variance": [Interval(Real, 0, None, closed="neither"), "array-like"],
        "half_life": [Interval(Real, 0, None, closed="neither"), None],
    }

    def __init__(
        self,
        noise="auto",
        delay=1,
        *,
        prior_mean=1.0,
        prior_variance=1.0,
        half_life=60,
    ):
        self.noise = noise
        self.delay = delay
        self.prior_mean = prior_mean
        self.prior_variance = prior_variance
        self.half_life = half_life

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y):
        """Follow series from their first step to their last.

        Parameters
        ----------
        X : array-like of shape (n_steps, n_effects) or (n_series, n_steps, n_effects)
            Effects, in the order of time.

        y : array-like of shape (n_steps,) or (n_series, n_steps)
            Values, NaN where missing.

        Returns
        -------
        self : object
            The fitted filter.
        """
        X, y, batched = as_batch(X, y, "X")
        if 0 in X.shape:
            raise ValueError(f"`X` is empty: its shape is {X.shape[not batched :]}.")
        self.n_features_in_ = X.shape[-1]
        noises = self._noises()
        mean = np.broadcast_to(self.prior_mean, (self.n_features_in_,))
        start = start_filter(len(X) * len(noises), mean, self._prior_variance())
        self._keep(*self._run(start, (), X, y), batched)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y):
        """Go on with the steps that follow.

        Parameters
        ----------
        X, y : array-likes
            As in `fit`, and of as many series and effects.

        Returns
        -------
        self : object
            The fitted filter, as `fit` on all steps would leave it.
        """
        if "n_features_in_" not in vars(self):
            return self.fit(X, y)
        X, y, batched = as_batch(X, y, "X")
        self._check_matches(X, batched)
        past = self.predictions_ if batched else self.predictions_[np.newaxis]
        state, pending, new = self._run(self._state, self._pending, X, y)
        self._keep(state, pending, np.concatenate([past, new], axis=1), batched)
        return self

    def predict(self, X):
        """Forecast the steps that follow, with what is known by now.

        Parameters
        ----------
        X : array-like of shape (n_steps, n_effects) or (n_series, n_steps, n_effects)
            Effects of the steps after the last one that was seen.

        Returns
        -------
        y : ndarray of shape (n_steps,) or (n_series, n_steps)
            Forecasts. A step h ahead sees the values up to ``h - delay``.
        """
        check_is_fitted(self)
        X, _, batched = as_batch(X, None, "X")
        self._check_matches(X, batched)
        unknown = np.full(X.shape[:2], np.nan)
        _, _, predictions = self._run(self._state, self._pending, X, unknown)
        return predictions if batched else predictions[0]

    def _noises(self):
        given = NOISES if isinstance(self.noise, str) else self.noise
        noises = np.atleast_1d(np.asarray(given, dtype=float))
        if noises.ndim != 1 or len(noises) == 0 or not (noises >= 0).all():
            raise ValueError(
                "`noise` must be 'auto', a number >= 0 or several of them, got "
                f"{self.noise!r}."
            )
        return noises

    def _prior_variance(self):
        if np.ndim(self.prior_variance) == 0:
            return self.prior_variance
        covariance = np.asarray(self.prior_variance, dtype=float)
        n = self.n_features_in_
        if covariance.shape != (n, n) or not np.allclose(covariance, covariance.T):
            raise ValueError(
                f"`prior_variance` must be a number or a symmetric matrix of shape "
                f"({n}, {n}), got an array of shape {covariance.shape}."
            )
        return covariance

    def _run(self, state, pending, X, y):
        """Return the state, steps that do not count yet, and forecasts of ``X``.

        Blocks of series are run one after the other, so that their covariances stay in
        the cache of the processor.
        """
        noises, n = self._noises(), self.n_features_in_
        size = max(1, _BLOCK // (len(noises) * n**2))
        parts = []
        for start in range(0, len(X), size):
            series = slice(start, start + size)
            rows = slice(start * len(noises), (start + size) * len(noises))
            own = FilterState(*(array[rows] for array in state))
            steps = [(x[series], value[series]) for x, value in pending]
            parts.append(
                followed(
                    own, steps, X[series], y[series], noises, self.delay, self._memory()
                )
            )
        state = FilterState(*joined(part[0] for part in parts))
        steps = zip(*(part[1] for part in parts), strict=True)
        pending = tuple(joined(step) for step in steps)
        return state, pending, np.concatenate([part[2] for part in parts])

    def _memory(self):
        return 1.0 if self.half_life is None else 0.5 ** (1 / self.half_life)

    def _keep(self, state, pending, predictions, batched):
        noises = self._noises()
        part = slice(None) if batched else 0
        # Values of pending steps are known by now, if not when they were forecast.
        latest = state
        for step in pending:
            latest = repeated_update(latest, step, noises, self._memory())
        best = likeliest(latest, len(noises))
        self._state, self._pending = state, pending
        self.predictions_ = predictions[part]
        self.coef_ = latest.theta[best][part]
        self.noise_ = noises[best % len(noises)][part]
        likelihood = concentrated_likelihood(latest).reshape(-1, len(noises))
        self.log_likelihood_ = likelihood[part]

    def _check_matches(self, X, batched):
        n_series = len(self._state.theta) // len(self._noises())
        if batched != (self.predictions_.ndim == 2) or X.shape[0] != n_series:
            raise ValueError(
                f"`X` has {X.shape[0]} series, but the filter was fitted on {n_series};"
                " an axis of series is given always or never."
            )
        if X.shape[-1] != self.n_features_in_:
            raise ValueError(
                f"X has {X.shape[-1]} features, but AdaptiveEffects is expecting "
                f"{self.n_features_in_} features as input."
            )
