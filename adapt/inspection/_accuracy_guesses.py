"""Guesses of the accuracy on the target, from what each row has to say.

They are functions of arrays; `expected_accuracy` makes these.
"""

from typing import NamedTuple

import numpy as np


def threshold_accuracy(right, source_confidence, target_confidence):
    """Return the share of target rows above a threshold of confidence.

    Parameters
    ----------
    right : ndarray of shape (n_samples,)
        Whether held-out source rows were predicted right.

    source_confidence, target_confidence : ndarrays
        Of the predictions of held-out source rows, and of target rows.

    Returns
    -------
    accuracy : float
        As many source rows are above the threshold as were predicted right.
    """
    above = np.sort(source_confidence)
    n_wrong = round((1 - np.mean(right)) * len(above))
    if n_wrong == len(above):
        return 0.0
    return float(np.mean(target_confidence >= above[n_wrong]))


def confidence_difference(right, source_confidence, target_confidence):
    """Return the source accuracy less what confidence falls from source to target.

    Parameters
    ----------
    right : ndarray of shape (n_samples,)
        Whether held-out source rows were predicted right.

    source_confidence, target_confidence : ndarrays
        Of the predictions of held-out source rows, and of target rows.

    Returns
    -------
    accuracy : float
        Between 0 and 1.
    """
    fall = np.mean(source_confidence) - np.mean(target_confidence)
    return float(np.clip(np.mean(right) - fall, 0, 1))


def agreement_accuracy(right, source_agrees, target_agrees):
    """Return the source accuracy less what agreement falls from source to target.

    Parameters
    ----------
    right : ndarray of shape (n_samples,)
        Whether held-out source rows were predicted right.

    source_agrees, target_agrees : ndarrays
        Whether another model predicts the same, of held-out source rows and of target
        rows.

    Returns
    -------
    accuracy : float
        Between 0 and the source accuracy: more agreement is no more accuracy.
    """
    accuracy = confidence_difference(right, source_agrees, target_agrees)
    return min(accuracy, float(np.mean(right)))


class Rows(NamedTuple):
    """What each row has to say: seven values of source rows, three of target rows."""

    right: np.ndarray
    returned: np.ndarray
    weight: np.ndarray
    class_weight: np.ndarray
    confidence: np.ndarray
    shared_confidence: np.ndarray
    agrees: np.ndarray
    target_confidence: np.ndarray
    target_shared_confidence: np.ndarray
    target_agrees: np.ndarray

    def drawn(self, rng):
        """Return source rows and target rows drawn with replacement."""
        n, m = len(self.right), len(self.target_agrees)
        rows, target_rows = rng.integers(n, size=n), rng.integers(m, size=m)
        source = (values[rows] for values in self[:7])
        return Rows(*source, *(values[target_rows] for values in self[7:]))

    def guesses(self):
        own = self.right, self.confidence, self.target_confidence
        shared = self.right, self.shared_confidence, self.target_shared_confidence
        return {
            "ATC": threshold_accuracy(*own),
            "ATC of two models": threshold_accuracy(*shared),
            "DoC": confidence_difference(*own),
            "importance-weighted": np.average(self.right, weights=self.weight),
            "class frequencies": np.average(self.right, weights=self.class_weight),
            "circular validation": np.mean(self.returned),
            "agreement": agreement_accuracy(
                self.right, self.agrees, self.target_agrees
            ),
            "source": np.mean(self.right),
        }
