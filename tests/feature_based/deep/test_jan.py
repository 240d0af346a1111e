"""JAN: joint adaptation network."""

import numpy as np
import pytest

from adapt.feature_based import JAN
from tests.deep import reference


def test_losses_are_those_of_the_paper():
    """A kernel for features and one for predictions, each around its median."""
    model, p = reference.fitted(JAN)
    mmd = reference.kernel_discrepancy((p.zs, p.zt), (p.ps, p.pt), bandwidths=[1.0])
    found = reference.losses_of(model, Xs=p.Xs, ys=p.ys, ws=np.ones(60), Xt=p.Xt)
    assert found["task_loss"] == pytest.approx(p.task, rel=1e-4)
    expected = reference.weight(model) * mmd
    assert found["mmd_loss"] == pytest.approx(expected, rel=1e-3)
    assert reference.weight(model) == pytest.approx(2 / (1 + np.exp(-0.1)) - 1)


def test_all_pairs_by_five_kernels_around_the_mean():
    bandwidths = (0.25, 0.5, 1.0, 2.0, 4.0)
    kernels = {"bandwidths": bandwidths, "bandwidth_unit": "mean", "pairs": "all"}
    model, p = reference.fitted(JAN, lambda_=1.0, **kernels)
    mmd = reference.kernel_discrepancy(
        (p.zs, p.zt),
        (p.ps, p.pt),
        bandwidths=bandwidths,
        middle=np.mean,
        linear=False,
    )
    reference.check(model, {"task_loss": p.task, "mmd_loss": mmd})
