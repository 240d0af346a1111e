"""Black-box shift estimation.

What a classifier predicts on the target is its confusion matrix times the weights of
the classes. So the weights are the solution of one small linear system.
"""

import numpy as np

from adapt.instance_based._label_shift import LabelShiftAdapter, confusion
from adapt.instance_based._label_shift_blocks import weights_of_blocks


def black_box_weights(C, mu):
    """Return the weights of the classes that explain predictions on the target.

    Parameters
    ----------
    C : ndarray of shape (n_classes, n_classes)
        Joint frequencies of predicted (rows) and true classes (columns) in the source.

    mu : ndarray of shape (n_classes,)
        Frequencies of the predicted classes in the target.

    Returns
    -------
    w : ndarray of shape (n_classes,)
        ``C^-1 mu``, with zeros for what is negative; where `C` is singular, the
        shortest of the least squares solutions.
    """
    return np.maximum(np.linalg.lstsq(C, mu, rcond=None)[0], 0)


class BBSE(LabelShiftAdapter):
    r"""Black-box shift estimation [1]_: correct label shift.

    Under label shift, only the frequencies of the classes :math:`y` differ. Then the
    predictions
    :math:`\hat y` of any classifier obey

    .. math::

        p_t(\hat y = i) = \sum_j p_s(\hat y = i, y = j) \, w_j,
        \qquad w_j = p_t(y = j) / p_s(y = j).

    The left side is seen on the target, the matrix on out-of-fold predictions of the
    source, and the weights :math:`w` solve the system. Negative ones are set to zero.

    Parameters
    ----------
    estimator : classifier, default=None
        Cloned for every fit. If None, `LogisticRegression`.

    Xt : array-like of shape (n_target_samples, n_features), default=None
        Target rows, used when `fit` is given none.

    soft : bool, default=True
        Whether the mean of predicted probabilities takes the place of the frequencies
        of predicted labels. It is more accurate as a rule. False serves classifiers
        without `predict_proba`.

    correct : {"weights", "probabilities"}, default="weights"
        What the priors are used for. With "weights" a new `estimator` is fitted on the
        source weighted by the ratio of priors; its predictions are taken as they are.
        With "probabilities" the `estimator` fitted on the source as it is is kept, and
        its probabilities are multiplied by the ratio of priors and brought back to
        sum one; `predict` takes the largest.

    cv : int, splitter or iterable, default=5
        Folds of the out-of-fold predictions of the source. An int makes stratified
        folds in the order of the rows, no more than the largest class has rows.

    weight_clip : float, default=None
        Largest weight of a source row, in units of the mean weight, before the mean is
        brought back to one. It does not change `class_weights_`.

    resample : bool, default=False
        Whether the weighted `estimator` is fitted on a bootstrap drawn by the weights,
        which serves estimators without `sample_weight`.

    copy : bool, default=True
        Whether a clone of `estimator` is fitted, or `estimator` itself.

    verbose : int, default=0
        Whether to print how long each stage took.

    random_state : int, RandomState instance or None, default=None
        Seeds each `random_state` in `estimator` that is None, and the bootstrap.

    Attributes
    ----------
    priors_ : ndarray of shape (n_classes,)
        Estimated frequencies of the classes in the target, in the order of `classes_`.
        It is 0 for a class that the target seems to lack.

    source_priors_ : ndarray of shape (n_classes,)
        Frequencies of the classes in the source, weighted by `sample_weight`.

    class_weights_ : ndarray of shape (n_classes,)
        ``priors_ / source_priors_``.

    weights_ : ndarray of shape (n_samples,)
        Weights of the source rows, those of their classes, of mean one.

    effective_sample_size_ : float
        Number of equally weighted rows that the weights are worth.

    source_estimator_ : classifier
        The classifier fitted on the source as it is, which gave the predictions on the
        target.

    estimator_ : classifier
        The classifier that predicts: fitted on the weighted source, or
        `source_estimator_`.

    classes_ : ndarray of shape (n_classes,)
        Labels of the source.

    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen in `fit`, where `X` has string column names.

    Raises
    ------
    ValueError
        If labels are missing or are not classes, or if a class has a single row.
    TypeError
        If `estimator` is no classifier, or lacks `predict_proba` or `sample_weight`
        where they are needed.

    Warns
    -----
    UserWarning
        If the priors cannot be identified: the smallest singular value of the
        out-of-fold confusion matrix, given the true class, is not larger than 0.01 or
        than twice the Frobenius norm of its standard errors. Then another mixture of
        classes would have given the same predictions, up to sampling.

    See Also
    --------
    RLLS : The same system with a penalty, for few rows or many classes.
    SaerensEM : Maximum likelihood, more accurate where probabilities are calibrated.

    Notes
    -----
    Departures from [1]_: by default probabilities take the place of predicted labels.
    The published estimate is ``BBSE(soft=False)``. The confusion matrix is of
    out-of-fold predictions, where [1]_ holds out half of the source.

    Time is that of `cv` + 1 fits, one more with "weights", and of one prediction of
    both domains; memory O((n_s + n_t) k) for k classes, beside the fits. Sparse `X` and
    NaN are taken if `estimator` takes them. Rows in
    blocks (:class:`adapt.base.RowBlocks`) are read three times: the source's confusion
    is that of at most 100,000 rows, and frequencies of its classes and mean predictions
    on the target are of all rows; there are no `weights_` then.

    It corrects for label shift alone: where the rows of a class differ between the
    domains, the priors are wrong and no warning tells.

    References
    ----------
    .. [1] Lipton, Wang and Smola. "Detecting and correcting for label shift with black
       box predictors." ICML, 2018.

    Examples
    --------
    >>> from adapt.datasets import make_label_shift
    >>> from adapt.instance_based import BBSE
    >>> data = make_label_shift(
    ...     2000, priors_s=(0.5, 0.5), priors_t=(0.1, 0.9), random_state=0
    ... )
    >>> model = BBSE().fit(data.Xs, data.ys, Xt=data.Xt)
    >>> model.priors_.round(1)
    array([0.1, 0.9])
    >>> model.predict([[0.8, 0.0]])  # nearer to class 0, but that is rare
    array([1])
    """

    _parameter_constraints: dict = {
        **LabelShiftAdapter._parameter_constraints,
        "soft": ["boolean"],
    }

    def __init__(
        self,
        estimator=None,
        Xt=None,
        *,
        soft=True,
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
            correct=correct,
            cv=cv,
            weight_clip=weight_clip,
            resample=resample,
            copy=copy,
            verbose=verbose,
            random_state=random_state,
        )
        self.soft = soft

    @property
    def _soft(self):
        return self.soft

    def _learn_from_blocks(self, source, target):
        found = weights_of_blocks(self, source, target)
        self._block_weights, self.effective_sample_size_ = found

    def _training_block(self, X, y):
        """Return source rows and the weights of their classes."""
        if self.correct == "probabilities":
            return X, None
        return X, self._block_weights[
            np.searchsorted(self.source_estimator_.classes_, y)
        ]

    def _target_priors(self, predictions):
        C = confusion(predictions.source, predictions.y, predictions.source_weight)
        mu = predictions.target_weight @ predictions.target
        priors = self._class_weights(C, mu, predictions) * C.sum(axis=0)
        return priors / priors.sum()

    def _class_weights(self, C, mu, predictions):
        return black_box_weights(C, mu)
