"""A decision between methods as HTML, for notebooks."""

from html import escape

from adapt.model_selection._candidates import BASELINE
from adapt.model_selection._comparison_text import (
    by_labels,
    cells,
    columns_of,
    failure,
    note,
)

_STYLE = "style='text-align:left'"


def _facts(comparison):
    """Return what is to be known of a decision: a heading and a text each."""
    facts = {"Chosen": comparison.advice, "Why": comparison.reason}
    evidence = comparison.evidence
    if evidence is not None:
        explained = f"weights of source rows explain {evidence.explained:.0%} of it"
        facts["Shift"] = f"p = {evidence.p_value:.2g}; {explained}"
    labelled = f", {comparison.n_labelled:,} of them labelled"
    facts["Rows"] = (
        f"{comparison.n_source:,} of the source, {comparison.n_target:,} of the target"
        + labelled * bool(comparison.n_labelled)
    )
    if comparison.interrupted:
        facts["Interrupted"] = "only methods that were finished are compared"
    facts["True scores"] = by_labels(comparison)
    return {name: text for name, text in facts.items() if text}


def _row(comparison, row, headings):
    """Return a method's row of the table."""
    name = row["method"]
    chosen = name == comparison.recommended
    role = "chosen" if chosen else "averaged" if name in comparison.members else ""
    start = [escape(name), role]
    if failure(row):
        text = f"<td colspan='{len(headings)}' {_STYLE}>{escape(failure(row))}</td>"
    else:
        found = cells(comparison, row)
        text = "".join(f"<td>{escape(found[heading])}</td>" for heading in headings)
    tag = "th" if chosen else "td"
    names = "".join(f"<{tag} {_STYLE}>{cell}</{tag}>" for cell in start)
    return f"<tr>{names}{text}</tr>"


def decision_html(comparison, table=True):
    """Return what was chosen and why, and the scores of the methods.

    Parameters
    ----------
    comparison : Comparison
        With a recommendation.

    table : bool, default=True
        Whether the table of methods is shown even if only source-only was tried.

    Returns
    -------
    html : str
    """
    facts = "".join(
        f"<tr><th {_STYLE}>{name}</th><td {_STYLE}>{escape(text)}</td></tr>"
        for name, text in _facts(comparison).items()
    )
    html = f"<table><caption>Decision</caption>{facts}</table>"
    if not table and {row["method"] for row in comparison.rows} == {BASELINE}:
        return html
    headings = list(columns_of(comparison))
    titles = "".join(
        f"<th title='{escape(note(comparison, name), quote=True)}'>{name}</th>"
        for name in headings
    )
    rows = "".join(_row(comparison, row, headings) for row in comparison.rows)
    notes = "".join(
        f"<li><b>{name}</b>: {escape(note(comparison, name))}</li>" for name in headings
    )
    head = f"<tr><th {_STYLE}>method</th><th></th>{titles}</tr>"
    return (
        f"{html}<table><caption>Methods</caption><thead>{head}</thead>"
        f"<tbody>{rows}</tbody></table><ul>{notes}</ul>"
    )
