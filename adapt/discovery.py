"""Every adapter of the library, for tests, documentation and the command line."""

from importlib import import_module
from inspect import isabstract

from sklearn.base import BaseEstimator

from adapt.base import BaseAdapter

__all__ = ["all_adapters", "all_tuners"]

_FAMILIES = ("feature_based", "instance_based", "parameter_based")
_TRANSFORMERS = ("imputation",)
# Maps of series, which are steps before the features that other methods work on.
_BEFORE = ("series",)
# Models of many domains, none of which is the target: plain estimators.
_MANY = ("multi_domain",)


def all_adapters(family=None, *, deep=True):
    """Return the public adapters.

    Parameters
    ----------
    family : {"feature_based", "instance_based", "parameter_based", "imputation", \
            "multi_domain", "series"}, default=None
        The one to list. If None, all that predict for a target from a table, which
        imputers, models of many domains and maps of series do not.

    deep : bool, default=True
        Whether methods that need Keras are listed too. They are imported.

    Returns
    -------
    adapters : list of (str, class)
        Names and classes, sorted by name.

    Raises
    ------
    ValueError
        If there is no such family.

    Examples
    --------
    >>> from adapt.discovery import all_adapters
    >>> "CORAL" in dict(all_adapters("feature_based", deep=False))
    True
    """
    families = _FAMILIES + _TRANSFORMERS + _MANY + _BEFORE
    if family is not None and family not in families:
        raise ValueError(f"`family` must be one of {families} or None, got {family!r}.")
    base = BaseEstimator if family in _MANY else BaseAdapter
    found = {}
    for name in _FAMILIES if family is None else (family,):
        package = import_module(f"adapt.{name}")
        # Methods that need Keras are not among the variables until they are asked for.
        public = package.__all__ if deep else set(package.__all__) & set(vars(package))
        found.update((key, getattr(package, key)) for key in public)
    return sorted(
        (name, value)
        for name, value in found.items()
        if isinstance(value, type) and issubclass(value, base) and not isabstract(value)
    )


def all_tuners():
    """Return the public tuners: what `FineTuning` can train in a frozen network.

    Returns
    -------
    tuners : list of (str, class)
        Names and classes, sorted by name. They need Keras, and are imported.

    Examples
    --------
    >>> from adapt.discovery import all_tuners  # doctest: +SKIP
    >>> "LoRA" in dict(all_tuners())  # doctest: +SKIP
    True
    """
    package = import_module("adapt.parameter_based.tuners")
    found = {name: getattr(package, name) for name in package.__all__}
    return sorted(
        (name, value)
        for name, value in found.items()
        if isinstance(value, type)
        and issubclass(value, package.Tuner)
        and value is not package.Tuner
    )
