"""Decision trees of the source, moved to the target."""

import copy
from abc import abstractmethod
from numbers import Integral, Real

import numpy as np
from sklearn.base import clone
from sklearn.utils import ClassifierTags, RegressorTags

from adapt._sklearn import Interval, StrOptions
from adapt.base import ParameterAdapter
from adapt.base._estimators import (
    copy_names,
    fit_weighted,
    seed_estimator,
    split_pipeline,
)
from adapt.parameter_based._class_labels import one_label_a_row, union_of_classes
from adapt.parameter_based._tree_mover import TreeMover

# What `algo` may be, and what it means.
ALGORITHMS = {
    "": "relabel",
    "relab": "relabel",
    "relabel": "relabel",
    "ser": "ser",
    "strut": "strut",
    "src": "source",
    "source": "source",
    "tgt": "target",
    "trgt": "target",
    "target": "target",
}


class MovedTrees(ParameterAdapter):
    """What the transfer of trees and of forests has in common.

    A subclass says which models it moves, and moves one in `_move`.
    """

    _predicts = "classifier"

    _parameter_constraints: dict = {
        **ParameterAdapter._parameter_constraints,
        "algo": [StrOptions(set(ALGORITHMS)), callable],
        "max_depth": [Interval(Integral, 1, None, closed="left"), None],
        "min_samples_leaf": [Interval(Real, 0, None, closed="neither")],
        "use_divergence": ["boolean"],
        "measure_default_IG": ["boolean"],
        "bootstrap": ["boolean"],
        "cl_no_red": ["array-like", Integral, str, None],
        "cl_no_ext": ["array-like", Integral, str, None],
        "cl_no_prune": ["array-like", Integral, str, None],
        "ext_cond": ["boolean"],
        "adapt_prop": ["boolean"],
        "leaf_loss_threshold": [Interval(Real, 0, 1, closed="both"), None],
        "coeffs": ["array-like", None],
    }

    @staticmethod
    @abstractmethod
    def _models():
        """Return the classes of models that are moved, that of the default first."""

    @abstractmethod
    def _move(self, model, mover, algorithm):
        """Return a copy of a fitted model, moved."""

    def _stand_in(self):
        return self._models()[0]() if self.estimator is None else self._given()

    def _new_estimator(self, y):
        estimator = self._stand_in()
        if self.estimator is not None and self.copy:
            estimator = clone(estimator)
        if self.random_state is not None:
            seed_estimator(estimator, self.random_state)
        return estimator

    def _transfer(self, source_model, domains):
        X, y, weight = domains.labelled_target()
        steps, model = split_pipeline(source_model)
        if not isinstance(model, self._models()):
            names = " or ".join(model.__name__ for model in self._models())
            raise ValueError(
                f"`estimator` must be a {names}, or a pipeline that ends in one, got "
                f"{type(model).__name__}."
            )
        features = self._features(steps, X)
        bare = copy.copy(model)  # trees are moved by numbers
        vars(bare).pop("feature_names_in_", None)
        moved = self._moved(bare, features, y, weight)
        if steps is None:
            copy_names(model, moved)
            return moved
        whole = copy.deepcopy(steps)
        whole.steps.append((source_model.steps[-1][0], moved))
        return whole

    def _moved(self, model, X, y, weight):
        """Return a moved copy of a tree or of a forest."""
        if self._predicts == "classifier":
            y = one_label_a_row(self, y)
        if callable(self.algo):
            return self.algo(copy.deepcopy(model), X, y)
        algorithm = ALGORITHMS[self.algo]
        if algorithm == "source":
            return copy.deepcopy(model)
        if algorithm == "target":
            target_model = clone(model)
            if self.random_state is not None:
                seed_estimator(target_model, self.random_state)
            if weight is None:
                return target_model.fit(X, y)
            return fit_weighted(target_model, X, y, weight)
        if self._predicts == "regressor":
            values = np.asarray(y, dtype=float).reshape(len(y), -1)
            if values.shape[1] != model.n_outputs_:
                raise ValueError(
                    f"`estimator` has {model.n_outputs_} outputs, but the labels of "
                    f"the target are of shape {y.shape}."
                )
            mover = TreeMover(self, X, values, weight)
            return self._move(model, mover, algorithm)
        mover = self._class_mover(model, X, y, weight)
        moved = self._move(model, mover, algorithm)
        moved.classes_, moved.n_classes_ = mover.classes, len(mover.classes)
        return moved

    def _class_mover(self, model, X, y, weight):
        """Return what moves trees of a classifier."""
        if model.n_outputs_ > 1:
            raise ValueError(
                f"{type(self).__name__} takes one label a row, but `estimator` has "
                f"{model.n_outputs_} outputs."
            )
        classes = union_of_classes(model.classes_, y)
        columns = np.searchsorted(classes, model.classes_)
        return TreeMover(self, X, y[:, None] == classes, weight, classes, columns)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.estimator_type = self._predicts
        if self._predicts == "classifier":
            tags.classifier_tags, tags.regressor_tags = ClassifierTags(), None
            tags.classifier_tags.multi_label = False
        else:
            tags.classifier_tags, tags.regressor_tags = None, RegressorTags()
        tags.input_tags.allow_nan = tags.input_tags.sparse = False
        tags.target_tags.multi_output = self._predicts == "regressor"
        return tags


class TransferTreeClassifier(MovedTrees):
    """Move a decision tree of the source to the target [1]_.

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

    algo : str or callable, default=""
        What is done to the source model:

        - "relabel", "relab" or "": each leaf that target rows reach predicts what they
          say; others keep the source's prediction.
        - "ser": structure expansion and reduction [1]_. Below each leaf a tree is grown
          on the target rows that reach it, until they are pure. Then, from the leaves
          up, a node becomes a leaf where that makes no more errors on target rows, and
          a split with no target rows on one side gives way to the other side.
        - "strut": structure transfer [1]_. From the root down, each threshold is moved
          among the middles of target values: of those where the information gain has a
          local maximum, to the one where the target rows on both sides are most like
          the source's class proportions (by Jensen-Shannon divergence); children are
          swapped if this makes them more similar to the source. Nodes whose target rows
          are pure become leaves.
        - "source" or "src": the source model as it is.
        - "target", "tgt" or "trgt": a clone of it, fitted on the target.
        - a function `(model, X, y)` that gets a copy of the source model and the
          labelled target rows, and returns a fitted model.

    max_depth : int, default=None
        For "ser": nothing is split deeper than this.

    min_samples_leaf : float, default=1
        For "ser": least number, or weight, of target rows in a leaf that is grown.

    use_divergence : bool, default=True
        For "strut": whether the likeness to the source decides between thresholds. If
        not, the largest information gain does.

    measure_default_IG : bool, default=True
        For "strut", where the information gain has no local maximum: whether the
        threshold with the largest information gain is taken, or of all that with the
        greatest likeness to the source.

    cl_no_red : label or list of labels, default=None
        For "ser": leaves that predict these classes stay, with all above them, where no
        target row reaches them [2]_.

    cl_no_ext : label or list of labels, default=None
        For "ser": leaves that predict these classes are not expanded and stay as they
        are [2]_.

    ext_cond : bool, default=False
        Whether a leaf of `cl_no_ext` is expanded after all if a target row of its class
        reaches it.

    cl_no_prune : label or list of labels, default=None
        For "strut": a node at which these classes have source rows but no target rows
        keeps its subtree as it is, where it would have been pruned [2]_.

    leaf_loss_threshold : float in [0, 1], default=None
        Narrows the three parameters above to leaves that a sample as small as the
        target's would miss with a probability above this, were the class spread as in
        the source; and that still predict the class with the target's proportions.

    adapt_prop : bool, default=False
        For "strut": whether the source's distributions are brought to the class
        proportions of the target before they are compared.

    coeffs : array-like of shape (n_classes,), default=None
        How much more common each class is in the target, for `leaf_loss_threshold` and
        `adapt_prop`. If None, as the labelled target rows say.

    copy : bool, default=True
        Whether a clone of `estimator` is fitted on the source, or `estimator` itself. A
        fitted `estimator` is never changed.

    verbose : int, default=0
        Whether to print how long each stage took.

    random_state : int, RandomState instance or None, default=None
        Seeds each `random_state` in `estimator` that is None.

    Attributes
    ----------
    estimator_ : DecisionTreeClassifier or Pipeline
        The model for the target: again a model of scikit-learn, of the same class.

    classes_ : ndarray of shape (n_classes,)
        Classes of the source and of the target.

    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen in `fit`, where `X` has string column names.

    Raises
    ------
    ValueError
        If no target row is labelled; if `algo` is none of these; if `estimator` is no
        DecisionTreeClassifier, has more than one output, or has another number of
        columns than the target; if a target is given alone and `estimator` is not
        fitted.

    See Also
    --------
    TransferForestClassifier : The same for random forests.

    Notes
    -----
    Departures from [1]_:

    - The default, "relabel", is not one of its algorithms.
    - Trees that "ser" grows compare all columns at each node and have no random part.

    The published algorithms are ``TransferTreeClassifier(algo="ser")`` and
    ``TransferTreeClassifier(algo="strut")``.

    For a tree of depth h, time O(n_t h log n_t) for "strut" and O(n_t h) for "relabel";
    "ser" takes O(n_t d log n_t) per level that is grown. Columns are sorted once, in
    O(n_t d log n_t). Memory O(n_t d).

    Columns are compared in the precision of scikit-learn's trees, 32 bits. "strut"
    needs every column only once per depth of a tree, "ser" compares all columns at each
    node that it grows, by the Gini criterion, the first of equal columns. What is grown
    has no random part.

    The target may have fewer classes than the source, or others: the model knows the
    classes of both.

    `sample_weight` counts target rows more than once.

    References
    ----------
    .. [1] Segev, Harel, Mannor, Crammer and El-Yaniv. "Learn on source, refine on
       target: a model transfer learning framework with random forests." IEEE TPAMI,
       2017.

    .. [2] Minvielle, Atiq, Peignier and Mougeot. "Transfer learning on decision tree
       with class imbalance." ICTAI, 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from adapt.parameter_based import TransferTreeClassifier
    >>> rng = np.random.default_rng(0)
    >>> Xs, Xt = rng.uniform(size=(2, 300, 2))
    >>> ys, yt = Xs[:, 0] > 0.5, Xt[:, 0] > 0.7
    >>> source_model = DecisionTreeClassifier(random_state=0).fit(Xs, ys)
    >>> round(source_model.score(Xt, yt), 1)
    0.8
    >>> model = TransferTreeClassifier(source_model, algo="strut").fit(Xt[:30], yt[:30])
    >>> round(model.score(Xt, yt), 1)
    1.0
    """

    @staticmethod
    def _models():
        from sklearn.tree import DecisionTreeClassifier

        return (DecisionTreeClassifier,)

    def __init__(
        self,
        estimator=None,
        Xt=None,
        yt=None,
        algo="",
        *,
        max_depth=None,
        min_samples_leaf=1,
        use_divergence=True,
        measure_default_IG=True,
        cl_no_red=None,
        cl_no_ext=None,
        ext_cond=False,
        cl_no_prune=None,
        leaf_loss_threshold=None,
        adapt_prop=False,
        coeffs=None,
        copy=True,
        verbose=0,
        random_state=None,
    ):
        super().__init__(
            estimator, Xt, yt, copy=copy, verbose=verbose, random_state=random_state
        )
        self.algo = algo
        self.max_depth = max_depth
        self.min_samples_leaf = min_samples_leaf
        self.use_divergence = use_divergence
        self.measure_default_IG = measure_default_IG
        self.cl_no_red = cl_no_red
        self.cl_no_ext = cl_no_ext
        self.ext_cond = ext_cond
        self.cl_no_prune = cl_no_prune
        self.leaf_loss_threshold = leaf_loss_threshold
        self.adapt_prop = adapt_prop
        self.coeffs = coeffs

    def _move(self, model, mover, algorithm):
        return mover.move(model, algorithm)


class TransferTreeRegressor(MovedTrees):
    """Move a decision tree of the source to the target, by squared error.

    What [1]_ does for classes, with sums of squares in the place of entropies.

    Parameters
    ----------
    estimator : DecisionTreeRegressor, default=None
        The source model, or a pipeline that ends in one. Either fitted already, with
        the target alone given to `fit`; or fitted on the source that `fit` is given. If
        None, `DecisionTreeRegressor`.

    Xt : array-like of shape (n_target_samples, n_features), default=None
        Target rows, used when `fit` is given none.

    yt : array-like of shape (n_target_samples,) or (.., n_outputs), default=None
        Labels of `Xt`; unlabelled rows are not used.

    algo : str or callable, default=""
        What is done to the source model:

        - "relabel", "relab" or "": each leaf that target rows reach predicts what they
          say; others keep the source's prediction.
        - "ser": structure expansion and reduction [1]_. Below each leaf a tree is grown
          on the target rows that reach it, until they are pure. Then, from the leaves
          up, a node becomes a leaf where that makes no more errors on target rows, and
          a split with no target rows on one side gives way to the other side.
        - "strut": structure transfer [1]_. From the root down, each threshold is moved
          among the middles of target values: of those where the explained variance has
          a local maximum, to the one where the target rows on both sides are most like
          the source's means; children are swapped if this makes them more similar to
          the source. Nodes whose target rows are pure become leaves.
        - "source" or "src": the source model as it is.
        - "target", "tgt" or "trgt": a clone of it, fitted on the target.
        - a function `(model, X, y)` that gets a copy of the source model and the
          labelled target rows, and returns a fitted model.

    max_depth : int, default=None
        For "ser": nothing is split deeper than this.

    min_samples_leaf : float, default=1
        For "ser": least number, or weight, of target rows in a leaf that is grown.

    use_divergence : bool, default=True
        For "strut": whether the likeness to the source decides between thresholds. If
        not, the largest explained variance does.

    measure_default_IG : bool, default=True
        For "strut", where the explained variance has no local maximum: whether the
        threshold with the largest explained variance is taken, or of all that with the
        greatest likeness to the source.

    copy : bool, default=True
        Whether a clone of `estimator` is fitted on the source, or `estimator` itself. A
        fitted `estimator` is never changed.

    verbose : int, default=0
        Whether to print how long each stage took.

    random_state : int, RandomState instance or None, default=None
        Seeds each `random_state` in `estimator` that is None.

    Attributes
    ----------
    estimator_ : DecisionTreeRegressor or Pipeline
        The model for the target: again a model of scikit-learn, of the same class.

    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen in `fit`, where `X` has string column names.

    Raises
    ------
    ValueError
        If no target row is labelled; if `algo` is none of these; if `estimator` is no
        DecisionTreeRegressor, has more than one output otherwise than the target, or
        has another number of columns than the target; if a target is given alone and
        `estimator` is not fitted.

    See Also
    --------
    TransferForestRegressor : The same for random forests.

    Notes
    -----
    Departures from [1]_: there trees predict classes. For numbers, the variance takes
    the place of the entropy, and the distance of means that of the divergence. The
    default, "relabel", is not one of its algorithms.

    For a tree of depth h, time O(n_t h log n_t) for "strut" and O(n_t h) for "relabel";
    "ser" takes O(n_t d log n_t) per level that is grown. Columns are sorted once, in
    O(n_t d log n_t). Memory O(n_t d).

    Columns are compared in the precision of scikit-learn's trees, 32 bits. "strut"
    needs every column only once per depth of a tree, "ser" compares all columns at each
    node that it grows, by squared error, the first of equal columns. What is grown has
    no random part.

    `sample_weight` counts target rows more than once.

    References
    ----------
    .. [1] Segev, Harel, Mannor, Crammer and El-Yaniv. "Learn on source, refine on
       target: a model transfer learning framework with random forests." IEEE TPAMI,
       2017.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.tree import DecisionTreeRegressor
    >>> from adapt.parameter_based import TransferTreeRegressor
    >>> rng = np.random.default_rng(0)
    >>> Xs, Xt = rng.uniform(size=(2, 300, 2))
    >>> ys, yt = np.sin(3 * Xs[:, 0]), np.sin(3 * Xt[:, 0]) + 2
    >>> source_model = DecisionTreeRegressor(max_depth=3, random_state=0).fit(Xs, ys)
    >>> model = TransferTreeRegressor(source_model).fit(Xt[:100], yt[:100])
    >>> source_model.score(Xt, yt) < 0 < 0.8 < model.score(Xt, yt)
    True
    """

    _predicts = "regressor"

    @staticmethod
    def _models():
        from sklearn.tree import DecisionTreeRegressor

        return (DecisionTreeRegressor,)

    def __init__(
        self,
        estimator=None,
        Xt=None,
        yt=None,
        algo="",
        *,
        max_depth=None,
        min_samples_leaf=1,
        use_divergence=True,
        measure_default_IG=True,
        copy=True,
        verbose=0,
        random_state=None,
    ):
        super().__init__(
            estimator, Xt, yt, copy=copy, verbose=verbose, random_state=random_state
        )
        self.algo = algo
        self.max_depth = max_depth
        self.min_samples_leaf = min_samples_leaf
        self.use_divergence = use_divergence
        self.measure_default_IG = measure_default_IG

    def _move(self, model, mover, algorithm):
        return mover.move(model, algorithm)
