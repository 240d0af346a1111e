"""What weights gain on the target, if labels have one function in both domains.

The loss of target rows is then that of source rows, weighted by the density ratio: few
rows may carry it, and none beyond the source. It is also the loss of target rows
against a model of the labels, which errs where that model does. The sum of the latter
and of what the former finds left of it, on source rows, is right if either is.
"""

import warnings
from typing import NamedTuple

import numpy as np
from sklearn.ensemble import ExtraTreesRegressor

from adapt.base import SourceOnly
from adapt.metrics._calls import call_as
from adapt.model_selection._held_out_scores import (
    fit_on_source,
    mean_and_error,
    run,
    spread,
)


class FoldPredictions(NamedTuple):
    """Source rows by the model that did not see them, target rows by that of each fold.

    Of shapes (n_samples,) and (n_folds, n_target_samples).
    """

    source: np.ndarray
    target: np.ndarray


class Risk(NamedTuple):
    """Losses of each target and each source row; their means add up to the risk.

    That of source rows is weighted.
    """

    target: np.ndarray
    source: np.ndarray
    weights: np.ndarray

    def gain(self, other):
        """Return how much lower the risk is than another, and its standard error.

        That is of the chance in the rows; models and weights are taken as given.
        """
        by_model, error = mean_and_error(other.target - self.target)
        left, error_left = mean_and_error(other.source - self.source, self.weights)
        return by_model + left, float(np.hypot(error, error_left))


def doubly_robust_risk(predictions, reference, ys, weights):
    """Return the squared loss that is to be expected on the target [1]_, [2]_.

    Parameters
    ----------
    predictions, reference : FoldPredictions
        Of the method, and of a model of the labels.

    ys : ndarray of shape (n_samples,)
        Labels of source rows.

    weights : ndarray of shape (n_samples,)
        Density ratio of target to source, at source rows.

    Returns
    -------
    risk : Risk
        With predictions f and a model m, ``(f - m)^2`` of target rows, and
        ``(f - y)^2 - (f - m)^2`` of source rows.

    References
    ----------
    .. [1] Reddi, Poczos and Smola. "Doubly robust covariate shift correction." AAAI,
       2015.
    .. [2] Kato, Matsui and Inokuchi. "Double debiased covariate shift adaptation robust
       to density-ratio estimation." arXiv:2310.16638, 2023.
    """
    apart = (predictions.source - reference.source) ** 2
    return Risk(
        target=np.mean((predictions.target - reference.target) ** 2, axis=0),
        source=(predictions.source - ys) ** 2 - apart,
        weights=weights,
    )


def _fold(method, task, train, test):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = fit_on_source(method, task, train)
    return (
        call_as(model, "predict", task.Xs[test], 0),
        call_as(model, "predict", task.Xt, -1),
    )


def predict_in_folds(method, task):
    """Return the `FoldPredictions` of an adapter."""
    folds = task.folds(task.ys)
    parts = run(_fold, [(method, task, *fold) for fold in folds], task.n_jobs)
    source = np.empty(len(task.ys))
    for (_, test), (held_out, _) in zip(folds, parts, strict=True):
        source[test] = held_out
    return FoldPredictions(source, np.array([target for _, target in parts]))


class GainOfWeights:
    """The gain on a baseline in R2 on the target, without its labels.

    Parameters
    ----------
    baseline : BaseAdapter
        What to gain on.

    task : Task
        The domains; labels are numbers.

    weights : ndarray of shape (n_samples,)
        Density ratio of target to source, at source rows.
    """

    def __init__(self, baseline, task, weights):
        if task.source_weight is not None:
            weights = weights * task.source_weight
        self.task, self.weights = task, weights
        # Leaves of few rows do not stick to the noise of a single one.
        trees = ExtraTreesRegressor(min_samples_leaf=3, random_state=task.random_state)
        self.reference = predict_in_folds(SourceOnly(trees), task)
        self.baseline = self._risk(baseline)
        self.spread = spread(task.ys, weights)

    def _risk(self, method):
        predictions = predict_in_folds(method, self.task)
        return doubly_robust_risk(
            predictions, self.reference, self.task.ys, self.weights
        )

    def of(self, method):
        """Return the gain of a method, and its standard error."""
        gain, error = self._risk(method).gain(self.baseline)
        return gain / self.spread, error / self.spread
