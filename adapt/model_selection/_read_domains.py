"""What `compare` was given, as two domains of numbers."""

import numpy as np
from scipy import sparse

from adapt._domains import check_sample_domain, read_labels
from adapt.metrics._scorer_bases import as_rows, take_rows
from adapt.model_selection._preprocessing import (
    array_preprocessor,
    table_preprocessor,
    usable_columns,
)


def _check_rows(Xs, Xt):
    for rows, domain in [(Xs, "source"), (Xt, "target")]:
        if sparse.issparse(rows):
            raise TypeError(
                f"The {domain} is sparse, and `compare` takes dense tables: use "
                "`.toarray()`."
            )
        if len(rows) == 0:
            raise ValueError(f"The {domain} domain is empty: it has no rows.")


def read_domains(X, y, Xt, yt, sample_domain):
    """Bring both forms of input to one, and check them.

    Parameters
    ----------
    X, y, Xt, yt, sample_domain
        As in `compare`.

    Returns
    -------
    Xs, ys, Xt, yt
        Rows and labels. ``yt`` is None if no target row is labelled, and has filler
        where one is not.

    labelled : ndarray of shape (n_target_samples,)
        Which target rows are labelled.
    """
    if y is None:
        raise ValueError("`y`, the labels of the source, is needed to compare methods.")
    if sample_domain is None:
        if Xt is None:
            raise ValueError(
                "There is no target domain. Give `Xt`, or `sample_domain` with "
                "negative values for the target rows of `X`."
            )
        _check_rows(X, Xt)
        ys, target_labels = read_labels(y, X, "y"), read_labels(yt, Xt, "yt")
        Xs = X
    else:
        if Xt is not None:
            raise ValueError(
                "The target was given twice: as `Xt` and by `sample_domain`."
            )
        X = as_rows(X)
        target = check_sample_domain(sample_domain, X) < 0
        Xs, Xt = take_rows(X, ~target), take_rows(X, target)
        _check_rows(Xs, Xt)
        labels = read_labels(y, X, "y")
        ys, target_labels = labels.of(~target), labels.of(target)
    if ys.missing.any():
        raise ValueError(
            f"{ys.missing.sum()} of {len(ys.y)} source rows have no label. Only target "
            "rows may be unlabelled: drop these rows, or make them part of the target."
        )
    if ys.y.ndim != 1:
        raise ValueError(f"`y` must be of shape (n_samples,), got {ys.y.shape}.")
    if target_labels is None:
        return Xs, ys.y, Xt, None, np.zeros(len(Xt), dtype=bool)
    labelled = ~target_labels.missing
    known = target_labels.y
    if known.dtype.kind == "i" and -1 not in ys.y:
        labelled &= known != -1  # scikit-learn's mark of the unlabelled
    return Xs, ys.y, Xt, known if labelled.any() else None, labelled


def preprocess(Xs, Xt):
    """Return a preprocessor fitted on both domains, and both as numbers."""
    if hasattr(Xs, "to_pandas"):
        Xs, Xt = Xs.to_pandas(), Xt.to_pandas()
    if hasattr(Xs, "iloc") != hasattr(Xt, "iloc"):
        raise TypeError("Source and target must both be data frames or both arrays.")
    if hasattr(Xs, "iloc"):
        import pandas as pd

        columns = usable_columns(Xs, Xt)
        both = pd.concat([Xs[columns], Xt[columns]], ignore_index=True)
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
