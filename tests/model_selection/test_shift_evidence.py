"""What the rows tell of a shift, and what is done about it."""

import dataclasses

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.metrics.pairwise import euclidean_distances
from sklearn.naive_bayes import GaussianNB

from adapt.datasets import make_label_shift, make_regression_da
from adapt.inspection import diagnose_shift
from adapt.model_selection import AutoAdapt, compare
from adapt.model_selection._rule import SHIPPED, Rule
from adapt.model_selection._shift_evidence import (
    ShiftEvidence,
    class_gaps,
    margin_against_correlations,
    nearest_frequencies,
    shift_evidence,
)
from tests.common import both_sides, other_units, shifted_classes, shifted_numbers


def three_classes(n=40, seed=0):
    rng = np.random.default_rng(seed)
    y = np.append(np.arange(n - 1) % 3, 0)
    return 2 * y[:, None] + rng.normal(size=(n, 3)), np.eye(3)[y], rng.random(n) + 0.1


def test_gaps_are_the_energy_distance_of_any_frequencies():
    X, member, weights = three_classes()
    rng = np.random.default_rng(1)
    Z = rng.normal(size=(25, 3)) + 1
    Q = class_gaps(euclidean_distances(np.vstack([X, Z])), member, weights)
    p = rng.dirichlet(np.ones(3))
    W = weights[:, None] * member
    W = W / W.sum(axis=0)

    def apart(x, y):
        return np.linalg.norm(x - y)

    # Of two rows of one class, different ones; of two classes, any.
    within = 0.0
    for a in range(3):
        for b in range(3):
            pairs = [
                (W[i, a] * W[j, b], apart(X[i], X[j]))
                for i in range(len(X))
                for j in range(len(X))
                if i != j and W[i, a] * W[j, b] > 0
            ]
            share, distance = np.array(pairs).T
            within += p[a] * p[b] * share @ distance / share.sum()
    between = sum(
        p[a] * W[i, a] * np.mean([apart(X[i], z) for z in Z])
        for a in range(3)
        for i in range(len(X))
    )
    of_target = np.mean(
        [apart(x, z) for i, x in enumerate(Z) for j, z in enumerate(Z) if i != j]
    )
    assert p @ Q @ p == pytest.approx(2 * between - within - of_target)


@pytest.mark.parametrize("seed", range(5))
def test_no_frequencies_are_nearer(seed):
    A = np.random.default_rng(seed).normal(size=(4, 4))
    Q = A @ A.T
    p = nearest_frequencies(Q)
    assert p.min() >= 0
    assert p.sum() == pytest.approx(1)
    best = minimize(
        lambda p: p @ Q @ p,
        np.full(4, 0.25),
        bounds=[(0, 1)] * 4,
        constraints={"type": "eq", "fun": lambda p: p.sum() - 1},
        tol=1e-12,
    )
    assert p @ Q @ p <= best.fun + 1e-8 * abs(best.fun)


def test_a_rule_and_evidence_cannot_be_changed_in_place():
    assert Rule() == SHIPPED
    evidence = ShiftEvidence(p_value=0.01, by_rows=0.5)
    for frozen, name in [(SHIPPED, "level"), (evidence, "p_value")]:
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(frozen, name, 0.0)


@pytest.mark.parametrize(
    ("p_value", "shares", "rule", "moved", "says"),
    [
        (0.2, (0.1, 0.1, 0.1), {}, False, "no shift was detected (p = 0.20)"),
        (0.2, (0.1, 0.1, 0.1), {"level": 0.3}, True, "the features have moved"),
        (0.01, (0.84, 0.2, 0.3), {}, True, "explain only 84% of the shift"),
        (0.01, (0.86, 0.2, 0.3), {}, False, "explain 86% of the shift"),
        (0.01, (0.3, 0.95, 0.2), {}, False, "explain 95% of the shift"),
        (0.01, (0.3, 0.2, 0.95), {}, False, "explain 95% of the shift"),
        (0.01, (0.95, 0.2, 0.3), {"explained": 0.96}, True, "the features have moved"),
    ],
)
def test_evidence_is_judged_by_its_rule(p_value, shares, rule, moved, says):
    names = "by_rows", "by_frequencies", "by_scores"
    shares = dict(zip(names, shares, strict=True))
    evidence = ShiftEvidence(p_value=p_value, **shares, rule=Rule(**rule))
    assert evidence.moved == moved
    assert says in evidence.finding


@pytest.mark.parametrize(
    ("covered", "by_rows", "moved"),
    [(0.55, 0.51, True), (0.56, 0.51, False), (0.56, 0.49, True), (1.0, 0.0, True)],
)
def test_rows_need_not_have_moved_where_one_domain_covers_the_other(
    covered, by_rows, moved
):
    evidence = ShiftEvidence(p_value=0.01, by_rows=by_rows, covered=covered)
    assert evidence.moved == moved
    said = "covers 56% of the other, and weights that follow the rows explain 51%"
    assert (said in evidence.finding) != moved


def test_among_many_columns_rows_that_moved_stay_covered():
    """The nearest row is hardly nearer than any: what moved is not seen by it."""
    rng = np.random.default_rng(0)
    ys = np.arange(300) % 3
    Xs = rng.normal(size=(300, 200)) + np.eye(3, 200)[ys]
    Xt = rng.normal(size=(200, 200)) + 0.3 * rng.choice([-1, 1], 200)
    evidence = shift_evidence(Xs, Xt, ys, random_state=0)
    assert evidence.covered > evidence.rule.covered
    assert evidence.by_rows < evidence.rule.partly
    assert evidence.moved


def test_numbers_have_no_classes():
    Xs, _, Xt, _ = shifted_numbers(shift=2.0)
    evidence = shift_evidence(Xs, Xt, random_state=0)
    assert np.isnan(evidence.by_frequencies)
    assert evidence.explained == evidence.by_rows
    assert evidence.class_weights is None


def test_distances_are_taken_between_as_many_rows_as_the_rule_says():
    Xs, ys, Xt, _ = shifted_classes(100)
    few, all_, more = (
        shift_evidence(Xs, Xt, ys, random_state=0, rule=Rule(max_rows=n)).by_rows
        for n in (40, len(Xs), 10 * len(Xs))
    )
    assert few != all_
    assert more == all_


def test_other_frequencies_explain_label_shift_alone():
    data = make_label_shift(2000, 3, priors_t=(0.2, 0.8), random_state=0)
    evidence = shift_evidence(data.Xs, data.Xt, data.ys, random_state=0)
    assert evidence.by_frequencies > 0.95
    assert not evidence.moved
    of_class = [evidence.class_weights[data.ys == k].mean() for k in (0, 1)]
    np.testing.assert_allclose(of_class, data.class_weights, atol=0.1)
    # Weights that bring the frequencies together leave nothing to explain.
    weight = data.class_weights[data.ys]
    weighted = shift_evidence(
        data.Xs, data.Xt, data.ys, source_weight=weight, random_state=0
    )
    np.testing.assert_allclose(weighted.class_weights, 1, atol=0.1)


def test_frequencies_may_explain_what_scores_do_not():
    Xs, ys, Xt, _ = both_sides()
    evidence = shift_evidence(Xs, Xt, ys, random_state=0)
    assert evidence.by_frequencies > 0.95
    assert evidence.by_scores < 0.5
    assert evidence.frequencies_differ


def test_scores_explain_what_was_taken_by_them():
    # So classes are more frequent too, but the rows of a class are others.
    rng = np.random.default_rng(0)
    X = rng.normal(size=(4000, 3))
    y = (X[:, 0] + 0.3 * rng.normal(size=4000) > 0).astype(int)
    by_score = rng.random(4000) < np.exp(1.5 * (X[:, 0] - 3))
    evidence = shift_evidence(X[:600], X[by_score], y[:600], random_state=0)
    assert evidence.by_scores > 0.9
    assert not evidence.moved
    assert not evidence.frequencies_differ


def test_no_weights_explain_that_rows_moved():
    Xs, ys, Xt, _ = shifted_classes(400, shift=4.0)
    evidence = shift_evidence(Xs, Xt, ys, random_state=0)
    assert evidence.explained < 0.5
    assert evidence.moved


def test_margin_against_its_definition():
    rng = np.random.default_rng(0)
    Xs = rng.normal(size=(4000, 3)) @ rng.normal(size=(3, 3)) * [1, 10, 100]
    Xt = rng.normal(size=(50, 3)) * [3, 1, 200] + 5
    mean, scale = Xs.mean(axis=0), Xs.std(axis=0)
    T = (Xt - mean) / scale
    inverse = np.linalg.inv(np.corrcoef(Xs.T))
    values = np.array([t @ inverse @ t - t @ t for t in T])
    margin = values.mean() / (values.std() / np.sqrt(50))
    # With many rows, correlations are hardly shrunk, and no more left to chance.
    assert margin_against_correlations(Xs, Xt) == pytest.approx(margin, rel=0.1)
    units = np.array([1e-3, 5.0, 1e4])
    same = margin_against_correlations(Xs * units + 7, Xt * units + 7)
    assert same == pytest.approx(margin_against_correlations(Xs, Xt))


@pytest.mark.parametrize("seed", range(5))
def test_another_range_follows_correlations_and_other_units_do_not(seed):
    Xs, _, Xt, _ = other_units(n=200, seed=seed)
    assert margin_against_correlations(Xs, Xt) > 3
    # Of an exponential tilt of normal rows, the mean moves by covariance times slope.
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(6, 6))
    X = rng.normal(size=(400, 6)) @ mixing
    slope = rng.normal(size=6) / np.linalg.norm(mixing, axis=0)
    far = X[200:] + 3 * mixing.T @ mixing @ slope
    assert margin_against_correlations(X[:200], far) < -1


def test_columns_without_correlation_tell_nothing_but_by_chance():
    rng = np.random.default_rng(0)
    shift = np.array([8, -8, 8, 8])
    margins = [
        margin_against_correlations(Xs, Xt + shift)
        for Xs, Xt in rng.normal(size=(100, 2, 200, 4))
    ]
    assert np.mean(np.abs(margins) < 1) > 0.95


def test_a_single_column_tells_nothing_of_correlations():
    rng = np.random.default_rng(0)
    Xs, Xt = rng.normal(size=(50, 1)), 5 + 3 * rng.normal(size=(50, 1))
    alone = np.c_[Xs, np.ones(50)], np.c_[Xt, rng.normal(size=50)]
    assert margin_against_correlations(Xs, Xt) == -np.inf
    assert margin_against_correlations(*alone) == -np.inf


@pytest.mark.parametrize("estimator", ["linear", "forest"])
def test_numbers_of_another_range_are_not_mapped(estimator):
    """The way to the target and back looks better by a map, and R2 falls below -5."""
    Xs, ys, Xt, yt = make_regression_da()
    given = {"estimator": estimator, "cv": 2}
    comparison = compare(Xs, ys, Xt, yt, methods=["DomainStandardScaler"], **given)
    rows = comparison.results.set_index("method")
    assert rows.loc["DomainStandardScaler", "gain"] > 0
    assert rows.loc["DomainStandardScaler", "target"] < -5
    assert comparison.recommended == "SourceOnly"
    assert "with a single column" in comparison.reason


def test_numbers_in_other_units_have_moved():
    Xs, _, Xt, _ = other_units()
    evidence = shift_evidence(Xs, Xt, random_state=0)
    assert evidence.against_correlations > 3
    assert evidence.moved
    assert "the features have moved" in evidence.finding


def test_few_rows():
    Xs, ys, Xt, _ = shifted_classes(20)
    one = shift_evidence(Xs, Xt[:1], ys)
    assert one.explained == 0
    assert np.all(one.class_weights == 1)
    alone = np.append("alone", np.repeat(["a", "b"], [10, 9]))
    assert np.all(np.isfinite(shift_evidence(Xs, Xt, alone).class_weights))
    same = shift_evidence(np.zeros((20, 2)), np.zeros((5, 2)), ys)
    assert same.explained == 0
    assert not same.moved


# ----------------------------------------------------------------------- one voice


def along_the_classes(n=400):
    rng = np.random.default_rng(0)
    Xs, Xt = rng.normal(size=(2, n, 3))
    Xt[:, 0] += 2
    ys, yt = ((3 * X[:, 0] + rng.logistic(size=n) > 0).astype(int) for X in (Xs, Xt))
    return Xs, ys, Xt, yt


def test_a_shift_along_the_classes_is_not_undone():
    Xs, ys, Xt, yt = along_the_classes()
    model = AutoAdapt(random_state=0).fit(Xs, ys, Xt=Xt)
    assert model.best_method_ == "SourceOnly"
    assert "a map of features could remove what separates the labels" in model.decision_
    # On the way to the target and back maps look right, and half of the rows are wrong.
    maps = compare(Xs, ys, Xt, yt, methods=["DomainStandardScaler"])
    rows = maps.results.set_index("method")
    assert rows.loc["DomainStandardScaler", "margin"] > 3
    assert rows.loc["DomainStandardScaler", "target"] < model.score(Xt, yt) - 0.3
    assert maps.recommended == "SourceOnly"


def test_label_shift_is_not_undone():
    Xs, ys, Xt, _ = both_sides()
    model = AutoAdapt(GaussianNB(), random_state=0).fit(Xs, ys, Xt=Xt)
    assert model.best_method_ == "SourceOnly"
    assert "weights of source rows explain" in model.decision_
    told = diagnose_shift(Xs, ys, Xt)
    assert told.evidence.frequencies_differ
    assert "Do not map features" in told.advice[0]


def without_shift():
    Xs, ys, *_ = shifted_classes(n=200)
    return Xs[:100], ys[:100], Xs[100:], ys[100:]


@pytest.mark.parametrize(
    ("domains", "kind", "advised"),
    [
        (without_shift, "none", "Do not adapt"),
        (along_the_classes, "covariate", "Do not map"),
        (lambda: shifted_classes(shift=4.0), "features", "`AutoAdapt` choose"),
        (other_units, "features", "`AutoAdapt` choose"),
        (make_regression_da, "covariate", "Do not map"),
    ],
    ids=["none", "along the classes", "moved", "other units", "another range"],
)
def test_compare_diagnosis_and_auto_adapt_speak_with_one_voice(domains, kind, advised):
    Xs, ys, Xt, _yt = domains()
    told = diagnose_shift(Xs, ys, Xt, random_state=0)
    shown = compare(Xs, ys, Xt, random_state=0)
    model = AutoAdapt(random_state=0).fit(Xs, ys, Xt=Xt)
    assert told.kind == kind
    assert advised in told.advice[0]
    assert told.evidence == shown.evidence == model.comparison_.evidence
    assert shown.recommended == model.best_method_
    assert shown.reason == model.decision_
    if kind != "features":
        assert shown.recommended == "SourceOnly"
        assert "not" in told.advice[0]
        assert not any("Map the features" in text for text in told.advice)


def test_maps_that_lose_are_not_advised_for_numbers():
    Xs, ys, Xt, _ = shifted_numbers(n=300, shift=3.0)
    advice = " ".join(diagnose_shift(Xs, ys, Xt).advice)
    for name in ("LinearOT", "CORAL", "`SA`", "GFK"):
        assert name not in advice
