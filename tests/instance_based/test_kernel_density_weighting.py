import numpy as np
import pytest
from scipy.stats import gaussian_kde

from adapt.instance_based import KernelDensityWeighting
from adapt.instance_based._kernel_density_weighting import (
    bandwidth_factor,
    log_kernel_density,
)


def test_density_equals_the_sum_written_out():
    rng = np.random.default_rng(0)
    X, centers = rng.normal(size=(40, 3)), rng.normal(size=(25, 3))
    squares = ((X[:, None] - centers) ** 2).sum(axis=2)
    expected = np.log(np.exp(-squares / 2).mean(axis=1))
    np.testing.assert_allclose(log_kernel_density(X, centers), expected)
    # Far from all centres, where every term underflows.
    far = log_kernel_density(np.full((1, 1), 100.0), np.zeros((1, 1)))
    np.testing.assert_allclose(far, [-5000])


@pytest.mark.parametrize("rule", ["scott", "silverman"])
def test_rules_equal_scipy(rule):
    X = np.random.default_rng(0).normal(size=(3, 70))
    expected = gaussian_kde(X, bw_method=rule).factor
    np.testing.assert_allclose(bandwidth_factor(rule, 70, 3), expected)


def test_weights_follow_the_ratio():
    rng = np.random.default_rng(0)
    Xs = rng.normal(size=(5000, 2))
    Xt = rng.normal(size=(5000, 2)) * 0.8 + [0.5, 0]
    log_ratio = 0.5 * (Xs**2).sum(axis=1) - 0.5 * (((Xs - [0.5, 0]) / 0.8) ** 2).sum(
        axis=1
    )
    weights = KernelDensityWeighting().fit_weights(Xs, Xt)
    assert np.corrcoef(weights, np.exp(log_ratio))[0, 1] >= 0.95


def test_no_shift_gives_weights_near_one():
    Xs, Xt = np.random.default_rng(0).normal(size=(2, 5000, 2))
    weights = KernelDensityWeighting().fit_weights(Xs, Xt)
    assert np.abs(weights - 1).mean() <= 0.1
    # The noise falls with the width of the kernels.
    width = 2 * bandwidth_factor("scott", 5000, 2)
    weights = KernelDensityWeighting(bandwidth=width).fit_weights(Xs, Xt)
    assert np.abs(weights - 1).mean() <= 0.05


def test_centers_are_drawn_beyond_the_largest_number():
    rng = np.random.default_rng(0)
    Xs, Xt = rng.normal(size=(400, 1)), rng.normal(size=(300, 1)) + 0.5
    full = KernelDensityWeighting(bandwidth=0.3).fit_weights(Xs, Xt)
    some = KernelDensityWeighting(bandwidth=0.3, max_centers=150, random_state=0)
    weights = some.fit_weights(Xs, Xt)
    assert some._centers_source.shape == some._centers_target.shape == (150, 1)
    assert 0.9 < np.corrcoef(full, weights)[0, 1] < 1
    np.testing.assert_allclose(some.predict_weights(Xs), weights)


def test_units_and_place_of_the_columns_do_not_matter():
    rng = np.random.default_rng(0)
    Xs, Xt = rng.normal(size=(100, 2)), rng.normal(size=(90, 2)) + 0.3
    units = np.array([1e-6, 1e6])
    expected = KernelDensityWeighting().fit_weights(Xs, Xt)
    found = KernelDensityWeighting().fit_weights(Xs * units + 1, Xt * units + 1)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
