"""Gradient boosting that goes on from a source model, on the target.

The warm start of scikit-learn's histogram boosting cannot be used for it: that bins the
new rows again, while the trees that are there know the old bins.
"""

from numbers import Integral

import numpy as np
from scipy.special import expit, softmax
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    RegressorMixin,
    is_classifier,
)
from sklearn.utils import check_random_state

from adapt._sklearn import Interval
from adapt.base import ParameterAdapter
from adapt.base._estimators import has_method, seed_estimator
from adapt.parameter_based._class_labels import one_label_a_row, union_of_classes
from adapt.parameter_based._newton_boosting import (
    LogLoss,
    SquaredError,
    boost,
    grown,
    held_out_losses,
)


class _Boosted(BaseEstimator):
    """A source model, and stages of trees whose predictions are added to its scores."""

    def __init__(self, source_model, stages, rate, classes=None, new_share=None):
        self.source_model = source_model
        self.stages = stages
        self.rate = rate
        self.classes = classes
        self.new_share = new_share

    @property
    def feature_names_in_(self):
        return self.source_model.feature_names_in_

    def _scores(self, X):
        scores = _source_scores(self.source_model, X, self.classes, self.new_share)
        X = np.ascontiguousarray(X, dtype=np.float32)
        for trees in self.stages:
            scores += self.rate * grown(trees, X)
        return scores


class _BoostedRegressor(RegressorMixin, _Boosted):
    def predict(self, X):
        scores = self._scores(X)
        return scores[:, 0] if scores.shape[1] == 1 else scores


class _BoostedClassifier(ClassifierMixin, _Boosted):
    @property
    def classes_(self):
        return self.classes

    def decision_function(self, X):
        scores = self._scores(X)
        return scores[:, 0] if scores.shape[1] == 1 else scores

    def predict_proba(self, X):
        scores = self._scores(X)
        if scores.shape[1] == 1:
            return np.column_stack([expit(-scores), expit(scores)])
        return softmax(scores, axis=1)

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def _source_scores(model, X, classes, new_share):
    """Return what boosting starts from.

    Classes that the source model does not know have the share of rows that they have in
    the target.
    """
    if classes is None:
        return np.array(model.predict(X), dtype=float).reshape(len(X), -1)
    p = np.zeros((len(X), len(classes))) + new_share
    known = np.searchsorted(classes, model.classes_)
    p[:, known] = model.predict_proba(X) * (1 - new_share.sum())
    log_p = np.log(np.maximum(p, 1e-9))
    return log_p[:, 1:] - log_p[:, :1] if len(classes) == 2 else log_p


class TransferBoosting(ParameterAdapter):
    r"""Go on with gradient boosting [1]_ [2]_ from a source model, on the target.

    To the scores :math:`F_s` of the source model, predictions or log-odds, trees are
    added that are fitted to what the source model gets wrong on the target:

    .. math:: F(x) = F_s(x) + \nu \sum_{m=1}^{M} h_m(x).

    The shrinkage :math:`\nu` and the number of trees :math:`M` are those with the least
    loss on target rows that were held out. :math:`M` may be zero, which is the source
    model.

    Parameters
    ----------
    estimator : estimator, default=None
        The source model: a regressor, or a classifier with `predict_proba`. Either
        fitted already, with the target alone given to `fit`; or fitted on the source
        that `fit` is given. If None, `HistGradientBoostingClassifier` for classes and
        `HistGradientBoostingRegressor` for numbers.

    Xt : array-like of shape (n_target_samples, n_features), default=None
        Target rows, used when `fit` is given none.

    yt : array-like of shape (n_target_samples,) or (.., n_outputs), default=None
        Labels of `Xt`; unlabelled rows are not used.

    learning_rates : sequence of float, default=(0.03, 0.1, 0.3)
        Shrinkages to choose from.

    max_iter : int, default=50
        Most stages of trees.

    max_leaf_nodes : int, default=8
        Most leaves of a tree.

    min_samples_leaf : int, default=3
        Least number of target rows in a leaf.

    cv : int or None, default=5
        Number of folds in which target rows are held out, or fewer if there are fewer
        rows. Classes are spread evenly over the folds. If None, nothing is chosen: all
        `max_iter` stages are made, with the one shrinkage of `learning_rates`.

    copy : bool, default=True
        Whether a clone of `estimator` is fitted on the source, or `estimator` itself. A
        fitted `estimator` is never changed.

    verbose : int, default=0
        Whether to print how long each stage took.

    random_state : int, RandomState instance or None, default=None
        Draws the folds, and seeds the trees and each `random_state` in `estimator` that
        is None.

    Attributes
    ----------
    learning_rate_ : float
        The chosen shrinkage.

    n_iter_ : int
        The chosen number of stages.

    validation_loss_ : ndarray of shape (n_rates, max_iter + 1) or None
        Mean loss of held-out target rows, log-loss or squared error, by shrinkage and
        by number of stages, from none. None if nothing was chosen.

    estimator_ : estimator
        The model for the target.

    classes_ : ndarray of shape (n_classes,)
        Of classifiers: the classes of the source and of the target.

    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen in `fit`, where `X` has string column names.

    Raises
    ------
    ValueError
        If fewer than two target rows are labelled; if a classifier has no
        `predict_proba`, or a regressor another number of outputs than the target; if a
        target is given alone and `estimator` is not fitted.

    See Also
    --------
    TransferForestClassifier : Changes the trees of the source instead of adding some.

    Notes
    -----
    Departures from [1]_ and [2]_:

    - There the first scores are the constant that fits the rows best. Here they are the
      source model's.
    - Shrinkage and number of stages are given there. By default they are chosen by
      held-out rows, and no stage at all may be the choice.
    - Newton steps are no longer than 4, as [2]_ advises.

    The published algorithms are
    ``TransferBoosting(start, learning_rates=[nu], max_iter=M, cv=None)`` with a
    `DummyRegressor` or `DummyClassifier` fitted on the target as ``start``; with the
    source model as ``start`` they go on from there.

    The trees are scikit-learn's regression trees on Newton steps, one for each class
    where there are more than two, or for each output. Time O(r k M n_t d log n_t) for r
    shrinkages and k folds, memory O(n_t) beside the trees. Prediction costs that of the
    source model and of M trees. `X` may hold NaN where `estimator` takes it.

    A class that the source does not know starts with the share of rows that it has in
    the target. `sample_weight` multiplies the losses of the rows.

    References
    ----------
    .. [1] Friedman. "Greedy function approximation: a gradient boosting machine."
       Annals of Statistics, 2001.

    .. [2] Friedman, Hastie and Tibshirani. "Additive logistic regression: a statistical
       view of boosting." Annals of Statistics, 2000.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.ensemble import HistGradientBoostingRegressor
    >>> from adapt.parameter_based import TransferBoosting
    >>> rng = np.random.default_rng(0)
    >>> Xs, Xt = rng.uniform(size=(400, 2)), rng.uniform(size=(200, 2))
    >>> ys = np.sin(6 * Xs[:, 0]) + Xs[:, 1]
    >>> yt = np.sin(6 * Xt[:, 0]) + Xt[:, 1] + (Xt[:, 0] > 0.5)
    >>> source_model = HistGradientBoostingRegressor(random_state=0).fit(Xs, ys)
    >>> model = TransferBoosting(source_model, random_state=0).fit(Xt[:50], yt[:50])
    >>> source_model.score(Xt, yt) < 0.5 < 0.9 < model.score(Xt, yt)
    True
    """

    _parameter_constraints: dict = {
        **ParameterAdapter._parameter_constraints,
        "learning_rates": ["array-like"],
        "max_iter": [Interval(Integral, 0, None, closed="left")],
        "max_leaf_nodes": [Interval(Integral, 2, None, closed="left")],
        "min_samples_leaf": [Interval(Integral, 1, None, closed="left")],
        "cv": [Interval(Integral, 2, None, closed="left"), None],
    }

    _allows_nan = True
    _reads_rows = True  # trees grow on them

    def __init__(
        self,
        estimator=None,
        Xt=None,
        yt=None,
        *,
        learning_rates=(0.03, 0.1, 0.3),
        max_iter=50,
        max_leaf_nodes=8,
        min_samples_leaf=3,
        cv=5,
        copy=True,
        verbose=0,
        random_state=None,
    ):
        super().__init__(
            estimator, Xt, yt, copy=copy, verbose=verbose, random_state=random_state
        )
        self.learning_rates = learning_rates
        self.max_iter = max_iter
        self.max_leaf_nodes = max_leaf_nodes
        self.min_samples_leaf = min_samples_leaf
        self.cv = cv

    def _new_estimator(self, y):
        estimator = super()._new_estimator(y)
        if self.estimator is None:
            # What the base would take is linear, but tells classes from numbers.
            from sklearn.ensemble import (
                HistGradientBoostingClassifier,
                HistGradientBoostingRegressor,
            )

            estimator = (
                HistGradientBoostingClassifier()
                if is_classifier(estimator)
                else HistGradientBoostingRegressor()
            )
            if self.random_state is not None:
                seed_estimator(estimator, self.random_state)
        return estimator

    def _transfer(self, source_model, domains):
        X, y, weight = domains.labelled_target()
        weight = np.ones(len(y)) if weight is None else weight
        if self.cv is not None and len(y) < 2:
            raise ValueError(
                "TransferBoosting needs at least 2 labelled target rows, for some are "
                f"held out, got n_samples = {len(y)}."
            )
        rates = np.asarray(self.learning_rates, dtype=float)
        if rates.ndim != 1 or not rates.size or not np.all(rates > 0):
            raise ValueError(
                "`learning_rates` must be one or more positive numbers, got "
                f"{self.learning_rates!r}."
            )
        if self.cv is None and len(rates) > 1:
            raise ValueError(
                "`learning_rates` must be a single number with `cv=None`, which leaves "
                f"nothing to choose by, got {self.learning_rates!r}."
            )
        rng = check_random_state(self.random_state)
        order = rng.permutation(len(y))
        classes = new_share = None
        if is_classifier(source_model):
            y, classes, new_share = self._classes_of_both(source_model, y, weight)
            order = order[np.argsort(y[order], kind="stable")]
            loss = LogLoss()
            Y = (y[:, None] == classes).astype(float)
            Y = Y[:, 1:] if len(classes) == 2 else Y
        else:
            Y, loss = np.asarray(y, dtype=float).reshape(len(y), -1), SquaredError()
        rows = domains.labelled_target_rows()
        scores = _source_scores(source_model, rows, classes, new_share)
        if scores.shape != Y.shape:
            raise ValueError(
                f"`estimator` has {scores.shape[1]} outputs, but the labels of the "
                f"target are of shape {np.shape(y)}."
            )
        X = np.ascontiguousarray(X, dtype=np.float32)
        make_tree = self._tree_maker(rng)
        problem = X, Y, scores, weight, loss
        rate, n_iter = self._choose(problem, rates, order, make_tree)
        stages = boost(X, Y, scores.copy(), weight, loss, rate, make_tree)
        stages = [next(stages) for _ in range(n_iter)]
        self.learning_rate_, self.n_iter_ = float(rate), int(n_iter)
        if classes is None:
            return _BoostedRegressor(source_model, stages, rate)
        return _BoostedClassifier(source_model, stages, rate, classes, new_share)

    def _choose(self, problem, rates, order, make_tree):
        """Return the shrinkage and the number of stages; store the losses by both."""
        self.validation_loss_ = None
        if self.cv is None:
            return rates[0], self.max_iter
        folds = np.empty(len(order), dtype=int)
        folds[order] = np.arange(len(order)) % min(self.cv, len(order))
        losses = held_out_losses(*problem, rates, folds, self.max_iter, make_tree)
        self.validation_loss_ = losses
        best, n_iter = np.unravel_index(losses.argmin(), losses.shape)
        return rates[best], n_iter

    def _classes_of_both(self, source_model, y, weight):
        """Return labels, all classes, and the share of those that only the target has.

        Classes that the source model knows have the share 0.
        """
        y = one_label_a_row(self, y)
        if not has_method(source_model, "predict_proba"):
            raise ValueError(
                "TransferBoosting starts from log-odds, but `estimator` "
                f"({type(source_model).__name__}) has no `predict_proba`."
            )
        classes = union_of_classes(source_model.classes_, y)
        shares = weight @ (y[:, None] == classes) / weight.sum()
        new_share = np.where(np.isin(classes, source_model.classes_), 0, shares)
        # Not all of the target may be new, or the source would have no say.
        new_share *= min(1, 0.9 / max(new_share.sum(), 0.1))
        return y, classes, new_share

    def _tree_maker(self, rng):
        """Return a function that makes regression trees, with seeds of one stream."""
        from sklearn.tree import DecisionTreeRegressor

        seeds = np.random.RandomState(rng.randint(np.iinfo(np.int32).max))

        def make_tree():
            return DecisionTreeRegressor(
                max_leaf_nodes=self.max_leaf_nodes,
                min_samples_leaf=self.min_samples_leaf,
                random_state=seeds,
            )

        return make_tree
