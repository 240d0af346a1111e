"""Discriminant analysis of many domains, with class means between own and shared."""

from numbers import Real

import numpy as np
from scipy.linalg import eigh
from scipy.special import log_softmax
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from adapt._sklearn import Interval, StrOptions
from adapt.multi_domain._base import MultiDomainEstimator
from adapt.multi_domain._pooled_means import PooledMeans, pooled_means, pooled_shares

_FLOOR = 1e-6  # of the variance of a column, the least that is taken for its noise


def within_scatter(counts, sums, moments):
    """Return the sum of ``(x - m)(x - m)'`` about the mean of each class and domain."""
    means = cell_means(counts, sums)
    S = moments - np.einsum("gci,gcj->ij", sums, means)
    return (S + S.T) / 2


def cell_means(counts, sums):
    """Return the mean of each class in each domain, zero where there are no rows."""
    some = counts[..., None] > 0
    return np.divide(sums, counts[..., None], out=np.zeros_like(sums), where=some)


def whitening(W, shrinkage, n, floor):
    """Return a matrix A with ``A' W A = I`` after W has been shrunken.

    Parameters
    ----------
    W : ndarray of shape (p, p)
        Covariance within classes.

    shrinkage : float or "auto"
        A number is the share of the mean variance times the identity that replaces that
        share of W. "auto" shrinks correlations towards zero, by the formula of the
        oracle approximating shrinkage estimator, which needs no more than W.

    n : float
        The number of rows that W is of.

    floor : ndarray of shape (p,)
        The least variances.

    Returns
    -------
    A : ndarray of shape (p, p)
    """
    p = len(W)
    if shrinkage != "auto":
        W = (1 - shrinkage) * W + shrinkage * np.trace(W) / p * np.eye(p)
        scale = np.ones(p)
    else:
        scale = np.sqrt(np.maximum(np.diag(W), floor))
        W = W / np.outer(scale, scale)
        W[np.arange(p), np.arange(p)] = 1
        square = np.sum(W**2)
        share = ((1 - 2 / p) * square + p**2) / ((n + 1 - 2 / p) * (square - p + 1e-12))
        share = min(1.0, share) if p > 1 else 0.0
        W = (1 - share) * W + share * np.eye(p)
    values, vectors = eigh(W)
    largest = max(values[-1], np.finfo(float).tiny)
    values = np.maximum(values, 1e-12 * largest)
    return (vectors / np.sqrt(values)) @ vectors.T / scale[:, None]


class PooledLDA(ClassifierMixin, MultiDomainEstimator):
    """Linear discriminant analysis of many domains with few labels each.

    Subjects, shops, schools: one model of all ignores how they differ, and one model
    each has too few rows. Here all share the covariance within classes, and the means
    of classes in a domain are shrunken to those of all domains, by as much as the data
    say: a shift of the whole domain has one variance in each direction, a shift of a
    class in it another. Both being zero gives the pooled model, both being large one
    model each. The idea of shrinking class means of related tasks is that of [1]_.

    The state is sums of rows. New rows, classes and domains come by `partial_fit`, rows
    go by `forget`, and models of parties that share no rows become one by `merge`, all
    exactly.

    Parameters
    ----------
    shrinkage : "auto" or float between 0 and 1, default="auto"
        Regularization of the covariance. "auto" shrinks correlations by the oracle
        approximating formula [2]_, which needs sums only (that of Ledoit and Wolf needs
        fourth moments). A number is the share of the identity, as in scikit-learn.

    priors : {"shrunk", "shared", "own", "uniform"}, default="shrunk"
        Shares of classes in each domain: between its own and the shared ones, by a
        Dirichlet distribution fitted by moments; or one of them; or all alike.

    pooling : {"auto", "none", "full"}, default="auto"
        Means of classes in each domain: between own and shared; its own, where it has
        rows of the class; or the shared ones.

    features : int, default=None
        How many random features ``max(0, X w + b)`` are appended to the columns, for
        columns that are skewed or binary. They do not scale the columns, because no
        batch may change what they mean: scale columns to about unit variance first,
        the same way at all parties.

    forgetting : float, default=1.0
        What earlier rows count after each call of `partial_fit`, in (0, 1].

    random_state : int, RandomState instance or None, default=None
        Draws the random features. Only models of the same seed merge.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Classes that have rows.

    domains_ : ndarray of shape (n_domains,)
        Domains that have rows.

    means_ : ndarray of shape (n_domains, n_classes, n_columns)
        Means that are used, of the columns with their random features.

    shared_means_ : ndarray of shape (n_classes, n_columns)
        Means for rows of no known domain.

    covariance_ : ndarray of shape (n_columns, n_columns)
        Covariance within classes, after shrinkage.

    variances_ : ndarray of shape (2, n_columns)
        How far domains, and classes in domains, lie apart in each whitened direction,
        in units of the variance within classes. Zeros where ``pooling`` is not "auto".

    counts_ : ndarray of shape (n_domains, n_classes)
        Number of rows, or the sum of their weights.

    coef_ : ndarray of shape (n_domains + 1, n_classes, n_columns)
        Coefficients by domain; the last are the shared ones.

    intercept_ : ndarray of shape (n_domains + 1, n_classes)
        Discriminants by domain where a row is `center_`; the last are the shared ones.

    center_ : ndarray of shape (n_columns,)
        Mean of all rows, from which discriminants count: ``(x - center_) coef' +
        intercept``. Columns of a large mean lose no digits that way.

    n_features_in_ : int
        Number of columns.

    See Also
    --------
    NearestClassMean : The same with the identity as the covariance.
    PooledRidge : The same for numbers.
    adapt.feature_based.FA : Columns for each domain, for any estimator.

    Notes
    -----
    Time O(n p^2) once for the sums and O(p^3) whenever they have changed; memory O(p^2
    + n_domains n_classes p), with p the number of columns and random features. A pass
    over rows takes them in blocks.

    Fewer than about five domains hardly tell the two variances: with four hospitals and
    20 labels of the last the shared means were better, in our measurements.

    Decay and `forget` do not commute: a row that came before the last call counts less
    than what `forget` takes out.

    References
    ----------
    .. [1] Minh-Toan Nguyen and Romain Couillet. "Asymptotic Bayes risk of
       semi-supervised multitask learning on Gaussian mixture". International Conference
       on Artificial Intelligence and Statistics, 2023.

    .. [2] Yilun Chen, Ami Wiesel, Yonina C. Eldar and Alfred O. Hero. "Shrinkage
       algorithms for MMSE covariance estimation". IEEE Transactions on Signal
       Processing, 2010.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.multi_domain import PooledLDA
    >>> rng = np.random.default_rng(0)
    >>> domain = np.repeat(["a", "b", "c", "d", "e", "f"], 10)
    >>> y = np.tile(["no", "yes"], 30)
    >>> X = rng.normal(size=(60, 2)) + 2 * (y == "yes")[:, None]
    >>> X += np.repeat(3 * rng.normal(size=(6, 2)), 10, axis=0)
    >>> model = PooledLDA().fit(X, y, sample_domain=domain)
    >>> bool(model.score(X, y, sample_domain=domain) > model.score(X, y))
    True
    >>> model.partial_fit([[9, 9]], ["new"], sample_domain="g").classes_
    array(['new', 'no', 'yes'], dtype='<U3')
    """

    _parameter_constraints: dict = {
        **MultiDomainEstimator._parameter_constraints,
        "shrinkage": [StrOptions({"auto"}), Interval(Real, 0, 1, closed="both")],
        "priors": [StrOptions({"shrunk", "shared", "own", "uniform"})],
        "pooling": [StrOptions({"auto", "none", "full"})],
    }

    def __init__(
        self,
        shrinkage="auto",
        priors="shrunk",
        pooling="auto",
        features=None,
        forgetting=1.0,
        random_state=None,
    ):
        self.shrinkage = shrinkage
        self.priors = priors
        self.pooling = pooling
        self.features = features
        self.forgetting = forgetting
        self.random_state = random_state

    def _read_labels(self, y):
        return read_classes(y), None

    def _solve(self):
        sums = self.sums_
        seen, known = sums.counts.any(axis=1), sums.counts.any(axis=0)
        self.domains_, self.classes_ = sums.domains[seen], sums.classes[known]
        n = self.counts_ = sums.counts[np.ix_(seen, known)]
        cells = sums.sums[np.ix_(seen, known)]
        whiten = self._whitening(n, cells, sums.total_moments)
        center = cells.sum(axis=(0, 1)) / n.sum()
        relative = cell_means(n, cells) - (n > 0)[..., None] * center
        pooled = self._pool(n, relative @ whiten)
        means = np.concatenate([pooled.means, pooled.shared[None]])
        unwhiten = np.linalg.inv(whiten)
        self.covariance_ = unwhiten.T @ unwhiten
        self.variances_ = pooled.variances
        self.coef_ = means @ whiten.T
        log_priors = np.log(np.maximum(self._shares(n), np.finfo(float).tiny))
        self.intercept_ = log_priors - (means**2).sum(axis=2) / 2
        self.center_ = center + sums.origin
        original = means @ unwhiten + self.center_
        self.means_, self.shared_means_ = original[:-1], original[-1]

    def _whitening(self, n, cells, moments):
        """Return what makes rows spread by one around the means of their cells."""
        # Each domain beyond the first takes as many means more as it has classes. With
        # one domain this is the maximum likelihood, as in scikit-learn.
        freedom = n.sum() - np.count_nonzero(n) + n.shape[1]
        W = within_scatter(n, cells, moments) / max(freedom, 1e-3 * n.sum())
        mean = cells.sum(axis=(0, 1)) / n.sum()
        total = np.diag(moments) / n.sum() - mean**2
        floor = np.where(total > 0, _FLOOR * total, 1)
        if not W.any():
            W = np.diag(floor)
        return whitening(W, self.shrinkage, n.sum(), floor)

    def _pool(self, n, means):
        """Return the means that are used, whitened."""
        total = n.sum(axis=0)
        shared = np.einsum("gc,gcp->cp", n, means) / total[:, None]
        nothing = np.zeros((2, means.shape[2]))
        if self.pooling == "auto" and len(n) > 1:
            return pooled_means(n, means)
        own = np.where(n[..., None] > 0, means, shared)
        if self.pooling == "full":
            own = np.broadcast_to(shared, own.shape)
        return PooledMeans(own, shared, nothing)

    def _shares(self, n):
        """Return the shares of classes by domain, the shared ones last."""
        shared = n.sum(axis=0, keepdims=True) / n.sum()
        if self.priors == "shrunk":
            return np.concatenate([pooled_shares(n), shared])
        if self.priors == "own":
            return np.concatenate([n / n.sum(axis=1, keepdims=True), shared])
        if self.priors == "uniform":
            shared = np.full_like(shared, 1 / shared.shape[1])
        return np.repeat(shared, len(n) + 1, axis=0)

    def _scores(self, X, sample_domain):
        check_is_fitted(self)
        line = self.coef_, self.intercept_, self.center_
        return self._linear(X, sample_domain, *line)

    def decision_function(self, X, *, sample_domain=None):
        """Return the discriminants of rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows.

        sample_domain : array-like of shape (n_samples,), int or str, default=None
            The domain of each row. Rows of an unknown one, and of none, are given to
            the shared model.

        Returns
        -------
        scores : ndarray of shape (n_samples, n_classes), or (n_samples,) for two
            Log-likelihoods up to a constant; for two classes, that of the second less
            that of the first.
        """
        scores = self._scores(X, sample_domain)
        return scores[:, 1] - scores[:, 0] if scores.shape[1] == 2 else scores

    def predict(self, X, *, sample_domain=None):
        """Return the most likely class of each row.

        Parameters
        ----------
        X, sample_domain
            As in `decision_function`.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            One of `classes_` for each row.
        """
        scores = self._scores(X, sample_domain)
        return self.classes_[scores.argmax(axis=1)]

    def predict_log_proba(self, X, *, sample_domain=None):
        """Return the log-probabilities of the classes.

        Parameters
        ----------
        X, sample_domain
            As in `decision_function`.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes)
            Their logarithms, in the order of `classes_`.
        """
        return log_softmax(self._scores(X, sample_domain), axis=1)

    def predict_proba(self, X, *, sample_domain=None):
        """Return the probabilities of the classes.

        Parameters
        ----------
        X, sample_domain
            As in `decision_function`.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            In the order of `classes_`; a row sums to one.
        """
        return np.exp(self.predict_log_proba(X, sample_domain=sample_domain))

    def score(self, X, y, *, sample_domain=None, sample_weight=None):
        """Return the accuracy.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows.

        y : array-like of shape (n_samples,)
            The true classes.

        sample_domain : array-like of shape (n_samples,), int or str, default=None
            The domain of each row.

        sample_weight : array-like of shape (n_samples,), default=None
            What each row counts.

        Returns
        -------
        accuracy : float
            Share of rows that are right.
        """
        found = self.predict(X, sample_domain=sample_domain)
        return accuracy_score(y, found, sample_weight=sample_weight)


def read_classes(y):
    """Return labels as an array of strings or whole numbers, none missing."""
    y = column_or_1d(y, warn=True)
    if y.dtype.kind == "O":
        missing = [label is None or label != label for label in y.tolist()]
        if any(missing):
            raise ValueError(
                f"Input `y` contains {sum(missing)} NaN or None. Drop these rows: "
                "they say nothing about classes."
            )
        y = np.array(y.tolist())
    if y.dtype.kind == "f" and not np.all(np.isfinite(y)):
        raise ValueError("Input `y` contains NaN or infinity. Drop these rows.")
    check_classification_targets(y)
    return y
