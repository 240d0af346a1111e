"""What the command line compares: two domains, read from files or bundled."""

from typing import Any, NamedTuple

import numpy as np

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
    label: str
    source_domain: np.ndarray | None = None

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


def read_two_files(source: str, target: str, label: str) -> Problem:
    """Read a file for each domain; the target may have labels or not."""
    X, y = pop_column(read_table(source), label, f"The source file {source!r}")
    Xt, yt = read_table(target), None
    if label in Xt.columns:
        Xt, yt = pop_column(Xt, label, f"The target file {target!r}")
    _check_not_empty(X, "source", repr(source))
    _check_not_empty(Xt, "target", repr(target))
    return Problem(X, y, Xt, yt, source, target, label)


def read_one_file(
    path: str,
    label: str,
    column: str,
    target: list[str],
    source: list[str] | None,
) -> Problem:
    """Read a file with a column that says which domain a row is of."""
    where = f"The file {path!r}"
    table, domain = pop_column(read_table(path), column, where)
    X, y = pop_column(table, label, where)
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
        y[is_source],
        X[is_target],
        y[is_target],
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


def predictions(comparison, Xt, label: str):
    """Return a table with one line per target row, in order."""
    import pandas as pd

    model = comparison.best_estimator
    table = pd.DataFrame({label: model.predict(Xt)})
    if has_method(model, "predict_proba"):
        table["probability"] = np.max(model.predict_proba(Xt), axis=1)
    return table
