"""Ways of learning from two tables that share some of their columns.

A way says what of a row the estimator sees, and whether it is fitted on the source's
rows beside those of the target.
"""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, is_classifier
from sklearn.utils.metaestimators import available_if

from adapt.base._estimators import has_method
from adapt.feature_based._column_tables import (
    FilledUnion,
    union_dtypes,
    with_columns,
)

_SMALLEST = 1e-6  # probability of which a logarithm is taken


class SharedColumns:
    """The columns that both tables have, of the rows of both."""

    name, uses_source, takes_gaps = "shared", True, False

    def __init__(self, tables, source_score=None):
        self.columns, self.dtypes = tables.shared, union_dtypes(tables)

    def rows(self, X):
        """Return rows of either table as the estimator sees them."""
        return with_columns(X, self.columns, self.dtypes)


class UnionColumns(SharedColumns):
    """All columns, and what a table lacks is missing."""

    name, takes_gaps = "union", True

    def __init__(self, tables, source_score=None):
        super().__init__(tables)
        self.columns = [*tables.Xs.columns, *tables.target_only]


class ImputedColumns:
    """All columns, and what a table lacks is filled in."""

    name, uses_source, takes_gaps = "imputed", True, False

    def __init__(self, tables, source_score=None):
        self.filler = FilledUnion(tables)

    def rows(self, X):
        """Return rows of either table as the estimator sees them."""
        return self.filler.transform(X)


class TargetColumns(SharedColumns):
    """The target's columns, of the target's rows alone."""

    name, uses_source = "target", False

    def __init__(self, tables, source_score=None):
        super().__init__(tables)
        self.columns = list(tables.Xt.columns)


class SourceScore(TargetColumns):
    """The target's columns beside what a model of the source says, of its rows."""

    name = "score"

    def __init__(self, tables, source_score=None):
        super().__init__(tables)
        self.source_score = source_score

    def rows(self, X):
        """Return rows of the target as the estimator sees them."""
        scores = self.source_score(X)
        names = ["source_score"]
        if scores.shape[1] > 1:
            names = [f"source_score{k}" for k in range(scores.shape[1])]
        columns = dict(zip(names, scores.T, strict=True))
        return super().rows(X).assign(**columns)


WAYS = {
    way.name: way
    for way in (SharedColumns, UnionColumns, ImputedColumns, SourceScore, TargetColumns)
}


def log_odds(model, X):
    """Return the predictions of a model as columns that a linear model can use.

    Parameters
    ----------
    model : estimator
        A fitted classifier or regressor.

    X : DataFrame
        Rows.

    Returns
    -------
    scores : ndarray of shape (n_samples, n_columns)
        For a regressor its predictions. For a classifier the logarithms of the odds of
        each class but the first against the first; without `predict_proba` its decision
        function, or ones where such a class is predicted.
    """
    if not is_classifier(model):
        predicted = np.asarray(model.predict(X))
        return predicted.reshape(len(predicted), -1)
    if has_method(model, "predict_proba"):
        logs = np.log(np.clip(model.predict_proba(X), _SMALLEST, None))
        return logs[:, 1:] - logs[:, :1]
    if has_method(model, "decision_function"):
        scores = np.asarray(model.decision_function(X))
        return scores.reshape(len(scores), -1)
    return np.asarray(model.predict(X)[:, np.newaxis] == model.classes_[1:], float)


def forecast(model, X, classes):
    """Return predictions of shape (n_samples, n_outputs), or class probabilities.

    Parameters
    ----------
    model : estimator
        A fitted classifier or regressor.

    X : DataFrame
        Rows.

    classes : ndarray of shape (n_classes,) or None
        All classes, sorted, some of which the model may not know; None of numbers. A
        model without `predict_proba` gives 1 to the class that it predicts.
    """
    if classes is None:
        return np.reshape(model.predict(X), (len(X), -1))
    if not has_method(model, "predict_proba"):
        return (np.asarray(model.predict(X))[:, None] == classes).astype(float)
    p = np.zeros((len(X), len(classes)))
    p[:, np.searchsorted(classes, model.classes_)] = model.predict_proba(X)
    return p


def _all_have(method):
    return lambda self: all(has_method(model, method) for _, model in self.members)


class _OfWays(BaseEstimator):
    """Fitted models, each with its way, and the weights of their predictions."""

    def __init__(self, members, weights, classes=None):
        self.members = members
        self.weights = weights
        self.classes = classes

    def _mixed(self, X):
        parts = [
            forecast(model, way.rows(X), self.classes) for way, model in self.members
        ]
        return np.tensordot(self.weights, np.stack(parts), 1)


class RegressorOfWays(RegressorMixin, _OfWays):
    """Mean of the numbers that models of several ways predict."""

    def predict(self, X):
        """Return the weighted mean."""
        if len(self.members) == 1:
            way, model = self.members[0]
            return model.predict(way.rows(X))
        mixed = self._mixed(X)
        return mixed[:, 0] if mixed.shape[1] == 1 else mixed


class ClassifierOfWays(ClassifierMixin, _OfWays):
    """Mean of the probabilities that models of several ways give."""

    @property
    def classes_(self):
        """Return the classes of all models, or of the only one."""
        return self.members[0][1].classes_ if self.classes is None else self.classes

    def predict(self, X):
        """Return the classes of the largest probabilities."""
        if len(self.members) == 1:
            way, model = self.members[0]
            return model.predict(way.rows(X))
        return self.classes[self._mixed(X).argmax(axis=1)]

    @available_if(_all_have("predict_proba"))
    def predict_proba(self, X):
        """Return the weighted mean of the probabilities."""
        if len(self.members) == 1:
            way, model = self.members[0]
            return model.predict_proba(way.rows(X))
        return self._mixed(X)

    @available_if(lambda self: len(self.members) == 1 and _decides(self))
    def decision_function(self, X):
        """Return the decision function of the only model."""
        way, model = self.members[0]
        return model.decision_function(way.rows(X))


def _decides(self):
    return has_method(self.members[0][1], "decision_function")
