"""Maps that give the source the first two moments of the target.

A map of this kind is affine, ``(x - mean_source_) @ coef_ + mean_target_``. The methods
differ in the matrix, which each computes from the two covariances.
"""

import warnings
from abc import abstractmethod
from numbers import Real

import numpy as np
from sklearn.base import OneToOneFeatureMixin
from sklearn.covariance import empirical_covariance, ledoit_wolf
from sklearn.utils.validation import check_is_fitted

from adapt._domains import check_rows, check_sample_domain
from adapt._sklearn import Interval, StrOptions
from adapt.base import FeatureAdapter
from adapt.base._feature import mapped_by_domain
from adapt.base._row_blocks import Moments


def covariance(X, lambda_):
    """Return the regularised covariance of ``X``, in float64.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Rows, which need not be centred.

    lambda_ : float or "auto"
        Added to the diagonal; "auto" shrinks by the rule of Ledoit and Wolf.

    Returns
    -------
    C : ndarray of shape (n_features, n_features)
    """
    X = np.asarray(X, dtype=np.float64)
    if len(X) == 1:  # scikit-learn's warning is raised in `_fit_maps`
        return (0.0 if lambda_ == "auto" else lambda_) * np.eye(X.shape[1])
    if lambda_ == "auto":
        return ledoit_wolf(X)[0]
    return empirical_covariance(X) + lambda_ * np.eye(X.shape[1])


def moved(X, mean, matrix, new_mean):
    """Return ``(X - mean) @ matrix + new_mean``, in the dtype of ``X``."""
    return ((X - mean) @ matrix + new_mean).astype(X.dtype, copy=False)


def moved_back(X, mean, matrix, new_mean):
    """Return the rows that `moved` takes to ``X``; the matrix must have full rank."""
    rank = np.linalg.matrix_rank(matrix)
    if rank < len(matrix):
        raise ValueError(
            f"The map has no inverse: its rank is {rank} of {len(matrix)}, for a "
            "covariance is singular. Raise `lambda_`."
        )
    rows = np.linalg.solve(matrix.T, (X - new_mean).T).T
    return (rows + mean).astype(X.dtype, copy=False)


class MomentMap(OneToOneFeatureMixin, FeatureAdapter):
    """An affine map of the source, found from the moments of both domains.

    A subclass returns the matrix from `_matrix`, and says in ``match_mean`` whether
    the mean is mapped too.
    """

    _keeps_frames = True

    _parameter_constraints: dict = {
        **FeatureAdapter._parameter_constraints,
        "lambda_": [Interval(Real, 0, None, closed="left"), StrOptions({"auto"})],
    }

    def __init__(
        self,
        estimator=None,
        Xt=None,
        lambda_=1e-5,
        *,
        copy=True,
        verbose=0,
        random_state=None,
    ):
        super().__init__(
            estimator, Xt, copy=copy, verbose=verbose, random_state=random_state
        )
        self.lambda_ = lambda_

    match_mean = True

    @staticmethod
    @abstractmethod
    def _matrix(Cs, Ct):
        """Return the matrix that turns rows of covariance Cs into rows of Ct."""

    def _fit_maps(self, domains):
        for name, X in (("source", domains.Xs), ("target", domains.Xt)):
            if len(X) == 1:
                warnings.warn(
                    f"The {name} has one row, which has no covariance: "
                    f"{type(self).__name__} maps by `lambda_` alone. Give more rows.",
                    UserWarning,
                    stacklevel=4,
                )
        Cs, Ct = (covariance(X, self.lambda_) for X in (domains.Xs, domains.Xt))
        self._set_maps(Cs, Ct, domains.Xs.mean(axis=0), domains.Xt.mean(axis=0))

    def _learn_from_blocks(self, source, target):
        of_both = Moments(source), Moments(target)
        Cs, Ct = (self._regularised(moments) for moments in of_both)
        self._set_maps(Cs, Ct, *(moments.mean for moments in of_both))

    def _regularised(self, moments):
        if self.lambda_ == "auto":
            return moments.ledoit_wolf()
        return moments.covariance + self.lambda_ * np.eye(len(moments.mean))

    def _set_maps(self, Cs, Ct, mean_source, mean_target):
        self.Cs_, self.Ct_ = Cs, Ct
        self.coef_ = self._matrix(Cs, Ct)
        self.mean_source_ = mean_source
        self.mean_target_ = mean_target if self.match_mean else mean_source

    def _map_source(self, X):
        return moved(X, self.mean_source_, self.coef_, self.mean_target_)

    def _unmap_source(self, X):
        return moved_back(X, self.mean_source_, self.coef_, self.mean_target_)

    def inverse_transform(self, X, *, sample_domain=None):
        """Take rows from the shared space back to where `transform` had them from.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows of the shared space.

        sample_domain : int or array-like of shape (n_samples,), default=None
            To which domain rows go back: values >= 0 for the source, negative ones for
            the target. If None, all to the target, whose rows `transform` leaves alone.

        Returns
        -------
        X_original : ndarray of shape (n_samples, n_features)

        Raises
        ------
        ValueError
            If the map of the source is singular.
        """
        check_is_fitted(self)
        X = check_rows(self, X)
        domain = check_sample_domain(-1 if sample_domain is None else sample_domain, X)
        return self._unmap(X, domain)

    def _unmap(self, X, domain):
        """Return rows taken back to their domains."""
        return mapped_by_domain(X, domain >= 0, self._unmap_source, self._map_target)
