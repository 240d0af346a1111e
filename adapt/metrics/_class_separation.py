"""Transferability of features by how far they keep the target's classes apart."""

import numpy as np
from scipy.linalg import solve
from scipy.spatial.distance import cdist
from sklearn.covariance import ledoit_wolf

from adapt.metrics._labelled_rows import check_classes_of_rows, class_means


def h_score(features, y, *, shrinkage=True):
    r"""Return the H-score [1]_ of features, from labelled training rows of the target.

    It is :math:`\mathrm{tr}(\Sigma^{-1} \Sigma_B)`, with the covariance of the features
    and that of the class means.

    Parameters
    ----------
    features : array-like of shape (n_samples, n_features)
        What the source model makes of target rows.

    y : array-like of shape (n_samples,)
        Target classes of these rows.

    shrinkage : bool, default=True
        Whether covariances are shrunk by the rule of Ledoit and Wolf, as in [2]_. The
        score of [1]_, False, is at its maximum for pure noise if there are more columns
        than rows.

    Returns
    -------
    score : float
        From 0 to the number of classes minus 1; greater is better. Time
        O(n p^2 + p^3).

    Raises
    ------
    ValueError
        If `y` has one class or missing labels.

    Notes
    -----
    Departures from [1]_: the shrinkage. ``h_score(features, y, shrinkage=False)`` is
    the published score.

    References
    ----------
    .. [1] Bao et al. "An information-theoretic approach to transferability in task
       transfer learning." ICIP, 2019.
    .. [2] Ibrahim, Ponomareva and Mazumder. "Newer is not always better: rethinking
       transferability metrics, their peculiarities, stability and performance." ECML
       PKDD, 2022.

    Examples
    --------
    >>> from adapt.metrics import h_score
    >>> round(h_score([[-1.0], [-1.0], [1.0], [1.0]], [0, 0, 1, 1], shrinkage=False), 6)
    1.0
    """
    Z, codes, n_classes = check_classes_of_rows(features, y)
    Z = Z - Z.mean(axis=0)
    between = class_means(Z, codes, n_classes)[0][codes]
    if not shrinkage:
        inverse = np.linalg.pinv(Z.T @ Z, rcond=1e-15, hermitian=True)
        return float(np.sum(between @ inverse * between))
    covariance, shrunk = ledoit_wolf(Z, assume_centered=True)
    if not np.trace(covariance) > 0:
        return 0.0  # constant features
    solved = solve(covariance, between.T, assume_a="pos")
    return float((1 - shrunk) * np.sum(between.T * solved) / len(Z))


def _coding_rate(Z, eps):
    gram = Z.T @ Z if len(Z) >= Z.shape[1] else Z @ Z.T
    rate = np.linalg.slogdet(np.eye(len(gram)) + gram / (len(Z) * eps))[1]
    return 0.5 * rate


def transrate(features, y, *, eps=1e-4, published=False):
    r"""Return TransRate [1]_ of features, from labelled training rows of the target.

    It is the coding rate of all rows minus that of the rows of each class, with
    :math:`R(Z) = \frac12 \log\det(I + Z^T Z / (n \epsilon))`.

    Parameters
    ----------
    features : array-like of shape (n_samples, n_features)
        What the source model makes of target rows.

    y : array-like of shape (n_samples,)
        Target classes of these rows.

    eps : float, default=1e-4
        Distortion, in squared units of the features. By default features are scaled to
        a mean square norm of 1 first.

    published : bool, default=False
        Whether features are left in their units and classes have equal weight, whatever
        their size. By default the score does not depend on units, and classes count by
        their rows.

    Returns
    -------
    score : float
        In nats; greater is better. Time O(n p min(n, p)).

    Raises
    ------
    ValueError
        If `y` has one class or missing labels.

    Notes
    -----
    Departures from [1]_: scale and weights of classes.
    ``transrate(features, y, published=True)`` is the published score. On our benchmark
    neither ranks features better than chance; see the guide.

    References
    ----------
    .. [1] Huang et al. "Frustratingly easy transferability estimation." ICML, 2022.

    Examples
    --------
    >>> from adapt.metrics import transrate
    >>> transrate([[-1.0], [-1.0], [1.0], [1.0]], [0, 0, 1, 1]) > 0
    False
    >>> transrate([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]], [0, 0, 1, 1]) > 0
    True
    """
    Z, codes, n_classes = check_classes_of_rows(features, y)
    Z = Z - Z.mean(axis=0)
    if not published:
        norm = np.sqrt(np.mean(np.sum(np.square(Z), axis=1)))
        Z = Z / norm if norm > 0 else Z
    counts = np.bincount(codes)
    weights = np.ones(n_classes) / n_classes if published else counts / len(Z)
    rates = [_coding_rate(Z[codes == c], eps) for c in range(n_classes)]
    return float(_coding_rate(Z, eps) - weights @ rates)


def gbc(features, y, *, n_components=64):
    r"""Return the Gaussian Bhattacharyya coefficient [1]_ of labelled target rows.

    Each class of the training rows is taken for a Gaussian with a variance for each
    column. The score is minus the sum of the overlaps
    :math:`\int \sqrt{p_a p_b}` over ordered pairs of classes.

    Parameters
    ----------
    features : array-like of shape (n_samples, n_features)
        What the source model makes of target rows.

    y : array-like of shape (n_samples,)
        Target classes of these rows.

    n_components : int, default=64
        Principal components to which features are brought if they are more.

    Returns
    -------
    score : float
        0 for classes that are far apart, ``-k * (k - 1)`` for k equal ones; greater is
        better. Time O(n p min(n, p) + k^2 d).

    Raises
    ------
    ValueError
        If `y` has one class or missing labels.

    References
    ----------
    .. [1] Pandy, Agostinelli, Uijlings, Ferrari and Mensink. "Transferability
       estimation using Bhattacharyya class separability." CVPR, 2022.

    Examples
    --------
    >>> from adapt.metrics import gbc
    >>> gbc([[0.0], [1.0], [0.0], [1.0]], [0, 0, 1, 1])
    -2.0
    """
    Z, codes, n_classes = check_classes_of_rows(features, y)
    Z = Z - Z.mean(axis=0)
    if Z.shape[1] > n_components:
        U, s, _ = np.linalg.svd(Z, full_matrices=False)
        Z = (U * s)[:, :n_components]
    means = class_means(Z, codes, n_classes)[0]
    # A class of one row has no variance of its own.
    floor = 1e-3 * Z.var(axis=0).mean() + np.finfo(float).tiny
    spreads = np.stack([Z[codes == c].var(axis=0) for c in range(n_classes)]) + floor
    total = 0.0
    for a in range(n_classes - 1):
        later = slice(a + 1, None)
        both = (spreads[a] + spreads[later]) / 2
        apart = np.sum(np.square(means[a] - means[later]) / both, axis=1) / 8
        logs = np.log(both) - np.log(spreads[a]) / 2 - np.log(spreads[later]) / 2
        total += np.exp(-apart - logs.sum(axis=1) / 2).sum()
    return float(-2 * total)


def neural_collapse(features, y):
    r"""Return minus the collapse measure NC1 [1]_ of labelled training rows.

    NC1 is :math:`\frac1k \mathrm{tr}(\Sigma_W \Sigma_B^+)`: the variability of the
    target's features within classes, relative to that of the class means.

    Parameters
    ----------
    features : array-like of shape (n_samples, n_features)
        What the source model makes of target rows.

    y : array-like of shape (n_samples,)
        Target classes of these rows.

    Returns
    -------
    score : float
        0 if each class is a single point; greater is better. Time O(n p^2 + p^3).

    Raises
    ------
    ValueError
        If `y` has one class or missing labels.

    References
    ----------
    .. [1] Li et al. "Principled and efficient transfer learning of deep models via
       neural collapse." arXiv 2212.12206, 2022.

    Examples
    --------
    >>> from adapt.metrics import neural_collapse
    >>> round(neural_collapse([[0.0], [0.0], [1.0], [1.0]], [0, 0, 1, 1]), 6) + 0
    0.0
    """
    Z, codes, n_classes = check_classes_of_rows(features, y)
    means = class_means(Z, codes, n_classes)[0]
    within = Z - means[codes]
    # The pseudo-inverse of a matrix of rank k - 1, from its k rows.
    _, s, Vt = np.linalg.svd(means - means.mean(axis=0), full_matrices=False)
    kept = s > 1e-8 * max(s.max(), np.finfo(float).tiny)
    if not kept.any():
        return -np.inf if within.any() else 0.0
    along = within @ Vt[kept].T / s[kept]
    return float(-np.sum(np.square(along)) / len(Z))


def neighbor_accuracy(features, y, *, n_neighbors=5):
    """Return how often neighbours tell the class of labelled training rows.

    Each target row is given the class of most of its nearest other rows, after columns
    are standardised. Of classes with as many votes, nearer rows decide.

    Parameters
    ----------
    features : array-like of shape (n_samples, n_features)
        What the source model makes of target rows.

    y : array-like of shape (n_samples,)
        Target classes of these rows.

    n_neighbors : int, default=5
        How many other rows vote.

    Returns
    -------
    score : float
        Accuracy, leaving one row out; greater is better. Time and memory O(n^2) beside
        O(n^2 p) for distances.

    Raises
    ------
    ValueError
        If `y` has one class or missing labels.

    Examples
    --------
    >>> from adapt.metrics import neighbor_accuracy
    >>> neighbor_accuracy([[0.0], [0.1], [5.0], [5.1]], [0, 0, 1, 1], n_neighbors=1)
    1.0
    """
    Z, codes, n_classes = check_classes_of_rows(features, y)
    scale = Z.std(axis=0)
    Z = (Z - Z.mean(axis=0)) / np.where(scale > 0, scale, 1)
    distances = cdist(Z, Z)
    np.fill_diagonal(distances, np.inf)
    k = min(n_neighbors, len(Z) - 1)
    near = np.argsort(distances, axis=1, kind="stable")[:, :k]
    votes = np.zeros((len(Z), n_classes))
    for place in range(k):
        nearer = 1 + 1e-3 * (k - place) / k
        np.add.at(votes, (np.arange(len(Z)), codes[near[:, place]]), nearer)
    return float(np.mean(votes.argmax(axis=1) == codes))
