"""Hiding cells, so that there are some to learn from and to judge by."""

import numpy as np

__all__ = ["HIDDEN_RATES", "hide_cells", "rates_around"]

HIDDEN_RATES = (0.05, 0.5)  # smallest and largest share of cells hidden in training
_ROUND = 0.1  # around the target's share of missing cells, where that is known


def hide_cells(rng, size, shape, groups, rates):
    """Return which cells are hidden, drawn at random.

    Parameters
    ----------
    rng : RandomState
        Draws them.

    size : tuple of int
        Number of steps, and of rows in each.

    shape : tuple of int
        Of a row: ``(n_columns,)``, or ``(time, n_columns)``, of which stretches are
        hidden and few single cells.

    groups : list of slice
        Columns that are hidden together.

    rates : tuple of float
        Smallest and largest share of hidden cells; each row draws its own.

    Returns
    -------
    hidden : ndarray of shape (*size, *shape), dtype bool
    """
    rate = rng.uniform(*rates, size=(*size, *(1 for _ in shape)))
    hidden = rng.random_sample((*size, *shape)) < rate
    if len(shape) == 2:
        n_times = shape[0]
        length = np.ceil(rate * n_times)
        start = rng.uniform(-1, 1, size=(*size, 1, shape[1])) * n_times
        time = np.arange(n_times)[:, None]
        stretch = (start <= time) & (time < start + length)
        hidden = stretch | (hidden & (rng.random_sample(hidden.shape) < 0.1))
    for group in groups:
        if group.stop - group.start > 1:
            hidden[..., group] = hidden[..., group.start, None]
    return hidden


def rates_around(rate):
    """Return the smallest and largest share to hide, about a target's missing share."""
    return float(max(rate - _ROUND, 0.05)), float(np.clip(rate + _ROUND, 0.15, 0.95))
