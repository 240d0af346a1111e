"""DeepJDOT: deep joint distribution optimal transport."""

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from scipy.special import log_softmax

from adapt.feature_based import DeepJDOT
from tests.deep import reference


def _cost(p, distance, label):
    labels = -log_softmax(p.lt, axis=1)[:, p.ys].T
    return distance * reference.distances(p.zs, p.zt) + label * labels


def test_losses_are_those_of_the_paper():
    """Of as many rows in both, the exact plan is an assignment."""
    model, p = reference.fitted(DeepJDOT)
    cost = _cost(p, distance=1e-3, label=1e-4)
    exact = cost[linear_sum_assignment(cost)].mean()
    reference.check(model, {"task_loss": p.task})
    assert model.history_["transport_loss"][1] == pytest.approx(exact, rel=0.02)


def test_the_entropic_plan_is_that_of_sinkhorn():
    defaults = {"lambda_": 1.0, "alpha": 0.1, "reg": 0.05, "n_iterations": 50}
    model, p = reference.fitted(DeepJDOT, **defaults)
    cost = _cost(p, distance=0.1, label=1.0)
    kernel = np.exp(-cost / (0.05 * cost.mean()))
    u = v = np.ones(len(cost))
    for _ in range(50):
        u = 1 / len(cost) / (kernel @ v)
        v = 1 / len(cost) / (kernel.T @ u)
    expected = np.sum(u[:, None] * kernel * v * cost)
    reference.check(model, {"transport_loss": expected})
