"""Trees and forests moved by the algorithm that does best on held-out target rows."""

import copy
from abc import abstractmethod
from numbers import Integral

import numpy as np
from sklearn.utils import check_random_state

from adapt._sklearn import Interval, StrOptions
from adapt.parameter_based._class_labels import one_label_a_row
from adapt.parameter_based._transfer_forest import (
    TransferForestClassifier,
    draw_repeats,
)
from adapt.parameter_based._transfer_tree import (
    ALGORITHMS,
    MovedTrees,
    TransferTreeClassifier,
)


def held_out_score(p, codes, score_type):
    """Return how good probabilities of classes are, the higher the better.

    Parameters
    ----------
    p : ndarray of shape (n_samples, n_classes)
        Probabilities.

    codes : ndarray of int of shape (n_samples,)
        True classes.

    score_type : {"brier", "accuracy", "auc"}
        The negative Brier score, the share of right labels, or the area under the ROC
        curve of the second of two classes.

    Returns
    -------
    score : float
        The AUC of one class alone is 0.5.
    """
    if score_type == "accuracy":
        return float(np.mean(p.argmax(axis=1) == codes))
    if score_type == "auc":
        from sklearn.metrics import roc_auc_score

        if len(np.unique(codes)) < 2:
            return 0.5
        return float(roc_auc_score(codes, p[:, 1]))
    return -float(np.mean(np.sum((p - np.eye(p.shape[1])[codes]) ** 2, axis=1)))


class _Selector(MovedTrees):
    """What the selection for a tree and for a forest have in common."""

    _parameter_constraints: dict = {
        **{
            name: rule
            for name, rule in MovedTrees._parameter_constraints.items()
            if name in ("estimator", "Xt", "yt", "copy", "verbose", "random_state")
        },
        "algorithms": ["array-like", None],
        "list_alg_args": [list, tuple, None],
        "score_type": [StrOptions({"brier", "accuracy", "auc"})],
        "bootstrap": ["boolean"],
        "cv": [Interval(Integral, 2, None, closed="left")],
    }

    def _new_estimator(self, y):
        return super()._new_estimator(one_label_a_row(self, y))

    def _candidates(self, mover):
        """Return pairs of an algorithm and of what moves trees by its parameters."""
        names = self.algorithms
        if names is None or len(names) == 0:
            names = ("source", "target", "relabel", "ser", "strut")
        options = self.list_alg_args
        if options is None or len(options) == 0:
            options = [{}] * len(names)
        if len(options) != len(names):
            raise ValueError(
                "`list_alg_args` must hold one dict for each of the "
                f"{len(names)} algorithms, got {len(options)}."
            )
        unknown = [name for name in names if name not in ALGORITHMS]
        if unknown:
            raise ValueError(
                f"`algorithms` must be among {sorted(ALGORITHMS)}, got {unknown}."
            )
        candidates = []
        for name, params in zip(names, options, strict=True):
            mine = copy.copy(mover)
            mine.adapter = TransferTreeClassifier(**params)
            candidates.append((ALGORITHMS[name], mine))
        self.algorithms_ = list(names)
        return candidates

    @abstractmethod
    def _select(self, model, mover, codes):
        """Return the moved model, and store the scores that led to it."""

    def _move(self, model, mover, algorithm):
        raise NotImplementedError("which algorithm it is, `_select` finds out")

    def _moved(self, model, X, y, weight):
        y = one_label_a_row(self, y)
        if len(y) < 2:
            raise ValueError(
                f"{type(self).__name__} needs at least 2 labelled target rows, for "
                f"some are held out, got n_samples = {len(y)}."
            )
        mover = self._class_mover(model, X, y, weight)
        if self.score_type == "auc" and len(mover.classes) > 2:
            raise ValueError(
                '`score_type="auc"` takes two classes, but source and target have '
                f"{len(mover.classes)}."
            )
        codes = np.searchsorted(mover.classes, y)
        moved = self._select(model, mover, codes)
        moved.classes_, moved.n_classes_ = mover.classes, len(mover.classes)
        return moved


class TransferTreeSelector(_Selector):
    """Move a decision tree to the target by the algorithm that does best there.

    Each algorithm moves the source tree to the target rows of all folds but one, and is
    scored on the other. The best one moves the tree to all of them.

    Parameters
    ----------
    estimator : DecisionTreeClassifier, default=None
        The source model, or a pipeline that ends in one. Either fitted already, with
        the target alone given to `fit`; or fitted on the source that `fit` is given. If
        None, `DecisionTreeClassifier`.

    Xt : array-like of shape (n_target_samples, n_features), default=None
        Target rows, used when `fit` is given none.

    yt : array-like of shape (n_target_samples,), default=None
        Labels of `Xt`; unlabelled rows are not used.

    algorithms : list of str, default=None
        Names of `algo` of `TransferTreeClassifier`. If None or empty, "source",
        "target", "relabel", "ser" and "strut". What "target" grows is a tree as "ser"
        grows them.

    list_alg_args : list of dict, default=None
        For each algorithm, other parameters of `TransferTreeClassifier`.

    score_type : {"brier", "accuracy", "auc"}, default="brier"
        By what algorithms are compared: the Brier score, the accuracy or, for two
        classes, the area under the ROC curve. Of few rows the first says most.

    cv : int, default=5
        Number of folds, or fewer if there are fewer rows. Classes are spread evenly
        over the folds.

    copy : bool, default=True
        Whether a clone of `estimator` is fitted on the source, or `estimator` itself. A
        fitted `estimator` is never changed.

    verbose : int, default=0
        Whether to print how long each stage took.

    random_state : int, RandomState instance or None, default=None
        Draws the folds, and seeds each `random_state` in `estimator` that is None.

    Attributes
    ----------
    algorithms_ : list of str
        The algorithms that were compared.

    scores_ : ndarray of shape (n_algorithms,)
        Their scores, the higher the better; "brier" with a minus.

    best_index_ : int
        Which has the highest score; of equal ones the first.

    best_method_ : str
        Its name.

    best_score_ : float
        Its score.

    estimator_ : DecisionTreeClassifier or Pipeline
        The model for the target.

    classes_ : ndarray of shape (n_classes,)
        Classes of the source and of the target.

    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen in `fit`, where `X` has string column names.

    Raises
    ------
    ValueError
        If an algorithm is unknown; if fewer than two target rows are labelled; and as
        `TransferTreeClassifier` does.

    See Also
    --------
    TransferTreeClassifier : The algorithms.
    TransferForestSelector : Selects for each tree of a forest.

    Notes
    -----
    Departures from [1]_: it has the algorithms "ser" and "strut", but no selection
    among algorithms by held-out rows.

    Time and memory are those of the algorithms, times `cv` and one more for the best.

    References
    ----------
    .. [1] Segev, Harel, Mannor, Crammer and El-Yaniv. "Learn on source, refine on
       target: a model transfer learning framework with random forests." IEEE TPAMI,
       2017.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from adapt.parameter_based import TransferTreeSelector
    >>> rng = np.random.default_rng(0)
    >>> Xs, Xt = rng.uniform(size=(2, 300, 2))
    >>> ys, yt = Xs[:, 0] > 0.5, Xt[:, 0] <= 0.5
    >>> source_model = DecisionTreeClassifier(random_state=0).fit(Xs, ys)
    >>> algorithms = ["source", "relabel"]
    >>> model = TransferTreeSelector(source_model, None, None, algorithms)
    >>> model.fit(Xt[:30], yt[:30]).best_method_
    'relabel'
    """

    @staticmethod
    def _models():
        return TransferTreeClassifier._models()

    def __init__(
        self,
        estimator=None,
        Xt=None,
        yt=None,
        algorithms=None,
        list_alg_args=None,
        *,
        score_type="brier",
        cv=5,
        copy=True,
        verbose=0,
        random_state=None,
    ):
        super().__init__(
            estimator, Xt, yt, copy=copy, verbose=verbose, random_state=random_state
        )
        self.algorithms = algorithms
        self.list_alg_args = list_alg_args
        self.score_type = score_type
        self.cv = cv

    def _select(self, model, mover, codes):
        candidates = self._candidates(mover)
        order = check_random_state(self.random_state).permutation(len(codes))
        order = order[np.argsort(codes[order], kind="stable")]
        folds = np.empty(len(codes), dtype=int)
        folds[order] = np.arange(len(codes)) % min(self.cv, len(codes))
        X, scores = mover.rows.X, []
        for algorithm, mine in candidates:
            p = np.empty((len(codes), len(mover.classes)))
            for fold in np.unique(folds):
                held = folds == fold
                tree = mine.move(model, algorithm, (~held).astype(np.int64))
                p[held] = tree.predict_proba(X[held])
            scores.append(held_out_score(p, codes, self.score_type))
        self.scores_ = np.array(scores)
        self.best_index_ = int(np.argmax(scores))
        self.best_method_ = self.algorithms_[self.best_index_]
        self.best_score_ = scores[self.best_index_]
        algorithm, mine = candidates[self.best_index_]
        return mine.move(model, algorithm)


class TransferForestSelector(_Selector):
    """Move each tree of a random forest by the algorithm that does best for it.

    For each tree target rows are drawn with replacement from each class. Each algorithm
    moves the tree to them, and is scored on the rows that were not drawn.

    Parameters
    ----------
    estimator : RandomForestClassifier or ExtraTreesClassifier, default=None
        The source model, or a pipeline that ends in one. Either fitted already, with
        the target alone given to `fit`; or fitted on the source that `fit` is given. If
        None, `RandomForestClassifier`.

    Xt : array-like of shape (n_target_samples, n_features), default=None
        Target rows, used when `fit` is given none.

    yt : array-like of shape (n_target_samples,), default=None
        Labels of `Xt`; unlabelled rows are not used.

    algorithms : list of str, default=None
        As in `TransferTreeSelector`.

    list_alg_args : list of dict, default=None
        For each algorithm, other parameters of `TransferTreeClassifier`.

    bootstrap : bool, default=True
        Whether a chosen tree stays as it was moved to the rows that were drawn for it.
        If not, it is moved to all target rows.

    score_type : {"brier", "accuracy", "auc"}, default="brier"
        As in `TransferTreeSelector`.

    copy : bool, default=True
        Whether a clone of `estimator` is fitted on the source, or `estimator` itself. A
        fitted `estimator` is never changed.

    verbose : int, default=0
        Whether to print how long each stage took.

    random_state : int, RandomState instance or None, default=None
        Draws the rows, and seeds each `random_state` in `estimator` that is None.

    Attributes
    ----------
    algorithms_ : list of str
        The algorithms that were compared.

    scores_ : ndarray of shape (n_trees, n_algorithms)
        Their scores for each tree, the higher the better; "brier" with a minus.

    selected_ : ndarray of int of shape (n_trees,)
        Which was chosen for each tree.

    estimator_ : RandomForestClassifier or ExtraTreesClassifier or Pipeline
        The model for the target.

    classes_ : ndarray of shape (n_classes,)
        Classes of the source and of the target.

    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen in `fit`, where `X` has string column names.

    Raises
    ------
    ValueError
        If an algorithm is unknown; if fewer than two target rows are labelled; and as
        `TransferForestClassifier` does.

    See Also
    --------
    TransferForestClassifier : Moves all trees by one algorithm.
    TransferTreeSelector : The same for one tree.

    Notes
    -----
    Departures from [1]_: it has the algorithms "ser" and "strut", but no selection
    among algorithms by held-out rows.

    Time and memory are those of the algorithms together. A tree for which all rows were
    drawn, as happens with few of them, is scored on the drawn ones.

    References
    ----------
    .. [1] Segev, Harel, Mannor, Crammer and El-Yaniv. "Learn on source, refine on
       target: a model transfer learning framework with random forests." IEEE TPAMI,
       2017.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from adapt.parameter_based import TransferForestSelector
    >>> rng = np.random.default_rng(0)
    >>> Xs, Xt = rng.uniform(size=(2, 300, 2))
    >>> ys, yt = Xs[:, 0] > 0.5, Xt[:, 0] <= 0.5
    >>> source_model = RandomForestClassifier(9, random_state=0).fit(Xs, ys)
    >>> algorithms = ["source", "relabel"]
    >>> model = TransferForestSelector(
    ...     source_model, algorithms=algorithms, random_state=0).fit(Xt[:30], yt[:30])
    >>> model.selected_
    array([1, 1, 1, 1, 1, 1, 1, 1, 1])
    """

    @staticmethod
    def _models():
        return TransferForestClassifier._models()

    def __init__(
        self,
        estimator=None,
        Xt=None,
        yt=None,
        algorithms=None,
        list_alg_args=None,
        bootstrap=True,
        *,
        score_type="brier",
        copy=True,
        verbose=0,
        random_state=None,
    ):
        super().__init__(
            estimator, Xt, yt, copy=copy, verbose=verbose, random_state=random_state
        )
        self.algorithms = algorithms
        self.list_alg_args = list_alg_args
        self.bootstrap = bootstrap
        self.score_type = score_type

    def _select(self, model, mover, codes):
        candidates = self._candidates(mover)
        rng = check_random_state(self.random_state)
        repeats = draw_repeats(rng, len(model.estimators_), codes)
        X, trees, scores = mover.rows.X, [], []
        for tree, counts in zip(model.estimators_, repeats, strict=True):
            held = counts == 0
            if not held.any():
                held = ~held
            moved = [mine.move(tree, name, counts) for name, mine in candidates]
            scores.append(
                [
                    held_out_score(
                        candidate.predict_proba(X[held]), codes[held], self.score_type
                    )
                    for candidate in moved
                ]
            )
            best = int(np.argmax(scores[-1]))
            if not self.bootstrap:
                name, mine = candidates[best]
                moved[best] = mine.move(tree, name)
            trees.append(moved[best])
        self.scores_ = np.array(scores)
        self.selected_ = self.scores_.argmax(axis=1)
        forest = copy.copy(model)
        for name in ("oob_score_", "oob_decision_function_", "oob_prediction_"):
            vars(forest).pop(name, None)  # they are of the source
        forest.estimators_ = trees
        return forest
