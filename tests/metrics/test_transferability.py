"""Scores of transferability against closed forms and naive references."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import spearmanr

from adapt import metrics
from adapt.metrics import (
    dataset_distance,
    gbc,
    h_score,
    invariance,
    leep,
    log_evidence,
    nce,
    neighbor_accuracy,
    neural_collapse,
    parc,
    transrate,
)
from adapt.metrics._dataset_distance import labelled_cost

OF_FEATURES = [
    gbc,
    h_score,
    log_evidence,
    neighbor_accuracy,
    neural_collapse,
    parc,
    transrate,
]
each_of_features = pytest.mark.parametrize(
    "score", OF_FEATURES, ids=lambda score: score.__name__
)


def probabilities(n=40, n_source=5, seed=0, sharpness=1.0):
    sizes = np.full(n_source, 1 / sharpness)
    return np.random.default_rng(seed).dirichlet(sizes, n)


def labels(n=40, n_classes=3, seed=1):
    return np.random.default_rng(seed).integers(n_classes, size=n)


def separated(n=60, d=6, gap=4.0, seed=0):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 3
    return gap * np.eye(d)[y] + rng.normal(size=(n, d)), y


# LEEP and NCE


def naive_leep(P, y, left_out=False):
    n, classes, total = len(y), np.unique(y), 0.0
    for i in range(n):
        rows = [j for j in range(n) if not (left_out and j == i)]
        likelihood = 0.0
        for z in range(P.shape[1]):
            joint = {c: sum(P[j, z] for j in rows if y[j] == c) for c in classes}
            if left_out:
                for c in classes:
                    count = 1 + sum(y[j] == c for j in rows)
                    joint[c] += count / (n - 1 + len(classes))
            likelihood += P[i, z] * joint[y[i]] / sum(joint.values())
        total += np.log(likelihood)
    return total / n


@pytest.mark.parametrize("leave_one_out", [False, True])
def test_leep_is_the_double_sum(leave_one_out):
    P, y = probabilities(), labels()
    expected = naive_leep(P, y, leave_one_out)
    assert leep(P, y, leave_one_out=leave_one_out) == pytest.approx(expected, rel=1e-10)


def test_leep_and_nce_of_hard_labels_are_the_conditional_entropy():
    z, y = labels(60, 4, seed=2), labels(60, 3, seed=3)
    joint = np.array(
        [[np.mean((z == a) & (y == b)) for b in range(3)] for a in range(4)]
    )
    positive = joint[joint > 0]
    of_z = joint.sum(axis=1)
    entropy = np.sum(of_z * np.log(of_z)) - np.sum(positive * np.log(positive))
    assert leep(np.eye(4)[z], y) == pytest.approx(-entropy, rel=1e-10)
    assert nce(z, y) == pytest.approx(-entropy, rel=1e-10)
    names = np.array(["p", "q", "r", "s"])
    assert nce(names[z], np.array(["a", "b", "c"])[y]) == nce(np.eye(4)[z], y)


def test_noise_over_many_classes_is_not_rewarded_when_a_row_is_left_out():
    y = labels(50, 3)
    plain, honest = (
        [leep(probabilities(50, k, 0, 30), y, leave_one_out=out) for k in (5, 500)]
        for out in (False, True)
    )
    assert plain[1] > plain[0] + 0.1
    assert abs(honest[1] - honest[0]) < 0.1


# Evidence


def direct_evidence(Z, t):
    """Return the largest log evidence per row by a general optimiser."""

    def negative(log_precisions):
        alpha, beta = np.exp(np.clip(log_precisions, -30, 30))
        covariance = Z @ Z.T / alpha + np.eye(len(Z)) / beta
        half = t @ np.linalg.solve(covariance, t)
        return (half + np.linalg.slogdet(2 * np.pi * covariance)[1]) / 2

    found = [
        minimize(negative, start, method="Nelder-Mead", options={"fatol": 1e-9}).fun
        for start in ([0.0, 0.0], [3.0, 0.0])
    ]
    return -min(found) / len(Z)


@pytest.mark.parametrize("shape", [(30, 4), (12, 20)])
def test_evidence_is_its_maximum(shape):
    rng = np.random.default_rng(0)
    Z = rng.normal(size=shape)
    y = Z[:, 0] + 0.5 * rng.normal(size=shape[0])
    assert log_evidence(Z, y, published=True) == pytest.approx(
        direct_evidence(Z, y), abs=1e-5
    )
    classes = (y > 0).astype(int)
    expected = [direct_evidence(Z, classes == c) for c in range(2)]
    assert log_evidence(Z, classes, published=True) == pytest.approx(
        np.mean(expected), abs=1e-5
    )


def test_evidence_does_not_change_with_units_or_offsets():
    Z, y = separated()
    moved = Z * [1, 10, 1e-3, 1, 1, 5] + 100
    assert log_evidence(moved, y) == pytest.approx(log_evidence(Z, y), abs=1e-6)
    assert abs(log_evidence(Z + 10, y, published=True)) != pytest.approx(
        abs(log_evidence(Z, y, published=True)), abs=1e-2
    )


def test_evidence_of_no_signal_is_that_of_the_mean_and_of_all_signal_is_finite():
    Z, y = separated()
    # A constant column and nothing else: the mean, and noise about it.
    assert log_evidence(np.zeros((60, 2)), y) < log_evidence(Z, y)
    assert np.isfinite(log_evidence(np.eye(3)[y], y))


# Features


def test_plain_h_score_is_the_trace():
    Z, y = separated()
    means = np.stack([Z[y == c].mean(axis=0) for c in y])
    expected = np.trace(np.linalg.pinv(np.cov(Z.T), rcond=1e-15) @ np.cov(means.T))
    assert h_score(Z, y, shrinkage=False) == pytest.approx(expected, rel=1e-10)


def test_h_score_of_noise_in_many_columns():
    noise, y = np.random.default_rng(0).normal(size=(30, 60)), labels(30)
    assert h_score(noise, y, shrinkage=False) == pytest.approx(2, abs=1e-6)
    assert h_score(noise, y) < 0.5


def test_transrate_as_published():
    Z, y = separated()
    Z = Z - Z.mean(axis=0)

    def rate(A):
        return 0.5 * np.linalg.slogdet(np.eye(6) + A.T @ A / (len(A) * 1e-4))[1]

    expected = rate(Z) - sum(rate(Z[y == c]) for c in range(3)) / 3
    assert transrate(Z, y, published=True) == pytest.approx(expected, rel=1e-10)
    assert transrate(Z * 1e-3, y) == pytest.approx(transrate(Z, y), rel=1e-9)


def test_gbc_of_equal_and_of_far_gaussians():
    Z = np.random.default_rng(0).normal(size=(40, 3))
    y = np.repeat([0, 1], 40)
    assert gbc(np.concatenate([Z, Z]), y) == pytest.approx(-2, rel=1e-12)
    assert gbc(np.concatenate([Z, Z + 100]), y) == pytest.approx(0, abs=1e-12)
    # Of equal variances: the overlap is exp(-|m|^2 / (8 v)).
    Z = (Z - Z.mean(axis=0)) / Z.std(axis=0)
    found = gbc(np.concatenate([Z, Z + np.array([2, 0, 0])]), y)
    floor = 1e-3 * (1 + 1 + 1 + 1) / 3
    assert found == pytest.approx(-2 * np.exp(-4 / (8 * (1 + floor))), rel=1e-6)


def test_neural_collapse_is_the_trace_and_zero_for_points():
    Z, y = separated()
    means = np.stack([Z[y == c].mean(axis=0) for c in range(3)])
    within = np.cov((Z - means[y]).T, bias=True)
    between = np.cov(means.T, bias=True)
    expected = -np.trace(within @ np.linalg.pinv(between, rcond=1e-8)) / 3
    assert neural_collapse(Z, y) == pytest.approx(expected, rel=1e-8)
    assert neural_collapse(np.eye(3)[y], y) == pytest.approx(0, abs=1e-20)


def test_parc_is_spearmans_correlation_of_pairs():
    Z, y = separated(30)
    pairs = np.triu_indices(30, 1)
    apart = (1 - np.corrcoef(Z))[pairs]
    expected = spearmanr(apart, (y[:, None] != y)[pairs]).statistic
    assert parc(Z, y) == pytest.approx(expected, abs=1e-10)
    numbers = Z[:, 0]
    expected = spearmanr(apart, np.abs(numbers[:, None] - numbers)[pairs]).statistic
    assert parc(Z, numbers) == pytest.approx(expected, abs=1e-10)
    assert parc(Z, y, max_rows=20) != parc(Z, y)


def test_neighbors_are_those_of_all_other_rows():
    Z, y = separated(31, gap=1.5)
    scaled = (Z - Z.mean(axis=0)) / Z.std(axis=0)
    hits = 0
    for i, row in enumerate(scaled):
        distance = np.linalg.norm(scaled - row, axis=1)
        distance[i] = np.inf
        hits += y[distance.argmin()] == y[i]
    assert neighbor_accuracy(Z, y, n_neighbors=1) == pytest.approx(hits / 31)


@each_of_features
def test_better_features_score_higher_and_names_do_not_matter(score):
    (good, y), (bad, _) = separated(), separated(gap=0.0)
    if score is not transrate:
        assert score(good, y) > score(bad, y)
    named = np.array(["red", "green", "blue"])[y]
    assert score(good, named) == pytest.approx(score(good, y), rel=1e-9)


@each_of_features
def test_constant_features_and_few_rows_give_numbers(score):
    _, y = separated()
    assert not np.isnan(score(np.ones((60, 4)), y))
    Z, y = separated(4)
    assert np.isfinite(score(Z, y))


@each_of_features
def test_missing_labels_one_class_and_nan_are_refused(score):
    Z, y = separated()
    with pytest.raises(ValueError, match="missing labels"):
        score(Z, np.where(y == 0, np.nan, y))
    with pytest.raises(ValueError, match=r"`y` (has one class|is the same|is alike)"):
        score(Z, np.zeros(60, dtype=int))
    with pytest.raises(ValueError, match="NaN"):
        score(np.where(Z > 4, np.nan, Z), y)
    with pytest.raises(ValueError, match="inconsistent"):
        score(Z[:-1], y)


def test_probabilities_that_are_none_are_refused():
    with pytest.raises(ValueError, match="`probabilities` must not be negative"):
        leep(np.random.default_rng(0).normal(size=(40, 3)), labels())


# Distances of data sets


def test_dataset_distance_of_a_set_to_itself_is_zero():
    pytest.importorskip("ot")
    Z, y = separated(24)
    for method in "exact", "sinkhorn":
        order = np.random.default_rng(0).permutation(len(y))
        found = dataset_distance(Z, y, Z[order], y[order], method=method)
        assert found == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("covariance", ["diag", "full"])
def test_dataset_distance_is_that_of_the_assembled_cost(covariance):
    ot = pytest.importorskip("ot")
    (Z, y), (A, b) = separated(12), separated(9, seed=1)
    C = np.empty((12, 9))
    for i in range(12):
        for j in range(9):
            P, Q = Z[y == y[i]], A[b == b[j]]
            C[i, j] = np.sum((Z[i] - A[j]) ** 2)
            C[i, j] += np.sum((P.mean(0) - Q.mean(0)) ** 2)
            if covariance == "diag":
                C[i, j] += np.sum((P.std(0) - Q.std(0)) ** 2)
            else:
                covariances = [np.cov(M.T, bias=True) for M in (P, Q)]
                product = np.linalg.eigvals(covariances[0] @ covariances[1])
                root = np.sqrt(np.maximum(product.real, 0)).sum()
                C[i, j] += np.trace(covariances[0] + covariances[1]) - 2 * root
    np.testing.assert_allclose(labelled_cost(Z, y, A, b, covariance), C, rtol=1e-6)
    exact = ot.emd2(np.full(12, 1 / 12), np.full(9, 1 / 9), C)
    found = dataset_distance(Z, y, A, b, covariance=covariance)
    assert found**2 == pytest.approx(exact, rel=1e-6)
    smooth = dataset_distance(
        Z, y, A, b, covariance=covariance, method="sinkhorn", reg=0.01
    )
    assert smooth == pytest.approx(found, rel=0.2)


def test_dataset_distance_refuses_other_values():
    with pytest.raises(ValueError, match="`method` must be one of"):
        dataset_distance([[0.0]], [0], [[0.0]], [0], method="fast")


# Invariance


def test_invariance_is_one_without_change_and_zero_for_other_rows():
    X = np.random.default_rng(0).normal(size=(50, 3))
    assert invariance(np.abs, X, np.negative) == 1
    shuffled = np.roll(X[np.random.RandomState(0).permutation(50)], 1, axis=0)
    order = np.argsort(np.random.RandomState(0).permutation(50))
    assert invariance(lambda rows: rows, X, shuffled[order]) == pytest.approx(0)
    both = [np.negative, X]
    alone = invariance(lambda rows: rows, X, np.negative)
    assert invariance(lambda rows: rows, X, both) == pytest.approx((alone + 1) / 2)


def test_invariance_refuses_what_cannot_be_compared():
    with pytest.raises(ValueError, match="same features"):
        invariance(np.zeros_like, np.ones((3, 1)), np.negative)
    with pytest.raises(ValueError, match="A view has 2 rows"):
        invariance(np.abs, np.ones((3, 1)), np.ones((2, 1)))


def test_every_score_says_what_rows_it_takes_in_its_first_line():
    scores = [*OF_FEATURES, leep, nce, dataset_distance, invariance]
    assert {score.__name__ for score in scores} <= set(metrics.__all__)
    for score in scores:
        assert "rows" in score.__doc__.splitlines()[0], score.__name__
