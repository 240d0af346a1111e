"""Target rows that leave to be labelled, and come back by the same file."""

import numpy as np

from adapt._cli.problems import Problem
from adapt._csv_layout import FOUND, Layout
from adapt._files import pop_column, read_table


def _names_of_rows(problem: Problem) -> list:
    """Return what names each target row, no two of them alike."""
    if problem.ids.duplicated().any():
        raise ValueError(
            f"--id: the column {problem.ids.name!r} names two target rows alike, so "
            "that a label cannot be brought back to its row. Use a column of different "
            "names, or none."
        )
    return problem.ids.tolist()


def rows_to_label(problem: Problem, rows: np.ndarray):
    """Return a table of target rows, with an empty column for the labels.

    Parameters
    ----------
    problem : Problem

    rows : ndarray of int
        Positions of target rows.
    """
    _names_of_rows(problem)
    table = problem.Xt.iloc[rows].reset_index(drop=True)
    ids = problem.ids.to_numpy()[rows]
    table.insert(0, problem.ids.name, ids, allow_duplicates=True)
    table.insert(1, problem.label, None, allow_duplicates=True)
    return table


def with_labels(problem: Problem, path: str, layout: Layout = FOUND) -> Problem:
    """Return a problem with labels of target rows from a file; others have none.

    Raises
    ------
    ValueError
        If the file has no label, lacks a column, or names a row that is not there.
    """
    where = f"The file {path!r}"
    table, labels = pop_column(read_table(path, layout), problem.label, where)
    position = {name: k for k, name in enumerate(_names_of_rows(problem))}
    column = pop_column(table, problem.ids.name, where)[1]
    known = labels.notna()
    if not known.any():
        raise ValueError(f"{where} has no label in the column {problem.label!r} yet.")
    asked = column[known].tolist()
    for name in asked:
        if name not in position:
            raise ValueError(
                f"{where} labels a row {name!r} of the column {problem.ids.name!r}, "
                f"which the target {problem.target!r} does not have."
            )
    if len(set(asked)) < len(asked):
        raise ValueError(
            f"{where} labels a row twice in the column {problem.ids.name!r}."
        )
    found = labels[known].set_axis([position[name] for name in asked])
    found = found.reindex(range(len(problem.Xt))).set_axis(problem.Xt.index)
    return problem._replace(yt=found.rename(problem.label))
