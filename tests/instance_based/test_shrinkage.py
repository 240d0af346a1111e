import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from adapt.instance_based import KernelDensityWeighting, NearestNeighborsWeighting
from adapt.instance_based._shrinkage import best_shrinkage


@pytest.mark.parametrize(
    ("at_source", "at_target"), [(1.0, 1.1), (0.9, 1.05), (1.0, 0.8), (1.0, 9.0)]
)
def test_the_best_share_is_the_minimum_of_the_criterion(at_source, at_target):
    weights = np.random.default_rng(0).exponential(size=200)

    def criterion(a):
        square = np.mean((weights - 1) ** 2)
        return a**2 * square / 2 + a * (at_source - 1) - a * (at_target - 1)

    best = minimize_scalar(criterion, bounds=(0, 1), options={"xatol": 1e-9})
    found = best_shrinkage(weights, at_source, at_target)
    np.testing.assert_allclose(found, 1 - best.x, atol=1e-6)


def test_weights_of_one_are_left_alone():
    assert best_shrinkage(np.ones(3), 1.0, 1.0) == 0


@pytest.mark.parametrize("method", [KernelDensityWeighting, NearestNeighborsWeighting])
def test_weights_are_shrunk_by_the_number_given(method):
    rng = np.random.default_rng(0)
    Xs, Xt = rng.normal(size=(80, 2)), rng.normal(size=(60, 2)) + 0.5
    plain = method(shrinkage=0, random_state=0).fit_weights(Xs, Xt)
    model = method(shrinkage=0.3, random_state=0)
    np.testing.assert_allclose(model.fit_weights(Xs, Xt), 0.3 + 0.7 * plain)
    assert model.shrinkage_ == 0.3


def test_rows_not_seen_are_shrunk_alike():
    rng = np.random.default_rng(0)
    Xs, Xt = rng.normal(size=(80, 2)), rng.normal(size=(60, 2)) + 0.2
    model = KernelDensityWeighting(bandwidth=0.3).fit(Xs, Xs[:, 0], Xt=Xt)
    assert 0 < model.shrinkage_ < 1
    np.testing.assert_allclose(model.predict_weights(Xs), model.weights_)
