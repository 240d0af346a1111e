"""Scores of a source on labelled target rows, by name."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from sklearn.metrics import r2_score

from adapt import metrics

_FLOOR = 1e-3  # added to probabilities, so that one sure mistake does not decide


def log_likelihood(outputs, y):
    """Return the mean log-likelihood of labels; a class it does not know has none."""
    P = np.zeros(len(y))
    for c, column in zip(outputs.classes, outputs.probabilities.T, strict=True):
        P = np.where(y == c, column, P)
    return float(np.log(P + _FLOOR).mean())


def accuracy(outputs, y):
    """Return the share of right predictions."""
    return float(np.mean(outputs.classes[outputs.probabilities.argmax(axis=1)] == y))


def neg_mean_squared_error(outputs, y):
    """Return minus the mean squared error."""
    return -float(np.mean(np.square(outputs.predictions.reshape(len(y), -1)[:, 0] - y)))


def r2(outputs, y):
    """Return the coefficient of determination."""
    return float(r2_score(y, outputs.predictions))


def _of_probabilities(score):
    return lambda outputs, y: score(outputs.probabilities, y)


def _of_features(score):
    return lambda outputs, y: score(outputs.features, y)


class Score(NamedTuple):
    """A score, what it needs of a source, and what it ranks."""

    function: Callable
    needs: str  # the field of `SourceOutputs`
    used_as: tuple[str, ...]


_AS_MODEL, _AS_FEATURES = ("model",), ("features",)
SCORES = {
    "log_likelihood": Score(log_likelihood, "probabilities", _AS_MODEL),
    "accuracy": Score(accuracy, "probabilities", _AS_MODEL),
    "neg_mean_squared_error": Score(neg_mean_squared_error, "predictions", _AS_MODEL),
    "r2": Score(r2, "predictions", _AS_MODEL),
    "leep": Score(_of_probabilities(metrics.leep), "probabilities", _AS_FEATURES),
    "leep_leave_one_out": Score(
        _of_probabilities(partial(metrics.leep, leave_one_out=True)),
        "probabilities",
        _AS_FEATURES,
    ),
    "nce": Score(_of_probabilities(metrics.nce), "probabilities", _AS_FEATURES),
    **{
        name: Score(_of_features(getattr(metrics, name)), "features", _AS_FEATURES)
        for name in (
            "gbc",
            "h_score",
            "log_evidence",
            "neighbor_accuracy",
            "neural_collapse",
            "parc",
            "transrate",
        )
    },
}


def _dataset_distance(table, X, y):
    return -metrics.dataset_distance(*table, X, y)


def _energy_distance(table, X, y):
    return -metrics.energy_distance(table[0], X)


# Of the source's rows and those of the target, in units of the features.
DISTANCES = {
    "neg_dataset_distance": _dataset_distance,
    "neg_energy_distance": _energy_distance,
}
