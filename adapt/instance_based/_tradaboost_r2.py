"""Boosting for transfer of regression.

As TrAdaBoost, with a loss between 0 and 1 in the place of right and wrong: the error of
a row over the largest error.
"""

import numpy as np
from scipy.special import logsumexp
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import LinearRegression
from sklearn.utils import check_random_state, get_tags

from adapt.instance_based._two_domain_boosting import TwoDomainBoosting
from adapt.instance_based._two_domain_weights import later_half


def weighted_median(predictions, weights):
    """Return the smallest prediction that has half of the weight at or below it.

    Parameters
    ----------
    predictions : ndarray of shape (n_estimators, ...)
        Predictions.

    weights : ndarray of shape (n_estimators,)
        Non-negative weights.

    Returns
    -------
    median : ndarray of shape (...)
    """
    order = predictions.argsort(axis=0)
    below = weights[order].cumsum(axis=0)
    middle = (below >= 0.5 * below[-1]).argmax(axis=0)[None]
    chosen = np.take_along_axis(order, middle, axis=0)
    return np.take_along_axis(predictions, chosen, axis=0)[0]


def linear_losses(y, predicted, weight):
    """Return the absolute errors over the largest of them.

    Parameters
    ----------
    y, predicted : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        True and predicted numbers. The error of a row is the mean over its outputs.

    weight : ndarray of shape (n_samples,)
        Rows of weight zero are no measure for the others.

    Returns
    -------
    losses : ndarray of shape (n_samples,)
        From 0 to 1; all 0 if there is no error.
    """
    errors = absolute_errors(y, predicted)
    largest = errors[weight > 0].max()
    return np.minimum(errors / largest, 1) if largest > 0 else np.zeros(len(errors))


def absolute_errors(y, predicted):
    """Return the mean absolute error of each row over its outputs."""
    return np.abs(y - predicted.reshape(y.shape)).reshape(len(y), -1).mean(axis=1)


def next_stage(rows, log_weights, losses, share):
    """Return the log weights after one stage.

    Those of the source are multiplied by ``b ** loss``, where ``b <= 1`` is such that
    their share of all weight becomes what is asked for; those of the target stay in
    proportion.

    Parameters
    ----------
    rows : BothDomains
        Whose weights.

    log_weights : ndarray of shape (n_samples,)
        Logarithms of weights of sum one.

    losses : ndarray of shape (n_samples,)
        Losses from 0 to 1.

    share : float
        The source's, at most what it has.

    Returns
    -------
    log_weights : ndarray of shape (n_samples,)
        Logarithms of weights of sum one. If source rows without loss have more weight
        than that, they have the share of the source to themselves.
    """
    from scipy.optimize import brentq

    log_source, log_target = rows.split(log_weights)
    log_target = log_target - logsumexp(log_target) + np.log1p(-share)
    if share == 0:
        return np.concatenate([np.full(len(log_source), -np.inf), log_target])
    wanted = np.log(share) - np.log1p(-share) + logsumexp(rows.split(log_weights)[1])
    losses = rows.split(losses)[0]

    def excess(log_b):
        return logsumexp(log_source + log_b * losses) - wanted

    log_b, lowest = 0.0, -1.0
    while excess(lowest) > 0 and lowest > -1e6:
        lowest *= 4
    if excess(lowest) > 0:
        log_b = lowest
    elif excess(0) > 0:
        log_b = brentq(excess, lowest, 0)
    log_source = log_source + log_b * losses
    log_source += np.log(share) - logsumexp(log_source)
    return np.concatenate([log_source, log_target])


class WeightedMedian(RegressorMixin, BaseEstimator):
    """Regressors whose weighted median is the prediction.

    Parameters
    ----------
    estimators : list of fitted regressors
        They predict.

    weights : ndarray of shape (n_estimators,)
        Their weights.
    """

    def __init__(self, estimators, weights):
        self.estimators = estimators
        self.weights = weights

    def __sklearn_is_fitted__(self):
        return True

    def predict(self, X):
        """Return the weighted median of each output."""
        predictions = np.array([estimator.predict(X) for estimator in self.estimators])
        return weighted_median(predictions, self.weights)


class TrAdaBoostR2(TwoDomainBoosting):
    r"""TrAdaBoost for regression [1]_: boost on both domains, fade misleading rows.

    In each of N rounds a clone of `estimator` is fitted on the weighted rows of the
    source and of the labelled target. The loss :math:`e_i` of a row is its absolute
    error over the largest one of the round. Source rows are multiplied by
    :math:`\beta^{e_i}` with :math:`\beta = 1 / (1 + \sqrt{2 \ln n_s / N})`, target rows
    by :math:`\beta_t^{-e_i}` with :math:`\beta_t = \epsilon_t / (1 - \epsilon_t)`,
    where :math:`\epsilon_t` is the weighted mean loss on the target, capped below 1/2.
    The prediction is the median of the rounds from N/2 on, weighted by
    :math:`\ln 1 / \beta_t`.

    Parameters
    ----------
    estimator : regressor, default=None
        Cloned and fitted in each round. If None, `LinearRegression`; small trees gain
        more from boosting.

    Xt : array-like of shape (n_target_samples, n_features), default=None
        Target rows, used when `fit` is given none.

    yt : array-like of shape (n_target_samples[, n_outputs]), default=None
        Labels of `Xt`; unlabelled rows are not used.

    n_estimators : int, default=10
        Largest number of rounds, N.

    lr : float, default=1.0
        Learning rate, the exponent of the factors on the weights.

    resample : bool, default=False
        Whether each round is fitted on a bootstrap drawn by the weights, which serves
        estimators without `sample_weight`.

    copy : bool, default=True
        Ignored, present for API consistency.

    verbose : int, default=0
        Whether to print how long the rounds took.

    random_state : int, RandomState instance or None, default=None
        Draws the bootstraps, and seeds each `random_state` in `estimator` that is None,
        again for each round.

    Attributes
    ----------
    estimators_ : list of regressors
        The regressor of each round.

    estimator_errors_ : ndarray of shape (n_rounds,)
        Mean loss of each round on the weighted target, before the cap.

    estimator_weights_ : ndarray of shape (n_rounds,)
        Weight of each round in the median, :math:`\ln 1 / \beta_t`; infinite for a
        round without error on the target.

    sample_weights_src_, sample_weights_tgt_ : list of ndarray
        Weights of the source rows and of the labelled target rows that each round was
        fitted with; together they have mean one.

    estimator_ : regressor
        The weighted median of the later half of the rounds.

    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen in `fit`, where `X` has string column names.

    Raises
    ------
    ValueError
        If no target row is labelled, or if the labels of the domains differ in shape.
    TypeError
        If `estimator` is no regressor, or takes no `sample_weight` and `resample` is
        False.

    Warns
    -----
    UserWarning
        If fewer than `n_estimators` rounds were made. After a round without error on
        the target there is no later one that could outvote it.

    See Also
    --------
    TwoStageTrAdaBoostR2 : Fades the source in steps and chooses one of them.
    TrAdaBoost : For classes.

    Notes
    -----
    Time is that of N fits, and N predictions on all rows; memory O(N (n_s + n_t)) for
    the weights, beside one copy of both domains.

    The first weights are equal over all rows of both domains, times `sample_weight`. As
    long as many source rows outweigh the target, :math:`\epsilon_t` may be over 1/2;
    such rounds change the weights of the source alone, and have hardly a vote. `y` of
    shape (n_samples,) gives predictions of that shape. Of several outputs the
    loss is the mean error, so bring them to a common scale; the median is taken of
    each.

    References
    ----------
    .. [1] Pardoe and Stone. "Boosting for regression transfer." ICML, 2010.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.tree import DecisionTreeRegressor
    >>> from adapt.instance_based import TrAdaBoostR2
    >>> rng = np.random.default_rng(0)
    >>> Xs, Xt = rng.uniform(size=(300, 1)), rng.uniform(size=(30, 1))
    >>> ys, yt = np.sin(6 * Xs[:, 0]) + 0.5, np.sin(6 * Xt[:, 0])
    >>> tree = DecisionTreeRegressor(max_depth=3)
    >>> model = TrAdaBoostR2(tree, n_estimators=20, random_state=0)
    >>> pooled = tree.fit(np.vstack([Xs, Xt]), np.concatenate([ys, yt]))
    >>> X = np.linspace(0, 1, 100)[:, None]
    >>> bool(model.fit(Xs, ys, Xt, yt).score(X, np.sin(6 * X[:, 0]))
    ...      > pooled.score(X, np.sin(6 * X[:, 0])))
    True
    """

    _kind = "regressor"

    def _stand_in(self):
        return LinearRegression() if self.estimator is None else self._given()

    def _adapt(self, domains):
        self._boost(self._both_domains(domains), check_random_state(self.random_state))

    def _check_labels(self, ys, yt):
        if ys.shape[1:] != yt.shape[1:]:
            raise ValueError(
                "Labels of both domains must have the same outputs, got shape "
                f"{ys.shape} in the source and {yt.shape} in the target."
            )
        if ys.dtype.kind not in "biuf" or yt.dtype.kind not in "biuf":
            raise ValueError(
                f"Unknown label type: {type(self).__name__} takes numbers as labels, "
                f"got dtype {ys.dtype} in the source and {yt.dtype} in the target."
            )
        return ys.astype(np.float64), yt.astype(np.float64)

    def _first_weights(self, ns, nt):
        return np.ones(ns + nt)

    def _losses(self, y, predicted, weight):
        return linear_losses(y, predicted, weight)

    def _combined(self, n_rounds):
        rounds, weights = later_half(n_rounds, self.estimator_weights_)
        return WeightedMedian(self.estimators_[rounds], weights)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = get_tags(self._stand_in()).target_tags
        tags.target_tags.multi_output = inner.multi_output
        tags.target_tags.single_output = inner.single_output
        return tags
