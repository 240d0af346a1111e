"""How far each of several sources lies from the target."""

import numpy as np

from adapt._cli.problems import Problem

_HEAD = "By source (AUC .5: as the target; 1: all of its rows are told apart):"


def by_source(problem: Problem, estimator: str, seed: int) -> str:
    """Return a line for each source, and one for all of them.

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
    text : str
        Rows, the area under the ROC curve of a classifier that tells the source from
        the target, the share of target rows near rows of the source, and where labels
        are known the true score of the estimator.
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
    names = [*problem.sources, "all"]
    width = max(map(len, names))
    scores = [name for name in ("accuracy", "r2") if name in table]
    head = f"  {'':<{width}}  {'rows':>7}    AUC  near" + "".join(
        f"  {'true ' + name:>13}" for name in scores
    )
    lines = [_HEAD, head]
    for name, row in zip(names, table.to_dict("records"), strict=True):
        cells = [f"{row['n_rows']:>7,}", _cell(row["auc"], 5), _cell(row["near"], 4)]
        cells += [_cell(row[score], 13) for score in scores]
        lines.append(f"  {name:<{width}}  {'  '.join(cells)}")
    return "\n".join(lines)


def _cell(value: float, width: int) -> str:
    digits = 2 if width == 4 else 3
    return "-".rjust(width) if np.isnan(value) else f"{value:>{width}.{digits}f}"
