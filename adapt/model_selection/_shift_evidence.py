"""Evidence of a shift, from source rows and unlabelled target rows.

Two questions decide whether maps of features are tried. Do source and target differ at
all? And have rows moved to where the source has none? They need not have if weights of
the source rows make the domains alike, or if they do so in part and one domain covers
most of the other: then the target may have other class frequencies (label shift),
or rows from a part of the source (covariate shift), and maps that undo either would
move rows across the decision boundary. Without classes a third answer is possible: rows
far outside of the source may follow its correlations: then they are of another range,
and not in other units.
"""

import math
import warnings
from dataclasses import dataclass, field

import numpy as np
from scipy import sparse
from sklearn.covariance import ledoit_wolf
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics.pairwise import euclidean_distances
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_random_state

from adapt.instance_based import MMDTarS
from adapt.instance_based._constrained import least_form
from adapt.metrics._two_sample_tests import shift_p_value, with_squares
from adapt.model_selection._rule import SHIPPED, Rule

_GROUPS = 10  # of source rows that a jackknife leaves out


@dataclass(frozen=True, kw_only=True)
class ShiftEvidence:
    """Evidence of a shift, and whether importance weights explain it.

    `compare`, `diagnose_shift` and `AutoAdapt` decide by it. Shares are of the squared
    energy distance between the domains, from 0 to 1: the part of the distance that
    importance weights of the source rows remove.

    Parameters
    ----------
    p_value : float
        p-value of the test that source and target have one distribution.

    by_rows : float
        Share of weights that follow the rows: odds of a logistic regression of the
        domains on columns and their squares.

    covered : float
        Share of the rows of one domain that have rows of the other about them, of both
        shares the larger; see `coverage`. NaN without classes.

    against_correlations : float
        Number of standard errors by which target rows lie against the correlations of
        the source rather than along them; see `margin_against_correlations`. NaN with
        classes, minus infinity for a single column.

    by_frequencies, by_scores : float
        Share of the best weights of classes, and of weights that follow the scores of
        classes; NaN if labels are numbers, or are not known.

    class_weights : ndarray of shape (n_samples,) or None
        Weights of the source rows, one for each class, by `MMDTarS`: with them classes
        are as frequent as in the target, if nothing else differs.

    rule : Rule
        By which it is judged.
    """

    p_value: float
    by_rows: float
    covered: float = math.nan
    against_correlations: float = math.nan
    by_frequencies: float = math.nan
    by_scores: float = math.nan
    class_weights: np.ndarray | None = field(default=None, repr=False, compare=False)
    rule: Rule = SHIPPED

    @property
    def explained(self):
        """Largest share of the shift that weights of source rows explain."""
        shares = self.by_rows, self.by_frequencies, self.by_scores
        return max(share for share in shares if not math.isnan(share))

    @property
    def differ(self):
        """Whether source and target can be told apart."""
        return self.p_value < self.rule.level

    @property
    def frequencies_differ(self):
        """Whether label shift explains the difference as well as any weights."""
        return self.by_frequencies > max(self.rule.explained, self.by_scores)

    @property
    def moved(self):
        """Whether rows have moved, so that maps of features are worth trying."""
        near = self.explained > self.rule.explained or self._overlap
        return self.differ and not near and not self._extrapolate

    @property
    def _overlap(self):
        """Whether rows have others about them, and their weights explain some."""
        return self.covered > self.rule.covered and self.by_rows > self.rule.partly

    @property
    def _extrapolate(self):
        """Whether target rows may be of another range, and their columns as before."""
        return self.against_correlations <= -self.rule.clear

    @property
    def finding(self):
        """What was found, in the part of a sentence that a reason is made of."""
        if not self.differ:
            return f"no shift was detected (p = {self.p_value:.2f})"
        if not self.moved:
            why = (
                f"one domain covers {self.covered:.0%} of the other, and weights that "
                f"follow the rows explain {self.by_rows:.0%} of the shift"
            )
            if self._extrapolate:
                why = (
                    "with a single column, other units and another range look alike"
                    if math.isinf(self.against_correlations)
                    else "target rows follow the correlations of the source's columns"
                )
            if self.explained > self.rule.explained:
                why = (
                    f"weights of source rows explain {self.explained:.0%} of the shift"
                )
            return (
                f"{why}, so it may be covariate shift or label shift, where a map of "
                "features could remove what separates the labels"
            )
        return (
            f"the features have moved (weights of source rows explain only "
            f"{self.explained:.0%} of the shift)"
        )


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


def coverage(Xs, Xt, random_state, *, quantile=0.95, max_rows=2000):
    """Return the share of target rows that have source rows about them.

    Parameters
    ----------
    Xs, Xt : ndarrays of shape (n_samples, n_features)
        Rows of the source and of the target.

    random_state : RandomState instance
        Draws rows where there are many.

    quantile : float, default=0.95
        A target row is covered if its nearest source row is no farther than it is for
        this share of the source rows themselves.

    max_rows : int, default=2000
        How many rows of each domain to look at.

    Returns
    -------
    share : float
        In units of `quantile`, at most 1: about 1 without shift.
    """
    Xs, Xt = (X[random_state.permutation(len(X))[:max_rows]] for X in (Xs, Xt))
    if len(Xs) < 2:
        return np.nan
    tree = NearestNeighbors(n_neighbors=1).fit(Xs)
    usual = np.quantile(tree.kneighbors()[0], quantile)
    near = tree.kneighbors(Xt)[0] <= usual
    return float(min(1.0, near.mean() / quantile))


def margin_against_correlations(Xs, Xt):
    """Return by how many standard errors target rows lie against correlations.

    Rows of another range follow the correlations of the source: from its mean, a tilted
    distribution moves along them. Columns in other units, or of sensors that drift,
    move each for itself, to where the source has few rows even for their distance. For
    each target row the squared Mahalanobis distance from the source's mean is compared
    with the squared Euclidean distance of standardised columns.

    Parameters
    ----------
    Xs, Xt : ndarrays of shape (n_samples, n_features)
        Rows of the source and of the target.

    Returns
    -------
    margin : float
        Mean difference of the two over target rows, in its standard errors, which count
        the chance in the target and in the correlations. For source rows, and for
        columns that are not correlated, it differs from 0 by chance. For a single
        column, of which nothing can be told, it is minus infinity.

    Notes
    -----
    The correlations are shrunk as by Ledoit and Wolf ("A well-conditioned estimator for
    large-dimensional covariance matrices", JMVA, 2004). Time O(n d^2 + d^3).
    """
    scale = Xs.std(axis=0)
    columns = scale > 1e-9 * np.abs(Xs).max(axis=0, initial=0)
    if columns.sum() < 2:
        return -math.inf
    mean, scale = Xs[:, columns].mean(axis=0), scale[columns]
    Zs, Zt = ((X[:, columns] - mean) / scale for X in (Xs, Xt))
    differences = _beyond_euclidean(Zs, Zt)
    kept = np.arange(len(Zs)) % _GROUPS
    without = [_beyond_euclidean(Zs[kept != k], Zt).mean() for k in range(_GROUPS)]
    by_chance = (_GROUPS - 1) * np.var(without) + differences.var() / len(Zt)
    return float(differences.mean() / np.sqrt(by_chance)) if by_chance > 0 else 0.0


def _beyond_euclidean(Zs, Zt):
    """Return squared Mahalanobis distances of rows, less squared Euclidean ones."""
    correlations = ledoit_wolf(Zs, assume_centered=True)[0]
    against = np.einsum("ij,ij->i", Zt, np.linalg.solve(correlations, Zt.T).T)
    return against - np.einsum("ij,ij->i", Zt, Zt)


def _dense(X):
    return X.toarray() if sparse.issparse(X) else np.asarray(X)


def _of_classes(X, y, weight, distances, gap, rng):
    """Return weights of classes, and the shares by frequencies and by scores."""
    classes, codes = np.unique(y, return_inverse=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on classes that cannot be told apart
        model = MMDTarS(DummyClassifier(), random_state=rng)
        model.fit(X[: len(y)], codes, Xt=X[len(y) :], sample_weight=weight)
        by_score = list(score_weights(X, codes, rng))
    Q = class_gaps(distances, np.eye(len(classes))[codes], weight)
    p = nearest_frequencies(Q)
    shares = (
        _share(squared_energy_distance(distances, weight * odds), gap)
        for odds in by_score
    )
    of_class = dict(zip(classes.tolist(), model.class_weights_, strict=True))
    return of_class, _share(p @ Q @ p, gap), max(shares, default=0.0)


def _share(left, gap):
    """Return the share of a distance that is gone; by chance one may be negative."""
    return float(np.clip(1 - left / gap, 0, 1)) if gap > 0 else 0.0


def shift_evidence(
    Xs, Xt, classes=None, *, source_weight=None, random_state=None, rule=SHIPPED
):
    """Return the evidence of a shift.

    Parameters
    ----------
    Xs : array-like or sparse matrix of shape (n_samples, n_features)
        Source rows, as numbers.

    Xt : array-like or sparse matrix of shape (n_target_samples, n_features)
        Target rows.

    classes : ndarray of shape (n_samples,), default=None
        Classes of the source rows. None for numbers, or without labels: then it is
        asked whether target rows follow the correlations of the source.

    source_weight : ndarray of shape (n_samples,), default=None
        Weights of source rows.

    random_state : int, RandomState instance or None, default=None
        Seeds the tests, and draws at most `rule.max_rows` rows of each domain, between
        which distances are taken.

    rule : Rule, default=Rule()
        By which it is judged.

    Returns
    -------
    evidence : ShiftEvidence
        Without weights where the target has one row. Time O(n d min(n, d)), and O(d)
        for each pair of the rows that were drawn.
    """
    Xs, Xt = _dense(Xs), _dense(Xt)
    p_value = shift_p_value(Xs, Xt, random_state)
    rng = check_random_state(random_state)
    found = {"p_value": p_value, "by_rows": 0.0, "rule": rule}
    if classes is not None:
        found |= {"by_frequencies": 0.0, "by_scores": 0.0}
        found["class_weights"] = np.ones(len(Xs))
    if len(Xt) < 2:
        return ShiftEvidence(**found)
    rows, target_rows = (rng.permutation(len(X))[: rule.max_rows] for X in (Xs, Xt))
    weight = np.ones(len(Xs)) if source_weight is None else source_weight
    rows = rows[weight[rows] > 0]
    weight, n = weight[rows], len(rows)
    X = StandardScaler().fit_transform(np.concatenate([Xs[rows], Xt[target_rows]]))
    distances = euclidean_distances(X)
    gap = squared_energy_distance(distances, weight)
    odds = odds_of_target(with_squares(X), n)
    found["by_rows"] = _share(squared_energy_distance(distances, weight * odds), gap)
    if classes is None:
        found["against_correlations"] = margin_against_correlations(Xs[rows], Xt)
    else:
        found["covered"] = max(
            coverage(A, B, rng, max_rows=rule.max_rows) for A, B in [(Xs, Xt), (Xt, Xs)]
        )
        of_class, *shares = _of_classes(X, classes[rows], weight, distances, gap, rng)
        found["by_frequencies"], found["by_scores"] = shares
        # Nothing is known of a class that was not drawn.
        known = [of_class.get(label, 1.0) for label in np.asarray(classes).tolist()]
        found["class_weights"] = np.array(known)
    return ShiftEvidence(**found)
