"""Forecasts for series with little history, from models of a few that have more.

Models of donors are fitted once. On every other series their effects are scaled again,
step by step, and the forecasts that this gives are mixed by what was right so far.
"""

from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from adapt._adapt_arguments import ExplainsArguments
from adapt._sklearn import HasMethods, Interval, StrOptions, _fit_context
from adapt.forecasting._adaptive_effects import AdaptiveEffects
from adapt.forecasting._aggregation import RULES
from adapt.forecasting._donors import choose_donors, pooled_prior
from adapt.forecasting._effects_regressor import EffectsRegressor
from adapt.forecasting._online_mixture import OnlineMixture
from adapt.forecasting._panel import as_output, read_panel

__all__ = ["TransferForecaster"]

_POOLED = 20_000  # rows of all series that the global model is fitted on
_FEW_NOISES = (0.0, 1e-4, 1e-3)  # where columns are followed, which takes longer


def lagged(y, lags):
    """Return earlier values of series, of shape (n_series, n_steps, n_lags)."""
    found = np.full((*y.shape, len(lags)), np.nan)
    for i, lag in enumerate(lags):
        found[:, lag:, i] = y[:, :-lag]
    return found


def calendar(times):
    """Return the day of the week, and the hour where steps are shorter than days."""
    import pandas as pd

    if not isinstance(times, pd.DatetimeIndex):
        return {}
    found = {"day of week": np.asarray(times.day_of_week, dtype=float)}
    if len(times) > 1 and (times[1] - times[0]).total_seconds() < 86_400:
        found["hour"] = np.asarray(times.hour, dtype=float)
    return found


class TransferForecaster(ExplainsArguments, BaseEstimator):
    """Forecast many series, each with the help of models that donors lend it.

    A few donors with a long history are modelled by effects of their inputs, of the
    calendar and of their past [1]_. For every series, `AdaptiveEffects` scales the
    effects of each donor, of a global model of all series, and of a model of the series
    itself, and `OnlineMixture` mixes these forecasts. One more expert starts from the
    mean of the donors' coefficients and their covariance, as in a hierarchical model.
    Each forecast uses the values that were known by then, and nothing later.

    Parameters
    ----------
    effects : estimator or None, default=None
        Model of a donor, with a method `effects` such as that of `EffectsRegressor`. If
        None, an `EffectsRegressor` with a spline for each input, a number for each
        category, and linear effects of the lags.

    n_donors : int, default=6
        Number of donors.

    donors : {"random", "medoids"} or list, default="random"
        How donors are chosen among the series whose history is nearly the longest: at
        random, or such that every series has one that is like it. Or their names.

    own : bool, default=True
        Whether a global model, the series' own, and with ``follow="columns"`` one
        whose prior is pooled over the donors, are among the experts. With a long
        history they are the better ones.

    rule : {"ml-poly", "boa", "ewa"}, default="ml-poly"
        How the mixture follows the past; see `OnlineMixture`.

    delay : int, default=1
        Steps between a forecast and the value that it was for. For half-hours that are
        forecast a day ahead it is 48.

    follow : {"columns", "effects"}, default="columns"
        What is scaled on each series: the coefficients of all encoded columns of a
        donor's model, or the effects of its groups of inputs. Effects are a tenth of
        the work, and all that is needed of a model of another kind (`effects`).

    lags : tuple of int, default=(1, 2, 7)
        How many steps back earlier values are inputs. None may be less than `delay`.

    columns : (str, str, str), default=("series", "time", "y")
        Columns of a long frame that hold series, time and value.

    random_state : int, RandomState instance or None, default=None
        Draws donors.

    Attributes
    ----------
    donors_ : list
        Names of the donors.

    models_ : list of estimators
        The fitted models of the donors, and last the global one if `own`.

    experts_ : list of str
        Names of the experts.

    weights_ : ndarray of shape (n_series, n_steps, n_experts)
        Weights of the experts at each step.

    predictions_ : array or frame, in the form of what was given to `fit`
        The forecast of each step that was seen, from the values known by then.

    location_, scale_ : ndarrays of shape (n_series,)
        Mean and deviation of the history of each series, by which it is standardised.

    Notes
    -----
    With N series, T steps and K donors, K + 1 models are fitted. The filters take
    O(N T K m^2) time and O(N T (K + m)) memory, for m encoded columns, or for m effects
    with ``follow="effects"``.

    References
    ----------
    .. [1] Antoniadis, Gaucher and Goude, "Hierarchical transfer learning with
       applications to electricity load forecasting", International Journal of
       Forecasting 40, 2024.

    Examples
    --------
    >>> from adapt.datasets import make_loads
    >>> from adapt.forecasting import TransferForecaster
    >>> data = make_loads(n_series=10, n_steps=200, random_state=0)
    >>> model = TransferForecaster(n_donors=3, random_state=0)
    >>> model = model.fit(data.y[:, :-1], data.X[:, :-1])
    >>> model.predict(data.X[:, -1:]).shape
    (10, 1)
    """

    _parameter_constraints: dict = {
        "effects": [HasMethods(["fit", "effects"]), None],
        "n_donors": [Interval(Integral, 1, None, closed="left")],
        "donors": [StrOptions({"random", "medoids"}), list],
        "own": ["boolean"],
        "rule": [StrOptions(set(RULES))],
        "delay": [Interval(Integral, 1, None, closed="left")],
        "follow": [StrOptions({"columns", "effects"})],
        "lags": ["array-like"],
        "columns": [tuple, list],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        effects=None,
        n_donors=6,
        donors="random",
        own=True,
        rule="ml-poly",
        delay=1,
        *,
        follow="columns",
        lags=(1, 2, 7),
        columns=("series", "time", "y"),
        random_state=None,
    ):
        self.effects = effects
        self.n_donors = n_donors
        self.donors = donors
        self.own = own
        self.rule = rule
        self.delay = delay
        self.follow = follow
        self.lags = lags
        self.columns = columns
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, y, X=None):
        """Fit the models of the donors, and follow every series through its history.

        Parameters
        ----------
        y : array-like of shape (n_series, n_steps), or data frame
            Series in the order of time, NaN where a value is not known, for example
            before a series begins. Or a long frame, with a row for each series and
            time; or a wide one, with a row for each time and a column for each series.

        X : array-like of shape (n_steps, n_columns) or (n_series, n_steps, \
                n_columns), or data frame, default=None
            Inputs that are known in advance. Those of a long frame are its other
            columns.

        Returns
        -------
        self : object
            The fitted forecaster.
        """
        panel = read_panel(y, X, columns=self.columns)
        if any(lag < self.delay for lag in self.lags):
            raise ValueError(
                "`lags` must not be less than `delay`, because later values are not "
                f"known when the forecast is made: got {tuple(self.lags)} and "
                f"{self.delay}."
            )
        self.location_, self.scale_ = self._units(panel)
        Z = (panel.y - self.location_[:, np.newaxis]) / self.scale_[:, np.newaxis]
        rng = check_random_state(self.random_state)
        rows = choose_donors(Z, self.donors, self.n_donors, panel.names, rng)
        self.donors_ = [panel.names[i] for i in rows]
        inputs, groups = self._inputs(panel, Z)
        known = [self._known(inputs[[i]], Z[[i]]) for i in rows]
        self.models_ = [self._model(*steps, groups) for steps in known]
        self.experts_ = [f"donor {name}" for name in self.donors_]
        if self.own:
            some = self._some_rows(Z, rng)
            self.models_.append(
                self._model(*self._known(inputs[some], Z[some]), groups)
            )
            self.experts_ += ["global", "own"]
            if self.follow == "columns":
                self.experts_.append("pooled")
        self._filters = self._new_filters(known)
        self._mixture = OnlineMixture(self.rule, self.delay)
        self._follow(inputs, Z)
        return self._keep(panel)

    def predict(self, X=None, *, n_steps=None):
        """Forecast the steps that follow, with what is known by now.

        Parameters
        ----------
        X : array-like or data frame, default=None
            Inputs of the steps that follow, in the form of `fit`: a long frame has no
            values. At most `delay` steps. If there are no inputs, `n_steps` says how
            many.

        n_steps : int, default=None
            Number of steps, where there are no inputs.

        Returns
        -------
        prediction : ndarray of shape (n_series, n_steps) or data frame
            In the form of what was given to `fit`.
        """
        check_is_fitted(self)
        panel = self._future(X, n_steps)
        if panel.y.shape[1] > self.delay:
            raise ValueError(
                f"Got inputs for {panel.y.shape[1]} steps, but the forecaster looks "
                f"`delay` = {self.delay} ahead: give the values that have come to "
                "`update`, or raise `delay`."
            )
        _, inputs = self._continued(panel)
        experts = self._experts(inputs, lambda each, E: each.predict(E))
        found = self._mixture.predict(experts)
        found = found * self.scale_[:, np.newaxis] + self.location_[:, np.newaxis]
        return as_output(found, panel, self.columns)

    def update(self, y, X=None):
        """Take the values of the steps that follow; no model is fitted again.

        Parameters
        ----------
        y, X : array-likes or data frames
            As in `fit`, of the steps that follow.

        Returns
        -------
        self : object
            The forecaster, as `fit` would leave it but for the models of the donors and
            the units of the series.
        """
        check_is_fitted(self)
        panel = read_panel(y, X, columns=self.columns, like=self._panel)
        Z, inputs = self._continued(panel)
        self._follow(inputs, Z[:, -panel.y.shape[1] :])
        past = self._panel
        y = np.concatenate([past.y, panel.y], axis=1)
        X = np.concatenate([past.X, panel.X], axis=1)
        if past.form == "array":
            times = np.arange(y.shape[1])
        else:
            times = past.times.append(panel.times)
        return self._keep(past._replace(y=y, X=X, times=times))

    @staticmethod
    def _units(panel):
        """Return mean and deviation of each series, from what is known of it."""
        known = np.isfinite(panel.y)
        empty = ~known.any(axis=1)
        if empty.any():
            names = [panel.names[i] for i in np.flatnonzero(empty)[:5]]
            raise ValueError(
                f"Series without a single value: {names}. A few steps of history are "
                "needed to know the units of a series."
            )
        location = np.nanmean(panel.y, axis=1)
        scale = np.nanstd(panel.y, axis=1)
        return location, np.where(scale > 0, scale, 1.0)

    def _inputs(self, panel, Z):
        """Return inputs of shape (n_series, n_steps, n_columns), and their groups."""
        dates = calendar(panel.times)
        days = [np.broadcast_to(column, Z.shape) for column in dates.values()]
        columns = [*np.moveaxis(panel.X, -1, 0), *days]
        kinds = [
            "category" if name in panel.categories else _kind(column)
            for name, column in zip(panel.columns, panel.X.T, strict=True)
        ]
        kinds += ["category"] * len(dates)
        names = [*panel.columns, *dates]
        groups = {
            str(name): (kind, [i])
            for i, (name, kind) in enumerate(zip(names, kinds, strict=True))
        }
        for i, lag in enumerate(self.lags, len(columns)):
            groups[f"lag {lag}"] = "linear", [i]
        past = np.moveaxis(lagged(Z, self.lags), -1, 0)
        return np.stack([*columns, *past], axis=-1), groups

    def _known(self, inputs, Z):
        """Return the steps of some series whose value and lags are known."""
        X, y = inputs.reshape(-1, inputs.shape[-1]), Z.ravel()
        lags = X[:, X.shape[1] - len(self.lags) :]
        known = np.isfinite(y) & np.isfinite(lags).all(axis=1)
        return X[known], y[known]

    def _model(self, X, y, groups):
        """Return a model of the effects on steps whose value and lags are known."""
        if len(y) < 2:
            raise ValueError(
                "A donor has fewer than 2 steps whose value and lags are known; its "
                f"history must be longer than the longest of `lags`, {max(self.lags)}."
            )
        model = EffectsRegressor(groups) if self.effects is None else self.effects
        return clone(model).fit(X, y)

    def _new_filters(self, known):
        """Return a filter for each expert, given the known steps of each donor."""
        if self.follow == "columns":
            noise = _FEW_NOISES
            params = [
                {"prior_mean": [model.intercept_, *model.coef_]}
                for model in self.models_
            ]
        else:
            noise, params = "auto", [{"prior_mean": 1.0} for _ in self.models_]
        if self.own:
            params.append({"prior_mean": 0.0})
        if self.own and self.follow == "columns":
            encode = self.models_[-1].encode
            mean, covariance = pooled_prior([(encode(X), y) for X, y in known])
            params.append({"prior_mean": mean, "prior_variance": covariance})
        return [AdaptiveEffects(noise, self.delay, **each) for each in params]

    @staticmethod
    def _some_rows(Z, rng):
        """Return steps of all series, as many as a global model needs."""
        series, steps = np.nonzero(np.isfinite(Z))
        if len(series) > _POOLED:
            some = rng.choice(len(series), _POOLED, replace=False)
            series, steps = series[some], steps[some]
        return series, steps

    def _experts(self, inputs, forecast):
        """Return the forecasts of all experts, of shape (n_series, n_steps, n)."""
        rows = inputs.reshape(-1, inputs.shape[-1])
        columns = self.follow == "columns"
        designs = [m.encode if columns else m.effects for m in self.models_]
        # Experts beyond the models share the encoding of the last, the global one.
        designs += designs[-1:] * (len(self._filters) - len(designs))
        found, last = [], None
        for design, each in zip(designs, self._filters, strict=True):
            if design != last:
                E = design(rows)
                E, last = E.reshape(*inputs.shape[:2], E.shape[1]), design
            found.append(forecast(each, E))
        return np.stack(found, axis=-1)

    def _follow(self, inputs, Z):
        """Let filters and mixture see steps, each after it was forecast."""
        n_steps = Z.shape[1]

        def forecast(each, E):
            each.partial_fit(E, Z)
            return each.predictions_[:, -n_steps:]

        self._mixture.partial_fit(self._experts(inputs, forecast), Z)

    def _keep(self, panel):
        self._panel = panel
        self.weights_ = self._mixture.weights_
        found = self._mixture.predictions_
        found = found * self.scale_[:, np.newaxis] + self.location_[:, np.newaxis]
        self.predictions_ = as_output(found, panel, self.columns)
        return self

    def _continued(self, panel):
        """Return standardised values and inputs of the steps of ``panel``."""
        n_steps, reach = panel.y.shape[1], max(self.lags)
        past = self._panel.y[:, -reach:]
        Z = np.concatenate([past, panel.y], axis=1)
        Z = (Z - self.location_[:, np.newaxis]) / self.scale_[:, np.newaxis]
        before = np.full((*past.shape, panel.X.shape[-1]), np.nan)
        X = np.concatenate([before, panel.X], axis=1)
        times = panel.times
        if self._panel.form != "array":
            times = self._panel.times[-past.shape[1] :].append(times)
        inputs, _ = self._inputs(panel._replace(X=X, times=times), Z)
        return Z[:, -n_steps:], inputs[:, -n_steps:]

    def _future(self, X, n_steps):
        """Return the steps that follow as a panel without values."""
        past = self._panel
        if past.form == "long":
            return read_panel(X, columns=self.columns, like=past)
        if X is None:
            n_steps = self.delay if n_steps is None else n_steps
        else:
            n_steps = np.shape(X)[-2]
        unknown = np.full((len(past.y), n_steps), np.nan)
        if past.form == "wide":
            import pandas as pd

            times = _times_after(past.times, n_steps) if X is None else X.index
            unknown = pd.DataFrame(unknown.T, index=times, columns=past.names)
        return read_panel(unknown, X, columns=self.columns, like=past)


def _kind(column):
    """Return the kind of a numeric input: a line, where it has few values."""
    values = column[np.isfinite(column)]
    return "spline" if len(np.unique(values[:5000])) > 10 else "linear"


def _times_after(times, n_steps):
    """Return the times that follow at the usual step."""
    step = times[-1] - times[-2]
    return times[-1:].append([times[-1:] + step * i for i in range(1, n_steps)]) + step
