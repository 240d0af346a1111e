"""Boosting for transfer.

Rounds of boosting on both domains together. A misclassified target row gains weight, as
in AdaBoost; a misclassified source row loses weight, because it is evidence against the
target's decision rule.
"""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from adapt.instance_based._two_domain_boosting import TwoDomainBoosting
from adapt.instance_based._two_domain_weights import later_half


class WeightedVote(ClassifierMixin, BaseEstimator):
    """Classifiers that vote with weights.

    Parameters
    ----------
    estimators : list of fitted classifiers
        The voters.

    weights : array-like of shape (n_estimators,)
        Their weights.

    classes : ndarray of shape (n_classes,)
        All classes, of which a voter may not know each.
    """

    def __init__(self, estimators, weights, classes):
        self.estimators = estimators
        self.weights = weights
        self.classes = classes

    def __sklearn_is_fitted__(self):
        return True

    @property
    def classes_(self):
        """All classes."""
        return self.classes

    def predict_proba(self, X):
        """Return the share of the votes that each class has."""
        votes = np.zeros((X.shape[0], len(self.classes)))
        rows = np.arange(len(votes))
        for estimator, weight in zip(self.estimators, self.weights, strict=True):
            votes[rows, np.searchsorted(self.classes, estimator.predict(X))] += weight
        return votes / np.sum(self.weights)

    def decision_function(self, X):
        """Return the shares of the votes; of two classes, the lead of the second."""
        votes = self.predict_proba(X)
        return votes[:, 1] - votes[:, 0] if len(self.classes) == 2 else votes

    def predict(self, X):
        """Return the class with the most votes."""
        return self.classes[self.predict_proba(X).argmax(axis=1)]


class TrAdaBoost(TwoDomainBoosting):
    r"""Transfer AdaBoost [1]_: boost on both domains, and lose misleading source rows.

    In each of N rounds a clone of `estimator` is fitted on the weighted rows of the
    source and of the labelled target. Source rows that it gets wrong are multiplied by
    :math:`\beta = 1 / (1 + \sqrt{2 \ln n_s / N})`, wrong target rows by
    :math:`1 / \beta_t` with :math:`\beta_t = \epsilon_t / (1 - \epsilon_t)`, where
    :math:`\epsilon_t` is the weighted error on the target, capped below 1/2. The rounds
    from N/2 on vote with weights :math:`\ln 1 / \beta_t`.

    Parameters
    ----------
    estimator : classifier, default=None
        Cloned and fitted in each round. If None, `LogisticRegression`.

    Xt : array-like of shape (n_target_samples, n_features), default=None
        Target rows, used when `fit` is given none.

    yt : array-like of shape (n_target_samples,), default=None
        Labels of `Xt`; unlabelled rows are not used.

    n_estimators : int, default=10
        Largest number of rounds, N.

    lr : float, default=1.0
        Learning rate, the exponent of the factors on the weights.

    resample : bool, default=False
        Whether each round is fitted on a bootstrap drawn by the weights, which serves
        estimators without `sample_weight`. No class is lost: of one that is not drawn,
        its heaviest row is added.

    copy : bool, default=True
        Ignored, present for API consistency.

    verbose : int, default=0
        Whether to print how long the rounds took.

    random_state : int, RandomState instance or None, default=None
        Draws the bootstraps, and seeds each `random_state` in `estimator` that is None,
        again for each round.

    Attributes
    ----------
    estimators_ : list of classifiers
        The classifier of each round.

    estimator_errors_ : ndarray of shape (n_rounds,)
        Error of each round on the weighted target, before the cap.

    estimator_weights_ : ndarray of shape (n_rounds,)
        Weight of the vote of each round, :math:`\ln 1 / \beta_t`; infinite for a round
        without error on the target.

    sample_weights_src_, sample_weights_tgt_ : list of ndarray
        Weights of the source rows and of the labelled target rows that each round was
        fitted with; together they have mean one.

    classes_ : ndarray of shape (n_classes,)
        Labels of both domains.

    estimator_ : classifier
        The vote of the later half of the rounds.

    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen in `fit`, where `X` has string column names.

    Raises
    ------
    ValueError
        If no target row is labelled, if there is one class only, or if the labels are
        not classes.
    TypeError
        If `estimator` is no classifier, or takes no `sample_weight` and `resample` is
        False.

    Warns
    -----
    UserWarning
        If fewer than `n_estimators` rounds were made. After a round without error on
        the target there is no later one that could outvote it.

    See Also
    --------
    IWC : Weighs the source without target labels.

    Notes
    -----
    Time is that of N fits, and N predictions on all rows; memory O(N (n_s + n_t)) for
    the weights, beside one copy of both domains.

    The paper leaves the first weights open. Here each domain has one half of them,
    spread evenly over its rows and multiplied by `sample_weight`, so that a small
    target is heard from the first round on.

    An estimator that fits every row exactly, such as a full-grown tree, ends boosting
    in the first round: take a weaker one.

    References
    ----------
    .. [1] Dai, Yang, Xue and Yu. "Boosting for transfer learning." ICML, 2007.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from adapt.instance_based import TrAdaBoost
    >>> rng = np.random.default_rng(0)
    >>> Xs, Xt = rng.normal(size=(300, 2)), rng.normal(size=(30, 2))
    >>> ys, yt = Xs.sum(axis=1) > 0.5, Xt.sum(axis=1) > 0
    >>> stump = DecisionTreeClassifier(max_depth=1)
    >>> model = TrAdaBoost(stump, n_estimators=20, random_state=0)
    >>> model.fit(Xs, ys, Xt, yt).predict([[1.0, 1.0], [-1.0, -1.0]])
    array([ True, False])
    """

    def _adapt(self, domains):
        rows = self._both_domains(domains)
        self._classes = classes = np.unique(rows.y)
        if len(classes) < 2:
            raise ValueError(
                "TrAdaBoost needs labels of at least 2 classes, got one class only: "
                f"{classes[0]!r}."
            )
        self._boost(rows, check_random_state(self.random_state))

    def _check_labels(self, ys, yt):
        ys, yt = (column_or_1d(y, warn=True) for y in (ys, yt))
        check_classification_targets(ys)
        check_classification_targets(yt)
        return ys, yt

    def _first_weights(self, ns, nt):
        return np.repeat([1 / ns, 1 / nt], [ns, nt])

    def _draw(self, y, weight, rng):
        drawn = super()._draw(y, weight, rng)
        lost = np.setdiff1d(self._classes, y[drawn])
        heaviest = [np.argmax(np.where(y == label, weight, -1)) for label in lost]
        return np.concatenate([drawn, np.array(heaviest, dtype=int)])

    def _combined(self, n_rounds):
        rounds, weights = later_half(n_rounds, self.estimator_weights_)
        return WeightedVote(self.estimators_[rounds], weights, self._classes)
