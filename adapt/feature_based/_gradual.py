"""Gradual adaptation: by small steps from the source to the target.

Self-training works where a shift is small. So the classifier is handed on from domain
to domain along a path, each of which it labels for the next; where there are no domains
between source and target, transport makes some up.
"""

from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_random_state

from adapt._domains import check_rows
from adapt._frames import with_values
from adapt._sklearn import Interval
from adapt.base import MetaAdapter
from adapt.feature_based._exact_transport import exact_transport
from adapt.feature_based._self_training import check_classifier, confident_labels
from adapt.feature_based._transport import batches
from adapt.feature_based._transport_plan import transport_cost


def interpolation(X, Z, batch_size=None, random_state=None):
    """Return the ends of straight ways along which one sample turns into another.

    Parameters
    ----------
    X, Z : ndarrays of shape (n_X, n_features) and (n_Z, n_features)
        Rows of two domains.

    batch_size : int, default=None
        At most so many rows of each are transported at once. If None, all.

    random_state : int, RandomState instance or None, default=None
        Cuts domains into batches.

    Returns
    -------
    begin, end : ndarrays of shape (max(n_X, n_Z), n_features)
        The rows of the larger domain, and for each the mean of where the exact plan of
        transport brings it to (or from) in the other one.
    """
    if len(X) < len(Z):
        return interpolation(Z, X, batch_size, random_state)[::-1]
    images, times = np.zeros(X.shape), np.zeros(len(X))
    rng = check_random_state(random_state)
    for i, j in batches(len(X), len(Z), batch_size, rng):
        a, b = np.full(len(i), 1 / len(i)), np.full(len(j), 1 / len(j))
        plan = exact_transport(transport_cost(X[i], Z[j]), a, b).plan
        images[i] += len(i) * (plan @ Z[j])
        times[i] += 1
    return X, (images / times[:, np.newaxis]).astype(X.dtype)


def _as_given(X, domains):
    """Return rows of a domain on the way as the estimator sees those of the source."""
    return X if domains.frames is None else with_values(domains.frames[0], X)


class GradualAdapter(MetaAdapter):
    r"""Gradual self-training [1]_, along given or generated domains [2]_.

    The path leads from the source over intermediate domains, which need no labels, to
    the target. `estimator` is fitted on the source. At each domain of the path it
    labels the rows, the least sure of them are left out, and it is fitted again on the
    rest.

    Between any two domains that are given, `n_generated` more are made up: with the
    exact plan of optimal transport from one to the other, rows are moved by the shares
    :math:`1/(n+1), \dots, n/(n+1)` of their way.

    Parameters
    ----------
    estimator : classifier, default=None
        Fitted at every domain; needs `predict_proba`. If None, `LogisticRegression`.

    Xt : array-like of shape (n_target_samples, n_features), default=None
        Target rows, used when `fit` is given none.

    intermediate : list of array-likes of shape (n_samples_k, n_features), default=None
        Domains between source and target, in this order. With `sample_domain` they can
        be given to `fit` instead: -1 is then the first domain after the source, -2 the
        second, and so on, and the lowest value is the target.

    n_generated : int, default=4
        Number of domains that are made up between any two. With 0 there are none, and
        POT is not needed.

    drop : float, default=0.1
        Share of the rows that is left out at each domain, the least sure ones.

    batch_size : int, default=2000
        At most so many rows of each domain are transported at once. Larger domains are
        cut at random into parts that are transported pair by pair. If None, all rows
        are transported at once.

    copy : bool, default=True
        Whether a clone of `estimator` is fitted, or `estimator` itself.

    verbose : int, default=0
        Whether to print how long each stage took.

    random_state : int, RandomState instance or None, default=None
        Cuts large domains, and seeds each `random_state` in `estimator` that is None.

    Attributes
    ----------
    target_guess_ : ndarray of shape (n_target_samples,)
        The last guesses of the target's classes, from which `estimator_` learned.

    n_steps_ : int
        Number of domains after the source: those that are given or made up, and the
        target.

    estimator_ : estimator
        The fitted estimator.

    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen in `fit`, where `X` has string column names.

    Raises
    ------
    ImportError
        If POT is not installed and `n_generated` is not 0.
    TypeError
        If `estimator` has no `predict_proba`.
    ValueError
        If the source has no labels or they are no classes, if `estimator` is a
        regressor, or if intermediate domains are given twice.

    See Also
    --------
    SelfTraining : The same without a path.
    OTLabelPropagation : Brings the labels all the way at once.

    Notes
    -----
    Departures from [1]_:

    - Domains are made up between those that are given, as in [2]_, unless `n_generated`
      is 0.
    - A class to which no row of a domain is given keeps the rows that it had at the
      domain before.

    ``GradualAdapter(intermediate=domains, n_generated=0)`` is the published algorithm.

    Costs a fit for each domain of the path, and an exact transport for each pair of
    given ones.

    A class to which no row of a domain is given keeps the rows that it had at the
    domain before. Guesses that are wrong are handed on: steps must be small enough that
    most rows of one domain are told apart by the classifier of the last. Made-up
    domains are as good as the plan, which keeps masses and joins nearest rows; domains
    that were really observed are better.

    References
    ----------
    .. [1] Kumar, Ma and Liang. "Understanding self-training for gradual domain
       adaptation." ICML, 2020.
    .. [2] He, Wang, Li and Zhao. "Gradual domain adaptation: theory and algorithms."
       Journal of Machine Learning Research, 2024.

    Examples
    --------
    Moons that are turned by 90 degrees, seen on the way:

    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from adapt.datasets import make_moons_da
    >>> from adapt.feature_based import GradualAdapter
    >>> Xs, ys, Xt, yt = make_moons_da(angle=90, random_state=0)
    >>> seen = [make_moons_da(angle=a, random_state=a)[2] for a in (15, 30, 45, 60, 75)]
    >>> neighbours = KNeighborsClassifier()
    >>> neighbours.fit(Xs, ys).score(Xt, yt)
    0.17
    >>> model = GradualAdapter(neighbours, intermediate=seen, n_generated=0)
    >>> model.fit(Xs, ys, Xt=Xt).score(Xt, yt)
    1.0
    """

    _kind = "classifier"
    _keeps_frames = True

    _parameter_constraints: dict = {
        **MetaAdapter._parameter_constraints,
        "intermediate": [list, tuple, None],
        "n_generated": [Interval(Integral, 0, None, closed="left")],
        "drop": [Interval(Real, 0, 1, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left"), None],
    }

    def __init__(
        self,
        estimator=None,
        Xt=None,
        intermediate=None,
        n_generated=4,
        *,
        drop=0.1,
        batch_size=2000,
        copy=True,
        verbose=0,
        random_state=None,
    ):
        super().__init__(
            estimator, Xt, copy=copy, verbose=verbose, random_state=random_state
        )
        self.intermediate = intermediate
        self.n_generated = n_generated
        self.drop = drop
        self.batch_size = batch_size

    def _packages(self):
        return ("ot",) if self.n_generated else ()

    def _adapt(self, domains):
        ys = check_classifier(self, domains.ys, "predict_proba")
        self._check_takes_weights(domains.source_weight)
        given = self._steps(domains)
        self._fit_estimator(
            domains.source_rows,
            domains.ys,
            domains,
            sample_weight=domains.source_weight,
        )
        X, y, weight = domains.Xs, ys, domains.source_weight
        self.n_steps_ = 0
        for Z, z_weight in self._path(domains.Xs, given):
            self.n_steps_ += 1
            if weight is not None and z_weight is None:
                z_weight = np.full(len(Z), domains.source_weight.mean())
            codes, sure = confident_labels(
                self.estimator_.predict_proba(_as_given(Z, domains)),
                1 - self.drop,
                balanced=False,
            )
            guess = self.estimator_.classes_[codes]
            kept = ~np.isin(y, guess[sure])
            X = np.concatenate([X[kept], Z[sure]])
            y = np.concatenate([y[kept], guess[sure]])
            if weight is not None:
                weight = np.concatenate([weight[kept], z_weight[sure]])
            self._fit_estimator(_as_given(X, domains), y, domains, sample_weight=weight)
        self.target_guess_ = guess

    def _steps(self, domains):
        """Return the domains after the source, with their weights, target last."""
        names = domains.target_domain
        if names is None or len(np.unique(names)) == 1:
            between = [
                check_rows(self, X, name=f"intermediate[{k}]")
                for k, X in enumerate(self.intermediate or [])
            ]
            return [
                *((X, None) for X in between),
                (domains.Xt, domains.target_weight),
            ]
        if self.intermediate is not None:
            raise ValueError(
                "Intermediate domains were given twice: as `intermediate`, and by "
                "several negative values of `sample_domain`. Give one or the other."
            )
        weight = domains.target_weight
        return [
            (domains.Xt[names == k], None if weight is None else weight[names == k])
            for k in np.unique(names)[::-1]
        ]

    def _path(self, X, given):
        """Yield the rows and weights of all domains after the source ``X``."""
        for Z, weight in given:
            if self.n_generated:
                begin, end = interpolation(X, Z, self.batch_size, self.random_state)
                for k in range(1, self.n_generated + 1):
                    share = k / (self.n_generated + 1)
                    yield (1 - share) * begin + share * end, None
            yield Z, weight
            X = Z
