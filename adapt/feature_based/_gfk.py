r"""Geodesic flow kernel.

A subspace of each domain is a point on a manifold of subspaces. Rows are compared by
their coordinates in all subspaces on the shortest way between the two.
"""

from numbers import Integral

import numpy as np
from scipy.linalg import qr, svd
from sklearn.base import OneToOneFeatureMixin, is_regressor
from sklearn.utils.multiclass import type_of_target

from adapt._data_driven import (
    TWO_PEAKS,
    column_scale,
    half_of_variance,
    least_separation,
)
from adapt._sklearn import Interval, StrOptions
from adapt.base import FeatureAdapter

_MOST_AXES = 64  # up to which the number of axes is searched
_ORTHOGONAL = 0.999  # disagreement that counts as a right angle


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


def flow_root(Ps, Pt):
    r"""Return the symmetric root of the geodesic flow kernel.

    With the flow :math:`\Phi(t)` of orthonormal bases from that of the source at
    :math:`t = 0` to one of the target's subspace at 1, the kernel is the matrix
    :math:`\int_0^1 \Phi(t) \Phi(t)^T dt`. It is a sum over the principal angles
    :math:`\theta` between the subspaces, of which each spans a plane.

    Parameters
    ----------
    Ps, Pt : ndarrays of shape (n_features, n_axes)
        Orthonormal bases of the two subspaces.

    Returns
    -------
    R : ndarray of shape (n_features, n_features)
        The matrix whose square is the kernel.
    """
    U, cosine, Vt = svd(Ps.T @ Pt)
    start = Ps @ U
    away = Pt @ Vt.T - start * cosine
    sine = np.linalg.norm(away, axis=0)
    theta = np.arctan2(sine, cosine)
    # Where the angle is zero there is no plane, and rounding is all that is left.
    away = np.divide(away, sine, out=np.zeros_like(away), where=sine > 1e-12)
    # Integrals of cos^2, cos sin and sin^2 of t theta; np.sinc is sin(pi x) / (pi x).
    share = np.sinc(2 * theta / np.pi)
    mixed = np.sin(theta) * np.sinc(theta / np.pi) / 2
    blocks = np.array([[1 + share, 2 * mixed], [2 * mixed, 1 - share]]) / 2
    values, vectors = np.linalg.eigh(blocks.transpose(2, 0, 1))
    scaled = vectors * np.sqrt(np.maximum(values, 0))[:, np.newaxis]
    roots = scaled @ vectors.transpose(0, 2, 1)
    planes = np.stack([start.T, away.T], axis=1)  # (n_axes, 2, n_features)
    return np.einsum("kaf,kab,kbg->fg", planes, roots, planes, optimize=True)


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


class GFK(OneToOneFeatureMixin, FeatureAdapter):
    r"""Geodesic flow kernel [1]_: coordinates on the way between two subspaces.

    The first axes of source and target span two subspaces, and a shortest way
    :math:`\Phi(t), 0 \le t \le 1`, leads from one to the other. Rows are compared by
    all their coordinates on the way,

    .. math:: x^T G x' = \int_0^1 (\Phi(t)^T x)^T (\Phi(t)^T x') \, dt,

    and the features are :math:`G^{1/2} x`, of which there are as many as columns. The
    axes of the target are its principal ones. Those of a source with labels are the
    weights of partial least squares, with which the method did best in the paper.

    Parameters
    ----------
    estimator : estimator, default=None
        Fitted on the features of the source. If None, `LogisticRegression` for classes
        and `LinearRegression` for numbers.

    Xt : array-like of shape (n_target_samples, n_features), default=None
        Target rows, used when `fit` is given none.

    n_components : int, default=None
        Number of axes of each domain, which must have as many. If None, the first
        number up to 64 of principal axes at which each domain has a direction at a
        right angle to those of both domains together (the subspace disagreement measure
        of the paper is one), or that holds half of the variance of each domain, if that
        is more; all axes if there is none. Columns are multiplied with `column_scale_`
        before.

    source_axes : {"auto", "pca", "pls"}, default="auto"
        Axes of the source: principal ones, or those of partial least squares with its
        labels. "auto" takes the latter where there are labels.

    center : {"auto", "domain", "both"}, default="auto"
        Whether rows are centred by the mean of their domain, so that the means agree,
        or all by the mean of both, which is the safe choice where classes may be more
        or less frequent in the target: then the means should not agree. "auto" is
        "both" where labels of the source form no clusters, so that rows cannot tell a
        move from other frequencies: numbers, and classes with a `separation_` below 2,
        from where on a mixture of two normal distributions has two peaks.

    copy : bool, default=True
        Whether a clone of `estimator` is fitted, or `estimator` itself.

    verbose : int, default=0
        Whether to print how long each stage took.

    random_state : int, RandomState instance or None, default=None
        Seeds what in `estimator` has no seed of its own.

    Attributes
    ----------
    n_components_ : int
        Number of principal axes used.

    coef_ : ndarray of shape (n_features, n_features)
        The symmetric root of the kernel G. Its rank is at most twice `n_components_`.

    column_scale_ : ndarray of shape (n_features,)
        What columns are multiplied with first: ones where `n_components` is given. Else
        a column that spreads wider in both domains, about their means, than any does in
        the source is scaled down to the spread of the widest one. Columns that were
        divided by their deviation in the source may lie so far out in the target that
        its axes would follow them alone.

    mean_source_, mean_target_ : ndarray of shape (n_features,)
        What is taken off the rows of each domain, of columns times `column_scale_`.

    separation_ : float
        Least distance between the means of two classes of the source, by the covariance
        within classes (Mahalanobis) and less its standard error; 0 for numbers, and
        infinite without labels. Zero if there are as many columns as rows.

    estimator_ : estimator
        The fitted estimator.

    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen in `fit`, where `X` has string column names.

    Raises
    ------
    ValueError
        If a domain has no variance, if it has fewer principal axes than `n_components`,
        if `source_axes` is "pls" and the source has no labels, or if the data are not
        finite.

    See Also
    --------
    SA : Turns the source's axes onto the target's.

    Notes
    -----
    Time O(n d min(n, d)) for n rows in both domains, O(n d^2) with labels, and at most
    64 times O(64^2 d) for the search of the number of axes; memory O(n d), and O(d^2).

    Axes follow the scale of the columns: standardise columns of different units first.
    With all axes the kernel is the identity, and at most the means are aligned.

    References
    ----------
    .. [1] Gong, Shi, Sha and Grauman. "Geodesic flow kernel for unsupervised domain
       adaptation." CVPR, 2012.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.feature_based import GFK
    >>> rng = np.random.default_rng(0)
    >>> Xs = rng.normal(size=(200, 3)) * [5, 2, 0.1]
    >>> Xt = rng.normal(size=(300, 3)) * [5, 0.1, 2]
    >>> model = GFK(n_components=2).fit(Xs, Xs[:, 0] > 0, Xt=Xt)
    >>> model.transform(Xt).shape
    (300, 3)
    >>> model.predict([[4.0, 0.0, 0.0], [-4.0, 0.0, 0.0]])
    array([ True, False])
    """

    _parameter_constraints: dict = {
        **FeatureAdapter._parameter_constraints,
        "n_components": [Interval(Integral, 1, None, closed="left"), None],
        "source_axes": [StrOptions({"auto", "pca", "pls"})],
        "center": [StrOptions({"auto", "domain", "both"})],
    }

    def __init__(
        self,
        estimator=None,
        Xt=None,
        n_components=None,
        *,
        source_axes="auto",
        center="auto",
        copy=True,
        verbose=0,
        random_state=None,
    ):
        super().__init__(
            estimator, Xt, copy=copy, verbose=verbose, random_state=random_state
        )
        self.n_components = n_components
        self.source_axes = source_axes
        self.center = center

    def _fit_maps(self, domains):
        Xs, Xt = (X.astype(np.float64, copy=False) for X in (domains.Xs, domains.Xt))
        if min(len(Xs), len(Xt)) < 2:
            raise ValueError(
                "GFK needs at least 2 rows in each domain, got n_samples = "
                f"{len(Xs)} in the source and {len(Xt)} in the target."
            )
        labels = self._label_columns(domains.ys, Xs)
        if self.source_axes == "pls" and labels is None:
            raise ValueError(
                "GFK requires y to be passed, but the target y is None: with "
                '`source_axes="pls"` the axes of the source depend on it.'
            )
        self.column_scale_ = np.ones(Xs.shape[1])
        if self.n_components is None:
            # Centred, for the means are aligned anyway.
            self.column_scale_ = column_scale(*(X - X.mean(axis=0) for X in (Xs, Xt)))
            Xs, Xt = Xs * self.column_scale_, Xt * self.column_scale_
        Ps, Pt = principal_axes(Xs), principal_axes(Xt)
        limit, size = min(Ps.shape[1], Pt.shape[1]), self.n_components
        if limit < (1 if size is None else size):
            raise ValueError(
                f"GFK needs {size or 1} principal axes in each domain, but rows differ "
                f"in {Ps.shape[1]} directions in the source and in {Pt.shape[1]} in "
                "the target. Lower `n_components`."
            )
        if size is None:
            Pst = principal_axes(np.concatenate([Xs, Xt]))
            size = next(
                (
                    k
                    for k in range(1, min(limit, _MOST_AXES) + 1)
                    if disagreement(Ps, Pt, Pst, k) > _ORTHOGONAL
                ),
                limit,
            )
            # Axes of like variance come in any order, which is at a right angle too.
            least = max(half_of_variance(Xs, Ps), half_of_variance(Xt, Pt))
            size = min(max(size, least), limit)
        Ps = Ps[:, :size]
        if labels is not None and self.source_axes != "pca":
            Ps = label_axes(Xs, labels, size)
        self.n_components_ = Ps.shape[1]
        self.coef_ = flow_root(Ps, Pt[:, : self.n_components_])
        self.mean_source_, self.mean_target_ = Xs.mean(axis=0), Xt.mean(axis=0)
        overlap = self.separation_ < TWO_PEAKS
        if self.center == "both" or (self.center == "auto" and overlap):
            self.mean_source_ = np.concatenate([Xs, Xt]).mean(axis=0)
            self.mean_target_ = self.mean_source_

    def _label_columns(self, ys, Xs):
        """Return labels of the source as numbers, one column for each class."""
        self.separation_ = np.inf
        if ys is None:
            return None
        columns = ys.reshape(len(ys), -1)
        numbers = type_of_target(ys).startswith("continuous")
        if numbers or is_regressor(self._stand_in()):
            self.separation_ = 0.0
            return columns.astype(np.float64)
        codes = [np.unique(y, return_inverse=True) for y in columns.T]
        members = [np.eye(len(classes))[code] for classes, code in codes]
        self.separation_ = min(least_separation(Xs, member) for member in members)
        return np.hstack(members)

    def _map(self, X, mean):
        Z = (X * self.column_scale_ - mean) @ self.coef_
        return Z.astype(X.dtype, copy=False)

    def _map_source(self, X):
        return self._map(X, self.mean_source_)

    def _map_target(self, X):
        return self._map(X, self.mean_target_)
