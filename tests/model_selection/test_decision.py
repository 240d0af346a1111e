"""The rule by which methods are chosen, step by step."""

import dataclasses
import math
from functools import partial

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from adapt.base import SourceOnly
from adapt.feature_based import CORAL
from adapt.instance_based import KMM, ULSIF, MMDTarS
from adapt.model_selection import Comparison
from adapt.model_selection import _one_by_one as loop
from adapt.model_selection._class_evidence import ClassEvidence, class_evidence
from adapt.model_selection._decision import due_margin, reason_to_stay
from adapt.model_selection._held_out_scores import Task
from adapt.model_selection._judging import OnSource
from adapt.model_selection._one_by_one import attempt, one_by_one, with_time_left
from adapt.model_selection._rule import SHIPPED, Rule
from tests.common import shifted_classes, shifted_numbers

# ------------------------------------------------------------------------ the rule


def test_a_rule_cannot_be_changed_in_place():
    assert Rule() == SHIPPED
    with pytest.raises(dataclasses.FrozenInstanceError):
        SHIPPED.margin = 0.0


@pytest.mark.parametrize(
    ("changed", "dues"),
    [
        ({}, [0, math.inf, 3]),
        ({"clearly": 0.3}, [math.inf, math.inf, 3]),
        ({"explained": 0.95}, [math.inf, 3, 3]),
        ({"explained": 0.95, "all_of_it": 0.9}, [math.inf, 0, 3]),
        ({"explained": 0.95, "all_of_it": 0.9, "two_peaks": 4.0}, [math.inf, 3, 3]),
    ],
)
def test_class_evidence_is_judged_by_its_rule(changed, dues):
    evidence = ClassEvidence(np.ones(3), 0.9, 0.7, 0.85, 3.0, Rule(**changed))
    methods = MMDTarS(), CORAL(), KMM()
    assert [due_margin(method, evidence, 3) for method in methods] == dues


def test_distances_are_taken_between_as_many_rows_as_the_rule_says():
    Xs, ys, Xt, _ = shifted_classes(100)
    few, all_, more = (
        class_evidence(Xs, ys, Xt, random_state=0, rule=Rule(max_rows=n))
        for n in (40, len(Xs), 10 * len(Xs))
    )
    assert few[1:4] != all_[1:4]
    assert more[1:4] == all_[1:4]


def task_of(Xs, ys, Xt, scoring, weight=None):
    labelled = np.zeros(len(Xt), dtype=bool)
    return Task(Xs, ys, Xt, None, labelled, scoring, 3, 0, None, weight)


def test_reasons_to_stay_with_source_only():
    Xs, ys, Xt, _ = shifted_classes()
    task = task_of(Xs, ys, Xt, "accuracy")
    assert reason_to_stay(task, 0.01, Rule()) == ""
    assert "p = 0.01" in reason_to_stay(task, 0.01, Rule(level=0.01))
    one = task_of(Xs[:1], ys[:1], Xt, "accuracy")
    assert "1 source rows are too few" in reason_to_stay(one, 0.01, Rule())


def test_weights_on_few_rows_are_evidence_against_a_method_only():
    # As in `test_numbers_may_be_weighed`: a line, a bend and a target on one side.
    rng = np.random.default_rng(0)
    Xs, Xt = rng.normal(size=(200, 1)), rng.normal(1.0, 0.7, size=(200, 1))
    ys = 2 * np.abs(Xs[:, 0]) + 0.1 * rng.normal(size=200)
    gains = []
    for least_rows in (0, 10**6):
        baseline = SourceOnly(Ridge())
        rule = Rule(least_rows=least_rows)
        judged = OnSource(baseline, task_of(Xs, ys, Xt, "r2"), rule)
        judged(baseline)
        gains.append(judged(ULSIF(Ridge(), random_state=0))["gain"])
    assert gains[0] > 0
    assert gains[1] == 0


def test_a_loss_on_rows_like_the_target_counts_if_it_is_clear():
    Xs, ys, Xt, _ = shifted_numbers()
    task = task_of(Xs, ys, Xt, "r2")
    baseline = SourceOnly(Ridge())
    worse = SourceOnly(Ridge(alpha=1e4))
    gains = []
    for margin in (0.0, math.inf):
        judged = OnSource(baseline, task, Rule(margin=margin))
        judged(baseline)
        gains.append(judged(worse)["gain"])
    assert gains[0] < gains[1] < 0


# ----------------------------------------------------------------- one by one


def comparison_of(**params):
    given = {"scoring": "accuracy", "target_labels": "score", "margin": 3.0}
    rows = {"n_source": 1, "n_target": 1, "n_labelled": 0}
    return Comparison(**{**given, **rows, **params})


def test_no_item_begins_that_would_end_too_late(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(loop.time, "perf_counter", lambda: now[0])

    def begun(limit):
        now[0], found = 0.0, []
        for item, in_time in with_time_left("abcd", limit):
            found += [item] if in_time else []
            now[0] += 2.0
        return "".join(found)

    assert begun(None) == "abcd"
    assert begun(0) == "a"
    assert begun(4.0) == "ab"
    assert begun(5.9) == "ab"
    assert begun(6.0) == "abc"


def test_only_the_failure_of_source_only_is_raised():
    def fails(name, method):
        raise ValueError(f"{name} is bad\nand more")

    row, model = attempt("CORAL", None, fails)
    assert row == {"method": "CORAL", "error": "ValueError: CORAL is bad"}
    assert model is None
    with pytest.raises(ValueError, match="SourceOnly is bad"):
        attempt("SourceOnly", None, fails)


def test_an_interruption_keeps_what_is_finished():
    def evaluate(name, method, stops):
        if name == stops:
            raise KeyboardInterrupt
        return {"method": name, "gain": 0.0, "margin": 0.0, "fit_seconds": 0.0}, method

    methods = {"SourceOnly": SourceOnly(), "CORAL": CORAL(), "KMM": KMM()}
    comparison = comparison_of()
    one_by_one(comparison, methods, partial(evaluate, stops="KMM"), verbose=0)
    assert comparison.interrupted
    assert [row["method"] for row in comparison.rows] == ["SourceOnly", "CORAL"]
    with pytest.raises(KeyboardInterrupt):
        one_by_one(
            comparison_of(), methods, partial(evaluate, stops="SourceOnly"), verbose=0
        )


# ----------------------------------------------------------------- conclusions


def finished(**gains):
    """Return a comparison of methods with gains of one standard error each."""
    comparison = comparison_of()
    comparison.add({"method": "SourceOnly", "gain": 0.0, "margin": 0.0}, "plain")
    for name, gain in gains.items():
        comparison.add({"method": name, "gain": gain, "margin": 10 * gain}, name)
    return comparison


def test_the_largest_clear_gain_is_recommended():
    comparison = finished(CORAL=0.4, SA=0.5, KMM=0.1)
    comparison.conclude("numbers")
    assert comparison.recommended == "SA"
    assert comparison.reason.startswith("SA gains 0.500 on SourceOnly")
    assert comparison.best_estimator.steps == [
        ("preprocess", "numbers"),
        ("adapt", "SA"),
    ]
    assert comparison.rows[0]["method"] == "SA"


def test_a_gain_that_is_not_clear_is_not_recommended():
    comparison = finished(CORAL=0.2)
    comparison.conclude("numbers")
    assert comparison.recommended == "SourceOnly"
    assert comparison.advice == "do not adapt"
    assert "+2.0 standard errors where 3 are due" in comparison.reason


def test_what_is_left_out_or_forgone_is_not_recommended():
    comparison = finished(CORAL=0.5, SA=0.4)
    comparison.left_out = {"CORAL"}
    comparison.conclude("numbers")
    assert comparison.recommended == "SA"
    assert comparison.rows[-1]["method"] == "CORAL"
    comparison = finished(CORAL=0.5)
    comparison.forgone = "there is no shift."
    comparison.conclude("numbers")
    assert comparison.recommended == "SourceOnly"
    assert comparison.reason == "There is no shift."


def test_only_the_chosen_model_is_kept():
    Xs, ys, Xt, _ = shifted_classes()
    comparison = comparison_of()
    for name, method in [("SourceOnly", SourceOnly), ("CORAL", CORAL)]:
        model = method(LogisticRegression()).fit(Xs, ys, Xt=Xt)
        comparison.add({"method": name, "gain": 0.0, "margin": 0.0}, model)
    comparison.conclude("passthrough")
    kept = [v for v in vars(comparison).values() if isinstance(v, dict) and v]
    assert kept == []
    assert isinstance(comparison.best_estimator[-1], SourceOnly)
