"""Experts of a mixture: source models whose outputs are the target's labels."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, is_classifier

from adapt._expected_prediction import conditional_table, left_out_predictions
from adapt._frames import is_frame
from adapt.base._estimators import has_method
from adapt.parameter_based._class_labels import union_of_classes
from adapt.parameter_based._pooling import pooled

_PSEUDO_COUNT = 0.5  # rows, shared by the classes of a source, before any is seen


def rows_for(model, X):
    """Return rows as a model was fitted on them: a frame, or an array."""
    named = getattr(model, "feature_names_in_", None) is not None
    return np.asarray(X) if is_frame(X) and not named else X


def knows(model_classes, classes):
    """Return which of ``classes`` are among those of a model, texts unlike numbers."""
    model_classes = np.asarray(model_classes)
    if (model_classes.dtype.kind in "US") != (classes.dtype.kind in "US"):
        return np.zeros(len(classes), dtype=bool)
    return np.isin(classes, model_classes)


class ClassExpert:
    """A fitted classifier that gives probabilities of the mixture's classes.

    Parameters
    ----------
    model : estimator
        Fitted.

    classes : ndarray of shape (n_classes,)
        Those of the mixture, sorted.

    table : ndarray of shape (n_label_classes, n_source_classes), default=None
        What classes of the model mean for those of the labels. If None, they are the
        same.

    labels : ndarray of shape (n_label_classes,), default=None
        Classes of the rows of `table`.
    """

    def __init__(self, model, classes, table=None, labels=None):
        self.model = model
        self.classes = classes
        self.table = table
        self.labels = labels

    def predict(self, X):
        """Return probabilities (n_samples, n_classes) of the mixture's classes."""
        P = self.model.predict_proba(rows_for(self.model, X))
        if self.table is not None:
            return self.spread(P @ self.table.T, self.labels)
        return self.spread(P, self.model.classes_)

    def spread(self, P, classes):
        """Return probabilities of some classes as those of the mixture's."""
        kept = knows(self.classes, np.asarray(classes))
        Q = np.zeros((len(P), len(self.classes)))
        Q[:, np.searchsorted(self.classes, np.asarray(classes)[kept])] = P[:, kept]
        return Q


def relabelled(model, classes, labels, X, codes):
    """Return an expert whose classes LEEP's table translates, and its predictions.

    Parameters
    ----------
    model : classifier
        Fitted, of any classes.

    classes, labels : ndarrays
        Classes of the mixture, and of the labelled rows.

    X : array-like of shape (n_samples, n_features)
        The labelled rows.

    codes : ndarray of shape (n_samples,), dtype int
        Their places in `labels`.

    Returns
    -------
    expert : ClassExpert
    P : ndarray of shape (n_samples, n_classes)
        For the labelled rows, each from the table of all others.
    """
    P = model.predict_proba(rows_for(model, X))
    count = _PSEUDO_COUNT / P.shape[1]
    table = conditional_table(P, codes, len(labels), count)
    expert = ClassExpert(model, classes, table, labels)
    left_out = left_out_predictions(P, codes, len(labels), count)
    return expert, expert.spread(left_out, labels)


def other_classes(models, labels, relabel, X):
    """Return the names of models whose classes are not taken for the target's.

    Names may agree by accident: a model of ten digits and labels 0 and 1 that mean
    small and large. Then most rows are given classes that no label has.

    Parameters
    ----------
    models : dict
        Fitted classifiers by name.

    labels : ndarray of shape (n_classes,)
        Classes of the labelled target rows.

    relabel : bool or "auto"
        As in `SourceMixture`.

    X : array-like of shape (n_samples, n_features)
        The labelled rows.

    Returns
    -------
    translated, strangers : sets
        Those whose classes are translated; and those that are left out, because they
        know no class of the target.
    """
    if relabel is True:
        return set(models), set()
    known = {name: knows(model.classes_, labels) for name, model in models.items()}
    if relabel == "auto":
        translated = {
            name
            for name, model in models.items()
            if not known[name].all() or _names_others(model, X, labels)
        }
        return translated, set()
    return set(), {name for name, which in known.items() if not which.any()}


def _names_others(model, X, labels):
    """Return whether a model gives most labelled rows classes that no label has."""
    return knows(labels, model.predict(rows_for(model, X))).mean() < 0.5


def class_experts(models, labels, translated, X, codes):
    """Return classifiers as experts for one set of classes.

    Parameters
    ----------
    models : dict
        Fitted classifiers by name.

    labels : ndarray of shape (n_label_classes,)
        Classes of the labelled target rows.

    translated : set
        Names of the models whose classes are translated.

    X : array-like of shape (n_samples, n_features)
        The labelled rows.

    codes : ndarray of shape (n_samples,), dtype int
        Their places in `labels`.

    Returns
    -------
    classes : ndarray of shape (n_classes,)
        Those of the labels and of models that are taken as they are.

    experts : dict of ClassExpert

    found : dict of ndarrays of shape (n_samples, n_classes)
        Probabilities by which the experts are judged.
    """
    classes, experts, found = labels, {}, {}
    for name, model in models.items():
        if name not in translated:
            classes = union_of_classes(model.classes_, classes)
    for name, model in models.items():
        if name in translated:
            pair = relabelled(model, classes, labels, X, codes)
            experts[name], found[name] = pair
        else:
            experts[name] = ClassExpert(model, classes)
            found[name] = experts[name].predict(X)
    return classes, experts, found


class NumberExpert:
    """A fitted regressor.

    Parameters
    ----------
    model : estimator
        Fitted.
    """

    def __init__(self, model):
        self.model = model

    def predict(self, X):
        """Return predictions of shape (n_samples, n_outputs)."""
        found = np.asarray(self.model.predict(rows_for(self.model, X)), dtype=float)
        return found.reshape(len(found), -1)


class _Mixture(BaseEstimator):
    """Fitted experts and their weights; those of weight zero are not asked."""

    def __init__(self, experts, weights, rule):
        self.experts = experts
        self.weights = weights
        self.rule = rule

    def _pooled(self, X):
        used = np.flatnonzero(self.weights)
        found = np.stack([self.experts[k].predict(X) for k in used])
        if len(self.experts) == 1:
            return found[0]
        return pooled(found, self.weights[used], self.rule)


class MixtureRegressor(RegressorMixin, _Mixture):
    """Weighted mean of regressors."""

    def __init__(self, experts, weights, n_dims):
        super().__init__(experts, weights, "linear")
        self.n_dims = n_dims

    def predict(self, X):
        """Return predictions."""
        found = self._pooled(X)
        return found[:, 0] if self.n_dims == 1 else found


class MixtureClassifier(ClassifierMixin, _Mixture):
    """Pool of classifiers."""

    def __init__(self, experts, weights, rule, classes):
        super().__init__(experts, weights, rule)
        self.classes = classes

    @property
    def classes_(self):
        """Classes of the mixture."""
        return self.classes

    def predict_proba(self, X):
        """Return probabilities of classes."""
        P = self._pooled(X)
        total = P.sum(axis=1, keepdims=True)
        known = total > 0
        return np.where(known, P / np.where(known, total, 1), 1 / P.shape[1])

    def predict(self, X):
        """Return the most probable classes."""
        return self.classes[self.predict_proba(X).argmax(axis=1)]


def check_sources(named, n_features):
    """Refuse source models that cannot be mixed; return whether they are classifiers.

    Parameters
    ----------
    named : dict
        Fitted models by name.

    n_features : int
        Number of columns of the target.

    Returns
    -------
    of_classes : bool
    """
    kinds = {name: is_classifier(model) for name, model in named.items()}
    if len(set(kinds.values())) > 1:
        raise ValueError(
            "`estimators` must be all classifiers or all regressors; classifiers are "
            f"{[name for name, yes in kinds.items() if yes]}, the others are not."
        )
    for name, model in named.items():
        if kinds[name] and not has_method(model, "predict_proba"):
            raise ValueError(
                f"Source {name!r} ({type(model).__name__}) has no `predict_proba`, and "
                "probabilities are mixed. Fit it within "
                "sklearn.calibration.CalibratedClassifierCV."
            )
        n_columns = getattr(model, "n_features_in_", n_features)
        if n_columns != n_features:
            raise ValueError(
                f"Source {name!r} was fitted on {n_columns} columns, but the target "
                f"has {n_features}."
            )
    return next(iter(kinds.values()))
