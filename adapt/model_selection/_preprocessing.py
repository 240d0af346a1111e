"""From a table as people have it to numbers that every method takes.

Columns are read by their type; nothing here looks at labels.
"""

import re
import warnings

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.feature_selection import VarianceThreshold
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from adapt._frames import stack_rows
from adapt.feature_based._column_tables import (
    ColumnTables,
    FilledUnion,
    known_columns,
    some_names,
)

_DATE = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([T ].*)?|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}( .*)?"
)


def _is_text(column):
    from pandas.api import types

    return types.is_object_dtype(column) or types.is_string_dtype(column)


def holds_dates(column):
    """Return whether a column holds dates, also those that a CSV file keeps as text."""
    from pandas.api import types

    if types.is_datetime64_any_dtype(column) or types.is_timedelta64_dtype(column):
        return True
    if not _is_text(column):
        return False
    values = column.dropna().astype(str)
    return len(values) > 0 and values.map(_DATE.fullmatch).astype(bool).all()


def _numbers_rows(column):
    """Return whether whole numbers count the rows, as a written index does."""
    from pandas.api import types

    if not types.is_integer_dtype(column) or len(column) < 20:
        return False
    return column.is_unique and column.max() - column.min() == len(column) - 1


def _names_rows(column):
    """Return whether text is different on nearly every row, as names and keys are."""
    present = column.dropna()
    return (
        _is_text(column)
        and len(present) >= 20
        and present.astype(str).nunique() > 0.9 * len(present)
    )


def are_truth_values(column):
    """Return whether a column holds truth values, also beside missing ones."""
    from pandas.api import types

    if types.is_bool_dtype(column):
        return True
    return types.is_object_dtype(column) and set(column.dropna().map(type)) == {bool}


def _check_same_kind(source, target):
    """Refuse a column that holds numbers in one domain and not in the other."""
    import pandas as pd

    if source.isna().all() or target.isna().all():
        return
    # Truth values are 0 and 1 beside numbers.
    numbers = [
        pd.api.types.is_numeric_dtype(column) or are_truth_values(column)
        for column in (source, target)
    ]
    if numbers[0] != numbers[1]:
        with_text, column = ("target", target) if numbers[0] else ("source", source)
        present = column.dropna()
        no_number = pd.to_numeric(present.astype(str), errors="coerce").isna()
        k = int(no_number.to_numpy().argmax())  # all of it, or the first dirty cell
        raise ValueError(
            f"The column {source.name!r} holds numbers in one domain, but not in the "
            f"{with_text}, where it has {str(present.iloc[k])!r} for example, at index "
            f"{present.index[k]!r}. Bring it to one type in both, or drop it."
        )


def shared_columns(Xs, Xt):
    """Return the columns that both domains have, and warn about the others.

    Parameters
    ----------
    Xs, Xt : DataFrame
        Source and target.

    Returns
    -------
    columns : list
        In the order of the source.

    Raises
    ------
    ValueError
        If there is none.
    """
    columns = [name for name in Xs.columns if name in Xt.columns]
    if not columns:
        raise ValueError(
            "Source and target have no columns in common. The source has "
            f"{some_names(Xs.columns)}; the target has {some_names(Xt.columns)}."
        )
    for ours, domain, other in [(Xs, "source", "target"), (Xt, "target", "source")]:
        extra = [name for name in ours.columns if name not in columns]
        if extra:
            warnings.warn(
                f"Left out, because the {other} does not have them: "
                f"{some_names(extra)} of the {domain}.",
                UserWarning,
                stacklevel=3,
            )
    return columns


def _with_values_in_both(columns, Xs, Xt):
    """Return the columns that have a value in both domains, and warn about others.

    A column that one domain does not have says nothing about its rows; that it is
    missing tells the domains apart, and is no shift.
    """
    empty = {
        domain: [name for name in columns if X[name].isna().all()]
        for X, domain in [(Xs, "source"), (Xt, "target")]
    }
    nowhere = {*empty["source"]} & {*empty["target"]}
    for domain, names in empty.items():
        filled = [name for name in names if name not in nowhere]
        if filled:
            warnings.warn(
                f"Left out, because they have no value in the {domain}: "
                f"{some_names(filled)}.",
                UserWarning,
                stacklevel=3,
            )
    return [
        name for name in columns if name not in {*empty["source"], *empty["target"]}
    ]


def usable_columns(Xs, Xt):
    """Return the shared columns that say something about rows.

    Dates are refused. Left out are, with a warning, columns that only name or number
    the rows, or have no value in one domain, and silently those with a single value.

    Parameters
    ----------
    Xs, Xt : DataFrame
        Source and target.

    Returns
    -------
    columns : list

    Raises
    ------
    ValueError
        If a column holds dates, or if no column is left.
    """
    columns = shared_columns(Xs, Xt)
    X = stack_rows(Xs[columns], Xt[columns])
    for name in columns:
        _check_same_kind(Xs[name], Xt[name])
    dates = [name for name in columns if holds_dates(X[name])]
    if dates:
        name = dates[0]
        raise ValueError(
            f"Dates cannot be used as they are: {some_names(dates)}. Make numbers of "
            "what matters in them, or drop them. For example: "
            f"`t = pandas.to_datetime(x[{name!r}]); x['month'] = t.dt.month; "
            f"x['hour'] = t.dt.hour; x = x.drop(columns={name!r})`."
        )
    filled = _with_values_in_both(columns, Xs, Xt)
    keys = [
        name
        for name in filled
        if any(_names_rows(D[name]) or _numbers_rows(D[name]) for D in (Xs, Xt))
    ]
    if keys:
        warnings.warn(
            f"Left out, because they only name or number the rows: {some_names(keys)}.",
            UserWarning,
            stacklevel=2,
        )
    usable = [
        name
        for name in filled
        if name not in keys and X[name].nunique(dropna=False) > 1
    ]
    if not usable:
        raise ValueError(
            f"No column is left to learn from: each of {some_names(columns)} has one "
            "value only, none in one domain, or a different one on every row."
        )
    return usable


def _check_finite(X, names):
    """Refuse columns with a number that is not finite."""
    from pandas.api import types

    for name in names:
        if types.is_float_dtype(X[name]):
            values = X[name].to_numpy(float, na_value=np.nan)
            if np.isinf(values).any():
                raise ValueError(
                    f"The column {name!r} holds numbers that are not finite. Correct "
                    "them, make them missing, or drop the column."
                )


def filled_union(Xs, Xt):
    """Return what fills in the columns that one of two domains lacks, or None.

    Numbers are filled in by a Gaussian of both domains (`FilledUnion`). Left out, with
    a warning, are columns that only one domain has and that are no numbers, or only
    name or number its rows.

    Parameters
    ----------
    Xs, Xt : DataFrame
        Source and target. A column without any value is one that a domain lacks.

    Returns
    -------
    filler : FilledUnion or None
        None if they share no column, or all that have values.
    """
    tables = ColumnTables(known_columns(Xs), known_columns(Xt))
    single = [*tables.source_only, *tables.target_only]
    if not tables.shared or not single:
        return None
    for X in tables:
        _check_finite(X, X.columns)
    keys = [
        name
        for X in tables
        for name in X.columns.intersection(single)
        if _names_rows(X[name]) or _numbers_rows(X[name])
    ]
    tables = ColumnTables(*(X[X.columns.difference(keys, sort=False)] for X in tables))
    filler = FilledUnion(tables, fill_cells=False)
    left_out = [*keys, *filler.left_out]
    if left_out:
        warnings.warn(
            "Left out, because only one domain has them and they are no numbers, or "
            f"number the rows: {some_names(left_out)}.",
            UserWarning,
            stacklevel=3,
        )
    for names, domain in (tables.source_only, "target"), (tables.target_only, "source"):
        filled = [name for name in names if name not in filler.left_out]
        if filled:
            warnings.warn(
                f"Filled in for the {domain}, which does not have them: "
                f"{some_names(filled)}.",
                UserWarning,
                stacklevel=3,
            )
    return filler


def _named_by_text(X):
    """Return a frame whose columns are named by text."""
    return X.set_axis([str(name) for name in X.columns], axis="columns")


def table_preprocessor(X, columns):
    """Return a transformer of mixed columns to numbers, not fitted yet.

    Numbers are imputed by their median, with a column that marks where, and
    standardised. Other columns are one-hot encoded: missing is a level of its own,
    levels of less than one in a hundred rows share a column, and new levels join them.

    Parameters
    ----------
    X : DataFrame
        Whose column types decide.

    columns : list
        Which columns to use.

    Returns
    -------
    preprocessor : ColumnTransformer or Pipeline
    """
    from pandas.api import types

    if not all(isinstance(name, str) for name in columns):
        # `ColumnTransformer` takes whole numbers for positions, and not for names.
        names = [str(name) for name in columns]
        preprocessor = table_preprocessor(_named_by_text(X[columns]), names)
        return make_pipeline(FunctionTransformer(_named_by_text), preprocessor)
    numbers = [
        name
        for name in columns
        if types.is_numeric_dtype(X[name]) and not types.is_bool_dtype(X[name])
    ]
    levels = [name for name in columns if name not in numbers]
    parts = []
    if numbers:
        steps = SimpleImputer(strategy="median", add_indicator=True), StandardScaler()
        parts.append(("numbers", make_pipeline(*steps, VarianceThreshold()), numbers))
    if levels:
        encoder = OneHotEncoder(
            drop="if_binary",
            handle_unknown="infrequent_if_exist",
            min_frequency=0.01,
            max_categories=20,
            sparse_output=False,
        )
        parts.append(("levels", make_pipeline(encoder, VarianceThreshold()), levels))
    return ColumnTransformer(parts, verbose_feature_names_out=False)


def array_preprocessor():
    """Return the transformer of a plain array: all columns are numbers."""
    steps = SimpleImputer(strategy="median", add_indicator=True), StandardScaler()
    return make_pipeline(*steps, VarianceThreshold())


def fit_array_preprocessor(Xs, Xt):
    """Return the transformer of plain arrays, fitted: all columns are numbers.

    Parameters
    ----------
    Xs, Xt : ndarray of shape (n_samples, n_features)
        Source and target.

    Returns
    -------
    preprocessor : ColumnTransformer

    Raises
    ------
    ValueError
        If no column says anything.

    Warns
    -----
    UserWarning
        If a column has no value in one of the domains alone; it is left out.
    """
    import pandas as pd

    frames = [pd.DataFrame(X) for X in (Xs, Xt)]
    columns = _with_values_in_both(frames[0].columns, *frames)
    both = np.concatenate([Xs, Xt])
    values = both[:, columns]
    first = values[:1]
    if not ((values != first) & ~(np.isnan(values) & np.isnan(first))).any():
        raise ValueError(
            "No column is left to learn from: each has one value only, in the source "
            "and in the target."
        )
    numbers = array_preprocessor()
    return ColumnTransformer([("numbers", numbers, columns)]).fit(both)
