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
from adapt.metrics import CircularValidation, ImportanceWeighted
from adapt.model_selection._many_fits import ManyFits, results


def shown_labels(yt, rows):
    """Return labels of the target, None but for ``rows``."""
    labels = np.full(len(yt), None)
    labels[rows] = yt[rows]
    return labels


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

    def rows(self):
        """Return the arrays that fits read."""
        arrays = self.Xs, self.ys, self.Xt, self.yt, self.source_weight
        return [array for array in arrays if array is not None]

    def source_folds(self):
        """Return the fold of each source row; None if there are too few rows."""
        return self._folds(self.ys, self.groups)

    def target_folds(self):
        """Return the fold of each target row, -1 without label.

        None if there are too few rows.
        """
        groups = self.target_groups
        groups = None if groups is None else groups[self.labelled]
        known = self._folds(self.yt[self.labelled], groups)
        if known is None:
            return None
        folds = np.full(len(self.yt), -1)
        folds[self.labelled] = known
        return folds

    def _folds(self, y, groups):
        most = self._most_folds(y)
        if groups is not None:
            most = min(most, len(np.unique(groups)))
        if most < 2:
            return None
        of_numbers = self.scoring == "r2"
        if groups is None:
            splitter = KFold if of_numbers else StratifiedKFold
        else:
            splitter = GroupKFold if of_numbers else StratifiedGroupKFold
        splitter = splitter(most, shuffle=True, random_state=self.random_state)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on classes with fewer rows than folds
            folds = list(splitter.split(np.zeros(len(y)), y, groups))
        if not (of_numbers or all(len(np.unique(y[train])) > 1 for train, _ in folds)):
            return None  # groups of one class each leave nothing to tell apart
        fold_of = np.empty(len(y), dtype=int)
        for k, (_, test) in enumerate(folds):
            fold_of[test] = k
        return fold_of

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


def fit_on_source(method, Xs, ys, Xt, weight, train):
    """Return a method fitted on the source rows ``train``, and the target."""
    weights = {} if weight is None else {"sample_weight": weight[train]}
    return clone(method).fit(Xs[train], ys[train], Xt=Xt, **weights)


def _fold_of_source(method, Xs, ys, Xt, weight, folds, k):
    """Return predictions of a fold of source rows, by circular validation and direct.

    The first are None if the classes were lost, see `CircularValidation`.
    """
    train, test = np.flatnonzero(folds != k), np.flatnonzero(folds == k)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = fit_on_source(method, Xs, ys, Xt, weight, train)
        circular = CircularValidation().fit(Xs, Xt).held_out(model, Xs[test])
        return circular, ImportanceWeighted().held_out(model, Xs[test])


def _fold_of_target(method, Xs, ys, Xt, yt, folds, k):
    """Return predictions of target rows whose labels the method was not shown."""
    train = np.flatnonzero((folds >= 0) & (folds != k))
    test = np.flatnonzero(folds == k)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if isinstance(method, BaseAdapter):
            labels = shown_labels(yt, train)
            model = clone(method).fit(Xs, ys, Xt=Xt, yt=labels)
        else:
            model = clone(method).fit(Xt[train], yt[train])
        return model.predict(Xt[test])


def source_calls(method, task, folds):
    """Return a call for each fold of source rows, for `ManyFits`.

    Parameters
    ----------
    method : BaseAdapter
        Not fitted.

    task : Task
        The domains.

    folds : ndarray of shape (n_samples,)
        Of `Task.source_folds`.

    Returns
    -------
    calls : list of tuple
    """
    rows = task.Xs, task.ys, task.Xt, task.source_weight, folds
    return [(_fold_of_source, method, *rows, k) for k in range(folds.max() + 1)]


def held_out_source(parts, scorers, task, folds):
    """Judge what a method predicted of held-out source rows.

    Parameters
    ----------
    parts : list of tuple
        What `source_calls` returned.

    scorers : list of LabelFreeScorer
        Fitted: `CircularValidation` and `ImportanceWeighted`.

    task : Task
        The domains.

    folds : ndarray of shape (n_samples,)
        Of `Task.source_folds`.

    Returns
    -------
    held_out : list of HeldOut
        For each scorer, the values of all source rows.
    """
    guess = 1 / len(np.unique(task.ys))
    judged = []
    for scorer, predictions in zip(scorers, zip(*parts, strict=True), strict=True):
        predicted, lost = task.ys.copy(), np.zeros(len(task.ys), dtype=bool)
        for k, part in enumerate(predictions):
            if part is None:
                lost[folds == k] = True
            else:
                predicted[folds == k] = part
        weights = scorer.weights(task.Xs)
        if task.source_weight is not None:
            ones = np.ones(len(task.ys))
            weights = task.source_weight * (ones if weights is None else weights)
        held_out = judge(task.ys, predicted, task.scoring, weights)
        values = np.where(lost, guess, held_out.values)
        judged.append(held_out._replace(values=values))
    return judged


def target_calls(method, task, folds):
    """Return a call for each fold of labelled target rows, for `ManyFits`.

    Parameters
    ----------
    method : BaseAdapter or estimator
        Not fitted. An estimator is trained on target rows alone.

    task : Task
        The domains.

    folds : ndarray of shape (n_target_samples,)
        Of `Task.target_folds`.

    Returns
    -------
    calls : list of tuple
    """
    rows = task.Xs, task.ys, task.Xt, task.yt, folds
    return [(_fold_of_target, method, *rows, k) for k in range(folds.max() + 1)]


def target_predictions(parts, task, folds):
    """Return what was predicted of target rows that were held out.

    Parameters
    ----------
    parts : list of ndarray
        What `target_calls` returned.

    task : Task
        The domains.

    folds : ndarray of shape (n_target_samples,)
        Of `Task.target_folds`.

    Returns
    -------
    predicted : ndarray of shape (n_target_samples,)
        Of other rows what is known.
    """
    predicted = task.yt.copy()
    for k, part in enumerate(parts):
        predicted[folds == k] = part
    return predicted


def judge_on_target(parts, task, folds):
    """Judge what a method predicted of target rows whose labels it was not shown.

    Parameters are those of `target_predictions`.

    Returns
    -------
    held_out : HeldOut
        Values of the labelled target rows.
    """
    rows = np.flatnonzero(task.labelled)
    predicted = target_predictions(parts, task, folds)
    return judge(task.yt[rows], predicted[rows], task.scoring)


def held_out_target(method, task, fits=None):
    """Score a method on labelled target rows that it was not shown the labels of.

    Parameters
    ----------
    method : BaseAdapter or estimator
        Not fitted. An estimator is trained on target rows alone.

    task : Task
        The domains.

    fits : ManyFits, default=None
        Runs the folds. If None, `task.n_jobs` says how.

    Returns
    -------
    held_out : HeldOut or None
        Values of the labelled target rows; None if they are too few for folds.
    """
    folds = task.target_folds()
    if folds is None:
        return None
    if fits is None:
        with ManyFits(task.n_jobs, task.rows()) as fits:
            return held_out_target(method, task, fits)
    parts = results(fits.outcomes(target_calls(method, task, folds)))
    return judge_on_target(parts, task, folds)
