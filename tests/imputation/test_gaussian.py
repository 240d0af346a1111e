"""The Gaussian against likelihoods that an optimiser maximises, and closed forms."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import multivariate_normal
from sklearn.exceptions import ConvergenceWarning

from adapt._stacking import blend_weights
from adapt.imputation import (
    GaussianTransferImputer,
    gaussian_map,
    observed_log_likelihood,
)
from adapt.imputation._gaussian import (
    choose_strength,
    conditional_mean,
    fill_held_out,
)
from adapt.imputation._held_out import cell_folds
from adapt.imputation._units import pseudo_cells


def with_holes(X, share, seed=0):
    holes = np.random.default_rng(seed).random(X.shape) < share
    return np.where(holes, np.nan, X)


@pytest.fixture
def small():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 3)) @ rng.normal(size=(3, 3)) + [1.0, -2.0, 0.5]
    return with_holes(X, 0.35)


def naive_log_likelihood(Z, mean, cov):
    value = 0.0
    for z in Z:
        seen = np.flatnonzero(~np.isnan(z))
        if len(seen):
            part = multivariate_normal(mean[seen], cov[np.ix_(seen, seen)])
            value += part.logpdf(z[seen])
    return value


def log_posterior(Z, mean, cov, m, S, k):
    """Return the log of likelihood and prior density, up to a constant."""
    d = len(m)
    nu = k - d - 2
    inverse = np.linalg.inv(cov)
    log_det = np.linalg.slogdet(cov)[1]
    wishart = -(nu + d + 1) / 2 * log_det - np.trace(k * S @ inverse) / 2
    normal = -log_det / 2 - k * (mean - m) @ inverse @ (mean - m) / 2
    return naive_log_likelihood(Z, mean, cov) + wishart + normal


def test_likelihood_of_observed_cells_is_scipys(small):
    cov = np.cov(np.nan_to_num(small).T)
    mean = np.array([1.0, 0.0, -1.0])
    found = observed_log_likelihood(small, mean, cov)
    assert found == pytest.approx(naive_log_likelihood(small, mean, cov))


@pytest.mark.parametrize("k", [0.0, 7.0, 100.0])
def test_em_finds_what_an_optimiser_finds(k, small):
    small = small[:15]
    m, S = np.array([0.5, 0.0, 0.0]), np.diag([1.0, 2.0, 0.5]) + 0.2
    mean, cov, _ = gaussian_map(small, m, S, k, tol=1e-10, max_iter=5000)
    lower = np.tril_indices(3)

    def unpack(theta):
        L = np.zeros((3, 3))
        L[lower] = theta[3:]
        return theta[:3], L @ L.T

    def loss(theta):
        at, C = unpack(theta)
        if k == 0:
            return -naive_log_likelihood(small, at, C)
        return -log_posterior(small, at, C, m, S, k)

    start = np.r_[m, np.eye(3)[lower]]
    best = minimize(loss, start, method="BFGS", options={"gtol": 1e-6})
    found = loss(np.r_[mean, np.linalg.cholesky(cov)[lower]])
    assert found <= best.fun + 1e-7
    np.testing.assert_allclose(mean, unpack(best.x)[0], atol=2e-4)
    np.testing.assert_allclose(cov, unpack(best.x)[1], atol=2e-3)


def test_every_iteration_raises_the_posterior(small):
    m, S, k = np.zeros(3), np.eye(3), 5.0
    found, values = None, []
    for _ in range(15):
        found = gaussian_map(small, m, S, k, start=found, max_iter=1)[:2]
        values.append(log_posterior(small, *found, m, S, k))
    assert np.all(np.diff(values) > 0)


def test_complete_rows_have_a_closed_form():
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(30, 4)), rng.normal(size=(20, 4)) + 1
    mean, cov, _ = gaussian_map(X, Y.mean(axis=0), np.cov(Y.T, bias=True), len(Y))
    both = np.concatenate([X, Y])  # the prior counts as its rows
    np.testing.assert_allclose(mean, both.mean(axis=0))
    np.testing.assert_allclose(cov, np.cov(both.T, bias=True))


def test_conditional_means_are_those_of_the_textbook(small):
    rng = np.random.default_rng(1)
    A = rng.normal(size=(3, 3))
    mean, cov = rng.normal(size=3), A @ A.T + np.eye(3)
    Z = np.concatenate([small, np.full((1, 3), np.nan), small[:5]])
    filled = conditional_mean(Z, mean, cov)
    for z, row in zip(Z, filled, strict=True):
        o, m = np.flatnonzero(~np.isnan(z)), np.flatnonzero(np.isnan(z))
        np.testing.assert_array_equal(row[o], z[o])
        slope = cov[np.ix_(m, o)] @ np.linalg.inv(cov[np.ix_(o, o)])
        np.testing.assert_allclose(row[m], mean[m] + slope @ (z[o] - mean[o]))


def test_many_patterns_are_cut_into_blocks(small, monkeypatch):
    from adapt.imputation import _gaussian

    whole = gaussian_map(small, np.zeros(3), np.eye(3), 2.0)
    monkeypatch.setattr(_gaussian, "_BLOCK", 20)
    cut = gaussian_map(small, np.zeros(3), np.eye(3), 2.0)
    np.testing.assert_allclose(cut[1], whole[1])


def test_draws_have_the_conditional_distribution():
    rng = np.random.default_rng(0)
    A = rng.normal(size=(3, 3))
    X = rng.multivariate_normal([1, 2, 3], A @ A.T + np.eye(3), size=2000)
    imputer = GaussianTransferImputer(prior_strength=0, random_state=0)
    imputer.fit(with_holes(X, 0.2))
    z = np.array([[np.nan, 1.5, np.nan]])
    draws = imputer.sample(np.repeat(z, 10_000, axis=0), 2, random_state=1)
    draws = draws.reshape(-1, 3)
    mean, cov = imputer.mean_, imputer.covariance_
    slope = cov[[0, 2], 1] / cov[1, 1]
    expected = mean[[0, 2]] + slope * (1.5 - mean[1])
    spread = cov[np.ix_([0, 2], [0, 2])] - np.outer(slope, slope) * cov[1, 1]
    assert np.all(draws[:, 1] == 1.5)
    np.testing.assert_allclose(draws[:, [0, 2]].mean(axis=0), expected, atol=0.05)
    np.testing.assert_allclose(np.cov(draws[:, [0, 2]].T), spread, rtol=0.05, atol=0.05)


# The imputer


def domains(seed):
    """Return a source, a target of few rows in other units, and that with holes."""
    rng = np.random.default_rng(seed)
    mix = rng.normal(size=(2, 8))
    Xs = rng.normal(size=(500, 2)) @ mix + 0.3 * rng.normal(size=(500, 8))
    Xt = rng.normal(size=(60, 2)) @ mix + 0.3 * rng.normal(size=(60, 8))
    Xt = Xt * np.arange(1, 9) + 10
    return Xs, Xt, with_holes(Xt, 0.8)


def error(imputer, X, Z):
    return np.sqrt(np.mean(np.square((imputer.transform(Z) - X) / X.std(axis=0))))


def mean_error(make=lambda Xs: Xs, **params):
    """Return the error over several pairs of domains; no source if it is made None."""
    errors = []
    for seed in range(1, 5):
        Xs, Xt, Z = domains(seed)
        imputer = GaussianTransferImputer(random_state=0, **params)
        errors.append(error(imputer.fit(Z, X_source=make(Xs)), Xt, Z))
    return np.mean(errors)


def test_strengths_span_from_the_target_to_the_source():
    Xs, Xt, _ = domains(0)
    Z = with_holes(Xt, 0.3)
    source = GaussianTransferImputer(
        X_source=Xs, scaling="source", prior_strength=np.inf
    ).fit(Z)
    np.testing.assert_allclose(source.mean_, Xs.mean(axis=0))
    np.testing.assert_allclose(
        source.covariance_, np.cov(Xs.T, bias=True), rtol=1e-4, atol=1e-4
    )
    params = {"prior_strength": 0, "tol": 1e-8, "max_iter": 5000, "scaling": "own"}
    clued = GaussianTransferImputer(X_source=Xs, **params).fit(Z)
    alone = GaussianTransferImputer(**params).fit(Z)
    np.testing.assert_allclose(clued.mean_, alone.mean_, rtol=1e-4)
    np.testing.assert_allclose(clued.covariance_, alone.covariance_, rtol=1e-3)


def test_a_source_helps_complete_or_not():
    alone = mean_error(lambda Xs: None)
    assert mean_error() < 0.9 * alone
    assert mean_error(lambda Xs: with_holes(Xs, 0.3, seed=1)) < 0.9 * alone


def test_a_source_that_misleads_is_found_to_be_worth_little():
    def mislead(Xs):
        return np.random.default_rng(0).permuted(Xs, axis=0) @ np.tri(8)

    assert mean_error(mislead) < 0.97 * mean_error(mislead, prior_strength=6000.0)
    assert mean_error(mislead) < 1.1 * mean_error(lambda Xs: None)


def test_units_are_borrowed_as_far_as_the_domains_are_alike():
    assert mean_error() < 0.9 * mean_error(scaling="source")
    errors = {"shrunk": [], "own": [], "source": []}
    for seed in range(4):  # the same units
        X = domains(seed)[0]
        Z = with_holes(X[:12], 0.6)
        for scaling, values in errors.items():
            imputer = GaussianTransferImputer(scaling=scaling, prior_strength=20.0)
            values.append(error(imputer.fit(Z, X_source=X[12:]), X[:12], Z))
    assert np.mean(errors["shrunk"]) < 0.9 * np.mean(errors["own"])
    assert np.mean(errors["shrunk"]) < 1.1 * np.mean(errors["source"])


def test_pseudo_cells_recover_how_far_domains_are_apart():
    rng = np.random.default_rng(0)
    noise = np.full(5000, 0.2)
    chance = rng.normal(size=5000) * np.sqrt(noise)
    apart = rng.normal(size=5000) * 0.5  # as if told by 1 / 0.5**2 = 4 cells
    assert pseudo_cells(chance + apart, noise, 1.0) == pytest.approx(4, rel=0.1)
    assert pseudo_cells(0.9 * chance, noise, 1.0) == 100
    assert pseudo_cells(np.zeros(0), np.zeros(0), 1.0) == 0


def test_choosing_hides_cells_from_what_is_fitted():
    _, Xt, _ = domains(0)
    Z = with_holes((Xt - Xt.mean(axis=0)) / Xt.std(axis=0), 0.3)
    folds = cell_folds(~np.isnan(Z), 2, np.random.RandomState(0))
    np.testing.assert_array_equal(folds[0] ^ folds[1], ~np.isnan(Z))
    fills = fill_held_out(Z, np.zeros(8), np.eye(8), folds)
    strength, scores = choose_strength(fills, Z)
    assert strength == min(scores, key=scores.get)
    # Independent columns of mean 0 fill zeros: an error of their spread.
    cells = np.isfinite(Z)
    assert scores[np.inf] == pytest.approx(np.sqrt(np.mean(Z[cells] ** 2)))


def test_weights_of_a_blend_are_the_most_probable():
    rng = np.random.default_rng(0)
    errors = rng.normal(size=(200, 1)) + rng.normal(size=(200, 6)) * [1, 1, 2, 2, 3, 9]
    errors[:, 5] = 3 * errors[:, 0]  # as one of the others, but worse
    weights = blend_weights(errors)
    assert weights.sum() == pytest.approx(1)
    assert np.all(weights >= 0)
    assert np.count_nonzero(weights) < 6
    # No weight can move to where the slope is less.
    noise = np.mean(np.square(errors.mean(axis=1)))
    slope = errors.T @ errors @ weights + 36 * noise * weights
    np.testing.assert_allclose(slope[weights > 0], slope.min(), rtol=1e-6)
    for few in errors[:1], errors[:0], np.zeros((5, 6)):
        assert blend_weights(few).sum() == pytest.approx(1)


def test_warns_if_not_converged():
    with pytest.warns(ConvergenceWarning, match="raise `max_iter`"):
        GaussianTransferImputer(max_iter=1, prior_strength=1.0).fit(domains(0)[2])
