"""Calls that do not fit a method: what to write instead.

Many of the arguments that a method has not are ADAPT 0.4.5's;
``docs/coming_from_adapt.rst`` has the same in its tables.
"""

from difflib import get_close_matches
from functools import wraps
from inspect import signature
from types import FunctionType

from sklearn.base import BaseEstimator, TransformerMixin

from adapt._sklearn import _AvailableIfDescriptor

_OF_NETWORK = (
    "`estimator=DeepSource(task=network, epochs=9)`, with what belongs to the network"
)
_OF_OPTIMIZER = "`optimizer=keras.optimizers.Adam(...)`, with what belongs to it"
_OF_BATCHES = "`epochs=`, `max_steps=` and `batch_size=`"
_OF_PREDICTION = "nothing, because the number of rows at a time is found"
_COUNTED = "nothing, because it is counted in the source model and in `yt`"
_PLAIN = 'nothing, because `algo="ser"` and `algo="strut"` are as published'
_MIXED = (
    "`sample_weight`, for the rows of `X`; to weigh both domains, one table with "
    "`sample_domain`"
)

ARGUMENTS = {
    "Xs": "`X`",
    "class_weight": (
        '`sample_weight=compute_sample_weight("balanced", ys)` of scikit-learn'
    ),
    "coeffs": "`list_alg_args=[{'coeffs': ...}]`, in the entry of its algorithm",
    "data_size_per_class": _COUNTED,
    "domain": "`sample_domain`, 0 for rows of the source, -1 for rows of the target",
    "domains": "`sample_domain`, with a number for each row of `X`",
    "fit_params_estimator": (
        "`IWN(DeepSource(task=network, epochs=9))`, with what belongs to the estimator"
    ),
    "leaf_loss_quantify": "`leaf_loss_threshold`, which switches it on",
    "loss_weights": "a parameter of the method, such as `lambda_`",
    "max_drift": _PLAIN,
    "min_drift": _PLAIN,
    "no_ext_on_cl": "`cl_no_ext`, the classes",
    "no_prune_on_cl": "`cl_no_prune`, the classes",
    "no_prune_with_translation": _PLAIN,
    "no_red_on_cl": "`cl_no_red`, the classes",
    "Nkmin": "`min_samples_leaf`",
    "optimizer_disc": "`optimizer`, because the method has no discriminator",
    "original_ser": _PLAIN,
    "root_source_values": _COUNTED,
    "run_eagerly": "`jit_compile=False`",
    "sample_weight_src": _MIXED,
    "sample_weight_tgt": _MIXED,
    "sigmas": "`gamma`",
    "steps_per_execution": "nothing, because an epoch is one call of the backend",
    "val_sample_size": "`validation_split`",
    "warm_start": "nothing, because `fit` starts afresh",
    "weighted_metrics": "`metrics`",
    "ys": "`y`",
    **dict.fromkeys(
        ("initial_epoch", "shuffle", "steps_per_epoch", "validation_steps"),
        _OF_BATCHES,
    ),
    **dict.fromkeys(
        (
            *("amsgrad", "beta_1", "beta_2", "clipnorm", "clipvalue", "decay"),
            *("epsilon", "lr", "momentum", "nesterov", "rho", "weight_decay"),
        ),
        _OF_OPTIMIZER,
    ),
    **dict.fromkeys(
        (
            *("batch_size", "callbacks", "epochs", "learning_rate", "loss"),
            *("metrics", "optimizer", "validation_data", "validation_split"),
        ),
        _OF_NETWORK,
    ),
}
_SOURCE = {"Xs": "X", "ys": "y"}
# Arguments that other methods than these take for a training.
_TRAINING = ("__init__", "fit", "fit_transform", "fit_weights", "set_params")
_OF_PREDICT = dict.fromkeys(("batch_size", "callbacks", "steps"), _OF_PREDICTION)
# Where rows are of the target unless told otherwise.
_WITH_DOMAIN = ("decision_function", "predict", "predict_proba", "score", "transform")
_OF_ROWS = {"Xs": "`X`, with `sample_domain=0` because its rows are of the source"}


def advice_on(name, method):
    """Return what to write for an argument of ADAPT's; None if it is none.

    Parameters
    ----------
    name : str
        Of the argument.

    method : str
        To which it was given.
    """
    if name.startswith("pretrain__"):
        name = name.removeprefix("pretrain__")
        if name == "epochs":
            return "`pretrain_epochs` of the constructor"
        return f"`{name}` of the constructor, which is for both trainings"
    if method not in _TRAINING and name in _OF_PREDICT:
        return _OF_PREDICT[name]
    if method in _WITH_DOMAIN and name in _OF_ROWS:
        return _OF_ROWS[name]
    return ARGUMENTS.get(name)


def _of_estimator(adapter, name, given):
    """Return words on an estimator among the arguments that has the parameter."""
    for value in given:
        if isinstance(value, BaseEstimator) and name in value.get_params():
            outer, inner = type(adapter).__name__, type(value).__name__
            return f"It belongs to {inner}: `{outer}({inner}({name}=...))`."
    return None


def unexpected(adapter, method, name, known, given=()):
    """Return what to say of an argument that a method does not take.

    Parameters
    ----------
    adapter : object
        Whose method was called.

    method, name : str
        Of the method, and of the argument.

    known : list of str
        Names of the arguments that it takes.

    given : iterable
        Values of the arguments that it was given.

    Returns
    -------
    words : str
    """
    advice = advice_on(name, method)
    if name == "Xs" and "X_source" in known:
        advice = "`X_source`"
    elif name in _SOURCE and _SOURCE[name] not in known:
        advice = None
    words = _of_estimator(adapter, name, given) if method == "__init__" else None
    if advice is not None and words is None:
        words = f"Write {advice}. See the page 'Coming from ADAPT'."
    if words is None:
        near = get_close_matches(name, known, n=1)
        words = f"Did you mean `{near[0]}`?" if near else None
    if words is None:
        names = ", ".join(f"`{each}`" for each in known)
        words = f"It takes {names}." if known else "It takes none."
        if method == "__init__" and "estimator" in known:
            words += " Parameters of an estimator are given to it."
    called = type(adapter).__name__ + ("" if method == "__init__" else f".{method}")
    return f"{called}() got an unexpected keyword argument {name!r}. {words}"


def _quoted(names):
    """Return names as words, each in backticks."""
    names = [f"`{name}`" for name in names]
    return " and ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)


def _missing(called, method, names, parameters):
    """Return what to say of a call without what the method needs."""
    needed = [each for each in parameters if each.default is each.empty]
    call = [f"{each.name}=..." if _by_name(each) else each.name for each in needed]
    words = ""
    known = {each.name for each in parameters}
    if {"X_source", "Xt"} <= known:
        call = ["X", "Xt=Xt"]
        words = ": rows of the source, and rows of the target"
    elif {"y", "Xt"} <= known:
        call = ["X", "y", "Xt=Xt"]
        words = ": rows of the source, their labels, and rows of the target"
    written = ", ".join(call)
    write = called if method == "__init__" else method
    return f"{called}() needs {_quoted(names)}. Write `{write}({written})`{words}."


def _by_name(parameter):
    return parameter.kind is parameter.KEYWORD_ONLY


def _too_many(called, n_given, parameters):
    """Return what to say of more values than a method takes in order."""
    taken = [each.name for each in parameters if not _by_name(each)]
    named = [each.name for each in parameters if _by_name(each)]
    words = f"{called}() takes {_quoted(taken) if taken else 'nothing'} in order"
    rest = f": name the others, {_quoted(named)}" if named else ", and no more"
    return f"{words}, and was given {n_given} values{rest}."


def _misfit(adapter, function, args, kwargs):
    """Return what to say of a call that does not fit; None if it fits."""
    called, method = signature(function), function.__name__
    try:
        called.bind(adapter, *args, **kwargs)
    except TypeError:
        pass
    else:
        return None
    _, *parameters = called.parameters.values()
    is_open = any(each.kind is each.VAR_KEYWORD for each in parameters)
    parameters = [each for each in parameters if each.kind is not each.VAR_KEYWORD]
    known = [each.name for each in parameters]
    foreign = ARGUMENTS if is_open else kwargs
    for name in kwargs:
        if name not in known and name in foreign:
            given = *args, *kwargs.values()
            return unexpected(adapter, method, name, known, given)
    words = type(adapter).__name__ + ("" if method == "__init__" else f".{method}")
    in_order = [each for each in parameters if not _by_name(each)]
    if len(args) > len(in_order):
        return _too_many(words, len(args), parameters)
    given = {*known[: len(args)], *kwargs}
    names = [each.name for each in parameters if each.default is each.empty]
    names = [name for name in names if name not in given]
    return _missing(words, method, names, parameters) if names else None


def _explaining(function):
    """Return a method that says of a call which does not fit what to write."""

    @wraps(function)
    def method(self, *args, **kwargs):
        try:
            return function(self, *args, **kwargs)
        except TypeError:
            words = _misfit(self, function, args, kwargs)
            if words is None:
                raise  # what was raised inside of the method
        raise TypeError(words)

    return method


def explain_arguments(cls, names=None):
    """Let the public methods of a class, and its constructor, say what to write.

    Nothing changes in their signatures, and nothing is looked at until a call fails.

    Parameters
    ----------
    cls : type
        Its own methods are replaced.

    names : tuple of str, default=None
        Of the methods. If None, all.
    """
    for name, member in list(vars(cls).items()):
        if name.startswith("_") and name != "__init__":
            continue
        if names is not None and name not in names:
            continue
        if isinstance(member, FunctionType):
            setattr(cls, name, _explaining(member))
        elif isinstance(member, _AvailableIfDescriptor):
            member.fn = _explaining(member.fn)


class ExplainingTransformer(TransformerMixin):
    """Mixin of transformers that do so; in the place of scikit-learn's.

    That one wraps methods for `set_output`, and the wrappers fail with a message of
    their own unless they are explained once more.
    """

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        explain_arguments(cls, ("transform", "fit_transform"))


ExplainingTransformer.fit_transform = _explaining(TransformerMixin.fit_transform)


class ExplainsArguments:
    """Mixin of estimators whose methods say what to write where a call does not fit."""

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        explain_arguments(cls)

    def set_params(self, **params):
        """Set parameters, those of nested estimators as ``name__parameter``.

        Parameters
        ----------
        **params : object
            Values by name.

        Returns
        -------
        self : object
        """
        known = signature(type(self)).parameters
        for name in params:
            outer, _, inner = name.partition("__")
            advice = advice_on(name, "set_params")
            foreign = outer not in known or (inner and outer == "pretrain")
            if foreign and advice is not None:
                raise ValueError(
                    f"Invalid parameter {name!r} for {type(self).__name__}. Write "
                    f"{advice}. See the page 'Coming from ADAPT'."
                )
        return super().set_params(**params)
