"""The only imports of scikit-learn's private names."""

from sklearn.base import _clone_parametrized, _fit_context
from sklearn.utils import _safe_indexing
from sklearn.utils._available_if import _AvailableIfDescriptor
from sklearn.utils._missing import is_pandas_na, is_scalar_nan
from sklearn.utils._param_validation import HasMethods, Hidden, Interval, StrOptions
from sklearn.utils._user_interface import _print_elapsed_time
from sklearn.utils.metaestimators import _BaseComposition
from sklearn.utils.validation import (
    _check_feature_names,
    _check_feature_names_in,
    _check_sample_weight,
    _check_y,
    _get_feature_names,
)

__all__ = [
    "HasMethods",
    "Hidden",
    "Interval",
    "StrOptions",
    "_AvailableIfDescriptor",
    "_BaseComposition",
    "_check_feature_names",
    "_check_feature_names_in",
    "_check_sample_weight",
    "_check_y",
    "_clone_parametrized",
    "_fit_context",
    "_get_feature_names",
    "_print_elapsed_time",
    "_safe_indexing",
    "is_pandas_na",
    "is_scalar_nan",
    "search_and_ensemble",
]


def search_and_ensemble():
    """Return the bases of searches, and of voting and stacking.

    They are imported here because their modules are slow to import.
    """
    from sklearn.ensemble._base import _BaseHeterogeneousEnsemble
    from sklearn.model_selection._search import BaseSearchCV

    return BaseSearchCV, _BaseHeterogeneousEnsemble
