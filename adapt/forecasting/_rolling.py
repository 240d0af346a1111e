"""Forecasts as they would have been made, day by day, and a check that they are."""

import numpy as np
from sklearn.base import clone
from sklearn.utils import check_random_state

from adapt._frames import as_pandas
from adapt.forecasting._panel import as_output, read_panel

__all__ = ["find_leak", "rolling_forecast"]


def _steps(y, X, panel, columns, start, stop):
    """Return some steps of series, in the form in which they were given."""
    if panel.form == "array":
        steps = slice(start, stop)
        inputs = None if X is None else np.asarray(X)[..., steps, :]
        return np.asarray(y, dtype=float)[:, steps], inputs
    if panel.form == "wide":
        return y.iloc[start:stop], None if X is None else X.iloc[start:stop]
    times = panel.times[start:stop]
    return y[y[columns[1]].isin(times)], None


def rolling_forecast(forecaster, y, X=None, *, start):
    """Forecast each step from what was known by then, as if time went by.

    The forecaster is fitted on the steps before `start`. From there it forecasts the
    next ``delay`` steps, is shown their values by `update`, and so on.

    Parameters
    ----------
    forecaster : TransferForecaster
        It is cloned.

    y, X : array-likes or data frames
        Series and inputs, in one of the forms that `TransferForecaster.fit` takes.

    start : int
        First step that is forecast.

    Returns
    -------
    predictions : ndarray of shape (n_series, n_steps - start) or data frame
        In the form of `y`.

    Examples
    --------
    >>> from adapt.datasets import make_loads
    >>> from adapt.forecasting import TransferForecaster, rolling_forecast
    >>> data = make_loads(n_series=8, n_steps=120, random_state=0)
    >>> model = TransferForecaster(n_donors=2, random_state=0)
    >>> rolling_forecast(model, data.y, data.X, start=100).shape
    (8, 20)
    """
    columns = forecaster.columns
    panel = read_panel(y, X, columns=columns)
    n_steps = panel.y.shape[1]
    if not 0 < start < n_steps:
        raise ValueError(
            f"`start` must be between 1 and {n_steps - 1}, one of the {n_steps} steps, "
            f"got {start}."
        )
    y = as_pandas(y)
    model = clone(forecaster).fit(*_steps(y, X, panel, columns, 0, start))
    found = []
    for first in range(start, n_steps, model.delay):
        values, inputs = _steps(y, X, panel, columns, first, first + model.delay)
        found.append(_forecast(model, values, inputs, panel, columns))
        model.update(values, inputs)
    after = panel._replace(times=panel.times[start:])
    return as_output(np.concatenate(found, axis=1), after, columns)


def _forecast(model, values, inputs, panel, columns):
    """Return forecasts of steps as an array; their values are not shown."""
    if panel.form == "array":
        return model.predict(inputs, n_steps=values.shape[1])
    if panel.form == "wide":
        return model.predict(inputs, n_steps=len(values)).to_numpy().T
    hidden = values.drop(columns=columns[2])
    found = model.predict(hidden)
    wide = found.pivot(index=columns[1], columns=columns[0], values=columns[2])
    return wide[panel.names].to_numpy().T


def find_leak(forecaster, y, X=None, *, start, n_cuts=3, random_state=0):
    """Return where a forecast hangs on a value that was not known yet, or None.

    The values from some step on are replaced by others; forecasts before that step, and
    of the ``delay - 1`` steps after it, must not change.

    Parameters
    ----------
    forecaster : TransferForecaster
        It is cloned.

    y : array-like of shape (n_series, n_steps)
        Series.

    X : array-like of shape (n_series, n_steps, n_columns), default=None
        Inputs.

    start : int
        First step that is forecast.

    n_cuts : int, default=3
        How many steps are tried.

    random_state : int, RandomState instance or None, default=0
        Draws the steps and the other values.

    Returns
    -------
    leak : (int, int) or None
        A step whose forecast changed, and the first step whose value was replaced.

    Examples
    --------
    >>> from adapt.datasets import make_loads
    >>> from adapt.forecasting import TransferForecaster, find_leak
    >>> data = make_loads(n_series=6, n_steps=90, random_state=0)
    >>> model = TransferForecaster(n_donors=2, random_state=0)
    >>> find_leak(model, data.y, data.X, start=70, n_cuts=1)
    """
    rng = check_random_state(random_state)
    y = np.asarray(y, dtype=float)
    expected = rolling_forecast(forecaster, y, X, start=start)
    for cut in rng.randint(start, y.shape[1], size=n_cuts):
        other = y.copy()
        other[:, cut:] += 10 * np.nanstd(y) * rng.normal(size=other[:, cut:].shape)
        found = rolling_forecast(forecaster, other, X, start=start)
        blind = cut + forecaster.delay - start
        changed = np.flatnonzero(
            ~np.isclose(found, expected, equal_nan=True)[:, :blind].all(axis=0)
        )
        if changed.size:
            return int(start + changed[0]), int(cut)
    return None
