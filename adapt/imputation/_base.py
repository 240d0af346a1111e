"""What imputers share: the roles of tables, columns of all kinds, and the output."""

from abc import abstractmethod

import numpy as np
from sklearn.base import TransformerMixin
from sklearn.impute import MissingIndicator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from adapt._domains import check_rows, check_sample_domain
from adapt._sklearn import _check_feature_names_in
from adapt.base import BaseAdapter
from adapt.imputation._columns import column_mask, read_columns
from adapt.imputation._matched_columns import match_columns

__all__ = ["TransferImputer"]


class TransferImputer(TransformerMixin, BaseAdapter):
    """Fill the missing cells of a target, with a source as a clue.

    A subclass learns from two matrices in `_fit_matrices` and fills one in `_impute`.
    They have one column for each number and one for each level of a category, in
    float64, with NaN for missing cells; columns of which no value is known are left
    out. Cells that were observed come back from `transform` bit for bit.
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

    def fit(self, X, y=None, Xt=None, yt=None, *, sample_domain=None, X_source=None):
        """Learn to fill the missing cells of the target.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            If there is no other target, the target. With `Xt`, here or in the
            constructor, the source, as for other adapters; with `sample_domain`, both
            in one table.

        y, yt : ignored
            Labels are not used.

        Xt : array-like of shape (n_target_samples, n_features), default=None
            The target. If None, `Xt` as given to the constructor.

        sample_domain : int or array-like of shape (n_samples,), default=None
            Domain of each row of `X`: negative for the target, otherwise a source;
            different values are different sources.

        X_source : array-like of shape (n_source_samples, n_source_features), \
                default=None
            The source, where `X` is the target. Columns of two frames are matched by
            name. If None, `X_source` as given to the constructor.

        Returns
        -------
        self : object
            The fitted imputer.
        """
        source = self.X_source if X_source is None else X_source
        if source is None:
            return super().fit(X, None, Xt, None, sample_domain=sample_domain)
        other = [("Xt", Xt), ("Xt", self.Xt), ("sample_domain", sample_domain)]
        twice = [name for name, value in other if value is not None]
        if twice:
            raise ValueError(
                "The domains were given twice: by `X_source`, with which `X` is the "
                f"target, and by `{twice[0]}`. Give one or the other."
            )
        source = match_columns(source, X)
        if source is None:
            return super().fit(X)
        return super().fit(source, None, X)

    def _adapt(self, domains):
        Xs, Xt = domains.Xs, domains.Xt
        flat = [X.reshape(-1, X.shape[-1]) for X in (Xs, Xt) if X is not None]
        self._read_columns(Xt, np.concatenate(flat))
        if self.add_indicator:
            self.indicator_ = MissingIndicator(error_on_new=False).fit(flat[-1])
        Zs = None if Xs is None else self._encode(Xs)
        self._fit_matrices(Zs, self._encode(Xt), domains)

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
        X, y, Xt, yt, sample_domain, X_source
            As in `fit`. The rows of `X` are of the source where they are in `fit`.

        Returns
        -------
        X_new : ndarray of shape (n_samples, n_features_out)
            The filled rows of `X`.
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
        """
        X, is_source = self._read(X, sample_domain)
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
