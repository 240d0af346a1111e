"""How good a method is: its predictions of rows that were held out, row by row.

A row's value is such that the weighted mean over rows is the score. So the gain of one
method on another has a standard error: that of a mean of paired differences.
"""

import warnings
from typing import NamedTuple

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    StratifiedGroupKFold,
    StratifiedKFold,
)

from adapt.base import BaseAdapter


class Task(NamedTuple):
    """Two domains as numbers, and how to score on them.

    ``yt`` is None without labels; it has filler where not ``labelled``.
    """

    Xs: np.ndarray
    ys: np.ndarray
    Xt: np.ndarray
    yt: np.ndarray | None
    labelled: np.ndarray
    scoring: str
    cv: int
    random_state: int
    n_jobs: int | None
    source_weight: np.ndarray | None = None
    groups: np.ndarray | None = None
    target_groups: np.ndarray | None = None

    def weights_of(self, rows):
        """Return the weights of source rows as ``fit`` takes them, if any."""
        if self.source_weight is None:
            return {}
        return {"sample_weight": self.source_weight[rows]}

    def source_folds(self):
        """Return folds of source rows; none if there are too few rows."""
        return self._folds(self.ys, self.groups)

    def target_folds(self):
        """Return folds of labelled target rows; none if there are too few rows."""
        groups = self.target_groups
        groups = None if groups is None else groups[self.labelled]
        return self._folds(self.yt[self.labelled], groups)

    def _folds(self, y, groups):
        most = self._most_folds(y)
        if groups is not None:
            most = min(most, len(np.unique(groups)))
        if most < 2:
            return []
        of_numbers = self.scoring == "r2"
        if groups is None:
            splitter = KFold if of_numbers else StratifiedKFold
        else:
            splitter = GroupKFold if of_numbers else StratifiedGroupKFold
        splitter = splitter(most, shuffle=True, random_state=self.random_state)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on classes with fewer rows than folds
            folds = list(splitter.split(np.zeros(len(y)), y, groups))
        if of_numbers or all(len(np.unique(y[train])) > 1 for train, _ in folds):
            return folds
        return []  # groups of one class each leave nothing to tell apart

    def _most_folds(self, y):
        """Return into how many folds rows can be split, at most `cv`."""
        if self.scoring == "r2":
            return min(self.cv, len(y) // 2)
        # The second largest class has a row in each fold: no fold leaves one class.
        counts = np.sort(np.unique(y, return_counts=True)[1])
        return min(self.cv, *counts[-2:]) if len(counts) > 1 else 0

    def without_target_labels(self):
        """Return this task as methods see it that are judged without target labels."""
        nothing = np.zeros(len(self.labelled), dtype=bool)
        return self._replace(yt=None, labelled=nothing)

    def target_labels(self, rows):
        """Return labels of the target, None but for ``rows``."""
        labels = np.full(len(self.yt), None)
        labels[rows] = self.yt[rows]
        return labels


def mean_and_error(values, weights=None):
    """Return a weighted mean and its standard error, rows taken as independent."""
    weights = np.ones(len(values)) if weights is None else weights
    mean = np.average(values, weights=weights)
    error = np.sqrt(np.sum((weights * (values - mean)) ** 2)) / weights.sum()
    return float(mean), float(error)


class HeldOut(NamedTuple):
    """What a method did on held-out rows: a value and a weight for each."""

    values: np.ndarray
    weights: np.ndarray

    def score(self):
        """Return the score and its standard error."""
        return mean_and_error(self.values, self.weights)

    def gain(self, other):
        """Return the gain on another method, and its standard error."""
        return mean_and_error(self.values - other.values, self.weights)


def spread(y, weights):
    """Return the weighted variance of numbers, positive also where they are equal."""
    mean = np.average(y, weights=weights)
    variance = np.average((y - mean) ** 2, weights=weights)
    return max(variance, np.finfo(float).tiny)


def judge(y, predicted, scoring, weights=None):
    """Return predictions as `HeldOut` values, whose weighted mean is the score.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        True labels.

    predicted : ndarray of shape (n_samples,)
        Predicted labels.

    scoring : {"accuracy", "balanced_accuracy", "r2"}
        The score.

    weights : ndarray of shape (n_samples,), default=None
        Weights of rows. If None, all are one.

    Returns
    -------
    held_out : HeldOut
    """
    weights = np.ones(len(y)) if weights is None else weights
    if scoring == "r2":
        loss = (y - predicted) ** 2 / spread(y, weights)
        return HeldOut(1 - loss, weights)
    if scoring == "balanced_accuracy":
        sums = {label: weights[y == label].sum() for label in np.unique(y)}
        sums = np.array([sums[label] for label in y])
        weights = np.divide(weights, sums, out=np.zeros(len(y)), where=sums > 0)
    return HeldOut((predicted == y).astype(float), weights)


def fit_on_source(method, task, train):
    """Return a method fitted on the source rows ``train``, and the target."""
    return clone(method).fit(
        task.Xs[train], task.ys[train], Xt=task.Xt, **task.weights_of(train)
    )


def _fold_of_source(method, scorers, task, train, test):
    """Return what each scorer is to judge: predictions of the rows ``test``."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = fit_on_source(method, task, train)
        return [scorer.held_out(model, task.Xs[test]) for scorer in scorers]


def fold_of_target(method, task, train, test):
    """Return predictions of target rows whose labels the method was not shown."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if isinstance(method, BaseAdapter):
            labels = task.target_labels(train)
            model = clone(method).fit(task.Xs, task.ys, Xt=task.Xt, yt=labels)
        else:
            model = clone(method).fit(task.Xt[train], task.yt[train])
        return model.predict(task.Xt[test])


def run(function, calls, n_jobs):
    """Return the outcomes of calls, given as tuples, some of them at a time."""
    from joblib import Parallel, delayed

    return Parallel(n_jobs=n_jobs)(delayed(function)(*call) for call in calls)


def held_out_source(method, scorers, task):
    """Score a method without target labels.

    Parameters
    ----------
    method : BaseAdapter
        Not fitted.

    scorers : list of LabelFreeScorer
        Fitted.

    task : Task
        The domains.

    Returns
    -------
    held_out : list of HeldOut
        For each scorer, the values of all source rows.
    """
    folds = task.source_folds()
    parts = run(
        _fold_of_source, [(method, scorers, task, *f) for f in folds], task.n_jobs
    )
    guess = 1 / len(np.unique(task.ys))
    judged = []
    for scorer, predictions in zip(scorers, zip(*parts, strict=True), strict=True):
        predicted, lost = task.ys.copy(), np.zeros(len(task.ys), dtype=bool)
        for (_, test), part in zip(folds, predictions, strict=True):
            if part is None:
                lost[test] = True
            else:
                predicted[test] = part
        weights = scorer.weights(task.Xs)
        if task.source_weight is not None:
            ones = np.ones(len(task.ys))
            weights = task.source_weight * (ones if weights is None else weights)
        held_out = judge(task.ys, predicted, task.scoring, weights)
        values = np.where(lost, guess, held_out.values)
        judged.append(held_out._replace(values=values))
    return judged


def held_out_target(method, task):
    """Score a method on labelled target rows that it was not shown the labels of.

    Parameters
    ----------
    method : BaseAdapter or estimator
        Not fitted. An estimator is trained on target rows alone.

    task : Task
        The domains.

    Returns
    -------
    held_out : HeldOut or None
        Values of the labelled target rows; None if they are too few for folds.
    """
    rows = np.flatnonzero(task.labelled)
    y = task.yt[rows]
    folds = task.target_folds()
    if not folds:
        return None
    calls = [(method, task, rows[train], rows[test]) for train, test in folds]
    predicted = y.copy()
    for (_, test), part in zip(
        folds, run(fold_of_target, calls, task.n_jobs), strict=True
    ):
        predicted[test] = part
    return judge(y, predicted, task.scoring)
