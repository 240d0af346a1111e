"""Axes of a sample, and how far the subspaces of two samples disagree."""

import numpy as np
from scipy.linalg import qr, svd

_ORTHOGONAL = 0.999  # disagreement that counts as the one of right angles


def principal_axes(X):
    """Return the directions of variance of ``X`` as columns, the largest first."""
    centred = X - X.mean(axis=0)
    _, values, axes = svd(centred, full_matrices=False, check_finite=False)
    kept = values > max(X.shape) * np.finfo(values.dtype).eps * values[0]
    return axes[kept].T


def label_axes(X, Y, n_axes):
    """Return directions in which ``X`` varies along with ``Y``, as columns.

    They are the weights of partial least squares; where these come to an end,
    principal axes of what is left of ``X`` follow.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Rows.

    Y : ndarray of shape (n_samples, n_outputs)
        Numbers, or a column of zeros and ones for each class.

    n_axes : int
        Largest number of axes. There are no more than directions in which rows differ.

    Returns
    -------
    axes : ndarray of shape (n_features, n_axes)
        Orthonormal. Time O(n_samples n_features^2 + n_axes n_features^2).
    """
    X, Y = X - X.mean(axis=0), Y - Y.mean(axis=0)
    scatter, cross, axes = X.T @ X, X.T @ Y, []
    size = np.linalg.norm(X)
    rounding = len(X) * np.finfo(float).eps * size
    while len(axes) < n_axes:
        U, values, _ = svd(cross, full_matrices=False)
        axis = U[:, 0]
        along = scatter @ axis
        if values[0] <= rounding * np.linalg.norm(Y) or axis @ along <= rounding * size:
            break
        axes.append(axis)
        # Rows lose what they have of the score X w, and with them both products.
        loading = along / (axis @ along)
        cross = cross - np.outer(loading, axis @ cross)
        scatter = scatter - np.outer(loading, along)
    found = np.reshape(axes, (-1, X.shape[1])).T
    found = qr(found, mode="economic")[0]
    rest = n_axes - found.shape[1]
    if rest:
        left = principal_axes(X - X @ found @ found.T)[:, :rest]
        found = qr(np.hstack([found, left]), mode="economic")[0]
    return found


def disagreement(Ps, Pt, Pst, n_axes):
    """Return the subspace disagreement measure for a number of axes.

    Parameters
    ----------
    Ps, Pt, Pst : ndarrays of shape (n_features, at least n_axes)
        Principal axes of source, target, and both together.

    n_axes : int
        Number of axes that are compared.

    Returns
    -------
    measure : float
        Mean of the sines of the largest angles that the first ``n_axes`` of ``Pst``
        have with those of ``Ps`` and of ``Pt``, between 0 and 1.
    """

    def sine(P):
        cosine = svd(P[:, :n_axes].T @ Pst[:, :n_axes], compute_uv=False)[-1]
        return np.sqrt(max(0, 1 - cosine**2))

    return (sine(Ps) + sine(Pt)) / 2


def axes_to_disagreement(Ps, Pt, Pst, most_axes=None):
    """Return the first number of axes at which the disagreement is one.

    Parameters
    ----------
    Ps, Pt, Pst : ndarrays of shape (n_features, n_axes)
        Principal axes of source, target, and both together.

    most_axes : int, default=None
        Largest number that is looked at. If None, all.

    Returns
    -------
    n_axes : int
        All that both domains have if no such number is found. Time O(n_features n^3)
        for n numbers looked at.
    """
    limit = min(Ps.shape[1], Pt.shape[1])
    sizes = range(1, min(limit, limit if most_axes is None else most_axes) + 1)
    return next((k for k in sizes if disagreement(Ps, Pt, Pst, k) > _ORTHOGONAL), limit)
