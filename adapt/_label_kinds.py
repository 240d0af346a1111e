"""Whether labels are classes or numbers, where no estimator says so."""

import numpy as np

MAX_WHOLE_NUMBERS = 20


def is_classification(y):
    """Return whether labels are classes: not numbers, or at most 20 whole numbers.

    Ages and counts are whole numbers too, and of many values. Adapters without an
    estimator, `compare`, `AutoAdapt`, `diagnose_shift` and scorers all ask here.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Labels, none of them missing.

    Returns
    -------
    classes : bool
    """
    y = np.asarray(y)
    if y.dtype.kind not in "iuf":
        return True
    if np.any(y != np.rint(y)):
        return False
    return len(np.unique(y)) <= MAX_WHOLE_NUMBERS
