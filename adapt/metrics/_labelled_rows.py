"""What scores of transferability take: rows that a source model made, with labels."""

import numpy as np
from sklearn.utils import check_array, check_consistent_length, column_or_1d

from adapt._domains import missing_labels


def check_labels(y, name="y"):
    """Return labels as one column, none of them missing.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        Labels of any type.

    name : str, default="y"
        What messages call them.

    Returns
    -------
    y : ndarray of shape (n_samples,)

    Raises
    ------
    ValueError
        If some are missing, or if there is more than one column.
    """
    y = column_or_1d(y)
    if missing_labels(y).any():
        raise ValueError(
            f"`{name}` has missing labels: give the labelled target rows alone."
        )
    return y


def class_codes(y, name="y"):
    """Return classes, of any type, as numbers from 0 on, and how many there are."""
    classes, codes = np.unique(check_labels(y, name), return_inverse=True)
    return codes, len(classes)


def check_classes_of_rows(features, y, name="features"):
    """Return features as floats, and the numbers of the rows' classes.

    Parameters
    ----------
    features : array-like of shape (n_samples, n_features)
        What a source model makes of target rows.

    y : array-like of shape (n_samples,)
        Their classes, of any type.

    name : str, default="features"
        What messages call the first.

    Returns
    -------
    Z : ndarray of shape (n_samples, n_features)
    codes : ndarray of shape (n_samples,), dtype int
    n_classes : int

    Raises
    ------
    ValueError
        If there are fewer than 2 classes, missing labels, or rows that are not finite.
    """
    Z = check_array(features, dtype=float, input_name=name)
    codes, n_classes = class_codes(y)
    check_consistent_length(Z, codes)
    if n_classes < 2:
        raise ValueError(
            "`y` has one class only: a score of how well classes can be told apart "
            "takes rows of 2 or more."
        )
    return Z, codes, n_classes


def check_probabilities(probabilities, y):
    """Return probabilities of a source model's classes, and the rows' own classes.

    Parameters
    ----------
    probabilities : array-like of shape (n_samples, n_source_classes)
        Non-negative, of sum 1 in each row.

    y : array-like of shape (n_samples,)
        Classes of the rows.

    Returns
    -------
    P : ndarray of shape (n_samples, n_source_classes)
    codes : ndarray of shape (n_samples,), dtype int
    n_classes : int

    Raises
    ------
    ValueError
        If they are no probabilities.
    """
    P, codes, n_classes = check_classes_of_rows(probabilities, y, "probabilities")
    if P.min() < -1e-6 or np.abs(P.sum(axis=1) - 1).max() > 1e-3:
        raise ValueError(
            "`probabilities` must not be negative, and sum to 1 in each row; got "
            f"a least value of {P.min():.3g} and sums from {P.sum(axis=1).min():.3g} "
            f"to {P.sum(axis=1).max():.3g}. Give what `predict_proba` returns."
        )
    return np.maximum(P, 0), codes, n_classes


def class_means(Z, codes, n_classes):
    """Return the mean row of each class and the numbers of rows."""
    one_hot = np.eye(n_classes)[codes]
    counts = one_hot.sum(axis=0)
    return one_hot.T @ Z / counts[:, np.newaxis], counts
