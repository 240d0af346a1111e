"""Weights of experts that each give probabilities of the same classes."""

import numpy as np
from scipy.optimize import minimize

FLOOR = 1e-4  # added to probabilities, so that no expert rules a class out
_LARGEST = 10.0  # scale of an expert in a log pool


def with_floor(P):
    """Return probabilities that are all positive, and still sum to 1.

    Parameters
    ----------
    P : ndarray of shape (..., n_classes)
        Probabilities.

    Returns
    -------
    P : ndarray of the same shape
    """
    return (P + FLOOR) / (1 + P.shape[-1] * FLOOR)


def mixture_likelihood(weights, likelihoods, sample_weight, strength):
    """Return the log-likelihood of a linear pool, with that of its prior.

    Parameters
    ----------
    weights : ndarray of shape (n_experts,)
        Positive, of sum 1.

    likelihoods : ndarray of shape (n_samples, n_experts)
        Probability that each expert gives the row's own class.

    sample_weight : ndarray of shape (n_samples,)
        Weights of rows.

    strength : float
        Dirichlet prior: number of prior rows in favour of each expert.

    Returns
    -------
    value : float
    """
    value = sample_weight @ np.log(likelihoods @ weights)
    return value + (strength * np.log(weights).sum() if strength > 0 else 0.0)


def linear_pool_weights(
    likelihoods, sample_weight, strength=1.0, max_iter=2000, tol=1e-12
):
    r"""Return the weights of a linear pool, by expectation maximisation.

    They maximise :math:`\sum_i v_i \log \sum_k w_k L_{ik} + s \sum_k \log w_k` over the
    simplex. No step lowers it.

    Parameters
    ----------
    likelihoods, sample_weight, strength
        As in `mixture_likelihood`.

    max_iter : int, default=2000
        Largest number of steps.

    tol : float, default=1e-12
        Relative gain at which the iteration stops.

    Returns
    -------
    weights : ndarray of shape (n_experts,)
    """
    n_experts = likelihoods.shape[1]
    weights = np.full(n_experts, 1 / n_experts)
    before = -np.inf
    for _ in range(max_iter):
        joint = likelihoods * weights
        total = joint.sum(axis=1)
        value = sample_weight @ np.log(total)
        value += strength * np.log(weights).sum() if strength > 0 else 0.0
        if value - before <= tol * abs(value):
            break
        before = value
        weights = (sample_weight / total) @ joint + strength
        weights /= weights.sum()
    return weights


def log_pool_objective(weights, logs, codes, sample_weight, strength):
    """Return the loss of a log pool and its gradient.

    Parameters
    ----------
    weights : ndarray of shape (n_experts,)
        Scales of the log-probabilities.

    logs : ndarray of shape (n_experts, n_samples, n_classes)
        Log-probabilities.

    codes, sample_weight : ndarrays of shape (n_samples,)
        Classes of the rows, from 0 on, and their weights.

    strength : float
        Strength of the prior, which draws each scale to 1 over their number.

    Returns
    -------
    loss : float
    gradient : ndarray of shape (n_experts,)
    """
    n_experts, n, _ = logs.shape
    scores = np.tensordot(weights, logs, 1)
    P, log_total = _softmax(scores)
    apart = weights - 1 / n_experts
    prior = strength * n_experts
    rows = np.arange(n)
    loss = sample_weight @ (log_total - scores[rows, codes]) + prior / 2 * apart @ apart
    residual = P
    residual[rows, codes] -= 1
    residual *= sample_weight[:, np.newaxis]
    return loss, np.einsum("knc,nc->k", logs, residual) + prior * apart


def _softmax(scores):
    top = scores.max(axis=1, keepdims=True)
    P = np.exp(scores - top)
    total = P.sum(axis=1, keepdims=True)
    return P / total, (top + np.log(total))[:, 0]


def log_pool_weights(logs, codes, sample_weight, strength=1.0):
    """Return the scales of a log pool that minimise `log_pool_objective`.

    Parameters
    ----------
    logs, codes, sample_weight, strength
        As in `log_pool_objective`.

    Returns
    -------
    weights : ndarray of shape (n_experts,)
        From 0 to 10. A sum above 1 sharpens probabilities, one below 1 flattens them.
    """
    n_experts = len(logs)
    return minimize(
        log_pool_objective,
        np.full(n_experts, 1 / n_experts),
        (logs, codes, sample_weight, strength),
        jac=True,
        method="L-BFGS-B",
        bounds=[(0, _LARGEST)] * n_experts,
        options={"ftol": 1e-12, "gtol": 1e-8},
    ).x


def pooled(probabilities, weights, rule):
    """Return the probabilities of a pool.

    Parameters
    ----------
    probabilities : ndarray of shape (n_experts, n_samples, n_classes)
        Of the experts.

    weights : ndarray of shape (n_experts,)
        As found on labelled rows.

    rule : {"log", "linear"}
        Whether logarithms are added, or probabilities.

    Returns
    -------
    P : ndarray of shape (n_samples, n_classes)
    """
    if rule == "log":
        return _softmax(np.tensordot(weights, np.log(with_floor(probabilities)), 1))[0]
    return np.tensordot(weights, probabilities, 1)


def class_weights(probabilities, codes, sample_weight, pool, strength):
    """Return the weights of experts in a pool.

    Parameters
    ----------
    probabilities : ndarray of shape (n_experts, n_samples, n_classes)
        Positive.

    codes, sample_weight : ndarrays of shape (n_samples,)
        Classes of the rows, from 0 on, and their weights.

    pool : {"log", "linear", "uniform"}
        The rule.

    strength : float
        Strength of the prior.

    Returns
    -------
    weights : ndarray of shape (n_experts,)
    """
    n_experts = len(probabilities)
    if n_experts == 1 or pool == "uniform":
        return np.full(n_experts, 1 / n_experts)
    if pool == "log":
        return log_pool_weights(np.log(probabilities), codes, sample_weight, strength)
    likelihoods = probabilities[:, np.arange(len(codes)), codes].T
    return linear_pool_weights(likelihoods, sample_weight, strength)
