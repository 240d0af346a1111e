"""Class labels of a source model and of a target that may know others."""

import numpy as np
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets


def one_label_a_row(adapter, y):
    """Return class labels as one column, or say why they are none.

    Parameters
    ----------
    adapter : estimator
        For whom.

    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Labels.

    Returns
    -------
    y : ndarray of shape (n_samples,)
    """
    if y.ndim > 1 and y.shape[1] > 1:
        raise ValueError(
            f"{type(adapter).__name__} takes one label a row, got labels of shape "
            f"{y.shape}."
        )
    if y.dtype.kind not in "iub":  # integers are always classes
        check_classification_targets(y)
    return y if y.ndim == 1 else column_or_1d(y, warn=True)


def union_of_classes(classes, y):
    """Return the sorted classes of a model together with those of labels.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        Classes of the source model.

    y : ndarray of shape (n_samples,)
        Labels of the target.

    Returns
    -------
    union : ndarray of shape (n_union,)

    Raises
    ------
    ValueError
        If one has strings where the other has numbers.
    """
    classes = np.asarray(classes)
    if (classes.dtype.kind in "US") != (y.dtype.kind in "US"):
        raise ValueError(
            f"The source model has classes such as {classes[0]!r}, but the target has "
            f"labels such as {y[0]!r}: give both as strings or both as numbers."
        )
    return np.union1d(classes, y)
