"""Ridge regression of many domains: limits, likelihood, closed forms."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import approx_fprime
from scipy.stats import multivariate_normal
from sklearn.linear_model import Ridge

from adapt.multi_domain import PooledRidge, PooledRidgeClassifier
from adapt.multi_domain._random_coefficients import (
    Moments,
    evidence_penalty,
    fit_variances,
    negative_log_likelihood,
    solve,
)
from tests.multi_domain.common import many_domains, many_lines


def moments_of(X, y, g, penalty=0.0):
    Z = np.c_[np.ones(len(X)), X]
    parts = [g == k for k in np.unique(g)]
    return Moments(
        np.array([k.sum() for k in parts], dtype=float),
        np.stack([Z[k].T @ Z[k] for k in parts]),
        np.stack([Z[k].T @ y[k] for k in parts]),
        np.array([y[k] @ y[k] for k in parts]),
        np.arange(Z.shape[1]),
        np.r_[0, np.full(Z.shape[1] - 1, penalty)],
    )


@pytest.mark.parametrize("alpha", [1e-3, 1.0, 100.0])
def test_one_domain_is_ridge(alpha):
    X, y, _ = many_lines()
    X = X * [1, 10, 0.1] + 5
    expected = Ridge(alpha=alpha).fit(X, y)
    found = PooledRidge(alpha=alpha).fit(X, y)
    np.testing.assert_allclose(found.shared_coef_, expected.coef_, rtol=1e-10)
    np.testing.assert_allclose(found.predict(X), expected.predict(X), rtol=1e-10)
    two = PooledRidge(alpha=alpha).fit(X, np.c_[y, -y])
    np.testing.assert_allclose(two.predict(X)[:, 1], -expected.predict(X), rtol=1e-10)


def test_likelihood_written_out():
    X, y, g = many_lines(n_domains=4, per=5)
    v, s = np.array([0.5, 0.3, 0.0, 0.2]), 0.4
    Z = np.c_[np.ones(len(X)), X]
    V = s * np.eye(len(y)) + (g[:, None] == g) * ((Z * v) @ Z.T)
    found = solve(moments_of(X, y, g), v, s)
    b = np.linalg.solve(Z.T @ np.linalg.solve(V, Z), Z.T @ np.linalg.solve(V, y))
    np.testing.assert_allclose(found.b, b, rtol=1e-9)
    r = np.linalg.solve(V, y - Z @ b)
    u = np.stack([v * (Z[g == k].T @ r[g == k]) for k in range(4)])
    np.testing.assert_allclose(found.u, u, rtol=1e-7, atol=1e-9)
    expected = multivariate_normal(Z @ b, V).logpdf(y)
    log_variances = np.log(np.r_[np.maximum(v, 1e-300), s])
    value, _ = negative_log_likelihood(log_variances, moments_of(X, y, g))
    assert value == pytest.approx(-expected, rel=1e-9)


@pytest.mark.parametrize("penalty", [0.0, 3.0])
def test_gradient(penalty):
    X, y, g = many_lines()
    moments = moments_of(X, y, g, penalty)
    at = np.array([-0.5, 0.2, -1.0, 0.1, -0.7])
    _, gradient = negative_log_likelihood(at, moments)
    numeric = approx_fprime(at, lambda x: negative_log_likelihood(x, moments)[0], 1e-6)
    np.testing.assert_allclose(gradient, numeric, rtol=1e-4, atol=1e-4)
    step = 1e-4 * np.eye(5)
    central = [
        (
            negative_log_likelihood(at + h, moments)[0]
            - negative_log_likelihood(at - h, moments)[0]
        )
        / 2e-4
        for h in step
    ]
    np.testing.assert_allclose(gradient, central, rtol=1e-5)


def test_statsmodels():
    mixed = pytest.importorskip("statsmodels.regression.mixed_linear_model")
    X, y, g = many_lines(n_domains=30, per=6, p=1)
    Z = np.c_[np.ones(len(X)), X]
    free = mixed.MixedLMParams.from_components(fe_params=np.ones(2), cov_re=np.eye(2))
    theirs = mixed.MixedLM(y, Z, g, exog_re=Z).fit(reml=False, free=free)
    at = np.log(np.r_[np.diag(theirs.cov_re), theirs.scale])
    moments = moments_of(X, y, g)
    assert -negative_log_likelihood(at, moments)[0] == pytest.approx(
        theirs.llf, abs=1e-4
    )
    v, s = fit_variances(moments)
    best = -negative_log_likelihood(np.log(np.r_[v, s]), moments)[0]
    assert best >= theirs.llf - 1e-6


def test_balanced_one_way_layout():
    rng = np.random.default_rng(0)
    G, n = 40, 5
    g = np.repeat(np.arange(G), n)
    y = 2 * rng.normal(size=G)[g] + rng.normal(size=G * n)
    means = y.reshape(G, n).mean(axis=1)
    noise = np.sum((y.reshape(G, n) - means[:, None]) ** 2) / (G * (n - 1))
    between = np.mean((means - means.mean()) ** 2) - noise / n
    model = PooledRidge(slopes=False).fit(np.zeros((G * n, 1)), y, sample_domain=g)
    assert model.noise_[0] == pytest.approx(noise, rel=1e-5)
    assert model.variances_[0, 0] == pytest.approx(between, rel=1e-5)
    keep = between / (between + noise / n)  # James and Stein
    expected = y.mean() + keep * (means - y.mean())
    np.testing.assert_allclose(model.intercept_, expected, rtol=1e-5)


def test_equal_and_far_domains():
    rng = np.random.default_rng(0)
    g = np.repeat(np.arange(8), 50)
    X = rng.normal(size=(400, 2))
    equal = X @ [1, 2] + rng.normal(size=400)
    model = PooledRidge(alpha=0.0, within_between=False)
    model.fit(X, equal, sample_domain=g)
    assert np.all(model.variances_ < 0.02)
    pooled = Ridge(alpha=1e-9).fit(X, equal).predict(X)
    assert np.std(model.predict(X, sample_domain=g) - pooled) < 0.1
    slopes = 100 * rng.normal(size=(8, 2))
    far = np.sum(X * slopes[g], axis=1) + 0.1 * rng.normal(size=400)
    model.fit(X, far, sample_domain=g)
    for k in range(8):
        own = Ridge(alpha=1e-9).fit(X[g == k], far[g == k])
        np.testing.assert_allclose(model.coef_[k], own.coef_, rtol=1e-3)


def test_means_of_columns_cure_the_bias_of_random_intercepts():
    rng = np.random.default_rng(0)
    g = np.repeat(np.arange(200), 4)
    effect = rng.normal(size=200)[g]
    X = (effect + rng.normal(size=800))[:, None]
    y = X[:, 0] - effect + rng.normal(size=800)
    slopes = [
        PooledRidge(slopes=False, within_between=wb)
        .fit(X, y, sample_domain=g)
        .shared_coef_[0]
        for wb in (True, False)
    ]
    assert abs(slopes[0] - 1) < 0.1 < 0.2 < abs(slopes[1] - 1)


def test_slopes_by_name():
    X, y, g = many_lines()
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    model = PooledRidge(slopes=["b"]).fit(frame, y, sample_domain=g)
    assert np.ptp(model.coef_[:, [0, 2]], axis=0).max() < 1e-12
    assert np.ptp(model.coef_[:, 1]) > 0.1
    same = PooledRidge(slopes=[1]).fit(X, y, sample_domain=g)
    np.testing.assert_allclose(same.coef_, model.coef_)
    with pytest.raises(ValueError, match="`slopes` has 'z'"):
        PooledRidge(slopes=["z"]).fit(frame, y, sample_domain=g)


def test_evidence():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 5))
    X -= X.mean(axis=0)
    y = X @ rng.normal(size=5) + 2 * rng.normal(size=60)
    y -= y.mean()
    found = evidence_penalty(60, X.T @ X, X.T @ y, y @ y)

    def evidence(penalty):  # of centred rows, with the noise at its best
        V = np.eye(60) + X @ X.T / penalty
        fit = y @ np.linalg.solve(V, y)
        return -(59 * np.log(fit) + np.linalg.slogdet(V)[1]) / 2

    assert evidence(found) >= max(evidence(found * 1.1), evidence(found / 1.1))


def test_classes_by_indicators():
    X, y, _ = many_domains()
    expected = Ridge(alpha=2.0).fit(X, np.eye(3)[y]).predict(X)
    model = PooledRidgeClassifier(alpha=2.0).fit(X, y)
    np.testing.assert_allclose(model.decision_function(X), expected, rtol=1e-9)
    stream = PooledRidgeClassifier(alpha=2.0)
    for c in 2, 0, 1:
        stream.partial_fit(X[y == c], y[y == c])
    np.testing.assert_allclose(stream.decision_function(X), expected, rtol=1e-9)
