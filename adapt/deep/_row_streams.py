"""Rows that come piece by piece: data sets of TensorFlow, loaders and generators.

They are read once and written to a temporary file, which takes the place of an array:
what does not fit in memory stays there, and is streamed while networks are trained.
"""

import sys
import tempfile
from collections.abc import Iterator

import keras
import numpy as np

__all__ = ["read_rows"]

_AT_ONCE = 1024  # rows of a data set that has them one by one


def _kinds(module, name):
    """Return a class of a package for `isinstance`, nothing where it is not imported.

    Who has an instance has imported the package.
    """
    package = sys.modules.get(module)
    return () if package is None else getattr(package, name)


def _pieces(X):
    """Return an iterator over batches, None if ``X`` is no stream."""
    if isinstance(X, Iterator):
        return X
    if isinstance(X, keras.utils.PyDataset):
        if X.num_batches is None:
            raise ValueError(f"`{type(X).__name__}` must say its number of batches.")
        return (X[i] for i in range(X.num_batches))
    if isinstance(X, _kinds("torch.utils.data", "DataLoader")):
        return iter(X)
    dataset = _kinds("tensorflow", "data")
    if dataset and isinstance(X, dataset.Dataset):
        if X.cardinality() == dataset.INFINITE_CARDINALITY:
            raise ValueError("The data set repeats without end: it is read only once.")
        return iter(X if _in_batches(X.element_spec) else X.batch(_AT_ONCE))
    return None


def _in_batches(spec):
    """Return whether elements of a TensorFlow data set are batches, or single rows."""
    shapes = [each.shape for each in (spec if isinstance(spec, tuple) else (spec,))]
    if any(shape.rank == 0 for shape in shapes):
        return False  # a label
    first = [shape[0] for shape in shapes]
    return first[0] is None or (len(first) > 1 and first[0] == first[1])


def read_rows(X, y=None, name="X"):
    """Return rows and labels as arrays, given as such or as a stream.

    Parameters
    ----------
    X : array-like or stream of batches
        A stream is an iterator, such as a generator, a `keras.utils.PyDataset` or a
        `torch.utils.data.DataLoader`, of batches ``X`` or ``(X, y)``; or a
        `tf.data.Dataset` of such batches, or of single rows. It is gone through once.

    y : array-like or None
        Labels, where they do not come with the rows.

    name : str
        Of the rows, for messages.

    Returns
    -------
    X : array-like
        As given; of a stream, float32 numbers in a temporary file, mapped to memory.

    y : array-like or None
        As given, or as they came with the rows.

    Raises
    ------
    ValueError
        If a stream has no rows, rows of several shapes, anything beside rows and
        labels, or labels that are given as `y` too; or if it does not end.
    """
    pieces = _pieces(X)
    if pieces is None:
        return X, y
    shape, n_rows, labels = None, 0, []
    with tempfile.TemporaryFile() as file:
        for piece in pieces:
            rows, *rest = piece if isinstance(piece, tuple | list) else (piece,)
            if len(rest) > 1:
                raise ValueError(
                    f"`{name}` must be a stream of rows or of pairs (rows, labels), "
                    f"got tuples of {1 + len(rest)}. Weights go to `sample_weight`."
                )
            rows = np.ascontiguousarray(rows, dtype=np.float32)
            if shape is not None and rows.shape[1:] != shape:
                raise ValueError(
                    f"`{name}` has rows of shape {shape} and of shape {rows.shape[1:]}."
                )
            shape, n_rows = rows.shape[1:], n_rows + len(rows)
            labels += [np.asarray(each) for each in rest]
            file.write(rows)
        file.flush()
        if n_rows == 0:
            raise ValueError(f"`{name}` is a stream without rows. Was it read before?")
        X = np.memmap(file, dtype=np.float32, mode="r+", shape=(n_rows, *shape))
    if labels and y is not None:
        raise ValueError(
            f"Labels were given twice: with the rows of `{name}`, and alone."
        )
    return X, np.concatenate(labels) if labels else y
