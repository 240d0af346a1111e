"""Self-training: the classifier teaches itself the target, the surest rows first.

It labels target rows, those that it is sure of join the training set, and it is fitted
again: from round to round more rows join. Source rows may leave in return.
"""

from numbers import Integral, Real

import numpy as np
from scipy.special import softmax

from adapt._frames import stack_rows, take_rows
from adapt._sklearn import Interval, StrOptions
from adapt.base import MetaAdapter
from adapt.base._estimators import has_method


def confident_labels(scores, share, *, balanced=True):
    """Choose the rows that a classifier is surest of.

    Parameters
    ----------
    scores : ndarray of shape (n_samples, n_classes)
        Positive scores of the classes, such as probabilities.

    share : float
        How many rows are chosen, from 0 to 1.

    balanced : bool, default=True
        Whether that many are chosen of the rows of each predicted class, or else of all
        rows together. Then the scores of a class are divided by the score of the last
        row that is chosen of it, before the largest gives the label.

    Returns
    -------
    labels : ndarray of int of shape (n_samples,)
        Classes, as columns of `scores`.

    chosen : ndarray of bool of shape (n_samples,)
        Which rows are.
    """
    labels, best = scores.argmax(axis=1), scores.max(axis=1)

    def least(values):
        """Return the least score that is chosen; one if there are none."""
        n_chosen = int(np.ceil(share * len(values)))
        return np.sort(values)[-n_chosen] if n_chosen else np.inf

    if not balanced:
        return labels, best >= least(best)
    thresholds = np.array([least(best[labels == k]) for k in range(scores.shape[1])])
    relative = scores / thresholds
    return relative.argmax(axis=1), relative.max(axis=1) >= 1


def class_scores(model, X, method):
    """Return positive scores of the classes, of sum one.

    Parameters
    ----------
    model : classifier
        Fitted.

    X : ndarray of shape (n_samples, n_features)
        Rows.

    method : {"predict_proba", "decision_function"}
        What is asked of the model. Of a decision function the softmax is returned,
        which keeps the order of the rows by their distance from the boundary.

    Returns
    -------
    scores : ndarray of shape (n_samples, n_classes)
    """
    if method == "predict_proba":
        return model.predict_proba(X)
    decision = model.decision_function(X)
    if decision.ndim == 1:
        decision = np.column_stack([-decision, decision]) / 2
    return softmax(decision, axis=1)


def check_classifier(adapter, ys, method):
    """Return source labels, or refuse them or the estimator of a self-trained adapter.

    Parameters
    ----------
    adapter : MetaAdapter
        For its estimator, and its name in messages.

    ys : ndarray of shape (n_source,) or None
        Labels of the source.

    method : {"predict_proba", "decision_function"}
        What the estimator must have.

    Returns
    -------
    ys : ndarray of shape (n_source,)
    """
    ys = adapter._class_labels(ys, "guesses classes of target rows")
    name, inner = type(adapter).__name__, adapter._stand_in()
    if not has_method(inner, method):
        raise TypeError(
            f"{name} asks how sure its guesses are: it needs an `estimator` with "
            f"`{method}`, which {type(inner).__name__} has not."
        )
    return ys


def _joint_weights(domains):
    """Return the weights of the rows of both domains, if any are given."""
    if domains.source_weight is None:
        return None
    target_weight = domains.target_weight
    if target_weight is None:
        target_weight = np.full(domains.Xt.shape[0], domains.source_weight.mean())
    return np.concatenate([domains.source_weight, target_weight])


class SelfTraining(MetaAdapter):
    r"""Self-training with a schedule and balanced classes [1]_; for an SVM, DASVM [2]_.

    `estimator` is fitted on the source. Then, in each round, it scores the target rows;
    of the rows that it gives to a class, the surest share :math:`p` joins the training
    set with that class, and it is fitted again. The share rises evenly from `start` to
    `stop`. Rows are chosen again in every round, so that a wrong pseudo-label can be
    corrected.

    If classes are balanced, the class k of the row x is the one of the largest
    :math:`s_k(x) / \lambda_k`, where :math:`s_k` are the scores and :math:`\lambda_k`
    is the least score among the surest rows of that class; the row joins if that ratio
    is one at least. A class that is hard to tell is so not forgotten.

    DASVM is ``SelfTraining(SVC(), scores="decision_function", release_source=True)``:
    the rows farthest from the boundary join, the source rows farthest from it leave,
    and in the end the machine rests on the target alone.

    Parameters
    ----------
    estimator : classifier, default=None
        Fitted in every round. If None, `LogisticRegression`.

    Xt : array-like of shape (n_target_samples, n_features), default=None
        Target rows, used when `fit` is given none.

    n_rounds : int, default=5
        Number of rounds after the fit on the source.

    start : float, default=0.2
        Share of the target rows that joins in the first round.

    stop : float, default=0.8
        Share that joins in the last round.

    balanced : bool, default=True
        Whether that share joins of each class, or else of all rows together.

    scores : {"predict_proba", "decision_function"}, default="predict_proba"
        What tells how sure the estimator is. Of a decision function the softmax is
        taken.

    release_source : bool, default=False
        Whether source rows leave, the surest of each class first, as many in each
        round: in the last round all but those of classes that no target row has.

    copy : bool, default=True
        Whether a clone of `estimator` is fitted, or `estimator` itself.

    verbose : int, default=0
        Whether to print how long each stage took.

    random_state : int, RandomState instance or None, default=None
        Seeds each `random_state` in `estimator` that is None.

    Attributes
    ----------
    target_guess_ : ndarray of shape (n_target_samples,)
        The guesses of the last round.

    joined_ : ndarray of bool of shape (n_target_samples,)
        Which target rows were in the last training set.

    estimator_ : estimator
        The fitted estimator.

    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen in `fit`, where `X` has string column names.

    Raises
    ------
    TypeError
        If `estimator` cannot give `scores`.
    ValueError
        If the source has no labels or they are no classes, or if `estimator` is a
        regressor.

    See Also
    --------
    GradualAdapter : Goes to the target by steps, so that early guesses are good.
    JDA : Takes guesses to bring the domains together.

    Notes
    -----
    Departures from [1]_:

    - The share of rows that join rises from 0.2 to 0.8 in five rounds; in the paper by
      0.05 a round, up to one half. The authors' commands start from 0.15 or 0.2.
    - `estimator` is fitted from the start in every round; the paper trains a network
      further.

    ``SelfTraining(n_rounds=7, start=0.2, stop=0.5)`` is the published schedule.

    Costs ``n_rounds + 1`` fits, and as many predictions.

    It believes what it is sure of: where the source model is surely wrong, it makes
    that worse. Under `sample_weight`, target rows of unknown weight count as source
    rows do on average.

    References
    ----------
    .. [1] Zou, Yu, Kumar and Wang. "Unsupervised domain adaptation for semantic
       segmentation via class-balanced self-training." ECCV, 2018.
    .. [2] Bruzzone and Marconcini. "Domain adaptation problems: a DASVM classification
       technique and a circular validation strategy." IEEE Transactions on Pattern
       Analysis and Machine Intelligence, 2010.

    Examples
    --------
    >>> from sklearn.svm import SVC
    >>> from adapt.datasets import make_moons_da
    >>> from adapt.feature_based import SelfTraining
    >>> Xs, ys, Xt, yt = make_moons_da(angle=30, random_state=0)
    >>> SVC().fit(Xs, ys).score(Xt, yt)
    0.97
    >>> dasvm = SelfTraining(SVC(), scores="decision_function", release_source=True)
    >>> dasvm.fit(Xs, ys, Xt=Xt).score(Xt, yt)
    1.0
    """

    _kind = "classifier"

    _parameter_constraints: dict = {
        **MetaAdapter._parameter_constraints,
        "n_rounds": [Interval(Integral, 1, None, closed="left")],
        "start": [Interval(Real, 0, 1, closed="right")],
        "stop": [Interval(Real, 0, 1, closed="right")],
        "balanced": ["boolean"],
        "scores": [StrOptions({"predict_proba", "decision_function"})],
        "release_source": ["boolean"],
    }

    _allows_nan = True
    _allows_sparse = True
    _keeps_frames = True
    _reads_rows = False

    def __init__(
        self,
        estimator=None,
        Xt=None,
        n_rounds=5,
        *,
        start=0.2,
        stop=0.8,
        balanced=True,
        scores="predict_proba",
        release_source=False,
        copy=True,
        verbose=0,
        random_state=None,
    ):
        super().__init__(
            estimator, Xt, copy=copy, verbose=verbose, random_state=random_state
        )
        self.n_rounds = n_rounds
        self.start = start
        self.stop = stop
        self.balanced = balanced
        self.scores = scores
        self.release_source = release_source

    def _adapt(self, domains):
        ys = check_classifier(self, domains.ys, self.scores)
        self._check_takes_weights(domains.source_weight)
        X, weights = stack_rows(domains.Xs, domains.Xt), _joint_weights(domains)
        stays = np.ones(len(ys), dtype=bool)
        self._fit_estimator(
            domains.Xs, domains.ys, domains, sample_weight=domains.source_weight
        )
        for round_, share in enumerate(
            np.linspace(self.start, self.stop, self.n_rounds), start=1
        ):
            codes, self.joined_ = confident_labels(
                class_scores(self.estimator_, domains.Xt, self.scores),
                share,
                balanced=self.balanced,
            )
            self.target_guess_ = self.estimator_.classes_[codes]
            if self.release_source:
                stays = self._staying(domains.Xs, ys, round_ / self.n_rounds)
            rows = np.concatenate([stays, self.joined_])
            self._fit_estimator(
                take_rows(X, rows),
                np.concatenate([ys, self.target_guess_])[rows],
                domains,
                sample_weight=None if weights is None else weights[rows],
            )

    def _staying(self, Xs, ys, share_gone):
        """Return which source rows stay in the training set, the least sure ones."""
        scores = class_scores(self.estimator_, Xs, self.scores).max(axis=1)
        stays = np.ones(len(ys), dtype=bool)
        for label in np.unique(self.target_guess_[self.joined_]):
            rows = np.flatnonzero(ys == label)
            n_gone = int(share_gone * len(rows))
            stays[rows[np.argsort(-scores[rows], kind="stable")[:n_gone]]] = False
        return stays
