"""Counts of the target rows to which a source row is near.

Each target row has one vote and gives it to the source rows around it. With one
neighbour, votes are counts of target rows in the Voronoi cells of the source rows.
"""

from numbers import Integral, Real

import numpy as np
from scipy import sparse
from sklearn.neighbors import NearestNeighbors
from sklearn.utils import check_random_state, gen_batches

from adapt._kernels import slices
from adapt._sklearn import Interval, StrOptions
from adapt.base import WeightAdapter
from adapt.instance_based._nearest_rows import nearest_rows
from adapt.instance_based._shrinkage import SHRINKAGE, best_shrinkage, shrunk

_BATCH = 4096  # target rows whose neighbours are held at once
_TREE_COLUMNS = 15  # beyond which scikit-learn uses no tree either
_JUDGED = 10_000  # source rows by which the shrinkage is judged
_PAIRS = 2**20  # of neighbours that are compared at once


def votes_within(finder, n_source, Xt, radius):
    """Return the votes of source rows, where target rows look as far as `radius`.

    Parameters
    ----------
    finder : NearestNeighbors
        Fitted on the source rows.

    n_source : int
        Number of source rows.

    Xt : ndarray of shape (n_target_samples, n_features)
        Target rows. Those that find no source row do not vote.

    radius : float
        How far a target row looks; the source rows that it finds share its vote.

    Returns
    -------
    votes : ndarray of shape (n_source,)
    """
    votes = np.zeros(n_source)
    for rows in gen_batches(Xt.shape[0], _BATCH):
        found = finder.radius_neighbors(Xt[rows], radius, return_distance=False)
        sizes = np.array([len(indices) for indices in found])
        shares = np.repeat(1 / np.maximum(sizes, 1), sizes)
        votes += np.bincount(np.concatenate(found), shares, minlength=n_source)
    return votes


def others(nearest, rows):
    """Return neighbours without the rows themselves, one fewer for each row."""
    itself = nearest == rows[:, None]
    itself[~itself.any(axis=1), -1] = True  # hidden by rows that are equal to it
    return nearest[~itself].reshape(len(rows), -1)


def left_out_means(weights, vote, nearest, judged, around):
    """Return mean weights around rows that are left out, one at a time.

    A target row that is left out takes its votes with it. The vote of a source row that
    is left out goes to the next row, which is nearer to the target row than all others.

    Parameters
    ----------
    weights : ndarray of shape (n_source,)
        Weights of the source rows.

    vote : float
        What a target row adds to the weight of each of its k neighbours.

    nearest : ndarray of shape (n_target, k + 1)
        The k source rows that share the vote of a target row, and the next.

    judged : ndarray of shape (n_judged,)
        Source rows that are left out.

    around : ndarray of shape (n_judged, k)
        Their neighbours among the other source rows.

    Returns
    -------
    at_source, at_target : float
        The mean, over rows that are left out, of the weights of the k source rows
        around them.
    """
    nearest, beyond = nearest[:, :-1], nearest[:, -1:]
    number = np.full(len(weights), -1)
    number[judged] = np.arange(len(judged))
    handed_on = 0
    for rows in slices(len(nearest), max(1, _PAIRS // nearest.shape[1] ** 2)):
        left_out = number[nearest[rows]]
        row, column = np.nonzero(left_out >= 0)
        to = around[left_out[row, column]] == beyond[rows][row]
        handed_on += np.count_nonzero(to)
    at_source = weights[around].mean() + vote * handed_on / around.size
    return at_source, weights[nearest].mean() - vote


class NearestNeighborsWeighting(WeightAdapter):
    """Weigh source rows by the target rows that are near them [1]_.

    Each target row shares one vote among its nearest source rows, and a source row
    weighs as much as its votes, plus `smoothing`. With one neighbour and a smoothing of
    one this is the method of [1]_: counts of target rows in the cells of the source's
    Voronoi diagram, with Laplace smoothing.

    Parameters
    ----------
    estimator : estimator, default=None
        Fitted on the weighted source. If None, `LogisticRegression` for classes and
        `LinearRegression` for numbers.

    Xt : array-like of shape (n_target_samples, n_features), default=None
        Target rows, used when `fit` is given none.

    n_neighbors : int or None, default=5
        Number of source rows that share the vote of a target row; if the source has
        fewer rows, all of them. More neighbours make the weights smoother. If None,
        those within `radius` share it.

    radius : float, default=1.0
        How far target rows look, if `n_neighbors` is None. Those that find no source
        row do not vote.

    algorithm : {"auto", "ball_tree", "kd_tree", "brute"}, default="auto"
        How neighbours are found, as in `sklearn.neighbors.NearestNeighbors`.

    leaf_size : int, default=30
        Rows in a leaf of a tree.

    metric : str or callable, default="minkowski"
        The distance, as in `sklearn.neighbors.NearestNeighbors`.

    p : float, default=2
        Power of the Minkowski distance.

    metric_params : dict, default=None
        Further arguments of `metric`.

    n_jobs : int, default=None
        Number of threads that search.

    smoothing : float, default=1.0
        Votes that each source row has beforehand. Without them, source rows that are
        far from the target weigh nothing.

    shrinkage : float or "auto", default="auto"
        Share of one in the weights, from 0 to 1: with the plain weights w they are
        ``shrinkage + (1 - shrinkage) * w``. "auto" takes the share that is
        best by the least-squares criterion of ratios, for rows left out one at a time:
        without a shift, weights are brought near to one. It is 0 where `radius` is
        used.

    weight_clip : float, default=None
        Largest weight, in units of the mean weight, before the mean is brought back to
        one.

    resample : bool, default=False
        Whether `estimator` is fitted on a bootstrap drawn by the weights, which serves
        estimators without `sample_weight`.

    copy : bool, default=True
        Whether a clone of `estimator` is fitted, or `estimator` itself.

    verbose : int, default=0
        Whether to print how long each stage took.

    random_state : int, RandomState instance or None, default=None
        Seeds each `random_state` in `estimator` that is None, and the bootstrap; draws
        the source rows by which the shrinkage is judged, if there are more than 10,000.

    Attributes
    ----------
    weights_ : ndarray of shape (n_samples,)
        Weights of the source rows, of mean one.

    effective_sample_size_ : float
        Number of equally weighted rows that the weights are worth.

    shrinkage_ : float
        Share of one in the weights.

    estimator_ : estimator
        The fitted estimator.

    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen in `fit`, where `X` has string column names.

    Raises
    ------
    ValueError
        If a domain is missing or empty.
    TypeError
        If `estimator` takes no `sample_weight` and `resample` is False.

    See Also
    --------
    KernelDensityWeighting : Counts with kernels, in both domains.
    KMM : Weights under which the domains have the same mean embedding.

    Notes
    -----
    Departures from [1]_:

    - By default a target row shares its vote among five source rows, not one.
    - By default the weights are shrunk towards one.

    The published method is
    ``NearestNeighborsWeighting(n_neighbors=1, shrinkage=0)``.

    Time O((n_s + n_t) log(n_s) d) with a tree in few dimensions, and up to O(n_s n_t d)
    beyond 15 columns, where all distances are computed in blocks: the Euclidean ones in
    single precision, and those of the few rows that may be nearest in double. Memory
    O(n_s d + n_t k) for k neighbours. Sparse `X` is taken, by the algorithm "brute".
    Distances follow the scale of the columns: standardise columns of different units.
    The shrinkage is judged by the neighbours of at most 10,000 source rows. Counts vary
    by chance: between samples of one distribution (5,000 rows, two columns) weights are
    .011 from one on average, and .045 in the worst of eleven draws; with
    ``shrinkage=0``, .20.

    References
    ----------
    .. [1] Loog. "Nearest neighbor-based importance weighting." IEEE International
       Workshop on Machine Learning for Signal Processing, 2012.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.instance_based import NearestNeighborsWeighting
    >>> Xs, Xt = np.array([[0.0], [1.0], [2.0]]), np.array([[1.9], [2.1], [2.2], [0.8]])
    >>> model = NearestNeighborsWeighting(n_neighbors=1, smoothing=0, shrinkage=0)
    >>> model.fit_weights(Xs, Xt)
    array([0.  , 0.75, 2.25])
    """

    _parameter_constraints: dict = {
        **WeightAdapter._parameter_constraints,
        "n_neighbors": [Interval(Integral, 1, None, closed="left"), None],
        "radius": [Interval(Real, 0, None, closed="neither")],
        "algorithm": [StrOptions({"auto", "ball_tree", "kd_tree", "brute"})],
        "leaf_size": [Interval(Integral, 1, None, closed="left")],
        "metric": [str, callable],
        "p": [Interval(Real, 0, None, closed="neither")],
        "metric_params": [dict, None],
        "n_jobs": [Integral, None],
        "smoothing": [Interval(Real, 0, None, closed="left")],
        "shrinkage": SHRINKAGE,
    }

    _allows_sparse = True

    def __init__(
        self,
        estimator=None,
        Xt=None,
        n_neighbors=5,
        radius=1.0,
        algorithm="auto",
        leaf_size=30,
        metric="minkowski",
        p=2,
        metric_params=None,
        n_jobs=None,
        *,
        smoothing=1.0,
        shrinkage="auto",
        weight_clip=None,
        resample=False,
        copy=True,
        verbose=0,
        random_state=None,
    ):
        super().__init__(
            estimator,
            Xt,
            weight_clip=weight_clip,
            resample=resample,
            copy=copy,
            verbose=verbose,
            random_state=random_state,
        )
        self.n_neighbors = n_neighbors
        self.radius = radius
        self.algorithm = algorithm
        self.leaf_size = leaf_size
        self.metric = metric
        self.p = p
        self.metric_params = metric_params
        self.n_jobs = n_jobs
        self.smoothing = smoothing
        self.shrinkage = shrinkage

    def _weigh(self, domains):
        Xs, Xt = domains.Xs, domains.Xt
        self.shrinkage_ = 0.0 if self.shrinkage == "auto" else self.shrinkage
        if self.n_neighbors is None:
            finder = self._finder().fit(Xs)
            weights = votes_within(finder, Xs.shape[0], Xt, self.radius)
            weights += self.smoothing
            if not weights.any():
                return weights
            weights /= weights.mean()
        else:
            weights = self._weigh_nearest(Xs, Xt)
        return shrunk(weights, self.shrinkage_)

    def _weigh_nearest(self, Xs, Xt):
        """Return weights by `n_neighbors`, and find their shrinkage."""
        n_source = Xs.shape[0]
        search, k = self._search_among(Xs), min(self.n_neighbors, n_source)
        judge = self.shrinkage == "auto" and k < n_source
        nearest = search(Xt, k + judge)
        counts = np.bincount(nearest[:, :k].ravel(), minlength=n_source)
        mean = Xt.shape[0] / n_source + self.smoothing
        weights = (counts / k + self.smoothing) / mean
        if judge:
            judged = self._judged(n_source)
            around = others(search(Xs[judged], k + 1), judged)
            means = left_out_means(weights, 1 / (k * mean), nearest, judged, around)
            self.shrinkage_ = best_shrinkage(weights, *means)
        return weights

    def _judged(self, n_source):
        if n_source <= _JUDGED:
            return np.arange(n_source)
        rng = check_random_state(self.random_state)
        return rng.choice(n_source, _JUDGED, replace=False)

    def _search_among(self, Xs):
        """Return a function of rows and of how many of their neighbours it returns."""
        if self._is_euclidean_without_tree(Xs):
            return lambda X, k: nearest_rows(X, Xs, k, self.n_jobs)
        finder = self._finder().fit(Xs)
        return lambda X, k: finder.kneighbors(X, k, return_distance=False)

    def _is_euclidean_without_tree(self, X):
        euclidean = self.metric in ("euclidean", "l2") or (
            self.metric == "minkowski" and self.p == 2
        )
        brute = self.algorithm == "brute" or (
            self.algorithm == "auto" and X.shape[1] > _TREE_COLUMNS
        )
        return euclidean and brute and not self.metric_params and not sparse.issparse(X)

    def _finder(self):
        return NearestNeighbors(
            algorithm=self.algorithm,
            leaf_size=self.leaf_size,
            metric=self.metric,
            p=self.p,
            metric_params=self.metric_params,
            n_jobs=self.n_jobs,
        )
