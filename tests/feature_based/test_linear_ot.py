import numpy as np
import pytest

from adapt.feature_based import LinearOT, monge_map
from tests.common import shifted_numbers


def correlated(n=400, d=5, seed=0):
    """Return two Gaussian samples of other means and other covariances."""
    rng = np.random.default_rng(seed)
    Xs = rng.normal(size=(n, d)) @ rng.normal(size=(d, d)) + rng.normal(size=d)
    Xt = rng.normal(size=(n + 50, d)) @ rng.normal(size=(d, d)) - 3
    return Xs, Xt


def test_moments_after_mapping_are_exact():
    Xs, Xt = correlated()
    mapped = LinearOT(lambda_=0).fit_transform(Xs, Xt=Xt)
    np.testing.assert_allclose(mapped.mean(axis=0), Xt.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(
        np.cov(mapped.T, bias=True), np.cov(Xt.T, bias=True), atol=1e-6
    )


@pytest.mark.parametrize("lambda_", [0, 0.3])
def test_equals_pot(lambda_):
    gaussian = pytest.importorskip("ot").gaussian
    Xs, Xt = correlated()
    model = LinearOT(lambda_=lambda_).fit(Xs, Xt=Xt)
    A, b = gaussian.bures_wasserstein_mapping(
        Xs.mean(axis=0), Xt.mean(axis=0), model.Cs_, model.Ct_
    )
    np.testing.assert_allclose(model.coef_, A, atol=1e-6)
    np.testing.assert_allclose(
        model.transform(Xs, sample_domain=0), Xs @ A + b, atol=1e-6
    )


def test_equal_covariances_are_a_pure_shift():
    Xs, _ = correlated()
    shift = np.array([1, -2, 3, 0, 100])
    mapped = LinearOT(lambda_=0).fit_transform(Xs, Xt=Xs + shift)
    np.testing.assert_allclose(mapped, Xs + shift, atol=1e-6)


def test_moves_rows_less_than_any_other_map_of_the_same_moments():
    Xs, Xt = correlated()
    turned = monge_map(np.cov(Xs.T), np.cov(Xt.T))
    root = np.linalg.cholesky(np.cov(Xs.T)).T, np.linalg.cholesky(np.cov(Xt.T)).T
    other = np.linalg.solve(root[0], root[1])
    centred = Xs - Xs.mean(axis=0)
    np.testing.assert_allclose(np.cov((centred @ other).T), np.cov(Xt.T), atol=1e-8)
    assert (
        np.square(centred @ turned - centred).sum()
        < np.square(centred @ other - centred).sum()
    )


def test_inverse_transform():
    Xs, Xt = correlated()
    model = LinearOT().fit(Xs, Xt=Xt)
    mapped = model.transform(Xs, sample_domain=0)
    back = model.inverse_transform(mapped, sample_domain=0)
    np.testing.assert_allclose(back, Xs, atol=1e-8)
    np.testing.assert_array_equal(model.inverse_transform(Xt), Xt)


def test_undoes_a_linear_distortion_of_the_source():
    # Labels depend on rows that the target shows undistorted.
    Xt, yt, _, _ = shifted_numbers(n=500, seed=3)
    Xs = Xt @ np.diag([3.0, 0.3, 1.0, 2.0]) + 5
    model = LinearOT(lambda_=0).fit(Xs, yt, Xt=Xt)
    assert model.score(Xt, yt) > 0.99
    assert model.estimator_.score(Xs, yt) < 0
