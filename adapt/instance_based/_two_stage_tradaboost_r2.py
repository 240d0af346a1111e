"""Two-stage TrAdaBoost for regression.

Stage by stage the source as a whole loses weight; within a stage AdaBoost weighs the
target rows alone; and the stage is chosen by cross-validation.
"""

from numbers import Integral

import numpy as np
from scipy.special import logsumexp
from sklearn.utils import check_random_state

from adapt._frames import take_rows
from adapt._sklearn import Interval
from adapt.instance_based._tradaboost_r2 import (
    TrAdaBoostR2,
    WeightedMedian,
    absolute_errors,
    linear_losses,
    next_stage,
)
from adapt.instance_based._two_domain_weights import (
    finite_weights,
    log_shares,
    vote_weights,
)


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
        Ignored, present for API consistency.

    verbose : int, default=0
        Whether to print how long the stages took.

    random_state : int, RandomState instance or None, default=None
        Draws the bootstraps, and seeds each `random_state` in `estimator` that is None,
        again for each fit.

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
            part = rows._replace(X=take_rows(rows.X, train), y=rows.y[train])
            model = self._boost_target(prototype, part, log_weights[train], rng)
            predicted = model.predict(take_rows(rows.X, test))
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
