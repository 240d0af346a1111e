"""TJM: its objective, its optimality conditions, and what fades out."""

import numpy as np
import pytest
from scipy.linalg import subspace_angles
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics.pairwise import rbf_kernel

from adapt.feature_based import TCA, TJM
from adapt.feature_based._component_kernels import ExactKernel
from adapt.feature_based._kernel_components import difference_of_means
from adapt.feature_based._tjm import joint_objective
from tests.common import shifted_classes


def problem(n=60, seed=0):
    rng = np.random.default_rng(seed)
    Xs, Xt = rng.normal(size=(2, n, 3))
    Xt[:, 0] += 1
    return Xs, Xt


def scattered(kernel, W):
    """Scale W to ``W' K H K W = I``, which it keeps in direction only."""
    Z = kernel.K @ W
    Z = Z - Z.mean(axis=0)
    return W @ np.linalg.inv(np.linalg.cholesky(Z.T @ Z)).T


def test_objective_is_that_of_the_paper():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(7, 2))
    K = rbf_kernel(X)
    W = rng.normal(size=(7, 2))
    is_source = np.arange(7) < 3
    M = np.array(
        [
            [
                1 / 9 if i < 3 and j < 3 else 1 / 16 if i >= 3 and j >= 3 else -1 / 12
                for j in range(7)
            ]
            for i in range(7)
        ]
    )
    lengths = [np.sqrt(w @ w) for w in W]
    expected = np.trace(W.T @ K @ M @ K @ W)
    expected += 0.4 * (sum(lengths[:3]) + sum(length**2 for length in lengths[3:]))
    e = difference_of_means(is_source, ~is_source)
    found = joint_objective(ExactKernel(K), W, e, is_source, 0.4)
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("n_landmarks", [None, 40])
@pytest.mark.parametrize("mu", [0.01, 1.0, 100.0])
def test_no_round_makes_the_objective_larger(mu, n_landmarks):
    Xs, Xt = problem()
    model = TJM(
        n_components=3, mu=mu, tol=1e-6, n_landmarks=n_landmarks, random_state=0
    ).fit(Xs, Xt=Xt)
    assert len(model.objective_) == model.n_iter_ > 3
    assert np.all(np.diff(model.objective_) <= 1e-9 * model.objective_[0])


def test_solution_is_a_minimum():
    Xs, Xt = problem()
    params = {"n_components": 2, "mu": 1.0, "gamma": 0.3, "scale_columns": False}
    model = TJM(**params, tol=1e-12, max_iter=200).fit(Xs, Xt=Xt)
    kernel = ExactKernel(rbf_kernel(np.vstack([Xs, Xt]), gamma=0.3))
    is_source = np.arange(120) < 60
    e = difference_of_means(is_source, ~is_source)
    W = scattered(kernel, model.coef_)
    best = joint_objective(kernel, W, e, is_source, 1.0)
    # The columns may be turned among themselves, which lengths of rows do not see.
    np.testing.assert_allclose(best, model.objective_[-1], rtol=1e-5)
    rng = np.random.default_rng(0)
    size = np.abs(W).mean()
    for scale in 1e-3, 1e-2, 0.1, 1:
        for _ in range(20):
            other = scattered(kernel, W + scale * size * rng.normal(size=W.shape))
            assert joint_objective(kernel, other, e, is_source, 1.0) > best * (1 - 1e-9)


def test_one_round_is_tca():
    Xs, Xt = problem()
    once = TJM(n_components=3, mu=0.1, max_iter=1).fit(Xs, Xt=Xt)
    tca = TCA(n_components=3, mu=0.1).fit(Xs, Xt=Xt)
    np.testing.assert_allclose(once.transform(Xt), tca.transform(Xt), atol=1e-8)


def test_source_rows_fade_out():
    Xs, Xt = problem(n=100)
    model = TJM(n_components=2, tol=1e-7, max_iter=100).fit(Xs, Xt=Xt)
    np.testing.assert_allclose(model.source_lengths_.mean(), 1)
    once = TJM(n_components=2, max_iter=1).fit(Xs, Xt=Xt)
    assert np.median(model.source_lengths_) < 0.3 * np.median(once.source_lengths_)


def test_landmarks_span_the_same_subspace():
    Xs, Xt = problem(n=400)
    params = {"n_components": 3, "tol": 1e-4, "max_iter": 50}
    exact = TJM(**params).fit(Xs, Xt=Xt)
    few = TJM(**params, n_landmarks=200, random_state=0).fit(Xs, Xt=Xt)
    assert subspace_angles(exact.transform(Xt), few.transform(Xt)).max() < 0.1


def test_shifted_classes_are_told_apart():
    Xs, ys, Xt, yt = shifted_classes(n=150, shift=1.0)
    assert TJM(LogisticRegression()).fit(Xs, ys, Xt=Xt).score(Xt, yt) > 0.85


def test_warning_names_what_to_change():
    Xs, Xt = problem()
    with pytest.warns(ConvergenceWarning, match=r"after 2 rounds\. Raise `max_iter`"):
        TJM(tol=0, max_iter=2).fit(Xs, Xt=Xt)
