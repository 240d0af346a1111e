"""The forms in which people have series, and the one that the library computes with."""

import warnings

import numpy as np

from adapt._frames import as_pandas, column_names, index_levels, is_frame
from adapt.series._long_table import read_long
from adapt.series._series_set import SeriesSet


def _numbers(X, what):
    X = np.asarray(X)
    if X.dtype.kind not in "iufb":
        raise TypeError(
            f"{what} holds values of type {X.dtype}, and series are numbers. Series of "
            "unequal length go in a list of arrays of shape (n_steps, n_channels)."
        )
    X = X if X.dtype == np.float32 else X.astype(np.float64)
    if np.isinf(X).any():
        raise ValueError(
            f"{what} contains infinity. Use NaN for missing values of series."
        )
    return X


def _names(n_channels, given):
    if given is None:
        return [f"channel_{k}" for k in range(n_channels)]
    if len(given) != n_channels:
        raise ValueError(
            f"`channels` has {len(given)} names, and the series {n_channels} channels."
        )
    return [str(name) for name in given]


def _check_layout(n_steps, n_channels):
    """Warn where there are more channels than steps, which is rare."""
    if n_channels > n_steps > 1:
        warnings.warn(
            f"The series have {n_steps} steps and {n_channels} channels: are these "
            "swapped? The layout is (n_series, n_steps, n_channels); give "
            "`channels_last=False` for arrays of shape (n_series, n_channels, "
            "n_steps).",
            UserWarning,
            stacklevel=4,
        )


def _one_of_list(x, k, channels_last):
    """Return a series of a list as an array of shape (n_steps, n_channels)."""
    x = _numbers(as_pandas(x), f"Series {k} of the list")
    if x.ndim == 1:
        return x[:, None]
    if x.ndim != 2:
        raise ValueError(
            f"Series {k} of the list has shape {x.shape}. Each series of a list is an "
            "array of shape (n_steps,) or (n_steps, n_channels)."
        )
    return x if channels_last else x.T


def _from_list(X, channels, channels_last):
    if channels is None and len(X) and is_frame(X[0]):
        channels = column_names(X[0])
    series = [_one_of_list(x, k, channels_last) for k, x in enumerate(X)]
    widths = {x.shape[1] for x in series}
    if len(widths) > 1:
        raise ValueError(
            f"The series of the list have different numbers of channels, "
            f"{sorted(widths)}. Each is of shape (n_steps, n_channels)"
            + (", the longer axis last?" if not channels_last else ".")
        )
    lengths = [len(x) for x in series]
    shape = len(series), max(lengths), widths.pop()
    values = np.full(shape, np.nan, dtype=np.result_type(*series))
    for row, x in zip(values, series, strict=True):
        row[: len(x)] = x
    return values, channels


def _from_array(X, channels, channels_last):
    if is_frame(X):
        X = as_pandas(X)
        if len(X) and isinstance(X.iloc[0, 0], (np.ndarray, list, type(X.iloc[:, 0]))):
            raise TypeError(
                "The cells of the table hold whole series. Bring it to a long table "
                "with a row for each step, or to an array of shape (n_series, "
                "n_steps, n_channels)."
            )
    X = _numbers(X, "`X`")
    if X.ndim == 2:
        return X[:, :, None], channels
    if X.ndim != 3:
        raise ValueError(
            f"`X` has shape {X.shape}. Series are an array of shape (n_series, "
            "n_steps, n_channels), or (n_series, n_steps) for one channel, a list of "
            "arrays, or a long table with `id` and `time`."
        )
    return (X if channels_last else X.swapaxes(1, 2)), channels


def _trimmed(values):
    """Drop the steps at the end where no series has a value."""
    if not np.isnan(values.sum()):
        return values
    seen = ~np.isnan(values).all(axis=(0, 2))
    return values[:, : len(seen) - seen[::-1].argmax()] if seen.any() else values


def is_list_of_series(X):
    """Return whether ``X`` lists series, and is no table.

    Lists of rows of one length are tables; rows of unequal length can only be series.
    """
    if isinstance(X, np.ndarray):
        return X.dtype == object and X.ndim == 1 and is_list_of_series(list(X))
    if not isinstance(X, (list, tuple)) or not len(X):
        return False
    if any(np.isscalar(x) or x is None for x in X):
        return False
    shapes = [x.shape if is_frame(x) else _shape(x) for x in X]
    if any(len(shape) == 0 for shape in shapes):
        return False
    return len(shapes[0]) == 2 or len({shape[0] for shape in shapes}) > 1


def _shape(x):
    """Return the shape of nested lists, of what is ragged the first axis alone."""
    try:
        return np.shape(x)
    except ValueError:
        return (len(x),)


def as_series(X, *, id=None, time=None, channels=None, labels=(), channels_last=True):
    """Bring series to one form, whatever form they have.

    Parameters
    ----------
    X : array-like, list of arrays, DataFrame or SeriesSet
        One of

        - an array of shape ``(n_series, n_steps, n_channels)``, or
          ``(n_series, n_steps)`` for one channel; NaN at the end of shorter series;
        - a list of arrays or frames of shape ``(n_steps, n_channels)`` or
          ``(n_steps,)``, of any length;
        - a long table of pandas or polars, a row for each step of each series, in any
          order: say by `id` and `time` which columns tell series and time;
        - a table of pandas whose index has two levels, the series and the time.

    id, time : str, default=None
        Columns of a long table. Without `time`, the rows of a series are in the order
        of time. Times may be numbers or dates; only their order counts.

    channels : list of str, default=None
        Columns of a long table that hold values; if None, all but `id`, `time` and
        `labels`. For arrays, the names of the channels.

    labels : str or list of str, default=()
        Columns of a long table that hold one value for each series, such as its class
        or who was recorded. They are kept in ``series.labels``.

    channels_last : bool, default=True
        Whether arrays have the layout ``(n_series, n_steps, n_channels)``, as here and
        in tslearn. False for ``(n_series, n_channels, n_steps)``, as in aeon and
        sktime. It is never guessed.

    Returns
    -------
    series : SeriesSet
        The series of a long table are in the order of their sorted ids, ``series.ids``.

    Raises
    ------
    TypeError
        If values or times are no numbers.

    ValueError
        If a column is not there, a time of a series stands in two rows, a label
        changes within a series, or shapes do not fit together.

    Warns
    -----
    UserWarning
        If there are more channels than steps, which means as a rule that axes are
        swapped; if steps of time are uneven.

    See Also
    --------
    cut_windows : Windows of long recordings.

    Notes
    -----
    Time and memory are linear in the number of values, times its logarithm if rows of
    a long table have to be sorted.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.series import as_series
    >>> as_series([np.zeros((5, 2)), np.ones((3, 2))])
    <2 series of 3 to 5 steps, channels channel_0, channel_1>
    >>> import pandas as pd
    >>> long = pd.DataFrame(
    ...     {"window": [1, 0, 1, 0], "t": [1, 1, 0, 0], "x": [4.0, 2.0, 3.0, 1.0]}
    ... )
    >>> as_series(long, id="window", time="t").values[:, :, 0]
    array([[1., 2.],
           [3., 4.]])
    """
    labels = [labels] if isinstance(labels, str) else list(labels)
    if isinstance(X, SeriesSet):
        return X
    if index_levels(X) > 1 and id is None:
        if index_levels(X) != 2:
            raise ValueError(
                f"The index of the table has {X.index.nlevels} levels. Series need two,"
                " the series and the time."
            )
        columns = list(X.columns)
        X = X.reset_index()
        id, time = (name for name in X.columns[:2])
        if channels is None:
            channels = [name for name in columns if name not in labels]
    if id is not None:
        if not is_frame(X):
            raise TypeError(
                "`id` names a column of a long table, and `X` is no data frame but "
                f"{type(X).__name__}."
            )
        return SeriesSet(*_checked(*read_long(X, id, time, channels, labels)))
    if time is not None or labels:
        raise ValueError(
            "`time` and `labels` name columns of a long table, which also needs `id`: "
            "the column that names the series of a row."
        )
    read = _from_list if is_list_of_series(X) else _from_array
    values, names = read(X, channels, channels_last)
    if 0 in values.shape:
        raise ValueError(f"There are no series: got an array of shape {values.shape}.")
    values = _trimmed(values)
    _check_layout(*values.shape[1:])
    return SeriesSet(values, _names(values.shape[2], names), np.arange(len(values)))


def _checked(values, channels, ids, labels):
    if np.isinf(values).any():
        bad = channels[int(np.isinf(values).any(axis=(0, 1)).argmax())]
        raise ValueError(
            f"The column {bad!r} contains infinity. Use NaN for missing values."
        )
    return _trimmed(values), channels, ids, labels
