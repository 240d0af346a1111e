"""Tables from files and files from results, for the command line."""

import gzip
import os
import tempfile
import warnings
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

from adapt._csv_layout import FOUND, SAMPLE, Layout, find_layout
from adapt._csv_numbers import read_numbers
from adapt._extras import missing

KINDS = ".csv, .tsv, .txt, .csv.gz, .tsv.gz, .parquet or .pq"
_USUAL = {
    ".csv": ",",
    ".csv.gz": ",",
    ".tsv": "\t",
    ".tsv.gz": "\t",
    ".txt": "\t",
    ".txt.gz": "\t",
}
_PARQUET = (".parquet", ".pq")
_READ_HELP = "Say how it is written: --sep, --decimal, --encoding"
# What other kinds of files start with, and what to do with them.
_MARKS = {
    b"PK\x03\x04": "is an Excel file or a zip archive: save the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "is an old Excel file: save the sheet as CSV",
    b"\x1f\x8b": "is compressed: let its name end in .csv.gz",
    b"PAR1": "is a Parquet file: let its name end in .parquet",
}


# ------------------------------------------------------------------------ reading


def usual_separator(path: str) -> str | None:
    """Return the separator that the name of a file promises; None for others."""
    name = Path(path).name.lower()
    return next((sep for end, sep in _USUAL.items() if name.endswith(end)), None)


def layout_of(path: str, given: Layout = FOUND) -> tuple[Layout, list[str]]:
    """Return how a text file is written, found by its first rows, and its header."""
    open_file = gzip.open if path.lower().endswith(".gz") else open
    with open_file(path, "rb") as file:
        sample = file.read(SAMPLE)
    for mark, words in _MARKS.items():
        if sample.startswith(mark):
            raise ValueError(f"it {words}")
    return find_layout(sample, usual_separator(path) or ",", given)


def check_input(path: str) -> None:
    """Refuse what cannot be read, before anything is."""
    if Path(path).is_dir():
        raise IsADirectoryError(f"{path!r} is a folder; give the name of a file.")
    if not Path(path).is_file():
        raise FileNotFoundError(f"There is no file {path!r}.")
    if path.lower().endswith(_PARQUET):
        check_parquet("Reading")
    elif path.lower().endswith((".xls", ".xlsx", ".ods")):
        raise ValueError(
            f"{path!r} is a spreadsheet: save the sheet as CSV, and give that file."
        )
    elif usual_separator(path) is None:
        raise ValueError(f"Cannot tell what {path!r} is: use {KINDS}.")


def read_table(path: str, given: Layout = FOUND):
    """Return the data frame in a CSV, TSV or Parquet file."""
    check_input(path)
    if path.lower().endswith(_PARQUET):
        return _read_parquet(path)
    return _read_text(path, given)


def read_cells(path: str, given: Layout = FOUND):
    """Return the cells of a text file as they stand there, its layout and header."""
    import pandas as pd

    layout, header = layout_of(path, given)
    options = layout.options() | {"na_values": []}
    try:
        cells = pd.read_csv(path, **options, dtype=str, keep_default_na=False)
    except UnicodeDecodeError:
        options["encoding"] = "cp1252"
        cells = pd.read_csv(path, **options, dtype=str, keep_default_na=False)
    return _with_names_of_rows(cells, layout), layout, header


def _with_names_of_rows(table, layout: Layout):
    """Return a table in which an index is a column without a name."""
    return table.reset_index(names="Unnamed: 0") if layout.index else table


def _parse(path: str, given: Layout):
    """Return a table, how its file is written, and the header."""
    import pandas as pd

    layout, header = layout_of(path, given)
    try:
        table = pd.read_csv(path, **layout.options())
    except UnicodeDecodeError:
        if given.encoding is not None:
            raise
        layout = layout._replace(encoding="cp1252")
        table = pd.read_csv(path, **layout.options())
    return _with_names_of_rows(table, layout), layout, header


def _read_text(path: str, given: Layout):
    """Return the table of a text file, and say what is unusual about the file."""
    import pandas as pd

    try:
        with warnings.catch_warnings():
            for kind in pd.errors.DtypeWarning, pd.errors.ParserWarning:
                warnings.simplefilter("ignore", kind)
            table, layout, header = _parse(path, given)
    except (pd.errors.EmptyDataError, EOFError) as error:
        raise ValueError(f"The file {path!r} is empty.") from error
    except (ValueError, LookupError, gzip.BadGzipFile) as error:
        _cannot_read(path, error)
    usual = Layout(usual_separator(path), ".", "utf-8")
    found = {
        key: value for key, value in usual._asdict().items() if getattr(given, key)
    }
    words = layout._replace(**found).differs(usual.sep)
    numbers = read_numbers(table, layout.decimal, given.decimal is not None)
    said = [f"with {words}"] if words else []
    said += [f"taking {', '.join(numbers)}"] if numbers else []
    if said:
        _note(f"Read {path!r} {'; '.join(said)}.")
    twice = [name for k, name in enumerate(header) if name and name in header[:k]]
    if twice:
        _note(
            f"{path!r} has two columns {twice[0]!r}; the second is called "
            f"'{twice[0]}.1' here."
        )
    return table


def _note(text: str) -> None:
    warnings.warn(text, UserWarning, stacklevel=3)


def _cannot_read(path: str, error: Exception) -> NoReturn:
    reason = " ".join(str(error).split()).replace(
        "Error tokenizing data. C error: ", ""
    )
    advice = f" {_READ_HELP}."
    if isinstance(error, UnicodeDecodeError):
        reason, advice = (
            "it is not text in the encodings tried: give another --encoding",
            "",
        )
    elif reason.startswith("it is "):
        advice = ""
    raise ValueError(f"Cannot read {path!r}: {reason.rstrip('.')}.{advice}") from error


def _read_parquet(path: str):
    import pandas as pd

    try:
        table = pd.read_parquet(path)
    except (ValueError, OSError) as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise ValueError(f"Cannot read {path!r} as Parquet: {reason}.") from error
    if not isinstance(table.index, pd.RangeIndex):
        return table.reset_index()  # names of rows are a column, as in a text file
    return table.reset_index(drop=True)


def pop_column(table, name: str, where: str):
    """Return a table without a column, and the column; it must be there."""
    if name not in table.columns:
        found = ", ".join(repr(column) for column in table.columns[:8])
        more = ", ..." if len(table.columns) > 8 else ""
        advice = ""
        if len(table.columns) == 1 and any(s in str(table.columns[0]) for s in ",;\t|"):
            advice = " Its cells are not taken apart: leave out --sep, or give another."
        raise ValueError(
            f"{where} has no column {name!r}. It has {found}{more}.{advice}"
        )
    return table.drop(columns=name), table[name]


# ------------------------------------------------------------------------ writing


def _same_file(path: str, other: str) -> bool:
    if Path(path).exists() and Path(other).exists():
        return os.path.samefile(path, other)
    return Path(path).resolve() == Path(other).resolve()


def check_outputs(outputs: list, inputs: list) -> None:
    """Refuse outputs that are inputs, that are each other, or cannot be written."""
    inputs = [path for path in inputs if path]
    outputs = [path for path in outputs if path]
    for k, path in enumerate(outputs):
        check_folder(path)
        if any(_same_file(path, other) for other in inputs):
            raise ValueError(f"{path!r} is a file to be read; write to another name.")
        if any(_same_file(path, other) for other in outputs[:k]):
            raise ValueError(f"{path!r} is to hold two results; give two names.")
        _check_writable(path)


def _check_writable(path: str) -> None:
    """Refuse a folder in which no file can be made."""
    try:
        handle, unfinished = _unfinished(path)
    except OSError as error:
        folder = str(Path(path).parent)
        raise type(error)(
            f"Cannot write {path!r}: {error.strerror} in the folder {folder!r}."
        ) from error
    os.close(handle)
    os.unlink(unfinished)


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
        raise missing(f"{verb} Parquet", "pyarrow")


def write_table(path: str, table, sep: str | None = None) -> None:
    """Write a table whole, as what the ending of its name says."""
    check_table_name(path)
    write_whole(path, lambda name: fill_table_file(name, path, table, sep))


def fill_table_file(name: str, path: str, table, sep: str | None = None) -> None:
    """Write a table to a file of any name as what the ending of ``path`` says."""
    if path.lower().endswith(_PARQUET):
        table.to_parquet(name, index=False)
        return
    kind = "gzip" if path.lower().endswith(".gz") else None
    sep = sep or usual_separator(path)
    table.to_csv(name, sep=sep, index=False, compression=kind)


def check_folder(path: str | None) -> None:
    """Refuse a path that nothing can be written to, before there is something."""
    if path is None:
        return
    folder = Path(path).parent
    if not folder.is_dir():
        raise FileNotFoundError(f"There is no folder {str(folder)!r} for {path!r}.")
    if Path(path).is_dir():
        raise IsADirectoryError(f"{path!r} is a folder; give the name of a file.")


def _unfinished(path: str) -> tuple[int, str]:
    """Make an empty file beside another, and return its handle and name."""
    file = Path(path)
    return tempfile.mkstemp(dir=file.parent, prefix=f".{file.name[:50]}.")


def write_whole(path: str, fill: Callable[[str], object]) -> None:
    """Write a file whole or not at all: ``fill`` writes one that takes its name."""
    check_folder(path)
    handle, unfinished = _unfinished(path)
    os.close(handle)
    mask = os.umask(0)
    os.umask(mask)
    try:
        fill(unfinished)
        with open(unfinished, "rb") as file:
            os.fsync(file.fileno())  # a full disk may be told of only now
        os.chmod(unfinished, 0o666 & ~mask)  # as an ordinary new file
        os.replace(unfinished, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(unfinished)
        raise
