"""Random forests of the source, moved to the target tree by tree."""

import copy
from numbers import Integral

import numpy as np
from joblib import Parallel, delayed
from sklearn.utils import check_random_state

from adapt.parameter_based._transfer_tree import (
    MovedTrees,
)


def draw_repeats(rng, n_trees, codes):
    """Return how often bootstraps draw each row, class by class.

    Parameters
    ----------
    rng : RandomState

    n_trees : int
        Number of bootstraps.

    codes : ndarray of int of shape (n_samples,)
        Class of each row; of each class as many rows are drawn as there are.

    Returns
    -------
    repeats : ndarray of int of shape (n_trees, n_samples)
    """
    repeats = np.zeros((n_trees, len(codes)), dtype=np.int64)
    for code in np.unique(codes):
        rows = np.flatnonzero(codes == code)
        for counts in repeats:
            drawn = rng.randint(len(rows), size=len(rows))
            counts[rows] = np.bincount(drawn, minlength=len(rows))
    return repeats


class MovedForest(MovedTrees):
    """What the transfer of forests of both kinds has in common."""

    _parameter_constraints: dict = {
        **MovedTrees._parameter_constraints,
        "n_jobs": [Integral, None],
    }

    def _move(self, model, mover, algorithm):
        trees = model.estimators_
        repeats = [None] * len(trees)
        if self.bootstrap:
            rng = check_random_state(self.random_state)
            codes = np.zeros(len(mover.rows.X), dtype=np.int64)
            if mover.classes is not None:
                codes = mover.Z.argmax(axis=0)
            repeats = draw_repeats(rng, len(trees), codes)
        n_jobs = model.n_jobs if self.n_jobs is None else self.n_jobs
        moved = Parallel(n_jobs=n_jobs, prefer="threads")(
            delayed(mover.move)(tree, algorithm, counts)
            for tree, counts in zip(trees, repeats, strict=True)
        )
        forest = copy.copy(model)
        for name in ("oob_score_", "oob_decision_function_", "oob_prediction_"):
            vars(forest).pop(name, None)  # they are of the source
        forest.estimators_ = moved
        return forest


class TransferForestClassifier(MovedForest):
    """Move a random forest of the source to the target [1]_.

    Each tree is moved on its own; the forest predicts the mean of its trees.

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

    bootstrap : bool, default=False
        Whether each tree is moved to target rows of its own, drawn with replacement
        from each class.

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

    n_jobs : int, default=None
        In how many threads trees are moved, -1 for one on each core. If None, as
        `n_jobs` of the source forest says.

    copy : bool, default=True
        Whether a clone of `estimator` is fitted on the source, or `estimator` itself. A
        fitted `estimator` is never changed.

    verbose : int, default=0
        Whether to print how long each stage took.

    random_state : int, RandomState instance or None, default=None
        Draws the bootstraps, and seeds each `random_state` in `estimator` that is None.

    Attributes
    ----------
    estimator_ : RandomForestClassifier or ExtraTreesClassifier or Pipeline
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
        RandomForestClassifier, has more than one output, or has another number of
        columns than the target; if a target is given alone and `estimator` is not
        fitted.

    See Also
    --------
    TransferTreeClassifier : The same for one tree.

    Notes
    -----
    Departures from [1]_:

    - The default, "relabel", is not one of its algorithms.
    - Trees that "ser" grows compare all columns at each node and have no random part.
    - [1]_ also combines both forests, which is a vote of two such models.

    The published algorithms are ``TransferForestClassifier(algo="ser")`` and
    ``TransferForestClassifier(algo="strut")``.

    Per tree of depth h, time O(n_t h log n_t) for "strut" and O(n_t h) for "relabel";
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
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from adapt.parameter_based import TransferForestClassifier
    >>> rng = np.random.default_rng(0)
    >>> Xs, Xt = rng.uniform(size=(2, 300, 2))
    >>> ys, yt = Xs[:, 0] > 0.5, Xt[:, 0] > 0.7
    >>> source_model = RandomForestClassifier(random_state=0).fit(Xs, ys)
    >>> round(source_model.score(Xt, yt), 1)
    0.8
    >>> model = TransferForestClassifier(source_model, algo="strut")
    >>> model = model.fit(Xt[:30], yt[:30])
    >>> round(model.score(Xt, yt), 1)
    1.0
    """

    @staticmethod
    def _models():
        from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier

        return RandomForestClassifier, ExtraTreesClassifier

    def __init__(
        self,
        estimator=None,
        Xt=None,
        yt=None,
        algo="",
        bootstrap=False,
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
        n_jobs=None,
        copy=True,
        verbose=0,
        random_state=None,
    ):
        super().__init__(
            estimator, Xt, yt, copy=copy, verbose=verbose, random_state=random_state
        )
        self.algo = algo
        self.bootstrap = bootstrap
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
        self.n_jobs = n_jobs


class TransferForestRegressor(MovedForest):
    """Move a random forest of the source to the target, by squared error.

    What [1]_ does for classes, with sums of squares in the place of entropies.

    Parameters
    ----------
    estimator : RandomForestRegressor or ExtraTreesRegressor, default=None
        The source model, or a pipeline that ends in one. Either fitted already, with
        the target alone given to `fit`; or fitted on the source that `fit` is given. If
        None, `RandomForestRegressor`.

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

    bootstrap : bool, default=False
        Whether each tree is moved to target rows of its own, drawn with replacement.

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

    n_jobs : int, default=None
        In how many threads trees are moved, -1 for one on each core. If None, as
        `n_jobs` of the source forest says.

    copy : bool, default=True
        Whether a clone of `estimator` is fitted on the source, or `estimator` itself. A
        fitted `estimator` is never changed.

    verbose : int, default=0
        Whether to print how long each stage took.

    random_state : int, RandomState instance or None, default=None
        Draws the bootstraps, and seeds each `random_state` in `estimator` that is None.

    Attributes
    ----------
    estimator_ : RandomForestRegressor or ExtraTreesRegressor or Pipeline
        The model for the target: again a model of scikit-learn, of the same class.

    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen in `fit`, where `X` has string column names.

    Raises
    ------
    ValueError
        If no target row is labelled; if `algo` is none of these; if `estimator` is no
        RandomForestRegressor, has more than one output otherwise than the target, or
        has another number of columns than the target; if a target is given alone and
        `estimator` is not fitted.

    See Also
    --------
    TransferTreeRegressor : The same for one tree.

    Notes
    -----
    Departures from [1]_: there trees predict classes. For numbers, the variance takes
    the place of the entropy, and the distance of means that of the divergence. The
    default, "relabel", is not one of its algorithms.

    Per tree of depth h, time O(n_t h log n_t) for "strut" and O(n_t h) for "relabel";
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
    >>> from sklearn.ensemble import RandomForestRegressor
    >>> from adapt.parameter_based import TransferForestRegressor
    >>> rng = np.random.default_rng(0)
    >>> Xs, Xt = rng.uniform(size=(2, 300, 2))
    >>> ys, yt = np.sin(3 * Xs[:, 0]), np.sin(3 * Xt[:, 0]) + 2
    >>> source_model = RandomForestRegressor(max_depth=3, random_state=0).fit(Xs, ys)
    >>> model = TransferForestRegressor(source_model).fit(Xt[:100], yt[:100])
    >>> source_model.score(Xt, yt) < 0 < 0.8 < model.score(Xt, yt)
    True
    """

    _predicts = "regressor"

    @staticmethod
    def _models():
        from sklearn.ensemble import ExtraTreesRegressor, RandomForestRegressor

        return RandomForestRegressor, ExtraTreesRegressor

    def __init__(
        self,
        estimator=None,
        Xt=None,
        yt=None,
        algo="",
        bootstrap=False,
        *,
        max_depth=None,
        min_samples_leaf=1,
        use_divergence=True,
        measure_default_IG=True,
        n_jobs=None,
        copy=True,
        verbose=0,
        random_state=None,
    ):
        super().__init__(
            estimator, Xt, yt, copy=copy, verbose=verbose, random_state=random_state
        )
        self.algo = algo
        self.bootstrap = bootstrap
        self.max_depth = max_depth
        self.min_samples_leaf = min_samples_leaf
        self.use_divergence = use_divergence
        self.measure_default_IG = measure_default_IG
        self.n_jobs = n_jobs
