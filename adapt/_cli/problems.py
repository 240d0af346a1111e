"""What the command line compares: two domains, read from files or bundled."""

import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from adapt._csv_layout import FOUND, Layout
from adapt._files import pop_column, read_table
from adapt.base._estimators import has_method

if TYPE_CHECKING:
    from adapt.model_selection import Comparison


class Places(NamedTuple):
    """Where the rows of a domain stand: the file of each, and its number there."""

    files: list[str]
    file: np.ndarray
    number: np.ndarray

    def of(self, k: int) -> str:
        """Return where a row stands, the header not counted."""
        return f"row {self.number[k]} of {self.files[self.file[k]]!r}"

    def take(self, rows) -> "Places":
        """Return the places of some rows."""
        return Places(self.files, self.file[rows], self.number[rows])


def whole_files(files: list[str], tables: list) -> Places:
    """Return the places of all rows of files, one file after the other."""
    lengths = [len(table) for table in tables]
    return Places(
        files,
        np.repeat(np.arange(len(files)), lengths),
        np.concatenate([np.arange(1, n + 1) for n in lengths]),
    )


class Problem(NamedTuple):
    """Two domains as `compare` takes them, and their names for people.

    Where there are several sources, ``source_domain`` numbers the one of each source
    row, and ``sources`` names them.
    """

    X: Any
    y: Any
    Xt: Any
    yt: Any
    source: str
    target: str
    label: str | None
    source_places: Places
    target_places: Places
    source_domain: np.ndarray | None = None
    sources: tuple[str, ...] = ()
    ids: Any = None
    groups: Any = None
    of_series: bool = False

    def domains(self, by_source: bool) -> dict:
        """Return the domains as arguments of `compare`, apart or as one table."""
        if not by_source or self.source_domain is None:
            both = {"X": self.X, "y": self.y, "Xt": self.Xt, "yt": self.yt}
            return both if self.groups is None else {**both, "groups": self.groups}
        import pandas as pd

        target = np.full(len(self.Xt), -1)
        return {
            "X": pd.concat([self.X, self.Xt], ignore_index=True),
            "y": pd.concat([self.y, self.yt], ignore_index=True),
            "sample_domain": np.concatenate([self.source_domain, target]),
        }

    def take_source(self, rows) -> "Problem":
        """Return a problem with some of the source rows."""
        domain = None if self.source_domain is None else self.source_domain[rows]
        return self._replace(
            X=self.X[rows].reset_index(drop=True),
            y=self.y[rows].reset_index(drop=True),
            source_places=self.source_places.take(rows),
            source_domain=domain,
        )


def _check_not_empty(rows, domain: str, where: str) -> None:
    if len(rows) == 0:
        raise ValueError(f"The {domain} domain is empty: {where} has no rows.")


def _read_sources(paths: list[str], label: str | None, layout: Layout):
    """Return the rows of source files as one table, with their labels and places."""
    import pandas as pd

    tables = [read_table(path, layout) for path in paths]
    for path, table in zip(paths, tables, strict=True):
        if label is not None:
            pop_column(table, label, f"The source file {path!r}")
        _check_not_empty(table, "source", repr(path))
    common = [
        name for name in tables[0].columns if all(name in t.columns for t in tables)
    ]
    some = {name for table in tables for name in table.columns} - {*common}
    if some:
        warnings.warn(
            f"Left out, because not every source file has them: "
            f"{', '.join(sorted(map(repr, some)))}.",
            UserWarning,
            stacklevel=4,
        )
    X = pd.concat([table[common] for table in tables], ignore_index=True)
    places = whole_files(paths, tables)
    y = None
    if label is not None:
        X, y = pop_column(X, label, f"The source file {paths[0]!r}")
    return X, y, places


def read_files(
    sources: list[str], target: str, label: str | None, layout: Layout = FOUND
) -> Problem:
    """Read the files of each domain; the target may have labels or not."""
    X, y, places = _read_sources(sources, label, layout)
    Xt, yt = read_table(target, layout), None
    if label in Xt.columns:
        Xt, yt = pop_column(Xt, label, f"The target file {target!r}")
    _check_not_empty(Xt, "target", repr(target))
    several = len(sources) > 1
    return Problem(
        X,
        y,
        Xt,
        yt,
        " + ".join(sources),
        target,
        label,
        places,
        whole_files([target], [Xt]),
        places.file if several else None,
        tuple(sources) if several else (),
    )


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
    is_target = domain.isin(target).to_numpy(bool)
    is_source = ~is_target
    if source is not None:
        is_source &= domain.isin(source).to_numpy(bool)
    _check_not_empty(X[is_source], "source", f"what {column!r} leaves of it")
    places = whole_files([path], [table])
    sources, number = np.unique(domain[is_source].astype(object), return_inverse=True)

    def part(values, rows):
        return None if values is None else values[rows].reset_index(drop=True)

    return Problem(
        part(X, is_source),
        part(y, is_source),
        part(X, is_target),
        part(y, is_target),
        " + ".join(source) if source else f"other values of {column!r}",
        " + ".join(target),
        label,
        places.take(is_source),
        places.take(is_target),
        number,
        tuple(sources.tolist()) if len(sources) > 1 else (),
    )


def _bundled_series(data, name: str) -> Problem:
    """Return the problem of a bundled data set of series."""
    import pandas as pd

    from adapt.series import as_series

    target = data.sample_domain < 0
    y = data.target_names[data.y]
    X = as_series(data.X, channels=data.feature_names)
    places = whole_files([name], [data.X])
    groups = data["groups"][~target] if "groups" in data else None
    return Problem(
        X[~target],
        y[~target],
        X[target],
        y[target],
        data.domain_names[0],
        data.domain_names[-1],
        "y",
        places.take(~target),
        places.take(target),
        ids=pd.Series(np.arange(1, target.sum() + 1), name="series"),
        groups=groups,
        of_series=True,
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
    of_series = tasks[0].kind == "series"
    form = {} if of_series else {"as_frame": True}
    pairs = [
        task
        for task in tasks
        if source in (None, task.kwargs["source"])
        and target in (None, task.kwargs["target"])
    ]
    if pairs:
        data = load_dataset(name, **pairs[0].kwargs, **form)
    else:
        given = {"source": source, "target": target}
        given = {key: value for key, value in given.items() if value is not None}
        data = load_dataset(name, **given, **form)
    if of_series:
        return _bundled_series(data, name)
    y = data.y
    if "target_names" in data:
        y = y.map(dict(enumerate(data.target_names.tolist())))
    is_target = np.asarray(data.sample_domain < 0)
    places = whole_files([name], [data.X])
    X, y = data.X.reset_index(drop=True), y.reset_index(drop=True)
    return Problem(
        X[~is_target].reset_index(drop=True),
        y[~is_target].reset_index(drop=True),
        X[is_target].reset_index(drop=True),
        y[is_target].reset_index(drop=True),
        data.domain_names[0],
        data.domain_names[-1],
        y.name,
        places.take(~is_target),
        places.take(is_target),
    )


def predictions(comparison: "Comparison", problem: Problem):
    """Return a table with one line per target row, in order."""
    import pandas as pd

    model = comparison.best_estimator
    table = pd.DataFrame({problem.label: model.predict(problem.Xt)})
    if has_method(model, "predict_proba"):
        table["probability"] = np.max(model.predict_proba(problem.Xt), axis=1)
    table.insert(0, problem.ids.name, problem.ids.to_numpy(), allow_duplicates=True)
    return table
