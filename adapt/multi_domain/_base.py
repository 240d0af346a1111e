"""What models of many domains share: a state of sums that adds, subtracts and travels.

A subclass says how rows become columns of the sums, and solves for its model whenever
the sums have changed.
"""

import warnings
from abc import ABCMeta, abstractmethod
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_consistent_length, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from adapt._adapt_arguments import ExplainsArguments
from adapt._sklearn import Interval, _check_sample_weight, _fit_context
from adapt.base._row_blocks import as_blocks, come_in_blocks
from adapt.multi_domain._random_features import with_random_relu
from adapt.multi_domain._sums import DomainSums

_DOUBTFUL_RATIO = 1e3  # of standard deviations of one column, in two states


def read_domains(sample_domain, n_samples):
    """Return the domain of each row: whole numbers or strings, one type for all.

    Parameters
    ----------
    sample_domain : array-like of shape (n_samples,), int, str or None
        A scalar serves all rows. If None, all rows are of domain 0.

    n_samples : int
        The number of rows.

    Returns
    -------
    domain : ndarray of shape (n_samples,)
    """
    domain = np.asarray(0 if sample_domain is None else sample_domain)
    if domain.ndim == 0:
        domain = np.full(n_samples, domain)
    if domain.shape != (n_samples,):
        raise ValueError(
            f"`sample_domain` must be a scalar or of shape ({n_samples},), got shape "
            f"{domain.shape}."
        )
    if domain.dtype.kind == "O":
        kinds = {isinstance(name, str) for name in domain.tolist()}
        if kinds == {True}:
            return domain.astype(str)
        domain = np.array(domain.tolist()) if kinds == {False} else domain
    if domain.dtype.kind == "f" and np.all(domain == np.floor(domain)):
        domain = domain.astype(np.intp)
    if domain.dtype.kind not in "iubUS":
        raise ValueError(
            "`sample_domain` must be whole numbers or strings, without missing values; "
            f"got values such as {domain.tolist()[:3]}."
        )
    return domain.astype(np.intp) if domain.dtype.kind == "b" else domain


class MultiDomainEstimator(ExplainsArguments, BaseEstimator, metaclass=ABCMeta):
    """Base of models whose state are sums of rows by domain."""

    __metadata_request__fit = {"sample_domain": True}
    __metadata_request__partial_fit = {"sample_domain": True}
    __metadata_request__predict = {"sample_domain": True}
    __metadata_request__predict_proba = {"sample_domain": True}
    __metadata_request__decision_function = {"sample_domain": True}
    __metadata_request__score = {"sample_domain": True}

    _parameter_constraints: dict = {
        "features": [None, Interval(Integral, 1, None, closed="left")],
        "forgetting": [Interval(Real, 0, 1, closed="right")],
        "random_state": ["random_state"],
    }

    # Whether each domain has second moments of its own.
    _by_domain = False

    @abstractmethod
    def _read_labels(self, y):
        """Return labels as the sums take them, and columns to append to the rows."""

    @abstractmethod
    def _solve(self):
        """Set the attributes that follow from `sums_`."""

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None, *, sample_domain=None, sample_weight=None):
        """Learn from rows of any number of domains, and from nothing before them.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows. `adapt.base.RowBlocks` and collections of Dask are read a block at
            a time.

        y : array-like of shape (n_samples,)
            Their labels; None where blocks hold them.

        sample_domain : array-like of shape (n_samples,), int or str, default=None
            The domain of each row: whole numbers or strings. All are alike, none is the
            target. If None, there is one domain.

        sample_weight : array-like of shape (n_samples,), default=None
            What each row counts. A weight of 2 is as the row twice.

        Returns
        -------
        self : object
            The model.
        """
        if come_in_blocks(X):
            return self._fit_blocks(X, y, sample_domain, sample_weight)
        rows = self._read(X, y, sample_domain, sample_weight, reset=True)
        self.sums_ = self._sums_of(*rows)
        self._solve()
        return self

    def _fit_blocks(self, X, y, sample_domain, sample_weight):
        """Learn from rows that are read a block at a time, once."""
        if sample_weight is not None:
            raise ValueError("`sample_weight` is not taken with blocks of rows.")
        sums = None
        for block in as_blocks(X, y, sample_domain):
            if len(block[0]) == 0:
                continue
            rows = self._read(*block, None, reset=sums is None)
            new = self._sums_of(*rows, origin=None if sums is None else sums.origin)
            sums = new if sums is None else sums.add(new)
        if sums is None:
            raise ValueError("`X` has no rows: all of its blocks are empty.")
        self.sums_ = sums
        self._solve()
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self, X, y, *, sample_domain=None, sample_weight=None, classes=None
    ):
        """Learn from more rows. New classes and new domains may come at any time.

        With ``forgetting < 1`` all rows before this call count that much less.

        Parameters
        ----------
        X, y, sample_domain, sample_weight
            As in `fit`.

        classes : ignored
            What scikit-learn asks for at the first call. Classes need no announcement.

        Returns
        -------
        self : object
            The model.
        """
        first = getattr(self, "sums_", None) is None
        rows = self._read(X, y, sample_domain, sample_weight, reset=first)
        if first:
            self.sums_ = self._sums_of(*rows)
        else:
            new = self._sums_of(*rows, origin=self.sums_.origin)
            self.sums_ = self.sums_.decay(self.forgetting).add(new)
        self._solve()
        return self

    def forget(self, X, y, *, sample_domain=None, sample_weight=None):
        """Take rows out again: the model is as if they had never been seen.

        Exact where nothing was decayed since they came (``forgetting=1``).

        Parameters
        ----------
        X, y, sample_domain, sample_weight
            As in `fit`.

        Returns
        -------
        self : object
            The model.

        Raises
        ------
        ValueError
            If there were fewer rows of a class in a domain than are given, or if none
            would be left. The model stays as it was.
        """
        check_is_fitted(self)
        rows = self._read(X, y, sample_domain, sample_weight, reset=False)
        left = self.sums_.subtract(self._sums_of(*rows, origin=self.sums_.origin))
        if not left.counts.any():
            raise ValueError("No row would be left. Make a new model instead.")
        self.sums_ = left
        self._solve()
        return self

    def merge(self, other):
        """Take in what another model of the same kind has seen.

        Parameters
        ----------
        other : object
            A fitted model of the same class, columns and random features.

        Returns
        -------
        self : object
            As if it had seen the rows of both.

        Raises
        ------
        ValueError
            If the columns, their names or the random features are others.
        """
        check_is_fitted(self)
        check_is_fitted(other)
        if type(other) is not type(self):
            raise ValueError(
                f"`other` must be a {type(self).__name__}, got {type(other).__name__}."
            )
        ours, theirs = self._layout(), other._layout()
        for name, what in ours.items():
            if not np.array_equal(what, theirs[name]):
                raise ValueError(
                    f"`other` has `{name}` {theirs[name]!r}, but this model has "
                    f"{what!r}: their sums are of different columns."
                )
        _check_units(self.sums_, other.sums_)
        self.sums_ = self.sums_.add(other.sums_)
        self._solve()
        return self

    def state(self, *, min_count=None):
        """Return all that the model knows, as arrays.

        The arrays are counts, sums and second moments, from which a row of a class with
        one row, or one feature that few rows have, can be read.

        Parameters
        ----------
        min_count : float, default=None
            The fewest rows that a class may have in a domain for the state to be given
            away.

        Returns
        -------
        state : dict of str to ndarray
            Of two states with the same origin, classes and domains, ``counts``,
            ``sums`` and ``moments`` add up to those of the rows of both.

        Raises
        ------
        ValueError
            If a class has fewer rows than ``min_count`` in a domain.
        """
        check_is_fitted(self)
        sums = self.sums_
        few = np.zeros_like(sums.counts, dtype=bool)
        if min_count is not None:
            few = (sums.counts > 0) & (sums.counts < min_count)
        if few.any():
            cells = ", ".join(
                f"{sums.classes[c].item()!r} in {sums.domains[d].item()!r} "
                f"({sums.counts[d, c]:g})"
                for d, c in np.argwhere(few)[:5]
            )
            raise ValueError(
                f"The state would reveal classes of fewer than `min_count`={min_count} "
                f"rows: {cells}. Leave these rows out, or join classes."
            )
        layout = {name: np.asarray(what) for name, what in self._layout().items()}
        return {**sums.state(), **layout}

    @classmethod
    def from_state(cls, state, **params):
        """Return a fitted model of the arrays that `state` gave.

        Parameters
        ----------
        state : dict of str to ndarray
            What `state` returned, or such arrays added up.

        **params : dict
            Parameters of the model, which a state does not hold.

        Returns
        -------
        model : object
            The model.
        """
        model = cls(**params)
        model._validate_params()
        if model._n_random != int(state["features"]):
            raise ValueError(
                f"The state has {int(state['features'])} random features, but "
                f"`features`={model.features!r}. Give the same number."
            )
        model.n_features_in_ = int(state["n_features_in"])
        if state["feature_names_in"].size:
            model.feature_names_in_ = np.asarray(state["feature_names_in"], object)
        model.feature_seed_ = int(state["feature_seed"])
        model._set_layout(state)
        model.sums_ = DomainSums.from_state(state)
        if model.sums_.counts.any():
            model._solve()
        return model

    def empty_state(self, *, classes, domains, origin):
        """Return a state of no rows, for parties whose states shall add up.

        Each party makes a model of it by `from_state`, calls `partial_fit` with rows of
        its own, and gives ``counts``, ``sums`` and ``moments`` of its `state` away.

        Parameters
        ----------
        classes, domains : array-like
            The names of all classes and domains that may come.

        origin : array-like of shape (n_features,)
            A point near the rows, such as public means of the columns.

        Returns
        -------
        state : dict of str to ndarray
            Zeros, with the layout of the columns.
        """
        self._validate_params()
        origin = np.asarray(origin, dtype=np.float64)
        seed = self._draw_seed()
        columns = with_random_relu(origin[None], self._n_random, seed)[0]
        sums = DomainSums.empty(columns, classes, domains, by_domain=self._by_domain)
        layout = {
            "n_features_in": len(origin),
            "feature_names_in": [],
            "features": self._n_random,
            "feature_seed": seed,
        }
        return {**sums.state(), **{k: np.asarray(v) for k, v in layout.items()}}

    # -------------------------------------------------------------- rows and columns

    def _layout(self):
        """Return what two models must have in common for their sums to add up."""
        return {
            "n_features_in": self.n_features_in_,
            "feature_names_in": list(getattr(self, "feature_names_in_", [])),
            "features": self._n_random,
            "feature_seed": self.feature_seed_,
        }

    def _set_layout(self, state):
        """Take what a subclass put into the layout beside this."""

    @property
    def _n_random(self):
        return self.features or 0

    def _draw_seed(self):
        if not self._n_random:
            return 0
        return int(check_random_state(self.random_state).randint(2**31 - 1))

    def _columns(self, X):
        """Return rows with their random features."""
        return with_random_relu(X, self._n_random, self.feature_seed_)

    def _read(self, X, y, sample_domain, sample_weight, *, reset):
        """Validate rows, and return those of positive weight."""
        X = validate_data(self, X, reset=reset, dtype=[np.float64, np.float32])
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is "
                "None."
            )
        labels, outputs = self._read_labels(y)
        check_consistent_length(X, labels)
        domain = read_domains(sample_domain, len(X))
        weight = None
        if sample_weight is not None:
            weight = _check_sample_weight(
                sample_weight, X, dtype=np.float64, ensure_non_negative=True
            )
            keep = weight > 0
            if not keep.any():
                raise ValueError("`sample_weight` is zero for all rows.")
            if not keep.all():
                X, labels, domain, weight = (
                    a[keep] for a in (X, labels, domain, weight)
                )
                outputs = None if outputs is None else outputs[keep]
        if reset:
            self.feature_seed_ = self._draw_seed()
        return X, labels, outputs, domain, weight

    def _sums_of(self, X, labels, outputs, domain, weight, *, origin=None):
        """Return the sums of validated rows, about their mean if not about a point."""

        def rows(index):
            columns = self._columns(X[index])
            return columns if outputs is None else np.c_[columns, outputs[index]]

        if origin is None:
            some = np.linspace(0, len(X) - 1, min(len(X), 1000)).astype(int)
            origin = rows(some).mean(axis=0)
        return DomainSums.of(
            rows,
            labels,
            domain,
            weight=weight,
            origin=origin,
            by_domain=self._by_domain,
        )

    def _positions(self, sample_domain, n_samples):
        """Return which model serves each row; -1, the last, is the shared one."""
        if sample_domain is None:
            return np.full(n_samples, -1)
        domain = read_domains(sample_domain, n_samples)
        texts = self.domains_.dtype.kind in "US"
        if (domain.dtype.kind in "US") != texts:
            raise ValueError(
                f"`sample_domain` must be {'strings' if texts else 'whole numbers'}, "
                f"as in `fit`, got {domain[0].item()!r}."
            )
        at = np.searchsorted(self.domains_, domain)
        at = np.minimum(at, len(self.domains_) - 1)
        return np.where(self.domains_[at] == domain, at, -1)

    def _linear(self, X, sample_domain, coef, intercept, center):
        """Return ``(X - center) coef' + intercept`` of the domain of each row.

        ``coef`` has shape (n_domains + 1, n_outputs, n_columns), the shared one last.
        """
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=[np.float64, np.float32])
        at = self._positions(sample_domain, len(X))
        found = np.empty((len(X), coef.shape[1]))
        for k in np.unique(at):
            rows = at == k
            columns = self._columns(X[rows]) - center
            found[rows] = columns @ coef[k].T + intercept[k]
        return found

    def __sklearn_is_fitted__(self):
        """Whether rows have been seen."""
        return getattr(self, "sums_", None) is not None and self.sums_.counts.any()

    def __sklearn_tags__(self):
        """Say that labels are needed."""
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags


def _check_units(first, second):
    """Warn of columns that spread a thousand times wider in one state."""
    spreads = []
    for sums in (first, second):
        n = max(sums.counts.sum(), 1)
        mean = sums.sums.sum(axis=(0, 1)) / n
        variance = np.diag(sums.total_moments) / n - mean**2
        spreads.append(np.sqrt(np.maximum(variance, 0)))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.maximum(spreads[0] / spreads[1], spreads[1] / spreads[0])
    doubtful = np.flatnonzero(np.isfinite(ratio) & (ratio > _DOUBTFUL_RATIO))
    if len(doubtful):
        warnings.warn(
            f"Columns {doubtful[:5].tolist()} of the two states spread by more than "
            f"{_DOUBTFUL_RATIO:g} to one. Are their units the same?",
            UserWarning,
            stacklevel=3,
        )
