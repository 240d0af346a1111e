"""Scorers from functions of two samples."""

from copy import copy

import numpy as np
from sklearn.utils import check_random_state

from adapt._frames import as_rows, take_rows
from adapt.base import BaseAdapter, WeightAdapter
from adapt.base._estimators import has_method
from adapt.metrics._calls import call_as, takes_domain
from adapt.metrics._scorer_bases import DomainScorer, LabelFreeScorer


class _DistanceScorer:
    """Score an adapter by ``func`` of the two domains as it sees them."""

    def __init__(self, func, Xs, Xt, sign, kwargs):
        self.func = func
        self.Xs = Xs
        self.Xt = Xt
        self.sign = sign
        self.kwargs = kwargs

    def __call__(self, estimator, X=None, y_true=None):
        """Score a fitted adapter; ``X`` and ``y_true`` are not looked at."""
        zs, zt = _as_seen(estimator, self.Xs, self.Xt)
        return self.sign * float(self.func(zs, zt, **self.kwargs))

    def __repr__(self):
        return f"make_uda_scorer({self.func.__name__})"


def _as_seen(estimator, Xs, Xt):
    """Return both domains as an adapter maps them, or the source drawn by weights."""
    if isinstance(estimator, WeightAdapter):
        weights = estimator.predict_weights(Xs)
        rows = check_random_state(0).choice(
            len(weights), len(weights), p=weights / weights.sum()
        )
        return take_rows(as_rows(Xs), rows), Xt
    if has_method(estimator, "transform") and takes_domain(estimator, "transform"):
        return call_as(estimator, "transform", Xs, 0), call_as(
            estimator, "transform", Xt, -1
        )
    kind = "adapter" if isinstance(estimator, BaseAdapter) else "estimator"
    raise TypeError(
        f"A distance between domains scores adapters that map features or weigh source "
        f"rows; the {kind} {type(estimator).__name__} does neither. Use "
        "`make_uda_scorer(CircularValidation(), Xs, Xt)`."
    )


def make_uda_scorer(func, Xs, Xt, greater_is_better=False, **kwargs):
    """Make a scorer for a search over source rows that knows the target.

    Parameters
    ----------
    func : callable or label-free scorer
        Either ``func(zs, zt, **kwargs) -> float``, a distance between two samples. It
        is given both domains in the space that a fitted adapter maps them to; for a
        method that weighs source rows, source rows drawn by their weights. Or an
        instance of a scorer such as `CircularValidation`.

    Xs : array-like of shape (n_samples, n_features)
        Source rows.

    Xt : array-like of shape (n_target_samples, n_features)
        Target rows.

    greater_is_better : bool, default=False
        Whether large values of the function are good. If not, they are negated. For a
        label-free scorer, whose greater values are better, it is ignored.

    **kwargs : dict
        Given to the function.

    Returns
    -------
    scorer : callable
        ``scorer(estimator, X, y)`` for the ``scoring`` of scikit-learn's searches.

    Raises
    ------
    TypeError
        From the scorer, if an estimator neither maps features nor weighs rows.

    See Also
    --------
    CircularValidation : Adapts to the target and back to the source.
    ImportanceWeighted : Weighs held-out source rows.

    Notes
    -----
    Give `Xt` to the adapter's constructor. Given to the `fit` of a search, it would be
    cut into folds whenever it is as long as the source.

    A distance between domains does not know whether classes match: a map of everything
    to one point makes it zero. Prefer `CircularValidation` to choose between methods.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.model_selection import GridSearchCV
    >>> from adapt.feature_based import CORAL
    >>> from adapt.metrics import cov_distance, make_uda_scorer
    >>> rng = np.random.default_rng(0)
    >>> Xs, Xt = rng.normal(size=(200, 2)), rng.normal(size=(200, 2)) * [1, 3]
    >>> search = GridSearchCV(
    ...     CORAL(Xt=Xt), {"lambda_": [0.0, 100.0]},
    ...     scoring=make_uda_scorer(cov_distance, Xs, Xt),
    ... ).fit(Xs, Xs[:, 1] > 0)
    >>> search.best_params_
    {'lambda_': 0.0}
    """
    if np.shape(Xt)[0] == 0:
        raise ValueError("The target domain is empty: `Xt` has no rows.")
    if isinstance(func, LabelFreeScorer):
        if kwargs:
            raise TypeError(
                f"{type(func).__name__} takes its options in its constructor, got "
                f"{sorted(kwargs)}."
            )
        return copy(func).fit(Xs, Xt)
    if isinstance(func, DomainScorer):
        raise TypeError(
            "TargetScore needs labels of the target, so give it both, and use it as "
            "it is: `scoring=TargetScore(Xt=Xt, yt=yt)`."
        )
    if not callable(func):
        raise TypeError(f"`func` must be callable, got {func!r}.")
    return _DistanceScorer(func, Xs, Xt, 1 if greater_is_better else -1, kwargs)
