"""A Gaussian of the target, with the source as its prior.

A missing cell is filled by its mean given the observed cells of its row. That takes a
mean and a covariance of the target, which the EM algorithm finds from incomplete rows;
the source counts as a number of further rows.
"""

import warnings
from numbers import Integral, Real

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from adapt._sklearn import Interval, StrOptions
from adapt.imputation._base import TransferImputer
from adapt.imputation._held_out import cell_folds, rmse
from adapt.imputation._units import column_units, shared_units

__all__ = ["GaussianTransferImputer", "gaussian_map", "observed_log_likelihood"]

_LOG_2PI = np.log(2 * np.pi)
_BLOCK = 2**22  # numbers held at once for rows of many patterns
# Added to variances, in units of the prior's, against singularity.
COVARIANCE_FLOOR = 1e-5
_STRENGTHS = np.array([0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 100.0])  # times rows
_TUNING_ROWS = 500


def _blocks(cells):
    """Group rows by which cells they have, as those that they observe.

    Yields ``(rows, columns)`` of shapes (n_patterns, n_rows) and (n_patterns, n_cells):
    for each of several patterns the rows and the cells of each; of no cells, nothing.
    """
    _, first, inverse, counts = np.unique(
        np.packbits(cells, axis=1),  # far fewer bytes to sort
        axis=0,
        return_index=True,
        return_inverse=True,
        return_counts=True,
    )
    patterns = cells[first]
    order, begin = np.argsort(inverse, kind="stable"), np.cumsum(counts) - counts
    sizes = np.stack([patterns.sum(axis=1), counts], axis=1)
    for n_cells, n_rows in np.unique(sizes[sizes[:, 0] > 0], axis=0):
        which = np.flatnonzero(np.all(sizes == (n_cells, n_rows), axis=1))
        step = max(1, _BLOCK // int(n_cells * (n_cells + n_rows)))
        for start in range(0, len(which), step):
            part = which[start : start + step]
            rows = order[begin[part][:, None] + np.arange(n_rows)]
            yield rows, np.nonzero(patterns[part])[1].reshape(len(part), -1)


def _residuals(Z, mean, rows, columns):
    return Z[rows[:, :, None], columns[:, None, :]] - mean[columns][:, None, :]


def _submatrices(cov, columns):
    return cov[columns[:, :, None], columns[:, None, :]]


def _gains(Z, mean, cov, blocks):
    """Return ``S_oo^-1 (z_o - m_o)`` of each row, and the sum of the ``S_oo^-1``.

    Both are zero where a cell is missing.
    """
    d = len(mean)
    gains, precisions = np.zeros_like(Z), np.zeros(d * d)
    for rows, columns in blocks:
        inverse = np.linalg.inv(_submatrices(cov, columns))
        gains[rows[:, :, None], columns[:, None, :]] = (
            _residuals(Z, mean, rows, columns) @ inverse
        )
        cells = columns[:, :, None] * d + columns[:, None, :]
        weights = (rows.shape[1] * inverse).ravel()
        precisions += np.bincount(cells.ravel(), weights, minlength=d * d)
    return gains, precisions.reshape(d, d)


def _solved(M, V, cells):
    """Return ``M_cc^-1 v_c`` for each row ``v`` and its cells ``c``, zero elsewhere."""
    solved = np.zeros_like(V)
    for rows, columns in _blocks(cells):
        at = rows[:, :, None], columns[:, None, :]
        part = np.linalg.solve(_submatrices(M, columns), np.swapaxes(V[at], 1, 2))
        solved[at] = np.swapaxes(part, 1, 2)
    return solved


def conditional_mean(Z, mean, cov):
    """Return the rows with missing cells at their mean given the observed ones.

    Parameters
    ----------
    Z : ndarray of shape (n_samples, n_columns)
        Rows, with NaN for missing cells.

    mean : ndarray of shape (n_columns,)
        Mean of the Gaussian.

    cov : ndarray of shape (n_columns, n_columns)
        Its covariance, positive definite.

    Returns
    -------
    filled : ndarray of shape (n_samples, n_columns)
        ``m_m + S_mo S_oo^-1 (z_o - m_o)`` where `Z` is NaN.
    """
    missing = np.isnan(Z)
    off = np.where(missing, 0.0, Z - mean)
    few = missing.mean(axis=1, keepdims=True) < 0.5
    # The same follows from the precision matrix, by equations of the missing cells: we
    # solve those, or the ones of the observed cells, whichever are fewer.
    precision = np.linalg.inv(cov)
    moved = _solved(cov, off, ~missing & ~few) @ cov
    moved -= _solved(precision, off @ precision, missing & few)
    return np.where(missing, mean + moved, Z)


def conditional_draw(Z, mean, cov, rng):
    """Return the rows with missing cells drawn, given the observed ones.

    A joint draw, moved by how its own conditional mean misses it, has the conditional
    distribution (Matheron's rule).

    Parameters
    ----------
    Z, mean, cov
        As in `conditional_mean`.

    rng : RandomState
        Draws the cells.

    Returns
    -------
    filled : ndarray of shape (n_samples, n_columns)
    """
    joint = mean + rng.standard_normal(Z.shape) @ np.linalg.cholesky(cov).T
    expected = conditional_mean(np.where(np.isnan(Z), np.nan, joint), mean, cov)
    return conditional_mean(Z, mean, cov) + joint - expected


def observed_log_likelihood(Z, mean, cov):
    """Return the log-likelihood of the observed cells under a Gaussian.

    Parameters
    ----------
    Z : ndarray of shape (n_samples, n_columns)
        Rows, with NaN for missing cells.

    mean : ndarray of shape (n_columns,)
        Mean of the Gaussian.

    cov : ndarray of shape (n_columns, n_columns)
        Its covariance, positive definite.

    Returns
    -------
    value : float
        Sum over the rows, in nats.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.imputation import observed_log_likelihood
    >>> Z = np.array([[0.0, np.nan], [np.nan, np.nan]])
    >>> round(observed_log_likelihood(Z, np.zeros(2), np.eye(2)), 4)
    -0.9189
    """
    value = 0.0
    for rows, columns in _blocks(~np.isnan(Z)):
        S = _submatrices(cov, columns)
        residuals = _residuals(Z, mean, rows, columns)
        solved = np.linalg.solve(S, np.swapaxes(residuals, 1, 2))
        distance = np.sum(np.swapaxes(solved, 1, 2) * residuals)
        volume = rows.shape[1] * np.linalg.slogdet(S)[1].sum()
        value -= 0.5 * (distance + volume + rows.size * columns.shape[1] * _LOG_2PI)
    return float(value)


def gaussian_map(
    Z, prior_mean, prior_cov, strength, *, start=None, max_iter=200, tol=1e-3, floor=0.0
):
    r"""Return the most probable Gaussian of incomplete rows, under a prior.

    The prior is normal-inverse-Wishart,

    .. math::

        \mu \mid \Sigma \sim N(m, \Sigma / k), \qquad
        \Sigma \sim W^{-1}(k S,\; k - d - 2),

    under which the prior counts as :math:`k` rows of mean :math:`m` and covariance
    :math:`S`. The EM algorithm fills each row by its conditional mean
    :math:`\hat z_i` and covariance :math:`C_i`, and then takes

    .. math::

        \mu = \frac{k m + \sum_i \hat z_i}{k + n}, \qquad
        \Sigma = \frac{k S + k (m - \mu)(m - \mu)^T
            + \sum_i (\hat z_i - \mu)(\hat z_i - \mu)^T + \sum_i C_i}{k + n},

    until neither moves by more than `tol`.

    Parameters
    ----------
    Z : ndarray of shape (n_samples, n_columns)
        Rows, with NaN for missing cells.

    prior_mean : ndarray of shape (n_columns,)
        The mean :math:`m`.

    prior_cov : ndarray of shape (n_columns, n_columns)
        The covariance :math:`S`.

    strength : float
        The number of rows :math:`k`. 0 gives the most likely Gaussian, infinity the
        prior.

    start : tuple of ndarray, default=None
        Mean and covariance to start from; those of the prior if None.

    max_iter : int, default=200
        Most iterations.

    tol : float, default=1e-3
        Largest change of an entry of mean or covariance at which to stop.

    floor : float, default=0.0
        Added to the diagonal of the covariance.

    Returns
    -------
    mean : ndarray of shape (n_columns,)
        The most probable mean.

    cov : ndarray of shape (n_columns, n_columns)
        The most probable covariance.

    n_iter : int
        Number of iterations; `max_iter` + 1 if they did not converge.

    Notes
    -----
    An iteration takes time O(sum_p o_p^3 + n d^2) for patterns p that observe o_p
    cells, and memory O(n d + d^2).
    """
    prior_cov = prior_cov + floor * np.eye(len(prior_mean))
    mean, cov = (prior_mean, prior_cov) if start is None else start
    if np.isinf(strength):
        return prior_mean, prior_cov, 1
    observed = ~np.isnan(Z)
    blocks = list(_blocks(observed))
    total = strength + len(Z)
    for n_iter in range(1, max_iter + 1):
        gains, precisions = _gains(Z, mean, cov, blocks)
        # Where a cell is observed, this is the cell.
        filled = np.where(observed, Z, mean + gains @ cov)
        spread = len(Z) * cov - cov @ precisions @ cov
        new_mean = (strength * prior_mean + filled.sum(axis=0)) / total
        off, centred = prior_mean - new_mean, filled - new_mean
        scatter = strength * (prior_cov + np.outer(off, off)) + centred.T @ centred
        new_cov = (scatter + spread) / total
        new_cov = (new_cov + new_cov.T) / 2 + floor * np.eye(len(mean))
        moved = max(np.abs(new_mean - mean).max(), np.abs(new_cov - cov).max())
        mean, cov = new_mean, new_cov
        if moved <= tol:
            return mean, cov, n_iter
    return mean, cov, max_iter + 1


def fill_held_out(Z, prior_mean, prior_cov, folds, *, max_iter=100, tol=1e-2):
    """Return held-out cells as Gaussians of several strengths of the prior fill them.

    Parameters
    ----------
    Z : ndarray of shape (n_samples, n_columns)
        Rows, with NaN for missing cells, in units in which columns can be compared.

    prior_mean, prior_cov : ndarray
        As in `gaussian_map`.

    folds : list of ndarray of shape (n_samples, n_columns), dtype bool
        Masks of observed cells to hold out.

    max_iter, tol
        As in `gaussian_map`.

    Returns
    -------
    fills : dict of float to ndarray of the shape of `Z`
        For each strength of a grid, from infinity down, its values of these cells, each
        by a Gaussian that was not shown it; NaN elsewhere.
    """
    rows = np.unique(np.maximum(_STRENGTHS * len(Z), 1.0))
    fills = {k: np.full(Z.shape, np.nan) for k in (np.inf, *rows[::-1].tolist())}
    for fold in folds:
        shown = np.where(fold, np.nan, Z)
        found = None
        for strength, filled in fills.items():
            mean, cov, _ = gaussian_map(
                shown,
                prior_mean,
                prior_cov,
                strength,
                start=found,
                max_iter=max_iter,
                tol=tol,
                floor=COVARIANCE_FLOOR,
            )
            found = mean, cov
            filled[fold] = conditional_mean(shown, mean, cov)[fold]
    return fills


def choose_strength(fills, Z):
    """Return the strength of the prior that fills held-out cells best.

    Parameters
    ----------
    fills : dict of float to ndarray
        What `fill_held_out` gives.

    Z : ndarray of shape (n_samples, n_columns)
        The rows.

    Returns
    -------
    strength : float
        The best of the grid.

    scores : dict of float to float
        Root mean square error over the held-out cells, for each strength.
    """
    scores = {k: rmse(found, Z, ~np.isnan(found)) for k, found in fills.items()}
    return min(scores, key=scores.get), scores


class GaussianTransferImputer(TransferImputer):
    r"""Fill missing cells by a Gaussian of the target, with the source as its prior.

    Missing cells get their mean given the observed cells of the row, under a Gaussian
    whose mean and covariance are the most probable ones under a prior: the source,
    brought to the units of the target, counts as `prior_strength` further rows. The EM
    algorithm finds them, see :func:`gaussian_map`. Without a source, independent
    columns take its place, so that it is an EM imputer with shrinkage.

    Where the target has few rows or few observed cells it is a strong and cheap
    baseline, also for networks.

    Which table is which: `X` is the domain that is not named, see `TransferImputer`.

    Parameters
    ----------
    Xt : array-like of shape (n_target_samples, n_features), default=None
        Target rows, used when `fit` is given none. `X` of `fit` is then the source.

    X_source : array-like of shape (n_source_samples, n_source_features), default=None
        Source rows, complete or not, used when `fit` is given none. `X` of `fit` is
        then the target. Columns of two frames are matched by name.

    scaling : {"shrunk", "own", "source"}, default="shrunk"
        How the source is brought to the units of the target. "own": each column to the
        mean and the standard deviation of the target's observed cells. "shrunk": to
        those, as if ten more cells had the source's, which serves columns with few
        observed cells. "source": not at all.

    prior_strength : float or "auto", default="auto"
        How many rows the prior counts as. 0 trusts the target alone, infinity the
        source alone. "auto" tries 0.01 to 100 times the number of target rows (but at
        least 1) and infinity on held-out observed cells, on at most 500 rows.

    cv : int, default=3
        Number of folds of observed cells for that.

    max_iter : int, default=500
        Most iterations of the EM algorithm.

    tol : float, default=1e-3
        Change of means and covariances, in units of the columns' standard deviations,
        at which it has converged.

    categorical_features : array-like of int, str or bool, default=None
        Positions, names or a mask of the columns that hold levels, as numbers. Each
        level becomes a column of zeros and ones, and the largest is taken. A level that
        `fit` did not see counts as missing, but is not replaced.

    round_discrete : bool or array-like of int, str or bool, default=False
        Columns whose imputed values are rounded. True: those that hold only integers.

    add_indicator : bool, default=False
        Whether to append columns that say which cells were missing, for columns that
        had missing cells in the target in `fit`.

    keep_empty_features : bool, default=False
        Whether columns without any value in either domain are kept, filled with 0.

    verbose : int, default=0
        Whether to print how long each stage took.

    random_state : int, RandomState instance or None, default=None
        Draws the held-out cells, and the draws of `sample`.

    Attributes
    ----------
    mean_ : ndarray of shape (n_columns,)
        Mean of the target. There is a column for each number and for each level.

    covariance_ : ndarray of shape (n_columns, n_columns)
        Covariance of the target.

    prior_strength_ : float
        How many rows the prior counts as.

    n_iter_ : int
        Number of iterations of the EM algorithm on the target.

    validation_scores_ : dict of float to float
        Root mean square error on held-out cells for each strength tried, in units of
        the columns' standard deviations; only with "auto".

    empty_features_ : ndarray of int
        Columns without any value.

    indicator_ : MissingIndicator
        With `add_indicator`.

    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen in `fit`, where `X` has string column names.

    Warns
    -----
    ConvergenceWarning
        If the EM algorithm did not converge.

    Notes
    -----
    An iteration takes time O(sum_p o_p^3 + n d^2), for the patterns p of observed
    cells, of which there are at most n, and memory O(n d + d^2); at most 27 runs choose
    the strength. `transform` costs as much as one iteration.

    References
    ----------
    .. [1] Dempster, Laird and Rubin. "Maximum likelihood from incomplete data via the
       EM algorithm." JRSS B, 1977.

    .. [2] Schafer. "Analysis of incomplete multivariate data." Chapman & Hall, 1997.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.imputation import GaussianTransferImputer
    >>> rng = np.random.default_rng(0)
    >>> source = rng.normal(size=(200, 1)) * [1.0, 2.0]  # the second is twice the first
    >>> target = np.array([[11.0, np.nan], [9.0, 18.0], [np.nan, 22.0], [10.0, 20.0]])
    >>> imputer = GaussianTransferImputer(random_state=0).fit(target, X_source=source)
    >>> imputer.transform(target).round()
    array([[11., 22.],
           [ 9., 18.],
           [11., 22.],
           [10., 20.]])
    """

    _parameter_constraints: dict = {
        **TransferImputer._parameter_constraints,
        "scaling": [StrOptions({"shrunk", "own", "source"})],
        "prior_strength": [
            Interval(Real, 0, None, closed="both"),
            StrOptions({"auto"}),
        ],
        "cv": [Interval(Integral, 2, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        Xt=None,
        X_source=None,
        *,
        scaling="shrunk",
        prior_strength="auto",
        cv=3,
        max_iter=500,
        tol=1e-3,
        categorical_features=None,
        round_discrete=False,
        add_indicator=False,
        keep_empty_features=False,
        verbose=0,
        random_state=None,
    ):
        self.Xt = Xt
        self.X_source = X_source
        self.scaling = scaling
        self.prior_strength = prior_strength
        self.cv = cv
        self.max_iter = max_iter
        self.tol = tol
        self.categorical_features = categorical_features
        self.round_discrete = round_discrete
        self.add_indicator = add_indicator
        self.keep_empty_features = keep_empty_features
        self.verbose = verbose
        self.random_state = random_state

    def _fit_matrices(self, Zs, Zt, domains):
        d = Zt.shape[1]
        independent = np.zeros(d), np.eye(d)
        self._units, self._models = {}, {}
        if Zs is None:
            units, prior = column_units(Zt), independent
        else:
            source, units = shared_units(Zs, Zt, self.scaling)
            with self._stage("fitting the source"):
                prior = self._fitted(source.into(Zs), *independent, 0.0)[:2]
            self._units[True], self._models[True] = source, prior
        Z = units.into(Zt)
        strength = self.prior_strength
        if strength == "auto":
            with self._stage("choosing the strength of the prior"):
                strength, self.validation_scores_ = self._choose(Z, *prior)
        self.prior_strength_ = float(strength)
        with self._stage("fitting the target"):
            model = self._fitted(Z, *prior, self.prior_strength_)
        self._units[False], self._models[False] = units, model[:2]
        self.n_iter_ = model[2]
        self.mean_ = units.back(model[0])
        self.covariance_ = model[1] * np.outer(units.scale, units.scale)

    def _choose(self, Z, mean, cov):
        rng = check_random_state(self.random_state)
        if len(Z) > _TUNING_ROWS:
            Z = Z[rng.choice(len(Z), _TUNING_ROWS, replace=False)]
        folds = cell_folds(~np.isnan(Z), self.cv, rng, self._columns.groups)
        return choose_strength(fill_held_out(Z, mean, cov, folds), Z)

    def _fitted(self, Z, mean, cov, strength):
        mean, cov, n_iter = gaussian_map(
            Z,
            mean,
            cov,
            strength,
            max_iter=self.max_iter,
            tol=self.tol,
            floor=COVARIANCE_FLOOR,
        )
        if n_iter > self.max_iter:
            warnings.warn(
                f"The EM algorithm of {type(self).__name__} did not converge in "
                f"{self.max_iter} iterations: raise `max_iter`, or `prior_strength`.",
                ConvergenceWarning,
                stacklevel=6,
            )
        return mean, cov, n_iter

    def _impute(self, Z, is_source):
        units, model = self._of(is_source)
        return units.back(conditional_mean(units.into(Z), *model))

    def _of(self, is_source):
        # Without a source all rows are of the one domain that there is.
        is_source = is_source and True in self._models
        return self._units[is_source], self._models[is_source]

    def _sample(self, Z, is_source, rng):
        units, model = self._of(is_source)
        return units.back(conditional_draw(units.into(Z), *model, rng))
