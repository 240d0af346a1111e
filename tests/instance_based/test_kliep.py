import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import minimize
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics.pairwise import rbf_kernel

from adapt.instance_based import KLIEP
from adapt.instance_based._constrained import project_simplex
from adapt.instance_based._kliep_solvers import kliep_shares

ALGOS = ["FW", "PG", "original"]


def samples(ns=300, nt=200, d=2, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(ns, d)), rng.normal(size=(nt, d)) * 0.7 + 0.5


def maximum_by_slsqp(Ks, Kt):
    """Return the largest mean(log(Kt a)) with mean(Ks a) = 1 and a >= 0."""
    means = Ks.mean(axis=0)
    start = 1 / means / len(means)
    result = minimize(
        lambda a: -np.log(Kt @ a).mean(),
        start,
        jac=lambda a: -Kt.T @ (1 / (Kt @ a)) / len(Kt),
        bounds=[(0, None)] * len(means),
        constraints={
            "type": "eq",
            "fun": lambda a: means @ a - 1,
            "jac": lambda a: means,
        },
        method="SLSQP",
        options={"ftol": 1e-12, "maxiter": 500},
    )
    return -result.fun


@pytest.mark.parametrize("gamma", [0.05, 0.5, 5.0])
@pytest.mark.parametrize(
    ("algo", "atol"), [("FW", 1e-6), ("PG", 1e-6), ("original", 0.03)]
)
@pytest.mark.filterwarnings("ignore:KLIEP stopped")
def test_maximum_equals_a_reference_optimiser(algo, atol, gamma):
    Xs, Xt = samples()
    model = KLIEP(gamma=gamma, max_centers=30, algo=algo, random_state=0)
    model.fit_weights(Xs, Xt)
    Ks, Kt = (rbf_kernel(X, model.centers_, gamma=gamma) for X in (Xs, Xt))
    found = np.log(Kt @ model.alphas_).mean()
    assert abs(found - maximum_by_slsqp(Ks, Kt)) <= atol


@pytest.mark.parametrize("algo", ALGOS)
@pytest.mark.filterwarnings("ignore:KLIEP stopped")
def test_mean_of_the_ratio_over_the_source_is_one(algo):
    Xs, Xt = samples()
    for gamma in (0.05, 1.0, 20.0):
        model = KLIEP(gamma=gamma, algo=algo, random_state=0)
        weights = model.fit_weights(Xs, Xt)
        ratio = rbf_kernel(Xs, model.centers_, gamma=gamma) @ model.alphas_
        assert abs(ratio.mean() - 1) <= 1e-6
        assert np.all(model.alphas_ >= 0)
        np.testing.assert_allclose(weights, ratio, atol=1e-6)
        np.testing.assert_allclose(model.predict_weights(Xs), weights)


@pytest.mark.parametrize("algo", ["FW", "PG"])
def test_problems_that_share_rows_are_solved_as_if_alone(algo):
    rng = np.random.default_rng(0)
    features = rng.random((12, 80)) + 0.01
    row_weights = rng.random((3, 80)) * (rng.random((3, 80)) > 0.3)
    row_weights /= row_weights.sum(axis=1, keepdims=True)
    shares, gap, _ = kliep_shares(features, row_weights, algo)
    assert gap <= 1e-6
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert shares.min() >= 0
    for together, weight in zip(shares, row_weights, strict=True):
        alone, _, _ = kliep_shares(features, weight[None], algo)
        J = [weight @ np.log(share @ features) for share in (together, alone[0])]
        assert abs(J[0] - J[1]) <= 2e-6
        # The gap bounds the distance from the maximum: no kernel has a larger slope.
        slopes = features @ (weight / (together @ features))
        assert slopes.max() <= 1 + 2e-6


def test_a_row_that_one_kernel_alone_reaches():
    rng = np.random.default_rng(0)
    features = rng.random((5, 100)) + 0.5
    features[0] = 1e-6
    features[:, 0] = [1e48, *[1e-70] * 4]  # what is left beside it is of rounding
    weights = np.full((1, 100), 0.01)
    shares, gap, _ = kliep_shares(features, weights)
    gradient = features @ (weights[0] / (shares[0] @ features))
    assert gap <= 1e-6
    assert gradient.max() - 1 <= 1.1e-6


def test_scores_equal_the_loop_over_folds():
    Xs, Xt = samples(nt=60)
    gammas = [0.1, 1.0, 10.0]
    model = KLIEP(gamma=gammas, max_centers=60, cv=3, random_state=0)
    model.fit_weights(Xs, Xt)
    rng = np.random.RandomState(0)
    fold = rng.permutation(60) % 3
    expected = []
    for gamma in gammas:
        Ks, Kt = (rbf_kernel(X, Xt, gamma=gamma) for X in (Xs, Xt))
        scores = []
        for k in range(3):
            features = (Kt[fold != k] / Ks.mean(axis=0)).T
            rows = np.full((1, features.shape[1]), 1 / features.shape[1])
            shares, _, _ = kliep_shares(features, rows, tol=1e-9)
            alphas = shares[0] / Ks.mean(axis=0)
            scores.append(np.log(Kt[fold == k] @ alphas).mean())
        expected.append(np.mean(scores))
    np.testing.assert_allclose(model.j_scores_, expected, atol=1e-3)
    assert model.best_params_ == {"gamma": gammas[np.argmax(expected)]}


def test_weights_follow_the_ratio_of_the_densities():
    rng = np.random.default_rng(0)
    Xs, Xt = rng.normal(size=(2500, 2)), rng.normal(size=(2500, 2)) * 0.8 + [0.5, 0]
    log_ratio = 0.5 * ((Xs**2).sum(axis=1) - (((Xs - [0.5, 0]) / 0.8) ** 2).sum(axis=1))
    model = KLIEP(gamma=[0.03, 0.1, 0.3, 1.0, 3.0], random_state=0)
    weights = model.fit_weights(Xs, Xt)
    assert np.corrcoef(weights, np.exp(log_ratio))[0, 1] >= 0.95


def test_no_shift_gives_weights_near_one():
    Xs, Xt = np.random.default_rng(0).normal(size=(2, 5000, 2))
    model = KLIEP(gamma=[0.001, 0.01, 0.1, 1.0], random_state=0)
    assert np.abs(model.fit_weights(Xs, Xt) - 1).mean() <= 0.05


def test_target_out_of_reach_of_the_source():
    # No kernel of the target reaches the source: all values underflow.
    Xs, Xt = samples()
    with pytest.warns(UserWarning, match="no source row that looks like the target"):
        model = KLIEP(gamma=[1.0, 10.0]).fit(Xs, Xs[:, 0], Xt=Xt + 1000)
    assert np.isfinite(model.j_scores_).all()
    np.testing.assert_allclose(model.weights_, 1)


def test_sparse_equals_dense():
    Xs, Xt = (np.maximum(X, 0) for X in samples())
    model = KLIEP(random_state=0)
    expected = model.fit_weights(Xs, Xt)
    found = model.fit_weights(sparse.csr_array(Xs), sparse.csr_array(Xt))
    np.testing.assert_allclose(found, expected, atol=1e-3)
    other = model.predict_weights(sparse.csr_array(Xs[:5]))
    np.testing.assert_allclose(other, found[:5])


def test_old_name_of_gamma():
    Xs, Xt = samples()
    with pytest.warns(FutureWarning, match=r"`sigmas` .* removed in 0\.3.*`gamma`"):
        old = KLIEP(sigmas=[0.1, 1.0], random_state=0).fit_weights(Xs, Xt)
    new = KLIEP(gamma=[0.1, 1.0], random_state=0).fit_weights(Xs, Xt)
    np.testing.assert_array_equal(old, new)


def test_old_name_of_gamma_by_position():
    Xs, Xt = samples()
    with pytest.warns(FutureWarning, match="`sigmas`"):
        old = KLIEP(None, None, "rbf", None, random_state=0).fit_weights(Xs, Xt)
    np.testing.assert_array_equal(old, KLIEP(random_state=0).fit_weights(Xs, Xt))


def test_errors_name_the_parameter():
    Xs, Xt = samples()
    with pytest.raises(ValueError, match="`kernel`='linear'"):
        KLIEP(kernel="linear").fit_weights(Xs, Xt)
    with pytest.raises(ValueError, match="`gamma` must be"):
        KLIEP(gamma=[1.0, -1.0]).fit_weights(Xs, Xt)
    with pytest.raises(ValueError, match="`cv`=5 folds"):
        KLIEP(gamma=[1.0, 2.0]).fit_weights(Xs, Xt[:4])


def test_that_it_did_not_converge_is_told():
    Xs, Xt = samples()
    with pytest.warns(ConvergenceWarning, match="`max_iter`"):
        KLIEP(gamma=5.0, max_iter=2).fit(Xs, Xs[:, 0], Xt=Xt)


@pytest.mark.parametrize("n", [12, 5000])
def test_projection_to_the_simplex_is_the_nearest_point(n):
    rng = np.random.default_rng(0)
    for scale in (0.001, 0.1, 1, 10):
        v = scale * rng.normal(size=n)
        w = project_simplex(v)
        np.testing.assert_allclose(w.sum(), 1)
        assert w.min() >= 0
        # Towards any corner the distance grows.
        assert np.all(w @ (w - v) - (w - v) <= 1e-12)
