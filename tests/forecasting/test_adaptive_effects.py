"""The Kalman filter of effects, beside ridge regression and statsmodels."""

import numpy as np
import pytest

from adapt.forecasting import AdaptiveEffects


def drifting(n_steps=80, m=3, seed=0, drift=0.0):
    rng = np.random.default_rng(seed)
    X = np.column_stack([np.ones(n_steps), rng.normal(size=(n_steps, m - 1))])
    theta = np.arange(1.0, m + 1) + drift * np.cumsum(rng.normal(size=(n_steps, m)), 0)
    return X, (X * theta).sum(axis=1) + 0.3 * rng.normal(size=n_steps)


def naive(X, y, q, mean, variance):
    """Return forecasts and the likelihood at the best variance, written out."""
    m = X.shape[1]
    theta, P = np.full(m, mean), variance * np.eye(m)
    found, errors, dets = [], [], []
    for x, value in zip(X, y, strict=True):
        found.append(x @ theta)
        S = x @ P @ x + 1
        K = P @ x / S
        if np.isfinite(value):
            errors.append((value - found[-1]) ** 2 / S)
            dets.append(np.log(S))
            theta = theta + K * (value - found[-1])
            P = P - np.outer(K, x @ P)
        P = P + q * np.eye(m)
    n = len(errors)
    variance = np.sum(errors) / n
    return found, -0.5 * (n * np.log(2 * np.pi * variance) + n + np.sum(dets))


@pytest.mark.parametrize("q", [0.0, 1e-3, 0.1])
def test_filter_is_the_one_written_out(q):
    X, y = drifting(drift=0.05)
    y[20:25] = np.nan
    found = AdaptiveEffects(q, prior_variance=2.0, half_life=None).fit(X, y)
    predictions, likelihood = naive(X, y, q, 1.0, 2.0)
    np.testing.assert_allclose(found.predictions_, predictions, atol=1e-10)
    np.testing.assert_allclose(found.log_likelihood_, [likelihood])


def test_without_noise_each_step_is_ridge_regression():
    X, y = drifting()
    found = AdaptiveEffects(0.0, prior_mean=0.5, prior_variance=4.0).fit(X, y)
    for t in range(1, len(y)):
        A = X[:t].T @ X[:t] + np.eye(3) / 4
        coef = np.linalg.solve(A, X[:t].T @ y[:t] + 0.5 * np.ones(3) / 4)
        np.testing.assert_allclose(found.predictions_[t], X[t] @ coef, atol=1e-9)


def test_without_noise_it_is_recursive_least_squares_of_statsmodels():
    regression = pytest.importorskip("statsmodels.regression.recursive_ls")
    X, y = drifting()
    theirs = regression.RecursiveLS(y, X).fit()
    ours = AdaptiveEffects(0.0, prior_mean=0.0, prior_variance=1e8).fit(X, y)
    expected = theirs.recursive_coefficients.filtered[:, -1]
    np.testing.assert_allclose(ours.coef_, expected, atol=1e-6)


@pytest.mark.parametrize("q", [1e-3, 0.1])
def test_likelihood_is_that_of_statsmodels(q):
    representation = pytest.importorskip("statsmodels.tsa.statespace.mlemodel")
    X, y = drifting(drift=0.05)
    model = representation.MLEModel(y, k_states=3)
    model["design"] = X.T[np.newaxis]
    model["transition"] = model["selection"] = np.eye(3)
    model["state_cov"] = q * np.eye(3)
    model["obs_cov"] = np.eye(1)
    model.ssm.initialize_known(np.ones(3), np.eye(3))
    theirs = model.ssm.filter()
    errors = theirs.forecasts_error[0] ** 2 / theirs.forecasts_error_cov[0, 0]
    variance = errors.mean()
    # With all covariances in units of the best variance, and with that as it is.
    whole = theirs.llf + 0.5 * errors.sum() - 0.5 * len(y) * (1 + np.log(variance))
    ours = AdaptiveEffects(q, half_life=None).fit(X, y)
    np.testing.assert_allclose(ours.log_likelihood_, [whole], rtol=1e-8)
    np.testing.assert_allclose(ours.predictions_, theirs.forecasts[0], atol=1e-8)


@pytest.mark.parametrize("delay", [1, 5])
def test_forecasts_see_what_is_known(delay):
    X, y = drifting(drift=0.05)
    expected = AdaptiveEffects(delay=delay).fit(X, y).predictions_
    other = y.copy()
    other[40:] += 9
    found = AdaptiveEffects(delay=delay).fit(X, other).predictions_
    np.testing.assert_array_equal(found[: 40 + delay], expected[: 40 + delay])
    assert abs(found[40 + delay] - expected[40 + delay]) > 1e-3


@pytest.mark.parametrize("delay", [1, 4])
def test_parts_are_the_whole_and_series_are_apart(delay):
    X, y = (
        np.stack(arrays) for arrays in zip(drifting(), drifting(seed=1), strict=True)
    )
    whole = AdaptiveEffects(delay=delay).fit(X, y)
    parts = AdaptiveEffects(delay=delay)
    for steps in slice(0, 30), slice(30, 31), slice(31, 80):
        parts.partial_fit(X[:, steps], y[:, steps])
    np.testing.assert_allclose(parts.predictions_, whole.predictions_)
    np.testing.assert_allclose(parts.coef_, whole.coef_)
    alone = AdaptiveEffects(delay=delay).fit(X[1], y[1])
    np.testing.assert_allclose(whole.predictions_[1], alone.predictions_)
    begun = AdaptiveEffects(delay=delay).fit(X[:, :30], y[:, :30])
    ahead = begun.predict(X[:, 30 : 30 + delay])
    np.testing.assert_allclose(ahead, whole.predictions_[:, 30 : 30 + delay])


def test_blocks_of_series_change_nothing(monkeypatch):
    pairs = [drifting(seed=seed) for seed in range(5)]
    X, y = (np.stack(arrays) for arrays in zip(*pairs, strict=True))
    expected = AdaptiveEffects(delay=2).fit(X, y)
    monkeypatch.setattr("adapt.forecasting._adaptive_effects._BLOCK", 80)
    found = AdaptiveEffects(delay=2).fit(X, y)
    np.testing.assert_array_equal(found.predictions_, expected.predictions_)
    np.testing.assert_array_equal(found.coef_, expected.coef_)


def test_the_noise_follows_the_regime():
    X, y = drifting(400)
    calm = AdaptiveEffects().fit(X, y)
    assert calm.noise_ == 0
    y[300:] += np.sin(np.arange(100) / 15)  # a level that moves
    assert AdaptiveEffects(half_life=30).fit(X, y).noise_ > 0


def test_bad_input():
    X, y = drifting()
    with pytest.raises(ValueError, match="`y` must be of shape"):
        AdaptiveEffects().fit(X, y[:-1])
    with pytest.raises(ValueError, match="`noise` must be"):
        AdaptiveEffects([-1.0]).fit(X, y)
    with pytest.raises(ValueError, match="is expecting 3 features"):
        AdaptiveEffects().fit(X, y).predict(X[:, :2])


def test_a_covariance_is_a_ridge_regression_with_a_general_penalty():
    rng = np.random.default_rng(3)
    X, mean = rng.normal(size=(40, 3)), np.array([1.0, -1.0, 0.5])
    y = X @ [2.0, 0.0, 1.0] + rng.normal(size=40)
    root = rng.normal(size=(3, 3))
    covariance = root @ root.T + np.eye(3)
    found = AdaptiveEffects(0.0, prior_mean=mean, prior_variance=covariance).fit(X, y)
    precision = np.linalg.inv(covariance)
    expected = np.linalg.solve(X.T @ X + precision, X.T @ y + precision @ mean)
    np.testing.assert_allclose(found.coef_, expected, rtol=1e-9)


def test_a_covariance_of_another_shape_is_refused():
    with pytest.raises(ValueError, match="`prior_variance` must be a number"):
        AdaptiveEffects(prior_variance=np.eye(2)).fit(np.ones((5, 3)), np.ones(5))
