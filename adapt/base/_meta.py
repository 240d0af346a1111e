"""Base of the adapters that own a scikit-learn estimator."""

import numpy as np
from sklearn.base import MetaEstimatorMixin, clone, is_classifier, is_regressor
from sklearn.linear_model import LogisticRegression
from sklearn.utils import column_or_1d, get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from adapt._domains import (
    check_rows,
    keep_labelled,
    read_numbers,
    require_labels,
)
from adapt._frames import has_named_columns
from adapt._sklearn import HasMethods
from adapt.base._adapter import BaseAdapter
from adapt.base._estimators import (
    as_estimator,
    check_classes,
    cloning,
    default_estimator,
    estimator_has,
    fit_inner,
    of_kind,
    seed_estimator,
    takes_sample_weight,
    weightless_member,
)


class MetaAdapter(MetaEstimatorMixin, BaseAdapter):
    """Adapt, then fit ``estimator`` on the training set that adaptation yields.

    It is to scikit-learn what its estimator is: a classifier or a regressor, with the
    methods that the estimator has.

    A subclass whose method is for one kind of labels says so by ``_kind``, "classifier"
    or "regressor"; else that of ``estimator`` decides.
    """

    __metadata_request__predict = {"sample_domain": True}
    __metadata_request__predict_proba = {"sample_domain": True}
    __metadata_request__decision_function = {"sample_domain": True}
    __metadata_request__score = {"sample_domain": True}

    _parameter_constraints: dict = {
        **BaseAdapter._parameter_constraints,
        "estimator": [HasMethods("fit"), None],
    }

    _kind = None
    _sees_frames = False  # whether `estimator_` was fitted on a frame

    def __init__(
        self, estimator=None, Xt=None, *, copy=True, verbose=0, random_state=None
    ):
        self.estimator = estimator
        self.Xt = Xt
        self.copy = copy
        self.verbose = verbose
        self.random_state = random_state

    def _stand_in(self):
        """Return ``estimator``, or what it may turn out to be while that is None."""
        return LogisticRegression() if self.estimator is None else self._given()

    def _class_labels(self, ys, role):
        """Return source labels as one column; refuse numbers, and a regressor.

        ``role`` says in messages what the method does that takes classes.
        """
        name, inner = type(self).__name__, self._stand_in()
        require_labels(self, ys, role)
        if is_regressor(inner):
            raise ValueError(
                f"{name} {role}: `estimator` must be a classifier, got {inner}."
            )
        check_classification_targets(ys)
        return column_or_1d(ys, warn=True)

    def _given(self):
        """Return ``estimator`` as an estimator, whatever was given; None stays None."""
        return as_estimator(self.estimator, self.copy)

    def _new_estimator(self, y):
        """Return the estimator to be fitted, unfitted and seeded."""
        estimator = self._given()
        if estimator is None:
            estimator = default_estimator(y)
        elif self.copy:
            estimator = clone(estimator)
        if is_classifier(estimator) and np.ndim(y) == 1:
            check_classes(self, y)
        if self.random_state is not None:
            seed_estimator(estimator, self.random_state)
        return estimator

    def _fit_estimator(self, X, y, domains, *, sample_weight=None):
        """Fit ``estimator_`` on ``X, y``; without labels there is nothing to fit."""
        if y is None:
            return
        self._sees_frames = has_named_columns(X)
        with self._stage("fitting the estimator"):
            self.estimator_ = self._fitted_on(
                X, y, domains, sample_weight=sample_weight
            )

    def _fitted_on(self, X, y, domains, *, sample_weight=None):
        """Return ``estimator``, newly fitted; an adapter is given the target too."""
        estimator = self._new_estimator(y)
        params = {}
        if isinstance(estimator, BaseAdapter):
            yt = domains.yt
            if yt is not None and not domains.labelled.all():
                yt = yt.astype(object)
                yt[~domains.labelled] = None
            params = {"Xt": domains.target_rows, "yt": yt}
        return fit_inner(estimator, X, y, sample_weight, **params)

    def _check_takes_weights(self, sample_weight):
        """Refuse weights that ``estimator`` would have to ignore."""
        if sample_weight is None or self.estimator is None:
            return
        given = self._given()
        if not takes_sample_weight(given):
            raise TypeError(
                f"{type(self).__name__} was to weigh samples, but the `fit` of "
                f"`estimator` ({type(self.estimator).__name__}) has no `sample_weight` "
                f"parameter{weightless_member(given)}."
            )

    def _encode(self, X, sample_domain=None):
        """Return ``X`` as ``estimator_`` was trained to see it."""
        check_is_fitted(self)
        if not (self._sees_frames and has_named_columns(X)):
            return check_rows(self, X)
        read_numbers(self, X)  # to refuse what was not seen in `fit`
        return X

    def _seen_rows(self, X, sample_domain=None):
        """Return ``X`` for a prediction of ``estimator_``, with names if it has any."""
        return self._encode(X, sample_domain)

    @available_if(estimator_has("predict"))
    def predict(self, X, *, sample_domain=None):
        """Predict labels.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows of the target.

        sample_domain : int or array-like of shape (n_samples,), default=None
            Where rows are of a source: values >= 0 for those, and negative values for
            rows of the target.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predicted labels.
        """
        X = self._seen_rows(X, sample_domain)
        return self._fitted_estimator().predict(X)

    @available_if(estimator_has("predict_proba"))
    def predict_proba(self, X, *, sample_domain=None):
        """Predict class probabilities; parameters as in `predict`.

        Returns
        -------
        p : ndarray of shape (n_samples, n_classes)
            Probabilities, in the order of `classes_`.
        """
        X = self._seen_rows(X, sample_domain)
        return self._fitted_estimator().predict_proba(X)

    @available_if(estimator_has("decision_function"))
    def decision_function(self, X, *, sample_domain=None):
        """Evaluate the decision function of the estimator; parameters as in `predict`.

        Returns
        -------
        scores : ndarray of shape (n_samples,) or (n_samples, n_classes)
            Confidence scores.
        """
        X = self._seen_rows(X, sample_domain)
        return self._fitted_estimator().decision_function(X)

    @available_if(estimator_has("score"))
    def score(self, X, y, sample_weight=None, *, sample_domain=None):
        """Return the score of the estimator, accuracy or R2 as a rule.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows of the target.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            True labels. Rows without one are left out, as in `fit`.

        sample_weight, sample_domain : array-likes of shape (n_samples,), default=None
            Weights of the rows; and their domains, as in `predict`.

        Returns
        -------
        score : float
            The larger, the better.
        """
        X, model = self._seen_rows(X, sample_domain), self._fitted_estimator()
        classes = model.classes_ if is_classifier(model) else None
        X, y, sample_weight = keep_labelled(X, y, sample_weight, classes)
        weight = {} if sample_weight is None else {"sample_weight": sample_weight}
        return model.score(X, y, **weight)

    def _fitted_estimator(self):
        check_is_fitted(
            self,
            "estimator_",
            msg="This %(name)s has no estimator to predict with: the last `fit` was "
            "given no labels, or it failed. Call `fit` with `y`.",
        )
        return self.estimator_

    @property
    def classes_(self):
        """Class labels, as the fitted estimator knows them."""
        return self.estimator_.classes_

    def _wants_target_labels(self):
        inner = self._given()
        return super()._wants_target_labels() or (
            isinstance(inner, BaseAdapter) and inner._wants_target_labels()
        )

    def _own_view(self, domains):
        """Return the domains without labels that are for the inner adapter alone."""
        if self._target_labels == "never":
            return domains.without_target_labels()
        return domains

    def __sklearn_clone__(self):
        with cloning(self.estimator):
            return super().__sklearn_clone__()

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = get_tags(self._stand_in())
        tags.input_tags.allow_nan &= inner.input_tags.allow_nan
        tags.input_tags.sparse &= inner.input_tags.sparse
        tags.classifier_tags = inner.classifier_tags
        if self.estimator is not None:
            tags.estimator_type = inner.estimator_type
            tags.regressor_tags = inner.regressor_tags
            tags.target_tags = inner.target_tags
        if self._kind is not None:
            of_kind(tags, self._kind)
        return tags
