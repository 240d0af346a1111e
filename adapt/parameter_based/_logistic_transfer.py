"""Logistic regression that is held to given coefficients, and its Newton solver."""

import numpy as np
from scipy import sparse
from scipy.optimize import minimize

from adapt._kernels import slices

_BLOCK = 4096  # rows: those of a table of some columns stay in the cache


_SMALL = 200  # parameters up to which a Hessian costs less than it saves


def logistic_loss(scores, Y):
    """Return the negative log-likelihood of each row, and its derivative in the scores.

    Parameters
    ----------
    scores : ndarray of shape (n_samples, n_scores)
        One score, the log-odds of the second of two classes, or one for each class.

    Y : ndarray of shape (n_samples, n_scores)
        Membership of the second class, or of each class.

    Returns
    -------
    loss : ndarray of shape (n_samples,)
        Logistic or multinomial loss.

    slope : ndarray of shape (n_samples, n_scores)
        Probabilities minus memberships.
    """
    if scores.shape[1] == 1:
        small = np.exp(-np.abs(scores))  # at most one
        loss = np.maximum(scores, 0) + np.log1p(small) - Y * scores
        return loss[:, 0], np.where(scores < 0, small, 1) / (1 + small) - Y
    top = scores.max(axis=1, keepdims=True)
    P = np.exp(scores - top)
    total = P.sum(axis=1, keepdims=True)
    P /= total
    loss = (top + np.log(total))[:, 0] - (Y * scores).sum(axis=1)
    return loss, P - Y


def transfer_objective(params, X, Y, weight, start, lambda_):
    """Return the penalised loss per row, its gradient, and the probabilities.

    Parameters
    ----------
    params : ndarray of shape (n_scores * n_columns,)
        Coefficients of each score, one row after the other.

    X : {ndarray, sparse array} of shape (n_samples, n_columns)
        Rows, with a column of ones for the intercept.

    Y : ndarray of shape (n_samples, n_scores)
        As in `logistic_loss`.

    weight : ndarray of shape (n_samples,)
        Weights of the rows.

    start : ndarray of shape (n_scores, n_columns)
        Where the penalty is zero.

    lambda_ : float
        Penalty on the squared distance from `start`, for the sum over the rows.

    Returns
    -------
    value : float
    gradient : ndarray of the shape of `params`
    P : ndarray of shape (n_samples, n_scores)
        Probabilities of the memberships.
    """
    W = params.reshape(start.shape)
    loss, slope = logistic_loss(X @ W.T, Y)
    step = W - start
    gradient = (X.T @ (slope * weight[:, None])).T + 2 * lambda_ * step
    n = weight.sum()
    value = (weight @ loss + lambda_ * np.sum(step**2)) / n
    return value, gradient.ravel() / n, slope + Y


def transfer_hessian(P, X, weight, lambda_):
    """Return the second derivatives of `transfer_objective`, for dense `X`.

    Parameters
    ----------
    P, X, weight, lambda_
        As in `transfer_objective`.

    Returns
    -------
    hessian : ndarray of shape (n_params, n_params)
    """
    n_scores, n_columns = P.shape[1], X.shape[1]
    hessian = np.zeros((n_scores * n_columns,) * 2)
    for rows in slices(len(X), _BLOCK):
        A, p, w = X[rows].T, P[rows].T, weight[rows]
        if n_scores == 1:
            B = A * np.sqrt(w * p * (1 - p))
            hessian += B @ B.T
            continue
        # In the scores it is diag(p) - p p': a block a class, less an outer product.
        for k in range(n_scores):
            own = slice(k * n_columns, (k + 1) * n_columns)
            B = A * np.sqrt(w * p[k])
            hessian[own, own] += B @ B.T
        B = ((np.sqrt(w) * p)[:, None] * A).reshape(-1, len(w))
        hessian -= B @ B.T
    hessian.flat[:: len(hessian) + 1] += 2 * lambda_
    return hessian / weight.sum()


def newton(params, problem, max_iter, tol):
    """Minimise `transfer_objective` by Newton's steps, halved while they go too far.

    A Hessian serves for as long as each step leaves a tenth of the gradient at most.

    Parameters
    ----------
    params : ndarray of shape (n_params,)
        Where to start.

    problem : tuple
        The other arguments of `transfer_objective`, with a positive `lambda_`.

    max_iter : int
        Most steps.

    tol : float
        Largest component of the gradient at which to stop.

    Returns
    -------
    params : ndarray of shape (n_params,)
    n_iter : int

    Raises
    ------
    LinAlgError
        If `lambda_` is so small that the Hessian is singular to working precision.
    """
    X, _, weight, _, lambda_ = problem
    value, gradient, P = transfer_objective(params, *problem)
    size, hessian = np.abs(gradient).max(), None
    for n_iter in range(max_iter):
        if size <= tol:
            return params, n_iter
        if hessian is None:
            hessian = transfer_hessian(P, X, weight, lambda_)
        step = np.linalg.solve(hessian, -gradient)
        decrease = gradient @ step
        if not decrease < 0:
            raise np.linalg.LinAlgError("Newton's step leads uphill.")
        length, before = 1.0, value
        value, new_gradient, P = transfer_objective(params + step, *problem)
        while value > before + 1e-4 * length * decrease:
            length /= 2
            if length < 1e-6:  # the values differ by rounding alone
                return params, n_iter
            value, new_gradient, P = transfer_objective(
                params + length * step, *problem
            )
        params, gradient = params + length * step, new_gradient
        previous, size = size, np.abs(gradient).max()
        if size > 0.1 * previous:
            hessian = None
    return params, max_iter


def minimise(problem, max_iter, tol):
    """Minimise `transfer_objective` from its start, with what suits the problem.

    Newton's steps where the Hessian is small and regular, otherwise L-BFGS.

    Parameters
    ----------
    problem : tuple
        The arguments of `transfer_objective` after the first.

    max_iter, tol
        As in `newton`.

    Returns
    -------
    params : ndarray of shape (n_params,)
    n_iter : int
    """
    X, _, _, start, lambda_ = problem
    if lambda_ > 0 and start.size <= _SMALL and not sparse.issparse(X):
        try:
            return newton(start.ravel(), problem, max_iter, tol)
        except np.linalg.LinAlgError:
            pass
    found = minimize(
        lambda params: transfer_objective(params, *problem)[:2],
        start.ravel(),
        method="L-BFGS-B",
        jac=True,
        options={"maxiter": max_iter, "gtol": tol, "ftol": 0},
    )
    return found.x, found.nit
