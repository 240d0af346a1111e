"""Rows that come in blocks, because they do not fit into memory.

A method whose statistics are sums reads the blocks once or twice, and holds one at a
time. The estimator is fitted block by block too if it has `partial_fit`, and on a
random sample of the rows if it has not.
"""

import warnings
from functools import partial

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils import check_random_state
from sklearn.utils.validation import column_or_1d

from adapt._domains import check_rows
from adapt.base._estimators import fit_inner, has_method

MAX_ROWS = 100_000  # of a sample that stands for all rows

# Which adapters, models and tests take blocks; a test holds this to the code.
TAKES_BLOCKS = (
    "CORAL",
    "LinearOT",
    "DomainStandardScaler",
    "GaussianWeighting",
    "RULSIF",
    "ULSIF",
    "KLIEP",
    "IWC",
    "KernelDensityWeighting",
    "BBSE",
    "RLLS",
)


class RowBlocks:
    """Rows, and labels if there are any, that are read a block at a time.

    Adapters whose statistics are sums take it in place of rows, as they take arrays and
    data frames of Dask.

    Parameters
    ----------
    read : callable, list, dask.array.Array or dask.dataframe.DataFrame
        Where blocks come from: a function that returns a new iterator of blocks at
        each call, a list of them, or a collection of Dask. A block is an array or a
        data frame of shape (n_samples, n_features), or a tuple of it, of labels, and
        for models of many domains of the domain of each row.

    y, sample_domain : dask.array.Array or dask.dataframe.Series, default=None
        Labels and domains of a collection of Dask, in as many blocks.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.base import RowBlocks
    >>> from adapt.feature_based import CORAL
    >>> def read(shift=0):
    ...     for seed in range(3):
    ...         X = np.random.default_rng(seed).normal(size=(1000, 2)) + shift
    ...         yield X, X[:, 0] > shift
    >>> def read_target():
    ...     return (X for X, _ in read(shift=1))
    >>> model = CORAL(match_mean=True).fit(RowBlocks(read), Xt=RowBlocks(read_target))
    >>> model.mean_target_ - model.mean_source_
    array([1., 1.])
    """

    def __init__(self, read, y=None, sample_domain=None):
        if isinstance(read, list):
            read = read.__iter__
        elif _is_of_dask(read):
            parts = [read, y, sample_domain]
            _check_chunks(parts)
            read = partial(_of_dask, parts)
        elif not callable(read):
            raise TypeError(
                "Blocks are read more than once: give a function that returns a new "
                "iterator of blocks at each call, a list of blocks, or a collection of "
                f"Dask. Got {type(read).__name__}."
            )
        self._read = read

    def __iter__(self):
        """Return an iterator of rows, labels and domains; None is what there is not."""
        for block in self._read():
            block = block if isinstance(block, tuple) else (block,)
            yield (*block, None, None)[:3]

    def sample(self, n, rng):
        """Return a random sample of rows, the same however they are cut into blocks.

        Parameters
        ----------
        n : int
            The most rows.

        rng : RandomState instance
            Draws them.

        Returns
        -------
        X : ndarray of shape (n_rows, n_features)
            Rows, in their order.

        y : ndarray of shape (n_rows,) or None
            Their labels.

        total : int
            How many rows there are.
        """
        # Another generator: data that were made with the same seed may depend on `rng`.
        rng = np.random.default_rng(rng.randint(2**31 - 1))
        kept, total = None, 0
        for X, y, _ in self:
            X, total = np.asarray(X), total + len(X)
            new = [rng.uniform(size=len(X)), X, *([] if y is None else [y])]
            if kept is not None:
                new = [np.concatenate(pair) for pair in zip(kept, new, strict=True)]
            if len(new[0]) > n:
                least = np.sort(np.argpartition(new[0], n)[:n])
                new = [part[least] for part in new]
            kept = new
        if kept is None:
            raise ValueError("There are no rows: there is no block.")
        return kept[1], kept[2] if len(kept) > 2 else None, total


def _is_of_dask(X):
    return type(X).__module__.partition(".")[0] in ("dask", "dask_expr")


def _parts(collection):
    """Return the blocks of rows of a collection of Dask, not computed."""
    numblocks = getattr(collection, "numblocks", None)
    if numblocks is None:
        return collection.partitions
    if len(numblocks) > 1 and numblocks[1] > 1:
        collection = collection.rechunk({1: -1})
    return collection.blocks


def _n_blocks(collection):
    numblocks = getattr(collection, "numblocks", None)
    return collection.npartitions if numblocks is None else numblocks[0]


def _check_chunks(parts):
    """Refuse labels or domains that are not cut as the rows are."""
    for name, part in zip(("y", "sample_domain"), parts[1:], strict=True):
        if part is None:
            continue
        if not _is_of_dask(part):
            raise TypeError(
                f"`X` is a collection of Dask, and `{name}` must be one too; got "
                f"{type(part).__name__}."
            )
        if _n_blocks(parts[0]) != _n_blocks(part):
            raise ValueError(
                f"`X` has {_n_blocks(parts[0])} blocks and `{name}` "
                f"{_n_blocks(part)}: give both the same chunks, such as by "
                f"`{name}.rechunk(X.chunks[0])`."
            )


def _of_dask(collections):
    """Yield tuples of the blocks of collections, one of them computed at a time."""
    parts = [None if one is None else _parts(one) for one in collections]
    for k in range(_n_blocks(collections[0])):
        rows = parts[0][k].compute()
        yield (
            rows,
            *(None if p is None else np.asarray(p[k].compute()) for p in parts[1:]),
        )


def as_blocks(X, y=None, sample_domain=None):
    """Return rows as `RowBlocks`, in whichever form they are.

    Parameters
    ----------
    X : RowBlocks, collection of Dask or array-like of shape (n_samples, n_features)
        Rows. An array is one block.

    y, sample_domain : array-like or collection of Dask, default=None
        Labels, and domains.

    Returns
    -------
    blocks : RowBlocks
    """
    if isinstance(X, RowBlocks):
        for name, given in (("y", y), ("sample_domain", sample_domain)):
            if given is not None:
                raise ValueError(
                    f"`{name}` is given beside `RowBlocks`. Let each block be a tuple "
                    "of rows, labels and domains instead."
                )
        return X
    if _is_of_dask(X):
        return RowBlocks(X, y, sample_domain)
    return RowBlocks([(X, y, sample_domain)])


def come_in_blocks(*domains):
    """Return whether any of these rows are read a block at a time."""
    return any(isinstance(X, RowBlocks) or _is_of_dask(X) for X in domains)


class CheckedBlocks(RowBlocks):
    """Blocks of a domain as float arrays, checked as `fit` checks rows.

    Parameters
    ----------
    adapter : BaseAdapter
        Its features are those of the first block of the source.

    blocks : RowBlocks
        The rows.

    name : {"X", "Xt"}
        What messages call them.

    Attributes
    ----------
    labels : ndarray
        Different labels that have been read, but of numbers that are not whole.
    """

    def __init__(self, adapter, blocks, name):
        self._adapter, self._blocks, self._name = adapter, blocks, name
        self.labels, self.labelled = None, False

    def __iter__(self):
        empty = True
        for X, y, domain in self._blocks:
            if len(X) == 0:
                continue
            reset = empty and self._name == "X"
            X = check_rows(self._adapter, X, reset=reset, name=self._name)
            empty = False
            y = None if y is None or self._name == "Xt" else self._check_labels(X, y)
            yield X, y, domain
        if empty:
            raise ValueError(
                f"`{self._name}` has no rows: all of its blocks are empty."
            )

    def _check_labels(self, X, y):
        y = column_or_1d(y)
        if len(y) != len(X):
            raise ValueError(f"A block has {len(X)} rows and {len(y)} labels.")
        if y.dtype.kind == "f" and not np.isfinite(y).all():
            raise ValueError("`y` has labels that are missing: leave these rows out.")
        self.labelled = True
        if y.dtype.kind != "f" or is_classifier(self._adapter):
            known = [] if self.labels is None else [self.labels]
            self.labels = np.unique(np.concatenate([*known, np.unique(y)]))
        return y

    def rows(self):
        """Yield the rows of each block."""
        return (X for X, *_ in self)


def refuse_blocks(adapter):
    """Raise that an adapter needs all rows at once, and name those that do not."""
    listed = ", ".join(TAKES_BLOCKS)
    raise TypeError(
        f"{type(adapter).__name__} needs all rows in memory. Blocks of rows and "
        f"collections of Dask are taken by {listed}, by models of many domains "
        "(`PooledLDA`, `PooledRidge`), and by `mmd_test` and `energy_test`. Give this "
        "one a sample of the rows."
    )


class Moments:
    """Mean and covariance of rows, by one pass over blocks.

    Parameters
    ----------
    blocks : CheckedBlocks
        The rows.

    Attributes
    ----------
    n : int
        Number of rows.

    mean : ndarray of shape (n_features,)
        Their mean.

    covariance : ndarray of shape (n_features, n_features)
        Their covariance, divided by `n`, in float64. Blocks are added about their own
        means, so that no digits are lost to a mean far from zero.
    """

    def __init__(self, blocks):
        self._blocks = blocks
        self.n, self.mean, scatter = 0, 0.0, 0.0
        for X in blocks.rows():
            X = np.asarray(X, dtype=np.float64)
            mean = X.mean(axis=0)
            step, total = mean - self.mean, self.n + len(X)
            X = X - mean
            weight = self.n * len(X) / total
            scatter = scatter + X.T @ X + weight * np.outer(step, step)
            self.mean = self.mean + step * (len(X) / total)
            self.n = total
        self.covariance = scatter / self.n

    def ledoit_wolf(self, scale=1.0):
        """Return the covariance, shrunken by the rule of Ledoit and Wolf.

        Parameters
        ----------
        scale : float or ndarray of shape (n_features,), default=1.0
            What columns are divided by first.

        Returns
        -------
        C : ndarray of shape (n_features, n_features)
            As `sklearn.covariance.ledoit_wolf` gives it. One more pass.
        """
        S = self.covariance / np.outer(scale, scale)
        p, squares = len(S), np.sum(S**2)
        fourth = 0.0
        for X in self._blocks.rows():
            Z = (np.asarray(X, dtype=np.float64) - self.mean) / scale
            fourth += np.sum(np.sum(Z**2, axis=1) ** 2)
        mu = np.trace(S) / p
        beta = (fourth / self.n - squares) / self.n
        delta = squares - p * mu**2
        shrinkage = min(max(beta, 0.0), delta) / delta if delta > 0 else 0.0
        return (1 - shrinkage) * S + shrinkage * mu * np.eye(p)


def fit_blocks(adapter, X, y, Xt, **not_taken):
    """Adapt from rows of which some come in blocks; see `BaseAdapter.fit`."""
    if Xt is None:
        raise ValueError(
            "There are no target rows. Give `Xt`: as blocks, a collection of Dask, or "
            "an array."
        )
    for name, given in not_taken.items():
        if given is not None:
            raise ValueError(
                f"`{name}` is not taken with blocks of rows: give source and target "
                "apart, as `X` and `Xt`."
            )
    source = CheckedBlocks(adapter, as_blocks(X, y), "X")
    target = CheckedBlocks(adapter, as_blocks(Xt), "Xt")
    adapter._learn_from_blocks(source, target)
    if source.labelled:
        adapter.estimator_ = fit_on_blocks(adapter, source, adapter._training_block)


def fit_on_blocks(adapter, blocks, training_block):
    """Return the adapter's estimator, fitted on all blocks or on a sample of rows.

    Parameters
    ----------
    adapter : MetaAdapter
        Its estimator is cloned.

    blocks : CheckedBlocks
        The source, which was read once.

    training_block : callable
        Returns for rows and labels what the estimator is to see, and weights or None.

    Returns
    -------
    estimator : estimator
        Fitted.
    """
    given = adapter.estimator
    if given is None or not has_method(given, "partial_fit"):
        rng = check_random_state(adapter.random_state)
        X, y, total = blocks.sample(MAX_ROWS, rng)
        if total > len(X):
            warnings.warn(
                f"The estimator has no `partial_fit`: it was fitted on {len(X)} of "
                f"{total} source rows, drawn at random.",
                UserWarning,
                stacklevel=5,
            )
        X, weights = training_block(X, y)
        return fit_inner(adapter._new_estimator(y), X, y, weights)
    estimator = None
    for X, y, _ in blocks:
        if estimator is None:
            labels = y if blocks.labels is None else blocks.labels
            estimator = adapter._new_estimator(labels)
            more = {"classes": labels} if is_classifier(estimator) else {}
        X, weights = training_block(X, y)
        if weights is not None:
            more["sample_weight"] = weights
        estimator.partial_fit(X, y, **more)
    return estimator
