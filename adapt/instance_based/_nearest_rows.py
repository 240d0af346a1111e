"""Exact nearest rows among many, where a tree does not help.

Distances come from matrix products in single precision, made so that they are never too
large. Few of them are below the nearest ones known so far, and only those are computed
in double precision. What is known is refreshed whenever twice as many rows were seen.
"""

import numpy as np
from sklearn.utils.parallel import Parallel, delayed
from threadpoolctl import threadpool_limits

from adapt._kernels import slices

_QUERIES, _ROWS = 512, 1024  # of a product, which then stays in caches
_FIRST = 64  # rows whose distances are all computed in double precision


def _nearest_of(queries, X, few, k):
    """Return the k least distances, and their rows, of candidates.

    ``few`` holds the numbers of queries and of rows, pair by pair, at least k of each
    query.
    """
    at, rows = few
    difference = X[rows] - queries[at]
    squares = np.einsum("ij,ij->i", difference, difference)
    order = np.lexsort((squares, at))
    starts = np.searchsorted(at[order], np.arange(len(queries)))
    nearest = order[starts[:, None] + np.arange(k)]
    return squares[nearest], rows[nearest]


def _search(queries, X, factors, slack, k):
    """Return which rows of ``X`` are nearest to few queries."""
    norms = np.einsum("ij,ij->i", queries, queries)
    left = np.column_stack([-2 * queries, np.ones(len(queries))]).astype(np.float32)
    numbers = np.arange(len(queries))
    product = np.empty((len(queries), _ROWS), dtype=np.float32)
    limits = np.full((len(queries), 1), np.inf, dtype=np.float32)
    nearest = np.empty((len(queries), 0), dtype=np.intp)
    seen, n = 0, len(X)
    while seen < n:
        upto = min(n, max(2 * seen, _FIRST, k))
        at, rows = [np.repeat(numbers, nearest.shape[1])], [nearest.ravel()]
        for columns in slices(upto - seen, _ROWS):
            start, width = seen + columns.start, columns.stop - columns.start
            out = product.ravel()[: len(queries) * width].reshape(-1, width)
            np.matmul(left, factors[:, start : start + width], out=out)
            found = np.flatnonzero(out < limits)
            at.append(found // width)
            rows.append(found % width + start)
        few = np.concatenate(at), np.concatenate(rows)
        squares, nearest = _nearest_of(queries, X, few, k)
        bound = squares[:, -1] - norms
        bound += slack * (np.abs(bound) + 2 * norms) + np.finfo(np.float32).tiny
        limits[:, 0] = bound
        seen = upto
    return nearest


def nearest_rows(queries, X, n_neighbors, n_jobs=None):
    """Return the rows of ``X`` that are nearest to queries in Euclidean distance.

    Parameters
    ----------
    queries : ndarray of shape (n_queries, n_features)
        Rows whose neighbours are sought.

    X : ndarray of shape (n_samples, n_features)
        Rows among which they are sought.

    n_neighbors : int
        Number of neighbours, at most n_samples.

    n_jobs : int, default=None
        Number of threads.

    Returns
    -------
    nearest : ndarray of shape (n_queries, n_neighbors)
        Row numbers, by increasing distance.
    """
    origin = X.mean(axis=0, dtype=np.float64)
    queries, X = queries - origin, X - origin
    scale = max(np.abs(queries).max(), np.abs(X).max())
    if scale > 0:
        queries, X = queries / scale, X / scale
    # |x|^2 - 2 x'q has an error of at most slack * (|x|^2 + |q|^2) * 2.
    slack = (X.shape[1] + 4) * float(np.finfo(np.float32).eps)
    norms = np.einsum("ij,ij->i", X, X)
    factors = np.vstack([X.T, (1 - 2 * slack) * norms]).astype(np.float32)
    search = delayed(_search)
    blocks = slices(len(queries), _QUERIES)
    with threadpool_limits(None if n_jobs in (None, 1) else 1, "blas"):
        found = Parallel(n_jobs=n_jobs, prefer="threads")(
            search(queries[block], X, factors, slack, n_neighbors) for block in blocks
        )
    return np.concatenate(found)
