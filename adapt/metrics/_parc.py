"""Transferability by whether rows that are alike in features have like labels."""

import numpy as np
from scipy.spatial.distance import pdist
from scipy.stats import rankdata
from sklearn.utils import check_array, check_consistent_length, check_random_state

from adapt._label_kinds import is_classification
from adapt.metrics._labelled_rows import check_labels, class_codes


def _correlation_distances(Z):
    """Return 1 minus the correlation of each pair of rows; 1 for constant rows."""
    Z = Z - Z.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(Z, axis=1, keepdims=True)
    Z = Z / np.where(norms > 0, norms, 1)
    return (1 - Z @ Z.T)[np.triu_indices(len(Z), 1)]


def parc(features, y, *, max_rows=1000, random_state=0):
    """Return PARC [1]_ of features, from labelled training rows of the target.

    It is Spearman's correlation, over pairs of rows, of how far apart their features
    are (1 minus the correlation of the two rows) and how far apart their labels are.

    Parameters
    ----------
    features : array-like of shape (n_samples, n_features)
        What the source model makes of target rows; two columns or more.

    y : array-like of shape (n_samples,)
        Target labels of these rows: classes if they are texts or at most 20 different
        whole numbers, else numbers.

    max_rows : int, default=1000
        Rows that are looked at. If there are more, this many are drawn, because there
        is a number for each pair.

    random_state : int, RandomState instance or None, default=0
        Draws the rows.

    Returns
    -------
    score : float
        From -1 to 1; greater is better. Time O(m^2 p + m^2 log m) and memory O(m^2) for
        m rows.

    Raises
    ------
    ValueError
        If there are fewer than 3 rows, or if labels are missing or all the same.

    References
    ----------
    .. [1] Bolya, Mittapalli and Hoffman. "Scalable diverse model selection for
       accessible transfer learning." NeurIPS, 2021.

    Examples
    --------
    >>> from adapt.metrics import parc
    >>> round(parc([[0, 1, 2], [0, 1, 3], [2, 1, 0], [3, 1, 0]], [0, 0, 1, 1]), 3)
    0.853
    """
    Z = check_array(features, dtype=float, input_name="features", ensure_min_samples=3)
    y = check_labels(y)
    check_consistent_length(Z, y)
    if len(Z) > max_rows:
        rng = check_random_state(random_state)
        rows = rng.choice(len(Z), max_rows, replace=False)
        Z, y = Z[rows], y[rows]
    if is_classification(y):
        apart = pdist(class_codes(y)[0][:, np.newaxis].astype(float), "hamming")
    else:
        apart = pdist(y[:, np.newaxis].astype(float))
    if np.ptp(apart) == 0:
        raise ValueError(
            "`y` is alike in all pairs of rows: PARC needs pairs of equal and of "
            "different labels."
        )
    distances = _correlation_distances(Z)
    if np.ptp(distances) < 1e-12:
        return 0.0
    return float(np.corrcoef(rankdata(distances), rankdata(apart))[0, 1])
