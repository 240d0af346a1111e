"""Schedules: parameters that change from step to step. Nothing here needs Keras."""

from numbers import Real

import numpy as np
from sklearn.base import BaseEstimator

__all__ = ["UpdateLambda"]


class UpdateLambda(BaseEstimator):
    """The schedule of DANN, from ``lambda_init`` towards ``lambda_max`` by a sigmoid.

    At step ``t`` it is ``lambda_init + (lambda_max - lambda_init) * (2 / (1 +
    exp(-gamma * p)) - 1)`` with ``p = min(t / max_steps, 1)`` [1]_. Give it as the
    ``lambda_`` of a deep method. Among its ``callbacks``, as in ADAPT, it does the
    same.

    Parameters
    ----------
    lambda_init : float, default=0.0
        Value at the first step.

    lambda_max : float, default=1.0
        Value that a large `gamma` comes close to at the end.

    max_steps : int, default=1000
        Number of steps (batches, not epochs) after which the value stays.

    gamma : float, default=1.0
        Steepness. The paper uses 10.

    References
    ----------
    .. [1] Ganin et al. "Domain-adversarial training of neural networks." JMLR, 2016.

    Examples
    --------
    >>> from adapt.deep import UpdateLambda
    >>> UpdateLambda(max_steps=10, gamma=10.0)([0, 5, 10, 20]).round(3)
    array([0.   , 0.987, 1.   , 1.   ])
    """

    def __init__(self, lambda_init=0.0, lambda_max=1.0, max_steps=1000, gamma=1.0):
        self.lambda_init = lambda_init
        self.lambda_max = lambda_max
        self.max_steps = max_steps
        self.gamma = gamma

    def __call__(self, steps):
        """Return the values at an array of step numbers."""
        progress = np.minimum(np.asarray(steps) / self.max_steps, 1)
        rise = 2 / (1 + np.exp(-self.gamma * progress)) - 1
        return self.lambda_init + (self.lambda_max - self.lambda_init) * rise


def in_rounds(epochs, n_rounds):
    """Return the numbers of epochs of at most ``n_rounds`` rounds, none of them 0."""
    rounds = np.array_split(np.arange(epochs), n_rounds)
    return [len(each) for each in rounds if len(each)]


def at_steps(name, value, steps):
    """Return the values of a number or a schedule at step numbers, as float32."""
    if isinstance(value, Real):
        return np.full(len(steps), value, dtype=np.float32)
    values = np.asarray(value(steps), dtype=np.float32)
    if values.shape != np.shape(steps) or not np.isfinite(values).all():
        raise ValueError(
            f"`{name}` was called as a schedule and must return one finite number for "
            f"each step of an array of steps; got shape {values.shape} for "
            f"{len(steps)} steps."
        )
    return values


def check_schedules(name, scheduled, callbacks):
    """Refuse schedules that are none, and those of what a method has not.

    Parameters
    ----------
    name : str
        Of the method.

    scheduled : dict
        Values of the parameters that may be schedules.

    callbacks : list
        What is called at the ends of epochs.
    """
    for parameter, value in scheduled.items():
        if not (value is None or isinstance(value, (Real, str)) or callable(value)):
            raise TypeError(
                f"The {parameter!r} parameter of {name} must be a number or a schedule,"
                f" got {type(value).__name__}. What a callback is to change is here "
                f"`{parameter}=UpdateLambda(...)`, or another function of step numbers."
            )
    given = any(isinstance(callback, UpdateLambda) for callback in callbacks)
    if given and "lambda_" not in scheduled:
        others = " or ".join(f"`{other}=`" for other in scheduled)
        raise ValueError(
            f"`callbacks` has an `UpdateLambda`, and {name} has no `lambda_` that it "
            f"could change: leave it out{', or give it as ' if others else ''}{others}."
        )
