"""Tables from files and files from results, for the command line."""

import os
import tempfile
from pathlib import Path

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


def two_files(source: str, target: str, label: str):
    """Return ``X, y, Xt, yt`` from a file for each domain; ``yt`` may be None."""
    X, y = pop_column(read_table(source), label, f"The source file {source!r}")
    Xt, yt = read_table(target), None
    if label in Xt.columns:
        Xt, yt = pop_column(Xt, label, "")
    for rows, path, domain in [(X, source, "source"), (Xt, target, "target")]:
        if len(rows) == 0:
            raise ValueError(f"The {domain} domain is empty: {path!r} has no rows.")
    return X, y, Xt, yt


def one_file(
    path: str,
    label: str,
    domain_column: str,
    target_domain: list[str],
    source_domain: list[str] | None,
):
    """Return ``X, y, Xt, yt`` from a file in which a column names the domain."""
    table, domain = pop_column(read_table(path), domain_column, f"The file {path!r}")
    X, y = pop_column(table, label, f"The file {path!r}")
    names = domain.astype(str)
    known = ", ".join(repr(name) for name in list(dict.fromkeys(names))[:8])
    for name in [*target_domain, *(source_domain or ())]:
        if name not in set(names):
            raise ValueError(
                f"No row has {name!r} in the column {domain_column!r}, whose values "
                f"are {known}."
            )
    target = names.isin(target_domain)
    source = ~target if source_domain is None else names.isin(source_domain) & ~target
    if not source.any():
        raise ValueError(
            f"The source domain is empty: every row of {path!r} is of the target."
        )
    return X[source], y[source], X[target], y[target]


def bundled(name: str, source: str | None, target: str | None):
    """Return ``X, y, Xt, yt`` of a bundled data set, and the names of the domains."""
    from adapt.datasets import list_datasets, list_tasks, load_dataset

    if name not in list_datasets():
        raise ValueError(
            f"There is no bundled data set {name!r}. There are "
            f"{', '.join(list_datasets())}."
        )
    tasks = [
        task
        for task in list_tasks()
        if task.dataset == name
        and source in (None, task.kwargs["source"])
        and target in (None, task.kwargs["target"])
    ]
    if tasks and tasks[0].kind == "series":
        raise ValueError(
            f"{name!r} holds time series, and `compare` takes tables. Make columns of "
            "each window first, or use a deep method."
        )
    chosen = {"source": source, "target": target}
    chosen = {key: value for key, value in chosen.items() if value is not None}
    kwargs = tasks[0].kwargs if tasks else chosen
    data = load_dataset(name, **kwargs, as_frame=True)
    target_rows = data.sample_domain < 0
    names = [
        " + ".join(str(data.domain_names[k]) for k in data.domain_names if (k < 0) == t)
        for t in (False, True)
    ]
    X, y = data.X, data.y
    return X[~target_rows], y[~target_rows], X[target_rows], y[target_rows], names


def predictions(comparison, Xt, label: str):
    """Return a table with one line per target row, in order."""
    import pandas as pd
    from sklearn.base import is_classifier

    table = pd.DataFrame({label: comparison.predict(Xt)})
    model = comparison.best_estimator
    if is_classifier(model) and hasattr(model, "predict_proba"):
        table["probability"] = np.max(model.predict_proba(Xt), axis=1)
    return table


def write_whole(path: str, write) -> None:
    """Write a file, or nothing: ``write`` fills another one that then takes its name."""
    file = Path(path)
    if not file.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {str(file.parent)!r} for {path!r}.")
    handle, unfinished = tempfile.mkstemp(dir=file.parent, suffix=f".{file.name}")
    os.close(handle)
    try:
        write(unfinished)
        os.chmod(unfinished, 0o666 & ~_umask())
        os.replace(unfinished, file)
    except BaseException:
        os.unlink(unfinished)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
