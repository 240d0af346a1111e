"""Agreement with an ensemble: errors differ between models, what is right does not."""

import numpy as np

from adapt.base._estimators import has_method
from adapt.metrics._calls import call_as
from adapt.metrics._named_metrics import check_metric, predicts_classes
from adapt.metrics._scorer_bases import LabelFreeScorer


def _vote(estimators, Xt, of_classes):
    """Return what models say together of target rows."""
    if not of_classes:
        return np.mean([call_as(model, "predict", Xt, -1) for model in estimators], 0)
    if all(has_method(model, "predict_proba") for model in estimators):
        classes = np.unique(np.concatenate([model.classes_ for model in estimators]))
        p = np.zeros((Xt.shape[0], len(classes)))
        for model in estimators:
            columns = np.searchsorted(classes, model.classes_)
            p[:, columns] += call_as(model, "predict_proba", Xt, -1)
        return classes[p.argmax(axis=1)]
    said = [np.asarray(call_as(model, "predict", Xt, -1)) for model in estimators]
    classes = np.unique(np.concatenate(said))
    votes = np.stack([sum(labels == name for labels in said) for name in classes], 1)
    return classes[votes.argmax(axis=1)]


class EnsembleAgreement(LabelFreeScorer):
    """Score by the agreement with an ensemble of models on target rows [1]_.

    The ensemble, which is to be made of all candidates, is taken for the truth: its
    mean class probabilities, or votes if a member has none, or the mean of its numbers.
    That is no worse than the average candidate if their errors differ, and worthless if
    most of them make the same one.

    Parameters
    ----------
    estimators : list of estimators
        Fitted classifiers or regressors, at least 2. The scored one may be among them.

    metric : str, default=None
        How to compare predictions: "accuracy", "balanced_accuracy", "r2",
        "neg_mean_squared_error" or "neg_mean_absolute_error". If None, accuracy for
        classifiers and R2 for regressors.

    Attributes
    ----------
    Xs_, Xt_ : array-likes
        The domains, when `fit` was called.

    See Also
    --------
    CircularValidation : Needs no other models.

    Notes
    -----
    One prediction of the target rows by each model, in each call.

    References
    ----------
    .. [1] Hu et al. "Towards reliable model selection for unsupervised domain
       adaptation: an empirical study and a certified baseline." NeurIPS, 2024.

    Examples
    --------
    >>> from adapt.base import SourceOnly
    >>> from adapt.datasets import make_classification_da
    >>> from adapt.feature_based import CORAL, LinearOT
    >>> from adapt.metrics import EnsembleAgreement
    >>> Xs, ys, Xt, yt = make_classification_da()
    >>> models = [a().fit(Xs, ys, Xt=Xt) for a in (SourceOnly, CORAL, LinearOT)]
    >>> scorer = EnsembleAgreement(models).fit(Xs, Xt)
    >>> all(0.5 < scorer(model, Xs, ys) <= 1 for model in models)
    True
    """

    _reads_source = False

    def __init__(self, estimators, metric=None):
        self.estimators = estimators
        self.metric = metric

    def _score(self, estimator, X, y):
        if len(self.estimators) < 2:
            raise ValueError(
                "`estimators` of EnsembleAgreement must hold at least 2 fitted models, "
                f"got {len(self.estimators)}."
            )
        predicted = np.asarray(call_as(estimator, "predict", self.Xt_, -1))
        of_classes = predicts_classes(estimator, predicted, "EnsembleAgreement")
        metric = check_metric(self.metric, of_classes, "EnsembleAgreement")
        return metric(_vote(self.estimators, self.Xt_, of_classes), predicted)
