"""Boosting for transfer.

Rounds of boosting on both domains together. A misclassified target row gains weight, as
in AdaBoost; a misclassified source row loses weight, for it speaks of something else.
"""

import warnings
from numbers import Integral, Real

import numpy as np
from scipy import sparse
from scipy.special import logsumexp
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils import (
    ClassifierTags,
    TargetTags,
    check_random_state,
    column_or_1d,
    get_tags,
)
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from adapt._sklearn import Interval, fit_weighted
from adapt.base import BaseAdapter, MetaAdapter, _default_estimator, _seed

# The paper asks for errors below 1/2. A round that is worse has hardly a vote.
_MAX_ERROR = 0.5 - 1e-6


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


def update(log_source, log_target, wrong_source, wrong_target, beta, lr=1.0):
    """Return the log weights after one round, and the error on the target.

    Parameters
    ----------
    log_source, log_target : ndarray of shape (n_samples,)
        Logarithms of the weights.

    wrong_source, wrong_target : ndarray of bool of shape (n_samples,)
        Which rows the round's classifier gets wrong.

    beta : float
        Factor on the weight of a wrong source row, at most 1.

    lr : float, default=1.0
        Exponent of all factors.

    Returns
    -------
    log_source, log_target : ndarray of shape (n_samples,)
        The new logarithms; together the weights have sum one.

    error : float
        Weighted share of wrong target rows, before the cap below 1/2.
    """
    share = np.exp(log_target - logsumexp(log_target))
    error = float(share[wrong_target].sum())
    capped = min(error, _MAX_ERROR)
    log_source = log_source + lr * np.log(beta) * wrong_source
    if capped > 0:
        log_target = log_target - lr * np.log(capped / (1 - capped)) * wrong_target
    total = logsumexp([logsumexp(log_source), logsumexp(log_target)])
    return log_source - total, log_target - total, error


class TrAdaBoost(MetaAdapter):
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

    lr : float, default=1.
        Learning rate, the exponent of the factors on the weights.

    resample : bool, default=False
        Whether each round is fitted on a bootstrap drawn by the weights, which serves
        estimators without `sample_weight`. No class is lost: of one that is not drawn,
        its heaviest row is added.

    copy : bool, default=True
        For a common interface; `estimator` is always cloned.

    verbose : int, default=0
        Whether to print how long the rounds took.

    random_state : int, RandomState instance or None, default=None
        Draws the bootstraps, and seeds what in `estimator` has no seed of its own, for
        each round anew.

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

    feature_names_in_ : ndarray of shape (n_features_in_,)
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

    _uses_target_labels = True
    _requires_target_labels = True
    _allows_nan = True
    _allows_sparse = True

    _parameter_constraints: dict = {
        **MetaAdapter._parameter_constraints,
        "n_estimators": [Interval(Integral, 1, None, closed="left")],
        "lr": [Interval(Real, 0, None, closed="neither")],
        "resample": ["boolean"],
    }

    def __init__(
        self,
        estimator=None,
        Xt=None,
        yt=None,
        n_estimators=10,
        lr=1.0,
        *,
        resample=False,
        copy=True,
        verbose=0,
        random_state=None,
    ):
        super().__init__(
            estimator, Xt, copy=copy, verbose=verbose, random_state=random_state
        )
        self.yt = yt
        self.n_estimators = n_estimators
        self.lr = lr
        self.resample = resample

    def _adapt(self, domains):
        X, y, weight, ns = self._both_domains(domains)
        self._classes = classes = np.unique(y)
        if len(classes) < 2:
            raise ValueError(
                "TrAdaBoost needs labels of at least 2 classes, got one class only: "
                f"{classes[0]!r}."
            )
        prototype = self._prototype(y)
        beta = 1 / (1 + np.sqrt(2 * np.log(ns) / self.n_estimators))
        rng = check_random_state(self.random_state)
        with np.errstate(divide="ignore"):  # weights of zero stay zero
            log_weights = np.log(weight / weight.sum())
        log_source, log_target = log_weights[:ns], log_weights[ns:]

        self.estimators_, errors = [], []
        self.sample_weights_src_, self.sample_weights_tgt_ = [], []
        with self._stage("boosting"):
            for _ in range(self.n_estimators):
                weight = len(y) * np.exp(np.concatenate([log_source, log_target]))
                estimator = self._fit_round(prototype, X, y, weight, domains, rng)
                wrong = estimator.predict(X) != y
                log_source, log_target, error = update(
                    log_source, log_target, wrong[:ns], wrong[ns:], beta, self.lr
                )
                self.estimators_.append(estimator)
                self.sample_weights_src_.append(weight[:ns])
                self.sample_weights_tgt_.append(weight[ns:])
                errors.append(error)
                if error == 0:
                    break
        self.estimator_errors_ = np.array(errors)
        capped = np.minimum(self.estimator_errors_, _MAX_ERROR)
        with np.errstate(divide="ignore"):
            self.estimator_weights_ = np.log1p(-capped) - np.log(capped)
        self.estimator_ = self._vote(len(errors))
        self._warn_if_short()

    def _both_domains(self, domains):
        """Return rows, labels and weights of both domains, and the source's size."""
        if domains.ys is None:
            raise ValueError(
                "requires y to be passed, but the target y is None: TrAdaBoost needs "
                "the labels of the source."
            )
        Xt, yt, target_weight = domains.labelled_target()
        ys, yt = (column_or_1d(y, warn=True) for y in (domains.ys, yt))
        check_classification_targets(ys)
        check_classification_targets(yt)
        ns, nt = len(ys), len(yt)
        source_weight = domains.source_weight
        weight = np.repeat([1 / ns, 1 / nt], [ns, nt])
        if source_weight is not None:
            weight[:ns] *= source_weight
        if target_weight is not None:
            weight[ns:] *= target_weight
        if not np.any(weight[ns:] > 0):
            raise ValueError("`sample_weight` is zero for every labelled target row.")
        stack = sparse.vstack if sparse.issparse(Xt) else np.concatenate
        return stack([domains.Xs, Xt]), np.concatenate([ys, yt]), weight, ns

    def _prototype(self, y):
        """Return what is cloned in each round."""
        if self.estimator is None:
            return _default_estimator(y)
        if get_tags(self.estimator).estimator_type != "classifier":
            raise TypeError(
                "`estimator` of TrAdaBoost must be a classifier, got "
                f"{type(self.estimator).__name__}."
            )
        if not self.resample:
            self._check_takes_weights(y)
        return self.estimator

    def _fit_round(self, prototype, X, y, weight, domains, rng):
        estimator = clone(prototype)
        if self.random_state is not None:
            _seed(estimator, rng)
        params = {"Xt": domains.Xt} if isinstance(estimator, BaseAdapter) else {}
        if not self.resample:
            return fit_weighted(estimator, X, y, weight, **params)
        rows = rng.choice(len(y), len(y), p=weight / weight.sum())
        lost = np.setdiff1d(self._classes, y[rows])
        heaviest = [np.argmax(np.where(y == label, weight, -1)) for label in lost]
        rows = np.concatenate([rows, np.array(heaviest, dtype=int)])
        return estimator.fit(X[rows], y[rows], **params)

    def _vote(self, n_rounds):
        """Return the vote after some rounds, of those from the middle one on."""
        voters = slice(-(-n_rounds // 2) - 1, n_rounds)
        weights = self.estimator_weights_[voters]
        if np.isinf(weights[-1]):
            weights = np.isinf(weights).astype(float)
        return WeightedVote(self.estimators_[voters], weights, self._classes)

    def _warn_if_short(self):
        n_rounds = len(self.estimators_)
        if n_rounds < self.n_estimators:
            warnings.warn(
                f"TrAdaBoost stopped after round {n_rounds} of "
                f"`n_estimators`={self.n_estimators}: `estimator` fits every labelled "
                "target row, so that no later round could outvote it. Lower "
                "`n_estimators`, or take a weaker `estimator` to boost.",
                UserWarning,
                stacklevel=2,
            )

    def staged_predict(self, X, *, sample_domain=None):
        """Predict labels after each round.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows of the target.

        sample_domain : int or array-like of shape (n_samples,), default=None
            For a common interface; the prediction is the same in all domains.

        Yields
        ------
        y : ndarray of shape (n_samples,)
            What `predict` would give if boosting had ended with this round.
        """
        X = self._encode(X, sample_domain)
        for n_rounds in range(1, len(self.estimators_) + 1):
            yield self._vote(n_rounds).predict(X)

    def predict_weights(self, domain="src"):
        """Return the weights that the last round was fitted with.

        Parameters
        ----------
        domain : {"src", "source", "tgt", "target"}, default="src"
            Whose weights.

        Returns
        -------
        weights : ndarray of shape (n_samples,)
            Weights of the source rows, or of the labelled target rows.
        """
        check_is_fitted(self)
        if domain in ("src", "source"):
            return self.sample_weights_src_[-1]
        if domain in ("tgt", "target"):
            return self.sample_weights_tgt_[-1]
        raise ValueError(
            f"`domain` must be 'src', 'source', 'tgt' or 'target', got {domain!r}."
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.estimator_type = "classifier"
        tags.regressor_tags = None
        if tags.classifier_tags is None:
            tags.classifier_tags = ClassifierTags()
        tags.target_tags = TargetTags(required=True)
        return tags
