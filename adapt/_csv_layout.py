"""How a text file holds a table: separator, decimal sign, encoding, found by looking.

Spreadsheets write what their country has: semicolons where the comma is the decimal
sign, UTF-16 or Latin-1, a byte order mark. The first rows of a file show which.
"""

import codecs
import csv
import re
from typing import NamedTuple

SAMPLE = 1 << 16  # bytes that are looked at
_SEPARATORS = ",;\t|"
_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", ".": "point"}
_BOMS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


class Layout(NamedTuple):
    """How a text file is written; None is to be found.

    ``missing`` holds texts that stand for a missing value, beside the usual ones. The
    first column may be an ``index``: it names the rows, and the header leaves it out.
    """

    sep: str | None = None
    decimal: str | None = None
    encoding: str | None = None
    missing: tuple[str, ...] = ()
    index: bool = False

    def differs(self, usual: str) -> str:
        """Return in words what is not usual: `usual` separator, point and UTF-8."""
        words = []
        if self.sep != usual:
            words.append(f"separator {_NAMES.get(self.sep, repr(self.sep))}")
        if self.decimal != ".":
            words.append(f"decimal {_NAMES.get(self.decimal, repr(self.decimal))}")
        if self.encoding not in ("utf-8", "utf-8-sig"):
            words.append(f"encoding {self.encoding}")
        return ", ".join(words)

    def options(self) -> dict:
        """Return the arguments of `pandas.read_csv` that say the same."""
        return {
            "sep": self.sep,
            "decimal": self.decimal,
            "encoding": self.encoding,
            "na_values": list(self.missing),
            # Separators at the ends of lines make no column.
            "index_col": 0 if self.index else False,
        }


FOUND = Layout()  # nothing is given, all of it is found


def _find_encoding(sample: bytes) -> str:
    for mark, name in _BOMS.items():
        if sample.startswith(mark):
            return name
    odd, even = sample[1::2].count(0), sample[::2].count(0)
    if max(odd, even) > len(sample) / 8:
        return "utf-16-le" if odd > even else "utf-16-be"
    try:
        # A character may be cut off at the end of the sample.
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _rows(text: str, sep: str) -> list[list[str]]:
    return [row for row in csv.reader(text.splitlines(True), delimiter=sep) if row]


def _find_separator(text: str, usual: str) -> str:
    """Return the separator that gives most rows the fields of the first one."""
    best, best_score = usual, (0.0, 0)
    for sep in [usual, *(s for s in _SEPARATORS if s != usual)]:
        rows = _rows(text, sep)
        if not rows or len(rows[0]) < 2:
            continue
        n = len(rows[0])
        score = sum(len(row) == n for row in rows) / len(rows), n
        if score > best_score:
            best, best_score = sep, score
    return best


def _find_decimal(rows: list[list[str]], sep: str) -> str:
    """Return the comma where numbers have one and none has a point."""
    cells = [cell.strip() for row in rows[1:] for cell in row]

    def any_is(pattern):
        return any(re.fullmatch(rf"[-+]?{pattern}", cell) for cell in cells)

    if any_is(r"\d{1,3}(\.\d{3})+,\d+") or any_is(r"\d{1,3}(\.\d{3}){2,}"):
        return ","
    commas = any_is(r"\d*(\.\d{3})*,\d+")
    return "," if commas and sep != "," and not any_is(r"\d*\.\d+") else "."


def _has_index(rows: list[list[str]]) -> bool:
    """Return whether rows have a name that the header leaves out.

    Raises
    ------
    ValueError
        If the first row has more cells than that.
    """
    if len(rows) < 2 or len(rows[1]) <= len(rows[0]):
        return False
    extra = len(rows[1]) - len(rows[0])
    if all(not cell.strip() for row in rows[1:] for cell in row[len(rows[0]) :]):
        return False
    if extra > 1 or any(len(row) != len(rows[1]) for row in rows[1:]):
        raise ValueError(
            f"the header has {len(rows[0])} names and the first row has "
            f"{len(rows[1])} cells"
        )
    return True


def find_layout(data: bytes, usual: str, given: Layout) -> tuple[Layout, list[str]]:
    """Return a layout without gaps, and the header.

    Parameters
    ----------
    data : bytes
        The first part of the file.

    usual : str
        Separator that the name of the file promises.

    given : Layout
        What is known.
    """
    data = data[:SAMPLE]
    encoding = given.encoding or _find_encoding(data)
    text = codecs.getincrementaldecoder(encoding)("replace").decode(data)
    text = text.removeprefix("\ufeff")
    if len(data) == SAMPLE:
        text = text[: text.rfind("\n") + 1] or text
    sep = given.sep or _find_separator(text, usual)
    rows = _rows(text, sep)
    decimal = given.decimal or _find_decimal(rows, sep)
    layout = given._replace(
        sep=sep, decimal=decimal, encoding=encoding, index=_has_index(rows)
    )
    return layout, rows[0] if rows else []
