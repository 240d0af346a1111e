"""Rows in whatever container they come: arrays, sparse matrices, data frames.

Nothing is imported to look at an object: who has a frame of a library has imported it.
"""

import sys
import warnings

import numpy as np
from scipy import sparse


def _is_of(X, library):
    """Return whether ``X`` is a ``DataFrame`` of a library."""
    module = sys.modules.get(library)
    return module is not None and isinstance(X, module.DataFrame)


def is_frame(X):
    """Return whether ``X`` is a table with named columns, of any library."""
    return _is_of(X, "pandas") or hasattr(X, "columns")


def as_pandas(X):
    """Return frames of other libraries as frames of pandas, and all else as it is."""
    if _is_of(X, "pandas") or not hasattr(X, "to_pandas"):
        return X
    return X.to_pandas()


def as_rows(X):
    """Return ``X`` as something that has a shape."""
    return X if hasattr(X, "shape") else np.asarray(X)


def column_names(X):
    """Return the names of the columns of a frame, or None."""
    return list(X.columns) if is_frame(X) else None


def has_named_columns(X):
    """Return whether ``X`` is a frame whose columns have texts as names."""
    return is_frame(X) and all(isinstance(name, str) for name in X.columns)


def labels_as_array(y):
    """Return labels as an array; integers and booleans stay so beside missing ones.

    numpy makes floats of a column of integers, or of categories that are, if a value of
    it is missing. Here it becomes objects.
    """
    pandas, polars = sys.modules.get("pandas"), sys.modules.get("polars")
    if pandas is not None and isinstance(
        y, pandas.Series | pandas.api.extensions.ExtensionArray
    ):
        kind = getattr(y.dtype, "categories", y).dtype.kind
        if kind in "iub" and y.isna().any():
            return np.asarray(y.astype(object))
    elif polars is not None and isinstance(y, polars.Series):
        whole = y.dtype.is_integer() or y.dtype == polars.Boolean
        if whole and y.null_count():
            return np.array(y.to_list(), dtype=object)
    return np.asarray(y)


def text_columns(X):
    """Return the columns of a frame that are no numbers: names, and a value of each."""
    if not is_frame(X):
        return []
    found = []
    for k, name in enumerate(X.columns):
        column = X.iloc[:, k] if _is_of(X, "pandas") else X[name]
        values = np.asarray(column)
        if values.dtype.kind not in "OUST":
            continue
        text = first_text(values.tolist())
        if text is not None:
            found.append((name, text))
    return found


def first_text(values):
    """Return the first text that is no number, or None."""
    texts = (v for v in values if isinstance(v, str) and not _is_number(v))
    return next(texts, None)


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


def take_rows(X, rows):
    """Return rows in the container that they are in.

    Parameters
    ----------
    X : array, sparse matrix or data frame
        Rows, see `as_rows`.

    rows : ndarray of bool or int
        Which: a mask, or positions.

    Returns
    -------
    taken : array, sparse matrix or data frame
    """
    if _is_of(X, "pandas"):
        return X.iloc[rows]
    if _is_of(X, "polars"):
        return X[np.flatnonzero(rows) if rows.dtype.kind == "b" else rows]
    return X.tocsr()[rows] if sparse.issparse(X) else X[rows]


def stack_rows(A, B):
    """Return the rows of ``A`` over those of ``B``, in the container that they have.

    Frames of two libraries become frames of pandas.
    """
    if type(A) is not type(B):
        A, B = as_pandas(A), as_pandas(B)
    if sparse.issparse(A):
        return sparse.vstack([A, B], format="csr")
    if _is_of(A, "pandas"):
        import pandas as pd

        with warnings.catch_warnings():
            # What pandas 2 and 3 make of a column that is missing throughout one table
            # differs in its dtype alone, and both dtypes serve.
            message = "The behavior of DataFrame concatenation"
            warnings.filterwarnings("ignore", message, FutureWarning)
            return pd.concat([A, B], ignore_index=True)
    return A.vstack(B) if _is_of(A, "polars") else np.concatenate([A, B])


def with_values(frame, values):
    """Return a frame of the library and with the column names of another."""
    return type(frame)(dict(zip(column_names(frame), values.T, strict=True)))


def index_levels(X):
    """Return the number of levels of the row index of a frame; 0 if it has none."""
    return X.index.nlevels if _is_of(X, "pandas") else 0
