r"""The Kalman filter of a regression whose coefficients drift, for many series at once.

.. math::
    y_t = x_t^T \theta_t + \varepsilon_t, \qquad \theta_t = \theta_{t-1} + \eta_t

with :math:`\varepsilon_t \sim N(0, \sigma^2)` and :math:`\eta_t \sim N(0, q \sigma^2
I)`. All covariances are in units of :math:`\sigma^2`, which then need not be known.
"""

from typing import NamedTuple

import numpy as np

__all__ = ["FilterState", "concentrated_likelihood", "kalman_filter", "start_filter"]


class FilterState(NamedTuple):
    """State of the filter for some series.

    ``theta`` of shape (n_series, n_effects) and ``P`` of shape (n_series, n_effects,
    n_effects) are mean and covariance of the coefficients before the next update.
    ``n``, ``squares`` and ``log_dets``, of shape (n_series,), are the sums of the
    likelihood: the number of values seen, the squared errors by their variances, and
    the logarithms of these.
    """

    theta: np.ndarray
    P: np.ndarray
    n: np.ndarray
    squares: np.ndarray
    log_dets: np.ndarray


def start_filter(n_series, prior_mean, prior_variance):
    """Return the state before the first value.

    Parameters
    ----------
    n_series : int
        Number of series.

    prior_mean : ndarray of shape (n_effects,)
        Means of the coefficients.

    prior_variance : float or ndarray of shape (n_effects, n_effects)
        Their variance or covariance, in units of the variance of the noise. A number is
        the inverse of the penalty of a ridge regression that shrinks towards
        ``prior_mean``.

    Returns
    -------
    state : FilterState
    """
    m = len(prior_mean)
    zeros = np.zeros(n_series)
    covariance = np.asarray(prior_variance, dtype=float)
    if covariance.ndim == 0:
        covariance = covariance * np.eye(m)
    return FilterState(
        np.tile(np.asarray(prior_mean, dtype=float), (n_series, 1)),
        np.tile(covariance, (n_series, 1, 1)),
        zeros,
        zeros,
        zeros,
    )


def updated(state, x, y, noise, memory=1.0):
    """Return the state after one value of each series; NaN leaves the mean as it is.

    Parameters
    ----------
    state : FilterState

    x : ndarray of shape (n_series, n_effects)
        Effects of the step.

    y : ndarray of shape (n_series,)
        Values, NaN where missing.

    noise : ndarray of shape (n_series,)
        Drift q of the coefficients.

    memory : float, default=1.0
        What the sums of the likelihood are multiplied with first.

    Returns
    -------
    state : FilterState
    """
    known = np.isfinite(y) & np.isfinite(x).all(axis=1)
    x = np.where(known[:, np.newaxis], x, 0)
    Px = np.einsum("bij,bj->bi", state.P, x)
    variance = np.einsum("bi,bi->b", x, Px) + 1
    error = np.where(known, y, 0) - np.einsum("bi,bi->b", x, state.theta)
    gain = Px / variance[:, np.newaxis]
    P = state.P - gain[:, :, np.newaxis] * Px[:, np.newaxis, :]
    m = P.shape[1]
    P[:, np.arange(m), np.arange(m)] += noise[:, np.newaxis]
    return FilterState(
        state.theta + gain * error[:, np.newaxis],
        P,
        memory * state.n + known,
        memory * state.squares + error**2 / variance * known,
        memory * state.log_dets + np.log(variance) * known,
    )


def kalman_filter(X, y, noise, state, *, memory=1.0):
    """Predict each value from those before it, and learn from it.

    Parameters
    ----------
    X : ndarray of shape (n_series, n_steps, n_effects)
        Effects.

    y : ndarray of shape (n_series, n_steps)
        Values, NaN where missing: no update there.

    noise : ndarray of shape (n_series,)
        Drift of the coefficients in a step, in units of the variance of the noise.

    state : FilterState
        What is known before the first step.

    memory : float, default=1.0
        What the sums of the likelihood are multiplied with at each step.

    Returns
    -------
    predictions : ndarray of shape (n_series, n_steps)
        Each from the values before it.

    state : FilterState
        What is known after the last step. Time O(n_series n_steps n_effects^2).
    """
    predictions = np.empty(y.shape)
    for t in range(y.shape[1]):
        predictions[:, t] = np.einsum("bi,bi->b", X[:, t], state.theta)
        state = updated(state, X[:, t], y[:, t], noise, memory)
    return predictions, state


def concentrated_likelihood(state):
    """Return the log-likelihood of what was seen, at the best variance of the noise.

    Returns
    -------
    log_likelihood : ndarray of shape (n_series,)
        Minus infinity where nothing was seen yet.
    """
    n = np.maximum(state.n, 1e-300)
    variance = np.maximum(state.squares / n, 1e-300)
    found = -0.5 * (n * (np.log(2 * np.pi * variance) + 1) + state.log_dets)
    return np.where(state.n > 0, found, -np.inf)
