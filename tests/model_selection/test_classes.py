import math

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.metrics.pairwise import euclidean_distances
from sklearn.neighbors import KNeighborsClassifier

from adapt.datasets import make_label_shift
from adapt.feature_based import CORAL
from adapt.instance_based import KMM, MMDTarS, SaerensEM
from adapt.model_selection import AutoAdapt, compare
from adapt.model_selection._choose import due_margin
from adapt.model_selection._classes import (
    ClassEvidence,
    class_evidence,
    class_gaps,
    nearest_frequencies,
)
from tests.common import other_shares, shifted_classes


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


def test_other_frequencies_explain_label_shift_alone():
    data = make_label_shift(2000, 3, priors_t=(0.2, 0.8), random_state=0)
    evidence = class_evidence(data.Xs, data.ys, data.Xt, random_state=0)
    assert evidence.explained > 0.95
    assert evidence.frequencies_differ
    assert not evidence.stand_apart
    of_class = [evidence.weights[data.ys == k].mean() for k in (0, 1)]
    np.testing.assert_allclose(of_class, data.class_weights, atol=0.1)
    # Weights that bring the frequencies together leave nothing to explain.
    weighted = class_evidence(
        data.Xs, data.ys, data.Xt, data.class_weights[data.ys], random_state=0
    )
    np.testing.assert_allclose(weighted.weights, 1, atol=0.1)


def test_other_frequencies_do_not_explain_that_rows_moved():
    Xs, ys, Xt, _ = shifted_classes(400, shift=2.0)
    evidence = class_evidence(Xs, ys, Xt, random_state=0)
    assert evidence.explained < 0.2
    assert evidence.stand_apart
    Xs, ys, Xt, _ = shifted_classes(400, seed=1, shift=2.0)
    noisy = np.random.default_rng(0).permutation(ys)
    assert class_evidence(Xs, noisy, Xt, random_state=0).separation < 0.5


def test_few_rows():
    Xs, ys, Xt, _ = shifted_classes(20)
    one = class_evidence(Xs, ys, Xt[:1])
    assert one.explained == 0
    assert np.all(one.weights == 1)
    alone = np.append("alone", np.repeat(["a", "b"], [10, 9]))
    assert np.all(np.isfinite(class_evidence(Xs, alone, Xt).weights))
    same = class_evidence(np.zeros((20, 2)), ys, np.zeros((5, 2)))
    assert same.explained == 0


@pytest.mark.parametrize(
    ("explained", "separation", "dues"),
    [
        (0.9, 3.0, [1, math.inf, 3]),
        (0.1, 3.0, [math.inf, 0, 3]),
        (0.1, 1.0, [math.inf, 3, 3]),
    ],
)
def test_what_is_due(explained, separation, dues):
    evidence = ClassEvidence(np.ones(3), explained, separation)
    methods = MMDTarS(), CORAL(), KMM()
    assert [due_margin(method, evidence, 3) for method in methods] == dues
    assert due_margin(MMDTarS(), None, 3) == 3


def test_label_shift_is_met_with_weights_of_classes():
    Xs, ys, Xt, yt = other_shares(1.5, 600, 3)
    model = AutoAdapt(random_state=0).fit(Xs, ys, Xt=Xt)
    assert model.best_method_ == "MMDTarS"
    assert "frequencies of classes explain" in model.decision_
    alone = LogisticRegression().fit(Xs, ys)
    assert model.score(Xt, yt) > alone.score(Xt, yt) + 0.05
    table = model.results_.set_index("method")
    assert np.isinf(table.loc["CORAL", "due"])
    assert np.isnan(table.loc["CORAL", "margin"])
    model = AutoAdapt(methods=["CORAL"], random_state=0).fit(Xs, ys, Xt=Xt)
    assert model.best_method_ == "SourceOnly"
    assert "no method here is made for that" in model.decision_
    shown = compare(Xs, ys, Xt, methods=["CORAL", "IWC", "MMDTarS"])
    assert shown.recommended == "MMDTarS"
    assert shown.explained_by_classes > 0.8
    assert "never" in str(shown).split("CORAL")[1].split("\n")[0]


def test_probabilities_are_corrected_as_for_the_target():
    Xs, ys, Xt, _ = other_shares(1.5, 600, 3)
    methods = {
        how: SaerensEM(LogisticRegression(), correct=how)
        for how in ("weights", "probabilities")
    }
    model = AutoAdapt(methods=methods, random_state=0).fit(Xs, ys, Xt=Xt)
    gains = model.results_.set_index("method")["gain"]
    assert gains["probabilities"] == pytest.approx(gains["weights"], abs=0.01)
    assert gains["probabilities"] > 0.05


def test_an_estimator_without_weights_is_fitted_on_a_draw():
    Xs, ys, Xt, _ = other_shares(1.5, 400, 3)
    model = AutoAdapt(KNeighborsClassifier(15), random_state=0).fit(Xs, ys, Xt=Xt)
    assert model.best_method_ == "MMDTarS"
    assert model.adapter_.resample
