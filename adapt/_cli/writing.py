"""Results in files, written whole or not at all, and nothing of them lost.

A file that cannot be written does not stop the others, and what was to go into it is
put into the folder for temporary files.
"""

import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from adapt import _files


class Result(NamedTuple):
    """A file that is to be written: ``fill`` writes one that takes its name."""

    path: str
    fill: Callable[[str], object]


def text_result(path: str, make: Callable[[], str]) -> Result:
    """Return a text as a result; it is made when it is written."""
    return Result(path, lambda name: Path(name).write_text(make(), encoding="utf-8"))


def json_result(path: str, make: Callable[[], dict]) -> Result:
    """Return plain values as a result."""
    return text_result(path, lambda: json.dumps(make(), indent=2) + "\n")


def table_result(path: str, make: Callable[[], object], sep: str | None = None):
    """Return a table as a result, written as the ending of its name says."""
    return Result(path, lambda name: _files.fill_table_file(name, path, make(), sep))


def say(text: str) -> None:
    """Print a line, and go on where nobody reads it: results are yet to be written."""
    try:
        print(text, flush=True)
    except OSError:
        close_output()


def close_output() -> None:
    """Point standard output to nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def complain(text: str) -> None:
    """Print a line on standard error."""
    print(f"adapt: error: {text}", file=sys.stderr)


def write_all(results: list[Result]) -> int:
    """Write results one after the other, each with a line that says so.

    Returns
    -------
    status : int
        0; 2 if one of them could not be made or written; 130 after Ctrl-C.
    """
    status = 0
    for k, result in enumerate(results):
        try:
            _files.write_whole(result.path, result.fill)
        except KeyboardInterrupt:
            rest = ", ".join(result.path for result in results[k:])
            complain(f"interrupted: {rest} not written.")
            return 130
        except OSError as error:
            complain(_put_elsewhere(result, error))
            status = 2
        except (ValueError, TypeError, ImportError) as error:
            complain(f"{result.path!r} is not written: {error}")
            status = 2
        else:
            say(f"Wrote {result.path}.")
    return status


def _put_elsewhere(result: Result, error: OSError) -> str:
    """Write a result where there may be room, and return what happened."""
    what = f"Cannot write {result.path!r}: {error.strerror or error}"
    try:
        folder = tempfile.mkdtemp(prefix="adapt-")
        path = str(Path(folder, Path(result.path).name))
        _files.write_whole(path, result.fill)
    except (OSError, ValueError):
        return f"{what}, and neither can a file in the temporary folder."
    return f"{what}. It is in {path!r}."
