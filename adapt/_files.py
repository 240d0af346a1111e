"""Tables from files and files from results, for the command line."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

KINDS = ".csv, .tsv, .csv.gz, .tsv.gz, .parquet or .pq"


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
            raise ValueError(f"Cannot tell what {path!r} is: use {KINDS}.")
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
