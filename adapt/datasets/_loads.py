"""Series of demand: half a year of loads with a known answer, and bicycles by hour."""

import numpy as np
from sklearn.utils import check_random_state

from adapt.datasets._bunch import DomainBunch, read_description, read_table


def make_loads(n_series=60, n_steps=900, *, drift=0.01, noise=0.02, random_state=None):
    r"""Generate daily loads of consumers that heat, cool and rest in their own ways.

    The load of a consumer is

    .. math::
        y_t = \left(10 + h g_t \frac{(15 - T_t)_+}{3} + s g_t \frac{(T_t - 19)_+}{2}
        - 10 w \, 1[\text{weekend}] + d_t\right) (1 + \varepsilon_t)

    with the temperature T of the day, which follows the season and is a little
    different for each consumer, rates h and s of heating and cooling and a drop w at
    weekends, which belong to one of three kinds of consumers up to a factor, and with
    random walks d of the level and g of the effect of the temperature.

    Parameters
    ----------
    n_series : int, default=60
        Number of consumers.

    n_steps : int, default=900
        Number of days.

    drift : float, default=0.01
        Standard deviation of a step of the random walks. With 0 the rule never changes.

    noise : float, default=0.02
        Standard deviation of :math:`\varepsilon`.

    random_state : int, RandomState instance or None, default=None
        Draws everything.

    Returns
    -------
    data : Bunch
        ``y`` of shape (n_series, n_steps); ``X`` of shape (n_series, n_steps, 2), the
        temperature and the day of the week from 0 to 6, of which 5 and 6 are weekends;
        ``kind`` of shape (n_series,), the kind of each consumer; ``mean`` of shape
        (n_series, n_steps), the load without noise; ``feature_names``.

    Examples
    --------
    >>> from adapt.datasets import make_loads
    >>> make_loads(5, 100, random_state=0).y.shape
    (5, 100)
    """
    rng = check_random_state(random_state)
    days = np.arange(n_steps)
    season = 10 + 9 * np.sin(2 * np.pi * (days - 110) / 365)
    shocks = rng.normal(size=(n_series, n_steps + 9))
    weather = np.apply_along_axis(
        lambda row: np.convolve(row, np.full(10, 0.5), "valid"), 1, shocks
    )
    temperature = season + weather
    kind = rng.randint(3, size=n_series)
    heating = np.array([1.2, 0.5, 0.2])[kind] * rng.uniform(0.7, 1.3, n_series)
    cooling = np.array([0.2, 0.9, 0.1])[kind] * rng.uniform(0.7, 1.3, n_series)
    weekend = np.array([0.05, 0.1, 0.3])[kind] * rng.uniform(0.6, 1.4, n_series)
    level, size = drift * np.cumsum(rng.normal(size=(2, n_series, n_steps)), axis=2)
    day = days % 7
    effect = heating[:, None] * np.maximum(15 - temperature, 0) / 3
    effect += cooling[:, None] * np.maximum(temperature - 19, 0) / 2
    mean = 10 + (1 + size) * effect - 10 * weekend[:, None] * (day >= 5) + level
    y = mean * (1 + noise * rng.normal(size=mean.shape))
    X = np.stack([temperature, np.broadcast_to(day, mean.shape)], axis=-1)
    return DomainBunch(
        y=y,
        X=X,
        kind=kind,
        mean=mean,
        feature_names=["temperature", "day of week"],
    )


def load_bikes():
    """Load the number of rented bicycles of each hour of each day of two years.

    Each hour of the day is a series of the 731 days of 2011 and 2012, in Washington,
    D.C., with the weather and the calendar as inputs.

    Returns
    -------
    data : Bunch
        ``frame``, a long data frame with the columns ``series`` (hour of the day),
        ``time`` (date), ``y`` (rented bicycles, NaN for the few hours that were not
        recorded), ``temperature`` (degrees Celsius), ``humidity`` (%), ``wind`` (km/h),
        ``workday`` (bool) and ``weather`` (text); and ``DESCR``.

    Examples
    --------
    >>> from adapt.datasets import load_bikes
    >>> load_bikes().frame.shape
    (17544, 8)
    """
    import pandas as pd

    frame = read_table("bikes")
    frame["time"] = pd.to_datetime(frame["time"])
    frame["workday"] = frame["workday"].astype(bool)
    return DomainBunch(frame=frame, DESCR=read_description("bikes"))
