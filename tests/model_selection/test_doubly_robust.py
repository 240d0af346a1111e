import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import KFold

from adapt.base import SourceOnly
from adapt.instance_based import ULSIF
from adapt.metrics import ImportanceWeighted
from adapt.model_selection._doubly_robust import (
    FoldPredictions,
    GainOfWeights,
    doubly_robust_risk,
)
from adapt.model_selection._held_out_scores import Task


def bend(X):
    return 2 * np.abs(X[:, 0])


def two_domains(n=400, seed=0):
    rng = np.random.default_rng(seed)
    Xs, Xt = rng.normal(size=(n, 1)), rng.normal(1.0, 0.7, size=(n - 50, 1))
    ys, yt = (bend(X) + 0.3 * rng.normal(size=len(X)) for X in (Xs, Xt))
    return Xs, ys, Xt, yt


def density_ratio(X):
    x = X[:, 0]
    return np.exp(x**2 / 2 - (x - 1) ** 2 / (2 * 0.7**2)) / 0.7


@pytest.mark.parametrize("right", ["model", "weights", "both"])
def test_the_risk_is_right_if_the_model_or_the_weights_are(right):
    Xs, ys, Xt, yt = two_domains(20_000)
    model = LinearRegression().fit(Xs, ys)
    one_fold = FoldPredictions(model.predict(Xs), model.predict(Xt)[None])
    reference = FoldPredictions(bend(Xs) + 1, bend(Xt)[None] + 1)  # which is off by one
    weights = np.ones(len(Xs))
    if right != "weights":
        reference = FoldPredictions(bend(Xs), bend(Xt)[None])
    if right != "model":
        weights = density_ratio(Xs)
    risk = doubly_robust_risk(one_fold, reference, ys, weights)
    found = np.mean(risk.target) + np.average(risk.source, weights=weights)
    assert found == pytest.approx(np.mean((model.predict(Xt) - yt) ** 2), rel=0.05)


def test_the_gain_against_its_equation():
    Xs, ys, Xt, _ = two_domains(80)
    nothing = np.zeros(len(Xt), dtype=bool)
    prior = np.random.default_rng(1).uniform(0.5, 2, len(ys))
    task = Task(Xs, ys, Xt, None, nothing, "r2", 3, 7, None, prior)
    ratio = ImportanceWeighted().fit(Xs, Xt).weights(Xs)
    plain, method = SourceOnly(LinearRegression()), ULSIF(LinearRegression())
    gain, error = GainOfWeights(plain, task, ratio).of(method)

    trees = SourceOnly(ExtraTreesRegressor(min_samples_leaf=3, random_state=7))
    w = ratio * prior
    on_target, on_source = np.zeros(len(Xt)), np.zeros(len(ys))
    folds = KFold(3, shuffle=True, random_state=7).split(Xs)
    for train, test in folds:
        f0, f1, m = (
            clone(model).fit(Xs[train], ys[train], Xt=Xt, sample_weight=prior[train])
            for model in (plain, method, trees)
        )
        a, b, c = (model.predict(Xt) for model in (f0, f1, m))
        on_target += ((a - c) ** 2 - (b - c) ** 2) / 3
        a, b, c = (model.predict(Xs[test]) for model in (f0, f1, m))
        on_source[test] = 2 * (b - a) * (ys[test] - c)
    left = np.sum(w * on_source) / w.sum()
    spread = np.sum(w * (ys - np.sum(w * ys) / w.sum()) ** 2) / w.sum()
    assert gain == pytest.approx((on_target.mean() + left) / spread)
    variance = np.var(on_target) / len(Xt)
    variance += np.sum((w * (on_source - left)) ** 2) / w.sum() ** 2
    assert error == pytest.approx(np.sqrt(variance) / spread)


def test_a_line_that_leads_far_off_shows():
    # Source rows like the target are few and on one side, a weighted line is steep.
    rng = np.random.default_rng(0)
    Xs, Xt = rng.normal(size=(80, 1)), rng.normal(4.0, 1.5, size=(200, 1))
    ys = np.tanh(2 * Xs[:, 0]) + 0.1 * rng.normal(size=80)
    nothing = np.zeros(len(Xt), dtype=bool)
    task = Task(Xs, ys, Xt, None, nothing, "r2", 5, 0, None)
    plain = SourceOnly(LinearRegression())
    steep = ULSIF(LinearRegression(), weight_clip=None, random_state=0)
    w = ImportanceWeighted().fit(Xs, Xt).weights(Xs)
    gain, error = GainOfWeights(plain, task, w).of(steep)
    yt = np.tanh(2 * Xt[:, 0])
    a, b = (clone(m).fit(Xs, ys, Xt=Xt).predict(Xt) for m in (plain, steep))
    true = np.mean((a - yt) ** 2) - np.mean((b - yt) ** 2)
    assert np.sign(gain) == np.sign(true)
    assert abs(gain) > 3 * error
