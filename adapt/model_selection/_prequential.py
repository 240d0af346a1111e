"""Models that learn from a stream: test, then train."""

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils import Bunch, check_consistent_length
from sklearn.utils.validation import check_is_fitted


def prequential(estimator, stream, metric="score"):
    """Score a model on each batch of a stream before it learns from the batch.

    Parameters
    ----------
    estimator : object
        A model with `partial_fit`, such as `PooledLDA`. If it is fitted it goes on from
        there; it is changed.

    stream : iterable of (X, y) or (X, y, sample_domain)
        The batches, in the order in which they come.

    metric : "score" or callable, default="score"
        ``metric(y_true, y_pred)``, or the accuracy.

    Returns
    -------
    table : pandas.DataFrame
        One row for each batch: ``batch``, ``n_seen`` before it, ``n`` rows in it, its
        ``score``, and ``mean``, the mean over all rows so far. The score of the first
        batch is missing where the model had seen nothing. A class that the model has
        not seen yet counts as an error. Time of as many predictions and `partial_fit`.

    Raises
    ------
    ValueError
        If the stream has no batch.

    Notes
    -----
    Each row is tested once and before it is learnt, so that no rows are held out [1]_.

    References
    ----------
    .. [1] A. Philip Dawid. "Statistical theory: the prequential approach". Journal of
       the Royal Statistical Society, Series A, 1984.

    Examples
    --------
    >>> from adapt.model_selection import prequential
    >>> from adapt.multi_domain import NearestClassMean
    >>> batches = [([[0.0], [4.0]], ["a", "b"]), ([[1.0], [3.0]], ["a", "b"])]
    >>> prequential(NearestClassMean(), batches)["score"].tolist()
    [nan, 1.0]
    """
    import pandas as pd

    ready = _is_fitted(estimator)
    rows, seen, total, tested = [], 0, 0.0, 0
    for X, y, *domain in stream:
        check_consistent_length(X, y)
        params = {"sample_domain": domain[0]} if domain else {}
        value = np.nan
        if ready:
            found = estimator.predict(X, **params)
            value = _score(metric, y, found)
            total, tested = total + value * len(y), tested + len(y)
        estimator.partial_fit(X, y, **params)
        ready = True
        mean = total / tested if tested else np.nan
        rows.append((len(rows), seen, len(y), value, mean))
        seen += len(y)
    if not rows:
        raise ValueError("`stream` has no batch.")
    return pd.DataFrame(rows, columns=["batch", "n_seen", "n", "score", "mean"])


def _is_fitted(estimator):
    try:
        check_is_fitted(estimator)
    except NotFittedError:
        return False
    return True


def _score(metric, y, found):
    if metric == "score":
        return float(np.mean(np.asarray(y) == found))
    return float(metric(y, found))


def continual_report(estimator, stages, X_test, y_test):
    """Report the accuracy on each class after each stage of a stream.

    Parameters
    ----------
    estimator : object
        A classifier with `partial_fit`. A clone of it is trained.

    stages : iterable of (X, y)
        The rows of each stage, in which classes may be new.

    X_test : array-like of shape (n_samples, n_features)
        Rows that no stage has.

    y_test : array-like of shape (n_samples,)
        Their classes.

    Returns
    -------
    report : Bunch
        ``accuracy``, a frame of shape (n_stages, n_classes), of test rows by their
        class; ``overall``, a series: the accuracy after each stage on the classes
        that have come; ``forgetting``, a series by class: the best accuracy of any
        stage less that of the last; ``forward_transfer``, a series by stage: accuracy
        on the classes of the stage before it, which is zero for classes that are new,
        less chance; ``estimator``, the trained clone.

    Notes
    -----
    The measures are those of [1]_, by class.

    References
    ----------
    .. [1] David Lopez-Paz and Marc'Aurelio Ranzato. "Gradient episodic memory for
       continual learning". Neural Information Processing Systems, 2017.

    Examples
    --------
    >>> from adapt.model_selection import continual_report
    >>> from adapt.multi_domain import NearestClassMean
    >>> stages = [([[0.0], [4.0]], ["a", "b"]), ([[9.0]], ["c"])]
    >>> report = continual_report(
    ...     NearestClassMean(), stages, [[1.0], [3.0], [8.0]], ["a", "b", "c"]
    ... )
    >>> report.overall.tolist(), float(report.forgetting.max())
    ([1.0, 1.0], 0.0)
    """
    import pandas as pd

    model = clone(estimator)
    y_test = np.asarray(y_test)
    check_consistent_length(X_test, y_test)
    classes = np.unique(y_test)
    rows, overall, forward = [], [], []
    come = np.zeros(0, dtype=classes.dtype)
    before = None
    for X, y in stages:
        own = np.isin(y_test, np.unique(y))
        if before is not None:
            chance = 1 / max(len(come), 1)
            forward.append(np.mean(before[own]) - chance if own.any() else np.nan)
        else:
            forward.append(np.nan)
        model.partial_fit(X, y)
        come = np.union1d(come, np.unique(y))
        before = model.predict(X_test) == y_test
        rows.append([before[y_test == c].mean() for c in classes])
        known = np.isin(y_test, come)
        overall.append(before[known].mean() if known.any() else np.nan)
    if not rows:
        raise ValueError("`stages` has no stage.")
    stage = pd.RangeIndex(len(rows), name="stage")
    accuracy = pd.DataFrame(rows, index=stage, columns=pd.Index(classes, name="class"))
    return Bunch(
        accuracy=accuracy,
        overall=pd.Series(overall, index=stage),
        forgetting=accuracy.max() - accuracy.iloc[-1],
        forward_transfer=pd.Series(forward, index=stage),
        estimator=model,
    )
