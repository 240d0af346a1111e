"""Solutions of the eigenproblem of kernel components, exact and with landmarks.

With the kernel K between all rows, the centring H, weights E of differences of means
and a diagonal penalty D, both kernels solve

    K H K w = value * (K E E' K + mu D) w

for the leading W. `ExactKernel` holds K, which suits some thousand rows;
`LandmarkKernel` approximates it by its columns at some landmarks (Nystroem), and then
everything is as small as their number. Neither forms an inverse: E has few columns, so
the inverse root of the matrix on the right is one of low rank beside the identity.
"""

from typing import NamedTuple

import numpy as np
from scipy.linalg import eigh, svd

_DENSE = 500  # rows up to which a dense solver is the fastest


def _inverse_root(F, mu):
    """Return the map ``Y -> (F F' + mu I)^(-1/2) Y``, for F of few columns."""
    U, s, _ = svd(F, full_matrices=False, check_finite=False)
    # 1 - sqrt(mu / (mu + s^2)), without cancellation where s is small.
    shrink = s**2 / (mu + s**2 + np.sqrt(mu * (mu + s**2)))
    return lambda Y: (Y - (U * shrink) @ (U.T @ Y)) / np.sqrt(mu)


def _leading(values, vectors, n_rows):
    """Return eigenpairs from the largest down, with signs fixed and noise left out."""
    values, vectors = values[::-1], vectors[:, ::-1]
    kept = values > n_rows * np.finfo(values.dtype).eps * max(values[0], 0)
    if not kept.any():  # all rows are the same
        return np.ones(1), np.zeros((len(vectors), 1))
    values, vectors = values[kept], vectors[:, kept]
    peaks = vectors[np.argmax(np.abs(vectors), axis=0), np.arange(len(values))]
    return values, vectors * np.sign(peaks)


class ExactKernel(NamedTuple):
    """The kernel matrix between all rows."""

    K: np.ndarray

    def components(self, E, mu, n_components, penalty=None):
        """Solve for the components.

        Parameters
        ----------
        E : ndarray of shape (n_rows, n_differences)
            Weights of the differences of means.

        mu : float
            Strength of the penalty, positive.

        n_components : int
            Number of columns of W.

        penalty : ndarray of shape (n_rows,), default=None
            The diagonal of D, positive. If None, all ones.

        Returns
        -------
        W : ndarray of shape (n_rows, n_components)
            Scaled such that the features K W have scatter one, ``W' K H K W = I``;
            fewer columns where the kernel has a lower rank.
        """
        n = len(self.K)
        root = np.ones(n) if penalty is None else penalty**-0.5
        whiten = _inverse_root((root * (self.K @ E).T).T, mu)

        def right(x):  # M'x of the problem M M' x = value x
            return _centred(self.K @ (root * whiten(x)))

        size = min(n_components, n)
        if n <= _DENSE or size > n // 4:
            M = whiten((root * _centred(self.K)).T)
            found = eigh(M @ M.T, subset_by_index=[n - size, n - 1], check_finite=False)
        else:
            # Imported here because it is slow to import.
            from scipy.sparse.linalg import LinearOperator, eigsh

            operator = LinearOperator(
                (n, n),
                matvec=lambda x: whiten(root * (self.K @ right(x.ravel()))),
                dtype=np.float64,
            )
            start = np.random.RandomState(0).uniform(-1, 1, n)
            found = eigsh(operator, size, v0=start, ncv=max(2 * size + 1, 32))
        values, vectors = _leading(*found, n)
        return (root * whiten(vectors).T).T / np.sqrt(values)

    def embed(self, W):
        """Return the features K W of the rows."""
        return self.K @ W

    def coef(self, W):
        """Return the coefficients of the features over the landmarks."""
        return W

    def height(self):
        """Return the mean kernel of a row with itself."""
        return np.abs(np.diag(self.K)).mean()


class LandmarkKernel(NamedTuple):
    """A kernel matrix approximated by ``phi @ phi.T``.

    ``phi`` has a column per landmark: the kernel of the rows with the landmarks, times
    ``root``, the inverse root of the kernel between the landmarks. ``gram`` is
    ``phi.T @ phi``, which takes the longest and serves all rounds.
    """

    phi: np.ndarray
    root: np.ndarray
    gram: np.ndarray

    def components(self, E, mu, n_components, penalty=None):
        """Solve for the components; see `ExactKernel.components`.

        W lies in the range of ``D^(-1) phi``, so that with ``W = D^(-1) phi q`` all
        that is solved is as small as the number of landmarks.
        """
        phi, n = self.phi, len(self.phi)
        scaled = phi if penalty is None else phi / penalty[:, np.newaxis]
        T = self.gram if penalty is None else phi.T @ scaled
        values, vectors = eigh(T, check_finite=False)
        kept = values > len(values) * np.finfo(T.dtype).eps * max(values[-1], 0)
        if not kept.any():
            return np.zeros((n, 1))
        scale, basis = np.sqrt(values[kept]), vectors[:, kept]
        # With q = basis p / scale the penalty q'Tq is p'p, and phi'W = (basis scale) p.
        left = (basis * scale).T
        mean = phi.mean(axis=0)
        scatter = left @ (self.gram - n * np.outer(mean, mean)) @ left.T
        whiten = _inverse_root(left @ (phi.T @ E), mu)
        A = whiten(whiten(scatter).T)
        size = min(n_components, len(A))
        top = [len(A) - size, len(A) - 1]
        found = eigh((A + A.T) / 2, subset_by_index=top, check_finite=False)
        values, vectors = _leading(*found, n)
        return scaled @ (basis / scale @ whiten(vectors) / np.sqrt(values))

    def embed(self, W):
        """Return the features K W of the rows."""
        return self.phi @ (self.phi.T @ W)

    def coef(self, W):
        """Return the coefficients of the features over the landmarks."""
        return self.root @ (self.phi.T @ W)

    def height(self):
        """Return the mean kernel of a row with itself."""
        return np.trace(self.gram) / len(self.phi)


def _centred(Y):
    """Return ``Y`` with columns of mean zero."""
    return Y - Y.mean(axis=0)
