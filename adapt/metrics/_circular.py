"""Circular validation.

A model that was adapted there has to find the way back: it labels the target, a second
model is adapted from that target to the source, and the source labels judge it.
"""

import numpy as np

from adapt.base import BaseAdapter
from adapt.metrics._calls import call_as, fit_on
from adapt.metrics._named_metrics import predicts_classes
from adapt.metrics._scorer_bases import HeldOutScorer


class CircularValidation(HeldOutScorer):
    """Circular validation [1]_, also called reverse validation.

    1. The estimator, adapted from source to target, predicts labels of target rows.
    2. A clone is adapted from the target with these labels to the source without any.
    3. It predicts held-out source rows, and their true labels score it.

    A model that confuses the classes on the target cannot recover the source labels.
    But a map that exchanges two classes can, because the way back exchanges them again:
    a high score is necessary, not sufficient.

    Parameters
    ----------
    metric : {"accuracy", "balanced_accuracy", "r2", "neg_mean_squared_error", \
            "neg_mean_absolute_error"}, default=None
        The score of the third step. If None, accuracy for classifiers and R2 for
        regressors.

    Attributes
    ----------
    Xs_, Xt_ : array-likes
        The domains, when `fit` was called.

    See Also
    --------
    ImportanceWeighted : Weighs held-out source rows instead.
    make_uda_scorer : A scorer for a search over source rows alone.

    Notes
    -----
    One fit of the estimator, on the target rows, and two predictions. If all target
    rows are given the same class, nothing is fitted and the score is that of guessing,
    one over the number of classes.

    Without `fit` the source rows of the call are also what the second model is adapted
    to; with it, all source rows are.

    References
    ----------
    .. [1] Bruzzone and Marconcini. "Domain adaptation problems: a DASVM classification
       technique and a circular validation strategy." IEEE TPAMI, 2010.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.feature_based import CORAL
    >>> from adapt.metrics import CircularValidation
    >>> rng = np.random.default_rng(0)
    >>> Xs, Xt = rng.normal(size=(200, 2)), rng.normal(size=(200, 2)) * [1, 3]
    >>> ys = Xs[:, 1] > 0
    >>> model = CORAL().fit(Xs[:150], ys[:150], Xt=Xt)
    >>> CircularValidation().fit(Xs, Xt)(model, Xs[150:], ys[150:]) > 0.9
    True
    """

    def held_out(self, estimator, X):
        """Return predictions of source rows, or None if classes were lost.

        Parameters
        ----------
        estimator : estimator
            Adapted from source to target. `fit` must have been called.

        X : array-like of shape (n_samples, n_features)
            Held-out source rows.

        Returns
        -------
        predicted : ndarray of shape (n_samples,) or None
            Labels.
        """
        if (
            isinstance(estimator, BaseAdapter)
            and estimator._target_labels == "required"
        ):
            raise TypeError(
                f"CircularValidation cannot score {type(estimator).__name__}, which "
                "needs labels of target rows: the way back has none. Use held-out "
                "labelled target rows."
            )
        labels = call_as(estimator, "predict", self.Xt_, -1)
        of_classes = predicts_classes(estimator, labels, "CircularValidation")
        if of_classes and len(np.unique(labels)) == 1:
            return None
        back = fit_on(estimator, self.Xt_, labels, self.Xs_)
        return call_as(back, "predict", X, -1)


def reverse_validation(model, Xs, ys, Xt, metric=None):
    """Return the circular validation score of a fitted model, not held out [1]_.

    The fitted model labels the target; a clone is adapted from there to the source, and
    scored on it. `CircularValidation` does the same on held-out rows.

    Parameters
    ----------
    model : adapter
        Fitted.

    Xs : array-like of shape (n_samples, n_features)
        Source rows.

    ys : array-like of shape (n_samples,)
        Their labels.

    Xt : array-like of shape (n_target_samples, n_features)
        Target rows.

    metric : str, default=None
        As in `CircularValidation`: accuracy or R2 if None.

    Returns
    -------
    score : float
        Greater is better.

    References
    ----------
    .. [1] Bruzzone and Marconcini. "Domain adaptation problems: a DASVM classification
       technique and a circular validation strategy." IEEE TPAMI, 2010.

    Examples
    --------
    >>> from adapt.datasets import make_classification_da
    >>> from adapt.feature_based import CORAL
    >>> from adapt.metrics import reverse_validation
    >>> Xs, ys, Xt, yt = make_classification_da()
    >>> reverse_validation(CORAL().fit(Xs, ys, Xt=Xt), Xs, ys, Xt) > 0.5
    True
    """
    return CircularValidation(metric).fit(Xs, Xt)(model, Xs, ys)
