"""Which series lend their models to the others."""

import numpy as np

__all__ = ["choose_donors", "medoids", "pooled_prior"]

_LONG = 0.9  # share of the longest history that a donor has
_SPREAD = 0.01  # variance of coefficients beyond that among a few donors


def medoids(Z, n_medoids):
    """Return rows that are close to all others, chosen one after the other.

    Parameters
    ----------
    Z : ndarray of shape (n_series, n_steps)
        Standardised series, NaN where a value is not known.

    n_medoids : int
        How many.

    Returns
    -------
    rows : ndarray of shape (n_medoids,)
        Each lowers the sum of the distances to the nearest chosen row by the most.
        Time O(n_series^2 (n_steps + n_medoids)).
    """
    known = np.isfinite(Z)
    filled = np.where(known, Z, 0)
    common = np.maximum(known.astype(float) @ known.T, 1)
    squares = (filled**2) @ known.T
    distances = np.maximum(squares + squares.T - 2 * filled @ filled.T, 0) / common
    nearest, chosen = np.full(len(Z), np.inf), []
    for _ in range(n_medoids):
        totals = np.minimum(nearest[:, np.newaxis], distances).sum(axis=0)
        totals[chosen] = np.inf
        chosen.append(int(totals.argmin()))
        nearest = np.minimum(nearest, distances[:, chosen[-1]])
    return np.array(chosen)


def choose_donors(y, how, n_donors, names, rng):
    """Return the rows of the series that are donors.

    Parameters
    ----------
    y : ndarray of shape (n_series, n_steps)
        Series, standardised, NaN where a value is not known.

    how : {"random", "medoids"} or list
        How they are chosen, among the series with nearly the longest history; or the
        names of the donors.

    n_donors : int
        How many, where they are not given.

    names : list
        Names of the series.

    rng : RandomState instance
        Draws them.

    Returns
    -------
    rows : ndarray of int
    """
    if not isinstance(how, str):
        missing = [name for name in how if name not in names]
        if missing or not len(how):
            raise ValueError(
                f"`donors` names series that are not there: {missing}; they are "
                f"{names[:8]}."
            )
        return np.array([names.index(name) for name in how])
    lengths = np.isfinite(y).sum(axis=1)
    able = np.flatnonzero(lengths >= _LONG * lengths.max())
    n_donors = min(n_donors, len(able))
    if how == "random":
        return np.sort(rng.choice(able, n_donors, replace=False))
    return np.sort(able[medoids(y[able], n_donors)])


def pooled_prior(donors):
    """Return a prior for the coefficients of a series from those of the donors.

    Parameters
    ----------
    donors : list of (ndarray of shape (n_steps, p), ndarray of shape (n_steps,))
        Encoded inputs and values of each donor, in one encoding.

    Returns
    -------
    mean : ndarray of shape (p,)
        Mean of the coefficients of ridge regressions with a penalty of 1.

    covariance : ndarray of shape (p, p)
        Their covariance in units of the variance of the noise, and a little more in
        each direction, because a few donors span only a few directions.
    """
    coef, noise = [], []
    for columns, values in donors:
        gram = columns.T @ columns + np.eye(columns.shape[1])
        coef.append(np.linalg.solve(gram, columns.T @ values))
        noise.append(np.mean((values - columns @ coef[-1]) ** 2))
    mean = np.mean(coef, axis=0)
    apart = np.asarray(coef) - mean
    among = apart.T @ apart / max(len(coef) - 1, 1)
    covariance = among / max(np.mean(noise), np.finfo(float).tiny)
    return mean, covariance + _SPREAD * np.eye(len(mean))
