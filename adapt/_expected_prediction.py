"""What target labels follow from the classes of a source model: LEEP's table.

The model gives probabilities of its own classes. On labelled target rows they yield a
table of the probability of each target class, given each source class, and with it
probabilities of the target's classes for any row: the expected empirical prediction.
"""

import numpy as np
from scipy.special import xlogy

FLOOR = 1e-300  # below which no logarithm is taken


def joint_counts(probabilities, codes, n_classes):
    """Return how often each target class meets each source class.

    Parameters
    ----------
    probabilities : ndarray of shape (n_samples, n_source_classes)
        Of the classes of the source model.

    codes : ndarray of shape (n_samples,), dtype int
        Target classes of the rows, from 0 to `n_classes` - 1.

    n_classes : int
        Number of target classes.

    Returns
    -------
    counts : ndarray of shape (n_classes, n_source_classes)
        Sums of the probabilities over the rows of each target class.
    """
    return np.eye(n_classes)[codes].T @ probabilities


def conditional_table(probabilities, codes, n_classes, pseudo_count=0.0):
    """Return the probabilities of target classes given source classes.

    Parameters
    ----------
    probabilities, codes, n_classes
        As in `joint_counts`.

    pseudo_count : float, default=0.0
        How many rows each source class is given beforehand, with the frequencies of the
        target's classes.

    Returns
    -------
    table : ndarray of shape (n_classes, n_source_classes)
        Each column sums to 1, unless its source class has no probability in any row:
        then it is 0 without `pseudo_count`.
    """
    joint = joint_counts(probabilities, codes, n_classes)
    if pseudo_count > 0:
        joint += pseudo_count * _frequencies(codes, n_classes)[:, np.newaxis]
    return joint / np.maximum(joint.sum(axis=0), FLOOR)


def left_out_predictions(probabilities, codes, n_classes, pseudo_count=1.0):
    """Return predictions of each row from the table of all other rows.

    Parameters
    ----------
    probabilities, codes, n_classes, pseudo_count
        As in `conditional_table`.

    Returns
    -------
    predictions : ndarray of shape (n_samples, n_classes)
        Probabilities of the target's classes. Time O(n k K) for k target classes and K
        source classes.
    """
    n = len(codes)
    one_hot = np.eye(n_classes)[codes]
    joint = joint_counts(probabilities, codes, n_classes)
    # Frequencies without the row itself, each class counted once more.
    prior = (one_hot.sum(axis=0) + 1 - one_hot) / (n - 1 + n_classes)
    total = joint.sum(axis=0) - probabilities + pseudo_count
    share = probabilities / np.maximum(total, FLOOR)
    found = share @ joint.T + pseudo_count * prior * share.sum(axis=1, keepdims=True)
    found -= one_hot * np.sum(share * probabilities, axis=1, keepdims=True)
    return np.maximum(found, 0)


def _frequencies(codes, n_classes):
    counts = np.bincount(codes, minlength=n_classes) + 1.0
    return counts / counts.sum()


def own_label(predictions, codes):
    """Return the probability that each row's own label was given, above zero.

    Parameters
    ----------
    predictions : ndarray of shape (n_samples, n_classes)
        Probabilities of classes.

    codes : ndarray of shape (n_samples,), dtype int
        Classes of the rows.

    Returns
    -------
    likelihood : ndarray of shape (n_samples,)
    """
    return np.maximum(predictions[np.arange(len(codes)), codes], FLOOR)


def conditional_entropy(codes, given, n_classes, n_given):
    """Return the entropy, in nats, of some classes given others.

    Parameters
    ----------
    codes, given : ndarrays of shape (n_samples,), dtype int
        Classes, from 0 on.

    n_classes, n_given : int
        How many there are of each.

    Returns
    -------
    entropy : float
    """
    joint = np.zeros((n_classes, n_given))
    np.add.at(joint, (codes, given), 1 / len(codes))
    of_given = joint.sum(axis=0)
    # The difference may come out below zero by rounding.
    return max(
        float(np.sum(xlogy(of_given, of_given)) - np.sum(xlogy(joint, joint))), 0.0
    )
