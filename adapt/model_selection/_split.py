"""Splitters that know domains: both are in the training set, and both in the test set.

A search with metadata routing gives them ``sample_domain`` by itself. Splitters of
scikit-learn work as well where chance puts rows of both domains on either side.
"""

from abc import abstractmethod
from numbers import Integral, Real

import numpy as np
from sklearn.model_selection import BaseCrossValidator, StratifiedKFold
from sklearn.utils import check_random_state

from adapt._domains import check_sample_domain, missing_labels


class _DomainSplitter(BaseCrossValidator):
    """A cross-validator that is given the domain of each row."""

    __metadata_request__split = {"sample_domain": True}

    def split(self, X, y=None, groups=None, *, sample_domain=None):
        """Yield rows to train and to test on.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows of all domains.

        y : array-like of shape (n_samples,), default=None
            Labels; those of target rows may be missing.

        groups : None
            Not used.

        sample_domain : array-like of shape (n_samples,)
            Domain of each row, negative for a target.

        Yields
        ------
        train, test : ndarrays of int
            Indices, sorted.
        """
        domain = self._check_domain(X, sample_domain)
        for train, test in self._indices(X, y, domain):
            yield np.sort(train), np.sort(test)

    def get_n_splits(self, X=None, y=None, groups=None, *, sample_domain=None):
        """Return the number of splits; parameters as in `split`.

        Returns
        -------
        n_splits : int
            Number of pairs of training and test rows.
        """
        return self.n_splits

    @abstractmethod
    def _indices(self, X, y, domain):
        """Yield training and test rows."""

    def _check_domain(self, X, sample_domain):
        name = type(self).__name__
        if sample_domain is None:
            raise ValueError(
                f"{name} needs `sample_domain`. A search gives it with "
                "`sklearn.set_config(enable_metadata_routing=True)` and "
                "`fit(X, y, sample_domain=sample_domain)`; otherwise use "
                "`cv=list(splitter.split(X, y, sample_domain=sample_domain))`."
            )
        return check_sample_domain(sample_domain, X)

    def _check_n_splits(self, least):
        if not isinstance(self.n_splits, Integral) or self.n_splits < least:
            raise ValueError(
                f"`n_splits` of {type(self).__name__} must be an integer of at least "
                f"{least}, got {self.n_splits!r}."
            )


def _part(rows, share, rng):
    """Return a random ``share`` of rows, at least one and not all, and the others."""
    n = min(max(round(share * len(rows)), 1), len(rows) - 1)
    rows = rng.permutation(rows)
    return rows[:n], rows[n:]


class _ShuffleSplit(_DomainSplitter):
    def __init__(self, n_splits=10, *, test_size=0.2, random_state=None):
        self.n_splits = n_splits
        self.test_size = test_size
        self.random_state = random_state

    def _check_shares(self):
        self._check_n_splits(1)
        if not isinstance(self.test_size, Real) or not 0 < self.test_size < 1:
            raise ValueError(
                f"`test_size` of {type(self).__name__} must be a share above 0 and "
                f"below 1, got {self.test_size!r}."
            )


class SourceTargetShuffleSplit(_ShuffleSplit):
    """Random splits with the same share of source and of target rows held out.

    Parameters
    ----------
    n_splits : int, default=10
        Number of splits.

    test_size : float, default=0.2
        Share of the source rows, and of the target rows, to test on.

    random_state : int, RandomState instance or None, default=None
        Draws the splits.

    See Also
    --------
    StratifiedDomainShuffleSplit : Keeps the shares of single domains and classes, too.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.model_selection import SourceTargetShuffleSplit
    >>> domain = np.repeat([0, -1], [8, 4])
    >>> splitter = SourceTargetShuffleSplit(1, test_size=0.25, random_state=0)
    >>> for train, test in splitter.split(np.zeros((12, 1)), sample_domain=domain):
    ...     print(domain[test])
    [ 0  0 -1]
    """

    def _indices(self, X, y, domain):
        self._check_shares()
        rng = check_random_state(self.random_state)
        sides = [np.flatnonzero(side) for side in (domain >= 0, domain < 0)]
        for side, name in zip(sides, ("source", "target"), strict=True):
            if len(side) < 2:
                raise ValueError(
                    f"SourceTargetShuffleSplit needs 2 {name} rows, got {len(side)}."
                )
        for _ in range(self.n_splits):
            parts = [_part(side, self.test_size, rng) for side in sides]
            test, train = (np.concatenate(part) for part in zip(*parts, strict=True))
            yield train, test


def _strata(y, domain):
    """Return a number for each pair of domain and class; a missing label is a class."""
    keys = [domain]
    if y is not None:
        y = np.asarray(y)
        missing = missing_labels(y)
        codes = np.full(len(y), -1)
        present = y[~missing]
        if y.dtype.kind == "O":
            present = np.array(present.tolist())
        codes[~missing] = np.unique(present, return_inverse=True)[1]
        keys.append(codes)
    return np.unique(np.stack(keys, axis=1), axis=0, return_inverse=True)[1].ravel()


class StratifiedDomainShuffleSplit(_ShuffleSplit):
    """Random splits that keep the shares of all domains, and of classes in each.

    Rows of one domain and one class are split by themselves, those without a label as
    if that were a class. A stratum of a single row is always trained on.

    Parameters
    ----------
    n_splits : int, default=10
        Number of splits.

    test_size : float, default=0.2
        Share of each stratum to test on.

    random_state : int, RandomState instance or None, default=None
        Draws the splits.

    See Also
    --------
    SourceTargetShuffleSplit : Splits source and target, whatever the labels.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.model_selection import StratifiedDomainShuffleSplit
    >>> domain = np.repeat([0, 1, -1], 4)
    >>> y = np.array([0, 0, 1, 1] * 2 + [np.nan] * 4)
    >>> splitter = StratifiedDomainShuffleSplit(1, test_size=0.5, random_state=0)
    >>> for train, test in splitter.split(y[:, None], y, sample_domain=domain):
    ...     print(domain[test], y[test])
    [ 0  0  1  1 -1 -1] [ 0.  1.  0.  1. nan nan]
    """

    def _indices(self, X, y, domain):
        self._check_shares()
        rng = check_random_state(self.random_state)
        strata = _strata(y, domain)
        groups = [np.flatnonzero(strata == k) for k in range(strata.max() + 1)]
        alone = [rows for rows in groups if len(rows) == 1]
        groups = [rows for rows in groups if len(rows) > 1]
        if not groups:
            raise ValueError(
                "StratifiedDomainShuffleSplit needs 2 rows of one domain and class; "
                "every row is alone in its own. Are the labels numbers?"
            )
        for _ in range(self.n_splits):
            parts = [_part(rows, self.test_size, rng) for rows in groups]
            test, train = zip(*parts, strict=True)
            yield np.concatenate([*train, *alone]), np.concatenate(test)


class DomainKFold(_DomainSplitter):
    """K folds, each with its share of the rows of every domain.

    So each training set can be adapted to a target, and each test set has target rows
    for the scorers that look at them.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, at least 2.

    shuffle : bool, default=False
        Whether to shuffle the rows of each domain first.

    random_state : int, RandomState instance or None, default=None
        Shuffles.

    See Also
    --------
    LeaveOneDomainOut : Holds whole domains out.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.model_selection import DomainKFold
    >>> domain = np.repeat([0, -1], [6, 3])
    >>> splitter = DomainKFold(3)
    >>> for train, test in splitter.split(np.zeros((9, 1)), sample_domain=domain):
    ...     print(test)
    [0 1 6]
    [2 3 7]
    [4 5 8]
    """

    def __init__(self, n_splits=5, *, shuffle=False, random_state=None):
        self.n_splits = n_splits
        self.shuffle = shuffle
        self.random_state = random_state

    def _indices(self, X, y, domain):
        self._check_n_splits(2)
        names, counts = np.unique(domain, return_counts=True)
        if counts.min() < self.n_splits:
            raise ValueError(
                f"Domain {names[counts.argmin()]} has {counts.min()} rows, too few for "
                f"`n_splits`={self.n_splits} folds of DomainKFold."
            )
        folds = StratifiedKFold(
            self.n_splits, shuffle=self.shuffle, random_state=self.random_state
        )
        return folds.split(np.zeros(len(domain)), domain)


class LeaveOneDomainOut(_DomainSplitter):
    """Each source domain in turn is held out to test on; the target is trained on.

    With several labelled sources this is the closest to a test on the target that can
    be had without its labels: how does a model do on a domain whose labels it has not
    seen? Rows of the target, where there are any, are in each training set.

    See Also
    --------
    DomainKFold : Holds out rows of all domains.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.model_selection import LeaveOneDomainOut
    >>> domain = np.array([0, 0, 1, 2, -1])
    >>> for train, test in LeaveOneDomainOut().split(
    ...     np.zeros((5, 1)), sample_domain=domain
    ... ):
    ...     print(train, test)
    [2 3 4] [0 1]
    [0 1 3 4] [2]
    [0 1 2 4] [3]
    """

    def _sources(self, domain):
        names = np.unique(domain[domain >= 0])
        if len(names) < 2:
            raise ValueError(
                "LeaveOneDomainOut needs at least 2 source domains, that is different "
                f"values >= 0 of `sample_domain`; got {names.tolist()}."
            )
        return names

    def _indices(self, X, y, domain):
        for name in self._sources(domain):
            yield np.flatnonzero(domain != name), np.flatnonzero(domain == name)

    def get_n_splits(self, X=None, y=None, groups=None, *, sample_domain=None):
        """Return the number of source domains.

        Parameters
        ----------
        X, y, groups : None
            Not used.

        sample_domain : array-like of shape (n_samples,)
            Domain of each row.

        Returns
        -------
        n_splits : int
            One for each source domain.
        """
        domain = self._check_domain(sample_domain, sample_domain)
        return len(self._sources(domain))
