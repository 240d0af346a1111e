"""Rows that have weights: those of a bootstrap, of one class, or near to others."""

import sys

import numpy as np
from scipy import sparse


def with_every_class(rows, y, weights):
    """Return drawn rows, and the heaviest row of each class that is not among them.

    Parameters
    ----------
    rows : ndarray of int of shape (n_drawn,)
        The rows that were drawn.

    y : ndarray of shape (n_samples,)
        Classes of all rows.

    weights : ndarray of shape (n_samples,)
        Weights of all rows. Of a class whose weights are all zero, its first row.

    Returns
    -------
    rows : ndarray of int of shape (n_drawn + n_lost,)
    """
    lost = np.setdiff1d(y, y[rows])
    heaviest = [np.argmax(np.where(y == label, weights, -1)) for label in lost]
    return np.concatenate([rows, np.array(heaviest, dtype=rows.dtype)])


def single_class(y, weights):
    """Return the class of all rows of positive weight, or None.

    Parameters
    ----------
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs), or None
        Labels of all rows.

    weights : ndarray of shape (n_samples,)
        Weights of all rows.

    Returns
    -------
    label : object or None
        None if several classes have weight, or if there is a single class anyway.
    """
    if y is None or y.ndim > 1 or len(np.unique(y)) < 2:
        return None
    left = np.unique(y[weights > 0])
    return left.tolist()[0] if len(left) == 1 else None


# What a class without weight gets of the mean weight, for support vector machines.
_NEARLY_NOTHING = 1e-8


def for_vector_machines(estimator, y, weights):
    """Return weights with which support vector machines know each class.

    Those of scikit-learn leave out rows without weight, and where that leaves out a
    class they predict one class for another and raise no error.

    Parameters
    ----------
    estimator : estimator
        It may hold such a machine.

    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Labels.

    weights : ndarray of shape (n_samples,)
        Weights of the rows.

    Returns
    -------
    weights : ndarray of shape (n_samples,)
        As they are for other estimators, and where one class alone has weight, which
        is an error that these machines do raise.
    """
    svm = sys.modules.get("sklearn.svm")
    if svm is None or np.ndim(y) > 1 or (weights > 0).all():
        return weights
    machines = svm.SVC, svm.NuSVC, svm.LinearSVC
    if not any(
        isinstance(each, machines)
        for each in (estimator, *estimator.get_params().values())
    ):
        return weights
    left = np.unique(y[weights > 0])
    if len(left) < 2:
        return weights
    return np.where(np.isin(y, left), weights, _NEARLY_NOTHING * weights.mean())


def nearest_rows(queries, X):
    """Return for each query the number of the row of ``X`` that is nearest to it.

    Parameters
    ----------
    queries : ndarray or sparse matrix of shape (n_queries, n_features)
        Rows.

    X : ndarray or sparse matrix of shape (n_samples, n_features)
        Rows among which the nearest are sought. Where one of the two has missing
        values, the mean square over the columns that both rows have is the distance.

    Returns
    -------
    rows : ndarray of int of shape (n_queries,)
        Time O((n_samples + n_queries) log(n_samples) d) in few dimensions, and up to
        O(n_samples n_queries d) in many or with missing values.
    """
    from sklearn.neighbors import NearestNeighbors

    is_sparse = sparse.issparse(X) or sparse.issparse(queries)
    missing = not is_sparse and (_has_nan(X) or _has_nan(queries))
    finder = NearestNeighbors(
        n_neighbors=1,
        algorithm="brute" if is_sparse or missing else "auto",
        metric="nan_euclidean" if missing else "euclidean",
    )
    return finder.fit(X).kneighbors(queries, return_distance=False)[:, 0]


def _has_nan(X):
    return bool(np.isnan(np.asarray(X, dtype=float)).any())
