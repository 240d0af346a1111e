"""Black-box shift estimation.

What a classifier predicts on the target is its confusion matrix times the weights of the
classes. So the weights are the solution of one small linear system.
"""

import numpy as np

from adapt.instance_based._label_shift import LabelShiftAdapter, confusion


def black_box_weights(C, mu):
    """Return the weights of the classes that explain predictions on the target.

    Parameters
    ----------
    C : ndarray of shape (n_classes, n_classes)
        Joint frequencies of predicted (rows) and true classes (columns) in the source.

    mu : ndarray of shape (n_classes,)
        Frequencies of the predicted classes in the target.

    Returns
    -------
    w : ndarray of shape (n_classes,)
        ``C^-1 mu``, with zeros for what is negative; where `C` is singular, the shortest
        of the least squares solutions.
    """
    return np.maximum(np.linalg.lstsq(C, mu, rcond=None)[0], 0)


class BBSE(LabelShiftAdapter):
    pass
