"""Boosting for transfer of regression.

As TrAdaBoost, with a loss between 0 and 1 in the place of right and wrong: the error of
a row over the largest error. The second method takes one thing at a time. Stage by
stage the source as a whole loses weight; within a stage AdaBoost weighs the target rows
alone; and the stage is chosen by cross-validation.
"""

from numbers import Integral

import numpy as np
from scipy.special import logsumexp
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import LinearRegression
from sklearn.utils import check_random_state, get_tags

from adapt._sklearn import Interval
from adapt.instance_based._two_domain_boosting import (
    TwoDomainBoosting,
    finite_weights,
    later_half,
    log_shares,
    vote_weights,
)


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
        For a common interface; `estimator` is always cloned.

    verbose : int, default=0
        Whether to print how long the rounds took.

    random_state : int, RandomState instance or None, default=None
        Draws the bootstraps, and seeds what in `estimator` has no seed of its own, for
        each round anew.

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
        return LinearRegression() if self.estimator is None else self.estimator

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


class TwoStageTrAdaBoostR2(TrAdaBoostR2):
    r"""Two-stage TrAdaBoost for regression [1]_: fade the source step by step.

    In each of S stages the source has a smaller share of the weight, from that of its
    rows in the first stage to none in the last. Within a stage, AdaBoost.R2 is run on
    both domains with the weights of source rows held fast, and judged by
    cross-validation: on labelled target rows that the whole run has not seen. The model
    of the best stage predicts.

    From one stage to the next, source rows are multiplied by :math:`\beta_t^{e_i}`,
    where :math:`e_i` is the loss of a single `estimator` fitted with the weights of the
    stage, and :math:`\beta_t` is such that the target's share becomes

    .. math::

        s_1 + \frac{t}{S - 1} (1 - s_1)

    after stage t, from its first share :math:`s_1`.

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
        Number of stages, S.

    n_estimators_fs : int, default=10
        Largest number of rounds of AdaBoost in each stage.

    cv : int, splitter or iterable, default=5
        Folds of the labelled target rows. An int makes folds in the order of the rows,
        no more than there are rows.

    lr : float, default=1.0
        Learning rate, the exponent of the factors on the weights of target rows.

    resample : bool, default=False
        Whether each fit is on a bootstrap drawn by the weights, which serves estimators
        without `sample_weight`.

    copy : bool, default=True
        For a common interface; `estimator` is always cloned.

    verbose : int, default=0
        Whether to print how long the stages took.

    random_state : int, RandomState instance or None, default=None
        Draws the bootstraps, and seeds what in `estimator` has no seed of its own, for
        each fit anew.

    Attributes
    ----------
    estimators_ : list of regressors
        The boosted model of each stage, a weighted median of its rounds.

    estimator_errors_ : ndarray of shape (n_estimators,)
        Cross-validated mean absolute error of the boosted model of each stage on the
        target, weighted by `sample_weight`.

    sample_weights_src_, sample_weights_tgt_ : list of ndarray
        Weights of the source rows and of the labelled target rows that each stage
        started with; together they have mean one.

    estimator_ : regressor
        The boosted model of least error.

    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen in `fit`, where `X` has string column names.

    Raises
    ------
    ValueError
        If fewer than two target rows are labelled, or if the labels of the domains
        differ in shape.
    TypeError
        If `estimator` is no regressor, or takes no `sample_weight` and `resample` is
        False.

    See Also
    --------
    TrAdaBoostR2 : One run of boosting on both domains.

    Notes
    -----
    Time is that of S N (`cv` + 1) fits for N rounds, and as many predictions on all
    rows; memory O(S (n_s + n_t)) for the weights, beside one copy of both domains.

    The first weights are equal over all rows of both domains, times `sample_weight`.
    The last stage is AdaBoost.R2 on the target alone.

    References
    ----------
    .. [1] Pardoe and Stone. "Boosting for regression transfer." ICML, 2010.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.tree import DecisionTreeRegressor
    >>> from adapt.instance_based import TwoStageTrAdaBoostR2
    >>> rng = np.random.default_rng(0)
    >>> Xs, Xt = rng.uniform(size=(300, 1)), rng.uniform(size=(30, 1))
    >>> ys, yt = np.sin(6 * Xs[:, 0]) + 0.5, np.sin(6 * Xt[:, 0])
    >>> tree = DecisionTreeRegressor(max_depth=3)
    >>> model = TwoStageTrAdaBoostR2(tree, n_estimators=5, random_state=0)
    >>> pooled = tree.fit(np.vstack([Xs, Xt]), np.concatenate([ys, yt]))
    >>> X = np.linspace(0, 1, 100)[:, None]
    >>> bool(model.fit(Xs, ys, Xt, yt).score(X, np.sin(6 * X[:, 0]))
    ...      > pooled.score(X, np.sin(6 * X[:, 0])))
    True
    """

    _parameter_constraints: dict = {
        **TrAdaBoostR2._parameter_constraints,
        "n_estimators_fs": [Interval(Integral, 1, None, closed="left")],
        "cv": ["cv_object"],
    }

    def __init__(
        self,
        estimator=None,
        Xt=None,
        yt=None,
        n_estimators=10,
        n_estimators_fs=10,
        cv=5,
        lr=1.0,
        *,
        resample=False,
        copy=True,
        verbose=0,
        random_state=None,
    ):
        super().__init__(
            estimator,
            Xt,
            yt,
            n_estimators,
            lr,
            resample=resample,
            copy=copy,
            verbose=verbose,
            random_state=random_state,
        )
        self.n_estimators_fs = n_estimators_fs
        self.cv = cv

    def _adapt(self, domains):
        rows, prototype = self._both_domains(domains), self._prototype()
        folds = self._folds(rows)
        rng = check_random_state(self.random_state)
        log_weights = log_shares(rows.weight)
        first_share = np.exp(logsumexp(rows.split(log_weights)[0]))

        self.estimators_, errors = [], []
        self.sample_weights_src_, self.sample_weights_tgt_ = [], []
        with self._stage("boosting"):
            for stage in range(1, self.n_estimators + 1):
                source, target = rows.split(len(rows.y) * np.exp(log_weights))
                self.sample_weights_src_.append(source)
                self.sample_weights_tgt_.append(target)
                model = self._boost_target(prototype, rows, log_weights, rng)
                self.estimators_.append(model)
                errors.append(
                    self._held_out_error(prototype, rows, folds, log_weights, rng)
                )
                if stage < self.n_estimators:
                    share = first_share * (1 - stage / (self.n_estimators - 1))
                    # Its first round was fitted with the weights of the stage.
                    predicted = model.estimators[0].predict(rows.X)
                    losses = linear_losses(rows.y, predicted, np.exp(log_weights))
                    log_weights = next_stage(rows, log_weights, losses, share)
        self.estimator_errors_ = np.array(errors)
        self.estimator_ = self._combined(len(errors))

    def _boost_target(self, prototype, rows, log_weights, rng):
        """Run AdaBoost.R2 with the weights of the source held fast."""
        log_source, log_target = rows.split(log_weights - logsumexp(log_weights))
        log_sum = logsumexp(log_target)
        estimators, errors = [], []
        for _ in range(self.n_estimators_fs):
            share = np.exp(np.concatenate([log_source, log_target]))
            estimator = self._fit_round(prototype, rows, len(rows.y) * share, rng)
            losses = linear_losses(rows.y, estimator.predict(rows.X), share)
            error = share @ losses
            if error < 0.5 or not errors:  # something has to predict
                estimators.append(estimator)
                errors.append(error)
            if error == 0 or error >= 0.5:
                break
            beta = error / (1 - error)
            right = 1 - rows.split(losses)[1]
            log_target = log_target + self.lr * np.log(beta) * right
            log_target += log_sum - logsumexp(log_target)
        return WeightedMedian(estimators, finite_weights(vote_weights(errors)))

    def _held_out_error(self, prototype, rows, folds, log_weights, rng):
        """Return the mean absolute error of boosting on rows that it has not seen."""
        errors, weights = [], []
        for train, test in folds:
            part = rows._replace(X=rows.X[train], y=rows.y[train])
            model = self._boost_target(prototype, part, log_weights[train], rng)
            predicted = model.predict(rows.X[test])
            errors.append(absolute_errors(rows.y[test], predicted))
            weights.append(rows.weight[test])
        return np.average(np.concatenate(errors), weights=np.concatenate(weights))

    def _folds(self, rows):
        """Return the rows that each fold is fitted on, and the target rows left out."""
        from sklearn.model_selection import check_cv

        source = np.arange(rows.n_source)
        target = rows.n_source + np.flatnonzero(rows.split(rows.weight)[1])
        if len(target) < 2:
            raise ValueError(
                "TwoStageTrAdaBoostR2 is cross-validated on the labelled target rows "
                "of positive weight, which takes 2 of them; got n_samples = "
                f"{len(target)}."
            )
        cv = self.cv
        if isinstance(cv, Integral):
            cv = min(cv, len(target))
        return [
            (np.concatenate([source, target[train]]), target[test])
            for train, test in check_cv(cv).split(target)
        ]

    def _combined(self, n_rounds):
        return self.estimators_[self.estimator_errors_[:n_rounds].argmin()]
