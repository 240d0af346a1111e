"""Label shift where rows come in blocks: counts of classes and means of predictions."""

import numpy as np
from sklearn.utils import check_random_state

from adapt._domains import Domains
from adapt.base import BaseAdapter
from adapt.base._row_blocks import MAX_ROWS
from adapt.instance_based._label_shift import Predictions


def weights_of_blocks(adapter, source, target):
    """Learn class weights from blocks, for a method that reads mean predictions.

    The confusion of classes is that of out-of-fold predictions of at most `MAX_ROWS`
    source rows. Frequencies of the source's classes and mean predictions on the target
    are of all rows.

    Parameters
    ----------
    adapter : LabelShiftAdapter
        Its priors and class weights are set.

    source, target : CheckedBlocks
        The source is read twice, the target once.

    Returns
    -------
    weights : ndarray of shape (n_classes,)
        Weight of the source rows of each class, of mean one over the source, after
        `weight_clip`.

    effective_sample_size : float
    """
    _check(adapter)
    X, y, total = source.sample(MAX_ROWS, check_random_state(adapter.random_state))
    ys, classes, codes = adapter._check_labels(y)
    counts = _counts(source, classes)
    rows = Domains(X, ys, None, None, None, None, None, None, None)
    adapter.source_estimator_ = model = adapter._fitted_on(X, ys, rows)
    mean = _mean_prediction(adapter, model, target, classes)
    predictions = Predictions(
        source=adapter._out_of_fold(rows, classes),
        y=codes,
        source_weight=(counts / total / np.bincount(codes))[codes],
        target=mean[None, :],
        target_weight=np.ones(1),
    )
    adapter._learn_priors(predictions, classes)
    shares, weights = adapter.source_priors_, adapter.class_weights_
    weights = weights / (shares @ weights)
    if adapter.weight_clip is not None:
        weights = np.minimum(weights, adapter.weight_clip)
        weights /= shares @ weights
    return weights, float(total / (shares @ weights**2))


def _check(adapter):
    """Refuse what needs all rows at once."""
    name = type(adapter).__name__
    if adapter.resample:
        raise ValueError("`resample` is not for blocks of rows, which are weighed.")
    if isinstance(adapter.estimator, BaseAdapter):
        raise TypeError(
            f"{name} takes blocks of rows around an estimator, but not around an "
            f"adapter such as {type(adapter.estimator).__name__}."
        )
    adapter._check_estimator()
    if adapter.correct == "weights":
        adapter._check_takes_weights(True)


def _counts(source, classes):
    """Return how many rows of the source each class has."""
    lost = np.setdiff1d(source.labels, classes)  # the sample was drawn from all rows
    if len(lost):
        raise ValueError(
            f"Class {lost.tolist()[0]!r} has so few rows that none is among {MAX_ROWS} "
            "drawn at random. Leave it out, or merge it with another."
        )
    counts = np.zeros(len(classes))
    for _, y, _ in source:
        counts += np.bincount(np.searchsorted(classes, y), minlength=len(classes))
    return counts


def _mean_prediction(adapter, model, target, classes):
    """Return the mean of the predictions of all target rows."""
    total, n = np.zeros(len(classes)), 0
    for X in target.rows():
        total += adapter._predictions(model, X, classes).sum(axis=0)
        n += len(X)
    return total / n
