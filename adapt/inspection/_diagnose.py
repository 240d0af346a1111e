"""Diagnosis: whether there is a shift, of what kind, and what to do about it."""

import textwrap
import warnings

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils import check_random_state

from adapt._frames import as_pandas, is_frame
from adapt.base import SourceOnly
from adapt.inspection._column_tests import compare_columns
from adapt.inspection._expected_accuracy import expected_accuracy
from adapt.inspection._shift_kinds import concept_shift, coverage, label_shift
from adapt.metrics import (
    ImportanceWeighted,
    classifier_test,
    energy_test,
    mmd_test,
)
from adapt.model_selection._candidates import base_estimator
from adapt.model_selection._decision import LEVEL
from adapt.model_selection._preprocessing import is_classification, usable_columns
from adapt.model_selection._read_domains import preprocess, read_domains

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

    Attributes
    ----------
    findings, advice : lists of str
        What was found and what to do, in sentences.
    """

    def __init__(
        self,
        *,
        kind,
        tests,
        columns,
        label,
        concept,
        effective_sample_size,
        coverage,
        expected,
        n_source,
        n_target,
    ):
        self.kind = kind
        self.tests = tests
        self.columns = columns
        self.label = label
        self.concept = concept
        self.effective_sample_size = effective_sample_size
        self.coverage = coverage
        self.expected = expected
        self.n_source = n_source
        self.n_target = n_target

    @property
    def has_concept_shift(self):
        """Whether labels follow another rule, and not just by other frequencies."""
        # Other frequencies of classes change the odds of a label given the features.
        if self.kind == "label" or self.concept is None:
            return False
        return self.concept.p_value < LEVEL

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

        def plain(value):
            if isinstance(value, dict):
                return {str(key): plain(item) for key, item in value.items()}
            if isinstance(value, list):
                return [plain(item) for item in value]
            if isinstance(value, np.generic):
                value = value.item()
            if isinstance(value, float) and not np.isfinite(value):
                return None
            return value

        expected = None
        if self.expected is not None:
            expected = self.expected._asdict()
            expected["guesses"] = expected["guesses"].to_dict("index")
        return plain(
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
        lines += [f"  {'test of shift':<14}{'statistic':>10}{'p':>9}"]
        for name, row in self.tests.iterrows():
            lines.append(f"  {name:<14}{row['statistic']:>10.3f}{row['p_value']:>9.2g}")
        lines += ["", f"  {'column':<26}{'test':>5}{'statistic':>11}{'p adj.':>9}"]
        lines[-1] += f"{'PSI':>7}  {'missing':>13}"
        for row in self.columns.head(10).to_dict("records"):
            name = str(row["column"])
            name = name if len(name) <= 25 else name[:22] + "..."
            gone = f"{row['missing_source']:.0%} -> {row['missing_target']:.0%}"
            lines.append(
                f"  {name:<26}{row['test']:>5}{row['statistic']:>11.3g}"
                f"{row['p_adjusted']:>9.2g}{row['psi']:>7.2f}  "
                f"{gone if gone != '0% -> 0%' else '':>13}"
            )
        if len(self.columns) > 10:
            lines.append(f"  ... and {len(self.columns) - 10} columns that moved less")
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


def _as_frames(Xs, Xt):
    """Return both domains as frames with the columns that can be compared."""
    import pandas as pd

    Xs, Xt = as_pandas(Xs), as_pandas(Xt)
    if is_frame(Xs):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # those of `preprocess` are shown
            columns = usable_columns(Xs, Xt)
        return Xs[columns], Xt[columns]
    names = [f"x{k}" for k in range(np.shape(Xs)[1])]
    return tuple(pd.DataFrame(np.asarray(X), columns=names) for X in (Xs, Xt))


def _kind(tests, label):
    """Return the kind of shift that the tests speak for."""
    # All of them together: each at a share of the level.
    if tests["p_value"].min() * len(tests) >= LEVEL:
        return "none"
    if label is None:
        return "features"
    # A residual that is all but impossible by chance, since weights are estimates.
    explained = label.residual_p_value >= LEVEL / 5
    return "label" if label.p_value < LEVEL and explained else "covariate"


def diagnose_shift(
    Xs,
    ys,
    Xt,
    yt=None,
    *,
    estimator="linear",
    n_permutations=499,
    random_state=0,
):
    """Diagnose how a target differs from a labelled source.

    Parameters
    ----------
    Xs : DataFrame or array-like of shape (n_samples, n_features)
        Source rows. A data frame may have columns of numbers, categories, text and
        booleans, and missing values.

    ys : array-like of shape (n_samples,)
        Their labels. Numbers are classes if they are whole and at most 20 different
        ones.

    Xt : DataFrame or array-like of shape (n_target_samples, n_features)
        Target rows.

    yt : array-like of shape (n_target_samples,), default=None
        Labels of target rows, missing where unknown: with 20 or more, it is tested
        whether they follow the rule of the source.

    estimator : estimator or {"linear", "forest", "boosting"}, default="linear"
        Whose accuracy on the target is to be guessed.

    n_permutations : int, default=499
        Of the tests by permutation.

    random_state : int, RandomState instance or None, default=0
        Draws rows, folds and permutations.

    Returns
    -------
    report : ShiftReport
        Tests, the kind of shift, what to do, and the accuracy to expect. `print` it.

    Raises
    ------
    ValueError
        If a domain is empty, or if they have no columns in common.

    See Also
    --------
    expected_accuracy : The guess of the accuracy by itself.
    adapt.model_selection.compare : What the methods would gain.

    Notes
    -----
    Tests by permutation look at no more than 1,000 rows of each domain, those of
    concept and coverage at 2,000. Their time does not grow with more.

    A shift of all features by little and one of few by much look the same to a p-value.
    The single columns tell: PSI is large where a column moved far.

    Examples
    --------
    >>> from adapt.datasets import load_penguins
    >>> from adapt.inspection import diagnose_shift
    >>> data = load_penguins(source="Adelie", target="Gentoo", as_frame=True)
    >>> target = data.sample_domain < 0
    >>> report = diagnose_shift(
    ...     data.X[~target], data.y[~target], data.X[target], data.y[target]
    ... )
    >>> report.kind
    'covariate'
    >>> report.columns["column"].iloc[0]
    'flipper_length_mm'
    """
    rng = check_random_state(random_state)
    Xs, ys, Xt, yt, labelled = read_domains(Xs, ys, Xt, yt, None)
    _, Zs, Zt = preprocess(Xs, Xt)
    of_classes = is_classification(ys)
    tests = {
        "classifier": classifier_test(Zs, Zt, random_state=rng),
        "mmd": mmd_test(Zs, Zt, n_permutations=n_permutations, random_state=rng),
        "energy": energy_test(Zs, Zt, n_permutations=n_permutations, random_state=rng),
    }
    import pandas as pd

    tests = pd.DataFrame({name: test._asdict() for name, test in tests.items()}).T
    label = label_shift(Zs, ys, Zt, rng) if of_classes else None
    concept = None
    if labelled.sum() >= 20:
        concept = concept_shift(Zs, ys, Zt[labelled], yt[labelled], of_classes, rng)
    expected = None
    if isinstance(estimator, str):
        estimator = base_estimator(estimator, of_classes, 0)
    if of_classes and is_classifier(estimator):
        method = SourceOnly(estimator)
        expected = expected_accuracy(method, Zs, ys, Zt, random_state=rng)
    return ShiftReport(
        kind=_kind(tests, label),
        tests=tests,
        columns=compare_columns(*_as_frames(Xs, Xt)),
        label=label,
        concept=concept,
        effective_sample_size=ImportanceWeighted()
        .fit(Zs, Zt)
        .effective_sample_size(Zs),
        coverage=coverage(Zs, Zt, rng),
        expected=expected,
        n_source=len(ys),
        n_target=len(Zt),
    )
