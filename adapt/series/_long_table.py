"""Series in a long table: a row for each step of each series."""

import warnings

import numpy as np

from adapt._frames import column_names


def _require(names, wanted, parameter):
    """Refuse columns that a table does not have."""
    for name in wanted:
        if name not in names:
            known = ", ".join(repr(n) for n in names[:8])
            raise ValueError(
                f"`{parameter}` names the column {name!r}, which the table does not "
                f"have. It has {known}{', ...' if names[8:] else ''}."
            )


def _numbers(frame, name):
    column = np.asarray(frame[name])
    try:
        kept = column.dtype == np.float32
        return column if kept else column.astype(np.float64)
    except (TypeError, ValueError):
        raise TypeError(
            f"The column {name!r} does not hold numbers, as channels of series do. "
            "List the columns to use in `channels`, or name it in `labels` if it has "
            "one value for each series."
        ) from None


def _codes(frame, id):
    """Return the number of the series of each row, and the sorted names of series."""
    import pandas as pd

    keys = np.asarray(frame[id])
    codes, ids = pd.factorize(keys, sort=True)
    if (codes < 0).any():
        raise ValueError(
            f"The column {id!r}, which says to which series a row belongs, is missing "
            f"in {(codes < 0).sum()} rows. Drop these rows, or name their series."
        )
    return codes, np.asarray(ids)


def _times(frame, time):
    import pandas as pd

    times = np.asarray(frame[time])
    if times.dtype.kind not in "iufmM":
        example = times[0] if len(times) else None
        raise TypeError(
            f"The column {time!r} holds values such as {example!r}, which are no times "
            "that can be put in order. Make numbers or dates of them first: "
            f"`pandas.to_datetime(frame[{time!r}])`."
        )
    if pd.isna(times).any():
        raise ValueError(
            f"The column {time!r} is missing in {pd.isna(times).sum()} rows, so their "
            "place in the series is not known. Drop them, or fill them in."
        )
    return times.view(np.int64) if times.dtype.kind in "mM" else times


def _check_steps(times, same, codes, ids, names):
    """Refuse two rows of one time; warn of series that are not evenly sampled."""
    id, time = names
    steps = np.diff(times)[same]
    if (steps == 0).any():
        at = np.flatnonzero(same)[np.argmax(steps == 0)]
        raise ValueError(
            f"The series {ids[codes[at]]!r} has two rows of the same {time!r}. Each "
            f"pair of {id!r} and {time!r} may stand in one row: aggregate them first."
        )
    if not len(steps):
        return
    uneven = np.mean(steps > 1.5 * np.median(steps))
    if uneven > 0.01:
        warnings.warn(
            f"{uneven:.0%} of the steps of {time!r} are longer than the others. Series "
            "are taken to be sampled evenly, in the order of time: resample them "
            "first if gaps matter.",
            UserWarning,
            stacklevel=4,
        )


def _constant(frame, name, order, same, codes, ids, starts):
    """Return the one value that a column has in each series."""
    column = np.asarray(frame[name])[order]
    changes = same & (column[1:] != column[:-1])
    if column.dtype.kind == "f":
        changes &= ~(np.isnan(column[1:]) & np.isnan(column[:-1]))
    if changes.any():
        at = np.argmax(changes)
        raise ValueError(
            f"The column {name!r} changes within the series {ids[codes[at]]!r}, from "
            f"{column[at]!r} to {column[at + 1]!r}. `labels` have one value for each "
            "series: cut the series into windows of one label first."
        )
    return column[starts]


def _counted_order(codes, times):
    """Return the order of rows without sorting them, or None where that does not pay.

    It pays if series share their times, so that a table with a cell for each series and
    time has few empty cells. It is None if a series has two rows of the same time.
    """
    import pandas as pd

    ranks, distinct = pd.factorize(times, sort=True)
    n_cells = (codes.max() + 1) * len(distinct)
    if n_cells > 4 * len(codes):
        return None
    rows = np.full(n_cells, -1)
    rows[codes * len(distinct) + ranks] = np.arange(len(codes))
    rows = rows[rows >= 0]
    return rows if len(rows) == len(codes) else None


def _order(codes, times):
    """Return the rows in the order of series and times; a slice if they are in it."""
    rising = np.diff(codes)
    in_order = rising >= 0
    if times is not None:
        in_order &= (rising > 0) | (np.diff(times) >= 0)
    if in_order.all():
        return slice(None)
    if times is None:
        return np.argsort(codes, kind="stable")
    order = _counted_order(codes, times)
    return np.lexsort((times, codes)) if order is None else order


def _filled(columns, order, codes, starts):
    """Return ordered rows as series side by side, NaN after the end of shorter ones."""
    counts = np.diff(np.r_[starts, len(codes)])
    rows = np.column_stack(columns)[order]
    shape = len(counts), counts.max(), len(columns)
    if (counts == counts.max()).all():
        return rows.reshape(shape)
    values = np.full(shape, np.nan, dtype=rows.dtype)
    values[codes, np.arange(len(codes)) - np.repeat(starts, counts)] = rows
    return values


def read_long(frame, id, time, channels, labels):
    """Return the values, channels, ids and labels of the series of a long table.

    Parameters
    ----------
    frame : DataFrame
        Of pandas or polars; rows in any order.

    id, time : str
        Columns with the name of the series and the time of a row. Without `time`, rows
        are in the order of time.

    channels : list of str or None
        Columns of values; None for all others.

    labels : list of str
        Columns that hold one value for each series.

    Returns
    -------
    values : ndarray of shape (n_series, n_steps, n_channels)
    channels : list of str
    ids : ndarray of shape (n_series,)
    labels : dict of str to ndarray of shape (n_series,)
    """
    names = column_names(frame)
    keys = [id] if time is None else [id, time]
    _require(names, [id], "id")
    _require(names, keys[1:], "time")
    _require(names, labels, "labels")
    if channels is None:
        channels = [name for name in names if name not in (*keys, *labels)]
    _require(names, channels, "channels")
    if not channels:
        raise ValueError("No column is left for the values of the series.")
    if not len(frame):
        raise ValueError("The table has no rows, and so no series.")
    columns = [_numbers(frame, name) for name in channels]
    codes, ids = _codes(frame, id)
    times = None if time is None else _times(frame, time)
    order = _order(codes, times)
    codes = codes[order]
    same = codes[1:] == codes[:-1]
    if times is not None:
        _check_steps(times[order], same, codes, ids, keys)
    starts = np.flatnonzero(np.r_[True, ~same])
    kept = {
        name: _constant(frame, name, order, same, codes, ids, starts) for name in labels
    }
    values = _filled(columns, order, codes, starts)
    return values, [str(name) for name in channels], ids, kept
