"""What scorers without target labels share: two domains, in whichever form."""

from abc import abstractmethod
from copy import copy

import numpy as np
from sklearn import config_context
from sklearn.base import BaseEstimator, clone, is_classifier, is_regressor
from sklearn.metrics import (
    accuracy_score,
    mean_absolute_error,
    mean_squared_error,
    r2_score,
)
from sklearn.utils.metadata_routing import MetadataRequest, get_routing_for_object
from sklearn.utils.multiclass import type_of_target

from adapt._domains import read_labels, source_labels, split_table
from adapt._frames import as_rows, stack_rows
from adapt.base import BaseAdapter
from adapt.base._estimators import has_method


def _balanced_accuracy(y, predicted, *, sample_weight=None):
    """Return the mean recall over the classes in ``y``, weighted within each class."""
    weight = np.ones(len(y)) if sample_weight is None else sample_weight
    right = weight * (np.asarray(predicted) == y)
    members = [y == label for label in np.unique(y)]
    # A class whose rows all weigh nothing says nothing.
    recalls = [right[m].sum() / weight[m].sum() for m in members if weight[m].any()]
    return float(np.mean(recalls))


def _negative(loss):
    def score(y, predicted, *, sample_weight=None):
        return -loss(y, predicted, sample_weight=sample_weight)

    return score


OF_CLASSES = {"accuracy": accuracy_score, "balanced_accuracy": _balanced_accuracy}
OF_NUMBERS = {
    "r2": r2_score,
    "neg_mean_squared_error": _negative(mean_squared_error),
    "neg_mean_absolute_error": _negative(mean_absolute_error),
}


def predicts_classes(estimator, y, asker):
    """Return whether ``estimator`` predicts classes, and not numbers."""
    if is_classifier(estimator) or is_regressor(estimator):
        return is_classifier(estimator)
    if isinstance(estimator, BaseAdapter):  # which chose its estimator by the labels
        return type_of_target(y) in ("binary", "multiclass")
    raise TypeError(
        f"{asker} scores classifiers and regressors; {type(estimator).__name__} is "
        "neither."
    )


def check_metric(metric, of_classes, asker):
    """Return the function of a named metric for the task; None names the default."""
    fitting, default = (OF_CLASSES, "accuracy") if of_classes else (OF_NUMBERS, "r2")
    if metric is None:
        return fitting[default]
    if metric not in fitting:
        raise ValueError(
            f"`metric` of {asker} must be one of {sorted(fitting)} or None for "
            f"{'classes' if of_classes else 'numbers'}, got {metric!r}."
        )
    return fitting[metric]


def takes_domain(estimator, method):
    """Return whether ``method`` of ``estimator`` is told the domain of each row."""
    request = get_routing_for_object(estimator)
    return "sample_domain" in request.consumes(method, ["sample_domain"])


def probabilities(estimator, X, domain, asker):
    """Return class probabilities of rows that are all of one domain."""
    if not has_method(estimator, "predict_proba"):
        raise TypeError(
            f"{asker} reads class probabilities, and {type(estimator).__name__} has no "
            "`predict_proba`. Use a classifier that has, such as "
            "`CalibratedClassifierCV` of scikit-learn around it, or score by "
            "`CircularValidation`, which needs predictions only."
        )
    return call_as(estimator, "predict_proba", X, domain)


def call_as(estimator, method, X, domain):
    """Call ``method`` on rows that are all of one domain, given as an integer."""
    params = {}
    if takes_domain(estimator, method):
        params["sample_domain"] = np.full(X.shape[0], domain)
    with config_context(enable_metadata_routing=True):
        return getattr(estimator, method)(X, **params)


def fit_on(estimator, X, y, Xt):
    """Fit a clone of ``estimator`` on labelled ``X, y``, adapted to unlabelled ``Xt``.

    It forgets the target that was given to its constructor.
    """
    targets = [
        name for name in estimator.get_params() if name.split("__")[-1] in ("Xt", "yt")
    ]
    model = clone(estimator).set_params(**dict.fromkeys(targets))
    with config_context(enable_metadata_routing=True):
        if isinstance(model, BaseAdapter):
            return model.fit(X, y, Xt=Xt)
        if not takes_domain(model, "fit"):
            return model.fit(X, y)
        n, nt = X.shape[0], Xt.shape[0]
        labels = np.concatenate([np.asarray(y, dtype=object), np.full(nt, None)])
        domain = np.repeat([0, -1], [n, nt])
        return model.fit(stack_rows(X, Xt), labels, sample_domain=domain)


class DomainScorer(BaseEstimator):
    """A scorer of scikit-learn that tells source from target rows."""

    def get_metadata_routing(self):
        """Return that a call asks for ``sample_domain``, without a `set_score_request`.

        Returns
        -------
        request : MetadataRequest
        """
        request = MetadataRequest(owner=self)
        request.score.add_request(param="sample_domain", alias=True)
        return request

    def __sklearn_clone__(self):
        # A search clones its scorers, and they have to keep the domains.
        return self


class LabelFreeScorer(DomainScorer):
    """A scikit-learn scorer that sees labels of source rows alone.

    It knows the target from `fit`, or from the ``sample_domain`` of each call. A
    subclass says which of the domains it cannot do without.
    """

    _reads_source = True
    _reads_target = True

    def fit(self, Xs, Xt):
        """Tell the scorer the two domains once, for all calls.

        Parameters
        ----------
        Xs : array-like of shape (n_samples, n_features)
            Source rows.

        Xt : array-like of shape (n_target_samples, n_features)
            Target rows.

        Returns
        -------
        self : object
            The scorer.
        """
        self.Xs_, self.Xt_ = as_rows(Xs), as_rows(Xt)
        for name, rows in [("source", self.Xs_), ("target", self.Xt_)]:
            if rows.shape[0] == 0:
                raise ValueError(f"The {name} domain is empty: it has no rows.")
        return self

    def __call__(self, estimator, X, y=None, sample_domain=None):
        """Score a fitted estimator; greater is better.

        Parameters
        ----------
        estimator : estimator
            A classifier or a regressor that was fitted without the source rows in `X`.

        X : array-like of shape (n_samples, n_features)
            Held-out source rows, and with `sample_domain` target rows too.

        y : array-like of shape (n_samples,)
            Labels. Those of target rows are not looked at; nor are any, by scorers that
            look at predictions of the target alone.

        sample_domain : array-like of shape (n_samples,), default=None
            Negative for target rows of `X`. If None, all rows are of the source, and
            the target is the one that was given to `fit`.

        Returns
        -------
        score : float
        """
        name, scorer, labels = type(self).__name__, self, None
        X, y = as_rows(X), y if self._reads_source else None
        if self._reads_source:
            labels = self._check_labels(y, X)
        if sample_domain is not None:
            X, labels, Xt, _ = split_table(X, y, sample_domain)
            if not self._knows_target() and Xt.shape[0] > 0:
                # Without source rows, only a scorer that reads none gets any further.
                scorer = copy(self).fit(X if X.shape[0] else Xt, Xt)
        if self._reads_source and X.shape[0] == 0:
            raise ValueError(f"{name} has no held-out source rows to score on.")
        if self._reads_target and not scorer._knows_target():
            raise ValueError(
                f"{name} has no target rows to look at. Either give `sample_domain` "
                "with metadata routing enabled, "
                "`sklearn.set_config(enable_metadata_routing=True)`, and folds that "
                f"hold rows of both domains; or `make_uda_scorer({name}(), Xs, Xt)`."
            )
        return float(scorer._score(estimator, X, source_labels(labels)))

    def _knows_target(self):
        return "Xt_" in vars(self)

    def _check_labels(self, y, X):
        name = type(self).__name__
        if y is None:
            raise ValueError(f"{name} needs the labels `y` of source rows, got None.")
        labels = read_labels(y, X, "y")
        if labels.y.ndim != 1:
            raise ValueError(
                f"{name} scores predictions of one label; got `y` of shape "
                f"{labels.y.shape}."
            )
        return labels

    @abstractmethod
    def _score(self, estimator, X, y):
        """Return the score, given held-out source rows."""


class HeldOutScorer(LabelFreeScorer):
    """Judge predictions of held-out source rows by a metric."""

    def __init__(self, metric=None):
        self.metric = metric

    def _score(self, estimator, X, y):
        name = type(self).__name__
        of_classes = predicts_classes(estimator, y, name)
        metric = check_metric(self.metric, of_classes, name)
        predicted = self.held_out(estimator, X)
        if predicted is None:
            return 1 / len(np.unique(y))
        return metric(y, predicted, sample_weight=self.weights(X))

    @abstractmethod
    def held_out(self, estimator, X):
        """Return predictions of held-out source rows, by which to judge ``estimator``.

        They are None where all is lost, and a guess would do as well.
        """

    def weights(self, X):
        """Return the weights of held-out source rows; None if they count alike."""
        return None


class ProbabilityScorer(LabelFreeScorer):
    """Judge the class probabilities that target rows are given."""

    _reads_source = False

    def _score(self, estimator, X, y):
        p = probabilities(estimator, self.Xt_, -1, type(self).__name__)
        return self._judge(np.asarray(p, dtype=float))

    @abstractmethod
    def _judge(self, p):
        """Return the score of probabilities of shape (n_target_samples, n_classes)."""
