"""One series or many, read as many."""

import numpy as np

# What stands in the last axis, by the name of the argument.
_LAST = {"experts": "n_experts", "X": "n_effects"}


def as_batch(values, y, name):
    """Return arrays with an axis of series, and whether there was one.

    Parameters
    ----------
    values : array-like of shape (n_steps, n) or (n_series, n_steps, n)
        Forecasts or effects, NaN where there is none.

    y : array-like of shape (n_steps,) or (n_series, n_steps), or None
        Values to match, NaN where one is not known.

    name : {"experts", "X"}
        Name of the first argument, for messages.

    Returns
    -------
    values : ndarray of shape (n_series, n_steps, n)

    y : ndarray of shape (n_series, n_steps) or None

    batched : bool
    """
    values = np.asarray(values, dtype=float)
    if values.ndim not in (2, 3):
        last = _LAST[name]
        raise ValueError(
            f"`{name}` must be of shape (n_steps, {last}) or (n_series, n_steps, "
            f"{last}), got {values.shape}."
        )
    batched = values.ndim == 3
    if np.isinf(values).any():
        raise ValueError(f"`{name}` contains infinity. NaN marks what is missing.")
    if y is not None:
        y = np.asarray(y, dtype=float)
        if y.shape != values.shape[:-1]:
            raise ValueError(
                f"`y` must be of shape {values.shape[:-1]}, as `{name}` has it "
                f"without its last axis, got {y.shape}."
            )
        if np.isinf(y).any():
            raise ValueError("`y` contains infinity. NaN marks an unknown value.")
    if batched:
        return values, y, True
    return values[np.newaxis], None if y is None else y[np.newaxis], False
