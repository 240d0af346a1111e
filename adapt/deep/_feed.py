"""Batches: rows by number, over arrays that lie on the device or come in chunks."""

import numpy as np

from adapt.deep._engine import to_device

__all__ = ["Feed", "padded", "shuffled"]


_COPIES = 4  # of each row that is augmented


def padded(n):
    """Return ``n`` rounded up by at most an eighth.

    Arrays padded to such sizes let cross-validation folds of 53 and of 54 rows share
    what was compiled.
    """
    unit = 2 ** max(int(n).bit_length() - 4, 0)
    return -(-n // unit) * unit


def _pad(array, n):
    dtype = np.int32 if array.dtype.kind in "iu" and array.ndim == 1 else np.float32
    padded = np.zeros((n, *array.shape[1:]), dtype=dtype)
    padded[: len(array)] = array
    return padded


def shuffled(rng, rows, n):
    """Return ``n`` of ``rows``: permutations of all of them, one after the other."""
    rounds = np.broadcast_to(rows, (-(-n // len(rows)), len(rows)))
    return rng.permuted(rounds, axis=1).ravel()[:n]


class Feed:
    """Index batches over groups of arrays, on the device at once or in chunks.

    An epoch has as many steps as the largest group needs; a smaller group is gone
    through again, and the last batch is filled up with rows of a next shuffle, so that
    all batches are of one size.

    Parameters
    ----------
    groups : dict of dict of ndarray
        Arrays by group and name. Those of one group are indexed together.

    rows : dict of ndarray
        Which rows of each group are trained on.

    batch_size : int
        Rows per step and group, at most as many as the largest group has.

    budget : int
        Number of bytes above which the arrays are streamed.

    change : callable or None, default=None
        ``change(X, rng)`` returns changed copies of rows of the source, which are
        trained on beside them: an epoch has as many steps as without.

    rng : RandomState, default=None
        Draws the copies.
    """

    def __init__(self, groups, rows, batch_size, budget, change=None, rng=None):
        self.groups = groups
        self.rows = rows
        largest = max(len(r) for r in rows.values())
        self.batch_size = max(min(batch_size, largest), min(batch_size, 2))
        self.n_steps = -(-largest // self.batch_size)
        item = {
            group: sum(4 * a[:1].size for a in arrays.values())
            for group, arrays in groups.items()
        }
        size = sum(item[g] * len(a) for g, v in groups.items() for a in [_first(v)])
        self.chunk = None
        self._change, self._n_copies = change, 0
        if change is not None:
            self._rng = np.random.default_rng(rng.randint(2**31))
            own = item["source"] * len(groups["source"]["Xs"])
            self._n_copies = int(np.clip((budget - size) // max(own, 1), 0, _COPIES))
        if size > budget or (change is not None and self._n_copies == 0):
            step = self.batch_size * sum(item.values())
            self.chunk = int(np.clip(budget // (2 * step), 1, self.n_steps))
        else:
            self._data = {
                group: {
                    name: to_device(_pad(a, padded(len(a))))
                    for name, a in arrays.items()
                }
                for group, arrays in self._with_copies().items()
            }

    def _with_copies(self):
        """Return the groups, of which the source has changed copies below its rows."""
        if self._n_copies == 0:
            return self.groups
        source = self.groups["source"]
        copies = {
            name: np.concatenate([array] * (1 + self._n_copies))
            for name, array in source.items()
        }
        changed = [self._change(source["Xs"], self._rng) for _ in range(self._n_copies)]
        copies["Xs"] = np.concatenate([source["Xs"], *changed])
        return {**self.groups, "source": copies}

    def epoch(self, rng):
        """Yield ``(data, index, first_step, n_steps)`` for one shuffled epoch."""
        n = self.n_steps * self.batch_size
        rng = np.random.default_rng(rng.randint(2**31))  # it shuffles faster
        index = {group: shuffled(rng, rows, n) for group, rows in self.rows.items()}
        if self.chunk is None:
            if self._n_copies:
                copy = rng.integers(0, self._n_copies + 1, size=n)
                source = self.groups["source"]["Xs"]
                index["source"] = index["source"] + copy * len(source)
            yield (
                self._data,
                self._batches(index, padded(self.n_steps)),
                0,
                self.n_steps,
            )
            return
        size = self.chunk * self.batch_size
        for first in range(0, self.n_steps, self.chunk):
            part = slice(first * self.batch_size, first * self.batch_size + size)
            data = {
                group: {
                    name: to_device(_pad(rows, size))
                    for name, rows in self._rows_of(arrays, index[group][part])
                }
                for group, arrays in self.groups.items()
            }
            in_order = {group: np.arange(size) for group in index}
            steps = min(self.chunk, self.n_steps - first)
            yield data, self._batches(in_order, self.chunk), first, steps

    def _rows_of(self, arrays, index):
        """Yield the rows of a chunk by name, those of the source partly changed."""
        for name, array in arrays.items():
            rows = array[index]
            if name == "Xs" and self._change is not None:
                kept = self._rng.random(len(rows)) < 1 / (1 + _COPIES)
                kept = kept.reshape(-1, *[1] * (rows.ndim - 1))
                rows = np.where(kept, rows, self._change(rows, self._rng))
            yield name, rows

    def _batches(self, index, n_steps):
        shape = n_steps, self.batch_size
        batches = {}
        for group, rows in index.items():
            batches[group] = np.zeros(shape, dtype=np.int32)
            batches[group].ravel()[: len(rows)] = rows
        return batches


def _first(arrays):
    return next(iter(arrays.values()))
