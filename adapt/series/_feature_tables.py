"""Features of the series of two domains, for what looks at tables."""

import numpy as np

from adapt.series._as_series import as_series
from adapt.series._base import is_series
from adapt.series._features import SeriesFeatures
from adapt.series._series_set import SeriesSet, padded
from adapt.series._spectrum import band_power
from adapt.series._summary import centred


def both_series(Xs, Xt):
    """Return the series of source and target, one after the other.

    Parameters
    ----------
    Xs, Xt : series in any form of `as_series`
        Of the same channels.

    Returns
    -------
    both : SeriesSet
    """
    Xs, Xt = as_series(Xs), as_series(Xt)
    n_steps = max(Xs.shape[1], Xt.shape[1])
    values = [padded(X.values, n_steps) for X in (Xs, Xt)]
    n = len(Xs) + len(Xt)
    return SeriesSet(np.concatenate(values), Xs.channels, np.arange(n))


def fitted_features(Xs, Xt):
    """Return `SeriesFeatures` fitted on both domains; None if rows are no series."""
    if not is_series(Xs):
        return None
    return SeriesFeatures().fit(both_series(Xs, Xt))


def as_tables(Xs, Xt):
    """Return features of series, with 0 where none is known, and tables as they are."""
    features = fitted_features(Xs, Xt)
    if features is None:
        return Xs, Xt
    return tuple(np.nan_to_num(features.transform(X)) for X in (Xs, Xt))


def channel_summary(series):
    """Return level, scale and spectrum of each channel of each series, as a frame.

    Parameters
    ----------
    series : SeriesSet
        Series.

    Returns
    -------
    frame : DataFrame
        The mean of a channel, the logarithm of its standard deviation, and the mean
        frequency of its spectrum in cycles a step; NaN where it has no value.
    """
    import pandas as pd

    D, mean, std, _ = centred(np.ascontiguousarray(series.values.swapaxes(1, 2)))
    n_steps = max(int(series.lengths.max()), 1)
    centroid = band_power(D, series.lengths, n_steps)[1] / 2
    smallest = np.nanmin(np.where(std > 0, std, np.inf), axis=0)
    scale = np.log(np.maximum(std, np.where(np.isfinite(smallest), smallest, 1)))
    columns = {}
    for k, name in enumerate(series.channels):
        columns[f"{name}: level"] = mean[:, k]
        columns[f"{name}: scale"] = scale[:, k]
        columns[f"{name}: spectrum"] = centroid[:, k]
    return pd.DataFrame(columns)
