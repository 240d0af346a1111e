"""Published weighting methods, written out, beside the calls that run them."""

from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import multivariate_normal
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.model_selection import cross_val_predict

from adapt import instance_based
from adapt.discovery import all_adapters
from tests.common import shifted_classes
from tests.published import AS_PUBLISHED, INSTANCE_BASED, notes_of

SHALLOW = dict(all_adapters("instance_based", deep=False))


def published(name, **values):
    """Return the method that the call in the table makes, with values for its names."""
    scope = {**vars(instance_based), "LogisticRegression": LogisticRegression}
    return eval(INSTANCE_BASED[name], scope, values)


def test_every_method_is_in_the_table():
    assert SHALLOW.keys() - AS_PUBLISHED == INSTANCE_BASED.keys()


def test_the_guide_gives_the_calls():
    guide = Path(__file__).parents[2] / "docs" / "guide" / "instance_based.rst"
    text = guide.read_text(encoding="utf-8")
    missing = [call for call in INSTANCE_BASED.values() if f"``{call}``" not in text]
    assert missing == []


@pytest.mark.parametrize("name", INSTANCE_BASED)
def test_notes_begin_with_the_departures_and_give_the_call(name):
    notes = notes_of(SHALLOW[name])
    assert notes.startswith("Departures from [")
    assert f"``{INSTANCE_BASED[name]}``" in notes


def two_classes(n=100):
    rng = np.random.default_rng(0)
    ys, yt = np.repeat([0, 1], [n, n]), np.repeat([0, 1], [n // 3, n])
    Xs, Xt = (y[:, None] + rng.normal(size=(len(y), 2)) for y in (ys, yt))
    return Xs, ys, Xt


def mean_one(weights):
    return weights / np.mean(weights)


def test_iwc():
    """Bickel et al. (2007): logistic regression with a Gaussian prior, then odds."""
    Xs, _, Xt, _ = shifted_classes(n=60)
    Xs, Xt = (np.column_stack([X, 40 + 9 * X[:, :1] ** 2]) for X in (Xs, Xt))
    X, sign = np.vstack([Xs, Xt]), np.repeat([-1, 1], 60)

    def objective(v):
        return np.logaddexp(0, -sign * (X @ v[1:] + v[0])).sum() + v[1:] @ v[1:] / 0.02

    best = minimize(objective, np.zeros(6), method="BFGS", options={"gtol": 1e-8}).x
    odds = [np.exp(x @ best[1:] + best[0]) for x in Xs]
    model = published("IWC", c=0.01).set_params(classifier__tol=1e-10)
    model.set_params(classifier__max_iter=5000)
    found = model.fit_weights(Xs, Xt)
    np.testing.assert_allclose(found, mean_one(odds), rtol=1e-3)
    default = instance_based.IWC().fit_weights(Xs, Xt)
    assert np.abs(found - default).max() > 0.1


def test_gaussian_weighting():
    """Shimodaira (2000): the ratio of densities, of fitted Gaussians."""
    Xs, _, Xt, _ = shifted_classes(n=60)
    density = [
        multivariate_normal(X.mean(axis=0), np.cov(X.T, bias=True)) for X in (Xs, Xt)
    ]
    ratio = [density[1].pdf(x) / density[0].pdf(x) for x in Xs]
    found = published("GaussianWeighting").fit_weights(Xs, Xt)
    np.testing.assert_allclose(found, mean_one(ratio))


def test_kernel_density_weighting():
    """The plain ratio of two sums of Gaussians of one width."""
    Xs, _, Xt, _ = shifted_classes(n=40)
    widths = 0.7 * np.sqrt((Xs.var(axis=0) + Xt.var(axis=0)) / 2)

    def density(x, centers):
        return np.mean(
            [np.exp(-0.5 * np.sum(((x - c) / widths) ** 2)) for c in centers]
        )

    ratio = [density(x, Xt) / density(x, Xs) for x in Xs]
    model = published("KernelDensityWeighting", h=0.7, n=40)
    np.testing.assert_allclose(model.fit_weights(Xs, Xt), mean_one(ratio))


def test_nearest_neighbors_weighting():
    """Loog (2012): target rows in the Voronoi cell of each source row, plus one."""
    Xs, _, Xt, _ = shifted_classes(n=60)
    counts = np.ones(60)
    for x in Xt:
        counts[np.argmin([np.sum((x - row) ** 2) for row in Xs])] += 1
    found = published("NearestNeighborsWeighting").fit_weights(Xs, Xt)
    np.testing.assert_allclose(found, mean_one(counts))


def test_kmm():
    """Huang et al. (2006): the quadratic programme, with their B and epsilon."""
    Xs, _, Xt, _ = shifted_classes(n=20)
    K = rbf_kernel(Xs, gamma=0.3)
    kappa = rbf_kernel(Xs, Xt, gamma=0.3).sum(axis=1)  # as many rows in both domains
    eps = 20 * (np.sqrt(20) - 1) / np.sqrt(20)
    best = minimize(
        lambda b: b @ K @ b / 2 - kappa @ b,
        np.ones(20),
        jac=lambda b: K @ b - kappa,
        bounds=[(0, 1000)] * 20,
        constraints=[
            {"type": "ineq", "fun": lambda b: eps - (b.sum() - 20)},
            {"type": "ineq", "fun": lambda b: eps + (b.sum() - 20)},
        ],
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 2000},
    )
    model = published("KMM", g=0.3, n=20).set_params(tol=1e-9)
    found = model.fit_weights(Xs, Xt)
    np.testing.assert_allclose(model.objective_, best.fun, rtol=1e-7)
    np.testing.assert_allclose(found, mean_one(best.x), atol=1e-2)
    default = instance_based.KMM(random_state=0)
    assert np.abs(found - default.fit_weights(Xs, Xt)).max() > 0.1


def kliep(A, b, rates):
    """Maximise the mean log of A alpha such that b'alpha = 1, as in Figure 1 (a)."""

    def feasible(alpha):
        alpha = alpha + (1 - b @ alpha) * b / (b @ b)
        alpha = np.maximum(alpha, 0)
        return alpha / (b @ alpha)

    alpha = np.ones(len(b)) / b.sum()
    for rate in rates:  # the rate is open in the paper: the next once one fails
        while True:
            new = feasible(alpha + rate * A.T @ (1 / (A @ alpha)))
            if np.log(A @ new).mean() <= np.log(A @ alpha).mean():
                break
            alpha = new
    return alpha


def test_kliep():
    """Sugiyama et al. (2007): gradient ascent, and the width by cross-validation."""
    Xs, _, Xt, _ = shifted_classes(n=50)
    gammas, rates = [0.01, 0.1, 1.0], [1.0, 0.1, 0.01]
    fold = np.random.RandomState(0).permutation(50) % 5
    scores, ratios = [], []
    for gamma in gammas:
        A, b = rbf_kernel(Xt, gamma=gamma), rbf_kernel(Xs, Xt, gamma=gamma).mean(axis=0)
        held_out = [
            np.mean(np.log(A[fold == r] @ kliep(A[fold != r], b, rates)))
            for r in range(5)
        ]
        scores.append(np.mean(held_out))
        ratios.append(rbf_kernel(Xs, Xt, gamma=gamma) @ kliep(A, b, rates))
    model = published("KLIEP", gammas=gammas).set_params(random_state=0, lr=rates)
    with pytest.warns(ConvergenceWarning, match="below the maximum"):
        found = model.fit_weights(Xs, Xt)
    np.testing.assert_allclose(model.j_scores_, scores)
    best = int(np.argmax(scores))
    assert model.best_params_ == {"gamma": gammas[best]}
    np.testing.assert_allclose(found, mean_one(ratios[best]))


def test_mmd_tars():
    """Zhang et al. (2013): match the kernel mean by weights of the classes."""
    Xs, ys, Xt = two_classes(n=60)
    model = published("MMDTarS").set_params(gamma=0.5)
    found = model.fit_weights(Xs, Xt, ys)

    def distance(beta):
        w = np.array([beta[y] for y in ys]) / len(ys)
        return w @ rbf_kernel(Xs, gamma=0.5) @ w - 2 * np.sum(
            w @ rbf_kernel(Xs, Xt, gamma=0.5)
        ) / len(Xt)

    best = minimize(
        distance,
        [1, 1],
        bounds=[(0, None)] * 2,
        constraints={"type": "eq", "fun": lambda beta: beta.mean() - 1},
        method="SLSQP",
        options={"ftol": 1e-14},
    )
    np.testing.assert_allclose(found, best.x[ys], rtol=1e-5)
    default = instance_based.MMDTarS(gamma=0.5).fit_weights(Xs, Xt, ys)
    assert np.abs(found - default).max() > 1e-3


def test_bbse():
    """Lipton et al. (2018): solve C w = mu for frequencies of predicted labels."""
    Xs, ys, Xt = two_classes()
    predicted = cross_val_predict(LogisticRegression(), Xs, ys, cv=5)
    C = [[np.mean((predicted == i) & (ys == j)) for j in (0, 1)] for i in (0, 1)]
    on_target = LogisticRegression().fit(Xs, ys).predict(Xt)
    w = np.linalg.solve(C, [np.mean(on_target == i) for i in (0, 1)])
    model = published("BBSE").fit(Xs, ys, Xt=Xt)
    np.testing.assert_allclose(model.weights_, mean_one(w[ys]))


def test_rlls():
    """Azizzadenesheli et al. (2019): the same with a penalty on weights but one."""
    rng = np.random.default_rng(0)
    ys, yt = np.repeat(range(3), 600), np.repeat(range(3), [100, 1000, 1900])
    means = np.array([[0, 0], [4, 0], [4.5, 0.5]])
    Xs, Xt = (means[y] + rng.normal(size=(len(y), 2)) for y in (ys, yt))
    predicted = cross_val_predict(LogisticRegression(), Xs, ys, cv=5)
    classes = range(3)
    C = np.array(
        [[np.mean((predicted == i) & (ys == j)) for j in classes] for i in classes]
    )
    on_target = LogisticRegression().fit(Xs, ys).predict(Xt)
    q = np.array([np.mean(on_target == i) for i in classes])
    p = np.array([np.mean(predicted == i) for i in classes])
    n, log = len(ys), np.log(2 * 3 / 0.05)
    delta = 3 * (2 * log / (3 * n) + np.sqrt(2 * log / n))

    def objective(theta):
        return np.linalg.norm(C @ theta - (q - p)) + delta * np.linalg.norm(theta)

    best = minimize(
        objective,
        [0.1, 0, 0],
        method="Nelder-Mead",
        bounds=[(-1, None)] * 3,
        options={"xatol": 1e-9, "fatol": 1e-13, "maxiter": 5000},
    )
    model = published("RLLS").fit(Xs, ys, Xt=Xt)
    weights = (1 + best.x) / np.mean(1 + best.x)  # priors of sum one
    np.testing.assert_allclose(model.class_weights_, weights, atol=1e-4)
    unpenalised = np.linalg.solve(C, q)
    assert np.abs(best.x).max() > 0.1
    assert np.abs(1 + best.x - unpenalised).max() > 0.05


def test_saerens_em():
    """Saerens et al. (2002): expectation and maximization in turn."""
    Xs, ys, Xt = two_classes()
    p = LogisticRegression().fit(Xs, ys).predict_proba(Xt)
    source = priors = np.array([0.5, 0.5])
    for _ in range(2000):
        posterior = p * priors / source
        posterior /= posterior.sum(axis=1, keepdims=True)
        priors = posterior.mean(axis=0)
    model = published("SaerensEM").fit(Xs, ys, Xt=Xt)
    np.testing.assert_allclose(model.priors_, priors, atol=1e-6)


@pytest.mark.parametrize("name", ["RULSIF", "ULSIF"])
def test_rulsif_and_ulsif(name):
    """Yamada et al. (2013), Kanamori et al. (2009): every fold is fitted anew."""
    Xs, _, Xt, _ = shifted_classes(n=25)
    gammas, lambdas = [0.05, 0.5], [0.01, 0.3]
    alpha = 0.2 if name == "RULSIF" else 0.0

    def fitted(Xs, Xt, gamma, lambda_):
        ks, kt = (rbf_kernel(X, centers, gamma=gamma) for X in (Xs, Xt))
        H = alpha * kt.T @ kt / len(kt) + (1 - alpha) * ks.T @ ks / len(ks)
        theta = np.linalg.solve(H + lambda_ * np.eye(len(H)), kt.mean(axis=0))
        if name == "ULSIF":
            theta = np.maximum(theta, 0)
        return lambda X: np.maximum(rbf_kernel(X, centers, gamma=gamma) @ theta, 0)

    centers, scores = Xt, np.zeros((2, 2))
    for i, gamma in enumerate(gammas):
        for j, lambda_ in enumerate(lambdas):
            for row in range(25):
                kept = np.arange(25) != row
                ratio = fitted(Xs[kept], Xt[kept], gamma, lambda_)
                at_s, at_t = ratio(Xs[[row]])[0], ratio(Xt[[row]])[0]
                scores[i, j] += (
                    alpha / 2 * at_t**2 + (1 - alpha) / 2 * at_s**2 - at_t
                ) / 25
    i, j = np.unravel_index(scores.argmin(), (2, 2))
    values = {"gammas": gammas, "lambdas": lambdas} | (
        {"a": alpha} if name == "RULSIF" else {}
    )
    model = published(name, **values)
    found = model.fit_weights(Xs, Xt)
    np.testing.assert_allclose(model.j_scores_, scores)
    assert model.best_params_ == {"gamma": gammas[i], "lambdas": lambdas[j]}
    expected = fitted(Xs, Xt, gammas[i], lambdas[j])(Xs)
    np.testing.assert_allclose(found, mean_one(expected))


def test_source_pruning():
    """Zhang et al. (2023): the classes that a source model predicts most often."""
    rng = np.random.default_rng(0)
    ys, yt = np.arange(400) % 4, rng.choice(4, size=300, p=[0.05, 0.7, 0, 0.25])
    Xs, Xt = (6 * np.eye(4)[y] + rng.normal(size=(len(y), 4)) for y in (ys, yt))
    model = published("SourcePruning").fit(Xs, ys, Xt=Xt)
    predicted = LogisticRegression().fit(Xs, ys).predict(Xt)
    best = np.argsort(-np.bincount(predicted, minlength=4))[:2]
    np.testing.assert_array_equal(model.support_, np.isin(ys, best))
