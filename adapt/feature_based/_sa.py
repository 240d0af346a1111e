"""Subspace alignment.

Each domain is described by its own principal axes, and the source's axes are turned
onto the target's.
"""

from numbers import Integral

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin

from adapt._linalg import equal_variance_rotation
from adapt._sklearn import Interval
from adapt.base import FeatureAdapter


class SA(ClassNamePrefixFeaturesOutMixin, FeatureAdapter):
    r"""Subspace alignment [1]_: compare the domains along their principal axes.

    With the first principal axes :math:`P_s, P_t` as columns, a source row becomes
    :math:`(x - \mu_s) P_s M` with :math:`M = P_s^T P_t`, and a target row
    :math:`(x - \mu_t) P_t`. M is the linear map that brings the source axes closest to
    the target axes.

    Parameters
    ----------
    estimator : estimator, default=None
        Fitted on the aligned source. If None, `LogisticRegression` for classes and
        `LinearRegression` for numbers.

    Xt : array-like of shape (n_target_samples, n_features), default=None
        Target rows, used when `fit` is given none.

    n_components : int, default=None
        Number of axes kept in each domain. If None, as many as there can be:
        ``min(n_s, n_t, n_features)``.

    copy : bool, default=True
        Whether a clone of `estimator` is fitted, or `estimator` itself.

    verbose : int, default=0
        Whether to print how long each stage took.

    random_state : int, RandomState instance or None, default=None
        Seeds each `random_state` in `estimator` that is None, and the randomised solver
        that finds few axes of a large table.

    Attributes
    ----------
    pca_src_, pca_tgt_ : PCA
        Principal components of source and target.

    M_ : ndarray of shape (n_components, n_components)
        The alignment of source coordinates, multiplied from the right.

    rotation_ : ndarray of shape (n_components, n_components)
        What the coordinates of both domains are multiplied with at last. The identity
        where `n_components` is given.

    estimator_ : estimator
        The fitted estimator.

    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen in `fit`, where `X` has string column names.

    Raises
    ------
    ValueError
        If a domain has a single row, if `n_components` is more than
        ``min(n_s, n_t, n_features)``, or if the data are not finite.

    See Also
    --------
    CORAL : Aligns covariances, and keeps all directions.
    LinearOT : Aligns means and covariances.

    Notes
    -----
    Departures from [1]_:

    - All axes are kept unless their number is given; the paper chooses it by
      cross-validation on the source, below a bound on how stable the axes are.
    - If all are kept, the coordinates are rotated such that all have the same variance
      in the source. That changes nothing for estimators that know no axes; but a scaler
      in `estimator` would make as much of an axis without variance as of the first.

    ``SA(n_components=k)`` is the published algorithm.

    Time O((n_s + n_t) d^2 + d^3), less where few axes of a large table are asked for;
    memory O(d^2) beside one mapped copy of the source.

    Axes follow the scale of the columns: standardise columns of different units first.
    With all axes the alignment is a rotation that changes nothing but the mean, so the
    method does its work through a small `n_components`.

    References
    ----------
    .. [1] Fernando, Habrard, Sebban and Tuytelaars. "Unsupervised visual domain
       adaptation using subspace alignment." ICCV, 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.feature_based import SA
    >>> rng = np.random.default_rng(0)
    >>> Xs = rng.normal(size=(200, 3)) * [5, 2, 0.1]
    >>> turn = np.array([[0.8, 0.6, 0], [-0.6, 0.8, 0], [0, 0, 1]])
    >>> Xt = rng.normal(size=(300, 3)) * [5, 2, 0.1] @ turn
    >>> model = SA(n_components=2).fit(Xs, Xs[:, 0] > 0, Xt=Xt)
    >>> model.transform(Xt).shape
    (300, 2)
    >>> model.predict([[4.0, 3.0, 0.0], [-4.0, -3.0, 0.0]])
    array([ True, False])
    """

    _parameter_constraints: dict = {
        **FeatureAdapter._parameter_constraints,
        "n_components": [Interval(Integral, 1, None, closed="left"), None],
    }

    def __init__(
        self,
        estimator=None,
        Xt=None,
        n_components=None,
        *,
        copy=True,
        verbose=0,
        random_state=None,
    ):
        super().__init__(
            estimator, Xt, copy=copy, verbose=verbose, random_state=random_state
        )
        self.n_components = n_components

    def _fit_maps(self, domains):
        from sklearn.decomposition import PCA  # imports much that others do without

        limit = min(*domains.Xs.shape, *domains.Xt.shape)
        if min(len(domains.Xs), len(domains.Xt)) < 2:
            raise ValueError(
                "SA needs at least 2 rows in each domain, got n_samples = "
                f"{len(domains.Xs)} in the source and {len(domains.Xt)} in the target."
            )
        if self.n_components is not None and self.n_components > limit:
            raise ValueError(
                f"`n_components` must be at most {limit}, the least of the numbers of "
                f"rows and columns, got {self.n_components}."
            )
        size = limit if self.n_components is None else self.n_components
        for name, X in (("source", domains.Xs), ("target", domains.Xt)):
            if (X[:1] == X).all():
                raise ValueError(
                    f"SA needs rows that differ, but all rows of the {name} are the "
                    "same: it has no principal components."
                )
        self.pca_src_ = PCA(size, random_state=self.random_state).fit(domains.Xs)
        self.pca_tgt_ = PCA(size, random_state=self.random_state).fit(domains.Xt)
        self.M_ = self.pca_src_.components_ @ self.pca_tgt_.components_.T
        self.rotation_ = np.eye(size)
        if self.n_components is None:
            Z = self.pca_src_.transform(domains.Xs) @ self.M_
            self.rotation_ = equal_variance_rotation(np.atleast_2d(np.cov(Z.T)))
            self.rotation_ = self.rotation_.astype(Z.dtype, copy=False)

    def _map_source(self, X):
        return self.pca_src_.transform(X) @ self.M_ @ self.rotation_

    def _map_target(self, X):
        return self.pca_tgt_.transform(X) @ self.rotation_

    @property
    def _n_features_out(self):
        return len(self.M_)
