"""Tables of files with missing cells, filled and written back, for the command line."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from adapt._csv_layout import FOUND, Layout
from adapt._files import read_cells, usual_separator

_MOST_LEVELS = 50  # a text column of more holds names, not levels
_ROWS = 10_000  # filled between two moves of the progress bar


class Coding(NamedTuple):
    """How the columns of a frame become numbers.

    Attributes
    ----------
    levels : dict of str to list
        Texts and other values of columns that are no numbers, by the number of each.

    whole : list of str
        Columns that hold integers.

    left_out : list of str
        Columns that are not filled: those of too many different texts.
    """

    levels: dict
    whole: list
    left_out: list

    def encode(self, table):
        """Return a frame of floats; what is no level, or no number, is missing."""
        import pandas as pd

        columns = {}
        for name in table.columns:
            if name in self.left_out:
                continue
            column = table[name]
            if name in self.levels:
                codes = {value: k for k, value in enumerate(self.levels[name])}
                columns[name] = column.map(codes, na_action="ignore").astype(float)
            else:
                numbers = pd.to_numeric(column, errors="coerce")
                columns[name] = numbers.astype("Float64").to_numpy(
                    float, na_value=np.nan
                )
        return pd.DataFrame(columns, index=table.index)


def read_coding(target, source=None):
    """Return the `Coding` of the columns of a target, by the values of both tables."""
    import pandas as pd
    from pandas.api import types

    levels, whole, left_out = {}, [], []
    for name in target.columns:
        column = target[name]
        if types.is_numeric_dtype(column) and not types.is_bool_dtype(column):
            values = column.dropna().to_numpy(float)
            if len(values) and np.all(values == np.rint(values)):
                whole.append(name)
            continue
        values = [column]
        if source is not None and name in source.columns:
            values.append(source[name])
        found = pd.concat([v.astype(object) for v in values]).dropna().unique()
        if column.isna().all() and pd.api.types.is_numeric_dtype(values[-1]):
            continue  # empty in the target, numbers in the source
        if 0 < len(found) <= _MOST_LEVELS:
            levels[name] = sorted(found, key=str)
        else:
            left_out.append(name)
    return Coding(levels, whole, left_out)


def _as_text(value: Any, decimal: str = ".") -> str:
    if isinstance(value, float):
        return f"{value:.6g}".replace(".", decimal)
    return str(value)


def fill_table(imputer, target, source=None, progress: Callable = iter):
    """Fill the missing cells of a frame.

    Parameters
    ----------
    imputer : TransferImputer
        Not fitted; its parameters on columns are set.

    target, source : DataFrame
        Columns of numbers, texts, truth values and categories, matched by name.

    progress : callable, default=iter
        Wraps the sequence of parts of the target that are filled one by one.

    Returns
    -------
    cells : dict of str to (ndarray, list)
        For each column with missing cells that could be filled: their positions, and
        their values, of the kinds that the column holds.

    unfilled : list of str
        Columns with missing cells that could not be filled.
    """
    coding = read_coding(target, source)
    table = coding.encode(target)
    missing = [name for name in target.columns if target[name].isna().any()]
    if not missing or table.columns.empty:
        return {}, missing
    names = table.columns.tolist()
    imputer.set_params(
        categorical_features=[name for name in coding.levels if name in names],
        round_discrete=coding.whole,
        keep_empty_features=True,
    )
    clue = None if source is None else read_source(coding, source, names)
    imputer.fit(table, X_source=clue)
    parts = [slice(i, i + _ROWS) for i in range(0, len(table), _ROWS)]
    filled = np.concatenate(
        [imputer.transform(table[part]) for part in progress(parts)]
    )
    empty = {names[k] for k in imputer.empty_features_}
    cells = {}
    for j, name in enumerate(names):
        rows = np.flatnonzero(target[name].isna())
        if name in empty or not len(rows):
            continue
        values = filled[rows, j].tolist()
        if name in coding.levels:
            values = [coding.levels[name][int(value)] for value in values]
        elif name in coding.whole:
            values = [int(value) for value in values]
        cells[name] = rows, values
    return cells, [name for name in missing if name not in cells]


def read_source(coding, source, names):
    """Return the source as the coding of the target has it, with its columns."""
    common = [name for name in names if name in source.columns]
    return coding.encode(source[common]) if common else source


class Filled(NamedTuple):
    """A table whose missing cells are filled.

    Attributes
    ----------
    table : DataFrame
        As it is to be written.

    separator : str or None
        Of the file that was read, if the result is of the same kind.

    n_filled : int
        Number of cells filled.

    unfilled : list of str
        Columns with missing cells that could not be filled.
    """

    table: Any
    separator: str | None
    n_filled: int
    unfilled: list


def fill_file(
    imputer,
    path: str,
    target,
    source,
    output: str,
    progress: Callable = iter,
    given: Layout = FOUND,
):
    """Fill the missing cells of a file.

    Observed cells stay as they stand in the file; from text to text, character by
    character.

    Parameters
    ----------
    imputer : TransferImputer
        Not fitted.

    path : str
        The file.

    target, source : DataFrame
        What `read_table` made of it, and of the clue, which may be None.

    output : str
        What the result is to be called.

    progress : callable, default=iter
        As in `fill_table`.

    given : Layout
        What is known of the file.

    Returns
    -------
    filled : Filled
    """
    import pandas as pd

    cells, unfilled = fill_table(imputer, target, source, progress)
    n_filled = sum(len(rows) for rows, _ in cells.values())
    if usual_separator(output) and usual_separator(path):
        filled, layout, header = read_cells(path, given)
        for name, (rows, values) in cells.items():
            texts = [_as_text(value, layout.decimal) for value in values]
            filled.iloc[rows, filled.columns.get_loc(name)] = texts
        if len(header) == filled.shape[1]:
            filled = filled.set_axis(header, axis="columns")
        same_kind = usual_separator(output) == usual_separator(path)
        # A file of semicolons stays one.
        separator = layout.sep if same_kind else None
        return Filled(filled, separator, n_filled, unfilled)
    filled = target.copy()
    for name, (rows, values) in cells.items():
        column = filled[name].copy()
        if pd.api.types.is_float_dtype(column):
            values = [float(value) for value in values]
        column.iloc[rows] = values
        filled[name] = column
    return Filled(filled, None, n_filled, unfilled)
