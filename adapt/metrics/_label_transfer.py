"""Transferability from what a source model predicts: LEEP and NCE."""

import numpy as np
from sklearn.utils import check_consistent_length

from adapt._expected_prediction import (
    conditional_entropy,
    conditional_table,
    left_out_predictions,
    own_label,
)
from adapt.metrics._labelled_rows import check_probabilities, class_codes


def leep(probabilities, y, *, leave_one_out=False):
    r"""Return LEEP [1]_ of a source model, from labelled training rows of the target.

    The log expected empirical prediction is the mean log-likelihood of the labels, if
    the model's classes :math:`z` are translated by the table of the same rows,

    .. math:: \frac1n \sum_i \log \sum_z P(y_i | z)\, p_z(x_i), \qquad
        P(y, z) = \frac1n \sum_i 1[y_i = y]\, p_z(x_i).

    It says how well a new head on the source model would do. It does not say how well
    the model predicts as it is: a model that confuses two classes in every row has the
    LEEP of a perfect one. For that, use
    ``rank_sources(sources, Xt, yt, used_as="model")``.

    Parameters
    ----------
    probabilities : array-like of shape (n_samples, n_source_classes)
        What the source model's `predict_proba` makes of target rows. Its classes need
        not be those of the target.

    y : array-like of shape (n_samples,)
        Target classes of these rows, of any type.

    leave_one_out : bool, default=False
        Whether each row is judged by the table of the other rows, with one pseudo-count
        for each source class. The table of the row itself rewards models of many
        classes: on 50 rows, noise over 500 classes scores far above chance.

    Returns
    -------
    score : float
        At most 0, in nats; greater is better. Time O(n k K) for k target classes and K
        source classes.

    Raises
    ------
    ValueError
        If `probabilities` are none, or if `y` has one class or missing labels.

    See Also
    --------
    nce : The same of the most probable source class alone.
    adapt.model_selection.rank_sources : Ranks many sources.

    References
    ----------
    .. [1] Nguyen, Hassner, Seeger and Archambeau. "LEEP: a new measure to evaluate
       transferability of learned representations." ICML, 2020.

    Examples
    --------
    >>> from adapt.metrics import leep
    >>> always_wrong = [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]
    >>> leep(always_wrong, ["b", "b", "a", "a"])
    0.0
    """
    P, codes, n_classes = check_probabilities(probabilities, y)
    if leave_one_out:
        predictions = left_out_predictions(P, codes, n_classes)
    else:
        predictions = P @ conditional_table(P, codes, n_classes).T
    return float(np.log(own_label(predictions, codes)).mean())


def nce(source_labels, y):
    r"""Return the negative conditional entropy [1]_ of the target rows' labels.

    It is :math:`-H(Y | Z)`, with the source model's labels :math:`Z` of labelled
    training rows of the target.

    Parameters
    ----------
    source_labels : array-like of shape (n_samples,) or (n_samples, n_source_classes)
        Labels that the source model gives target rows; or its probabilities, of which
        the most probable class is taken.

    y : array-like of shape (n_samples,)
        Target classes of these rows. The two may not be exchanged.

    Returns
    -------
    score : float
        At most 0, in nats; greater is better. As `leep` it forgives a model that is
        always wrong in the same way.

    Raises
    ------
    ValueError
        If labels are missing, or the lengths differ.

    See Also
    --------
    leep : Uses the probabilities whole.

    References
    ----------
    .. [1] Tran, Nguyen and Hassner. "Transferability and hardness of supervised
       classification tasks." ICCV, 2019.

    Examples
    --------
    >>> from adapt.metrics import nce
    >>> nce([0, 0, 1, 1], ["a", "a", "b", "b"])
    0.0
    >>> round(nce([0, 0, 0, 0], ["a", "a", "b", "b"]), 3)
    -0.693
    """
    if np.ndim(source_labels) == 2:
        P, codes, n_classes = check_probabilities(source_labels, y)
        source, n_source = P.argmax(axis=1), P.shape[1]
    else:
        source, n_source = class_codes(source_labels, "source_labels")
        codes, n_classes = class_codes(y)
        check_consistent_length(source, codes)
    return 0.0 - conditional_entropy(codes, source, n_classes, n_source)
