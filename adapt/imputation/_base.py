"""What imputers share: the roles of tables, columns of all kinds, and the output."""

import warnings
from abc import abstractmethod
from contextlib import contextmanager

import numpy as np
from sklearn.impute import MissingIndicator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from adapt._adapt_arguments import ExplainingTransformer
from adapt._domains import (
    check_rows,
    check_sample_domain,
    pair_with_source,
    split_domains,
)
from adapt._sklearn import _check_feature_names_in, _fit_context
from adapt.base import BaseAdapter
from adapt.imputation._columns import column_mask, read_columns
from adapt.imputation._matched_columns import match_columns

__all__ = ["TransferImputer"]


@contextmanager
def unchanged_on_error(estimator):
    """Give an estimator back what it held if an error or an interruption ends a block.

    What it held must be replaced in the block, not changed.
    """
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise


class TransferImputer(ExplainingTransformer, BaseAdapter):
    """Fill the missing cells of a target, with a source to learn from.

    This is the base of imputers. A subclass learns from two matrices in
    `_fit_matrices`, fills one in `_impute` and draws one in `_sample`. Matrices have
    one column for each number and one for each level of a category, in float64, with
    NaN for missing cells; columns of which no value is known are left out. Cells that
    were observed come back from `transform` bit for bit.

    **Which table is which.** One rule: `X` is the domain that is not named.

    - ``fit(X)``: there is no source, `X` is the target.
    - ``fit(X, X_source=S)``: the source is named, `X` is the target.
    - ``fit(X, Xt=T)``: the target is named, `X` is the source, as for every adapter.
    - ``fit(X, sample_domain=d)``: `X` holds both, target rows where `d` is negative.

    `X_source` and `Xt` may also be given to the constructor. `transform` takes rows of
    the target, and rows of the source with ``sample_domain=0``. `fit_transform` returns
    the rows of `X`, each filled by its own domain. So an imputer is the first step of a
    pipeline whose later steps adapt::

        Pipeline([("fill", GaussianTransferImputer()), ("adapt", CORAL(estimator))],
                 transform_input=["Xt"]).fit(Xs, ys, Xt=Xt)

    An error or an interruption that `fit` does not handle leaves the imputer as it was
    before.

    See Also
    --------
    GaussianTransferImputer : By a Gaussian; needs no network.
    GAINImputer : By networks.
    ClueGAINImputer : By networks that were trained on the source first.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.imputation import TransferImputer
    >>> class MeanImputer(TransferImputer):
    ...     def __init__(self, Xt=None, X_source=None, categorical_features=None,
    ...                  round_discrete=False, add_indicator=False,
    ...                  keep_empty_features=False, verbose=0, random_state=None):
    ...         self.Xt, self.X_source = Xt, X_source
    ...         self.categorical_features = categorical_features
    ...         self.round_discrete = round_discrete
    ...         self.add_indicator = add_indicator
    ...         self.keep_empty_features = keep_empty_features
    ...         self.verbose, self.random_state = verbose, random_state
    ...     def _fit_matrices(self, Zs, Zt, domains):
    ...         self.mean_ = np.nanmean(Zt, axis=0)
    ...     def _impute(self, Z, is_source):
    ...         return np.broadcast_to(self.mean_, Z.shape)
    ...     def _sample(self, Z, is_source, rng):
    ...         return self._impute(Z, is_source)
    >>> X = np.array([[1.0, np.nan], [3.0, 5.0]])
    >>> MeanImputer().fit_transform(X)
    array([[1., 5.],
           [3., 5.]])
    """

    __metadata_request__fit = {"X_source": True}
    __metadata_request__transform = {"sample_domain": True}

    _parameter_constraints: dict = {
        **{
            name: BaseAdapter._parameter_constraints[name]
            for name in ("Xt", "verbose", "random_state")
        },
        "X_source": ["array-like", None],
        "categorical_features": ["array-like", None],
        "round_discrete": ["boolean", "array-like"],
        "add_indicator": ["boolean"],
        "keep_empty_features": ["boolean"],
    }

    _source_optional = True
    _allows_nan = True
    _data_parameters = ("Xt", "X_source")

    @abstractmethod
    def _fit_matrices(self, Zs, Zt, domains):
        """Learn from source and target; ``Zs`` is None if there is no source."""

    @abstractmethod
    def _impute(self, Z, is_source):
        """Return rows of one domain without NaN; observed cells need not be kept."""

    @abstractmethod
    def _sample(self, Z, is_source, rng):
        """Return rows of one domain with missing cells drawn at random."""

    # Fitting

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None, Xt=None, yt=None, *, sample_domain=None, X_source=None):
        """Learn to fill the missing cells of the target.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The domain that is not named: the target, unless `Xt` or `sample_domain`
            says where the target is. With `Xt`, here or in the constructor, the source;
            with `sample_domain`, both.

        y : ignored
            Labels are not used.

        Xt : array-like of shape (n_target_samples, n_features), default=None
            The target, where `X` is the source. If None, `Xt` as given to the
            constructor.

        yt : ignored
            Labels are not used.

        sample_domain : int or array-like of shape (n_samples,), default=None
            Domain of each row of `X`, where `X` holds both: negative for the target,
            otherwise a source; different values are different sources.

        X_source : array-like of shape (n_source_samples, n_source_features), \
                default=None
            The source, where `X` is the target. Columns of two frames are matched by
            name. If None, `X_source` as given to the constructor.

        Returns
        -------
        self : object
            The fitted imputer.

        Raises
        ------
        ValueError
            If a domain is given twice, if every cell is missing, or if tables do not
            fit together.
        """
        source = self.X_source if X_source is None else X_source
        with unchanged_on_error(self):
            self._adapt(self._read_domains(X, Xt, sample_domain, source))
        return self

    def _read_domains(self, X, Xt, sample_domain, source):
        """Return `Domains`, however they were given."""
        if source is None:
            return split_domains(self, X, None, Xt, None, sample_domain)
        source = match_columns(source, X)
        if source is None:
            return split_domains(self, X)
        return pair_with_source(self, X, source, Xt, sample_domain)

    def _adapt(self, domains):
        Zs, Zt = self._read_matrices(domains)
        self._fit_matrices(Zs, Zt, domains)

    def _read_matrices(self, domains):
        """Take note of the columns, and return the domains as matrices."""
        Xs, Xt = domains.Xs, domains.Xt
        flat = [X.reshape(-1, X.shape[-1]) for X in (Xs, Xt) if X is not None]
        self._read_columns(Xt, np.concatenate(flat))
        if self.add_indicator:
            self.indicator_ = MissingIndicator(error_on_new=False).fit(flat[-1])
        return None if Xs is None else self._encode(Xs), self._encode(Xt)

    def _read_columns(self, X, table):
        """Take note of the shape of samples ``X``, and what is in the columns."""
        self._shape = X.shape[1:]
        names = getattr(self, "feature_names_in_", None)
        n_features = X.shape[-1]
        categorical = column_mask(
            "categorical_features", self.categorical_features, n_features, names
        )
        whole = self._whole_columns(table, categorical, names)
        self._columns = read_columns(table, categorical, whole)
        if not len(self._columns.kept):
            raise ValueError(
                f"Every cell of `X` is missing: {type(self).__name__} has nothing to "
                "learn from."
            )
        self.empty_features_ = np.setdiff1d(np.arange(n_features), self._columns.kept)

    def _whole_columns(self, table, categorical, names):
        """Return which columns are rounded."""
        n_features = table.shape[1]
        given = self.round_discrete
        if given is not True:
            given = None if given is False else given
            return column_mask("round_discrete", given, n_features, names)
        with np.errstate(invalid="ignore"):
            return np.all(np.isnan(table) | (table == np.rint(table)), axis=0)

    def _encode(self, X):
        flat = self._columns.encode(X.reshape(-1, X.shape[-1]))
        return flat.reshape(*X.shape[:-1], -1)

    def fit_transform(
        self, X, y=None, Xt=None, yt=None, *, sample_domain=None, X_source=None
    ):
        """Fit, and fill the rows of ``X``, each by its domain.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            As in `fit`: the domain that is not named.

        y : ignored
            Labels are not used.

        Xt : array-like of shape (n_target_samples, n_features), default=None
            The target, where `X` is the source.

        yt : ignored
            Labels are not used.

        sample_domain : int or array-like of shape (n_samples,), default=None
            Domain of each row of `X`, where `X` holds both.

        X_source : array-like of shape (n_source_samples, n_source_features), \
                default=None
            The source, where `X` is the target.

        Returns
        -------
        X_new : ndarray of shape (n_samples, n_features_out)
            The filled rows of `X`, each filled by its own domain: of the source, where
            `Xt` is the target.
        """
        self.fit(X, y, Xt, yt, sample_domain=sample_domain, X_source=X_source)
        if sample_domain is None:
            sample_domain = -1 if Xt is None and self.Xt is None else 0
        return self.transform(X, sample_domain=sample_domain)

    # Imputing

    def transform(self, X, *, sample_domain=None):
        """Fill missing cells, without fitting again.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows of the target, seen in `fit` or not.

        sample_domain : int or array-like of shape (n_samples,), default=None
            Where rows are of a source: values >= 0 for those, and negative values for
            rows of the target.

        Returns
        -------
        X_new : ndarray of shape (n_samples, n_features_out)
            The filled rows. Observed cells are as they were.

        Warns
        -----
        UserWarning
            If columns are left out because `fit` saw no value of them in either domain.
        """
        X, is_source = self._read(X, sample_domain)
        self._warn_of_empty_columns(stacklevel=4)
        return self._finished(X, self._by_domain(X, is_source, self._impute))

    def sample(self, X, n_draws=1, *, sample_domain=None, random_state=None):
        """Draw the missing cells several times, to see how uncertain they are.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows of the target.

        n_draws : int, default=1
            Number of draws.

        sample_domain : int or array-like of shape (n_samples,), default=None
            As in `transform`.

        random_state : int, RandomState instance or None, default=None
            Seed of the draws. If None, `random_state` as given to the constructor.

        Returns
        -------
        draws : ndarray of shape (n_draws, n_samples, n_features_out)
            As many filled tables, which differ where cells were missing.
        """
        if n_draws < 1:
            raise ValueError(f"`n_draws` must be at least 1, got {n_draws}.")
        X, is_source = self._read(X, sample_domain)
        self._warn_of_empty_columns(stacklevel=3)
        seed = self.random_state if random_state is None else random_state
        rng = check_random_state(seed)

        def draw(Z, is_source):
            return self._sample(Z, is_source, rng)

        draws = [
            self._finished(X, self._by_domain(X, is_source, draw))
            for _ in range(n_draws)
        ]
        return np.stack(draws)

    def _read(self, X, sample_domain):
        check_is_fitted(self)
        X = check_rows(self, X)
        if X.shape[1:] != self._shape:
            raise ValueError(
                f"`X` has samples of shape {X.shape[1:]}, but {type(self).__name__} "
                f"was fitted with samples of shape {self._shape}."
            )
        domain = check_sample_domain(-1 if sample_domain is None else sample_domain, X)
        return X, domain >= 0

    def _warn_of_empty_columns(self, stacklevel):
        if self.keep_empty_features or not len(self.empty_features_):
            return
        names = getattr(self, "feature_names_in_", None)
        empty = self.empty_features_ if names is None else names[self.empty_features_]
        warnings.warn(
            f"Columns without any observed value in `fit` are left out: "
            f"{empty.tolist()}. `keep_empty_features=True` keeps them, filled with 0.",
            UserWarning,
            stacklevel=stacklevel,
        )

    def _by_domain(self, X, is_source, fill):
        Z = self._encode(X)
        incomplete = np.isnan(Z).any(axis=tuple(range(1, Z.ndim)))
        for of_source in (True, False):
            rows = np.flatnonzero(incomplete & (is_source == of_source))
            if len(rows):
                Z[rows] = fill(Z[rows], of_source)
        return Z

    def _finished(self, X, Z):
        """Return the output from the input and its filled matrix."""
        n_features = X.shape[-1]
        filled = self._columns.decode(Z.reshape(-1, Z.shape[-1]), n_features)
        filled = filled.reshape(X.shape).astype(X.dtype, copy=False)
        filled = np.where(np.isnan(X), filled, X)
        if not self.keep_empty_features and len(self._columns.kept) < n_features:
            filled = filled[..., self._columns.kept]
        if self.add_indicator:
            missing = self.indicator_.transform(X.reshape(-1, n_features))
            missing = missing.reshape(*X.shape[:-1], -1)
            filled = np.concatenate([filled, missing.astype(X.dtype)], axis=-1)
        return filled

    def get_feature_names_out(self, input_features=None):
        """Return the names of the columns that `transform` gives.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the columns of `X`; those seen in `fit` if None.

        Returns
        -------
        names : ndarray of str
            Those of the columns, and ``missingindicator_...`` with `add_indicator`.
        """
        check_is_fitted(self)
        names = _check_feature_names_in(self, input_features)
        kept = names if self.keep_empty_features else names[self._columns.kept]
        if not self.add_indicator:
            return kept
        return np.concatenate([kept, self.indicator_.get_feature_names_out(names)])
