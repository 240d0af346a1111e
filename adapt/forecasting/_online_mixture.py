"""A mixture of experts whose weights follow how good each of them was so far."""

from collections import deque
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from adapt._adapt_arguments import ExplainsArguments
from adapt._sklearn import Interval, StrOptions, _fit_context
from adapt.forecasting._aggregation import RULES, step_losses
from adapt.forecasting._batches import as_batch

__all__ = ["OnlineMixture"]


class _State(NamedTuple):
    """What a mixture knows between two steps."""

    rule: Any  # one of `RULES`
    pending: tuple  # steps whose values do not count yet: the last `delay` of them
    own: np.ndarray  # (n_series, 1), summed squared errors of the mixture
    theirs: np.ndarray  # (n_series, n_experts), those of the experts


def _run(state, experts, y, delay):
    """Mix step by step; return the state that follows, weights and predictions."""
    rule, pending = state.rule, deque(state.pending)
    weights = np.empty(experts.shape)
    prediction = np.empty(experts.shape[:2])
    for t in range(experts.shape[1]):
        if len(pending) == delay:
            rule = rule.updated(*step_losses(*pending.popleft()))
        now = experts[:, t]
        awake = np.isfinite(now)
        weights[:, t] = rule.weights(awake)
        mixed = (weights[:, t] * np.where(awake, now, 0)).sum(axis=-1)
        prediction[:, t] = np.where(awake.any(axis=-1), mixed, np.nan)
        pending.append((now, weights[:, t], prediction[:, t], y[:, t]))
    return state._replace(rule=rule, pending=tuple(pending)), weights, prediction


def _regrets(state, experts, y, prediction):
    """Return the state with summed errors, and the regret after each step."""
    own = (prediction - y) ** 2
    theirs = (experts - y[..., np.newaxis]) ** 2
    counts = np.isfinite(own) & np.isfinite(theirs).all(axis=-1)
    own = np.where(counts, own, 0)[..., np.newaxis]
    theirs = np.where(counts[..., np.newaxis], theirs, 0)
    own = state.own[:, np.newaxis] + np.cumsum(own, axis=1)
    theirs = state.theirs[:, np.newaxis] + np.cumsum(theirs, axis=1)
    regret = (own - theirs.min(axis=-1, keepdims=True))[..., 0]
    return state._replace(own=own[:, -1], theirs=theirs[:, -1]), regret


class OnlineMixture(ExplainsArguments, BaseEstimator):
    """Mix the forecasts of experts, step by step, by what is known of the past.

    At each step the mixture is a convex combination of the experts; its weights depend
    on the values that were known by then, and on nothing later. Many series are mixed
    at once, each with weights of its own.

    Parameters
    ----------
    rule : {"ml-poly", "boa", "ewa"}, default="ml-poly"
        How weights follow from the past: polynomially weighted averages [1]_, Bernstein
        online aggregation [2]_, or exponentially weighted averages [3]_. The first two
        compete with the best convex combination and have a rate for each expert, which
        they find by themselves; the last competes with the best expert.

    delay : int, default=1
        Steps between a forecast and the value that it was for: at step t the values up
        to ``t - delay`` are known. For half-hours that are forecast a day ahead it is
        48.

    learning_rate : float or None, default=None
        Rate of "ewa"; the other rules have none. If None, it falls with the number of
        steps. ``sqrt(8 log(n_experts) / n_steps)`` has the guarantee of [3]_ for losses
        between 0 and 1.

    Attributes
    ----------
    weights_ : ndarray of shape (n_steps, n_experts) or (n_series, n_steps, n_experts)
        The weights that each step had; zero for an expert that gave no forecast.

    predictions_ : ndarray of shape (n_steps,) or (n_series, n_steps)
        The mixture at each step, NaN where no expert gave a forecast.

    regret_ : ndarray of shape (n_steps,) or (n_series, n_steps)
        Sum of the squared errors of the mixture up to a step, less that of the expert
        which was the best by then. Steps without a value, or with an expert asleep, are
        left out.

    n_experts_ : int
        Number of experts.

    Notes
    -----
    The state holds a few numbers per series and expert. A step costs O(n_series
    n_experts) time, and `fit` keeps the weights of all steps: O(n_series n_steps
    n_experts) memory.

    The rules take losses of order one: bring series to a common scale first, as
    `TransferForecaster` does.

    References
    ----------
    .. [1] Gaillard, Stoltz and van Erven, "A second-order bound with excess losses",
       COLT 2014.

    .. [2] Wintenberger, "Optimal learning with Bernstein online aggregation", Machine
       Learning 106, 2017.

    .. [3] Cesa-Bianchi and Lugosi, "Prediction, Learning, and Games", Cambridge
       University Press 2006, Section 2.2.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.forecasting import OnlineMixture
    >>> y = np.sin(np.arange(200) / 10)
    >>> experts = np.stack([y + 0.5, y - 0.1, np.zeros(200)], axis=1)
    >>> mixture = OnlineMixture().fit(experts, y)
    >>> mixture.weights_[-1].round(1)
    array([0.2, 0.8, 0. ])
    """

    _parameter_constraints: dict = {
        "rule": [StrOptions(set(RULES))],
        "delay": [Interval(Integral, 1, None, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither"), None],
    }

    def __init__(self, rule="ml-poly", delay=1, learning_rate=None):
        self.rule = rule
        self.delay = delay
        self.learning_rate = learning_rate

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, experts, y):
        """Mix forecasts of the past, and learn from what came.

        Parameters
        ----------
        experts : array-like of shape (n_steps, n_experts) or \
                (n_series, n_steps, n_experts)
            Forecasts, NaN where an expert gives none.

        y : array-like of shape (n_steps,) or (n_series, n_steps)
            What came, NaN where it is not known: nothing is learned from that step.

        Returns
        -------
        self : object
            The fitted mixture.
        """
        experts, y, batched = as_batch(experts, y, "experts")
        if 0 in experts.shape:
            raise ValueError(
                f"`experts` is empty: its shape is {experts.shape[not batched :]}."
            )
        n_series, _, self.n_experts_ = experts.shape
        shape = n_series, self.n_experts_
        start = _State(
            RULES[self.rule].start(shape, self.learning_rate),
            (),
            np.zeros((n_series, 1)),
            np.zeros(shape),
        )
        self._keep(*self._steps(start, experts, y), batched)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, experts, y):
        """Go on with the steps that follow.

        Parameters
        ----------
        experts, y : array-likes
            As in `fit`, and of as many series and experts.

        Returns
        -------
        self : object
            The fitted mixture, as `fit` on all steps would leave it.
        """
        if "n_experts_" not in vars(self):
            return self.fit(experts, y)
        experts, y, batched = as_batch(experts, y, "experts")
        self._check_matches(experts, batched)
        if experts.shape[1] == 0:
            return self
        past = self.weights_, self.predictions_, self.regret_
        state, *new = self._steps(self._state, experts, y)
        if not batched:
            past = [value[np.newaxis] for value in past]
        both = [np.concatenate(pair, axis=1) for pair in zip(past, new, strict=True)]
        self._keep(state, *both, batched)
        return self

    def predict(self, experts):
        """Mix the forecasts of steps that follow, with what is known by now.

        A step h of the future sees the values up to ``h - delay`` that `fit` was given.
        Nothing is learned; `partial_fit` takes the values when they have come.

        Parameters
        ----------
        experts : array-like of shape (n_steps, n_experts) or \
                (n_series, n_steps, n_experts)
            Forecasts, NaN where an expert gives none.

        Returns
        -------
        prediction : ndarray of shape (n_steps,) or (n_series, n_steps)
            The mixture, NaN where no expert gives a forecast.
        """
        check_is_fitted(self)
        experts, _, batched = as_batch(experts, None, "experts")
        self._check_matches(experts, batched)
        unknown = np.full(experts.shape[:2], np.nan)
        _, _, prediction = _run(self._state, experts, unknown, self.delay)
        return prediction if batched else prediction[0]

    def _steps(self, state, experts, y):
        """Return the state after some steps, and what these steps had."""
        state, weights, prediction = _run(state, experts, y, self.delay)
        state, regret = _regrets(state, experts, y, prediction)
        return state, weights, prediction, regret

    def _keep(self, state, weights, prediction, regret, batched):
        """Store what was learned, without an axis of series where there was none."""
        self._state = state
        part = slice(None) if batched else 0
        self.weights_, self.predictions_ = weights[part], prediction[part]
        self.regret_ = regret[part]

    def _check_matches(self, experts, batched):
        n_series = len(self._state.own)
        found = experts.shape[0], experts.shape[-1]
        if batched != (self.weights_.ndim == 3) or found != (n_series, self.n_experts_):
            raise ValueError(
                f"`experts` has {found[0]} series and {found[1]} experts, but the "
                f"mixture was fitted on {n_series} and {self.n_experts_}; an axis of "
                "series is given always or never."
            )
