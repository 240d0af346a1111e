"""What the rows tell of classes, without labels of the target.

If only the frequencies of classes differ, source rows that are weighted by their class
are like those of the target. If the shift is along what tells classes apart, those that
are weighted by the scores of classes are: then it may be one of frequencies, or of rows
whose labels follow the same rule, but maps that undo it do harm. How much nearer such
weights bring the domains says whether it is so. If no weights do, and classes lie far
apart in the source, maps that bring the domains together hardly mix them up.
"""

import warnings
from typing import NamedTuple

import numpy as np
from scipy import sparse
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics.pairwise import euclidean_distances
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_random_state

from adapt._data_driven import least_separation
from adapt.instance_based import MMDTarS
from adapt.instance_based._constrained import least_form
from adapt.metrics._calls import call_as
from adapt.metrics._two_sample_tests import with_squares
from adapt.model_selection._rule import SHIPPED, Rule


class ClassEvidence(NamedTuple):
    """What the rows tell of classes.

    Shares are of the squared energy distance between the domains, from 0 to 1: what
    weights of the source rows do away with.

    Attributes
    ----------
    weights : ndarray of shape (n_samples,)
        Weights of the source rows, one for each class, by `MMDTarS`: with them classes
        are as frequent as in the target, if nothing else differs.

    by_frequencies : float
        Share of the best weights of classes.

    by_scores : float
        Share of weights that follow the scores of classes.

    by_rows : float
        Share of weights that follow the rows: odds of a logistic regression of the
        domains on columns and their squares.

    separation : float
        Least Mahalanobis distance between classes of the source, less its standard
        error.

    rule : Rule
        By which shares and separation are judged.
    """

    weights: np.ndarray
    by_frequencies: float
    by_scores: float
    by_rows: float
    separation: float
    rule: Rule = SHIPPED

    @property
    def frequencies_differ(self):
        """Whether other frequencies of classes explain the shift, and best."""
        better = self.by_frequencies > self.by_scores + self.rule.clearly
        return better and self.by_frequencies > self.rule.explained

    @property
    def along_classes(self):
        """Whether the shift is along what tells classes apart."""
        return max(self.by_frequencies, self.by_scores) > self.rule.explained

    @property
    def stand_apart(self):
        """Whether classes stand apart, and rows moved rather than weights."""
        moved = not self.along_classes and self.by_rows <= self.rule.all_of_it
        return moved and self.separation >= self.rule.two_peaks


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
    """Return the p of least ``p'Qp``, non-negative and of sum one.

    With `class_gaps` these are the frequencies of classes in the target, if nothing
    else differs.

    References
    ----------
    Kawakubo, du Plessis and Sugiyama. "Computationally efficient class-prior estimation
    under class balance change using energy distance." IEICE Transactions on Information
    and Systems, 2016.
    """
    scale = max(np.abs(Q).max(), np.finfo(float).tiny)
    return least_form(Q / scale, np.ones(len(Q)))


def squared_energy_distance(distances, weights):
    """Return the unbiased squared energy distance of weighted rows to others.

    Parameters
    ----------
    distances : ndarray of shape (n + m, n + m)
        Between all rows; the weighted ones come first.

    weights : ndarray of shape (n,)
        More than one of them positive.

    Returns
    -------
    distance : float
        May be negative by chance.
    """
    n = len(weights)
    return class_gaps(distances, np.ones((n, 1)), weights)[0, 0]


def odds_of_target(columns, n_source):
    """Return the odds that a source row is of the target, up to a factor."""
    domain = np.repeat([0, 1], [n_source, len(columns) - n_source])
    model = LogisticRegression(max_iter=500).fit(columns, domain)
    logits = model.decision_function(columns[:n_source])
    return np.exp(logits - logits.max())


def score_weights(X, codes, random_state):
    """Yield weights of source rows that follow the scores of classes.

    Scores are the decision values of a logistic regression, of source rows by one that
    has not seen them. Weights are the odds of the target, given the scores, and given
    also their squares.

    Parameters
    ----------
    X : ndarray of shape (n + m, n_features)
        Standardised rows, those of the source first.

    codes : ndarray of shape (n,)
        Classes of the source's.

    random_state : RandomState instance
        Draws folds.

    Yields
    ------
    weights : ndarray of shape (n,)
    """
    n_folds = min(5, np.bincount(codes).min())
    if n_folds < 2 or len(np.unique(codes)) < 2:
        return
    Xs, Xt = np.split(X, [len(codes)])
    model = LogisticRegression(max_iter=500)
    folds = StratifiedKFold(n_folds, shuffle=True, random_state=random_state)
    held_out = cross_val_predict(model, Xs, codes, cv=folds, method="decision_function")
    scores = [held_out, model.fit(Xs, codes).decision_function(Xt)]
    scores = np.vstack([part.reshape(len(part), -1) for part in scores])
    scores = StandardScaler().fit_transform(scores)
    yield odds_of_target(scores, len(codes))
    yield odds_of_target(with_squares(scores), len(codes))


def class_evidence(Xs, ys, Xt, source_weight=None, random_state=None, rule=SHIPPED):
    """Return what the rows tell of classes.

    Parameters
    ----------
    Xs : array-like or sparse matrix of shape (n_samples, n_features)
        Source rows, as numbers.

    ys : ndarray of shape (n_samples,)
        Their classes.

    Xt : array-like or sparse matrix of shape (n_target_samples, n_features)
        Target rows.

    source_weight : ndarray of shape (n_samples,), default=None
        Weights of source rows.

    random_state : int, RandomState instance or None, default=None
        Draws at most `rule.max_rows` rows of each domain, between which distances are
        taken.

    rule : Rule, default=Rule()
        By which shares and separation are judged.

    Returns
    -------
    evidence : ClassEvidence
        Without weights where the target has one row. Time O(n d min(n, d)), and O(d)
        for each pair of the rows that were drawn.
    """
    rng = check_random_state(random_state)
    Xs, Xt = (X.toarray() if sparse.issparse(X) else np.asarray(X) for X in (Xs, Xt))
    classes, y = np.unique(ys, return_inverse=True)
    separation = float(least_separation(Xs, np.eye(len(classes))[y]))
    if len(Xt) < 2:
        return ClassEvidence(np.ones(len(Xs)), 0.0, 0.0, 0.0, separation, rule)
    rows, target_rows = (rng.permutation(len(X))[: rule.max_rows] for X in (Xs, Xt))
    weight = np.ones(len(Xs)) if source_weight is None else source_weight
    rows = rows[weight[rows] > 0]
    weight, n = weight[rows], len(rows)
    X = StandardScaler().fit_transform(np.concatenate([Xs[rows], Xt[target_rows]]))
    drawn, codes = np.unique(y[rows], return_inverse=True)
    of_class = np.ones(len(classes))  # nothing is known of one that was not drawn
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on classes that cannot be told apart
        model = MMDTarS(DummyClassifier(), random_state=rng)
        model.fit(X[:n], codes, Xt=X[n:], sample_weight=weight)
        of_class[drawn] = model.class_weights_
        by_score = list(score_weights(X, codes, rng))
        by_row = odds_of_target(with_squares(X), n)
    distances = euclidean_distances(X)
    gap = squared_energy_distance(distances, weight)

    def share(left):
        # By chance the distance that is left may be below zero.
        return float(np.clip(1 - left / gap, 0, 1)) if gap > 0 else 0.0

    def share_of(odds):
        return share(squared_energy_distance(distances, weight * odds))

    Q = class_gaps(distances, np.eye(len(drawn))[codes], weight)
    p = nearest_frequencies(Q)
    return ClassEvidence(
        weights=of_class[y],
        by_frequencies=share(p @ Q @ p),
        by_scores=max(map(share_of, by_score), default=0.0),
        by_rows=share_of(by_row),
        separation=separation,
        rule=rule,
    )
