r"""Kernel components: directions of large variance in which the domains look alike.

TCA, JDA, BDA and TJM all look for a matrix W that solves

.. math:: \max_W \; tr\, W^T K H K W \quad \text{where} \quad
          W^T (K E E^T K + \mu D) W \text{ is diagonal and small},

with the kernel K between all rows, the centring H, the columns of E that each hold the
weights of one difference of means, and a diagonal penalty D. The features are K W. The
methods differ in E and D, which they may learn in rounds.

There are two ways to it. `ExactKernel` holds K, which suits some thousand rows;
`LandmarkKernel` approximates it by its columns at some landmarks (Nystroem), and then
everything is as small as their number. Neither forms an inverse: E has few columns, so
the inverse root of the matrix on the right is one of low rank beside the identity.
"""

from abc import abstractmethod
from numbers import Integral, Real
from typing import NamedTuple

import numpy as np
from scipy.linalg import eigh, svd
from sklearn.base import ClassNamePrefixFeaturesOutMixin
from sklearn.utils import check_random_state

from adapt._data_driven import column_scale, median_gamma
from adapt._kernels import (
    KERNELS,
    draw_landmarks,
    kernel_matrix,
    kernel_product,
    row_blocks,
)
from adapt._linalg import symmetric_power
from adapt._sklearn import Interval, StrOptions
from adapt.base import FeatureAdapter

_EXACT = 2000  # rows up to which all of them are landmarks
_LANDMARKS = 500
_COMPONENTS = 20  # features at least, unless told
_MU_PER_ROW = 2e-4  # 0.1 for 500 rows
_TINY = np.finfo(float).tiny
_WITHOUT_GAMMA = ("linear", "cosine")
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
            # Late, for it takes long to import.
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


def scaled_features(kernel, W):
    """Scale W to features of comparable size, however many rows there are.

    Parameters
    ----------
    kernel : ExactKernel or LandmarkKernel
        The kernel between the rows.

    W : ndarray of shape (n_rows, n_components)
        Components, of any scale.

    Returns
    -------
    W : ndarray of shape (n_rows, n_components)
        The same directions of one length in the space of the kernel, as in kernel
        principal components; of such a length that the largest variance of a feature
        is one.

    Z : ndarray of shape (n_rows, n_components)
        The features K W.
    """
    Z = kernel.embed(W)
    # Absolute, for the sigmoid kernel is no scalar product.
    lengths = np.sqrt(np.abs(np.einsum("ij,ij->j", W, Z)))
    scale = np.divide(1, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    largest = (Z * scale).std(axis=0).max()
    scale /= largest if largest > 0 else 1
    return W * scale, Z * scale


def difference_of_means(plus, minus):
    """Return the weights that take the mean of some rows from that of others.

    Parameters
    ----------
    plus, minus : ndarrays of bool of shape (n_rows,)
        The rows of each mean.

    Returns
    -------
    e : ndarray of shape (n_rows,)
    """
    return plus / plus.sum() - minus / minus.sum()


class KernelComponents(ClassNamePrefixFeaturesOutMixin, FeatureAdapter):
    """Features ``K W`` for both domains. A subclass finds W in `_solve`."""

    _parameter_constraints: dict = {
        **FeatureAdapter._parameter_constraints,
        "n_components": [Interval(Integral, 1, None, closed="left"), None],
        "mu": [Interval(Real, 0, None, closed="neither"), None],
        "kernel": [StrOptions(set(KERNELS))],
        "gamma": [Interval(Real, 0, None, closed="neither"), None],
        "degree": [Interval(Real, 0, None, closed="left")],
        "coef0": [Interval(Real, None, None, closed="neither")],
        "n_landmarks": [Interval(Integral, 1, None, closed="left"), None],
    }

    def __init__(
        self,
        estimator=None,
        Xt=None,
        n_components=None,
        mu=None,
        kernel="rbf",
        *,
        gamma=None,
        degree=3,
        coef0=1,
        n_landmarks=None,
        copy=True,
        verbose=0,
        random_state=None,
    ):
        super().__init__(
            estimator, Xt, copy=copy, verbose=verbose, random_state=random_state
        )
        self.n_components = n_components
        self.mu = mu
        self.kernel = kernel
        self.gamma = gamma
        self.degree = degree
        self.coef0 = coef0
        self.n_landmarks = n_landmarks

    @abstractmethod
    def _solve(self, kernel, is_source, domains):
        """Return W, given the kernel of source rows followed by target rows."""

    def _kernel_params(self):
        return {
            "kernel": self.kernel,
            "gamma": self.gamma_,
            "degree": self.degree,
            "coef0": self.coef0,
        }

    def _fit_maps(self, domains):
        rng = check_random_state(self.random_state)
        n_source, d = domains.Xs.shape
        X = np.concatenate([domains.Xs, domains.Xt], dtype=np.float64)
        self.gamma_, self.column_scale_ = self.gamma, np.ones(d)
        if self.gamma is None:
            if self.kernel not in _WITHOUT_GAMMA:
                self.column_scale_ = column_scale(domains.Xs, domains.Xt)
                X *= self.column_scale_
            self.gamma_ = median_gamma(X[:n_source], X[n_source:], random_state=rng)
        self.n_components_ = self.n_components
        if self.n_components is None:
            # Fewer than the columns would leave out what the estimator could use.
            self.n_components_ = max(_COMPONENTS, d)
        limit = self.n_landmarks
        if limit is None:
            limit = len(X) if len(X) <= _EXACT else _LANDMARKS
        if limit >= len(X):
            self.landmarks_ = X
            kernel = ExactKernel(kernel_matrix(X, X, **self._kernel_params()))
        else:
            self.landmarks_ = X[draw_landmarks(n_source, len(domains.Xt), limit, rng)]
            kernel = self._landmark_kernel(X)
        if not np.isfinite(kernel[0].sum()):
            raise ValueError(
                f"The {self.kernel} kernel of the rows is not finite. Standardise the "
                "columns, or lower `gamma` or `degree`."
            )
        self.mu_ = self.mu
        if self.mu is None:
            self.mu_ = max(_MU_PER_ROW * len(X) * kernel.height() ** 2, _TINY)
        W = self._solve(kernel, np.arange(len(X)) < n_source, domains)
        self.coef_ = kernel.coef(scaled_features(kernel, W)[0])
        self.n_components_ = self.coef_.shape[1]

    def _landmark_kernel(self, X):
        params = self._kernel_params()
        between = kernel_matrix(self.landmarks_, self.landmarks_, **params)
        root = symmetric_power(between, -0.5)
        phi = np.empty((len(X), len(root)))
        for rows in row_blocks(*phi.shape):
            phi[rows] = kernel_matrix(X[rows], self.landmarks_, **params) @ root
        return LandmarkKernel(phi, root, phi.T @ phi)

    def _map_source(self, X):
        scaled = X * self.column_scale_
        Z = kernel_product(scaled, self.landmarks_, self.coef_, **self._kernel_params())
        return Z.astype(X.dtype, copy=False)

    def _map_target(self, X):
        return self._map_source(X)

    @property
    def _n_features_out(self):
        return self.n_components_
