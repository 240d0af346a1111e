"""Tables from files and files from results, for the command line."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

_KINDS = ".csv, .tsv, .csv.gz, .tsv.gz, .parquet or .pq"


def read_table(path: str):
    """Return the data frame in a CSV, TSV or Parquet file."""
    import pandas as pd

    file = Path(path)
    if not file.is_file():
        raise FileNotFoundError(f"There is no file {path!r}.")
    name = file.name.lower()
    try:
        if name.endswith((".parquet", ".pq")):
            table = _read_parquet(file)
        elif name.endswith((".csv", ".csv.gz")):
            table = pd.read_csv(file)
        elif name.endswith((".tsv", ".tsv.gz")):
            table = pd.read_csv(file, sep="\t")
        else:
            raise ValueError(f"Cannot tell what {path!r} is: use {_KINDS}.")
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeError) as error:
        raise ValueError(f"Cannot read {path!r}: {error}".rstrip()) from error
    return table


def _read_parquet(file: Path):
    import pandas as pd

    try:
        return pd.read_parquet(file)
    except ImportError as error:
        raise ImportError(
            "Reading Parquet needs pyarrow: pip install 'adapt-learn[parquet]'."
        ) from error


def pop_column(table, name: str, where: str):
    """Return a table without a column, and the column; it must be there."""
    if name not in table.columns:
        found = ", ".join(repr(column) for column in table.columns[:8])
        more = ", ..." if len(table.columns) > 8 else ""
        raise ValueError(f"{where} has no column {name!r}. It has {found}{more}.")
    return table.drop(columns=name), table[name]


class Problem(NamedTuple):
    """Two domains as `compare` takes them, and their names for people."""

    X: Any
    y: Any
    Xt: Any
    yt: Any
    source: str
    target: str
    label: str


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
    if hasattr(model, "predict_proba"):
        table["probability"] = np.max(model.predict_proba(Xt), axis=1)
    return table


def check_folder(path: str | None) -> None:
    """Refuse a path that nothing can be written to, before there is something."""
    if path is None:
        return
    folder = Path(path).parent
    if not folder.is_dir():
        raise FileNotFoundError(f"There is no folder {str(folder)!r} for {path!r}.")
    if Path(path).is_dir():
        raise IsADirectoryError(f"{path!r} is a folder; give the name of a file.")


def write_whole(path: str, write: Callable[[str], object]) -> None:
    """Write a file whole or not at all: ``write`` fills one that takes its name."""
    check_folder(path)
    file = Path(path)
    handle, unfinished = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    os.close(handle)
    mask = os.umask(0)
    os.umask(mask)
    try:
        write(unfinished)
        os.chmod(unfinished, 0o666 & ~mask)  # as an ordinary new file
        os.replace(unfinished, file)
    except BaseException:
        os.unlink(unfinished)
        raise
