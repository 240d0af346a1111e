"""What the methods for label shift share.

Under label shift the class frequencies differ in the target, and the rows of a class
are the same in both domains. So all that has to be found is the frequencies of the
classes in the target, of which no label is known. A classifier of the source tells
them: out-of-fold predictions show how it confuses the classes, and its predictions on
the target show what became of them.
"""

import warnings
from abc import abstractmethod
from numbers import Integral
from typing import NamedTuple

import numpy as np
from scipy.special import softmax
from sklearn.metrics import accuracy_score
from sklearn.utils import column_or_1d, get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _num_samples

from adapt._domains import (
    check_sample_domain,
    keep_labelled,
    require_labels,
    require_weight,
)
from adapt._frames import has_named_columns, take_rows
from adapt._sklearn import StrOptions
from adapt.base import BaseAdapter, WeightAdapter
from adapt.base._estimators import estimator_has, has_method


class Predictions(NamedTuple):
    """Predictions of a source classifier, one column a class.

    Those of source rows are out-of-fold. ``y`` are codes of the true classes of the
    source, and both weights have sum one.
    """

    source: np.ndarray
    y: np.ndarray
    source_weight: np.ndarray
    target: np.ndarray
    target_weight: np.ndarray


def confusion(predictions, y, weight):
    """Return the joint frequencies of predicted and true classes.

    Parameters
    ----------
    predictions : ndarray of shape (n_samples, n_classes)
        Probabilities, or ones for the predicted classes and zeros elsewhere.

    y : ndarray of int of shape (n_samples,)
        Codes of the true classes.

    weight : ndarray of shape (n_samples,)
        Weights of the rows, of sum one.

    Returns
    -------
    C : ndarray of shape (n_classes, n_classes)
        Rows are predicted, columns are true. The columns sum to the frequencies of the
        classes.
    """
    C = np.empty((predictions.shape[1],) * 2)
    for label in range(len(C)):
        rows = y == label
        C[:, label] = weight[rows] @ predictions[rows]
    return C


def smallest_singular_value(predictions, y, weight):
    """Return how far the predictions tell all classes apart, and the error of that.

    Parameters
    ----------
    predictions, y, weight
        As in `confusion`.

    Returns
    -------
    value : float
        Smallest singular value of the matrix of mean predictions given the class. It is
        0 where the mean of one class is a combination of the others', so that different
        frequencies of the classes look the same.

    error : float
        Frobenius norm of the standard errors of that matrix, which bounds what sampling
        changes in its singular values.
    """
    frequencies = np.bincount(y, weight, predictions.shape[1])
    present = frequencies > 0
    mean = confusion(predictions, y, weight)[:, present] / frequencies[present]
    square = confusion(predictions**2, y, weight)[:, present] / frequencies[present]
    size = frequencies[present] ** 2 / np.bincount(y, weight**2)[present]
    error = np.sqrt(np.sum(np.maximum(square - mean**2, 0) / size))
    return np.linalg.svd(mean, compute_uv=False)[-1], error


class LabelShiftAdapter(WeightAdapter):
    """Correct label shift, by estimated class frequencies of the target.

    A subclass estimates those in `_target_priors`, from the predictions of a classifier
    fitted on the source. Here they become weights of the source rows, with which the
    estimator is fitted again, or factors on the probabilities that it predicts.
    """

    _parameter_constraints: dict = {
        **WeightAdapter._parameter_constraints,
        "correct": [StrOptions({"weights", "probabilities"})],
        "cv": ["cv_object"],
    }

    _kind = "classifier"
    _weighs_labels = True
    _reads_rows = False
    _allows_nan = True
    _allows_sparse = True
    _soft = True  # whether predictions are probabilities, or else labels

    def __init__(
        self,
        estimator=None,
        Xt=None,
        *,
        correct="weights",
        cv=5,
        weight_clip=None,
        resample=False,
        copy=True,
        verbose=0,
        random_state=None,
    ):
        super().__init__(
            estimator,
            Xt,
            weight_clip=weight_clip,
            resample=resample,
            copy=copy,
            verbose=verbose,
            random_state=random_state,
        )
        self.correct = correct
        self.cv = cv

    @abstractmethod
    def _target_priors(self, predictions):
        """Return the frequencies of the classes in the target, from `Predictions`."""

    def _calibrated(self, probabilities):
        """Return the logarithms of calibrated probabilities of the source's classes."""
        return np.log(np.maximum(probabilities, np.finfo(np.float64).tiny))

    def _adapt(self, domains):
        if self.correct == "weights":
            super()._adapt(domains)
        else:
            self._find_weights(domains)
            self.estimator_ = self.source_estimator_
            self._sees_frames = has_named_columns(domains.Xs)

    def _weigh(self, domains):
        self._check_estimator()
        self._check_takes_weights(domains.source_weight)
        require_weight(domains.source_weight, "source")
        require_weight(domains.target_weight, "target")
        ys, classes, y = self._check_labels(domains.ys)
        domains = domains._replace(ys=ys)
        self.source_estimator_ = model = self._fitted_on(
            domains.Xs, ys, domains, sample_weight=domains.source_weight
        )
        predictions = Predictions(
            source=self._out_of_fold(domains, classes),
            y=y,
            source_weight=shares(domains.source_weight, domains.Xs),
            target=self._predictions(model, domains.Xt, classes),
            target_weight=shares(domains.target_weight, domains.Xt),
        )
        self._learn_priors(predictions, classes)
        return self.class_weights_[y]

    def _learn_priors(self, predictions, classes):
        """Set the frequencies of the classes in both domains, and their ratio."""
        y = predictions.y
        self._warn_if_singular(predictions)
        self.source_priors_ = np.bincount(y, predictions.source_weight, len(classes))
        self.priors_ = self._target_priors(predictions)
        self.class_weights_ = np.zeros(len(classes))
        present = self.source_priors_ > 0
        self.class_weights_[present] = (self.priors_ / self.source_priors_)[present]

    def _check_estimator(self):
        name, inner = type(self).__name__, self._stand_in()
        if get_tags(inner).estimator_type != "classifier":
            raise TypeError(
                f"`estimator` of {name} must be a classifier, got "
                f"{type(inner).__name__}."
            )
        needed = self._soft or self.correct == "probabilities"
        if needed and not has_method(inner, "predict_proba"):
            raise TypeError(
                f"{name} needs an `estimator` with `predict_proba`, which "
                f"{type(inner).__name__} has not. Wrap it in `CalibratedClassifierCV`."
            )

    def _check_labels(self, ys):
        """Return labels, their classes and their codes."""
        name = type(self).__name__
        require_labels(self, ys, "needs the labels of the source")
        ys = column_or_1d(ys, warn=True)
        check_classification_targets(ys)
        classes, y, counts = np.unique(ys, return_inverse=True, return_counts=True)
        if len(classes) < 2:
            raise ValueError(
                f"{name} needs labels of at least 2 classes in the source, got one "
                f"class only: {classes.tolist()[0]!r}."
            )
        if counts.min() < 2 and isinstance(self.cv, Integral):
            raise ValueError(
                f"{name} predicts each source row by a classifier that has not seen "
                "it, which takes 2 rows of each class at least; class "
                f"{classes.tolist()[counts.argmin()]!r} has one. Leave it out, or "
                "merge it with another."
            )
        return ys, classes, y

    def _out_of_fold(self, domains, classes):
        """Return predictions of source rows by classifiers that have not seen them."""
        from sklearn.model_selection import check_cv

        Xs, ys, weight = domains.Xs, domains.ys, domains.source_weight
        params = {"sample_domain": 0} if isinstance(self.estimator, BaseAdapter) else {}
        cv = self.cv
        if isinstance(cv, Integral):
            cv = min(cv, np.unique(ys, return_counts=True)[1].max())
        predictions = np.full((len(ys), len(classes)), np.nan)
        for train, test in check_cv(cv, ys, classifier=True).split(Xs, ys):
            train_weight = None if weight is None else weight[train]
            model = self._fitted_on(
                take_rows(Xs, train), ys[train], domains, sample_weight=train_weight
            )
            held_out = take_rows(Xs, test)
            predictions[test] = self._predictions(model, held_out, classes, **params)
        if np.isnan(predictions).any():
            raise ValueError(
                "`cv` must test each source row once, so that each has an out-of-fold "
                "prediction; it left out some."
            )
        return predictions

    def _predictions(self, model, X, classes, **params):
        """Return predictions with one column for each of ``classes``."""
        predictions = np.zeros((X.shape[0], len(classes)))
        if self._soft:
            columns = np.searchsorted(classes, model.classes_)
            predictions[:, columns] = model.predict_proba(X, **params)
        else:
            columns = np.searchsorted(classes, model.predict(X, **params))
            predictions[np.arange(len(columns)), columns] = 1
        return predictions

    def _warn_if_singular(self, predictions):
        value, error = smallest_singular_value(*predictions[:3])
        if value <= max(2 * error, 0.01):
            warnings.warn(
                f"{type(self).__name__} cannot tell the frequencies of the classes in "
                "the target: `estimator` confuses classes too much. The smallest "
                "singular value of its confusion matrix, given the true class, is "
                f"{value:.3f}, and its sampling error up to {error:.3f}; it should be "
                "more than twice that, and more than 0.01. Take a better classifier, "
                "more source rows, or merge classes.",
                UserWarning,
                stacklevel=2,
            )

    def _log_posterior(self, X, sample_domain):
        """Return the logarithms of probabilities, up to a constant for each row.

        Those of target rows are corrected by the weights of the classes.
        """
        X = self._encode(X, sample_domain)
        log_p = self._calibrated(self._fitted_estimator().predict_proba(X))
        with np.errstate(divide="ignore"):  # a class that the target lacks
            corrected = log_p + np.log(self.class_weights_)
        if sample_domain is None:
            return corrected
        is_source = check_sample_domain(sample_domain, X) >= 0
        return np.where(is_source[:, None], log_p, corrected)

    @available_if(estimator_has("predict"))
    def predict(self, X, *, sample_domain=None):
        """Predict classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows of the target.

        sample_domain : int or array-like of shape (n_samples,), default=None
            Where rows are of a source: values >= 0 for those, and negative values for
            rows of the target.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            Predicted classes.
        """
        if self.correct == "weights":
            return super().predict(X, sample_domain=sample_domain)
        best = self._log_posterior(X, sample_domain).argmax(axis=1)
        return self.classes_[best]

    @available_if(estimator_has("predict_proba"))
    def predict_proba(self, X, *, sample_domain=None):
        """Predict class probabilities.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows of the target.

        sample_domain : int or array-like of shape (n_samples,), default=None
            As in `predict`.

        Returns
        -------
        p : ndarray of shape (n_samples, n_classes)
            Probabilities, in the order of `classes_`.
        """
        if self.correct == "weights":
            return super().predict_proba(X, sample_domain=sample_domain)
        return softmax(self._log_posterior(X, sample_domain), axis=1)

    @available_if(estimator_has("decision_function"))
    def decision_function(self, X, *, sample_domain=None):
        """Return the decision values of the classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows of the target.

        sample_domain : int or array-like of shape (n_samples,), default=None
            As in `predict`.

        Returns
        -------
        scores : ndarray of shape (n_samples,) or (n_samples, n_classes)
            The decision function of the estimator; where probabilities are corrected,
            their logarithms, up to a constant for each row. For two classes, the
            difference.
        """
        if self.correct == "weights":
            return super().decision_function(X, sample_domain=sample_domain)
        log_p = self._log_posterior(X, sample_domain)
        return log_p[:, 1] - log_p[:, 0] if log_p.shape[1] == 2 else log_p

    @available_if(estimator_has("score"))
    def score(self, X, y, sample_weight=None, *, sample_domain=None):
        """Return the score of the estimator, accuracy as a rule.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows of the target.

        y : array-like of shape (n_samples,)
            True classes. Rows without one are left out, as in `fit`.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        sample_domain : int or array-like of shape (n_samples,), default=None
            As in `predict`.

        Returns
        -------
        score : float
            Accuracy where probabilities are corrected.
        """
        if self.correct == "weights":
            return super().score(X, y, sample_weight, sample_domain=sample_domain)
        predicted = self.predict(X, sample_domain=sample_domain)
        predicted, y, sample_weight = keep_labelled(
            predicted, y, sample_weight, self.classes_
        )
        return accuracy_score(y, predicted, sample_weight=sample_weight)


def shares(weight, X):
    """Return weights of sum one."""
    if weight is None:
        weight = np.ones(_num_samples(X))
    return weight / weight.sum()
