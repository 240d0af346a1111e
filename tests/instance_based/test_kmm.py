import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import minimize
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Ridge
from sklearn.metrics.pairwise import rbf_kernel

from adapt.instance_based import KMM
from adapt.instance_based._box_qp import (
    FullGram,
    LowRankGram,
    project_box_slab,
    solve_kmm,
)
from adapt.instance_based._kmm import nystroem_map


def samples(ns=300, nt=250, d=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(ns, d)), rng.normal(size=(nt, d)) * 0.7 + 0.5


def problem(gamma=0.2, **params):
    Xs, Xt = samples(**params)
    K = rbf_kernel(Xs, gamma=gamma)
    return K, len(Xs) / len(Xt) * rbf_kernel(Xs, Xt, gamma=gamma).sum(axis=1)


def solve_with_cvxopt(K, kappa, upper, low, high):
    cvxopt = pytest.importorskip("cvxopt")
    n = len(K)
    G = np.vstack([np.eye(n), -np.eye(n), np.ones((1, n)), -np.ones((1, n))])
    h = np.concatenate([np.full(n, upper), np.zeros(n), [high, -low]])
    options = {"show_progress": False, "abstol": 1e-9, "reltol": 1e-9}
    solution = cvxopt.solvers.qp(
        *map(cvxopt.matrix, (K, -kappa, G, h)), options=options
    )
    return np.array(solution["x"]).ravel()


def objective(K, kappa, w):
    return 0.5 * w @ K @ w - kappa @ w


# Where no bound is near, where the sum is held up or down, and where many weights are
# at the upper bound.
BOUNDS = {
    "wide": (1000.0, 0.05, 1.95),
    "low": (1000.0, 1.2, 1.3),
    "high": (1000.0, 0.7, 0.8),
    "box": (1.5, 0.05, 1.95),
    "tight": (2.0, 0.999, 1.001),
}


@pytest.mark.parametrize("bounds", BOUNDS.values(), ids=BOUNDS)
@pytest.mark.parametrize("gamma", [0.05, 0.2, 2.0])
def test_objective_equals_a_qp_solver(bounds, gamma):
    K, kappa = problem(gamma=gamma)
    upper, low, high = bounds[0], 300 * bounds[1], 300 * bounds[2]
    w, residual, _ = solve_kmm(
        FullGram(K), kappa, upper, low, high, tol=1e-6, max_iter=1000
    )
    assert residual <= 1e-6
    assert w.min() >= 0
    assert w.max() <= upper
    assert low - 1e-6 <= w.sum() <= high + 1e-6
    best = objective(K, kappa, solve_with_cvxopt(K, kappa, upper, low, high))
    assert objective(K, kappa, w) <= best + 1e-6 * abs(best)


@pytest.mark.parametrize("bounds", BOUNDS.values(), ids=BOUNDS)
def test_optimality_conditions(bounds):
    K, kappa = problem()
    upper, low, high = bounds[0], 300 * bounds[1], 300 * bounds[2]
    w, _, _ = solve_kmm(FullGram(K), kappa, upper, low, high, tol=1e-7, max_iter=1000)
    gradient = (K @ w - kappa) / kappa.max()
    inside = (w > 1e-8) & (w < upper - 1e-8)
    multiplier = gradient[inside].mean()
    np.testing.assert_allclose(gradient[inside], multiplier, atol=1e-5)
    assert np.all(gradient[w <= 1e-8] >= multiplier - 1e-5)
    assert np.all(gradient[w >= upper - 1e-8] <= multiplier + 1e-5)
    if low + 1e-6 < w.sum() < high - 1e-6:
        assert abs(multiplier) <= 1e-5
    elif w.sum() >= high - 1e-6:
        assert multiplier <= 1e-5
    else:
        assert multiplier >= -1e-5


@pytest.mark.parametrize(
    ("low", "high"), [(0, 50), (3, 3), (9, 20), (0, 1), (0, 0), (18, 18)]
)
def test_projection_equals_a_general_solver(low, high):
    rng = np.random.default_rng(0)
    for scale in (0.1, 1, 10):
        v = scale * rng.normal(size=9)
        w = project_box_slab(v, 2.0, low, high)
        constraints = [
            {"type": "ineq", "fun": lambda x: x.sum() - low + 1e-12},
            {"type": "ineq", "fun": lambda x: high - x.sum() + 1e-12},
        ]
        found = minimize(
            lambda x, v=v: ((x - v) ** 2).sum(),
            np.full(9, np.clip(low / 9, 0, 2)),
            bounds=[(0, 2)] * 9,
            constraints=constraints,
            options={"ftol": 1e-12, "maxiter": 500},
        )
        assert low - 1e-9 <= w.sum() <= high + 1e-9
        np.testing.assert_allclose(w, found.x, atol=1e-4)


def test_no_row_is_dropped():
    Xs, Xt = samples(ns=1001, nt=400)
    model = KMM(gamma=0.2)
    weights = model.fit_weights(Xs, Xt)
    assert weights.shape == (1001,)
    # The last row competes like any other: as a copy of a row of weight, it has some.
    heavy = weights.argmax()
    Xs[-1] = Xs[heavy]
    assert KMM(gamma=0.2).fit_weights(Xs, Xt)[-1] > 0


def test_weighted_mean_embedding_is_that_of_the_target():
    Xs, Xt = samples()
    w = KMM(random_state=0).fit_weights(Xs, Xt)
    probes = rbf_kernel(np.r_[Xs, Xt], np.random.default_rng(1).normal(size=(50, 3)))
    before = probes[:300].mean(axis=0) - probes[300:].mean(axis=0)
    after = np.average(probes[:300], axis=0, weights=w) - probes[300:].mean(axis=0)
    assert np.linalg.norm(after) < 0.1 * np.linalg.norm(before)


def test_target_like_the_source_gives_ones():
    Xs, _ = samples()
    np.testing.assert_allclose(KMM(random_state=0).fit_weights(Xs, Xs.copy()), 1)


def test_no_shift_leaves_the_noise_of_single_weights():
    # They are not smooth by nature; only averages are determined.
    Xs, Xt = np.random.default_rng(0).normal(size=(2, 5000, 2))
    weights = KMM(random_state=0).fit_weights(Xs, Xt)
    assert np.abs(weights - 1).mean() < 0.1
    cells = np.digitize(np.hypot(*Xs.T), [0.5, 1, 1.5])
    means = [weights[cells == cell].mean() for cell in range(4)]
    np.testing.assert_allclose(means, 1, atol=0.1)


def test_nystroem_features_are_exact_at_landmarks():
    X, _ = samples(ns=40)
    K = rbf_kernel(X, gamma=0.5)
    features = K @ nystroem_map(X, gamma=0.5)
    np.testing.assert_allclose(features @ features.T, K, atol=1e-8)


def test_low_rank_kernels_multiply_like_full_ones():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(40, 7))
    full, low = FullGram(features @ features.T), LowRankGram(features)
    np.testing.assert_allclose(low.scale, full.scale)
    for w in (rng.random(40), np.where(np.arange(40) < 9, 1.0, 0.0)):
        np.testing.assert_allclose(low.dot(w), full.dot(w), rtol=1e-4, atol=1e-4)
        for rows in (np.arange(5), np.arange(39), np.arange(40)):
            v = rng.normal(size=len(rows))
            np.testing.assert_allclose(
                low.within(rows)(v), full.within(rows)(v), rtol=1e-4, atol=1e-4
            )


def test_low_rank_reaches_the_objective_of_the_full_kernel():
    Xs, Xt = samples()
    K, kappa = problem()
    exact = KMM(gamma=0.2).fit(Xs, Xs[:, 0], Xt=Xt)
    low = KMM(gamma=0.2, n_components=200, random_state=0)
    weights = low.fit_weights(Xs, Xt)
    assert weights.shape == (300,)
    best = objective(K, kappa, exact.weights_)
    assert abs(objective(K, kappa, weights) / best - 1) < 1e-3
    # Beyond `max_size` source rows the kernel is of low rank by itself.
    bounded = KMM(gamma=0.2, max_size=299, random_state=0).fit_weights(Xs, Xt)
    assert abs(objective(K, kappa, bounded) / best - 1) < 1e-3
    assert np.any(bounded != exact.weights_)


def test_single_precision_gives_the_same_objective():
    # The weights themselves are hardly determined: many give nearly the same objective.
    Xs, Xt = samples()
    double, single = KMM(gamma=0.2), KMM(gamma=0.2)
    double.fit_weights(Xs, Xt)
    single.fit_weights(Xs.astype(np.float32), Xt.astype(np.float32))
    np.testing.assert_allclose(single.objective_, double.objective_, rtol=1e-5)


@pytest.mark.parametrize("n_components", [None, 50])
def test_sparse_equals_dense(n_components):
    Xs, Xt = (np.maximum(X, 0) for X in samples())
    dense, thin = (KMM(n_components=n_components, random_state=0) for _ in range(2))
    dense.fit_weights(Xs, Xt)
    thin.fit_weights(sparse.csr_array(Xs), sparse.csr_array(Xt))
    np.testing.assert_allclose(thin.gamma_, dense.gamma_)
    np.testing.assert_allclose(thin.objective_, dense.objective_, rtol=1e-5)


@pytest.mark.parametrize("kernel", ["laplacian", "linear", "poly", "cosine"])
def test_other_kernels_lower_the_objective(kernel):
    Xs, Xt = samples()
    model = KMM(kernel=kernel, random_state=0).fit(Xs, Xs[:, 0], Xt=Xt)
    assert np.isfinite(model.weights_).all()
    assert model.objective_ < 0


def test_that_it_did_not_converge_is_told():
    Xs, Xt = samples()
    with pytest.warns(ConvergenceWarning, match=r"`max_iter`=2 .*`tol`"):
        KMM(max_iter=2).fit(Xs, Xs[:, 0], Xt=Xt)


def test_bounds_that_no_weights_meet_are_refused():
    Xs, Xt = samples()
    with pytest.raises(ValueError, match="bounds the mean of the weights"):
        KMM(B=0.5, eps=0.1).fit_weights(Xs, Xt)


def test_eps_bounds_the_mean_of_the_weights():
    Xs, Xt = samples()
    model = KMM(Ridge(), B=1.0, eps=0).fit(Xs, Xs[:, 0], Xt=Xt)
    np.testing.assert_allclose(model.weights_, 1)
