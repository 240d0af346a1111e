"""The words of a `Comparison`: the reason, the table as text and for notebooks."""

import math
import textwrap
import warnings

import numpy as np

from adapt.model_selection._candidates import AVERAGE, BASELINE

_NOTES = {
    "circular": "circular validation: {scoring} on held-out source rows of a model "
    "that was trained on the predicted labels of the target",
    "weighted": "{scoring} on held-out source rows, weighted to resemble the target "
    "(effective sample size: {rows:.0f} rows)",
    "held out": "{scoring} on held-out labelled target rows",
    "gain": "{first!r} minus that of SourceOnly",
    "fit": "time of one fit on all rows",
    "target": "true {scoring} on the target; its labels were not used for training",
    "gap": "'target' minus the {scoring} of a model trained on target labels "
    "({ceiling:.3f})",
}
_FEW = 20  # labelled target rows below which their majority says little


def listed(names):
    """Return names as a list in words."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _number(value, form):
    """Return a number as text, and nothing for what is not known."""
    return "" if value is None or math.isnan(value) else format(value, form)


def _with_error(value, error):
    text = _number(value, ".3f")
    return f"{text} ±{error:.3f}".replace("±0.", "±.") if text else ""


# ------------------------------------------------------------------------ reasons


def _row(comparison, name):
    return next(row for row in comparison.rows if row["method"] == name)


def _reason_by_labels(comparison):
    if comparison.recommended == BASELINE:
        return (
            f"No method is better than {BASELINE} on held-out labelled target rows by "
            "more than a standard error."
        )
    row = _row(comparison, comparison.recommended)
    return (
        f"{row['method']} scores {row['gain']:.3f} more than {BASELINE} on held-out "
        f"labelled target rows, {row['margin']:.1f} standard errors."
    )


def _reason_to_stay(comparison):
    if not comparison.judgeable:
        return (
            f"with {comparison.n_source} source rows there are too few to hold some "
            "out, so that no method can be evaluated"
        )
    finding = comparison.evidence.finding
    if not comparison.evidence.moved:
        return finding
    if len(comparison.models) == 1:
        return f"{finding}, but no other method was finished"
    if comparison.evidence.rule.below > 0:
        few = "all other methods score clearly worse"
    else:
        few = "too few methods score clearly better"
    return f"{finding}, but {few} than {BASELINE} in circular validation"


def reason(comparison):
    """Return what is recommended and why, in a sentence.

    Parameters
    ----------
    comparison : Comparison
        With a recommendation.

    Returns
    -------
    text : str
    """
    if comparison.target_labels == "train":
        return _reason_by_labels(comparison)
    if comparison.labels is not None:
        stays = comparison.recommended == comparison.label_free
        without = f"{_reason_without_labels(comparison)} " if stays else ""
        return without + comparison.labels.reason
    return _reason_without_labels(comparison)


def _reason_without_labels(comparison):
    if comparison.recommended == BASELINE:
        return f"Fitted on the source alone: {_reason_to_stay(comparison)}."
    members = comparison.members
    what = members[0]
    if comparison.recommended == AVERAGE:
        with_source = BASELINE in dict(comparison.models[AVERAGE].adapters_)
        what = f"Average of {listed([BASELINE] * with_source + members)}"
    these = f"{members[0]} scores" if len(members) == 1 else "these methods score"
    tolerant = comparison.evidence.rule.below > 0
    better = "better, or not clearly worse," if tolerant else "better"
    return (
        f"{what}: {comparison.evidence.finding}, and {these} {better} than {BASELINE} "
        "in circular validation."
    )


def by_labels(comparison):
    """Return how good the recommendation is by known target labels, or nothing.

    Parameters
    ----------
    comparison : Comparison
        With a recommendation.

    Returns
    -------
    text : str
        A sentence; empty if no label is known, or if methods were trained on them.
    """
    true = {r["method"]: r["target"] for r in comparison.rows if "target" in r}
    if not true or comparison.target_labels == "train":
        return ""
    chosen = comparison.recommended
    best = max(true, key=lambda name: (true[name], name == chosen))
    start = f"On the {comparison.n_labelled} known labels of the target, "
    scores = f"{true[chosen]:.3f} for {chosen}"
    if chosen != BASELINE:
        scores += f" and {true[BASELINE]:.3f} for {BASELINE}"
    if best == chosen:
        return f"{start}no method is better: {scores}."
    return f"{start}{best} is the best with {true[best]:.3f}: {scores}."


def _trivial_score(task):
    """Return the score of a constant on the labelled target rows, and its error."""
    y = task.yt[task.labelled]
    if task.scoring == "r2":
        return 0.0, 0.0
    counts = np.unique(y, return_counts=True)[1]
    share = counts.max() / len(y)
    if task.scoring == "balanced_accuracy":
        share = 1 / len(counts)
    return share, math.sqrt(share * (1 - share) / len(y))


def warn_if_trivial(comparison, task):
    """Warn if the recommended method is worse than a constant, by known labels.

    Parameters
    ----------
    comparison : Comparison
        With a recommendation.

    task : Task
        The domains.
    """
    score = _row(comparison, comparison.recommended).get("target")
    if score is None or comparison.n_labelled < _FEW:
        return
    trivial, error = _trivial_score(task)
    if score < trivial - 2 * error:
        constant = "the mean" if task.scoring == "r2" else "the most frequent class"
        warnings.warn(
            f"{comparison.recommended} scores {score:.3f} on the known labels of the "
            f"target, less than {constant} for all rows ({trivial:.3f}). There may be "
            "concept shift: the same features, other labels. Train on labels of the "
            "target, by `target_labels='train'`.",
            UserWarning,
            stacklevel=4,
        )


# ------------------------------------------------------------------------- tables


def columns_of(comparison):
    """Return the headings of the table, with their widths.

    Parameters
    ----------
    comparison : Comparison

    Returns
    -------
    columns : dict of str to int
    """
    trained = comparison.target_labels == "train"
    found = dict.fromkeys(["held out"] if trained else ["circular", "weighted"], 11)
    found |= {"gain": 6, "fit": 6}
    if comparison.n_labelled and comparison.target_labels == "score":
        found |= {"target": 6, "gap": 6}
    return found


def header(comparison):
    """Return the first line of the table: the names of its columns."""
    cells = [f"{name:>{width}}" for name, width in columns_of(comparison).items()]
    return f"  {'method':<20}  " + "  ".join(cells)


def _mark(comparison, name):
    if name == comparison.recommended:
        return "*"
    return "+" if name in comparison.members else " "


def failure(row):
    """Return why a method has no scores; empty if it has."""
    if not row.get("error"):
        return ""
    return f"{'failed: ' if row.get('begun', True) else ''}{row['error']}"


def line(comparison, row):
    """Return a method's line of the table: its scores, or why it failed."""
    start = f"{_mark(comparison, row['method'])} {row['method']:<20}  "
    if failure(row):
        return f"{start}{failure(row)}"[:80]
    found = cells(comparison, row)
    return start + "  ".join(
        f"{found[name]:>{width}}" for name, width in columns_of(comparison).items()
    )


def cells(comparison, row):
    """Return what the table says of a method.

    Parameters
    ----------
    comparison : Comparison
        Of which it is.

    row : dict
        Its columns of `results`.

    Returns
    -------
    texts : dict of str to str
        By the headings of the columns; empty where nothing is known.
    """
    seconds = row["fit_seconds"]
    gain = None if row["method"] in (BASELINE, AVERAGE) else row["gain"]
    return {
        "circular": _with_error(row.get("circular"), row.get("circular_se")),
        "weighted": _with_error(row.get("weighted"), row.get("weighted_se")),
        "held out": _with_error(row.get("held_out"), row.get("held_out_se")),
        "gain": _number(gain, "+.3f"),
        "fit": f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.0f} s",
        "target": _number(row.get("target"), ".3f"),
        "gap": _number(row.get("target", math.nan) - comparison.ceiling, "+.3f"),
    }


def note(comparison, name):
    """Return what a column of the table means."""
    return _NOTES[name].format(
        scoring=comparison.scoring.replace("_", " "),
        rows=comparison.source_rows_in_use,
        first="held out" if comparison.target_labels == "train" else "circular",
        ceiling=comparison.ceiling,
    )


def as_text(comparison):
    """Return the table, what its columns mean, and the recommendation."""
    lines = [
        header(comparison),
        *(line(comparison, row) for row in comparison.rows),
        "",
    ]
    if comparison.members:
        lines.append("  *         recommended; +: part of the average")
    lines.append("  ±         standard error of the score before it")
    for name in columns_of(comparison):
        meaning = f"  {name:<8}  {note(comparison, name)}"
        lines.append(textwrap.fill(meaning, 80, subsequent_indent=12 * " "))
    lines.append("")
    if comparison.labels is not None:
        lines += [str(comparison.labels), ""]
    if comparison.interrupted:
        lines.append("Interrupted: only methods that were finished are compared.")
    lines += [
        textwrap.fill(f"Recommended: {comparison.advice}.", 80),
        textwrap.fill(comparison.reason, 80),
    ]
    if by_labels(comparison):
        lines.append(textwrap.fill(by_labels(comparison), 80))
    return "\n".join(lines)
