"""What scorers without target labels share: two domains, in whichever form."""

from abc import abstractmethod
from copy import copy

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.metadata_routing import MetadataRequest

from adapt._domains import read_labels, source_labels, split_table
from adapt._frames import as_rows
from adapt.metrics._calls import probabilities
from adapt.metrics._named_metrics import check_metric, predicts_classes


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
