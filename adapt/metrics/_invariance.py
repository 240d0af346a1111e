"""Whether features stay the same if rows are changed in a known way."""

import numpy as np
from sklearn.utils import check_random_state


def invariance(transform, X, views, *, max_rows=1000, random_state=0):
    r"""Return how little features change under changes of unlabelled target rows.

    It is 1 minus the sensitivity of [1]_,
    :math:`E\|f(x) - f(t(x))\| / E\|f(x) - f(x')\|`: how far a changed row moves, in
    units of the distance of two different rows. A source model that is invariant to
    what does not matter on the target transfers better. One that is invariant to what
    does matter transfers worse: compare it with labels too.

    Parameters
    ----------
    transform : callable
        The features :math:`f` of rows: takes rows and returns an array of shape
        (n_samples, ...). For example the method `transform` of a fitted
        `FrozenFeatures`.

    X : array-like of shape (n_samples, ...)
        Rows.

    views : callable or array-like, or list of these
        The changes :math:`t`: functions that take `X` and return as many changed rows;
        or the changed rows themselves, in the order of `X`.

    max_rows : int, default=1000
        Rows that are looked at; if there are more, this many are drawn.

    random_state : int, RandomState instance or None, default=0
        Draws the rows, and the pairs of different rows.

    Returns
    -------
    score : float
        1 if features do not change, 0 if a change moves a row as far as another row is;
        below 0 beyond. The mean over `views`. Time that of `transform`, and
        O(n p).

    Raises
    ------
    ValueError
        If there are fewer than 2 rows, if a view has another number of rows, or if all
        rows have the same features.

    References
    ----------
    .. [1] Speicher, Nanda and Gummadi. "Understanding the role of invariance in
       transfer learning." TMLR, 2024.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.metrics import invariance
    >>> X = np.random.default_rng(0).normal(size=(20, 3))
    >>> invariance(np.abs, X, lambda rows: -rows)
    1.0
    """
    X = np.asarray(X)
    views = views if isinstance(views, list) else [views]
    changed = [np.asarray(view(X) if callable(view) else view) for view in views]
    for rows in changed:
        if len(rows) != len(X):
            raise ValueError(f"A view has {len(rows)} rows, but `X` has {len(X)}.")
    if len(X) < 2:
        raise ValueError("`X` needs 2 rows or more, which are compared.")
    rng = check_random_state(random_state)
    taken = rng.permutation(len(X))[:max_rows]
    Z = _features(transform, X[taken])
    # Each row with the next of a random order: never with itself.
    apart = np.linalg.norm(Z - np.roll(Z, 1, axis=0), axis=1).mean()
    if apart == 0:
        raise ValueError("`transform` gives all rows the same features.")
    moved = [
        np.linalg.norm(Z - _features(transform, rows[taken]), axis=1).mean()
        for rows in changed
    ]
    return float(1 - np.mean(moved) / apart)


def _features(transform, rows):
    return np.asarray(transform(rows), dtype=float).reshape(len(rows), -1)
