"""Weights and shares of classes where shares differ: a penalty, and a likelihood."""

import numpy as np

__all__ = ["maximum_likelihood_priors", "regularised_weights", "sampling_error"]


def regularised_weights(C, mu, penalty):
    """Return the weights ``w >= 0`` of least ``|C w - mu| + penalty |w - 1|``.

    Both norms are plain, not squared. The minimum lies on the path of the squared
    problem ``|C w - mu|^2 + tau |w - 1|^2``, on which the objective has one valley; so
    it is found by a search over the logarithm of tau.

    Parameters
    ----------
    C : ndarray of shape (n_classes, n_classes)
        Joint frequencies of predicted (rows) and true classes (columns) in the source.

    mu : ndarray of shape (n_classes,)
        Frequencies of the predicted classes in the target.

    penalty : float
        Factor on the distance of the weights from one.

    Returns
    -------
    w : ndarray of shape (n_classes,)
    """
    from scipy.optimize import minimize_scalar, nnls

    ones = np.ones(len(mu))

    def on_path(log_tau):
        root = np.exp(log_tau / 2)
        A, b = np.vstack([C, root * np.diag(ones)]), np.concatenate([mu, root * ones])
        return nnls(A, b)[0]

    def objective(w):
        return np.linalg.norm(C @ w - mu) + penalty * np.linalg.norm(w - 1)

    largest = 2 * np.log(np.linalg.norm(C, 2))
    inner = minimize_scalar(
        lambda log_tau: objective(on_path(log_tau)),
        bounds=(largest - 28, largest + 14),
        method="bounded",
        options={"xatol": 1e-8},
    )
    # The ends of the path are minima too, for a small and for a large penalty.
    return min(nnls(C, mu)[0], on_path(inner.x), ones, key=objective)


def sampling_error(n, k, delta=0.05):
    """Return a bound on the error of a ``k x k`` confusion matrix of ``n`` rows.

    It holds with probability ``1 - delta`` in the spectral norm.
    """
    log = np.log(2 * k / delta)
    return 3 * (2 * log / (3 * n) + np.sqrt(2 * log / n))


def maximum_likelihood_priors(p, source_priors, weight, tol, max_iter):
    """Return the priors under which the target rows are most likely.

    Parameters
    ----------
    p : ndarray of shape (n_samples, n_classes)
        Probabilities of the source's classes for target rows.

    source_priors : ndarray of shape (n_classes,)
        Priors of the source.

    weight : ndarray of shape (n_samples,)
        Weights of the rows, of sum one.

    tol : float
        The mean log-likelihood is to be within this of its maximum.

    max_iter : int
        Largest number of iterations.

    Returns
    -------
    priors : ndarray of shape (n_classes,)

    log_likelihood : ndarray of shape (n_iter + 1,)
        Mean log-likelihood ``log sum_k p_k priors_k / source_priors_k`` before the
        first and after each iteration.

    gap : float
        How far the last one is from the maximum at most.
    """
    ratio = np.zeros_like(p)
    np.divide(p, source_priors, out=ratio, where=source_priors > 0)
    priors, log_likelihood = source_priors, []
    while True:
        density = ratio @ priors
        log_likelihood.append(weight @ np.log(density))
        # The gradient. It has mean one under the priors, so that by concavity the rest
        # to the maximum is no more than what its largest entry exceeds one by.
        gain = (weight / density) @ ratio
        gap = gain.max() - 1
        if gap <= tol or len(log_likelihood) > max_iter:
            return priors, np.array(log_likelihood), gap
        priors = priors * gain
