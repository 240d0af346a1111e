"""The metrics that scorers know by name, for classes and for numbers."""

import numpy as np
from sklearn.base import is_classifier, is_regressor
from sklearn.metrics import (
    accuracy_score,
    mean_absolute_error,
    mean_squared_error,
    r2_score,
)

from adapt._label_kinds import is_classification
from adapt.base import BaseAdapter


def _balanced_accuracy(y, predicted, *, sample_weight=None):
    """Return the mean recall over the classes in ``y``, weighted within each class."""
    weight = np.ones(len(y)) if sample_weight is None else sample_weight
    right = weight * (np.asarray(predicted) == y)
    members = [y == label for label in np.unique(y)]
    # A class whose rows all weigh nothing says nothing.
    recalls = [right[m].sum() / weight[m].sum() for m in members if weight[m].any()]
    return float(np.mean(recalls))


def _negative(loss):
    def score(y, predicted, *, sample_weight=None):
        return -loss(y, predicted, sample_weight=sample_weight)

    return score


OF_CLASSES = {"accuracy": accuracy_score, "balanced_accuracy": _balanced_accuracy}
OF_NUMBERS = {
    "r2": r2_score,
    "neg_mean_squared_error": _negative(mean_squared_error),
    "neg_mean_absolute_error": _negative(mean_absolute_error),
}


def predicts_classes(estimator, y, asker):
    """Return whether ``estimator`` predicts classes, and not numbers."""
    if is_classifier(estimator) or is_regressor(estimator):
        return is_classifier(estimator)
    if isinstance(estimator, BaseAdapter):  # which chose its estimator by the labels
        return np.ndim(y) == 1 and is_classification(y)
    raise TypeError(
        f"{asker} scores classifiers and regressors; {type(estimator).__name__} is "
        "neither."
    )


def check_metric(metric, of_classes, asker):
    """Return the function of a named metric for the task; None names the default."""
    fitting, default = (OF_CLASSES, "accuracy") if of_classes else (OF_NUMBERS, "r2")
    if metric is None:
        return fitting[default]
    if metric not in fitting:
        raise ValueError(
            f"`metric` of {asker} must be one of {sorted(fitting)} or None for "
            f"{'classes' if of_classes else 'numbers'}, got {metric!r}."
        )
    return fitting[metric]
