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
    """Separator, decimal sign and encoding of a text file; None is to be found."""

    sep: str | None = None
    decimal: str | None = None
    encoding: str | None = None

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


def _find_decimal(text: str, sep: str) -> str:
    """Return the comma where numbers have one and none has a point."""
    cells = [cell.strip() for row in _rows(text, sep)[1:] for cell in row]
    points = any(re.fullmatch(r"[-+]?\d*\.\d+", cell) for cell in cells)
    commas = any(re.fullmatch(r"[-+]?\d*(\.\d{3})*,\d+", cell) for cell in cells)
    grouped = any(re.fullmatch(r"[-+]?\d{1,3}(\.\d{3})+,\d+", cell) for cell in cells)
    return "," if commas and (grouped or not points) and sep != "," else "."


def find_layout(data: bytes, usual: str, given: Layout) -> Layout:
    """Return a layout without gaps.

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
    if len(data) == SAMPLE:
        text = text[: text.rfind("\n") + 1] or text
    sep = given.sep or _find_separator(text, usual)
    decimal = given.decimal or _find_decimal(text, sep)
    return Layout(sep, decimal, encoding)


def grouped_numbers(column, decimal: str):
    """Return a text column of numbers such as 15,541.38 as floats, or None."""
    import pandas as pd

    text = column.dropna().astype(str).str.strip()
    group = "." if decimal == "," else ","
    sign, dot = re.escape(group), re.escape(decimal)
    plain = rf"[-+]?\d+({dot}\d+)?"
    many = rf"[-+]?\d{{1,3}}({sign}\d{{3}})+({dot}\d+)?"
    is_grouped = text.str.fullmatch(many)
    if is_grouped.any() and (is_grouped | text.str.fullmatch(plain)).all():
        numbers = text.str.replace(group, "", regex=False).str.replace(decimal, ".")
    elif decimal == "." and (
        text.str.contains(",", regex=False).any()
        and text.str.fullmatch(r"[-+]?\d*,?\d+").all()
    ):
        numbers = text.str.replace(",", ".", regex=False)
    else:
        return None
    return pd.to_numeric(numbers).astype(float).reindex(column.index)
