"""What the methods for label shift share.

Under label shift the classes have other frequencies in the target, and the rows of a
class are the same in both domains. So all that has to be found is the frequencies of
the classes in the target, of which no label is known. A classifier of the source tells
them: out-of-fold predictions show how it confuses the classes, and its predictions on
the target show what became of them.
"""

import warnings
from abc import abstractmethod
from numbers import Integral
from typing import NamedTuple

import numpy as np
from scipy.special import softmax
from sklearn.base import ClassifierMixin
from sklearn.utils import ClassifierTags, column_or_1d, get_tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _num_samples

from adapt._domains import check_sample_domain
from adapt._sklearn import StrOptions
from adapt.base import BaseAdapter, WeightAdapter


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


class _LogPosterior(ClassifierMixin):
    """The decisions of a classifier whose ``X`` are logarithms of probabilities."""

    def __init__(self, classes):
        self.classes_ = classes

    def predict(self, X):
        return self.classes_[X.argmax(axis=1)]

    def predict_proba(self, X):
        return softmax(X, axis=1)

    def decision_function(self, X):
        return X[:, 1] - X[:, 0] if X.shape[1] == 2 else X


class LabelShiftAdapter(WeightAdapter):
    """Correct for the frequencies of the classes in the target.

    A subclass estimates those in `_target_priors`, from the predictions of a classifier
    fitted on the source. Here they become weights of the source rows, with which the
    estimator is fitted again, or factors on the probabilities that it predicts.
    """

    _parameter_constraints: dict = {
        **WeightAdapter._parameter_constraints,
        "correct": [StrOptions({"weights", "probabilities"})],
        "cv": ["cv_object"],
    }

    _weighs_labels = True
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

    def _weigh(self, domains):
        self._check_estimator()
        self._check_takes_weights(domains.source_weight)
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
        self._warn_if_singular(predictions)
        self.source_priors_ = np.bincount(y, predictions.source_weight, len(classes))
        self.priors_ = self._target_priors(predictions)
        self.class_weights_ = np.zeros(len(classes))
        present = self.source_priors_ > 0
        self.class_weights_[present] = (self.priors_ / self.source_priors_)[present]
        return self.class_weights_[y]

    def _check_estimator(self):
        name, inner = type(self).__name__, self._stand_in()
        if get_tags(inner).estimator_type != "classifier":
            raise TypeError(
                f"`estimator` of {name} must be a classifier, got "
                f"{type(inner).__name__}."
            )
        needed = self._soft or self.correct == "probabilities"
        if needed and not hasattr(inner, "predict_proba"):
            raise TypeError(
                f"{name} needs an `estimator` with `predict_proba`, which "
                f"{type(inner).__name__} has not. Wrap it in `CalibratedClassifierCV`."
            )

    def _check_labels(self, ys):
        """Return labels, their classes and their codes."""
        name = type(self).__name__
        if ys is None:
            raise ValueError(
                f"requires y to be passed, but the target y is None: {name} needs the "
                "labels of the source."
            )
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
                Xs[train], ys[train], domains, sample_weight=train_weight
            )
            predictions[test] = self._predictions(model, Xs[test], classes, **params)
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

    def _encode(self, X, sample_domain=None):
        X = super()._encode(X)
        if self.correct == "weights":
            return X
        log_p = self._calibrated(self._fitted_source().predict_proba(X))
        with np.errstate(divide="ignore"):  # a class that the target lacks
            corrected = log_p + np.log(self.class_weights_)
        if sample_domain is None:
            return corrected
        is_source = check_sample_domain(sample_domain, X) >= 0
        return np.where(is_source[:, None], log_p, corrected)

    def _fitted_source(self):
        return super()._fitted_estimator()

    def _fitted_estimator(self):
        fitted = self._fitted_source()
        return fitted if self.correct == "weights" else _LogPosterior(fitted.classes_)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.estimator_type = "classifier"
        tags.regressor_tags = None
        if tags.classifier_tags is None:
            tags.classifier_tags = ClassifierTags()
        tags.target_tags.required = True
        return tags


def shares(weight, X):
    """Return weights of sum one."""
    if weight is None:
        weight = np.ones(_num_samples(X))
    return weight / weight.sum()
