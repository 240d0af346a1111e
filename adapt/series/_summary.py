"""Features of the values of series: moments, quantiles, change, correlations.

Functions take arrays of shape (n_series, n_channels, n_steps), so that the steps of a
channel lie side by side in memory. NaN marks what was not observed.
"""

import numpy as np

QUANTILES = {
    "min": 0.0,
    "q05": 0.05,
    "q25": 0.25,
    "median": 0.5,
    "q75": 0.75,
    "q95": 0.95,
    "max": 1.0,
}
OF_CHANNELS = (
    "mean",
    "std",
    *QUANTILES,
    "slope",
    "mean_abs_change",
    "std_change",
    "skewness",
    "kurtosis",
    "crossings",
    "first",
    "last",
)
_FLAT = 1e-10  # of the largest value: a smaller deviation is a rounding error


def centred(Z):
    """Return the deviations from the mean, 0 where nothing was observed.

    Parameters
    ----------
    Z : ndarray of shape (n_series, n_channels, n_steps)
        Series; NaN where a value is missing.

    Returns
    -------
    D : ndarray of the shape of Z
        Deviations; those of a constant channel are exactly 0.

    mean, std : ndarrays of shape (n_series, n_channels)
        NaN for a channel without a value.

    seen : ndarray of bool of the shape of Z, or None
        Which values are observed; None if all are.
    """
    if not np.isnan(Z.sum()):
        seen, mean = None, Z.mean(axis=2)
        D = Z - mean[:, :, None]
        std = np.sqrt(np.einsum("nct,nct->nc", D, D) / Z.shape[2])
        largest = np.abs(mean)
    else:
        seen = ~np.isnan(Z)
        count = seen.sum(axis=2)
        filled = np.where(seen, Z, 0)
        with np.errstate(invalid="ignore"):
            mean = filled.sum(axis=2) / count
            D = np.where(seen, Z - mean[:, :, None], 0)
            std = np.sqrt(np.einsum("nct,nct->nc", D, D) / count)
        largest = np.abs(np.nan_to_num(mean))
    flat = std <= _FLAT * largest
    D[flat] = 0
    std[flat] = 0
    return D, mean, std, seen


def _ratio(a, b):
    """Return ``a / b``, and 0 where nothing varies; NaN stays NaN."""
    return np.divide(a, b, out=np.where(np.isnan(b), np.nan, 0.0), where=b > 0)


def _sorted_quantiles(Z, count):
    """Return quantiles of the observed values, linear between neighbours."""
    ordered = np.sort(Z, axis=2)  # NaN come last
    top = np.maximum(count - 1, 0)
    found = []
    for q in QUANTILES.values():
        place = q * top
        low = place.astype(np.intp)
        high = np.minimum(low + 1, top)
        a, b = (
            np.take_along_axis(ordered, at[:, :, None], axis=2)[:, :, 0]
            for at in (low, high)
        )
        found.append(a + (place - low) * (b - a))
    return found


def _at_ends(Z, seen):
    """Return the first and the last observed value."""
    if seen is None:
        return Z[:, :, 0], Z[:, :, -1]
    first = seen.argmax(axis=2)
    last = Z.shape[2] - 1 - seen[:, :, ::-1].argmax(axis=2)
    return tuple(
        np.take_along_axis(Z, at[:, :, None], axis=2)[:, :, 0] for at in (first, last)
    )


def _slope(D, seen):
    """Return the slope of the regression on time, times the number of steps."""
    n_steps = D.shape[2]
    t = np.arange(n_steps) - (n_steps - 1) / 2
    if seen is None:
        return D @ t / max(t @ t, 1) * n_steps
    count = np.maximum(seen.sum(axis=2), 1)
    t = np.where(seen, t, 0)
    t -= np.where(seen, (t.sum(axis=2) / count)[:, :, None], 0)
    squares = np.einsum("nct,nct->nc", t, t)
    return np.einsum("nct,nct->nc", D, t) / np.maximum(squares, 1) * count


def _changes(Z, D, seen):
    """Return mean and deviation of the changes from step to step, and crossings."""
    step = np.diff(Z, axis=2)
    crossed = (D[:, :, 1:] > 0) != (D[:, :, :-1] > 0)
    if seen is None:
        return (
            np.abs(step).mean(axis=2),
            step.std(axis=2),
            crossed.mean(axis=2),
        )
    both = ~np.isnan(step)
    count = np.maximum(both.sum(axis=2), 1)
    step = np.where(both, step, 0)
    mean = step.sum(axis=2) / count
    variance = np.einsum("nct,nct->nc", step, step) / count - mean**2
    return (
        np.abs(step).sum(axis=2) / count,
        np.sqrt(np.maximum(variance, 0)),
        (crossed & both).sum(axis=2) / count,
    )


def correlations(D):
    """Return the correlations of the channels of each series.

    Parameters
    ----------
    D : ndarray of shape (n_series, n_channels, n_steps)
        Deviations from the mean, 0 where nothing was observed.

    Returns
    -------
    R : ndarray of shape (n_series, n_channels * (n_channels - 1) / 2)
        Of the pairs (0, 1), (0, 2), ...; 0 where a channel is constant.
    """
    first, second = np.triu_indices(D.shape[1], 1)
    products = D @ D.swapaxes(1, 2)
    norms = np.sqrt(np.einsum("ncc->nc", products))
    return _ratio(products[:, first, second], norms[:, first] * norms[:, second])


def shapes(D, std, seen):
    """Return skewness and kurtosis of the values of each channel; 0 if constant."""
    count = D.shape[2] if seen is None else np.maximum(seen.sum(axis=2), 1)
    squares = D * D
    third = np.einsum("nct,nct->nc", squares, D) / count
    fourth = np.einsum("nct,nct->nc", squares, squares) / count
    return _ratio(third, std**3), _ratio(fourth, std**4)


def summary(Z):
    """Return the summary features of series.

    Parameters
    ----------
    Z : ndarray of shape (n_series, n_channels, n_steps)
        Series; NaN where a value is missing.

    Returns
    -------
    F : ndarray of shape (n_series, 17 * n_channels + pairs of channels)
        `OF_CHANNELS` one after the other, each for all channels, then correlations.
        NaN for a channel without a value.
    """
    D, mean, std, seen = centred(Z)
    count = Z.shape[2] if seen is None else seen.sum(axis=2)
    quantiles = _sorted_quantiles(Z, np.broadcast_to(count, mean.shape))
    if Z.shape[2] > 1:
        change, spread, crossings = _changes(Z, D, seen)
    else:
        change = spread = crossings = np.zeros_like(mean)
    parts = [mean, std, *quantiles, _slope(D, seen), change, spread]
    parts += [*shapes(D, std, seen), crossings, *_at_ends(Z, seen)]
    F = np.stack(parts, axis=1)
    if seen is not None:
        F[:, :, :] = np.where((count > 0)[:, None], F, np.nan)
    F = np.concatenate([F.reshape(len(Z), -1), correlations(D)], axis=1)
    return F


def summary_names(channels):
    """Return the names of the columns of `summary`."""
    pairs = zip(*np.triu_indices(len(channels), 1), strict=True)
    return [f"{channel}__{name}" for name in OF_CHANNELS for channel in channels] + [
        f"{channels[i]}__{channels[j]}__correlation" for i, j in pairs
    ]
