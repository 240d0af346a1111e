"""Forecasts of series with little history, from others that have more."""

from adapt.forecasting._adaptive_effects import AdaptiveEffects
from adapt.forecasting._effects_regressor import EffectsRegressor
from adapt.forecasting._online_mixture import OnlineMixture
from adapt.forecasting._rolling import find_leak, rolling_forecast
from adapt.forecasting._transfer_forecaster import TransferForecaster

__all__ = [
    "AdaptiveEffects",
    "EffectsRegressor",
    "OnlineMixture",
    "TransferForecaster",
    "find_leak",
    "rolling_forecast",
]
