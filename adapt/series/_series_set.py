"""Series side by side in one array: of any length, with gaps, with names."""

import numpy as np


def observed_lengths(values):
    """Return how many steps each series has, to its last observed value.

    Parameters
    ----------
    values : ndarray of shape (n_series, n_steps, n_channels)
        Series; NaN after the end of the shorter ones.

    Returns
    -------
    lengths : ndarray of shape (n_series,)
        0 for a series without a value.
    """
    n, n_steps, _ = values.shape
    if not np.isnan(values.sum()):  # the usual case, at no cost
        return np.full(n, n_steps)
    seen = ~np.isnan(values).all(axis=2)
    return np.where(seen.any(axis=1), n_steps - seen[:, ::-1].argmax(axis=1), 0)


def padded(values, n_steps):
    """Return series with NaN after their end, `n_steps` long or as long as they are."""
    missing = n_steps - values.shape[1]
    if missing <= 0:
        return values
    return np.pad(values, [(0, 0), (0, missing), (0, 0)], constant_values=np.nan)


def stretched(values, n_steps):
    """Stretch each series to a number of steps, by linear interpolation.

    Parameters
    ----------
    values : ndarray of shape (n_series, any number of steps, n_channels)
        Series; NaN after the end of the shorter ones. Gaps inside are bridged.

    n_steps : int
        The number of steps that all of them get.

    Returns
    -------
    same : ndarray of shape (n_series, n_steps, n_channels)
        NaN where a channel of a series has no value at all.
    """
    lengths = np.maximum(observed_lengths(values), 1)
    values = np.array(values)  # a copy, whose gaps are bridged
    inside = np.arange(values.shape[1]) < lengths[:, None]
    gaps = np.isnan(values) & inside[:, :, None]
    for i, c in np.argwhere(gaps.any(axis=1)):
        known = np.flatnonzero(~np.isnan(values[i, :, c]))
        if len(known):
            steps = np.arange(lengths[i])
            values[i, : lengths[i], c] = np.interp(steps, known, values[i, known, c])
    place = np.linspace(0, 1, n_steps) * (lengths[:, None] - 1)
    before = np.minimum(place.astype(np.intp), np.maximum(lengths - 2, 0)[:, None])
    after = np.minimum(before + 1, lengths[:, None] - 1)
    share = (place - before)[:, :, None].astype(values.dtype)
    low, high = (
        np.take_along_axis(values, at[:, :, None], axis=1) for at in (before, after)
    )
    return low + share * (high - low)


class SeriesSet:
    """Series of one or more channels, validated, as `as_series` returns them.

    It has a length, a shape and rows that are taken by ``series[rows]``, and
    ``numpy.asarray(series)`` is its array, so that it goes wherever an array of three
    dimensions goes.

    Parameters
    ----------
    values : ndarray of shape (n_series, n_steps, n_channels)
        The series; NaN after the end of those that are shorter than the longest, and
        where a value is missing.

    channels : list of str
        Names of the channels.

    ids : ndarray of shape (n_series,)
        What names each series.

    labels : dict of str to ndarray of shape (n_series,), default=None
        Columns of a long table that hold one value for each series.

    Attributes
    ----------
    lengths : ndarray of shape (n_series,)
        Number of steps of each series, to its last observed value.
    """

    ndim = 3

    def __init__(self, values, channels, ids, labels=None):
        self.values = values
        self.channels = list(channels)
        self.ids = ids
        self.labels = {} if labels is None else labels
        self.lengths = observed_lengths(values)

    @property
    def shape(self):
        """Return ``(n_series, n_steps, n_channels)``."""
        return self.values.shape

    @property
    def dtype(self):
        """Return the type of the values."""
        return self.values.dtype

    def __len__(self):
        return len(self.values)

    def __array__(self, dtype=None, copy=None):
        if copy:
            return np.array(self.values, dtype=dtype)
        return np.asarray(self.values, dtype=dtype)

    def __getitem__(self, rows):
        rows = np.arange(len(self))[rows]
        if rows.ndim == 0:
            return self.values[rows]
        labels = {name: column[rows] for name, column in self.labels.items()}
        return SeriesSet(self.values[rows], self.channels, self.ids[rows], labels)

    def __repr__(self):
        low, high = self.lengths.min(), self.lengths.max()
        steps = str(low) if low == high else f"{low} to {high}"
        names = ", ".join(self.channels[:6]) + (", ..." if self.channels[6:] else "")
        return f"<{len(self)} series of {steps} steps, channels {names}>"

    def stretched(self, n_steps):
        """Return the series stretched to `n_steps` steps by linear interpolation.

        Parameters
        ----------
        n_steps : int
            The number of steps that all of them get.

        Returns
        -------
        series : SeriesSet
            Of the same channels, ids and labels, without gaps.
        """
        values = stretched(self.values, n_steps)
        return SeriesSet(values, self.channels, self.ids, self.labels)
