"""What ADAPT 0.4.5 had and this library has not, and what to write here.

``docs/coming_from_adapt.rst`` tells more, and names what has stayed as it was.
"""

_CLONED = "nothing: `fit` clones an estimator and copies a network"
_SIZED = "`None`: networks are sized from the data, see `encoder_` and `task_`"
_SKLEARN_TREE = "`estimator_.tree_`: the result is a tree of scikit-learn"
_SELECTED = "`fit`, which selects, and its attributes that end in an underscore"

# By package; what is imported from it.
NAMES = {
    "adapt.base": {
        "BaseAdapt": "`adapt.base.BaseAdapter`",
        "BaseAdaptDeep": "`adapt.deep.DeepAdapter`, or `DeepSource` to use as it is",
        "BaseAdaptEstimator": (
            "`FeatureAdapter`, `WeightAdapter` or `ParameterAdapter` of `adapt.base` "
            "for a method of your own, or `SourceOnly` to use as it is"
        ),
        "make_insert_doc": "nothing: docstrings are written out",
    },
    "adapt.utils": {
        "accuracy": '`metrics=["accuracy"]`',
        "check_arrays": "`sklearn.utils.check_X_y`",
        "check_estimator": _CLONED,
        "check_fitted_estimator": _CLONED,
        "check_fitted_network": _CLONED,
        "check_if_compiled": _CLONED,
        "check_network": _CLONED,
        "check_sample_weight": "nothing: `fit` checks `sample_weight`",
        "get_default_discriminator": _SIZED,
        "get_default_encoder": _SIZED,
        "get_default_task": _SIZED,
        "new_init": _CLONED,
        "predict": "the method `predict`",
        "set_random_seed": "`random_state=` of each method",
    },
}

# Methods and attributes of adapters.
MEMBERS = {
    "best_index": _SELECTED,
    "best_method": _SELECTED,
    "best_score": _SELECTED,
    "bool_parents_lr": _SKLEARN_TREE,
    "call": "`predict` or `transform`",
    "cl_params_": "`classifier_.get_params()`",
    "compile": "`loss=`, `optimizer=` and `metrics=` of the constructor",
    "depths": _SKLEARN_TREE,
    "evaluate": "`score`",
    "extend": _SKLEARN_TREE,
    "fit_estimator": "`fit`, or `estimator_.fit` on rows from `transform`",
    "history": "`history_`, a dictionary of lists",
    "label_encoder_": "`classes_`",
    "length_src_": "the number of rows that you gave",
    "length_tgt_": "the number of rows that you gave",
    "load_weights": "`joblib.load(path)`",
    "model_selection": _SELECTED,
    "parents": _SKLEARN_TREE,
    "paths": _SKLEARN_TREE,
    "predict_estimator": "`estimator_.predict` on rows from `transform`",
    "pretrain_step": "`pretrain_epochs=` of the constructor",
    "prune": _SKLEARN_TREE,
    "rf_size": "`len(estimator_.estimators_)`",
    "rules": _SKLEARN_TREE,
    "save": "`joblib.dump(model, path)`",
    "save_weights": "`joblib.dump(model, path)`, or `encoder_.save(path)`",
    "score_estimator": "`score`",
    "scores": _SELECTED,
    "select": _SELECTED,
    "STRF_indexes": _SELECTED,
    "STRF_model": _SELECTED,
    "summary": "`encoder_.summary()`",
    "swap_subtrees": _SKLEARN_TREE,
    "train_step": "the losses of a method of your own, see `adapt.deep.DeepAdapter`",
    "transferred_models": _SELECTED,
    "unsupervised_score": (
        "a distance of `adapt.metrics` on rows from `transform`, or a scorer such as "
        "`CircularValidation()`"
    ),
    "updateSplit": _SKLEARN_TREE,
    "updateValue": _SKLEARN_TREE,
}


def former_names(package):
    """Return a ``__getattr__`` of a package, which says what to write for a name.

    Parameters
    ----------
    package : str
        Its ``__name__``.

    Returns
    -------
    getattr : callable
        It raises an `ImportError` for a name of ADAPT: that alone reaches a user who
        writes ``from package import name``.
    """
    advice = NAMES[package]

    def __getattr__(name):  # noqa: N807
        if name in advice:
            raise ImportError(
                f"`{name}` of ADAPT is not in `{package}`. Here it is {advice[name]}. "
                "See the page 'Coming from ADAPT'."
            )
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return __getattr__


def former_member(adapter, name):
    """Return the error of an adapter that is asked for a member of ADAPT's; or None."""
    if name not in MEMBERS:
        return None
    return AttributeError(
        f"`{name}` of ADAPT is not in {type(adapter).__name__}. Here it is "
        f"{MEMBERS[name]}. See the page 'Coming from ADAPT'."
    )
