"""Tables from files and files from results, for the command line."""

import gzip
import os
import tempfile
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from adapt._csv_layout import FOUND, SAMPLE, Layout, find_layout, grouped_numbers

KINDS = ".csv, .tsv, .csv.gz, .tsv.gz, .parquet or .pq"
_USUAL = {".csv": ",", ".csv.gz": ",", ".tsv": "\t", ".tsv.gz": "\t"}
_PARQUET = (".parquet", ".pq")
_READ_HELP = "say how it is written: --sep, --decimal, --encoding"


def usual_separator(path: str) -> str | None:
    """Return the separator that the name of a file promises; None for others."""
    name = Path(path).name.lower()
    return next((sep for end, sep in _USUAL.items() if name.endswith(end)), None)


def layout_of(path: str, given: Layout = FOUND) -> Layout:
    """Return how a text file is written, found by its first rows."""
    open_file = gzip.open if path.lower().endswith(".gz") else open
    with open_file(path, "rb") as file:
        return find_layout(file.read(SAMPLE), usual_separator(path) or ",", given)


def read_table(path: str, given: Layout = FOUND):
    """Return the data frame in a CSV, TSV or Parquet file."""
    if Path(path).is_dir():
        raise IsADirectoryError(f"{path!r} is a folder; give the name of a file.")
    if not Path(path).is_file():
        raise FileNotFoundError(f"There is no file {path!r}.")
    if path.lower().endswith(_PARQUET):
        return _read_parquet(Path(path))
    if usual_separator(path) is None:
        raise ValueError(f"Cannot tell what {path!r} is: use {KINDS}.")
    return _read_text(path, given)


def _read_text(path: str, given: Layout):
    """Return the table of a text file, and say what is unusual about the file."""
    import pandas as pd

    try:
        layout = layout_of(path, given)
        try:
            table = pd.read_csv(path, **layout._asdict())
        except UnicodeDecodeError:
            if given.encoding is not None:
                raise
            layout = layout._replace(encoding="cp1252")
            table = pd.read_csv(path, **layout._asdict())
    except (pd.errors.EmptyDataError, EOFError) as error:
        raise ValueError(f"The file {path!r} is empty.") from error
    except (ValueError, LookupError, gzip.BadGzipFile) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"Cannot read {path!r}: {reason}. {_READ_HELP}.") from error
    words = layout.differs(usual_separator(path))
    if words and given != layout:
        warnings.warn(f"Read {path!r} with {words}.", UserWarning, stacklevel=2)
    grouped = []
    for k, name in enumerate(table.columns):
        column = table.iloc[:, k]
        if not pd.api.types.is_numeric_dtype(column) and column.notna().any():
            numbers = grouped_numbers(column, layout.decimal)
            if numbers is not None:
                table[name] = numbers
                grouped.append(repr(name))
    if grouped:
        warnings.warn(
            f"Read {path!r}: numbers such as 15,541.38 or 1,5 in {', '.join(grouped)}.",
            UserWarning,
            stacklevel=2,
        )
    return table


def _same_file(path: str, other: str) -> bool:
    if Path(path).exists() and Path(other).exists():
        return os.path.samefile(path, other)
    return Path(path).resolve() == Path(other).resolve()


def check_outputs(outputs: list, inputs: list) -> None:
    """Refuse outputs that are inputs, that are each other, or that have no folder."""
    inputs = [path for path in inputs if path]
    outputs = [path for path in outputs if path]
    for k, path in enumerate(outputs):
        check_folder(path)
        if any(_same_file(path, other) for other in inputs):
            raise ValueError(f"{path!r} is a file to be read; write to another name.")
        if any(_same_file(path, other) for other in outputs[:k]):
            raise ValueError(f"{path!r} is to hold two results; give two names.")


def check_table_name(path: str | None) -> None:
    """Refuse a name of a table whose ending says nothing that can be written."""
    if path is None or usual_separator(path) is not None:
        return
    if not path.lower().endswith(_PARQUET):
        raise ValueError(f"Cannot tell what {path!r} is to be: use {KINDS}.")
    check_parquet("Writing")


def check_parquet(verb: str) -> None:
    """Raise ImportError where pandas cannot read or write Parquet."""
    if not any(find_spec(name) for name in ("pyarrow", "fastparquet")):
        raise ImportError(
            f"{verb} Parquet needs pyarrow: pip install 'adapt-learn[parquet]'."
        )


def write_table(path: str, table, sep: str | None = None) -> None:
    """Write a table whole, as what the ending of its name says."""
    check_table_name(path)
    if path.lower().endswith(_PARQUET):
        write_whole(path, lambda name: table.to_parquet(name, index=False))
        return
    sep = sep or usual_separator(path)
    kind = "gzip" if path.lower().endswith(".gz") else None
    write_whole(
        path, lambda name: table.to_csv(name, sep=sep, index=False, compression=kind)
    )


def _read_parquet(file: Path):
    import pandas as pd

    try:
        return pd.read_parquet(file)
    except ImportError as error:
        raise ImportError(
            "Reading Parquet needs pyarrow: pip install 'adapt-learn[parquet]'."
        ) from error
    except (ValueError, OSError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"Cannot read {str(file)!r} as Parquet: {reason}") from error


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
