"""Kernels between samples: their width, and their products in blocks of rows."""

import numpy as np
from scipy import sparse
from sklearn.metrics.pairwise import (
    cosine_similarity,
    euclidean_distances,
    manhattan_distances,
    pairwise_kernels,
)
from sklearn.utils.extmath import safe_sparse_dot

from adapt._linalg import symmetric_power

KERNELS = ("rbf", "laplacian", "linear", "poly", "sigmoid", "cosine")

_BLOCK = 2**20  # entries of a kernel matrix that are held at once


def kernel_matrix(X, centers, kernel="rbf", **params):
    """Return the kernel of every row of ``X`` with every centre.

    Parameters
    ----------
    X : ndarray or sparse matrix of shape (n_samples, n_features)
        Rows.

    centers : ndarray or sparse matrix of shape (n_centers, n_features)
        Centres.

    kernel : str, default="rbf"
        One of `KERNELS`, as in `sklearn.metrics.pairwise.pairwise_kernels`.

    **params
        ``gamma``, ``degree``, ``coef0``; those that the kernel has not are ignored.

    Returns
    -------
    K : ndarray of shape (n_samples, n_centers)
    """
    return pairwise_kernels(X, centers, metric=kernel, filter_params=True, **params)


def squared_distances(X, centers):
    """Return squared distances, without the checks that take longer on few rows."""
    if sparse.issparse(X):
        return euclidean_distances(X, centers, squared=True)
    squares = X @ (-2 * centers.T)
    squares += np.einsum("ij,ij->i", X, X)[:, None]
    squares += np.einsum("ij,ij->i", centers, centers)
    return np.maximum(squares, 0, out=squares)


def kernel_base(X, centers, kernel="rbf"):
    """Return what kernels of every width have in common.

    Parameters
    ----------
    X, centers : ndarrays or sparse matrices, of shapes (n_samples, n_features) and \
            (n_centers, n_features)
        Rows and centres, finite and in double precision.

    kernel : str, default="rbf"
        One of `KERNELS`.

    Returns
    -------
    base : ndarray of shape (n_samples, n_centers)
        Distances, squared for "rbf", or products. `kernel_from_base` makes kernels of
        it.
    """
    if kernel == "rbf":
        return squared_distances(X, centers)
    if kernel == "laplacian":
        return manhattan_distances(X, centers)
    if kernel == "cosine":
        return cosine_similarity(X, centers)
    return safe_sparse_dot(X, centers.T, dense_output=True)


def kernel_from_base(base, kernel, gamma, degree=3, coef0=1, out=None):
    """Return the kernel of one width, given `kernel_base`, written to ``out`` if any.

    ``out`` may be ``base`` itself.
    """
    if kernel in ("linear", "cosine"):
        return np.positive(base, out=out)
    if kernel in ("rbf", "laplacian"):
        out = np.multiply(base, -gamma, out=out)
        return np.exp(out, out=out)
    out = np.multiply(base, gamma, out=out)
    out += coef0
    return np.tanh(out, out=out) if kernel == "sigmoid" else np.power(out, degree, out)


def slices(n_rows, size):
    """Yield slices of at most ``size`` rows.

    As scikit-learn's `gen_batches`, whose checks take as long as work on a small block.
    """
    for start in range(0, n_rows, size):
        yield slice(start, min(start + size, n_rows))


def row_blocks(n_rows, n_centers):
    """Yield slices of rows, such that a block of the kernel matrix stays small."""
    return slices(n_rows, max(1, _BLOCK // n_centers))


def kernel_product(X, centers, coef, kernel="rbf", **params):
    """Return ``kernel_matrix(X, centers) @ coef`` without holding the whole matrix.

    Parameters
    ----------
    X, centers, kernel, **params
        As in `kernel_matrix`.

    coef : ndarray of shape (n_centers,) or (n_centers, n_columns)
        What the kernel matrix is multiplied with.

    Returns
    -------
    product : ndarray of shape (n_samples,) or (n_samples, n_columns)
    """
    product = np.empty((X.shape[0], *coef.shape[1:]))
    for rows in row_blocks(X.shape[0], centers.shape[0]):
        product[rows] = kernel_matrix(X[rows], centers, kernel, **params) @ coef
    return product


def as_float_rows(X):
    """Return rows in double precision, dense ones in C order.

    Solvers whose path depends on rounding take one path then, however rows came.
    """
    return X.astype(np.float64) if sparse.issparse(X) else np.asarray(X, float, "C")


def draw_landmarks(Xs, Xt, n_landmarks, rng):
    """Draw rows, half from each domain as far as they have them.

    Parameters
    ----------
    Xs, Xt : ndarrays or sparse matrices of shape (n_samples, n_features)
        Rows of the two domains.

    n_landmarks : int
        Number of rows, at most those of both domains.

    rng : RandomState
        Draws them, without replacement.

    Returns
    -------
    landmarks : ndarray or sparse matrix of shape (n_landmarks, n_features)
        Those of the source first.
    """
    from_source = max(n_landmarks // 2, n_landmarks - Xt.shape[0])
    from_source = min(from_source, Xs.shape[0])
    parts = [
        X[rng.choice(X.shape[0], size, replace=False)]
        for X, size in ((Xs, from_source), (Xt, n_landmarks - from_source))
    ]
    return (sparse.vstack if sparse.issparse(Xs) else np.concatenate)(parts)


def landmark_root(landmarks, kernel="rbf", **params):
    """Return the symmetric inverse root of the kernel between landmarks (Nystroem).

    Parameters
    ----------
    landmarks : ndarray of shape (n_landmarks, n_features)
        Rows whose kernels are exact.

    kernel, **params
        As in `kernel_matrix`.

    Returns
    -------
    R : ndarray of shape (n_landmarks, n_landmarks)
        ``kernel_matrix(X, landmarks) @ R`` are features of X whose products are about
        the kernels between its rows. Time O(n_landmarks^3).
    """
    between = kernel_matrix(landmarks, landmarks, kernel, **params)
    return symmetric_power(between, -0.5)
