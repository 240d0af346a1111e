"""Many series over the same steps of time, from the forms in which people have them."""

from typing import Any, NamedTuple

import numpy as np

from adapt._frames import as_pandas, is_frame

__all__ = ["Panel", "as_output", "read_panel"]


class Panel(NamedTuple):
    """Series over common steps.

    ``y`` of shape (n_series, n_steps) is NaN where a value is not known. ``X`` of shape
    (n_series, n_steps, n_columns) are inputs, of which ``categories`` maps the columns
    that are codes to what these stand for. ``form`` is "array", "wide" or "long": how
    the series were given.
    """

    y: np.ndarray
    X: np.ndarray
    names: list
    times: Any
    columns: list
    categories: dict
    form: str


def read_panel(y, X=None, *, columns=("series", "time", "y"), like=None):
    """Return series as a `Panel`, and refuse what is ambiguous.

    Parameters
    ----------
    y : array-like of shape (n_series, n_steps), or data frame
        A frame is long if it has the first two of `columns`, and else wide: a row for
        each time, which its index holds, and a column for each series.

    X : array-like or data frame, default=None
        Inputs: for arrays of shape (n_steps, n_columns) or (n_series, n_steps,
        n_columns), and for a wide frame a frame with the same index. The inputs of a
        long frame are its other columns.

    columns : (str, str, str), default=("series", "time", "y")
        Columns of a long frame: series, time and value.

    like : Panel, default=None
        What these series go on from: they must be the same, with the same inputs, and
        begin one step later.

    Returns
    -------
    panel : Panel
    """
    if not is_frame(y):
        panel = _read_array(y, X)
    else:
        frame = as_pandas(y)
        if {columns[0], columns[1]} <= set(frame.columns):
            if X is not None:
                raise ValueError(
                    "`X` was given beside a long frame, whose other columns are the "
                    "inputs: leave it out."
                )
            panel = _read_long(frame, columns, like)
        else:
            panel = _read_wide(frame, X, like)
    if like is not None:
        _check_goes_on(panel, like)
    return panel


def as_output(values, panel, columns):
    """Return values of shape (n_series, n_steps) in the form of ``panel``."""
    import pandas as pd

    if panel.form == "array":
        return values
    if panel.form == "wide":
        return pd.DataFrame(values.T, index=panel.times, columns=panel.names)
    n_series, n_steps = values.shape
    return pd.DataFrame(
        {
            columns[0]: np.repeat(np.asarray(panel.names), n_steps),
            columns[1]: np.tile(np.asarray(panel.times), n_series),
            columns[2]: values.ravel(),
        }
    )


def _read_array(y, X):
    y = np.asarray(y, dtype=float)
    if y.ndim != 2:
        raise ValueError(
            f"`y` must be of shape (n_series, n_steps), got {y.shape}; or a long or a "
            "wide frame."
        )
    X = _inputs_of_arrays(X, y.shape)
    names = [f"x{i}" for i in range(X.shape[-1])]
    times = np.arange(y.shape[1])
    return Panel(_finite(y), X, list(range(len(y))), times, names, {}, "array")


def _inputs_of_arrays(X, shape):
    """Return inputs of shape (n_series, n_steps, n_columns)."""
    if X is None:
        return np.empty((*shape, 0))
    X = np.asarray(X, dtype=float)
    if X.ndim == 2 and len(X) == shape[1]:
        X = np.broadcast_to(X, (shape[0], *X.shape))
    if X.shape[:-1] != shape:
        raise ValueError(
            f"`X` must be of shape (n_steps, n_columns) or (n_series, n_steps, "
            f"n_columns) with {shape[0]} series and {shape[1]} steps, got {X.shape}."
        )
    return X


def _finite(y):
    if np.isinf(y).any():
        raise ValueError("`y` contains infinity. NaN marks an unknown value.")
    return y


def _read_wide(frame, X, like):
    import pandas as pd

    _check_kind_of_times(pd.Series(frame.index), "index of `y`")
    times = _checked_times(pd.Series(frame.index), "index of `y`", like)
    if X is None:
        X = pd.DataFrame(index=frame.index)
    if not X.index.equals(frame.index):
        raise ValueError("`X` and `y` are wide frames with different indexes.")
    codes, categories = _as_codes(X, like)
    shape = frame.shape[::-1]
    inputs = np.broadcast_to(codes, (shape[0], *codes.shape))
    y = _finite(frame.to_numpy(dtype=float).T)
    names = list(frame.columns)
    return Panel(y, inputs, names, times, list(X.columns), categories, "wide")


def _read_long(frame, columns, like):
    import pandas as pd

    series, time, value = columns
    twice = frame.duplicated([series, time])
    if twice.any():
        row = frame[twice].iloc[0]
        raise ValueError(
            f"`y` has more than one row for series {row[series]!r} at {row[time]!r}; "
            f"{twice.sum()} rows are repeated. Keep one of each."
        )
    if value not in frame.columns and like is None:
        raise ValueError(
            f"`y` has no column {value!r} of values. It has {list(frame.columns)}."
        )
    _check_kind_of_times(frame[time], time)
    times = _checked_times(frame[time].drop_duplicates().sort_values(), time, like)
    names = list(pd.unique(frame[series])) if like is None else like.names
    inputs = frame.drop(columns=[series, time, value], errors="ignore")
    codes, categories = _as_codes(inputs, like)
    rows = pd.Index(names).get_indexer(frame[series])
    steps = pd.Index(times).get_indexer(frame[time])
    if (rows < 0).any():
        raise ValueError(
            f"`y` has series that `fit` did not see: "
            f"{frame[series][rows < 0].unique().tolist()[:5]}."
        )
    y = np.full((len(names), len(times)), np.nan)
    X = np.full((*y.shape, codes.shape[1]), np.nan)
    if value in frame.columns:
        y[rows, steps] = frame[value].to_numpy(dtype=float)
    X[rows, steps] = codes
    return Panel(_finite(y), X, names, times, list(inputs.columns), categories, "long")


def _check_kind_of_times(times, where):
    """Refuse missing times, text, and times of which some have a time zone."""
    import pandas as pd

    if times.isna().any():
        raise ValueError(f"The {where} has missing times.")
    if pd.api.types.is_numeric_dtype(times) or times.dtype.kind == "M":
        return
    if isinstance(times.dtype, pd.DatetimeTZDtype | pd.PeriodDtype):
        return
    zones = {getattr(time, "tzinfo", None) is not None for time in times}
    if len(zones) > 1:
        raise ValueError(
            f"The {where} mixes times with and without a time zone: use "
            "`pd.to_datetime(..., utc=True)`."
        )
    raise ValueError(
        f"The {where} holds text, such as {times.iloc[0]!r}: use `pd.to_datetime`."
    )


def _checked_times(times, where, like):
    """Return increasing times with one step between each two of them."""
    import pandas as pd

    times = times.reset_index(drop=True)
    steps = times.diff().iloc[1:]
    zero = steps.iloc[:1] * 0
    if len(steps) and (steps <= zero.iloc[0]).any():
        at = times[1:][(steps <= zero.iloc[0]).to_numpy()].iloc[0]
        raise ValueError(f"The {where} is not increasing at {at}: sort it.")
    if steps.nunique() > 1 and not _is_calendar(times):
        usual = steps.mode().iloc[0]
        at = times[1:][(steps != usual).to_numpy()].iloc[0]
        raise ValueError(
            f"The {where} has steps of different lengths: the usual one is {usual}, but"
            f" {at} comes after another. Fill gaps with rows without a value, and give "
            "series of different frequencies to forecasters of their own."
        )
    if like is not None and len(like.times) and times.iloc[0] <= like.times[-1]:
        raise ValueError(
            f"The {where} begins at {times.iloc[0]}, but {like.times[-1]} was seen "
            "already: give the steps that follow."
        )
    return pd.Index(times)


def _is_calendar(times):
    """Return whether times have a frequency of the calendar, such as months."""
    import pandas as pd

    if times.dtype.kind != "M" and not isinstance(times.dtype, pd.DatetimeTZDtype):
        return False
    return len(times) > 2 and pd.infer_freq(times) is not None


def _as_codes(frame, like):
    """Return columns as numbers, and what the codes of categories stand for."""
    import pandas as pd

    known = {} if like is None else like.categories
    parts, categories = [], {}
    for name in frame.columns:
        column = frame[name]
        if name in known or not pd.api.types.is_numeric_dtype(column):
            values = known.get(name)
            if values is None:
                values = sorted(column.dropna().unique().tolist(), key=str)
            categories[name] = values
            codes = pd.Index(values).get_indexer(column).astype(float)
            parts.append(np.where(codes < 0, np.nan, codes))
        elif pd.api.types.is_bool_dtype(column):
            categories[name] = [False, True]
            parts.append(column.to_numpy(dtype=float))
        else:
            parts.append(column.to_numpy(dtype=float))
    shape = len(frame), len(frame.columns)
    return np.reshape(parts, shape[::-1]).T, categories


def _check_goes_on(panel, like):
    if panel.form != like.form or panel.names != like.names:
        raise ValueError(
            f"The series are not those of `fit`: got {panel.names[:5]} in the form "
            f"{panel.form!r}, expected {like.names[:5]} in the form {like.form!r}."
        )
    if panel.columns != like.columns:
        raise ValueError(
            f"The inputs are not those of `fit`: got {panel.columns}, expected "
            f"{like.columns}."
        )
