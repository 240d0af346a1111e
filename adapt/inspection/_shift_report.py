"""What `diagnose_shift` found, as data, as text and for notebooks."""

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from adapt.inspection._expected_accuracy import ExpectedAccuracy
from adapt.inspection._shift_kinds import ConceptShift, LabelShift
from adapt.model_selection._rule import SHIPPED

if TYPE_CHECKING:
    from pandas import DataFrame

_FEW_ROWS = 0.05  # share of the source that weights rest on
_COVERED = 0.8

_KINDS = {
    "none": "No shift is seen: source and target may be one distribution.",
    "label": "Label shift: classes have other frequencies, and look the same.",
    "covariate": "Covariate shift: the features differ, and no other frequencies of "
    "classes would explain it.",
    "features": "The features differ.",
}
_ADVICE = {
    "none": "Do not adapt: fit on the source.",
    "label": "Correct the frequencies of classes: `BBSE`, `RLLS` or `SaerensEM`.",
    "map": "Map the features: `AutoAdapt` tries `DomainStandardScaler`, `CORAL`, "
    "`LinearOT` and `SA`, and keeps one if the evidence is clear.",
    "weigh": "Weighing rows is possible too: the source covers the target. `IWC` or "
    "`RULSIF`.",
    "few": "Do not weigh rows: the weights would rest on {share:.0%} of the source.",
    "uncovered": "Do not trust weights: {uncovered:.0%} of the target lies where the "
    "source has no rows.",
    "concept": "Labels follow another rule in the target, which no method without "
    "target labels can see: label some target rows, and try `TrAdaBoost`, "
    "`RegularTransferLR` or `adapt compare --target-labels train`.",
}


def _plain(value):
    """Return what is nested in dicts and lists as values that JSON knows."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


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
    return lines


@dataclass(kw_only=True, repr=False, eq=False)
class ShiftReport:
    """What `diagnose_shift` found. Print it, or show it in a notebook.

    Parameters
    ----------
    kind : {"none", "label", "covariate", "features"}
        The kind of shift, as far as it can be told; "features" where the labels are
        numbers, of which no frequencies can be estimated.

    tests : DataFrame
        `statistic` and `p_value` of each test of whether there is a shift: a
        classifier's area under the ROC curve, and the distances `mmd` and `energy`.

    columns : DataFrame
        A test of each column; see `adapt.inspection.compare_columns`. Plain arrays have
        columns x0, x1 and so on.

    label : LabelShift or None
        Whether other frequencies of classes explain the shift.

    concept : ConceptShift or None
        Whether labels follow another rule in the target; None where fewer than 20
        target rows are labelled.

    effective_sample_size : float
        How many equally weighted source rows are left when they are weighted to look
        like the target.

    coverage : float
        Share of target rows near source rows, about 1 without shift.

    expected : ExpectedAccuracy or None
        The accuracy to expect on the target without adaptation; None for numbers.

    n_source, n_target : int
        Numbers of rows.

    level : float, default=0.05
        The p-value below which labels count as following another rule.

    Attributes
    ----------
    findings, advice : lists of str
        What was found and what to do, in sentences.
    """

    kind: str
    tests: "DataFrame"
    columns: "DataFrame"
    label: LabelShift | None
    concept: ConceptShift | None
    effective_sample_size: float
    coverage: float
    expected: ExpectedAccuracy | None
    n_source: int
    n_target: int
    level: float = SHIPPED.level

    @property
    def has_concept_shift(self):
        """Whether labels follow another rule, and not just by other frequencies."""
        # Other frequencies of classes change the odds of a label given the features.
        if self.kind == "label" or self.concept is None:
            return False
        return self.concept.p_value < self.level

    @property
    def advice(self):
        """What to do, in sentences."""
        if self.kind in ("none", "label"):
            found = [_ADVICE[self.kind]]
        else:
            share = self.effective_sample_size / self.n_source
            found = [_ADVICE["map"]]
            if share < _FEW_ROWS:
                found.append(_ADVICE["few"].format(share=share))
            elif self.coverage < _COVERED:
                gap = 1 - self.coverage
                found.append(_ADVICE["uncovered"].format(uncovered=gap))
            else:
                found.append(_ADVICE["weigh"])
        if self.has_concept_shift:
            found.append(_ADVICE["concept"])
        return found

    def to_dict(self):
        """Return all of it as plain values that JSON knows.

        Returns
        -------
        values : dict
            What the attributes hold, by their names; NaN is None.
        """
        expected = None
        if self.expected is not None:
            expected = self.expected._asdict()
            expected["guesses"] = expected["guesses"].to_dict("index")
        return _plain(
            {
                "kind": self.kind,
                "n_source": self.n_source,
                "n_target": self.n_target,
                "tests": self.tests.to_dict("index"),
                "columns": self.columns.to_dict("records"),
                "label": self.label and self.label._asdict(),
                "concept": self.concept and self.concept._asdict(),
                "effective_sample_size": self.effective_sample_size,
                "coverage": self.coverage,
                "expected_accuracy": expected,
                "advice": self.advice,
            }
        )

    @property
    def findings(self):
        """What was found, in sentences."""
        found = [_KINDS[self.kind]]
        if self.has_concept_shift:
            unit = " nats" if self.label is not None else " of the variance"
            found.append(
                "Concept shift: labels of the target follow another rule. Knowing the "
                f"domain gains {self.concept.gain:.3f}{unit} "
                f"(p = {self.concept.p_value:.2g})."
            )
        elif self.concept is not None and self.kind != "label":
            found.append(
                "No concept shift is seen in the labels of the target "
                f"(p = {self.concept.p_value:.2g})."
            )
        share = self.effective_sample_size / self.n_source
        found.append(
            f"Weighted to look like the target, the source is worth "
            f"{self.effective_sample_size:.0f} of {self.n_source} rows ({share:.0%}); "
            f"it covers {self.coverage:.0%} of the target."
        )
        if self.kind == "label":
            shares = ", ".join(
                f"{k}: {v:.2f}" for k, v in self.label.frequencies.items()
            )
            found.append(f"Estimated frequencies in the target: {shares}.")
        if self.expected is not None:
            found.append(
                f"Expected accuracy without adaptation: {self.expected}. Labels that "
                "follow another rule would not show in it."
            )
        return found

    def __str__(self):
        lines = [f"Source: {self.n_source:,} rows. Target: {self.n_target:,} rows.", ""]
        lines += [*_tests_as_lines(self.tests), "", *_columns_as_lines(self.columns)]
        lines.append("")
        for title, sentences in ("Found", self.findings), ("Advice", self.advice):
            lines.append(f"{title}:")
            lines += [
                textwrap.fill(f"- {text}", 80, subsequent_indent="  ")
                for text in sentences
            ]
        return "\n".join(lines)

    def __repr__(self):
        return f"<ShiftReport: {self.kind}>"

    def _repr_html_(self):
        from html import escape

        def listed(sentences):
            items = "".join(f"<li>{escape(text)}</li>" for text in sentences)
            return f"<ul>{items}</ul>"

        columns = self.columns.head(20).to_html(index=False, float_format="%.3g")
        return (
            f"<h4>Found</h4>{listed(self.findings)}"
            f"<h4>Advice</h4>{listed(self.advice)}"
            f"<h4>Tests of shift</h4>{self.tests.to_html(float_format='%.3g')}"
            f"<h4>Columns</h4>{columns}"
        )
