"""What `diagnose_shift` found."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from adapt.inspection import _shift_report_text as text
from adapt.inspection._column_shift_display import ColumnShiftDisplay
from adapt.inspection._expected_accuracy import ExpectedAccuracy
from adapt.inspection._shift_kinds import ConceptShift, LabelShift
from adapt.model_selection._shift_evidence import ShiftEvidence

if TYPE_CHECKING:
    from pandas import DataFrame


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


@dataclass(kw_only=True, repr=False, eq=False)
class ShiftReport:
    """What `diagnose_shift` found. Print it, or show it in a notebook.

    Parameters
    ----------
    kind : {"none", "label", "covariate", "features"}
        The kind of shift. "label": class weights explain it. "covariate": other weights
        of source rows explain it. "features": no weights do, so the features have
        moved.

    evidence : ShiftEvidence
        Evidence for `kind`: the `p_value` of a shift, and `explained`, the share of the
        shift that weights of source rows explain.

    tests : DataFrame
        `statistic` and `p_value` of each test of whether there is a shift: a
        classifier's area under the ROC curve, and the distances `mmd` and `energy`.

    columns : DataFrame
        A test of each column; see `adapt.inspection.compare_columns`. Plain arrays have
        columns x0, x1 and so on.

    label : LabelShift or None
        Whether label shift explains the shift.

    concept : ConceptShift or None
        Whether there is concept shift; None if fewer than 20 target rows are labelled.

    effective_sample_size : float
        Effective sample size of the source with importance weights: the number of
        equally weighted rows of the same variance.

    coverage : float
        Share of target rows that lie near source rows. Without shift it is about 1.

    expected : ExpectedAccuracy or None
        The accuracy to expect on the target without adaptation; None for numbers.

    n_source, n_target : int
        Numbers of rows.

    has_labels : bool, default=True
        Whether the source has labels.

    signs : str
        Of series, which channels are turned, in a sentence. Empty if none looks so.

    turned : bool, default=False
        Whether they were turned before all else was measured, but for `columns`.

    Attributes
    ----------
    findings, advice : lists of str
        What was found and what to do, in sentences.

    See Also
    --------
    ColumnShiftDisplay : What `plot` draws.
    """

    kind: str
    evidence: ShiftEvidence
    tests: "DataFrame"
    columns: "DataFrame"
    label: LabelShift | None
    concept: ConceptShift | None
    effective_sample_size: float
    coverage: float
    expected: ExpectedAccuracy | None
    n_source: int
    n_target: int
    has_labels: bool = True
    signs: str = ""
    turned: bool = False

    @property
    def has_concept_shift(self):
        """Whether there is concept shift that label shift does not explain."""
        # Label shift changes the odds of a label given the features.
        if self.kind == "label" or self.concept is None:
            return False
        return self.concept.p_value < self.evidence.rule.level

    @property
    def advice(self):
        """What to do, in sentences."""
        return text.advice(self)

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
                "shift_p_value": self.evidence.p_value,
                "explained_by_weights": self.evidence.explained,
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
        return text.findings(self) + ([self.signs] if self.signs else [])

    def plot(self, ax=None, *, max_columns=20):
        """Draw how much each column differs between source and target.

        Parameters
        ----------
        ax : matplotlib axes, default=None
            Where to draw. If None, in a new figure.

        max_columns : int, default=20
            How many columns to draw, those that differ most first.

        Returns
        -------
        display : ColumnShiftDisplay
            The picture. For both domains in the plane, see `ShiftDisplay`.
        """
        title = f"{text.title(self)} (p = {self.evidence.p_value:.2g})"
        display = ColumnShiftDisplay(self.columns, title=title)
        return display.plot(ax, max_columns=max_columns)

    def __str__(self):
        return text.as_text(self)

    def __repr__(self):
        return f"<ShiftReport: {self.kind}>"

    def _repr_html_(self):
        return text.as_html(self)
