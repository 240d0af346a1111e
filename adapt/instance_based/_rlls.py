"""Regularised learning under label shift.

The linear system of black-box shift estimation, with a penalty on weights other than
one: from few rows it is better to correct for less than to correct for noise.
"""

from numbers import Real

from adapt._label_shift import regularised_weights, sampling_error
from adapt._sklearn import Interval
from adapt.base._weight import effective_sample_size
from adapt.instance_based._bbse import BBSE


class RLLS(BBSE):
    r"""Regularised learning under label shift [1]_: correct for the classes, with care.

    As `BBSE` it solves :math:`C w = \mu` for the weights :math:`w` of the classes, with
    the confusion matrix :math:`C` of the source and the mean prediction :math:`\mu` on
    the target, but as

    .. math::

        \min_{w \ge 0} \; \lVert C w - \mu \rVert_2
        + \alpha \Delta \, \lVert w - 1 \rVert_2,

    where :math:`\Delta` bounds the sampling error of :math:`C` and falls with the
    number of source rows. For well separated classes or many rows the minimum is the
    solution of `BBSE`.

    Parameters
    ----------
    estimator : classifier, default=None
        Cloned for every fit. If None, `LogisticRegression`.

    Xt : array-like of shape (n_target_samples, n_features), default=None
        Target rows, used when `fit` is given none.

    alpha : float, default=0.03
        Factor on the penalty; 0 is non-negative least squares. The bound :math:`\Delta`
        is far too careful in practice: with 1 the weights are hardly ever other than
        one.

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
    BBSE : Without the penalty.
    SaerensEM : Maximum likelihood, more accurate where probabilities are calibrated.

    Notes
    -----
    Departures from [1]_:

    - By default the penalty has 0.03 of the published factor.
    - By default probabilities take the place of predicted labels.
    - The confusion matrix is of out-of-fold predictions, where [1]_ holds out a part of
      the source.
    - The frequencies of the classes are brought to sum one afterwards.
    - [1]_ can also draw the weights that are found nearer to one, by a factor. Here
      they are taken as they are.

    The published estimate is ``RLLS(alpha=1, soft=False)``.

    Time is that of `cv` + 1 fits, one more with "weights", and of one prediction of
    both domains; memory O((n_s + n_t) k) for k classes, beside the fits. Sparse `X` and
    NaN are taken if `estimator` takes them. Rows in
    blocks (:class:`adapt.base.RowBlocks`) are read three times: the source's confusion
    is that of at most 100,000 rows, and frequencies of its classes and mean predictions
    on the target are of all rows; there are no `weights_` then.

    :math:`\Delta = 3 (\frac{2}{3 n} \ln \frac{2 k}{0.05} + \sqrt{\frac{2}{n} \ln
    \frac{2 k}{0.05}})` for n source rows, where rows with unequal `sample_weight` count
    as their effective number.

    References
    ----------
    .. [1] Azizzadenesheli, Liu, Yang and Anandkumar. "Regularized learning for domain
       adaptation under label shifts." ICLR, 2019.

    Examples
    --------
    >>> from adapt.datasets import make_label_shift
    >>> from adapt.instance_based import RLLS
    >>> data = make_label_shift(
    ...     2000, priors_s=(0.5, 0.5), priors_t=(0.1, 0.9), random_state=0
    ... )
    >>> model = RLLS().fit(data.Xs, data.ys, Xt=data.Xt)
    >>> model.priors_.round(1)
    array([0.1, 0.9])
    >>> model.predict([[0.8, 0.0]])  # nearer to class 0, but that is rare
    array([1])
    """

    _parameter_constraints: dict = {
        **BBSE._parameter_constraints,
        "alpha": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        estimator=None,
        Xt=None,
        *,
        alpha=0.03,
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
            soft=soft,
            correct=correct,
            cv=cv,
            weight_clip=weight_clip,
            resample=resample,
            copy=copy,
            verbose=verbose,
            random_state=random_state,
        )
        self.alpha = alpha

    def _class_weights(self, C, mu, predictions):
        n = effective_sample_size(predictions.source_weight)
        return regularised_weights(C, mu, self.alpha * sampling_error(n, len(mu)))
