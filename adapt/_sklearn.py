"""The only imports of scikit-learn's private names, and what we add to them."""

from sklearn import config_context
from sklearn.base import _clone_parametrized, _fit_context
from sklearn.utils import _safe_indexing
from sklearn.utils._missing import is_pandas_na, is_scalar_nan
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils._user_interface import _print_elapsed_time
from sklearn.utils.validation import (
    _check_feature_names,
    _check_feature_names_in,
    _check_sample_weight,
    _check_y,
    _get_feature_names,
    has_fit_parameter,
)

__all__ = [
    "HasMethods",
    "Interval",
    "StrOptions",
    "_check_feature_names",
    "_check_feature_names_in",
    "_check_sample_weight",
    "_check_y",
    "_clone_parametrized",
    "_fit_context",
    "_get_feature_names",
    "_print_elapsed_time",
    "_safe_indexing",
    "fit_weighted",
    "is_pandas_na",
    "is_scalar_nan",
    "takes_sample_weight",
]


def _weight_name(estimator):
    """Return the name under which ``fit`` takes sample weights, or None.

    A pipeline takes them for its last step by that step's name; searches, voting and
    stacking forward what they are given.
    """
    if has_fit_parameter(estimator, "sample_weight"):
        return "sample_weight"

    # Late, for they take longer to import than all of ours.
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.ensemble._base import _BaseHeterogeneousEnsemble
    from sklearn.model_selection._search import BaseSearchCV
    from sklearn.pipeline import Pipeline

    if isinstance(estimator, Pipeline):
        step, last = estimator.steps[-1]
        name = _weight_name(last)
        return None if name is None else f"{step}__{name}"
    if isinstance(estimator, BaseSearchCV):
        return _weight_name(estimator.estimator)
    if isinstance(estimator, TransformedTargetRegressor):
        if estimator.regressor is None:
            return "sample_weight"  # of LinearRegression, its default
        return _weight_name(estimator.regressor)
    if isinstance(estimator, _BaseHeterogeneousEnsemble):
        members = [member for _, member in estimator.estimators if member != "drop"]
        if all(has_fit_parameter(member, "sample_weight") for member in members):
            return "sample_weight"
    return None


def takes_sample_weight(estimator):
    """Return whether ``estimator`` can be fitted with sample weights."""
    return _weight_name(estimator) is not None


def fit_weighted(estimator, X, y, sample_weight, **params):
    """Fit ``estimator`` with sample weights, wherever in it they belong."""
    params[_weight_name(estimator)] = sample_weight
    # Step names address the weights only while metadata routing is off.
    with config_context(enable_metadata_routing=False):
        return estimator.fit(X, y, **params)
