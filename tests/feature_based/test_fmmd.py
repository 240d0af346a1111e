"""fMMD: closed forms, optimality on the sphere, and what is kept."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import ks_2samp
from sklearn.linear_model import LogisticRegression, Ridge

from adapt._data_driven import largest_gaps, tells_of_labels
from adapt.feature_based import fMMD
from adapt.feature_based._fmmd import linear_scores, quadratic_scores
from tests.common import shifted_numbers


def discrepancy(Xs, Xt, w, kernel, gamma=1.0, degree=2, coef=1.0):
    """Return the squared discrepancy of weighted rows, pair by pair."""

    def k(x, y):
        if kernel == "linear":
            return np.sum(w * x * y)
        if kernel == "rbf":
            return np.exp(-gamma * np.sum((w * (x - y)) ** 2))
        return (gamma * np.sum(w * x * y) + coef) ** degree

    def mean(A, B):
        return np.mean([[k(a, b) for b in B] for a in A])

    return mean(Xs, Xs) - 2 * mean(Xs, Xt) + mean(Xt, Xt)


def domains(n=7, d=3, seed=0):
    rng = np.random.default_rng(seed)
    Xs = rng.normal(size=(n, d))
    Xt = rng.normal(size=(n + 2, d)) * np.linspace(0.5, 2, d) + 0.4
    return Xs, Xt


def best_by_search(objective, d):
    """Maximise over the sphere by many starts of a general solver."""
    rng = np.random.default_rng(0)
    ball = {"type": "ineq", "fun": lambda w: 1 - w @ w}
    found = [
        minimize(
            lambda w: -objective(w),
            start / np.linalg.norm(start),
            bounds=[(0, 1)] * d,
            constraints=ball,
            method="SLSQP",
            options={"ftol": 1e-12},
        )
        for start in rng.uniform(size=(4, d))
    ]
    return -min(result.fun for result in found)


@pytest.mark.parametrize(
    ("kernel", "degree"), [("linear", 2), ("poly", 2), ("poly", 3), ("rbf", 2)]
)
def test_weights_maximise_the_discrepancy(kernel, degree):
    Xs, Xt = domains()
    model = fMMD(kernel=kernel, degree=degree, gamma=0.3, coef=0.7).fit(Xs, Xt=Xt)
    w = model.features_scores_
    assert np.all(w >= 0)
    assert np.linalg.norm(w) <= 1 + 1e-9

    def value(weights):
        return discrepancy(Xs, Xt, weights, kernel, 0.3, degree, 0.7)

    np.testing.assert_allclose(value(w), best_by_search(value, 3), rtol=1e-4)


def test_closed_forms():
    Xs, Xt = domains(n=200, d=6)
    delta = Xs.mean(axis=0) - Xt.mean(axis=0)
    w = linear_scores(Xs, Xt)
    np.testing.assert_allclose(w, delta**2 / np.linalg.norm(delta**2))
    # Stationarity on the sphere: the gradient is along w where w is positive.
    w = quadratic_scores(Xs, Xt, 0.3, 0.7)
    D = Xs.T @ Xs / len(Xs) - Xt.T @ Xt / len(Xt)
    slope = 2 * 0.3 * 0.7 * delta**2 + 2 * 0.3**2 * D**2 @ w
    np.testing.assert_allclose(np.linalg.norm(w), 1)
    np.testing.assert_allclose(slope / np.linalg.norm(slope), w, atol=1e-8)


def test_equal_means_leave_the_leading_vector():
    # Without differences of means the quadratic form is all there is.
    Xs = np.array([[1.0, 1], [-1, -1], [1, -1], [-1, 1]])
    Xt = Xs * [3.0, 1.0]
    np.testing.assert_allclose(quadratic_scores(Xs, Xt, 1.0, 1.0), [1, 0], atol=1e-8)


@pytest.mark.parametrize("kernel", ["linear", "poly", "rbf"])
def test_the_shifted_column_is_left_out(kernel):
    rng = np.random.default_rng(0)
    Xs, Xt = rng.normal(size=(800, 5)), rng.normal(size=(700, 5))
    Xt[:, 3] += 1.5
    model = fMMD(kernel=kernel, random_state=0).fit(Xs, Xt=Xt)
    np.testing.assert_array_equal(model.selected_features_, [1, 1, 1, 0, 1])
    np.testing.assert_array_equal(model.transform(Xt), Xt[:, [0, 1, 2, 4]])
    assert list(model.get_feature_names_out()) == ["x0", "x1", "x2", "x4"]


def test_a_column_that_misleads_costs_nothing_any_more():
    rng = np.random.default_rng(0)
    ys, yt = rng.integers(2, size=(2, 500))
    Xs, Xt = rng.normal(size=(2, 500, 3))
    Xs[:, 0] += 2 * ys
    Xt[:, 0] += 2 * yt
    Xs[:, 1] += 4 * ys
    Xt[:, 1] += 4 * (1 - yt) + 10
    model = fMMD(LogisticRegression()).fit(Xs, ys, Xt=Xt)
    assert (
        model.score(Xt, yt) > 0.8 > 0.6 > LogisticRegression().fit(Xs, ys).score(Xt, yt)
    )


def test_thresholds():
    Xs, ys, Xt, _ = shifted_numbers(n=60)
    some = fMMD(Ridge(), threshold=0.5).fit(Xs, ys, Xt=Xt)
    np.testing.assert_array_equal(some.selected_features_, some.features_scores_ <= 0.5)
    with pytest.raises(ValueError, match=r"`threshold`=0\.0 leaves no column"):
        fMMD(Ridge(), threshold=0.0).fit(Xs, ys, Xt=Xt)
    same = fMMD(Ridge()).fit(Xs, ys, Xt=Xs)
    assert same.selected_features_.all()
    one = fMMD(Ridge()).fit(Xs[:, :1], ys, Xt=Xt[:, :1])
    assert one.selected_features_.all()


def test_gaps_are_those_of_scipy():
    rng = np.random.default_rng(0)
    X = np.c_[rng.normal(size=(90, 2)), rng.integers(4, size=90)]  # with ties
    X[:30] += 0.5
    y = np.repeat(["a", "b", "c"], [30, 40, 20])
    member = y[:, None] == ["a", "b", "c"]
    expected = [
        [ks_2samp(x[rows], x[~rows]).statistic for x in X.T] for rows in member.T
    ]
    np.testing.assert_allclose(largest_gaps(X, member), expected)
    shares = np.array([3, 4, 2]) / 9
    np.testing.assert_allclose(tells_of_labels(X, y, False), shares @ expected)
    numbers = np.arange(90.0)
    halves = ks_2samp(X[:45, 0], X[45:, 0]).statistic
    np.testing.assert_allclose(tells_of_labels(X, numbers, True)[0], halves)


def test_nothing_is_left_out_by_chance_or_that_tells_of_labels():
    rng = np.random.default_rng(0)
    ys = rng.integers(2, size=300)
    Xs, Xt = rng.normal(size=(2, 300, 4))
    assert fMMD().fit(Xs, Xt=Xt).selected_features_.all()
    # A threshold between the means tells 69 % of the rows; at three in four it is cut.
    second = np.eye(4)[1]
    assert fMMD().fit(Xs, Xt=Xt + second).selected_features_.all()
    further = fMMD().fit(Xs, Xt=Xt + 1.6 * second)
    np.testing.assert_array_equal(further.selected_features_, [1, 0, 1, 1])
    Xs[:, 0] += 3 * ys
    Xt[:, :2] += 4  # both columns differ, but the first tells more of the labels
    blind = fMMD().fit(Xs - Xs.mean(axis=0), Xt=Xt)
    np.testing.assert_array_equal(blind.selected_features_, [0, 0, 1, 1])
    for model in fMMD(), fMMD(Ridge()):
        model.fit(Xs - Xs.mean(axis=0), ys, Xt=Xt)
        np.testing.assert_array_equal(model.selected_features_, [1, 0, 1, 1])


@pytest.mark.parametrize("kernel", ["linear", "poly", "rbf"])
@pytest.mark.parametrize("degree", [2, 3])
def test_columns_of_very_different_scale(kernel, degree):
    Xs, Xt = domains(n=60)
    scale = [1e-3, 1, 1e3]
    model = fMMD(kernel=kernel, degree=degree, random_state=0)
    model.fit(Xs * scale, Xt=Xt * scale)
    assert np.isfinite(model.features_scores_).all()
    assert model.selected_features_.any()
