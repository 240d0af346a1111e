"""Ridge regression of many domains, whose coefficients are between own and shared."""

from numbers import Real

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted

from adapt._sklearn import Interval, StrOptions
from adapt.multi_domain._base import MultiDomainEstimator
from adapt.multi_domain._pooled_lda import read_classes
from adapt.multi_domain._random_coefficients import (
    Moments,
    evidence_penalty,
    fit_variances,
    solve,
)
from adapt.multi_domain._sums import DomainSums

_VARIES = 0.05  # of a column's standard deviation: means of domains that lie this far


def group_means(n, sums, variance, moments):
    """Return which columns have means that vary by domain beside varying within.

    Parameters
    ----------
    n : ndarray of shape (n_domains,)
        Numbers of rows.

    sums : ndarray of shape (n_domains, p)
        Sums of columns of overall mean zero.

    variance : ndarray of shape (p,)
        Variances of the columns.

    moments : ndarray of shape (n_domains, p, p)
        Second moments.

    Returns
    -------
    varies : ndarray of bool of shape (p,)
        False for a column that is constant in each domain, whose mean is the column.
    """
    means = sums / n[:, None]
    between = (n @ means**2) / n.sum()
    total = np.einsum("gjj->j", moments) / n.sum()
    within = total - between
    return (between > _VARIES**2 * variance) & (within > 1e-9 * variance)


class _PooledRidge(MultiDomainEstimator):
    """What regression and classification by least squares have in common."""

    _by_domain = True

    _parameter_constraints: dict = {
        **MultiDomainEstimator._parameter_constraints,
        "alpha": [StrOptions({"auto"}), Interval(Real, 0, None, closed="left")],
        "slopes": ["boolean", "array-like"],
        "within_between": ["boolean"],
    }

    def __init__(
        self,
        alpha="auto",
        slopes=True,
        within_between=True,
        features=None,
        forgetting=1.0,
        random_state=None,
    ):
        self.alpha = alpha
        self.slopes = slopes
        self.within_between = within_between
        self.features = features
        self.forgetting = forgetting
        self.random_state = random_state

    def _fit_outputs(self, n, x_origin, sums, moments, y_origin):
        """Solve for each output, from sums of columns and outputs beside each other.

        Parameters
        ----------
        n : ndarray of shape (n_domains,)
        x_origin : ndarray of shape (p,)
        sums : ndarray of shape (n_domains, p + n_outputs)
        moments : ndarray of shape (n_domains, p + n_outputs, p + n_outputs)
        y_origin : ndarray of shape (n_outputs,)
        """
        p, total = len(x_origin), n.sum()
        mean = sums.sum(axis=0) / total
        moments, sums = _centred(n, sums, moments, mean)
        variance = np.einsum("gjj->j", moments) / total
        scale = np.sqrt(np.where(variance > 1e-300, variance, 1))
        scale[p:] = 1
        moments = moments / np.outer(scale, scale)
        sums = sums / scale
        means = sums[:, :p] / n[:, None]
        varies = np.zeros(p, dtype=bool)
        if self.within_between and len(n) > 1:
            varies = group_means(n, sums[:, :p], variance[:p] > 0, moments[:, :p, :p])
        Z, cross = _with_group_means(n, sums, moments, means[:, varies], p)
        random = np.r_[0, 1 + self._slope_columns(p)]
        outputs = [
            self._fit_output(n, Z, cross[:, :, k], moments[:, p + k, p + k], random, s)
            for k, s in enumerate([scale[:p]] * len(y_origin))
        ]
        self._keep(outputs, scale[:p], mean, x_origin, y_origin, means[:, varies])

    def _fit_output(self, n, ZZ, Zy, yy, random, scale):
        """Return coefficients, shared and by domain, and variances of one output."""
        q = ZZ.shape[1]
        total = ZZ.sum(axis=0)[1:, 1:]
        if self.alpha == "auto":
            left = yy.sum()
            penalty = evidence_penalty(n.sum(), total, Zy.sum(axis=0)[1:], left)
            penalty = np.full(q - 1, penalty)
        else:
            penalty = np.full(q - 1, float(self.alpha))
            penalty[: len(scale)] /= scale**2
        moments = Moments(n, ZZ, Zy, yy, random, np.r_[0, penalty])
        v, s = fit_variances(moments)
        if self.alpha == "auto" and v.any():
            # The evidence was that of one model of all domains, which has more noise.
            less = s / fit_variances(moments._replace(random=random[:0]))[1]
            moments = moments._replace(penalty=moments.penalty * less)
            v, s = fit_variances(moments)
        found = solve(moments, v, s)
        by_domain = np.tile(found.b, (len(n) + 1, 1))
        by_domain[:-1, random] += found.u
        return by_domain, v, s, penalty[0] if len(penalty) else 0.0

    def _keep(self, outputs, scale, mean, x_origin, y_origin, group_means):
        """Set the coefficients of the columns as they were given."""
        p = len(scale)
        coef = np.stack([found[0] for found in outputs], axis=1)
        between = np.zeros(coef.shape[:2])
        # Rows of an unknown domain get the effect of the mean domain, which is zero.
        between[:-1] = np.einsum("goj,gj->go", coef[:-1, :, 1 + p :], group_means)
        slopes = coef[:, :, 1 : 1 + p] / scale
        self.center_ = mean[:p] + x_origin
        self.slopes_ = slopes
        self.levels_ = coef[:, :, 0] + between + mean[p:] + y_origin
        self.variances_ = np.stack([found[1] for found in outputs])
        self.noise_ = np.array([found[2] for found in outputs])
        self.alpha_ = np.array([found[3] for found in outputs])

    def _slope_columns(self, p):
        """Return the columns whose slopes vary by domain."""
        if isinstance(self.slopes, bool | np.bool_):
            return np.arange(p if self.slopes else 0)
        names = list(getattr(self, "feature_names_in_", []))
        columns = []
        for name in self.slopes:
            if isinstance(name, str) and name in names:
                columns.append(names.index(name))
            elif not isinstance(name, str) and 0 <= name < self.n_features_in_:
                columns.append(int(name))
            else:
                raise ValueError(
                    f"`slopes` has {name!r}, but the columns are "
                    f"{names or list(range(self.n_features_in_))}."
                )
        return np.unique(np.array(columns, dtype=int))

    def _outputs(self, X, sample_domain):
        """Return what each output has for each row."""
        check_is_fitted(self)
        return self._linear(X, sample_domain, self.slopes_, self.levels_, self.center_)


def _centred(n, sums, moments, by):
    """Return moments and sums about another point."""
    cross = sums[:, :, None] * by
    moments = moments - cross - np.swapaxes(cross, 1, 2)
    moments += n[:, None, None] * np.outer(by, by)
    return (moments + np.swapaxes(moments, 1, 2)) / 2, sums - n[:, None] * by


def _with_group_means(n, sums, moments, means, p):
    """Return products of the columns 1, X and means of X, and those with outputs.

    A mean is one number for all rows of a domain, so its products are with sums.
    """
    G, k = means.shape
    width = 1 + p + k
    constant = np.concatenate([np.ones((G, 1)), means], axis=1)
    at = np.r_[0, np.arange(1 + p, width)]
    X = np.arange(1, 1 + p)
    Z = np.zeros((G, width, width))
    Z[:, at[:, None], at] = n[:, None, None] * constant[:, :, None] * constant[:, None]
    Z[:, X[:, None], X] = moments[:, :p, :p]
    product = constant[:, :, None] * sums[:, None, :p]
    Z[:, at[:, None], X] = product
    Z[:, X[:, None], at] = np.swapaxes(product, 1, 2)
    cross = np.zeros((G, width, sums.shape[1] - p))
    cross[:, X] = moments[:, :p, p:]
    cross[:, at] = constant[:, :, None] * sums[:, None, p:]
    return Z, cross


class PooledRidge(RegressorMixin, _PooledRidge):
    """Ridge regression of many domains: coefficients between own and shared.

    The intercept and the slopes of each domain are shrunken to those of all, each by as
    much as the marginal likelihood says: a mixed model with random coefficients [1]_.
    Where effects of domains go with the columns (persons with higher wages are in the
    union), random coefficients alone are biased; the means of the columns in each
    domain, as columns of their own, cure it [2]_.

    The state is sums of rows. New rows and domains come by `partial_fit`, rows go by
    `forget`, and models of parties that share no rows become one by `merge`, exactly.

    Parameters
    ----------
    alpha : "auto" or float, default="auto"
        Penalty on the squares of shared coefficients. A number is that of
        scikit-learn's `Ridge`. "auto" maximizes the evidence of the pooled model, on
        columns of unit variance.

    slopes : bool or list of str or int, default=True
        Whether slopes vary by domain, or the columns whose slopes do. Intercepts always
        vary.

    within_between : bool, default=True
        Whether means of columns in domains are columns too.

    features : int, default=None
        How many random features ``max(0, X w + b)`` are appended to the columns. Scale
        columns to about unit variance first, the same way at all parties.

    forgetting : float, default=1.0
        What earlier rows count after each call of `partial_fit`, in (0, 1].

    random_state : int, RandomState instance or None, default=None
        Draws the random features. Only models of the same seed merge.

    Attributes
    ----------
    domains_ : ndarray of shape (n_domains,)
        Domains that have rows.

    coef_ : ndarray of shape (n_domains, n_columns) or (n_domains, n_outputs, n_columns)
        Slopes by domain.

    intercept_ : ndarray of shape (n_domains,) or (n_domains, n_outputs)
        Intercepts by domain.

    shared_coef_ : ndarray of shape (n_columns,) or (n_outputs, n_columns)
        Slopes for rows of no known domain.

    shared_intercept_ : float or ndarray of shape (n_outputs,)
        Their intercept.

    slopes_, levels_ : ndarray
        Slopes of shape (n_domains + 1, n_outputs, n_columns), and predictions at
        `center_`, of shape (n_domains + 1, n_outputs); the last are the shared ones.

    center_ : ndarray of shape (n_columns,)
        Mean of all rows.

    variances_ : ndarray of shape (n_outputs, 1 + n_slopes)
        Variances of intercepts and slopes between domains, of columns of unit variance.

    noise_ : ndarray of shape (n_outputs,)
        Variances of the noise.

    alpha_ : ndarray of shape (n_outputs,)
        Penalties, of columns of unit variance.

    n_features_in_ : int
        Number of columns.

    See Also
    --------
    PooledLDA : The same for classes.
    PooledRidgeClassifier : Classes by least squares.

    Notes
    -----
    With p columns and random features: time O(n p^2) once, and O(n_domains p^3) for
    each of 20 to 100 steps of L-BFGS whenever the sums have changed, with ``slopes``;
    without, O(n_domains p^2). Memory O(n_domains p^2).

    Columns that are the same for all rows of a domain have slopes that domains can only
    tell together.

    References
    ----------
    .. [1] Nan M. Laird and James H. Ware. "Random-effects models for longitudinal
       data". Biometrics, 1982.

    .. [2] Yair Mundlak. "On the pooling of time series and cross section data".
       Econometrica, 1978.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.multi_domain import PooledRidge
    >>> rng = np.random.default_rng(0)
    >>> school = np.repeat(np.arange(30), 5)
    >>> X = rng.normal(size=(150, 1))
    >>> y = X[:, 0] + rng.normal(size=30)[school] + 0.5 * rng.normal(size=150)
    >>> model = PooledRidge().fit(X, y, sample_domain=school)
    >>> bool(model.score(X, y, sample_domain=school) > model.score(X, y))
    True
    """

    def _read_labels(self, y):
        y = check_array(
            y, ensure_2d=False, dtype=np.float64, input_name="y", estimator=self
        )
        if y.ndim > 2:
            raise ValueError(f"`y` must have one or two dimensions, got {y.ndim}.")
        return np.zeros(len(y), dtype=int), y

    def _read(self, X, y, sample_domain, sample_weight, *, reset):
        rows = super()._read(X, y, sample_domain, sample_weight, reset=reset)
        outputs = rows[2]
        n_outputs = None if outputs.ndim == 1 else outputs.shape[1]
        if reset:
            self.n_outputs_ = n_outputs
        elif n_outputs != self.n_outputs_:
            raise ValueError(
                f"`y` has {n_outputs} outputs, but {self.n_outputs_} before (None is "
                "one, as a 1-D array)."
            )
        return rows

    def __sklearn_tags__(self):
        """Say that several numbers may be predicted."""
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def _layout(self):
        outputs = -1 if self.n_outputs_ is None else self.n_outputs_
        return {**super()._layout(), "n_outputs": outputs}

    def _set_layout(self, state):
        outputs = int(state["n_outputs"])
        self.n_outputs_ = None if outputs < 0 else outputs

    def empty_state(self, *, domains, origin, n_outputs=None):
        """Return a state of no rows, for parties whose states shall add up.

        Parameters
        ----------
        domains : array-like
            The names of all domains that may come.

        origin : array-like of shape (n_features + n_outputs,)
            A point near the rows and, after them, their numbers ``y``.

        n_outputs : int, default=None
            How many columns ``y`` has. If None, it is 1-D.

        Returns
        -------
        state : dict of str to ndarray
            Zeros, with the layout of the columns.
        """
        origin = np.asarray(origin, dtype=np.float64)
        outputs = origin[-(n_outputs or 1) :]
        state = super().empty_state(
            classes=[0], domains=domains, origin=origin[: -len(outputs)]
        )
        sums = DomainSums.empty(
            np.r_[state["origin"], outputs], [0], domains, by_domain=True
        )
        count = -1 if n_outputs is None else n_outputs
        return {**state, **sums.state(), "n_outputs": np.asarray(count)}

    def _solve(self):
        sums = self.sums_
        n = sums.counts.sum(axis=1)
        seen = n > 0
        self.domains_ = sums.domains[seen]
        p = len(sums.origin) - (self.n_outputs_ or 1)
        self._fit_outputs(
            n[seen],
            sums.origin[:p],
            sums.sums.sum(axis=1)[seen],
            sums.moments[seen],
            sums.origin[p:],
        )
        one = 0 if self.n_outputs_ is None else slice(None)
        level = self.levels_ - self.slopes_ @ self.center_
        self.coef_, self.shared_coef_ = self.slopes_[:-1, one], self.slopes_[-1, one]
        self.intercept_, self.shared_intercept_ = level[:-1, one], level[-1, one]

    def predict(self, X, *, sample_domain=None):
        """Return the predicted numbers.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows.

        sample_domain : array-like of shape (n_samples,), int or str, default=None
            The domain of each row. Rows of an unknown one, and of none, are given to
            the shared model.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            In the units of the ``y`` of `fit`.
        """
        found = self._outputs(X, sample_domain)
        return found[:, 0] if self.n_outputs_ is None else found

    def score(self, X, y, *, sample_domain=None, sample_weight=None):
        """Return the coefficient of determination.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The true numbers.

        sample_domain : array-like of shape (n_samples,), int or str, default=None
            The domain of each row.

        sample_weight : array-like of shape (n_samples,), default=None
            What each row counts.

        Returns
        -------
        r2 : float
            1 is perfect, 0 as good as the mean.
        """
        found = self.predict(X, sample_domain=sample_domain)
        return r2_score(y, found, sample_weight=sample_weight)


class PooledRidgeClassifier(ClassifierMixin, _PooledRidge):
    """Classes of many domains by ridge regression on indicators.

    A `PooledRidge` of one output for each class, 1 for its rows and 0 for others. With
    random features this learns classes one after another as well as all at once.

    Parameters
    ----------
    alpha : "auto" or float, default="auto"
        Penalty on the squares of shared coefficients; as in `PooledRidge`.

    slopes : bool or list of str or int, default=False
        Whether slopes vary by domain, or the columns whose slopes do.

    within_between : bool, default=False
        Whether means of columns in domains are columns too.

    features : int, default=None
        How many random features ``max(0, X w + b)`` are appended to the columns.

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

    n_features_in_ : int
        Number of columns. All other attributes are those of `PooledRidge`, by class.

    See Also
    --------
    PooledLDA : Shrinks means of classes by domain, and gives probabilities.

    Notes
    -----
    Time and memory are those of `PooledRidge`, the steps once for each class.

    Examples
    --------
    >>> from adapt.multi_domain import PooledRidgeClassifier
    >>> model = PooledRidgeClassifier().fit([[0.0], [0.1], [4.0]], ["a", "a", "b"])
    >>> model.predict([[0.2], [3.9]])
    array(['a', 'b'], dtype='<U1')
    """

    def __init__(
        self,
        alpha="auto",
        slopes=False,
        within_between=False,
        features=None,
        forgetting=1.0,
        random_state=None,
    ):
        super().__init__(
            alpha=alpha,
            slopes=slopes,
            within_between=within_between,
            features=features,
            forgetting=forgetting,
            random_state=random_state,
        )

    def _read_labels(self, y):
        return read_classes(y), None

    def _solve(self):
        sums = self.sums_
        seen, known = sums.counts.any(axis=1), sums.counts.any(axis=0)
        self.domains_, self.classes_ = sums.domains[seen], sums.classes[known]
        counts = sums.counts[np.ix_(seen, known)]
        cells = sums.sums[np.ix_(seen, known)]
        p, C = len(sums.origin), len(self.classes_)
        moments = np.zeros((len(counts), p + C, p + C))
        moments[:, :p, :p] = sums.moments[seen]
        moments[:, :p, p:] = np.swapaxes(cells, 1, 2)
        moments[:, p:, :p] = cells
        moments[:, p:, p:] = counts[:, :, None] * np.eye(C)
        totals = np.concatenate([cells.sum(axis=1), counts], axis=1)
        self._fit_outputs(counts.sum(axis=1), sums.origin, totals, moments, np.zeros(C))

    def decision_function(self, X, *, sample_domain=None):
        """Return the predicted indicators.

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
            For two classes, that of the second less that of the first.
        """
        scores = self._outputs(X, sample_domain)
        return scores[:, 1] - scores[:, 0] if scores.shape[1] == 2 else scores

    def predict(self, X, *, sample_domain=None):
        """Return the class of the largest indicator.

        Parameters
        ----------
        X, sample_domain
            As in `decision_function`.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            One of `classes_` for each row.
        """
        scores = self._outputs(X, sample_domain)
        return self.classes_[scores.argmax(axis=1)]

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
