import numpy as np
import pytest
from scipy.stats import gaussian_kde

from adapt.instance_based import KernelDensityWeighting
from adapt.instance_based._kernel_density_weighting import (
    bandwidth_factor,
    exchanged_log_ratios,
    left_out_error,
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
    Xs = rng.normal(size=(2000, 2))
    Xt = rng.normal(size=(2000, 2)) * 0.8 + [0.5, 0]
    log_ratio = 0.5 * (Xs**2).sum(axis=1) - 0.5 * (((Xs - [0.5, 0]) / 0.8) ** 2).sum(
        axis=1
    )
    weights = KernelDensityWeighting().fit_weights(Xs, Xt)
    assert np.corrcoef(weights, np.exp(log_ratio))[0, 1] >= 0.95


def test_left_out_error_equals_the_loop_over_rows():
    rng = np.random.default_rng(0)
    Xs, Xt = rng.normal(size=(12, 2)), rng.normal(size=(9, 2)) + 0.5

    def density(x, centers):
        return np.exp(-((x - centers) ** 2).sum(axis=1) / (2 * 0.7**2)).mean()

    errors = [[], []]
    for of_domain, X, other in ((errors[0], Xs, Xt), (errors[1], Xt, Xs)):
        for i, x in enumerate(X[:5]):
            p, q = density(x, np.delete(X, i, axis=0)), density(x, other)
            of_domain.append((1 - p / (p + q)) ** 2)
    found = left_out_error(Xs[:5], Xt[:5], Xs, Xt, 0.7)
    np.testing.assert_allclose(found, np.mean(errors))


def test_the_width_is_a_multiple_of_scotts_that_grows_as_shift_falls():
    rng = np.random.default_rng(0)
    Xs, X = rng.normal(size=(400, 1)), rng.normal(size=(400, 1))
    scott = bandwidth_factor("scott", 400, 1)
    widths = []
    for Xt in (0.2 * X + 1, X):
        model = KernelDensityWeighting().fit(Xs, Xs[:, 0], Xt=Xt)
        std = np.sqrt((Xs.var() + Xt.var()) / 2)
        widths.append(model.bandwidth_[0] / std / scott)
    assert 1 <= widths[0] < 2 < 4 < widths[1] <= 16
    np.testing.assert_allclose(np.log2(widths) * 2, np.round(np.log2(widths) * 2))


def test_one_target_row_leaves_the_width_of_scott():
    Xs = np.random.default_rng(0).normal(size=(50, 2))
    model = KernelDensityWeighting().fit(Xs, Xs[:, 0], Xt=Xs[:1])
    scott = KernelDensityWeighting(bandwidth="scott").fit(Xs, Xs[:, 0], Xt=Xs[:1])
    np.testing.assert_array_equal(model.weights_, scott.weights_)


def test_no_shift_gives_weights_near_one():
    for seed in range(3):
        Xs, Xt = np.random.default_rng(seed).normal(size=(2, 1000, 2))
        weights = KernelDensityWeighting(random_state=0).fit_weights(Xs, Xt)
        assert np.abs(weights - 1).mean() <= 0.05


def test_exchanged_ratios_equal_the_loop_over_target_rows():
    rng = np.random.default_rng(0)
    Xs, Xt = rng.normal(size=(12, 2)), rng.normal(size=(9, 2)) + 0.5

    def density(x, centers):
        return np.exp(-((x - centers) ** 2).sum(axis=1) / 2).mean()

    at_source, at_target = exchanged_log_ratios(Xs, Xt)
    expected = [density(x, Xt) / density(x, Xs) for x in Xs]
    np.testing.assert_allclose(np.exp(at_source), expected)
    expected = [
        density(x, np.delete(Xt, i, axis=0)) / density(x, np.vstack([Xs, x]))
        for i, x in enumerate(Xt)
    ]
    np.testing.assert_allclose(np.exp(at_target), expected)


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
