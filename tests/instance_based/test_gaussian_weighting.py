import warnings

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from adapt.instance_based import GaussianWeighting
from adapt.instance_based._gaussian_weighting import gaussian_log_density

MEANS = np.array([0.0, 0.0]), np.array([0.5, -0.3])
COVARIANCES = np.array([[1.0, 0.3], [0.3, 1.0]]), np.array([[0.5, -0.1], [-0.1, 0.7]])


def gaussians(n, seed=0):
    rng = np.random.default_rng(seed)
    return [
        rng.multivariate_normal(mean, covariance, size=n)
        for mean, covariance in zip(MEANS, COVARIANCES, strict=True)
    ]


def true_log_ratio(X):
    source, target = (
        multivariate_normal(mean, covariance).logpdf(X)
        for mean, covariance in zip(MEANS, COVARIANCES, strict=True)
    )
    return target - source


def test_density_equals_scipy():
    X, _ = gaussians(50)
    found = gaussian_log_density(X, MEANS[1], COVARIANCES[1])
    expected = multivariate_normal(MEANS[1], COVARIANCES[1]).logpdf(X)
    np.testing.assert_allclose(found - np.log(2 * np.pi), expected)


def test_weights_are_the_ratio_of_the_densities():
    Xs, Xt = gaussians(5000)
    found = np.log(GaussianWeighting().fit_weights(Xs, Xt))
    truth = true_log_ratio(Xs)
    assert np.corrcoef(found, truth)[0, 1] >= 0.99
    assert abs(np.polyfit(truth, found, 1)[0] - 1) <= 0.1


def test_weights_of_other_rows_are_in_the_same_unit():
    Xs, Xt = gaussians(500)
    model = GaussianWeighting()
    weights = model.fit_weights(Xs, Xt)
    np.testing.assert_allclose(model.predict_weights(Xs), weights)
    assert model.predict_weights() is model.weights_
    np.testing.assert_allclose(weights.mean(), 1)


def test_no_shift_gives_weights_near_one():
    rng = np.random.default_rng(0)
    weights = GaussianWeighting().fit_weights(*rng.normal(size=(2, 5000, 2)))
    assert np.abs(weights - 1).mean() <= 0.05


def test_units_of_the_columns_do_not_matter():
    Xs, Xt = gaussians(300)
    units = np.array([1e-6, 1e6])
    expected = GaussianWeighting().fit_weights(Xs, Xt)
    found = GaussianWeighting().fit_weights(Xs * units + 5, Xt * units + 5)
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_ratios_that_no_float_holds_keep_their_order():
    rng = np.random.default_rng(0)
    Xs, Xt = rng.normal(size=(200, 1)), rng.normal(size=(200, 1)) / 10 + 60
    with pytest.warns(UserWarning, match="rest on few rows"):
        model = GaussianWeighting().fit(Xs, Xs[:, 0] > 0, Xt=Xt)
    assert model.weights_.argmax() == Xs[:, 0].argmax()
    assert np.isfinite(model.predict_weights([[60.0], [-60.0]])).all()


def test_few_rows_in_many_columns():
    rng = np.random.default_rng(0)
    Xs, Xt = rng.normal(size=(2, 10, 30))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        assert np.isfinite(GaussianWeighting().fit_weights(Xs, Xt)).all()
    with pytest.raises(ValueError, match="`shrinkage`=0"):
        GaussianWeighting(shrinkage=0).fit_weights(Xs, Xt)


def test_full_shrinkage_leaves_one_variance():
    Xs, Xt = gaussians(200)
    model = GaussianWeighting(shrinkage=1.0)
    model.fit_weights(Xs, Xt)
    scaled = model.covariance_target_ / np.outer(
        model._column_scale, model._column_scale
    )
    np.testing.assert_allclose(scaled, scaled[0, 0] * np.eye(2), atol=1e-12)
