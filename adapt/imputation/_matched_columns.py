"""Columns of two tables, matched by name."""

import warnings

import numpy as np

from adapt._sklearn import _get_feature_names, _safe_indexing

__all__ = ["match_columns"]


def match_columns(source, target):
    """Return the source with the columns of the target.

    Parameters
    ----------
    source, target : array-likes of shape (n_samples, n_features)
        Tables. If both are frames, columns are matched by name; otherwise the source is
        returned as it is.

    Returns
    -------
    source : array-like of shape (n_samples, n_target_features) or None
        With the columns of the target, in its order. Those that the source lacks are
        NaN, and those that the target lacks are left out. None if they share none.

    Warns
    -----
    UserWarning
        If there is no common column: then nothing can be learned from the source.
    """
    names_s, names_t = _get_feature_names(source), _get_feature_names(target)
    if names_s is None or names_t is None or np.array_equal(names_s, names_t):
        return source
    common = [name for name in names_t if name in set(names_s)]
    if not common:
        warnings.warn(
            "The source has no column of the target's "
            f"({', '.join(map(str, names_t[:5]))}, ...): it is left out.",
            UserWarning,
            stacklevel=3,
        )
        return None
    import pandas as pd

    found = {name: np.asarray(_safe_indexing(source, name, axis=1)) for name in common}
    missing = np.full(len(source), np.nan)
    return pd.DataFrame({name: found.get(name, missing) for name in names_t})
