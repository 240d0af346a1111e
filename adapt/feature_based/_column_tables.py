"""Two tables of which each has columns that the other lacks."""

from typing import Any, NamedTuple

import numpy as np

_FILL = {"prior_strength": 5.0, "max_iter": 200, "tol": 1e-2}  # of the Gaussian


class ColumnTables(NamedTuple):
    """A source and a target, each with the columns that it has, as frames of pandas."""

    Xs: Any
    Xt: Any

    @property
    def shared(self):
        """Return the columns that both have, in the order of the source."""
        return [name for name in self.Xs.columns if name in set(self.Xt.columns)]

    @property
    def source_only(self):
        """Return the columns that the target lacks."""
        return [name for name in self.Xs.columns if name not in set(self.Xt.columns)]

    @property
    def target_only(self):
        """Return the columns that the source lacks."""
        return [name for name in self.Xt.columns if name not in set(self.Xs.columns)]


def some_names(names, n=6):
    """Return the first names of columns in words, and how many more there are."""
    names = [repr(name) for name in names]
    return ", ".join(names[:n]) + (f" and {len(names) - n} more" if names[n:] else "")


def known_columns(X):
    """Return a frame without the columns of which it has no value."""
    return X.loc[:, X.notna().any(axis=0).to_numpy(bool)]


def is_number(dtype):
    """Return whether a column of this type holds numbers, or truth values."""
    from pandas.api import types

    return types.is_numeric_dtype(dtype) and not types.is_complex_dtype(dtype)


def _with_gaps(dtype):
    """Return the type that a column has once values are missing."""
    return np.dtype(float) if getattr(dtype, "kind", "O") in "iub" else dtype


def union_dtypes(tables):
    """Return the columns of either table, and their types where they may be missing.

    Parameters
    ----------
    tables : ColumnTables

    Returns
    -------
    dtypes : dict
        By name. Whole numbers and truth values that only one has become floats, which
        can be missing, and categories are those of both. Other columns that both have
        are left as they are, and not among these.
    """
    shared, found = set(tables.shared), {}
    for X, other in tables, tables[::-1]:
        for name in X.columns:
            dtype = X[name].dtype
            if name in shared:
                found[name] = _of_both(dtype, other[name].dtype)
            else:
                found[name] = _with_gaps(dtype)
    return {name: dtype for name, dtype in found.items() if dtype is not None}


def _of_both(dtype, other):
    """Return the type of a column that two tables have; None to leave it as it is."""
    import pandas as pd

    kinds = dtype, other
    if not all(isinstance(kind, pd.CategoricalDtype) for kind in kinds):
        return None
    levels = dtype.categories.append(other.categories.difference(dtype.categories))
    return pd.CategoricalDtype(levels)


def with_columns(X, names, dtypes):
    """Return a frame with these columns, of these types, missing where it lacks them.

    Parameters
    ----------
    X : DataFrame
        Rows.

    names : list
        The columns.

    dtypes : dict
        Types of columns; others are left as they are.
    """
    import pandas as pd

    columns = {}
    for name in names:
        dtype = dtypes.get(name)
        if name not in X.columns:
            columns[name] = pd.Series([None] * len(X), index=X.index, dtype=dtype)
        else:
            columns[name] = X[name] if dtype is None else X[name].astype(dtype)
    return pd.DataFrame(columns, index=X.index)


class FilledUnion:
    """The columns of two tables, with those that a row lacks filled in.

    Numbers are filled by their mean given the other numbers of the row, under a
    Gaussian of the rows of both tables (`GaussianTransferImputer`). What is no number
    and not in both tables is left out.

    Parameters
    ----------
    tables : ColumnTables

    fill_cells : bool, default=True
        Whether cells are filled that are missing in a column that the row has.
    """

    def __init__(self, tables, fill_cells=True):
        from adapt.imputation import GaussianTransferImputer

        dtypes, shared = union_dtypes(tables), set(tables.shared)
        everywhere = {
            name: all(is_number(X[name].dtype) for X in tables if name in X.columns)
            for name in dict.fromkeys([*tables.Xs.columns, *tables.Xt.columns])
        }
        self.fill_cells = fill_cells
        self.numbers = [name for name, is_one in everywhere.items() if is_one]
        self.columns = [
            name for name in everywhere if name in shared or everywhere[name]
        ]
        self.left_out = [name for name in everywhere if name not in self.columns]
        self.dtypes = {name: dtypes.get(name) for name in self.columns}
        self.imputer = None
        if self.numbers:
            Z = np.concatenate([self._matrix(X) for X in tables])
            if np.isnan(Z).any():
                self.imputer = GaussianTransferImputer(
                    random_state=0, keep_empty_features=True, **_FILL
                )
                _fit_quietly(self.imputer, Z)

    def _matrix(self, X):
        """Return the numbers of rows, NaN where they lack them."""
        Z = np.full((len(X), len(self.numbers)), np.nan)
        for k, name in enumerate(self.numbers):
            if name in X.columns:
                Z[:, k] = X[name].to_numpy(dtype=float, na_value=np.nan)
        return Z

    def transform(self, X):
        """Return rows of either table with all columns."""
        filled = with_columns(X, self.columns, self.dtypes)
        if self.imputer is None:
            return filled
        Z = self._matrix(X)
        values = self.imputer.transform(Z)
        for k, name in enumerate(self.numbers):
            if name not in X.columns or (self.fill_cells and np.isnan(Z[:, k]).any()):
                filled[name] = values[:, k]
        return filled


def _fit_quietly(imputer, Z):
    """Fit an imputer; that means move slowly in the end does not change what it fills.

    Where no row has two columns, nothing says how they go together but the prior.
    """
    import warnings

    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        imputer.fit(Z)
