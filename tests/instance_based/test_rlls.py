import warnings

import numpy as np
import pytest

from adapt.datasets import make_label_shift
from adapt.instance_based import BBSE, RLLS
from adapt.instance_based._rlls import regularised_weights, sampling_error


def system(k, seed, noise=0.02):
    """Return a confusion matrix and the predictions of shifted classes, with noise."""
    rng = np.random.default_rng(seed)
    C = (np.eye(k) + 0.6 * rng.random((k, k))) / k
    C /= C.sum()
    mu = C @ rng.gamma(1, size=k) + noise * rng.random(k)
    return C, mu / mu.sum()


def objective(w, C, mu, penalty):
    return np.linalg.norm(C @ w - mu) + penalty * np.linalg.norm(w - 1)


@pytest.mark.parametrize("k", [2, 5, 10])
@pytest.mark.parametrize("penalty", [0.0, 0.003, 0.01, 0.03, 0.1, 1.0])
def test_is_the_minimum_of_a_cone_solver(k, penalty):
    solvers = pytest.importorskip("cvxopt.solvers")
    from cvxopt import matrix

    C, mu = system(k, seed=k)
    # Minimise s + penalty t over w, s, t with |C w - mu| <= s, |w - 1| <= t, w >= 0.
    cost = np.concatenate([np.zeros(k), [1, penalty]])
    positive = np.hstack([-np.eye(k), np.zeros((k, 2))])
    fit, size = np.zeros((k + 1, k + 2)), np.zeros((k + 1, k + 2))
    fit[0, k], fit[1:, :k] = -1, -C
    size[0, k + 1], size[1:, :k] = -1, -np.eye(k)
    options = {"show_progress": False, "abstol": 1e-10, "reltol": 1e-10}
    best = solvers.socp(
        matrix(cost),
        Gl=matrix(positive),
        hl=matrix(np.zeros(k)),
        Gq=[matrix(fit), matrix(size)],
        hq=[
            matrix(np.concatenate([[0.0], -mu])),
            matrix(np.concatenate([[0.0], -np.ones(k)])),
        ],
        options=options,
    )
    w = regularised_weights(C, mu, penalty)
    assert w.min() >= 0
    assert objective(w, C, mu, penalty) <= best["primal objective"] + 1e-7


def test_ends_of_the_path():
    C, mu = system(3, seed=0, noise=0)
    exact = np.linalg.solve(C, mu)
    assert exact.min() > 0
    np.testing.assert_allclose(regularised_weights(C, mu, 0.0), exact, atol=1e-7)
    np.testing.assert_allclose(regularised_weights(C, mu, 1e-4), exact, atol=1e-7)
    np.testing.assert_allclose(regularised_weights(C, mu, 100.0), np.ones(3))


def test_sampling_error_bounds_the_matrix():
    rng = np.random.default_rng(0)
    C = np.array([[0.4, 0.1], [0.1, 0.4]])
    errors = [
        np.linalg.norm(rng.multinomial(200, C.ravel()).reshape(2, 2) / 200 - C, 2)
        for _ in range(200)
    ]
    assert np.mean(np.array(errors) <= sampling_error(200, 2)) >= 0.95
    assert sampling_error(800, 2) < 0.55 * sampling_error(200, 2)


@pytest.mark.parametrize(
    ("priors_s", "priors_t"),
    [
        ((0.5, 0.5), (0.2, 0.8)),
        ((0.4, 0.3, 0.2, 0.1), (0.1, 0.2, 0.3, 0.4)),
        ((0.25,) * 4, (0.25,) * 4),
    ],
)
@pytest.mark.parametrize("soft", [True, False])
def test_no_worse_than_bbse_with_few_rows(priors_s, priors_t, soft):
    errors = {BBSE: [], RLLS: []}
    for seed in range(15):
        data = make_label_shift(
            200, priors_s=priors_s, priors_t=priors_t, random_state=seed
        )
        truth = np.bincount(data.yt, minlength=len(priors_t)) / 200
        for cls, found in errors.items():
            model = cls(soft=soft, correct="probabilities")  # needs no second fit
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", ".*cannot tell the frequencies")
                model.fit(data.Xs, data.ys, Xt=data.Xt)
            found.append(np.abs(model.priors_ - truth).max())
    assert np.mean(errors[RLLS]) <= np.mean(errors[BBSE]) + 1e-6


def test_no_penalty_is_bbse():
    data = make_label_shift(2000, random_state=0)
    rlls = RLLS(alpha=0).fit(data.Xs, data.ys, Xt=data.Xt)
    bbse = BBSE().fit(data.Xs, data.ys, Xt=data.Xt)
    np.testing.assert_allclose(rlls.priors_, bbse.priors_, atol=1e-6)


def test_a_large_penalty_leaves_the_source_as_it_is():
    data = make_label_shift(200, random_state=0)
    model = RLLS(alpha=100).fit(data.Xs, data.ys, Xt=data.Xt)
    np.testing.assert_allclose(model.weights_, 1)
