"""What a score without tricks says: of the source, and of the target where labelled."""

import numpy as np

from adapt._domains import read_labels, split_table, target_labels
from adapt._frames import as_rows, take_rows
from adapt.metrics._calls import call_as
from adapt.metrics._named_metrics import check_metric, predicts_classes
from adapt.metrics._scorer_bases import DomainScorer, HeldOutScorer


class SourceScore(HeldOutScorer):
    """Score held-out source rows, without regard to the target.

    This is the score of an ordinary cross-validation on the source. A method that maps
    features is scored on mapped source rows.

    Parameters
    ----------
    metric : str, default=None
        "accuracy", "balanced_accuracy", "r2", "neg_mean_squared_error" or
        "neg_mean_absolute_error". If None, accuracy for classifiers and R2 for
        regressors.

    Attributes
    ----------
    Xs_, Xt_ : array-likes
        The domains, when `fit` was called. They change nothing.

    See Also
    --------
    ImportanceWeighted : Weighs the rows by how much they look like the target.

    Notes
    -----
    One prediction of the held-out rows.

    Examples
    --------
    >>> from adapt.base import SourceOnly
    >>> from adapt.datasets import make_classification_da
    >>> from adapt.metrics import SourceScore
    >>> Xs, ys, Xt, yt = make_classification_da()
    >>> model = SourceOnly().fit(Xs[:80], ys[:80], Xt=Xt)
    >>> SourceScore()(model, Xs[80:], ys[80:]) >= 0.5
    True
    """

    _reads_target = False

    def held_out(self, estimator, X):
        """Return predictions of source rows, taken as such.

        Parameters
        ----------
        estimator : estimator
            Fitted without `X`.

        X : array-like of shape (n_samples, n_features)
            Held-out source rows.

        Returns
        -------
        predicted : ndarray of shape (n_samples,)
            Labels.
        """
        return call_as(estimator, "predict", X, 0)


class TargetScore(DomainScorer):
    """Score target rows by their labels, which other scorers do without.

    To see how well a search without target labels does, or to use the few labels that
    there are. It is the only scorer here that looks at labels of the target.

    Parameters
    ----------
    metric : str, default=None
        "accuracy", "balanced_accuracy", "r2", "neg_mean_squared_error" or
        "neg_mean_absolute_error". If None, accuracy for classifiers and R2 for
        regressors.

    Xt : array-like of shape (n_target_samples, n_features), default=None
        Target rows to score on, in a search over source rows alone. If None, those of
        each call that `sample_domain` marks.

    yt : array-like of shape (n_target_samples,), default=None
        Labels of `Xt`, missing (NaN, None, or -1 where no source row has that label)
        where unknown.

    See Also
    --------
    SourceScore : The same on held-out source rows.

    Notes
    -----
    One prediction of the labelled target rows. In a search over one table, target rows
    of a test fold were in no training fold, so supervised methods are judged fairly; a
    given `Xt` must hold rows that they were not fitted on.

    Examples
    --------
    >>> from adapt.base import SourceOnly
    >>> from adapt.datasets import make_classification_da
    >>> from adapt.metrics import TargetScore
    >>> Xs, ys, Xt, yt = make_classification_da()
    >>> model = SourceOnly().fit(Xs, ys, Xt=Xt)
    >>> TargetScore(Xt=Xt, yt=yt)(model, Xs, ys) == model.score(Xt, yt)
    True
    """

    def __init__(self, metric=None, Xt=None, yt=None):
        self.metric = metric
        self.Xt = Xt
        self.yt = yt

    def __call__(self, estimator, X, y=None, sample_domain=None):
        """Score a fitted estimator on labelled target rows; greater is better.

        Parameters
        ----------
        estimator : estimator
            A classifier or a regressor.

        X : array-like of shape (n_samples, n_features)
            Held-out rows. Those of the source are not looked at.

        y : array-like of shape (n_samples,), default=None
            Labels, missing (NaN, None, or -1 where no source row has that label)
            where unknown.

        sample_domain : array-like of shape (n_samples,), default=None
            Negative for target rows of `X`.

        Returns
        -------
        score : float
        """
        source = None if y is None else read_labels(y, X, "y")
        Xt, yt = self.Xt, self.yt
        target = None if Xt is None or yt is None else read_labels(yt, Xt, "yt")
        if sample_domain is not None and y is not None:
            _, source, *held_out = split_table(X, y, sample_domain)
            Xt, target = held_out if Xt is None else (Xt, target)
        if target is None:
            raise ValueError(
                "TargetScore needs labelled target rows: give it `Xt` and `yt`, or "
                "score with `y` and `sample_domain`, and metadata routing enabled."
            )
        yt, known = target_labels(target, _of_source(estimator, source))
        if known is None:
            raise ValueError("TargetScore found no labelled target row to score on.")
        yt = yt[known]
        of_classes = predicts_classes(estimator, yt, "TargetScore")
        metric = check_metric(self.metric, of_classes, "TargetScore")
        predicted = call_as(estimator, "predict", take_rows(as_rows(Xt), known), -1)
        return float(metric(yt, predicted))


def _of_source(estimator, source):
    """Return the classes of a model, or for numbers the labels that are available."""
    classes = getattr(estimator, "classes_", None)
    if isinstance(classes, np.ndarray):
        return classes
    return None if source is None else source.y[~source.missing]
