"""What a source gives target rows: predictions, probabilities, features."""

import sys
from typing import NamedTuple

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, clone, is_classifier, is_regressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.utils.validation import check_is_fitted

from adapt._frames import as_pandas, column_names, is_frame, stack_rows
from adapt.base import FeatureAdapter
from adapt.base._estimators import has_method
from adapt.model_selection._preprocessing import (
    array_preprocessor,
    table_preprocessor,
    usable_columns,
)


class SourceOutputs(NamedTuple):
    """What a source makes of target rows; None where it does not have it.

    Parameters
    ----------
    probabilities : ndarray of shape (n_samples, n_source_classes)
    classes : ndarray of shape (n_source_classes,)
        Classes of the probabilities.
    predictions : ndarray of shape (n_samples,)
        Of numbers.
    features : ndarray of shape (n_samples, n_features)
        For a new head.
    table : tuple (X, y)
        The source's own rows.
    """

    probabilities: np.ndarray | None = None
    classes: np.ndarray | None = None
    predictions: np.ndarray | None = None
    features: np.ndarray | None = None
    table: tuple | None = None


def _loaded(module, name):
    """Return a class of a module if somebody has imported it; else an empty tuple."""
    found = sys.modules.get(module)
    return () if found is None else getattr(found, name)


def is_network(source):
    """Return whether a source is a Keras model, which nobody has without Keras."""
    return isinstance(source, _loaded("keras", "Model"))


def is_table(source):
    """Return whether a source is a pair of rows and labels."""
    return isinstance(source, tuple) and len(source) == 2


def outputs_of(name, source, X, yt, *, of_classes, estimator, layer, with_features):
    """Return what a source makes of target rows.

    Parameters
    ----------
    name : str
        What messages call it.

    source : fitted estimator, keras.Model or tuple (X, y)
        The source.

    X : array-like of shape (n_samples, ...)
        Target rows.

    yt : ndarray of shape (n_samples,)
        Their labels: the classes of a network that has as many outputs.

    of_classes : bool
        Whether labels are classes.

    estimator : estimator or None
        What is fitted on a table.

    layer : str, int or None
        Layer of a network whose outputs are features.

    with_features : bool
        Whether features are needed.

    Returns
    -------
    outputs : SourceOutputs
    """
    if is_network(source):
        return _of_network(name, source, X, yt, of_classes, layer, with_features)
    table = None
    if is_table(source):
        table, source = source, _model_of_table(source, X, of_classes, estimator)
    elif not isinstance(source, BaseEstimator):
        raise TypeError(
            f"Source {name!r} must be a fitted estimator, a Keras model or a pair "
            f"(X, y) of rows and labels, got {type(source).__name__}."
        )
    check_is_fitted(source)
    rows = _as_fitted(name, source, X)
    features = features_of(source, rows) if with_features else None
    if is_classifier(source) and has_method(source, "predict_proba"):
        P = np.asarray(source.predict_proba(rows))
        return SourceOutputs(P, source.classes_, None, features, table)
    if is_regressor(source):
        predictions = np.asarray(source.predict(rows), dtype=float)
        return SourceOutputs(None, None, predictions, features, table)
    return SourceOutputs(features=features, table=table)


def _model_of_table(table, X, of_classes, estimator):
    """Return a model of a table, of the columns that the target has too."""
    (Xs, ys), Xt = table, as_pandas(X)
    Xs, preprocessor = as_pandas(Xs), array_preprocessor()
    if is_frame(Xs) and is_frame(Xt):
        columns = usable_columns(Xs, Xt)
        Xs = Xs[columns]
        preprocessor = table_preprocessor(stack_rows(Xs, Xt[columns]), columns)
    if estimator is None:
        linear = LogisticRegression() if of_classes else LinearRegression()
        estimator = make_pipeline(preprocessor, linear)
    return clone(estimator).fit(Xs, ys)


def _as_fitted(name, model, X):
    """Return the rows that a model was fitted for: some columns, or an array."""
    if not is_frame(X):
        return X
    columns = getattr(model, "feature_names_in_", None)
    if columns is None:
        return np.asarray(X)
    missing = [column for column in columns if column not in column_names(X)]
    if missing:
        raise ValueError(
            f"Source {name!r} was fitted on columns that the target lacks: "
            f"{missing[:6]}{' and more' if len(missing) > 6 else ''}."
        )
    return X[list(columns)]


def _frozen(source, X, layer):
    from adapt.parameter_based import FrozenFeatures

    return FrozenFeatures(source, layer).fit(X).transform(X)


def _of_network(name, network, X, yt, of_classes, layer, with_features):
    X = np.asarray(X)
    out = np.asarray(_frozen(network, X, None), dtype=float)
    features = None
    if with_features:
        features = _frozen(network, X, -2 if layer is None else layer)
    if not of_classes:
        return SourceOutputs(predictions=out[:, 0], features=features)
    if out.shape[1] == 1:
        out = np.column_stack([1 - out, out])
    if out.min() < -1e-6 or np.abs(out.sum(axis=1) - 1).max() > 1e-3:
        # Logits: of a softmax as of two classes with the first at zero.
        out = np.exp(out - out.max(axis=1, keepdims=True))
        out /= out.sum(axis=1, keepdims=True)
    classes = np.unique(yt)
    if len(classes) != out.shape[1]:
        classes = np.array([f"{name} {k}" for k in range(out.shape[1])])
    return SourceOutputs(out, classes, None, features)


def features_of(model, X):
    """Return the features that a fitted model computes before its last step.

    They are the last hidden layer of a perceptron, the encoder's outputs of a deep
    adapter, the mapped rows of a feature-based adapter, and what the steps before the
    last one of a pipeline make. Other models have none, and their probabilities or
    predictions are taken.

    Parameters
    ----------
    model : fitted estimator
        The source.

    X : array-like of shape (n_samples, n_features)
        Target rows.

    Returns
    -------
    Z : ndarray of shape (n_samples, n_features_out)
    """
    if isinstance(model, _loaded("adapt.deep._base", "DeepAdapter")):
        return _frozen(model, X, None)
    if isinstance(model, Pipeline) and len(model) > 1:
        Z = model[:-1].transform(X)
        return features_of(model[-1], Z) if _has_hidden(model[-1]) else _dense(Z)
    if _has_hidden(model):
        return _hidden(model, X)
    if isinstance(model, FeatureAdapter):
        return _dense(model.transform(X))
    if has_method(model, "predict_proba"):
        return np.asarray(model.predict_proba(X))
    found = np.asarray(model.predict(X), dtype=float)
    return found.reshape(len(found), -1)


def _dense(Z):
    return Z.toarray() if sparse.issparse(Z) else np.asarray(Z, dtype=float)


def _has_hidden(model):
    module = "sklearn.neural_network"
    kinds = _loaded(module, "MLPClassifier"), _loaded(module, "MLPRegressor")
    return isinstance(model, kinds) and len(model.coefs_) > 1


def _hidden(model, X):
    rules = {
        "relu": lambda A: np.maximum(A, 0),
        "tanh": np.tanh,
        "logistic": lambda A: 1 / (1 + np.exp(-A)),
        "identity": lambda A: A,
    }
    A = _dense(X)
    for W, b in zip(model.coefs_[:-1], model.intercepts_[:-1], strict=True):
        A = rules[model.activation](A @ W + b)
    return A
