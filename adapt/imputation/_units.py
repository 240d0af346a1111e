"""Units: a source brought to the target's, column by column.

The mean and the spread of a column decide most of its imputations. They are taken from
the observed cells of the target, and the fewer those are and the closer the domains,
the more from the source.
"""

import warnings
from typing import NamedTuple

import numpy as np

__all__ = [
    "Units",
    "column_units",
    "pseudo_cells",
    "range_units",
    "shared_units",
    "sparing",
]

_MOST = 100.0  # pseudo-cells, where the domains cannot be told apart


class Units(NamedTuple):
    """An affine map of each column: ``(Z - offset) / scale``."""

    offset: np.ndarray
    scale: np.ndarray

    def into(self, Z):
        """Return a matrix in these units."""
        return (Z - self.offset) / self.scale

    def back(self, Z):
        """Return a matrix in these units as it was before."""
        return Z * self.scale + self.offset


def _moments(Z):
    """Return mean, variance and number of the observed cells of each column.

    What has no cells has mean 0 and variance 0; rounding leaves none to a constant.
    """
    n = (~np.isnan(Z)).sum(axis=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of empty columns
        mean, variance = np.nanmean(Z, axis=0), np.nanvar(Z, axis=0)
    mean, variance = np.nan_to_num(mean), np.nan_to_num(variance)
    varies = variance > (1e-12 * (1 + np.abs(mean))) ** 2
    return mean, np.where(varies, variance, 0.0), n


def _units(mean, variance):
    return Units(mean, np.where(variance > 0, np.sqrt(variance), 1.0))


def column_units(Z):
    """Return `Units` in which the observed cells have mean 0 and variance 1."""
    mean, variance, _ = _moments(Z)
    return _units(mean, variance)


def range_units(Z, fallback=None):
    """Return `Units` in which the observed cells of each column span 0 to 1.

    Parameters
    ----------
    Z : ndarray of shape (n_samples, n_columns)
        Rows, with NaN for missing cells.

    fallback : Units, default=None
        Of columns without any value; those of 0 to 1 if None.
    """
    empty = np.isnan(Z).all(axis=0)
    if fallback is None:
        fallback = Units(np.zeros(Z.shape[1]), np.ones(Z.shape[1]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of empty columns
        low, high = np.nanmin(Z, axis=0), np.nanmax(Z, axis=0)
    scale = np.where(high > low, high - low, 1.0)
    return Units(
        np.where(empty, fallback.offset, low), np.where(empty, fallback.scale, scale)
    )


def sparing(units, columns):
    """Return units that leave some columns as they are, such as zeros and ones."""
    return Units(
        np.where(columns, 0.0, units.offset), np.where(columns, 1.0, units.scale)
    )


def pseudo_cells(differences, noise, unit):
    """Return the number of target cells that the source counts as, by empirical Bayes.

    Columns differ between the domains by more than chance with a variance of about
    ``mean(differences**2 - noise)``. The source counts as the number of cells that
    would tell as much: `unit` over that.

    Parameters
    ----------
    differences : ndarray of shape (n_columns,)
        Estimates of the target minus those of the source.

    noise : ndarray of shape (n_columns,)
        Their variances if the domains were the same.

    unit : float
        Variance of an estimate from one cell.

    Returns
    -------
    n : float
        Between 0 and 100.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.imputation._units import pseudo_cells
    >>> pseudo_cells(np.array([3.0, -3.0]), np.full(2, 0.1), 1.0).round(3)
    np.float64(0.112)
    """
    if not len(differences):
        return 0.0
    excess = np.mean(np.square(differences) - noise)
    return min(unit / excess, _MOST) if excess > 0 else _MOST


def shared_units(Zs, Zt, scaling="shrunk"):
    """Return the units of source and target in which both look alike.

    Parameters
    ----------
    Zs, Zt : ndarray of shape (n_samples, n_columns)
        Source and target, with NaN for missing cells.

    scaling : {"shrunk", "own", "source"}
        Units of the target. "own": mean and standard deviation of its observed cells.
        "shrunk": those, as if it had some more cells with the source's, as many as
        `pseudo_cells` says. "source": those of the source. A column of which one domain
        has no value has the units of the other.

    Returns
    -------
    source, target : Units
    """
    mean_s, variance_s, n_s = _moments(Zs)
    mean_t, variance_t, n_t = _moments(Zt)
    source = _units(mean_s, variance_s)
    if scaling == "source":
        return source, _units(
            np.where(n_s > 0, mean_s, mean_t), np.where(n_s > 0, variance_s, variance_t)
        )
    both = (n_s > 0) & (n_t > 1) & (variance_s > 0) & (variance_t > 0)
    ratio = np.log(np.where(both, variance_t, 1.0) / np.where(both, variance_s, 1.0))
    k_mean = k_variance = 0.0
    if scaling == "shrunk":
        k_variance = pseudo_cells(ratio[both], 2 / (n_t[both] - 1), 2.0)
    weight = n_t / np.maximum(n_t + k_variance, 1)
    variance = np.where(both, variance_s * np.exp(weight * ratio), variance_t)
    # One value has no spread, nor have a few that happen to agree.
    variance = np.where((n_s > 0) & (variance == 0), variance_s, variance)
    if scaling == "shrunk":
        there = (n_s > 0) & (n_t > 0) & (variance > 0)
        apart = (mean_t - mean_s)[there] / np.sqrt(variance[there])
        k_mean = pseudo_cells(apart, 1 / n_t[there], 1.0)
    k = np.where(n_s > 0, np.where(n_t > 0, k_mean, 1.0), 0.0)
    mean = (n_t * mean_t + k * mean_s) / np.maximum(n_t + k, 1e-300)
    return source, _units(mean, variance)
