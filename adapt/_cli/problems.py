"""What the command line compares: two domains, read from files or bundled."""

import warnings
from typing import Any, NamedTuple

import numpy as np

from adapt._csv_layout import FOUND, Layout
from adapt._files import pop_column, read_table
from adapt.base._estimators import has_method


class Problem(NamedTuple):
    """Two domains as `compare` takes them, and their names for people.

    Where a file says so, ``source_domain`` numbers the domain of each source row.
    """

    X: Any
    y: Any
    Xt: Any
    yt: Any
    source: str
    target: str
    label: str | None
    source_domain: np.ndarray | None = None
    ids: Any = None

    def domains(self, by_source: bool) -> dict:
        """Return the domains as arguments of `compare`, apart or as one table."""
        if not by_source or self.source_domain is None:
            return {"X": self.X, "y": self.y, "Xt": self.Xt, "yt": self.yt}
        import pandas as pd

        target = np.full(len(self.Xt), -1)
        return {
            "X": pd.concat([self.X, self.Xt], ignore_index=True),
            "y": pd.concat([self.y, self.yt], ignore_index=True),
            "sample_domain": np.concatenate([self.source_domain, target]),
        }


def _check_not_empty(rows, domain: str, where: str) -> None:
    if len(rows) == 0:
        raise ValueError(f"The {domain} domain is empty: {where} has no rows.")


def read_two_files(
    source: str, target: str, label: str | None, layout: Layout = FOUND
) -> Problem:
    """Read a file for each domain; the target may have labels or not."""
    X, y = read_table(source, layout), None
    if label is not None:
        X, y = pop_column(X, label, f"The source file {source!r}")
    Xt, yt = read_table(target, layout), None
    if label in Xt.columns:
        Xt, yt = pop_column(Xt, label, f"The target file {target!r}")
    _check_not_empty(X, "source", repr(source))
    _check_not_empty(Xt, "target", repr(target))
    return Problem(X, y, Xt, yt, source, target, label)


def read_one_file(
    path: str,
    label: str | None,
    column: str,
    target: list[str],
    source: list[str] | None,
    layout: Layout = FOUND,
) -> Problem:
    """Read a file with a column that says which domain a row is of."""
    where = f"The file {path!r}"
    table, domain = pop_column(read_table(path, layout), column, where)
    X, y = (table, None) if label is None else pop_column(table, label, where)
    _check_not_empty(X, "source", repr(path))
    domain = domain.astype(str)
    for name in [*target, *(source or ())]:
        if name not in set(domain):
            known = ", ".join(repr(value) for value in domain.unique()[:8])
            raise ValueError(
                f"No row has {name!r} in the column {column!r}, whose values are "
                f"{known}."
            )
    is_target = domain.isin(target)
    is_source = ~is_target if source is None else domain.isin(source) & ~is_target
    _check_not_empty(X[is_source], "source", f"what {column!r} leaves of it")
    return Problem(
        X[is_source],
        None if y is None else y[is_source],
        X[is_target],
        None if y is None else y[is_target],
        " + ".join(source) if source else f"other values of {column!r}",
        " + ".join(target),
        label,
        np.unique(domain[is_source], return_inverse=True)[1],
    )


def load_bundled(name: str, source: str | None, target: str | None) -> Problem:
    """Load a bundled data set, by default with the first of its pairs of domains."""
    from adapt.datasets import list_datasets, list_tasks, load_dataset

    if name not in list_datasets():
        raise ValueError(
            f"There is no bundled data set {name!r}. There are "
            f"{', '.join(list_datasets())}."
        )
    tasks = [task for task in list_tasks() if task.dataset == name]
    if tasks[0].kind == "series":
        raise ValueError(
            f"{name!r} holds time series, and `compare` takes tables: make columns of "
            "each window first, or use a deep method."
        )
    pairs = [
        task
        for task in tasks
        if source in (None, task.kwargs["source"])
        and target in (None, task.kwargs["target"])
    ]
    if pairs:
        data = load_dataset(name, **pairs[0].kwargs, as_frame=True)
    else:
        given = {"source": source, "target": target}
        given = {key: value for key, value in given.items() if value is not None}
        data = load_dataset(name, **given, as_frame=True)
    y = data.y
    if "target_names" in data:
        y = y.map(dict(enumerate(data.target_names.tolist())))
    is_target = data.sample_domain < 0
    return Problem(
        data.X[~is_target],
        y[~is_target],
        data.X[is_target],
        y[is_target],
        data.domain_names[0],
        data.domain_names[-1],
        y.name,
    )


def _as_dates(column):
    """Return a column as dates, or refuse it with the first cell that is none."""
    import pandas as pd
    from pandas.api.types import is_datetime64_any_dtype, is_numeric_dtype

    if is_datetime64_any_dtype(column):
        return column
    text, form = column, None
    if is_numeric_dtype(column):  # 20240131; any number is a time to pandas
        text, form = column.astype("Float64").round().astype("Int64"), "%Y%m%d"
        text = text.astype("string")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of formats that pandas cannot infer
        dates = pd.to_datetime(text, format=form, errors="coerce")
    bad = dates.isna() & column.notna()
    if bad.any():
        raise ValueError(
            f"--dates: the column {column.name!r} has {str(column[bad].iloc[0])!r} in "
            f"row {int(np.argmax(bad)) + 1}, which is no date such as 2024-01-31."
        )
    return dates


def _apart(X, dates: list[str]):
    """Return a table with year, month, weekday and hour instead of dates."""
    for name in dates:
        if name in X.columns:
            t = _as_dates(X[name]).dt
            parts = {
                "year": t.year,
                "month": t.month,
                "weekday": t.day_of_week,
                "hour": t.hour,
            }
            parts = {f"{name}_{part}": values for part, values in parts.items()}
            X = X.drop(columns=name).assign(**parts)
    return X


def choose_columns(problem: Problem, drop, features, dates, row_id) -> Problem:
    """Return a problem with the columns that the options leave.

    Parameters
    ----------
    problem : Problem

    drop, features, dates : list of str or None
        Columns to leave out, to use alone, and to take apart.

    row_id : str or None
        Column that names the rows: no feature, but kept for the predictions.
    """
    where = f"Neither {problem.source!r} nor {problem.target!r}"
    both = [*problem.X.columns, *problem.Xt.columns]
    asked = {"--drop": drop, "--features": features, "--dates": dates}
    for option, names in asked.items():
        for name in names or ():
            if name not in both:
                found = ", ".join(repr(column) for column in problem.X.columns[:8])
                raise ValueError(
                    f"{option}: {where} has a column {name!r}. There are {found}."
                )
    ids = None
    if row_id is not None:
        if row_id not in problem.Xt.columns:
            raise ValueError(f"--id: {problem.target!r} has no column {row_id!r}.")
        ids = problem.Xt[row_id]
    left_out = {*(drop or ()), row_id}

    def keep(X):
        names = [
            name
            for name in X.columns
            if name not in left_out and (not features or name in features)
        ]
        return _apart(X[names], dates or [])

    return problem._replace(X=keep(problem.X), Xt=keep(problem.Xt), ids=ids)


def predictions(comparison, Xt, label: str, ids=None):
    """Return a table with one line per target row, in order."""
    import pandas as pd

    model = comparison.best_estimator
    table = pd.DataFrame({label: model.predict(Xt)})
    if has_method(model, "predict_proba"):
        table["probability"] = np.max(model.predict_proba(Xt), axis=1)
    if ids is not None:
        table.insert(0, ids.name, ids.to_numpy())
    return table
