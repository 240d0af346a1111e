"""Weights of source and target rows while boosting."""

from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.special import logsumexp

# Errors are to be below 1/2. A round that is worse has hardly a vote.
_MAX_ERROR = 0.5 - 1e-6


class BothDomains(NamedTuple):
    """Rows of the source and, below them, labelled rows of the target.

    ``Xt`` are all target rows, for an estimator that is an adapter.
    """

    X: np.ndarray | sparse.csr_array
    y: np.ndarray
    weight: np.ndarray
    n_source: int
    Xt: np.ndarray | sparse.csr_array

    def split(self, array):
        """Return the parts of an array that belong to the source and the target."""
        return array[: self.n_source], array[self.n_source :]


def update(log_source, log_target, loss_source, loss_target, beta, lr=1.0):
    """Return the log weights after one round, and the error on the target.

    Parameters
    ----------
    log_source, log_target : ndarray of shape (n_samples,)
        Logarithms of the weights.

    loss_source, loss_target : ndarray of shape (n_samples,)
        Loss of the round's estimator at each row, from 0 to 1; booleans say which rows
        a classifier gets wrong.

    beta : float
        Factor on the weight of a source row of loss 1, at most 1.

    lr : float, default=1.0
        Exponent of all factors.

    Returns
    -------
    log_source, log_target : ndarray of shape (n_samples,)
        The new logarithms; together the weights have sum one.

    error : float
        Weighted mean loss on the target, before the cap below 1/2.
    """
    share = np.exp(log_target - logsumexp(log_target))
    error = float(share @ loss_target)
    capped = min(error, _MAX_ERROR)
    log_source = log_source + lr * np.log(beta) * loss_source
    if capped > 0:
        log_target = log_target - lr * np.log(capped / (1 - capped)) * loss_target
    total = logsumexp([logsumexp(log_source), logsumexp(log_target)])
    return log_source - total, log_target - total, error


def vote_weights(errors):
    """Return ``ln((1 - e) / e)`` of the errors, capped below 1/2; infinite for zero."""
    capped = np.minimum(errors, _MAX_ERROR)
    with np.errstate(divide="ignore"):
        return np.log1p(-capped) - np.log(capped)


def log_shares(weight):
    """Return the logarithms of weights brought to sum one. Zeros stay zeros."""
    with np.errstate(divide="ignore"):
        return np.log(weight / weight.sum())


def later_half(n_rounds, weights):
    """Return which of some rounds predict, those from the middle one on, and how much.

    Parameters
    ----------
    n_rounds : int
        Number of rounds.

    weights : ndarray of shape (n_estimators,)
        Weights of at least as many rounds.

    Returns
    -------
    rounds : slice
    weights : ndarray of shape (n_voters,)
        Finite: a round without error, which is the last one, is alone.
    """
    rounds = slice(-(-n_rounds // 2) - 1, n_rounds)
    weights = weights[rounds]
    return rounds, finite_weights(weights)


def finite_weights(weights):
    """Return weights of rounds, where an infinite one leaves nothing to the others."""
    return np.isinf(weights).astype(float) if np.isinf(weights[-1]) else weights
