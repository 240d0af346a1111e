"""How alike two data sets are: how well the network of one fills holes in the other."""

from typing import NamedTuple

import numpy as np

from adapt.imputation._deep._hiding import hide_cells
from adapt.imputation._units import column_units, range_units

__all__ = ["Similarity", "jackknife", "measure_similarity"]

_N_HIDINGS = 5  # times that a target's cells are hidden
_N_GROUPS = 20  # of rows, each left out in turn


class Similarity(NamedTuple):
    """How alike a source is to a target, seen from incomplete rows.

    `ClueGAINImputer.similarity` measures it.

    Parameters
    ----------
    similarity : float
        1 minus the error of the source's generator on hidden cells of the target over
        that of the target's column means: 0 if the generator is no better than the
        means, negative if it is worse. It stays below 1, because some cells are scored
        when nothing else in their row is shown.

    standard_error : float
        Its standard error, by the jackknife over groups of rows.

    mean_distance : float
        The simple comparator: distance of the column means of the two, root mean square
        over the columns, each brought to span 0 to 1 in both.

    See Also
    --------
    ClueGAINImputer : Measures it, and ranks sources by it.

    Examples
    --------
    >>> from adapt.imputation import Similarity
    >>> Similarity(0.4, 0.05, 0.1).similarity
    0.4
    """

    similarity: float
    standard_error: float
    mean_distance: float


def jackknife(error, baseline):
    """Return ``1 - sqrt(sum(error) / sum(baseline))`` and its standard error.

    Parameters
    ----------
    error, baseline : ndarray of shape (n_groups,)
        Sums of squares of each group, which is left out in turn.
    """

    def value(e, b):
        return 1 - np.sqrt(e / b)

    left = value(error.sum() - error, baseline.sum() - baseline)
    n = len(left)
    spread = np.sqrt((n - 1) / n * np.sum(np.square(left - left.mean())))
    return float(value(error.sum(), baseline.sum())), float(spread)


def _column_edges(Z):
    """Return the least and the largest cell of each column, infinite for none."""
    missing = np.isnan(Z)
    least = np.where(missing, np.inf, Z).min(axis=0)
    most = np.where(missing, -np.inf, Z).max(axis=0)
    empty = missing.all(axis=0)
    return np.where(empty, -np.inf, least), np.where(empty, np.inf, most)


def measure_similarity(Zs, Zt, units, ensemble, rng):
    """Compare the rows of two domains by a generator of the first.

    Parameters
    ----------
    Zs, Zt : ndarray of shape (n_samples, [time,] n_columns)
        Source and target, in the units of the source, with NaN for missing cells.

    units : Units
        From these, the units in which the target is shown to the generator.

    ensemble : MaskedEnsemble
        The generator of the source.

    rng : RandomState
        Draws the hidden cells, of each row a share from 0 to 1.

    Returns
    -------
    similarity : Similarity
    """
    n_columns = Zt.shape[-1]
    flat, flat_source = Zt.reshape(-1, n_columns), Zs.reshape(-1, n_columns)
    T = units.into(Zt)
    # The source shows nothing beyond its range, but that it ends there.
    edges = _column_edges(flat_source)
    spread = range_units(np.concatenate([flat_source, flat])).scale
    observed = ~np.isnan(T)
    counts = observed.reshape(flat.shape).sum(axis=0)
    # The mean of the column's other cells; of none, that of the source.
    others = (np.nansum(flat, axis=0) - Zt) / np.maximum(counts - 1, 1)
    group = rng.permutation(len(T)) % min(len(T), _N_GROUPS)
    error, baseline = np.zeros((2, group.max() + 1))
    for _ in range(_N_HIDINGS):
        hidden = hide_cells(rng, (len(T),), T.shape[1:], ensemble.groups, (0.0, 1.0))
        hidden &= observed
        shown = np.where(hidden, np.nan, np.clip(T, *edges))
        filled = units.back(ensemble.mean(shown))
        for sums, guess in ((error, filled), (baseline, others)):
            squares = np.where(hidden, np.square((guess - Zt) / spread), 0.0)
            per_row = squares.reshape(len(T), -1).sum(axis=1)
            sums += np.bincount(group, per_row, minlength=len(sums))
    target, source = column_units(flat).offset, column_units(flat_source).offset
    both = (counts > 0) & ~np.isnan(flat_source).all(axis=0)
    apart = ((target - source) / spread)[both]
    distance = float(np.sqrt(np.mean(np.square(apart)))) if both.any() else np.nan
    return Similarity(*jackknife(error, baseline), distance)
