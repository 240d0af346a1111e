"""Numbers that a text file writes for people: 15,541.38 or 15.541,38 or 1,5."""

import re
from typing import NamedTuple

_GROUPS = {".": (",", "'", "\u2019", " ", "\xa0", "\u202f")}
_GROUPS[","] = (".", *_GROUPS["."][1:])


class Written(NamedTuple):
    """How the numbers of a text column are written.

    ``group`` stands between thousands and ``decimal`` before decimals. It ``may_be``
    otherwise where every number is like 1,500.
    """

    group: str
    decimal: str
    may_be: bool

    def numbers(self, column):
        """Return a column of texts as floats."""
        import pandas as pd

        text = column.astype("string").str.strip()
        if self.group:
            text = text.str.replace(self.group, "", regex=False)
        text = text.str.replace(self.decimal, ".", regex=False)
        return pd.to_numeric(text).astype("Float64").astype(float)


def how_written(column, decimal: str) -> Written | None:
    """Return how the texts of a column are written as numbers, or None.

    Parameters
    ----------
    column : Series
        Texts and missing values.

    decimal : str
        Decimal sign of the file.
    """
    text = column.dropna().astype(str).str.strip()
    dot = re.escape(decimal)
    plain = rf"[-+]?\d+({dot}\d+)?"
    for group in _GROUPS[decimal]:
        has_group = text.str.contains(group, regex=False)
        if not has_group.any():
            continue
        sign = re.escape(group)
        many = rf"[-+]?[1-9]\d{{0,2}}({sign}\d{{3}})+({dot}\d+)?"
        if text[has_group].str.fullmatch(many).all() and (
            text[~has_group].str.fullmatch(plain).all()
        ):
            one = text[has_group].str.fullmatch(rf"[-+]?\d{{1,3}}{sign}\d{{3}}").all()
            clear = text[~has_group].str.contains(decimal, regex=False).any()
            return Written(group, decimal, bool(group in ",." and one and not clear))
    if decimal == "." and (
        text.str.contains(",", regex=False).any()
        and text.str.fullmatch(r"[-+]?\d*,?\d+").all()
    ):
        return Written("", ",", False)
    return None


def read_numbers(table, decimal: str, is_given: bool) -> list[str]:
    """Make numbers of the text columns of a table that hold some, in place.

    A column of numbers such as 1,500 alone follows the other columns; where these tell
    nothing, the comma stands between thousands, as English files have it.

    Parameters
    ----------
    table : DataFrame
        As read from a text file.

    decimal : str
        Decimal sign of the file.

    is_given : bool
        Whether a person has said so.

    Returns
    -------
    said : list of str
        What was taken for what, a part of a sentence for each column.
    """
    from pandas.api.types import is_numeric_dtype

    found = {}
    for k in range(table.shape[1]):
        column = table.iloc[:, k]
        if not is_numeric_dtype(column) and column.notna().any():
            written = how_written(column, decimal)
            if written is not None:
                found[k] = written
    clear = [written for written in found.values() if not written.may_be]
    decimals = not is_given and any(w.decimal != decimal for w in clear)
    decimals = decimals and not any(w.group == "," for w in clear)
    said = []
    for k, written in found.items():
        if written.may_be and decimals:
            found[k] = written = Written("", written.group, False)
        column, name = table.iloc[:, k], table.columns[k]
        table[name] = written.numbers(column)
        sign = written.group or written.decimal
        row = column.astype("string").str.contains(sign, regex=False).fillna(False)
        k = int(row.to_numpy(bool).argmax())
        said.append(f"{column.iloc[k]!r} in {name!r} as {table[name].iloc[k]:.12g}")
        if written.may_be and not is_given:
            said[-1] += f" (if {written.group!r} is the decimal sign, give --decimal)"
    return said
