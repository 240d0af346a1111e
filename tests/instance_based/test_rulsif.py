import tracemalloc

import numpy as np
import pytest
from sklearn.metrics.pairwise import pairwise_kernels, rbf_kernel
from sklearn.utils.estimator_checks import check_parameters_default_constructible

from adapt._data_driven import median_gamma
from adapt._kernels import KERNELS
from adapt.instance_based import RULSIF, ULSIF
from adapt.instance_based._kernel_features import Features, Rows
from adapt.instance_based._rulsif import leave_one_out, mixture_moments
from tests.instance_based.common import gaussians


def loop(Xs, Xt, centers, gamma, alpha, lambda_, clip="ratios"):
    """Return the leave-one-out score as it is defined, with one fit for each fold.

    As in Kanamori et al. (2009, section on model selection), fold i of
    ``min(n_s, n_t)`` leaves out one source and one target row. Of the larger domain the
    folds take rows at even steps.
    """
    ns, nt = len(Xs), len(Xt)
    n = min(ns, nt)
    scores = []
    for i in range(n):
        s, t = i * ns // n, i * nt // n
        Ks = rbf_kernel(np.delete(Xs, s, axis=0), centers, gamma=gamma)
        Kt = rbf_kernel(np.delete(Xt, t, axis=0), centers, gamma=gamma)
        H = alpha * Kt.T @ Kt / (nt - 1) + (1 - alpha) * Ks.T @ Ks / (ns - 1)
        theta = np.linalg.solve(H + lambda_ * np.eye(len(H)), Kt.mean(axis=0))
        if clip == "coefficients":
            theta = np.maximum(theta, 0)
        gs = max(0, (rbf_kernel(Xs[s : s + 1], centers, gamma=gamma) @ theta).item())
        gt = max(0, (rbf_kernel(Xt[t : t + 1], centers, gamma=gamma) @ theta).item())
        scores.append(alpha / 2 * gt**2 + (1 - alpha) / 2 * gs**2 - gt)
    return np.mean(scores)


@pytest.mark.parametrize("clip", ["ratios", "coefficients"])
@pytest.mark.parametrize("alpha", [0, 0.1, 0.5, 1])
@pytest.mark.parametrize(("ns", "nt"), [(20, 20), (31, 12), (9, 40)])
def test_analytic_leave_one_out_equals_the_loop(alpha, ns, nt, clip):
    Xs, Xt, _ = gaussians(n=40)
    features, lambdas = Features(Xt[:7]), np.array([1e-3, 0.1, 2.0])
    source, target = Rows(Xs[:ns], features), Rows(Xt[:nt], features)
    for gamma in 0.2, 1.0:
        expected = [
            loop(Xs[:ns], Xt[:nt], Xt[:7], gamma, alpha, lam, clip) for lam in lambdas
        ]
        moments = mixture_moments(source, target, gamma, alpha)
        scores = leave_one_out(source, target, gamma, moments, alpha, lambdas, clip)
        np.testing.assert_allclose(scores, expected, atol=1e-8)


@pytest.mark.parametrize(("ns", "nt"), [(50, 50), (50, 31)])
def test_rows_that_are_not_held(monkeypatch, ns, nt):
    Xs, Xt, _ = gaussians(n=50)
    params = {"gamma": [0.5, 2], "lambdas": [0.1, 1], "max_centers": 7}
    held = RULSIF(**params, random_state=0).fit(Xs[:ns], Xt=Xt[:nt])
    monkeypatch.setattr("adapt.instance_based._kernel_features._HELD", 0)
    monkeypatch.setattr("adapt.instance_based._kernel_features._BLOCK", 7 * 8)
    blocks = RULSIF(**params, random_state=0).fit(Xs[:ns], Xt=Xt[:nt])
    np.testing.assert_allclose(blocks.j_scores_, held.j_scores_)
    np.testing.assert_allclose(blocks.thetas_, held.thetas_)


@pytest.mark.parametrize("kernel", KERNELS)
def test_features_are_the_kernels_of_scikit_learn(kernel):
    Xs, Xt, _ = gaussians(n=30)
    features = Features(Xt[:7], kernel, degree=2, coef0=0.5)
    base = features.base(Xs)
    for gamma in 0.2, 1.0:
        params = {"gamma": gamma, "degree": 2, "coef0": 0.5}
        expected = pairwise_kernels(
            Xs, Xt[:7], metric=kernel, filter_params=True, **params
        )
        np.testing.assert_allclose(features(base, gamma), expected, rtol=1e-12)
    np.testing.assert_allclose(features(base, gamma, out=base), expected, rtol=1e-12)


def test_coefficients_solve_the_system_of_the_paper():
    Xs, Xt, _ = gaussians(n=200)
    model = RULSIF(alpha=0.3, lambdas=0.05, gamma=0.7, random_state=0).fit(Xs, Xt=Xt)
    Ks = rbf_kernel(Xs, model.centers_, gamma=0.7)
    Kt = rbf_kernel(Xt, model.centers_, gamma=0.7)
    H = 0.3 * Kt.T @ Kt / 200 + 0.7 * Ks.T @ Ks / 200
    theta = np.linalg.solve(H + 0.05 * np.eye(100), Kt.mean(axis=0))
    np.testing.assert_allclose(model.thetas_, theta, atol=1e-8)
    ratio = np.maximum(Ks @ theta, 0)
    np.testing.assert_allclose(model.weights_, ratio / ratio.mean(), atol=1e-8)


GRID = {"lambdas": np.logspace(-4, 0, 5), "gamma": np.logspace(-2, 1, 6)}


@pytest.mark.parametrize("alpha", [0.1, 0.5])
def test_weights_are_the_relative_ratio(alpha):
    Xs, Xt, log_ratio = gaussians(n=5000)
    model = RULSIF(alpha=alpha, **GRID, random_state=0).fit(Xs, Xt=Xt)
    ratio = np.exp(log_ratio(Xs))
    truth = ratio / (alpha * ratio + 1 - alpha)
    assert np.corrcoef(model.weights_, truth)[0, 1] >= 0.95
    assert np.corrcoef(1 / (model.weights_ + 0.1), truth)[0, 1] < 0.5
    np.testing.assert_allclose(np.exp(model._log_mean), truth.mean(), rtol=0.1)
    fresh = np.random.default_rng(5).normal(size=(500, 2))
    ratio = np.exp(log_ratio(fresh))
    truth = ratio / (alpha * ratio + 1 - alpha)
    assert np.corrcoef(model.predict_weights(fresh), truth)[0, 1] >= 0.95


def test_leave_one_out_chooses_the_least_score():
    Xs, Xt, _ = gaussians(n=300)
    model = RULSIF(**GRID, random_state=0).fit(Xs, Xt=Xt)
    assert model.j_scores_.shape == (6, 5)
    i, j = np.argwhere(model.j_scores_ == model.j_scores_.min())[0]
    assert model.best_params_ == {
        "gamma": GRID["gamma"][i],
        "lambdas": GRID["lambdas"][j],
    }
    again = RULSIF(**model.best_params_, random_state=0).fit(Xs, Xt=Xt)
    assert again.j_scores_ is None
    np.testing.assert_allclose(again.weights_, model.weights_)


def test_ulsif_is_the_plain_ratio():
    Xs, Xt, log_ratio = gaussians(n=5000, shift=0.7)
    model = ULSIF(**GRID, random_state=0).fit(Xs, Xt=Xt)
    same = RULSIF(alpha=0, **GRID, random_state=0).fit(Xs, Xt=Xt)
    np.testing.assert_array_equal(model.weights_, same.weights_)
    assert np.corrcoef(model.weights_, np.exp(log_ratio(Xs)))[0, 1] >= 0.95
    assert "alpha" not in model.get_params()
    check_parameters_default_constructible("ULSIF", ULSIF())


def test_ulsif_as_published():
    """Kanamori et al. (2009): the grid by left-out rows, then clipped coefficients."""
    Xs, Xt, _ = gaussians(n=25)
    gammas, lambdas = [0.2, 1.0, 5.0], [1e-3, 0.1]
    call = 'ULSIF(gamma=gammas, lambdas=lambdas, clip="coefficients")'
    assert f"``{call}``" in ULSIF.__doc__
    model = eval(call).set_params(random_state=0).fit(Xs, Xt=Xt)
    scores = [
        [loop(Xs, Xt, Xt, g, 0, lam, "coefficients") for lam in lambdas] for g in gammas
    ]
    np.testing.assert_allclose(model.j_scores_, scores, atol=1e-8)
    i, j = np.unravel_index(np.argmin(scores), (3, 2))
    Ks, Kt = (rbf_kernel(X, Xt, gamma=gammas[i]) for X in (Xs, Xt))
    H = Ks.T @ Ks / 25 + lambdas[j] * np.eye(25)
    theta = np.linalg.solve(H, Kt.mean(axis=0))
    assert theta.min() < 0
    ratio = Ks @ np.maximum(theta, 0)
    np.testing.assert_allclose(model.weights_, ratio / ratio.mean(), atol=1e-8)


@pytest.mark.parametrize("cls", [ULSIF, RULSIF])
@pytest.mark.parametrize("params", [{}, GRID])
def test_no_shift_gives_weights_near_one(cls, params):
    distances = []
    for seed in range(3):
        Xs, Xt = np.random.default_rng(seed).normal(size=(2, 5000, 2))
        weights = cls(**params, random_state=0).fit_weights(Xs, Xt)
        distances.append(np.abs(weights - 1).mean())
    assert np.mean(distances) <= 0.05


def test_default_penalties():
    Xs, Xt, _ = gaussians(n=300)
    model = RULSIF(random_state=0).fit(Xs, Xt=Xt)
    listed = RULSIF(lambdas=np.logspace(-4, 0, 5), random_state=0).fit(Xs, Xt=Xt)
    assert model.best_params_["lambdas"] < 1
    np.testing.assert_allclose(model.weights_, listed.weights_)
    alone = RULSIF(random_state=0).fit(Xs, Xt=Xt[:1])
    assert alone.best_params_["lambdas"] == 1
    assert alone.j_scores_ is None


@pytest.mark.parametrize(
    "kernel", ["rbf", "laplacian", "linear", "poly", "sigmoid", "cosine"]
)
def test_kernels(kernel):
    Xs, Xt, _ = gaussians(n=200)
    model = RULSIF(kernel=kernel, lambdas=[0.1, 1], random_state=0).fit(Xs, Xt=Xt)
    assert np.all(np.isfinite(model.weights_))


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_median_heuristic_follows_the_scale(scale):
    Xs, Xt, _ = gaussians(n=300)
    plain = RULSIF(lambdas=0.1, random_state=0).fit(Xs, Xt=Xt)
    scaled = RULSIF(lambdas=0.1, random_state=0).fit(scale * Xs, Xt=scale * Xt)
    np.testing.assert_allclose(scaled.weights_, plain.weights_, rtol=1e-5)


def test_median_heuristic_is_the_median_of_distances():
    X = np.array([[0.0], [1.0], [3.0], [3.0]])  # distances 1, 2, 2, 3, 3 and a zero
    assert median_gamma(X[:2], X[2:]) == pytest.approx(1 / (2 * 2**2))
    assert median_gamma(np.ones((5, 2))) == 1.0
    big = np.random.default_rng(0).normal(size=(20_000, 3))
    assert median_gamma(big, random_state=0) == pytest.approx(
        median_gamma(big[:1000]), rel=0.1
    )


@pytest.mark.parametrize("name", ["gamma", "lambdas"])
@pytest.mark.parametrize("bad", [[], [1.0, 0.0], [1.0, -2.0], [[1.0, 2.0]]])
def test_bad_candidates(name, bad):
    Xs, Xt, _ = gaussians(n=20)
    with pytest.raises(ValueError, match=f"`{name}` must be a positive number"):
        RULSIF(**{name: bad}).fit(Xs, Xt=Xt)


def test_one_row_leaves_nothing_to_choose_by():
    Xs, Xt, _ = gaussians(n=20)
    with pytest.raises(ValueError, match=r"at least 2 rows in each domain.*1 in the"):
        RULSIF(lambdas=[0.1, 1]).fit(Xs, Xt=Xt[:1])
    assert np.all(np.isfinite(RULSIF().fit(Xs, Xt=Xt[:1]).weights_))


def test_memory_is_that_of_a_block():
    Xs, Xt, _ = gaussians(n=60_000)
    model = RULSIF(lambdas=[0.1, 1], random_state=0)
    tracemalloc.start()
    try:
        model.fit(Xs, Xt=Xt)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 60_000 * 100 * 8  # one kernel matrix of one domain
