"""How far each of several sources lies from the target."""

from typing import Any

import numpy as np

from adapt._cli.problems import Problem
from adapt._cli.writing import complain, say

_HEAD = "By source, compared with the target:"
_NOTES = """\
  AUC: how well a classifier separates the source from the target; 0.5 is no shift,
  1 is complete separation. near: share of target rows near rows of the source."""
_SCORES = """\
  true: score on the target of a model that is trained on this source alone."""


def source_table(problem: Problem, estimator: str, seed: int) -> Any:
    """Return a frame with a row for each source, and one for all of them.

    Parameters
    ----------
    problem : Problem
        With several sources.

    estimator : str
        What is fitted on each source alone, where labels of the target are known.

    seed : int
        Seeds folds and estimators.

    Returns
    -------
    table : DataFrame
        `source`, its name, or "all"; `n_rows`; `auc`, the area under the ROC curve of a
        classifier that tells it from the target; `near`, the share of target rows near
        its rows; and where labels are known the true score of the estimator.
    """
    from adapt.inspection._source_distances import source_distances

    table = source_distances(
        problem.X,
        problem.y,
        problem.Xt,
        problem.yt,
        source_domain=problem.source_domain,
        estimator=estimator,
        random_state=seed,
    )
    table.insert(0, "source", [*problem.sources, "all"])
    return table


def say_sources(problem: Problem, estimator: str, seed: int) -> tuple[Any, bool]:
    """Print a line for each source; Ctrl-C leaves them out, and nothing else.

    Returns
    -------
    table : DataFrame or None
        What `source_table` returns.

    stopped : bool
        Whether Ctrl-C came.
    """
    try:
        table = source_table(problem, estimator, seed)
    except KeyboardInterrupt:
        complain("interrupted: the lines on each source are left out.")
        return None, True
    say(f"\n{as_lines(table)}")
    return table, False


def as_lines(table: Any) -> str:
    """Return a table of sources as text."""
    width = max(map(len, table["source"]))
    scores = [name for name in ("accuracy", "r2") if name in table]
    head = f"  {'':<{width}}  {'rows':>7}    AUC  near" + "".join(
        f"  {'true ' + name:>13}" for name in scores
    )
    lines = [_HEAD, head]
    for row in table.to_dict("records"):
        cells = [f"{row['n_rows']:>7,}", _cell(row["auc"], 5), _cell(row["near"], 4)]
        cells += [_cell(row[score], 13) for score in scores]
        lines.append(f"  {row['source']:<{width}}  {'  '.join(cells)}")
    return "\n".join([*lines, _NOTES, *([_SCORES] if scores else [])])


def as_values(table: Any) -> list[dict]:
    """Return a table of sources as plain values that JSON knows; NaN is None."""
    return [
        {
            name: None if isinstance(value, float) and np.isnan(value) else value
            for name, value in row.items()
        }
        for row in table.to_dict("records")
    ]


def _cell(value: float, width: int) -> str:
    digits = 2 if width == 4 else 3
    return "-".rjust(width) if np.isnan(value) else f"{value:>{width}.{digits}f}"
