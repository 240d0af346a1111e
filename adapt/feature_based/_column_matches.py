"""Columns of two tables that may be the same thing under another name or unit.

What is found is suggested. Nothing is ever matched, because two things may look alike.
"""

import numpy as np

from adapt._units_of_columns import conversion
from adapt.feature_based._column_tables import is_number

_MOST_ROWS = 1000
_FEW = 20  # rows, below which nothing is reported
_LEVELS = 5  # different values, below which columns are alike by chance
_TELLING = 0.3  # correlation with a shared column that tells columns apart


def _values(X, names):
    """Return the finite numbers of columns that can be told from others, by name."""
    found = {}
    for name in names:
        if not is_number(X[name].dtype):
            continue
        values = X[name].to_numpy(dtype=float, na_value=np.nan)[:_MOST_ROWS]
        finite = values[np.isfinite(values)]
        if len(finite) >= _FEW and len(np.unique(finite)) >= _LEVELS:
            found[name] = values
    return found


def _correlations(values, shared):
    """Return the correlations of a column with shared ones; 0 where there is none."""
    found = []
    for other in shared:
        rows = np.isfinite(values) & np.isfinite(other)
        a, b = values[rows], other[rows]
        varies = len(a) > 2 and np.ptp(a) > 0 and np.ptp(b) > 0
        found.append(np.corrcoef(a, b)[0, 1] if varies else 0.0)
    return np.array(found)


def _distance(source, target):
    """Return the largest difference of two distribution functions."""
    both = np.concatenate([source, target])
    shares = [
        np.searchsorted(np.sort(values), both, side="right") / len(values)
        for values in (source, target)
    ]
    return np.abs(shares[0] - shares[1]).max()


def _alike(source, target):
    """Return how far two samples are apart at best, and in which words they are one.

    None if they are of other shapes, or if no constant factor makes them one.
    """
    source, target = (values[np.isfinite(values)] for values in (source, target))
    limit = max(0.08, 1.5 * np.sqrt(1 / len(source) + 1 / len(target)))
    distance = _distance(source, target)
    if distance <= limit:
        return distance, "the same distribution"
    factor = np.median(target) / np.median(source) if np.median(source) else 0.0
    spread = np.subtract(*np.quantile(source, [0.75, 0.25]))
    other = np.subtract(*np.quantile(target, [0.75, 0.25]))
    if spread <= 0 or other <= 0:
        return None
    shape = source * (other / spread)
    shape = shape + np.median(target) - np.median(shape)
    distance = _distance(shape, target)
    if distance > limit:
        return None
    words = conversion(source, target)
    if words is None and factor > 0 and 0.8 < other / spread / factor < 1.25:
        words = f"target = source x {factor:.4g}"
    return None if words is None else (distance, words)


def suggest_matches(tables):
    """Return columns of one table that may be columns of the other.

    Parameters
    ----------
    tables : ColumnTables
        Two tables. The first 1000 rows of each are looked at.

    Returns
    -------
    suggestions : list of (source column, target column, words)
        Numbers of the same distribution, or that are so after a constant factor or a
        known conversion of units, whose correlations with the columns that both have
        are alike, and that have no better partner. Where these correlations are small,
        a column that looks like a shared one too is not suggested.
    """
    ours = _values(tables.Xs, tables.source_only)
    theirs = _values(tables.Xt, tables.target_only)
    if not ours or not theirs:
        return []
    both = [_values(X, tables.shared) for X in tables]
    shared = [name for name in both[0] if name in both[1]]
    r_s, r_t = (
        {name: _correlations(v, [found[key] for key in shared]) for name, v in own}
        for own, found in zip((ours.items(), theirs.items()), both, strict=True)
    )
    noise = 2 / np.sqrt(min(len(tables.Xs), len(tables.Xt), _MOST_ROWS))
    found = {}
    for s in ours:
        for t in theirs:
            alike = _alike(ours[s], theirs[t])
            apart = np.abs(r_s[s] - r_t[t]).mean() if shared else 0.0
            if alike is not None and apart <= max(0.1, noise):
                found[s, t] = alike[0] + apart, alike[1]
    return [
        (s, t, words)
        for (s, t), (distance, words) in found.items()
        if _is_best(found, s, t, distance, r_s[s])
        and (_tells(r_s[s]) or not any(_alike(ours[s], both[0][k]) for k in shared))
    ]


def _is_best(found, s, t, distance, correlations):
    """Return whether a pair has no rival, or correlations that tell it from rivals."""
    rivals = [
        value[0]
        for pair, value in found.items()
        if pair != (s, t) and (pair[0] == s or pair[1] == t)
    ]
    if not rivals:
        return True
    return _tells(correlations) and distance < min(rivals)


def _tells(correlations):
    """Return whether correlations with shared columns tell a column from others."""
    return len(correlations) > 0 and np.abs(correlations).max() >= _TELLING
