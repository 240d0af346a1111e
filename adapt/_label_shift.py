"""Weights of classes where their shares differ: a linear system with a penalty."""

import numpy as np

__all__ = ["regularised_weights", "sampling_error"]


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
