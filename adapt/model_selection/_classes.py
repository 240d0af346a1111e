"""What the rows tell of classes, without labels of the target.

If only the frequencies of classes differ, source rows that are weighted by their class
are like those of the target: how much nearer such weights bring the domains says
whether that is the shift. And if classes lie far apart in the source, maps that bring
the domains together hardly mix them up.
"""

from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.optimize import nnls
from sklearn.metrics.pairwise import euclidean_distances
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_random_state

from adapt.feature_based._moments import least_separation
from adapt.metrics._base import call_as

_MAX_ROWS = 1000  # of each domain, between which distances are taken
_EXPLAINED = 0.5  # share of the shift above which it is one of frequencies
_APART = 2.0  # standard deviations from which classes stand apart


class ClassEvidence(NamedTuple):
    """What the rows tell of classes.

    Attributes
    ----------
    weights : ndarray of shape (n_samples,)
        Weights of the source rows, one for each class, that bring the source nearest to
        the target.

    explained : float
        Share of the squared energy distance between the domains that is gone with these
        weights, from 0 to 1: near 1 if only the frequencies of classes differ.

    separation : float
        Least Mahalanobis distance between classes of the source, less its standard
        error.
    """

    weights: np.ndarray
    explained: float
    separation: float

    @property
    def frequencies_differ(self):
        """Whether other frequencies of classes explain most of the shift."""
        return self.explained > _EXPLAINED

    @property
    def stand_apart(self):
        """Whether classes stand apart, and something else than frequencies differs."""
        return not self.frequencies_differ and self.separation >= _APART


class LikeTarget:
    """Score predictions of held-out source rows as if they were of the target.

    Parameters
    ----------
    weights : ndarray of shape (n_samples,)
        Of all source rows, such that classes are as frequent as in the target.
    """

    def __init__(self, weights):
        self._weights = weights

    def held_out(self, model, X):
        """Return predictions of rows that the model was not fitted on."""
        return call_as(model, "predict", X, -1)

    def weights(self, X):
        """Return the weights of all source rows, which are ``X``."""
        return self._weights


def class_gaps(distances, member, weights):
    """Return the squared energy distance of two domains, as a form of frequencies.

    Parameters
    ----------
    distances : ndarray of shape (n + m, n + m)
        Between all rows, those of the source first. There are at least two of the
        target.

    member : ndarray of shape (n, n_classes)
        One where a source row is of a class, else zero.

    weights : ndarray of shape (n,)
        Of the source rows.

    Returns
    -------
    Q : ndarray of shape (n_classes, n_classes)
        With the frequencies p of classes, ``p'Qp`` is ``2 E|X - Y| - E|X - X'| - E|Y -
        Y'|``: its unbiased estimate, for X of the source and Y of the target. A class
        of one row is taken as a point.
    """
    n = len(member)
    m = len(distances) - n
    W = weights[:, None] * member
    W = W / W.sum(axis=0)
    within = W.T @ distances[:n, :n] @ W
    # No row is to be compared with itself.
    itself = np.square(W).sum(axis=0)
    within[np.diag_indices_from(within)] /= np.where(itself < 1, 1 - itself, 1)
    between = np.mean(W.T @ distances[:n, n:], axis=1)
    of_target = distances[n:, n:].sum() / (m * (m - 1))
    return between[:, None] + between - within - of_target


def nearest_frequencies(Q):
    """Return the p of least ``p'Qp``, non-negative and of sum one."""
    values, vectors = np.linalg.eigh(Q / max(np.abs(Q).max(), np.finfo(float).tiny))
    root = np.sqrt(np.maximum(values, 0))[:, None] * vectors.T
    # Of all p = s u with u of sum one, |root p|^2 + (sum(p) - 1)^2 is least for the u
    # that is looked for: the constraint is one more row of least squares.
    p = nnls(np.vstack([root, np.ones(len(Q))]), np.append(np.zeros(len(Q)), 1))[0]
    return p / p.sum()


def class_evidence(Xs, ys, Xt, source_weight=None, random_state=None):
    """Return what the rows tell of classes.

    Parameters
    ----------
    Xs : ndarray or sparse matrix of shape (n_samples, n_features)
        Source rows.

    ys : ndarray of shape (n_samples,)
        Their classes.

    Xt : ndarray or sparse matrix of shape (n_target_samples, n_features)
        Target rows.

    source_weight : ndarray of shape (n_samples,), default=None
        Weights of source rows.

    random_state : int, RandomState instance or None, default=None
        Draws at most 1,000 rows of each domain, between which distances are taken.

    Returns
    -------
    evidence : ClassEvidence
        Without weights where the target has one row. Time O(n d min(n, d)), and O(d)
        for each pair of the rows that were drawn.
    """
    rng = check_random_state(random_state)
    Xs, Xt = (X.toarray() if sparse.issparse(X) else X for X in (Xs, Xt))
    classes, y = np.unique(ys, return_inverse=True)
    separation = float(least_separation(Xs, np.eye(len(classes))[y]))
    if len(Xt) < 2:
        return ClassEvidence(np.ones(len(Xs)), 0.0, separation)
    rows, target_rows = (rng.permutation(len(X))[:_MAX_ROWS] for X in (Xs, Xt))
    weight = np.ones(len(Xs)) if source_weight is None else source_weight
    rows = rows[weight[rows] > 0]
    X = StandardScaler().fit_transform(np.concatenate([Xs[rows], Xt[target_rows]]))
    present, codes = np.unique(y[rows], return_inverse=True)
    member = np.eye(len(present))[codes]
    Q = class_gaps(euclidean_distances(X), member, weight[rows])
    before = weight[rows] @ member / weight[rows].sum()
    after = nearest_frequencies(Q)
    of_class = np.ones(len(classes))  # nothing is known of one that was not drawn
    of_class[present] = after / before
    gap = before @ Q @ before
    explained = 1 - after @ Q @ after / gap if gap > 0 else 0.0
    # By chance the distance that is left may be below zero.
    return ClassEvidence(of_class[y], float(np.clip(explained, 0, 1)), separation)
