"""What `compare` was given, as two domains of numbers."""

import warnings

import numpy as np
from scipy import sparse
from sklearn.utils.validation import _num_samples, column_or_1d

from adapt._domains import check_sample_domain, read_tables
from adapt._frames import as_pandas, is_frame, stack_rows
from adapt.model_selection._preprocessing import (
    fit_array_preprocessor,
    table_preprocessor,
    usable_columns,
)
from adapt.model_selection._series_rows import numbers_of_series, read_series
from adapt.series import SeriesSet

_FEW = 10  # rows of a domain that make no sample


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
    X, Xt = read_series(X, y, Xt)
    tables = read_tables(X, y, Xt, yt, sample_domain)
    for rows, domain in [(tables.Xs, "source"), (tables.Xt, "target")]:
        if sparse.issparse(rows):
            raise TypeError(
                f"The {domain} is sparse, and a dense table is needed: use "
                "`.toarray()`."
            )
    if tables.ys.ndim != 1:
        raise ValueError(f"`y` must be of shape (n_samples,), got {tables.ys.shape}.")
    return tables


def _warn_of_few(X, domain):
    """Warn of a domain of which too few rows are there to say anything."""
    n = np.shape(X)[0]
    if n < _FEW:
        warnings.warn(
            f"The {domain} has {n} {'row' if n == 1 else 'rows'}, which are too "
            "few for reliable results.",
            UserWarning,
            stacklevel=4,
        )


def read_groups(groups, X, sample_domain):
    """Return the groups of source rows and of target rows, None where not given.

    Parameters
    ----------
    groups : array-like of shape (n_samples,) or None
        Of the rows of ``X``.

    X, sample_domain
        As in `compare`.
    """
    if groups is None:
        return None, None
    groups = column_or_1d(groups)
    if len(groups) != _num_samples(X):
        raise ValueError(
            f"`groups` must have one entry per row of `X`, got {len(groups)} entries "
            f"for {_num_samples(X)} rows."
        )
    if sample_domain is None:
        return groups, None
    target = check_sample_domain(sample_domain, X) < 0
    return groups[~target], groups[target] if target.any() else None


def preprocess(Xs, Xt, **of_series):
    """Return a preprocessor fitted on both domains, and both as numbers.

    Further arguments are parameters of `SeriesToNumbers`, which tables do not need.
    """
    if isinstance(Xs, SeriesSet):
        return numbers_of_series(Xs, Xt, **of_series)
    Xs, Xt = as_pandas(Xs), as_pandas(Xt)
    for X, domain in (Xs, "source"), (Xt, "target"):
        _warn_of_few(X, domain)
    if is_frame(Xs) != is_frame(Xt):
        raise TypeError("Source and target must both be data frames or both arrays.")
    if is_frame(Xs):
        columns = usable_columns(Xs, Xt)
        both = stack_rows(Xs[columns], Xt[columns])
        preprocessor = table_preprocessor(both, columns).fit(both)
        return preprocessor, preprocessor.transform(Xs), preprocessor.transform(Xt)
    if np.ndim(Xs) != 2 or np.ndim(Xt) != 2:
        raise ValueError(
            "Source and target must be tables of shape (n_samples, n_features), got "
            f"shapes {np.shape(Xs)} and {np.shape(Xt)}. Make columns of each sample "
            "first: `X.reshape(len(X), -1)`."
        )
    if np.shape(Xs)[1] != np.shape(Xt)[1]:
        raise ValueError(
            f"Source and target have different numbers of columns, {np.shape(Xs)[1]} "
            f"and {np.shape(Xt)[1]}."
        )
    if np.result_type(*map(np.asarray, (Xs, Xt))).kind not in "iufb":
        raise TypeError(
            "Arrays must be numeric. Give a pandas data frame for columns of text, "
            "categories and missing values."
        )
    preprocessor = fit_array_preprocessor(*map(np.asarray, (Xs, Xt)))
    return preprocessor, preprocessor.transform(Xs), preprocessor.transform(Xt)


def check_classes(y):
    """Refuse source labels that nothing can be learned from, or scored on."""
    classes, counts = np.unique(y, return_counts=True)
    single = [repr(value) for value in classes[counts == 1].tolist()]
    if len(classes) < 2:
        raise ValueError(
            f"The source has one class only, {classes.tolist()[0]!r}: there is nothing "
            "to tell apart. Labels of at least 2 classes are needed; in a "
            "cross-validation draw stratified folds, such as `StratifiedKFold`."
        )
    if np.sort(counts)[-2] < 2:
        raise ValueError(
            "Each class but one has a single source row, so none can be held out to "
            "score on. At least 2 classes need 2 rows each."
        )
    if single:
        warnings.warn(
            f"One source row only is of class {', '.join(single[:6])}: it cannot be "
            "both held out and trained on, so results for the class are unreliable. "
            "Leave such rows out, or give more of them.",
            UserWarning,
            stacklevel=3,
        )


def check_target_labels(y, yt):
    """Refuse labels of the target of which none is a class of the source.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        Classes of the source.

    yt : ndarray of shape (n_labelled_target_samples,)
        Known labels of the target.
    """
    if len(yt) and not np.isin(yt, y).any():
        raise ValueError(
            f"None of the labels of the target, such as {yt.tolist()[0]!r}, is a class "
            f"of the source, such as {y.tolist()[0]!r}. Write them alike in both."
        )
