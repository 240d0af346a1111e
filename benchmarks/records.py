"""Files of results: rows of measurements that are read, added to and averaged.

A file under ``results/`` is a CSV with a header and one row for each measurement. A
benchmark adds rows as they are measured, so that a run that was stopped goes on where
it was left. A page of the docs prints its tables from the same file.

``Results("tuners.csv", columns, key)`` reads and writes; `average` aggregates rows.
"""

import csv
import io
import subprocess
from collections import defaultdict
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent / "results"


def read(path):
    """Return the rows of a file as dicts of strings; none if there is no file.

    A last line without its end, which a run leaves that is killed, is left out.
    """
    path = FOLDER / path
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text[: text.rfind("\n") + 1])))


def as_line(columns, row):
    """Return a row as a line; floats keep the digits that they are given with."""
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, restval="", lineterminator="\n")
    writer.writerow(row)
    return out.getvalue()


def average(rows, by, value="value", of=np.mean):
    """Return what ``of`` makes of a column of numbers, for each group of rows.

    Parameters
    ----------
    rows : list of dict
        Rows, as `read` returns them.
    by : str or sequence of str
        The columns that make a group.
    value : str
        The column of numbers; empty cells are left out.
    of : callable
        From a list of floats to a number.

    Returns
    -------
    groups : dict
        By group, a cell or a tuple of cells, in the order of the rows.
    """
    found = defaultdict(list)
    for row in rows:
        if row[value] != "":
            key = row[by] if isinstance(by, str) else tuple(row[name] for name in by)
            found[key].append(float(row[value]))
    return {key: of(values) for key, values in found.items()}


def version():
    """Return the version of the library and the commit, as far as there is one."""
    import adapt

    call = ["git", "-C", Path(__file__).parent, "describe", "--always", "--dirty"]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    return f"{adapt.__version__} {done.stdout.strip()}".strip()


class Results:
    """A file of results.

    Parameters
    ----------
    path : str or Path
        The file, relative to ``results/``.
    columns : sequence of str
        The header.
    key : sequence of str
        The columns that identify what was measured; it is not measured again.
    """

    def __init__(self, path, columns, key):
        self.path = FOLDER / path
        self.columns, self.key = tuple(columns), tuple(key)

    def read(self):
        return read(self.path)

    def key_of(self, row):
        return tuple(str(row[name]) for name in self.key)

    def done(self):
        """Return the keys of all rows."""
        return {self.key_of(row) for row in self.read()}

    def __contains__(self, row):
        return self.key_of(row) in self.done()

    def add(self, *rows, replace=False):
        """Add rows by one write; ``replace`` takes those of the same keys away."""
        text = "".join(as_line(self.columns, row) for row in rows)
        if not self.path.exists():
            self.write(rows)
        elif replace:
            new = {self.key_of(row) for row in rows}
            self.write([r for r in self.read() if self.key_of(r) not in new] + [*rows])
        else:
            self._drop_torn_line()
            with self.path.open("a", encoding="utf-8", newline="") as file:
                file.write(text)

    def write(self, rows):
        """Write the whole file."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        head = ",".join(self.columns) + "\n"
        lines = [as_line(self.columns, row) for row in rows]
        with self.path.open("w", encoding="utf-8", newline="") as file:
            file.write(head + "".join(lines))

    def _drop_torn_line(self):
        with self.path.open("rb+") as file:
            file.truncate(file.read().rfind(b"\n") + 1)
