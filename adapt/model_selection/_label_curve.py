"""What labels gain, by their number: simulated where all labels are known."""

from typing import NamedTuple

import numpy as np
from sklearn.utils import check_random_state

from adapt.model_selection._few_labels import (
    SHIPPED,
    draw_rows,
    label_strata,
    labelled_gains,
)


class LabelCurve(NamedTuple):
    """Gains in score on the choice without labels.

    Attributes
    ----------
    sizes : ndarray of shape (n_sizes,)
        Numbers of labels.

    suggested, at_random : ndarray of shape (n_sizes, n_repeats)
        Gains of the choice by labels that were drawn where candidates differ, and of
        that by labels of a random sample of the target.

    oracle : float
        Gain of the best candidate.
    """

    sizes: np.ndarray
    suggested: np.ndarray
    at_random: np.ndarray
    oracle: float


def label_curve(
    predictions,
    scores,
    of_classes,
    sizes=(5, 10, 20, 50),
    n_repeats=20,
    random_state=None,
    rule=SHIPPED,
):
    """Return what a choice by a few labels gains, for several numbers of labels.

    Parameters
    ----------
    predictions : ndarray of shape (n_candidates, n_samples)
        Of target rows, by candidates that learned nothing from target labels. The first
        is the choice without labels.

    scores : ndarray of shape (n_candidates, n_samples)
        Score of each row by its true label.

    of_classes : bool
        Whether classes are predicted.

    sizes : sequence of int, default=(5, 10, 20, 50)
        Numbers of labels.

    n_repeats : int, default=20
        How often they are drawn.

    random_state : int, RandomState instance or None, default=None
        Draws.

    rule : LabelRule, default=SHIPPED
        By which it is chosen.

    Returns
    -------
    curve : LabelCurve
    """
    rng = check_random_state(random_state)
    strata = label_strata(predictions, of_classes)
    values, differ = scores - scores[0], predictions != predictions[0]
    truth = values.mean(axis=1)
    found = {"suggested": [], "at random": []}
    for _ in range(n_repeats):
        everywhere = rng.permutation(len(strata))
        for how, gains in found.items():
            for size in sizes:
                rows = everywhere[:size]
                if how == "suggested":
                    rows = draw_rows(strata, size, random_state=rng)
                labelled = np.zeros(len(strata), dtype=bool)
                labelled[rows] = True
                told = values, differ, strata, labelled, of_classes
                best = labelled_gains(*told, rule=rule, intervals=False).best
                gains.append(truth[best])
    shape = n_repeats, len(sizes)
    parts = [np.reshape(gains, shape).T for gains in found.values()]
    return LabelCurve(np.asarray(sizes), *parts, float(truth.max()))
