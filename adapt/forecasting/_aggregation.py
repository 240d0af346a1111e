"""Weights of experts that follow their past losses, for many series at once.

A rule keeps a state for each series and each expert. At each step it gives weights, is
told by how much every expert would have been better than the mixture, and updates the
state. Experts that give no forecast at a step sleep: they have no weight and no regret.
"""

from typing import NamedTuple

import numpy as np


class MLPoly(NamedTuple):
    """Polynomially weighted averages with a rate for each expert.

    With the instantaneous regrets ``r`` and their sums R and V of squares, weights are
    proportional to ``max(R, 0) / (1 + V)`` (Gaillard, Stoltz and van Erven, "A
    second-order bound with excess losses", COLT 2014, Section 3.1). There is no
    parameter. Losses should be of order one.
    """

    regret: np.ndarray
    squares: np.ndarray

    @classmethod
    def start(cls, shape, learning_rate=None):
        """Return the state before the first step."""
        return cls(np.zeros(shape), np.zeros(shape))

    def weights(self, awake):
        """Return weights of shape (n_series, n_experts), zero where not ``awake``."""
        return normalised(
            np.where(awake, np.maximum(self.regret, 0) / (1 + self.squares), 0), awake
        )

    def updated(self, regret, loss):
        """Return the state after a step with these instantaneous regrets."""
        return MLPoly(self.regret + regret, self.squares + regret**2)


class BOA(NamedTuple):
    """Bernstein online aggregation with a rate for each expert.

    With ``l = -r``, each step adds ``(l (1 + eta l) + 2 E [eta l > 1/2]) / 2`` to a
    cumulative loss L, with a bound E on ``|l|`` and the rate ``eta = min(1 / (2 E),
    sqrt(log K / V))``; weights are proportional to ``eta exp(-eta L)`` (Wintenberger,
    "Optimal learning with Bernstein online aggregation", Machine Learning 106, 2017,
    Section 3.4).
    """

    loss: np.ndarray
    squares: np.ndarray
    bound: np.ndarray

    @classmethod
    def start(cls, shape, learning_rate=None):
        """Return the state before the first step."""
        return cls(np.zeros(shape), np.zeros(shape), np.zeros(shape))

    def _rates(self):
        most = 0.5 / np.maximum(self.bound, _TINY)
        log_k = np.log(max(self.loss.shape[-1], 2))
        return np.minimum(most, np.sqrt(log_k / np.maximum(self.squares, _TINY)))

    def weights(self, awake):
        """Return weights of shape (n_series, n_experts), zero where not ``awake``."""
        # Before its first loss an expert has the rate of no other: all count alike.
        rates = np.where(self.squares > 0, self._rates(), 1)
        return exponential(np.log(rates) - rates * self.loss, awake)

    def updated(self, regret, loss):
        """Return the state after a step with these instantaneous regrets."""
        excess = -regret
        rates = np.where(self.squares > 0, self._rates(), 0)
        # Twice the least power of two that bounds what was seen.
        seen = np.maximum(np.abs(excess), _TINY)
        bound = np.where(regret == 0, 0, 2 * _power_of_two(seen))
        bound = np.maximum(self.bound, bound)
        over = 2 * bound * (rates * excess > 0.5)
        return BOA(
            self.loss + (excess * (1 + rates * excess) + over) / 2,
            self.squares + excess**2,
            bound,
        )


class EWA(NamedTuple):
    """Exponentially weighted averages of losses.

    Weights are proportional to ``exp(-eta L)`` with the cumulative losses L. Where no
    rate is given, ``eta = sqrt(8 log K / t) / b`` at step t, with the largest loss b
    that was seen; for T losses in [0, 1] the rate ``sqrt(8 log K / T)`` keeps the sum
    of losses within ``sqrt(T log(K) / 2)`` of that of the best expert (Cesa-Bianchi
    and Lugosi, "Prediction, Learning, and Games", 2006, Theorem 2.2).
    """

    loss: np.ndarray
    largest: np.ndarray
    steps: np.ndarray
    learning_rate: float | None

    @classmethod
    def start(cls, shape, learning_rate=None):
        """Return the state before the first step."""
        by_series = (*shape[:-1], 1)
        return cls(
            np.zeros(shape), np.zeros(by_series), np.zeros(by_series), learning_rate
        )

    def weights(self, awake):
        """Return weights of shape (n_series, n_experts), zero where not ``awake``."""
        rate = self.learning_rate
        if rate is None:
            log_k = np.log(max(self.loss.shape[-1], 2))
            rate = np.sqrt(8 * log_k / np.maximum(self.steps, 1))
            rate = rate / np.maximum(self.largest, _TINY)
        return exponential(-rate * self.loss, awake)

    def updated(self, regret, loss):
        """Return the state after a step with these losses, NaN where one is unknown.

        An expert that sleeps is charged the loss of the mixture, so that it neither
        gains nor loses.
        """
        known = np.isfinite(loss)
        charged = np.where(known, loss, 0)
        return EWA(
            self.loss + charged,
            np.maximum(self.largest, charged.max(axis=-1, keepdims=True)),
            self.steps + known.any(axis=-1, keepdims=True),
            self.learning_rate,
        )


_TINY = 1e-300
RULES = {"ml-poly": MLPoly, "boa": BOA, "ewa": EWA}


def _power_of_two(x):
    return 2.0 ** np.ceil(np.log2(x))


def normalised(scores, awake):
    """Return non-negative scores as weights; where all are zero, equal ones."""
    total = scores.sum(axis=-1, keepdims=True)
    n_awake = np.maximum(awake.sum(axis=-1, keepdims=True), 1)
    equal = awake / n_awake
    return np.where(total > 0, scores / np.where(total > 0, total, 1), equal)


def exponential(exponents, awake):
    """Return weights proportional to exponentials, zero where not ``awake``."""
    exponents = np.where(awake, exponents, -np.inf)
    top = exponents.max(axis=-1, keepdims=True, initial=-np.inf)
    scores = np.exp(exponents - np.where(np.isfinite(top), top, 0))
    return normalised(np.where(awake, scores, 0), awake)


def step_losses(experts, weights, prediction, y):
    """Return instantaneous regrets and losses of a step, for the square loss.

    Regrets are those of the linearised loss, ``2 (p - y) (p - f)`` for a prediction p
    and a forecast f, so that the mixture competes with the best convex combination.

    Parameters
    ----------
    experts, weights : ndarrays of shape (n_series, n_experts)
        Forecasts, NaN where an expert sleeps, and the weights that they had.

    prediction, y : ndarrays of shape (n_series,)
        What the mixture said, and what came; NaN where it is not known.

    Returns
    -------
    regret, loss : ndarrays of shape (n_series, n_experts)
        Zero and NaN where nothing is known.
    """
    prediction, y = prediction[:, np.newaxis], y[:, np.newaxis]
    own = (prediction - y) ** 2
    regret = 2 * (prediction - y) * (prediction - experts)
    loss = np.where(np.isnan(experts), own, (experts - y) ** 2)
    return np.where(np.isfinite(regret), regret, 0), loss
