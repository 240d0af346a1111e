"""What may be given as `estimator`, and how it is prepared and fitted."""

import sys
import warnings
from contextlib import nullcontext
from importlib import import_module

import numpy as np
from sklearn import config_context
from sklearn.base import BaseEstimator, is_classifier, is_regressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.utils import ClassifierTags, RegressorTags, check_random_state
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import has_fit_parameter

from adapt._domains import refuse_texts_of
from adapt._label_kinds import MAX_WHOLE_NUMBERS, is_classification
from adapt._sklearn import search_and_ensemble
from adapt.base._weighted_rows import for_vector_machines


def has_method(estimator, name):
    """Return whether an estimator has a method, as scikit-learn asks: by its name.

    A search, a pipeline or a voting has those of the estimators in it.
    """
    return callable(getattr(estimator, name, None))


def estimator_has(method):
    """Return a check that the estimator of an adapter has ``method``."""

    def check(self):
        fitted = getattr(self, "estimator_", None)
        return has_method(self._stand_in() if fitted is None else fitted, method)

    return check


def of_kind(tags, kind):
    """Make tags those of a "classifier" or a "regressor", which needs labels."""
    of_classes = kind == "classifier"
    classes = (tags.classifier_tags or ClassifierTags()) if of_classes else None
    numbers = None if of_classes else tags.regressor_tags or RegressorTags()
    tags.estimator_type = kind
    tags.classifier_tags, tags.regressor_tags = classes, numbers
    tags.target_tags.required = True


def default_estimator(y):
    """Return the plain linear model that fits labels such as ``y``."""
    kind = type_of_target(y)
    if kind in ("binary", "multiclass"):
        if is_classification(y):
            return LogisticRegression()
        if np.asarray(y).dtype.kind != "f":
            warnings.warn(
                f"`y` holds {len(np.unique(y))} different whole numbers and is taken "
                f"for numbers: classes are at most {MAX_WHOLE_NUMBERS} of them, or "
                "texts. Give `estimator` a classifier if these are classes, or a "
                "regressor.",
                UserWarning,
                stacklevel=3,
            )
        return LinearRegression()
    if kind == "multilabel-indicator":
        from sklearn.multiclass import OneVsRestClassifier

        return OneVsRestClassifier(LogisticRegression())
    return LinearRegression()


def predicts_numbers(estimator, ys):
    """Return whether labels are numbers: by ``estimator``, else by the labels.

    Parameters
    ----------
    estimator : estimator or None
        As given to an adapter.

    ys : ndarray of shape (n_samples,) or (n_samples, n_outputs), or None
        Labels; without any the estimator alone can tell.
    """
    if estimator is not None and (is_classifier(estimator) or is_regressor(estimator)):
        fractions = ys is not None and type_of_target(ys).startswith("continuous")
        return is_regressor(estimator) or fractions
    return ys is not None and not is_classification(ys)


def check_classes(adapter, y):
    """Refuse labels that leave a classifier one class.

    Parameters
    ----------
    adapter : MetaAdapter
        Whose estimator is to be fitted.

    y : ndarray of shape (n_samples,)
        Classes.
    """
    name, classes = type(adapter).__name__, np.unique(y)
    if len(classes) < 2:
        hint = ""
        if adapter.estimator is None:
            hint = (
                " In a cross-validation give `estimator`, such as "
                "`LogisticRegression()`: folds are stratified only where it is known "
                "before the fit that labels are classes."
            )
        raise ValueError(
            f"{name} needs labels of at least 2 classes in the source, got one class "
            f"only: {classes.tolist()[0]!r}.{hint}"
        )


def as_estimator(model, copy):
    """Return a compiled Keras model as an estimator that trains it; others as they are.

    Of a pipeline that ends in one, the last step becomes such an estimator. Nothing is
    imported: who has a Keras model has imported Keras.
    """
    keras = sys.modules.get("keras")
    if keras is None:
        return model
    from sklearn.pipeline import Pipeline

    of_pipeline = isinstance(model, Pipeline)
    network = model.steps[-1][1] if of_pipeline else model
    if not isinstance(network, keras.Model):
        return model
    make = import_module("adapt.deep._source_only").source_of
    estimator = make(network, copy, in_pipeline=of_pipeline)
    if not of_pipeline:
        return estimator
    steps = [*model.steps[:-1], (model.steps[-1][0], estimator)]
    return Pipeline(steps, memory=model.memory, verbose=model.verbose)


def cloning(model):
    """Return a context in which a model is cloned, or refuse what cannot be.

    For a Keras model, or an estimator that holds one, no other backend is imported.
    """
    keras = sys.modules.get("keras")
    if keras is None:
        return nullcontext()
    held = {"estimator": model}
    if isinstance(model, BaseEstimator):
        inner = model.get_params().items()
        held |= {f"estimator__{name}": value for name, value in inner}
    for name, value in held.items():
        if isinstance(value, keras.Model):
            return import_module("adapt.deep._source_only").copying(value, name)
    return nullcontext()


def seed_estimator(estimator, random_state):
    """Give each ``random_state`` in ``estimator`` that is None a seed."""
    rng = check_random_state(random_state)
    names = sorted(
        name
        for name, value in estimator.get_params().items()
        if value is None and name.split("__")[-1] == "random_state"
    )
    seeds = rng.randint(np.iinfo(np.int32).max, size=len(names)).tolist()
    return estimator.set_params(**dict(zip(names, seeds, strict=True)))


def _weight_name(estimator):
    """Return the name under which ``fit`` takes sample weights, or None.

    A pipeline takes them for its last step by that step's name; searches, voting and
    stacking forward what they are given.
    """
    if has_fit_parameter(estimator, "sample_weight"):
        return "sample_weight"

    # Imported here because these modules are slow to import.
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.pipeline import Pipeline

    search, ensemble = search_and_ensemble()
    if isinstance(estimator, Pipeline):
        step, last = estimator.steps[-1]
        name = _weight_name(last)
        return None if name is None else f"{step}__{name}"
    if isinstance(estimator, search):
        return _weight_name(estimator.estimator)
    if isinstance(estimator, TransformedTargetRegressor):
        if estimator.regressor is None:
            return "sample_weight"  # of LinearRegression, its default
        return _weight_name(estimator.regressor)
    if isinstance(estimator, ensemble):
        return None if weightless_member(estimator) else "sample_weight"
    return None


def weightless_member(estimator):
    """Return words on a member of an ensemble that takes no weights; "" if none is."""
    if not isinstance(estimator, search_and_ensemble()[1]):
        return ""
    for name, member in estimator.estimators:
        if member != "drop" and not has_fit_parameter(member, "sample_weight"):
            return (
                f" that its member {name!r} ({type(member).__name__}) takes. An "
                "ensemble hands none to a pipeline: make one pipeline whose last step "
                "is the ensemble"
            )
    return ""


def takes_sample_weight(estimator):
    """Return whether ``estimator`` can be fitted with sample weights."""
    return _weight_name(estimator) is not None


def fit_weighted(estimator, X, y, sample_weight, **params):
    """Fit ``estimator`` with sample weights, wherever in it they belong."""
    params[_weight_name(estimator)] = for_vector_machines(estimator, y, sample_weight)
    # Step names address the weights only while metadata routing is off.
    with config_context(enable_metadata_routing=False):
        return estimator.fit(X, y, **params)


def fit_inner(estimator, X, y, sample_weight=None, **params):
    """Fit ``estimator``, with weights if there are any; name a column of texts.

    Parameters
    ----------
    estimator : estimator
        Unfitted.

    X, y : array-likes
        What it is fitted on.

    sample_weight : ndarray of shape (n_samples,), default=None
        Weights of the rows.

    **params : object
        Other arguments of its `fit`.

    Returns
    -------
    estimator : estimator
    """
    try:
        if sample_weight is None:
            return estimator.fit(X, y, **params)
        return fit_weighted(estimator, X, y, sample_weight, **params)
    except (TypeError, ValueError) as error:
        refuse_texts_of(estimator, X, error)
        raise


def copy_names(fitted, model):
    """Give a model the names of the columns that another was fitted on, if any."""
    names = getattr(fitted, "feature_names_in_", None)
    if names is not None:
        model.feature_names_in_ = names


def split_pipeline(model):
    """Return the steps before a linear model, or None, and the linear model."""
    from sklearn.pipeline import Pipeline

    if not isinstance(model, Pipeline):
        return None, model
    if len(model) == 1:
        return None, model[-1]
    return model[:-1], model[-1]
