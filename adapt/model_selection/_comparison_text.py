"""The table of a `Comparison`, as text and for notebooks."""

import math
import textwrap

from adapt.model_selection._candidates import BASELINE

_NOTES = {
    "circular": "score of source rows, held out, by way of the target and back",
    "weighted": "score of source rows like those of the target, worth {rows:.0f} rows",
    "held out": "score of labelled target rows, held out",
    "margin": "gain{less} over its standard error; {due}",
    "fit": "time of one fit",
    "target": "true {scoring} on the target; no method was shown its labels",
    "gap": "difference of 'target' to a model trained on the target ({ceiling:.3f})",
}


def _number(value, form):
    """Return a number as text, and nothing for what is not known."""
    return "" if value is None or math.isnan(value) else format(value, form)


def _with_error(value, error):
    text = _number(value, ".3f")
    return f"{text} ±{error:.3f}".replace("±0.", "±.") if text else ""


def _margin(comparison, row):
    if row["method"] in comparison.left_out:
        return "never"
    return "" if row["method"] == BASELINE else f"{row['margin']:+.1f}"


def _columns(comparison):
    """Return the headings and widths of the table."""
    trained = comparison.target_labels == "train"
    columns = dict.fromkeys(["held out"] if trained else ["circular", "weighted"], 11)
    columns |= {"margin": 6, "fit": 6}
    if comparison.n_labelled and not trained:
        columns |= {"target": 6, "gap": 6}
    return columns


def header(comparison):
    """Return the first line of the table: the names of its columns."""
    cells = [f"{name:>{width}}" for name, width in _columns(comparison).items()]
    return f"  {'method':<20}  " + "  ".join(cells)


def line(comparison, row):
    """Return a method's line of the table: its scores, or why it failed."""
    chosen = row["method"] == comparison.recommended
    start = f"{'*' if chosen else ' '} {row['method']:<20}  "
    if row.get("error"):
        verb = "failed: " if row.get("begun", True) else ""
        return f"{start}{verb}{row['error']}"[:80]
    seconds = row["fit_seconds"]
    cells = {
        "circular": _with_error(row.get("circular"), row.get("circular_se")),
        "weighted": _with_error(row.get("weighted"), row.get("weighted_se")),
        "held out": _with_error(row.get("held_out"), row.get("held_out_se")),
        "margin": _margin(comparison, row),
        "fit": f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.0f} s",
        "target": _number(row.get("target"), ".3f"),
        "gap": _number(row.get("target", math.nan) - comparison.ceiling, "+.3f"),
    }
    return start + "  ".join(
        f"{cells[name]:>{width}}" for name, width in _columns(comparison).items()
    )


def _due(comparison):
    """Return how many standard errors are due, in words."""
    evidence = comparison.classes
    due = f"{comparison.margin:g} are due"
    if evidence is not None and evidence.frequencies_differ:
        due = "any is enough with classes as frequent as in the target"
    elif evidence is not None and evidence.stand_apart:
        due = "any is enough for maps, as classes stand apart"
    if comparison.left_out:
        due += "; 'never' marks methods that the evidence rules out"
    return due


def _less(comparison):
    """Return what is taken from the gain, in words."""
    if comparison.target_labels == "train":
        return ""
    weights = (
        " or of weights the doubly robust gain," if comparison.scoring == "r2" else ""
    )
    return f" less loss in 'weighted',{weights}"


def note(comparison, name):
    """Return what a column of the table means."""
    return _NOTES[name].format(
        scoring=comparison.scoring.replace("_", " "),
        rows=comparison.source_rows_in_use,
        less=_less(comparison),
        due=_due(comparison),
        ceiling=comparison.ceiling,
    )


def as_text(comparison):
    """Return the table, what its columns mean, and the recommendation."""
    lines = [
        header(comparison),
        *(line(comparison, row) for row in comparison.rows),
        "",
    ]
    for name in _columns(comparison):
        meaning = f"  {name:<8}  {note(comparison, name)}"
        lines.append(textwrap.fill(meaning, 80, subsequent_indent=12 * " "))
    lines.append("")
    if comparison.interrupted:
        lines.append("Interrupted: only methods that were finished are compared.")
    lines += [
        f"Recommended: {comparison.advice}.",
        textwrap.fill(comparison.reason, 80),
    ]
    return "\n".join(lines)


def as_html(comparison):
    """Return the table and the recommendation for a notebook."""
    from html import escape

    table = comparison.results.dropna(axis="columns", how="all")
    text = escape(f"Recommended: {comparison.advice}. {comparison.reason}")
    return f"{table.to_html(index=False)}<p>{text}</p>"
