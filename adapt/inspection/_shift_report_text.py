"""The words of `ShiftReport`: what was found, what to do, and the tables."""

import textwrap

from adapt.model_selection._candidates import BASELINE

_FEW_ROWS = 0.05  # share of the source that weights rest on
_COVERED = 0.8

_KINDS = {
    "none": "No shift was detected: source and target may have the same distribution",
    "label": "Label shift: the class frequencies differ, the classes look the same",
    "covariate": "Covariate shift or label shift: the features may not have moved",
    "features": "The features have moved",
}
_TITLES = {
    "none": "No shift",
    "label": "Label shift",
    "covariate": "Covariate or label shift",
    "features": "Shift of the features",
}
_ADVICE = {
    "none": "Do not adapt: fit on the source.",
    "label": "Do not map features. If rows of a class are distributed as in the "
    "source, correct the class frequencies with `BBSE`, `RLLS` or `SaerensEM`.",
    "covariate": "Do not map features: a map could remove what separates the labels. "
    "Fit on the source, as `AutoAdapt` does.",
    "classes": "Let `AutoAdapt` choose: it averages source-only with those of "
    "`DomainStandardScaler`, `QuantileMatching`, `GFK` and `SelfTraining` that score "
    "better in circular validation, if two of them agree.",
    "numbers": "Let `AutoAdapt` choose between `DomainStandardScaler`, "
    "`QuantileMatching` and no adaptation. Other maps are often worse in regression.",
    "turned": "Give these channels of the source their other sign first: put "
    "`ChannelSigns` before the features of a pipeline; `AutoAdapt` does so by itself. "
    "The kind of shift and the expected accuracy are those after it.",
    "weigh": "Importance weights are possible too, because the source covers the "
    "target: `IWC` or `RULSIF`.",
    "few": "Do not use importance weights: their effective sample size would be "
    "{share:.0%} of the source.",
    "uncovered": "Do not use importance weights: {uncovered:.0%} of the target rows "
    "lie where the source has none.",
    "concept": "The same features have other labels in the target, which no method "
    "without target labels can detect. Label some target rows, and try `TrAdaBoost`, "
    "`RegularTransferLR` or `adapt compare --target-labels train`.",
}


def title(report):
    """Return the kind of shift in a few words."""
    return _TITLES[report.kind]


def _on_weights(report):
    """Return whether the weights of source rows can be trusted, in a sentence."""
    share = report.effective_sample_size / report.n_source
    if share < _FEW_ROWS:
        return _ADVICE["few"].format(share=share)
    if report.coverage < _COVERED:
        return _ADVICE["uncovered"].format(uncovered=1 - report.coverage)
    return _ADVICE["weigh"]


def _as_advised(comparison):
    """Return what a comparison recommends, as a sentence."""
    words = comparison.advice
    if words == comparison.recommended:
        words = f"fit `{words}`"
    return f"{words[0].upper()}{words[1:]}."


def advice(report, comparison=None):
    """Return what to do, in sentences.

    Parameters
    ----------
    report : ShiftReport
        The diagnosis.

    comparison : Comparison, default=None
        Of the same domains: then its recommendation stands for that to make one.

    Returns
    -------
    sentences : list of str
    """
    stays = comparison is None or comparison.recommended == BASELINE
    if report.kind != "features" and stays:
        found = [_ADVICE[report.kind]]
    elif comparison is not None:
        found = [_as_advised(comparison)]
    else:
        of_classes = report.label is not None
        found = [_ADVICE["classes" if of_classes else "numbers"]]
    if report.turned:
        found.insert(0, _ADVICE["turned"])
    weights = _on_weights(report)
    # Weights are no advice where they leave most of the shift, but a warning is.
    if report.kind == "covariate" or (
        report.kind == "features" and weights != _ADVICE["weigh"]
    ):
        found.append(weights)
    if report.has_concept_shift:
        found.append(_ADVICE["concept"])
    return found


def findings(report):
    """Return what was found, in sentences."""
    seen = report.evidence
    found = [f"{_KINDS[report.kind]} (p = {seen.p_value:.2g})."]
    if report.kind in ("covariate", "features"):
        found.append(
            f"Weights of source rows explain {seen.explained:.0%} of the shift."
        )
    if report.has_concept_shift:
        unit = " nats" if report.label is not None else " of the variance"
        found.append(
            "Concept shift: the same features have other labels in the target. A model "
            f"that is told the domain of a row predicts labels better by "
            f"{report.concept.gain:.3f}{unit} (p = {report.concept.p_value:.2g})."
        )
    elif report.concept is not None and report.kind != "label":
        found.append(
            "No concept shift was detected in the labels of the target "
            f"(p = {report.concept.p_value:.2g})."
        )
    share = report.effective_sample_size / report.n_source
    found.append(
        "Effective sample size of the source with importance weights: "
        f"{report.effective_sample_size:.0f} of {report.n_source} rows ({share:.0%}). "
        f"{report.coverage:.0%} of the target rows lie near source rows."
    )
    found += _other_units(report.columns)
    if report.kind == "label":
        shares = ", ".join(f"{k}: {v:.2f}" for k, v in report.label.frequencies.items())
        found.append(f"Estimated frequencies in the target: {shares}.")
    if report.expected is not None:
        found.append(
            f"Expected accuracy without adaptation: {report.expected}. It assumes that "
            "there is no concept shift."
        )
    return found


def _other_units(columns, most=6):
    """Return a sentence on columns that may be in other units."""
    rows = columns[columns["units"] != ""]
    if rows.empty:
        return []
    listed = "; ".join(
        f"{row.column}: {row.units}" for row in rows.head(most).itertuples()
    )
    more = f"; and {len(rows) - most} more" if len(rows) > most else ""
    return [
        f"Check the units, in which columns may differ: {listed}{more}. Nothing was "
        "converted."
    ]


def _tests_as_lines(tests):
    """Return the lines of the printed table of tests."""
    lines = [f"  {'test of shift':<14}{'statistic':>10}{'p':>9}"]
    for name, row in tests.iterrows():
        lines.append(f"  {name:<14}{row['statistic']:>10.3f}{row['p_value']:>9.2g}")
    return lines


def _columns_as_lines(columns, most=10):
    """Return the lines of the printed table of columns."""
    lines = [f"  {'column':<26}{'test':>5}{'statistic':>11}{'p adj.':>9}"]
    lines[-1] += f"{'PSI':>7}  {'missing':>13}"
    for row in columns.head(most).to_dict("records"):
        name = str(row["column"])
        name = name if len(name) <= 25 else name[:22] + "..."
        gone = f"{row['missing_source']:.0%} -> {row['missing_target']:.0%}"
        lines.append(
            f"  {name:<26}{row['test']:>5}{row['statistic']:>11.3g}"
            f"{row['p_adjusted']:>9.2g}{row['psi']:>7.2f}  "
            f"{gone if gone != '0% -> 0%' else '':>13}"
        )
    if len(columns) > most:
        lines.append(f"  ... and {len(columns) - most} columns that moved less")
    return [*lines, *_notes(columns)]


def _notes(columns):
    """Return what the columns of the printed table mean."""
    notes = [
        "test: KS is that of Kolmogorov and Smirnov (numbers), chi2 is for categories.",
        "p adj.: p-value, corrected for the number of columns (Holm).",
        "PSI: population stability index; below 0.1 is small, above 0.25 is large.",
    ]
    if (columns[["missing_source", "missing_target"]] > 0).any(axis=None):
        notes.append("missing: share of missing values, source -> target.")
    return [f"  {note}" for note in notes]


def as_text(report):
    """Return the tables, what was found and what to do."""
    lines = [f"Source: {report.n_source:,} rows. Target: {report.n_target:,} rows.", ""]
    lines += [*_tests_as_lines(report.tests), "", *_columns_as_lines(report.columns)]
    lines.append("")
    for title, sentences in ("Found", report.findings), ("Advice", report.advice):
        lines.append(f"{title}:")
        lines += [
            textwrap.fill(f"- {text}", 80, subsequent_indent="  ") for text in sentences
        ]
    return "\n".join(lines)


def as_html(report):
    """Return what was found, what to do and the tables for a notebook."""
    from html import escape

    def listed(sentences):
        items = "".join(f"<li>{escape(text)}</li>" for text in sentences)
        return f"<ul>{items}</ul>"

    columns = report.columns.head(20).to_html(index=False, float_format="%.3g")
    return (
        f"<h4>Found</h4>{listed(report.findings)}"
        f"<h4>Advice</h4>{listed(report.advice)}"
        f"<h4>Tests of shift</h4>{report.tests.to_html(float_format='%.3g')}"
        f"<h4>Columns</h4>{columns}"
    )
