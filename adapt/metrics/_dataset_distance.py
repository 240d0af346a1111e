"""Distance of two labelled data sets by optimal transport (OTDD)."""

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.utils import check_consistent_length, check_random_state

from adapt._linalg import symmetric_power
from adapt._pot import import_pot
from adapt.metrics._labelled_rows import class_codes
from adapt.metrics._moment_distances import check_samples


def class_distances(Xs, source, Xt, target, covariance="diag"):
    """Return squared Wasserstein distances of the Gaussians of classes.

    Parameters
    ----------
    Xs, Xt : ndarrays of shape (n_samples, n_features)
        Rows.

    source, target : ndarrays of shape (n_samples,), dtype int
        Numbers of their classes, from 0 on.

    covariance : {"diag", "full"}, default="diag"
        Whether columns are taken as independent within a class.

    Returns
    -------
    distances : ndarray of shape (n_source_classes, n_target_classes)
    """
    parts = [
        [X[codes == c] for c in range(codes.max() + 1)]
        for X, codes in ((Xs, source), (Xt, target))
    ]
    means = [np.stack([part.mean(axis=0) for part in of]) for of in parts]
    apart = cdist(*means, "sqeuclidean")
    if covariance == "diag":
        spreads = [np.stack([part.std(axis=0) for part in of]) for of in parts]
        return apart + cdist(*spreads, "sqeuclidean")
    covariances = [
        [np.atleast_2d(np.cov(part, rowvar=False, bias=True)) for part in of]
        for of in parts
    ]
    for i, Cs in enumerate(covariances[0]):
        root = symmetric_power(Cs, 0.5)
        for j, Ct in enumerate(covariances[1]):
            cross = np.linalg.eigvalsh(root @ Ct @ root)
            between = 2 * np.sqrt(np.maximum(cross, 0)).sum()
            apart[i, j] += max(np.trace(Cs) + np.trace(Ct) - between, 0)
    return apart


def labelled_cost(Xs, ys, Xt, yt, covariance="diag"):
    """Return the costs of moving labelled rows: of the features plus of the classes."""
    distances = class_distances(Xs, ys, Xt, yt, covariance)
    return cdist(Xs, Xt, "sqeuclidean") + distances[ys][:, yt]


def _sample(X, y, max_rows, rng, name):
    codes = class_codes(y, name)[0]
    check_consistent_length(X, codes)
    if len(X) > max_rows:
        rows = rng.choice(len(X), max_rows, replace=False)
        X, codes = X[rows], np.unique(codes[rows], return_inverse=True)[1]
    return X, codes


def dataset_distance(
    Xs,
    ys,
    Xt,
    yt,
    *,
    method="exact",
    reg=0.05,
    covariance="diag",
    max_rows=500,
    random_state=0,
):
    r"""Return the distance OTDD [1]_ from source rows to labelled target rows.

    It is the root of the least cost of transport between the two sets, where moving
    :math:`(x, y)` to :math:`(x', y')` costs :math:`\|x - x'\|^2 + W_2^2(y, y')`. The
    second term is the squared Wasserstein distance of the Gaussians that fit the rows
    of the two classes, so that class names need not agree. No model is needed, and a
    model is not judged: use training rows of the target only.

    Parameters
    ----------
    Xs : array-like of shape (n_samples, n_features)
        Source rows.

    ys : array-like of shape (n_samples,)
        Their classes.

    Xt : array-like of shape (n_target_samples, n_features)
        Target rows, in the units of the source.

    yt : array-like of shape (n_target_samples,)
        Their classes.

    method : {"exact", "sinkhorn"}, default="exact"
        The plan of least cost; or the Sinkhorn divergence, which is smooth, is 0
        between equal sets as well, and costs three problems of a size where the exact
        plan gets slow.

    reg : float, default=0.05
        Entropic regularization of "sinkhorn", in units of the mean cost.

    covariance : {"diag", "full"}, default="diag"
        Whether columns are taken as independent within a class.

    max_rows : int, default=500
        Rows of each set that are looked at; if there are more, this many are drawn.

    random_state : int, RandomState instance or None, default=0
        Draws the rows.

    Returns
    -------
    distance : float
        In units of the features: 0 for the same set, and smaller is nearer. Memory
        O(m^2), and time about O(m^3) for "exact" and O(m^2) a step for "sinkhorn".

    Raises
    ------
    ImportError
        If POT is not installed.
    ValueError
        If the tables do not match, or if labels are missing.

    See Also
    --------
    energy_distance : Without labels.

    References
    ----------
    .. [1] Alvarez-Melis and Fusi. "Geometric dataset distances via optimal transport."
       NeurIPS, 2020.

    Examples
    --------
    >>> from adapt.metrics import dataset_distance
    >>> X, y = [[0.0], [1.0]], ["a", "b"]
    >>> round(dataset_distance(X, y, [[3.0], [4.0]], y) ** 2, 6)  # of rows and classes
    18.0
    """
    options = {
        "method": (method, ("exact", "sinkhorn")),
        "covariance": (covariance, ("diag", "full")),
    }
    for name, (value, allowed) in options.items():
        if value not in allowed:
            raise ValueError(f"`{name}` must be one of {allowed}, got {value!r}.")
    Xs, Xt = check_samples(Xs, Xt)
    rng = check_random_state(random_state)
    source = _sample(Xs, ys, max_rows, rng, "ys")
    target = _sample(Xt, yt, max_rows, rng, "yt")
    cost = labelled_cost(*source, *target, covariance)
    ot = import_pot()
    masses = [np.full(len(X), 1 / len(X)) for X, _ in (source, target)]
    if method == "exact":
        value = ot.emd2(*masses, cost)
    else:
        scale = reg * max(cost.mean(), np.finfo(float).tiny)

        def entropic(C, *masses):
            return ot.sinkhorn2(*masses, C, scale, method="sinkhorn_log")

        within = [
            entropic(labelled_cost(*part, *part, covariance), mass, mass)
            for part, mass in zip((source, target), masses, strict=True)
        ]
        value = entropic(cost, *masses) - sum(within) / 2
    return float(np.sqrt(max(float(value), 0.0)))
