"""What is recommended, given a comparison of methods that are finished."""

import math

from adapt.base import FeatureAdapter
from adapt.base._average import average_of
from adapt.model_selection._candidates import AVERAGE, BASELINE
from adapt.model_selection._circular_gain import true_score


def above(comparison, margin):
    """Return the names of methods of a larger margin than a number, the best first.

    Parameters
    ----------
    comparison : Comparison
        Of methods that were judged.

    margin : float
        Number of standard errors by which they must score above source-only.

    Returns
    -------
    names : list of str
        Of those that are finished.
    """
    rows = [
        row
        for row in comparison.rows
        if row["method"] in comparison.models
        and row["method"] != BASELINE
        and row.get("margin", -math.inf) > margin
    ]
    rows.sort(key=lambda row: -row["gain"])
    return [row["method"] for row in rows]


def enough_agree(comparison, rule):
    """Return whether as many maps of features gain as `Rule.agree` says.

    Parameters
    ----------
    comparison : Comparison
        Of methods that were judged on source rows.

    rule : Rule
        By which it is decided.

    Returns
    -------
    agree : bool
        Without any map among the methods, whether one of these gains as much.
    """
    rows = {row["method"]: row for row in comparison.rows}
    judged = [name for name in comparison.models if name != BASELINE]
    maps = [
        name for name in judged if isinstance(comparison.models[name], FeatureAdapter)
    ]
    clear = [
        name
        for name in maps or judged
        if rows[name]["margin"] > -rule.below and rows[name]["margin"] >= rule.clear
    ]
    kinds, all_kinds = (
        len({type(comparison.models[name]) for name in names})
        for names in (clear, maps)
    )
    return kinds >= min(rule.agree, max(1, all_kinds))


def average(comparison, task):
    """Add the average of what may be better than source-only, and return its name.

    Parameters
    ----------
    comparison : Comparison
        Of methods that were judged on source rows. Its `members` are set.

    task : Task
        The domains.

    Returns
    -------
    name : str
        Source-only if rows have not moved, or too few methods are better. For classes
        source-only is in the average. For numbers it is not, since what it predicts of
        rows that moved far has no bounds.
    """
    evidence = comparison.evidence
    if not (comparison.judgeable and evidence.moved):
        return BASELINE
    if not enough_agree(comparison, evidence.rule):
        return BASELINE
    comparison.members = above(comparison, -evidence.rule.below)
    names = list(comparison.members)
    if task.scoring != "r2":
        names.insert(0, BASELINE)
    if len(names) == 1:
        return names[0]
    model = average_of([(name, comparison.models[name]) for name in names])
    predicted = model.predict(task.Xt)
    seconds = sum(
        row["fit_seconds"] for row in comparison.rows if row["method"] in names
    )
    row = {"method": AVERAGE, "fit_seconds": seconds} | true_score(predicted, task)
    comparison.add(row, model, predicted)
    return AVERAGE


def best_by_labels(comparison):
    """Return the method of the best score on held-out labelled target rows.

    It is source-only unless the gain is more than one standard error.
    """
    clear = above(comparison, 1)
    return clear[0] if clear else BASELINE
