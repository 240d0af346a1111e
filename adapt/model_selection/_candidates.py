"""What `compare` compares: the adapters, and the estimator that each of them fits."""

from difflib import get_close_matches

from sklearn.base import clone, is_regressor

from adapt.base import BaseAdapter, MetaAdapter, SourceOnly
from adapt.base._estimators import has_method

AVERAGE = "Average"
BASELINE = "SourceOnly"
TARGET_ONLY = "TargetOnly"


def base_estimator(name, of_classes, random_state=None):
    """Return one of the named estimators for classes or numbers.

    Parameters
    ----------
    name : {"linear", "logistic", "forest", "boosting"}
        "linear" and "logistic" are the same: logistic regression for classes and ridge
        regression for numbers.

    of_classes : bool
        Whether labels are classes.

    random_state : int, default=None
        Seed.

    Returns
    -------
    estimator : estimator
        Not fitted.
    """
    if name in ("linear", "logistic"):
        from sklearn.linear_model import LogisticRegression, Ridge

        return LogisticRegression(max_iter=1000) if of_classes else Ridge()

    from sklearn import ensemble

    makers = {
        "forest": (ensemble.RandomForestClassifier, ensemble.RandomForestRegressor),
        "boosting": (
            ensemble.HistGradientBoostingClassifier,
            ensemble.HistGradientBoostingRegressor,
        ),
    }
    if name not in makers:
        raise ValueError(
            "`estimator` must be a scikit-learn estimator or one of 'linear', "
            f"'logistic', 'forest', 'boosting'; got {name!r}."
        )
    return makers[name][0 if of_classes else 1](random_state=random_state)


def default_candidates(estimator):
    """Return the adapters whose average is worth a try.

    Parameters
    ----------
    estimator : estimator or None
        The one that each adapter fits.

    Returns
    -------
    candidates : dict of str to adapter
        Maps of single columns; for classifiers also one of subspaces, and
        `SelfTraining` in a `DomainStandardScaler` if the classifier says how sure it
        is.
    """
    from adapt.feature_based import (
        GFK,
        DomainStandardScaler,
        QuantileMatching,
        SelfTraining,
    )

    found = {
        "DomainStandardScaler": DomainStandardScaler(estimator),
        "QuantileMatching": QuantileMatching(estimator),
    }
    if estimator is not None and is_regressor(estimator):
        return found
    found["GFK"] = GFK(estimator)
    for how in ("predict_proba", "decision_function"):
        if estimator is None or has_method(estimator, how):
            taught = SelfTraining(estimator, scores=how)
            found["ScaledSelfTraining"] = DomainStandardScaler(taught)
            break
    return found


def candidates(methods, estimator, trains_on_target):
    """Return the adapters to compare, by name, source-only first."""
    if isinstance(methods, str) and methods == "default":
        found = default_candidates(estimator)
    elif isinstance(methods, dict):
        found = {name: clone(method) for name, method in methods.items()}
    elif isinstance(methods, str):
        raise ValueError(
            f"`methods` must be 'default', a list of names or a dict; got {methods!r}."
        )
    else:
        found = named_candidates(methods)
    for name, method in found.items():
        if not isinstance(method, BaseAdapter):
            raise TypeError(
                f"`methods` must hold adapters; {name!r} is of type "
                f"{type(method).__name__}."
            )
        check_packages(method)
        if method._target_labels == "required" and not trains_on_target:
            raise ValueError(
                f"{name} learns from target labels, which are kept for scoring: give "
                "`target_labels='train'` to use them, or leave the method out."
            )
        if isinstance(method, MetaAdapter) and method.estimator is None:
            method.set_params(estimator=clone(estimator))
    found.pop(BASELINE, None)
    return {BASELINE: SourceOnly(estimator), **found}


def _method_class(name):
    """Return the adapter of a name, in whatever case; it alone is imported.

    Raises
    ------
    ValueError
        If there is none.
    ImportError
        If it needs Keras, and that is not installed.
    """
    from adapt import feature_based, instance_based, parameter_based
    from adapt.discovery import all_adapters

    homes = {
        public: family
        for family in (feature_based, instance_based, parameter_based)
        for public in family.__all__
    }
    homes = {public.lower(): (public, home) for public, home in homes.items()}
    if name.lower() == BASELINE.lower():
        return SourceOnly
    public, home = homes.get(name.lower(), (None, None))
    found = None if public is None else getattr(home, public)
    if isinstance(found, type) and issubclass(found, BaseAdapter):
        return found
    near = get_close_matches(name.lower(), homes, 1)
    meant = [f" Did you mean {homes[key][0]!r}?" for key in near]
    known = [key for key, _ in all_adapters(deep=False)]
    raise ValueError(
        f"There is no method named {name!r}.{''.join(meant)} The shallow "
        f"ones are {', '.join(known)}; `adapt list --deep` names all."
    )


def named_candidates(names):
    """Return adapters by their names, as `default_candidates` has them if it does.

    Parameters
    ----------
    names : list of str
        In any case.

    Returns
    -------
    candidates : dict of str to adapter
        By their names as they are written in the library.

    Raises
    ------
    ValueError
        If there is no method of a name.
    ImportError
        If a method needs a package that is not installed.
    """
    classes = {kind.__name__: kind for kind in map(_method_class, names)}
    classes.pop(BASELINE, None)
    found = {name: kind() for name, kind in classes.items()}
    found |= {k: v for k, v in default_candidates(None).items() if k in found}
    for method in found.values():
        check_packages(method)
    return found


def check_packages(method):
    """Refuse an adapter that needs a package which is not installed.

    Parameters
    ----------
    method : BaseAdapter
        The adapters that are its parameters are looked at, too.
    """
    for part in (method, *method.get_params().values()):
        if isinstance(part, BaseAdapter):
            part._check_packages()
