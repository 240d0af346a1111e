import numpy as np
import pytest
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression

from adapt.instance_based import LDM
from adapt.instance_based._ldm import (
    discrepancy,
    minimise_discrepancy,
    quadratic_forms,
    second_moment,
)


def samples(n=150, d=8, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)), rng.normal(size=(n, d)) * 0.8 + 0.4


def solve_with_cvxopt(X, M):
    """Return the minimum by the semi-definite programme of the paper."""
    cvxopt = pytest.importorskip("cvxopt")
    n, d = X.shape
    moments = (X[:, :, None] * X[:, None, :]).reshape(n, -1).T
    unit = np.eye(d).reshape(-1, 1)
    solution = cvxopt.solvers.sdp(
        cvxopt.matrix(np.r_[1.0, np.zeros(n)]),
        Gl=cvxopt.matrix(np.hstack([np.zeros((n, 1)), -np.eye(n)])),
        hl=cvxopt.matrix(np.zeros((n, 1))),
        Gs=[cvxopt.matrix(np.hstack([-unit, s * moments])) for s in (-1, 1)],
        hs=[cvxopt.matrix(s * M) for s in (-1, 1)],
        A=cvxopt.matrix(np.r_[0.0, np.ones(n)][None]),
        b=cvxopt.matrix(1.0),
        options={"show_progress": False},
    )
    return solution["x"][0]


@pytest.mark.parametrize(("n", "d"), [(60, 3), (150, 8), (60, 12)])
@pytest.mark.parametrize("shift", [0.0, 1.0])
def test_minimum_equals_a_semidefinite_programme(n, d, shift):
    Xs, Xt = samples(n, d)
    Xt = Xt + shift
    M = Xt.T @ Xt / n
    w, value, gap, _ = minimise_discrepancy(Xs, M, tol=1e-6, max_iter=20_000)
    assert w.min() >= 0
    np.testing.assert_allclose(w.sum(), 1)
    np.testing.assert_allclose(discrepancy(M - (Xs.T * w) @ Xs), value)
    expected = solve_with_cvxopt(Xs, M)
    scale = max(expected, 0.01 * discrepancy(M))
    assert abs(value - expected) <= 2e-6 * scale
    # The bound that certifies it holds.
    assert value - gap <= expected + 1e-6 * scale


def test_moments_equal_the_sums_written_out():
    X, _ = samples(20, 3)
    rng = np.random.default_rng(0)
    w, Z = np.maximum(rng.normal(size=20), 0), rng.normal(size=(3, 3))
    moment = sum(v * np.outer(x, x) for v, x in zip(w, X, strict=True))
    forms = [x @ Z @ x for x in X]
    for rows in (X, sparse.csr_array(X)):
        np.testing.assert_allclose(second_moment(rows, w), moment)
        np.testing.assert_allclose(quadratic_forms(rows, Z), forms)


def test_one_column_in_closed_form():
    # With one column the weighted mean of squares has to come close to a number.
    Xs = np.array([[1.0], [2.0], [3.0]])
    inside = LDM(tol=1e-8)
    weights = inside.fit_weights(Xs, np.array([[2.5]]))
    np.testing.assert_allclose(np.average(Xs[:, 0] ** 2, weights=weights), 6.25)
    outside = LDM()
    weights = outside.fit_weights(Xs, np.array([[4.0]]))
    np.testing.assert_allclose(weights, [0, 0, 3], atol=1e-6)
    np.testing.assert_allclose(outside.lambda_, 16 - 9)


def test_bounds_the_difference_of_losses_of_linear_models():
    Xs, Xt = samples()
    model = LDM().fit(Xs, Xs[:, 0], Xt=Xt)
    rng = np.random.default_rng(0)
    w = model.weights_ / model.weights_.sum()
    for _ in range(50):
        u, v = rng.normal(size=(2, 8))
        losses = w @ (Xs @ (u - v)) ** 2, np.mean((Xt @ (u - v)) ** 2)
        size = (u - v) @ (u - v)
        assert abs(losses[0] - losses[1]) <= model.lambda_ * size * (1 + 1e-9)


def test_helps_a_linear_model_where_the_rule_is_curved():
    rng = np.random.default_rng(0)
    Xs, Xt = rng.normal(size=(500, 2)), rng.normal(size=(500, 2)) * 0.3 + [0.8, 0]
    rule = LinearRegression(fit_intercept=False)
    ys, yt = (X[:, 0] + X[:, 0] ** 3 for X in (Xs, Xt))
    weighted = LDM(rule).fit(Xs, ys, Xt=Xt)
    assert weighted.score(Xt, yt) > rule.fit(Xs, ys).score(Xt, yt) + 0.1


def test_target_like_the_source_gives_ones():
    Xs, _ = samples()
    model = LDM()
    np.testing.assert_allclose(model.fit_weights(Xs, Xs[::-1].copy()), 1)
    assert model.lambda_ < 1e-12


def test_rows_that_are_all_alike():
    np.testing.assert_allclose(LDM().fit_weights(np.ones((4, 2)), np.eye(2)), 1)


def test_sparse_equals_dense():
    Xs, Xt = (np.maximum(X, 0) for X in samples())
    dense, thin = LDM(), LDM()
    dense.fit_weights(Xs, Xt)
    thin.fit_weights(sparse.csr_array(Xs), sparse.csr_array(Xt))
    np.testing.assert_allclose(thin.lambda_, dense.lambda_, rtol=1e-4)


def test_that_it_did_not_converge_is_told():
    Xs, Xt = samples()
    with pytest.warns(ConvergenceWarning, match="`max_iter`=3 "):
        LDM(max_iter=3).fit(Xs, Xs[:, 0], Xt=Xt + 2)
