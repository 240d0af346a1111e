r"""Kernel components: directions of large variance in which the domains look alike.

TCA, JDA, BDA and TJM all look for a matrix W that solves

.. math:: \max_W \; tr\, W^T K H K W \quad \text{where} \quad
          W^T (K E E^T K + \mu D) W \text{ is diagonal and small},

with the kernel K between all rows, the centring H, the columns of E that each hold the
weights of one difference of means, and a diagonal penalty D. The features are K W. The
methods differ in E and D, which they may learn in rounds.
"""

from abc import abstractmethod
from numbers import Integral, Real

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin
from sklearn.utils import check_random_state

from adapt._data_driven import column_scale, median_gamma, penalty_per_row
from adapt._kernels import (
    KERNELS,
    draw_landmarks,
    kernel_matrix,
    kernel_product,
    landmark_root,
    row_blocks,
)
from adapt._linalg import equal_variance_rotation
from adapt._sklearn import Interval, StrOptions
from adapt.base import FeatureAdapter
from adapt.feature_based._component_kernels import ExactKernel, LandmarkKernel

_EXACT = 2000  # rows up to which all of them are landmarks
_LANDMARKS = 500
_COMPONENTS = 20  # features at least, unless told
_WITHOUT_GAMMA = ("linear", "cosine")


def scaled_features(kernel, W, is_source, whiten=False):
    """Scale W to features of comparable size, however many rows there are.

    Parameters
    ----------
    kernel : ExactKernel or LandmarkKernel
        The kernel between the rows.

    W : ndarray of shape (n_rows, n_components)
        Components, of any scale.

    is_source : ndarray of bool of shape (n_rows,)
        Which rows are of the source.

    whiten : bool, default=False
        Whether each feature is given the variance one, over the rows of both domains.

    Returns
    -------
    W : ndarray of shape (n_rows, n_components)
        If ``whiten``, W times a factor for each column. Else directions of one length
        in the space of the kernel, as in kernel principal components, of such a length
        that the largest variance of a feature is one; and rotated such that all
        features have the same variance in the source.

    Z : ndarray of shape (n_rows, n_components)
        The features K W.
    """
    Z = kernel.embed(W)
    if whiten:
        scale = _inverse(Z.std(axis=0))
        return W * scale, Z * scale
    # Absolute, because the sigmoid kernel is no scalar product.
    scale = _inverse(np.sqrt(np.abs(np.einsum("ij,ij->j", W, Z))))
    largest = (Z * scale).std(axis=0).max()
    scale /= largest if largest > 0 else 1
    W, Z = W * scale, Z * scale
    # A scaler in the estimator would undo the sizes of single directions, and make as
    # much of those that hold nothing. One factor for all of them changes little.
    turn = equal_variance_rotation(np.atleast_2d(np.cov(Z[is_source].T, bias=True)))
    return W @ turn, Z @ turn


def _inverse(lengths):
    """Return inverse lengths, zero for those that are zero."""
    return np.divide(1, lengths, out=np.zeros_like(lengths), where=lengths > 0)


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
        "scale_columns": ["boolean", StrOptions({"auto"})],
        "whiten": ["boolean"],
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
        scale_columns="auto",
        whiten=False,
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
        self.scale_columns = scale_columns
        self.whiten = whiten
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
        X = np.concatenate([domains.Xs, domains.Xt], dtype=np.float64)
        is_source = np.arange(len(X)) < len(domains.Xs)
        self.column_scale_ = np.ones(X.shape[1])
        if self._scales_columns():
            self.column_scale_ = column_scale(domains.Xs, domains.Xt)
            X *= self.column_scale_
        self.gamma_ = self.gamma
        if self.gamma is None:
            self.gamma_ = median_gamma(X[is_source], X[~is_source], random_state=rng)
        self.n_components_ = self.n_components
        if self.n_components is None:
            # Fewer than the columns would leave out what the estimator could use.
            self.n_components_ = max(_COMPONENTS, X.shape[1])
        kernel = self._kernel_between(X, is_source, rng)
        self.mu_ = self.mu
        if self.mu is None:
            self.mu_ = penalty_per_row(len(X), kernel.height())
        W = self._solve(kernel, is_source, domains)
        self.coef_ = kernel.coef(scaled_features(kernel, W, is_source, self.whiten)[0])
        self.n_components_ = self.coef_.shape[1]

    def _scales_columns(self):
        if self.scale_columns == "auto":
            return self.kernel not in _WITHOUT_GAMMA
        return self.scale_columns

    def _kernel_between(self, X, is_source, rng):
        """Return the kernel between all rows, by landmarks where there are many."""
        limit, params = self.n_landmarks, self._kernel_params()
        if limit is None:
            limit = len(X) if len(X) <= _EXACT else _LANDMARKS
        if limit >= len(X):
            self.landmarks_ = X
            kernel = ExactKernel(kernel_matrix(X, X, **params))
        else:
            self.landmarks_ = draw_landmarks(X[is_source], X[~is_source], limit, rng)
            root = landmark_root(self.landmarks_, **params)
            phi = np.empty((len(X), len(root)))
            for rows in row_blocks(*phi.shape):
                phi[rows] = kernel_matrix(X[rows], self.landmarks_, **params) @ root
            kernel = LandmarkKernel(phi, root, phi.T @ phi)
        if not np.isfinite(kernel[0].sum()):
            raise ValueError(
                f"The {self.kernel} kernel of the rows is not finite. Standardise the "
                "columns, or lower `gamma` or `degree`."
            )
        return kernel

    def _map_source(self, X):
        scaled = X * self.column_scale_
        Z = kernel_product(scaled, self.landmarks_, self.coef_, **self._kernel_params())
        return Z.astype(X.dtype, copy=False)

    def _map_target(self, X):
        return self._map_source(X)

    @property
    def _n_features_out(self):
        return self.n_components_
