"""What `compare` was given, as two domains of numbers."""

import numpy as np
from scipy import sparse

from adapt._domains import read_tables
from adapt._frames import as_pandas, is_frame, stack_rows
from adapt.model_selection._preprocessing import (
    array_preprocessor,
    table_preprocessor,
    usable_columns,
)


def read_domains(X, y, Xt, yt, sample_domain):
    """Read two domains, and check that methods can be compared on them.

    Parameters
    ----------
    X, y, Xt, yt, sample_domain
        As in `compare`.

    Returns
    -------
    tables : Tables
        Rows and labels of both.
    """
    if y is None:
        raise ValueError("`y`, the labels of the source, is needed to compare methods.")
    tables = read_tables(X, y, Xt, yt, sample_domain)
    for rows, domain in [(tables.Xs, "source"), (tables.Xt, "target")]:
        if sparse.issparse(rows):
            raise TypeError(
                f"The {domain} is sparse, and `compare` takes dense tables: use "
                "`.toarray()`."
            )
    if tables.ys.ndim != 1:
        raise ValueError(f"`y` must be of shape (n_samples,), got {tables.ys.shape}.")
    return tables


def preprocess(Xs, Xt):
    """Return a preprocessor fitted on both domains, and both as numbers."""
    Xs, Xt = as_pandas(Xs), as_pandas(Xt)
    if is_frame(Xs) != is_frame(Xt):
        raise TypeError("Source and target must both be data frames or both arrays.")
    if is_frame(Xs):
        columns = usable_columns(Xs, Xt)
        both = stack_rows(Xs[columns], Xt[columns])
        preprocessor = table_preprocessor(both, columns).fit(both)
        return preprocessor, preprocessor.transform(Xs), preprocessor.transform(Xt)
    if np.ndim(Xs) != 2 or np.ndim(Xt) != 2:
        raise ValueError(
            f"`compare` takes tables of shape (n_samples, n_features), got shapes "
            f"{np.shape(Xs)} and {np.shape(Xt)}. Make columns of each sample first: "
            "`X.reshape(len(X), -1)`."
        )
    if np.shape(Xs)[1] != np.shape(Xt)[1]:
        raise ValueError(
            f"Source and target have different numbers of columns, {np.shape(Xs)[1]} "
            f"and {np.shape(Xt)[1]}."
        )
    both = np.concatenate([np.asarray(Xs), np.asarray(Xt)])
    if both.dtype.kind not in "iufb":
        raise TypeError(
            "Arrays must be numeric. Give a pandas data frame for columns of text, "
            "categories and missing values."
        )
    preprocessor = array_preprocessor().fit(both)
    return preprocessor, preprocessor.transform(Xs), preprocessor.transform(Xt)


def check_classes(y):
    """Refuse source labels that nothing can be learned from, or scored on."""
    classes, counts = np.unique(y, return_counts=True)
    if len(classes) < 2:
        raise ValueError(
            f"The source has one class only, {classes.tolist()[0]!r}: there is nothing "
            "to tell apart. Labels of at least 2 classes are needed."
        )
    if np.sort(counts)[-2] < 2:
        raise ValueError(
            "Each class but one has a single source row, so none can be held out to "
            "score on. At least 2 classes need 2 rows each."
        )
