"""DAN: deep adaptation network."""

import numpy as np
import pytest

from adapt.feature_based import DAN
from tests.deep import reference


def test_losses_are_those_of_the_paper():
    """Of pairs of rows that follow each other, by 33 kernels around the median."""
    model, p = reference.fitted(DAN, lambda_=1.0)
    bandwidths = 2.0 ** np.arange(-8, 8.1, 0.5)
    mmd = reference.kernel_discrepancy((p.zs, p.zt), bandwidths=bandwidths)
    found = reference.losses_of(model, Xs=p.Xs, ys=p.ys, ws=np.ones(60), Xt=p.Xt)
    assert found["task_loss"] == pytest.approx(p.task, rel=1e-4)
    assert found["mmd_loss"] == pytest.approx(mmd, rel=1e-3)


def test_all_pairs_by_five_kernels_around_the_mean():
    defaults = {"bandwidths": (0.25, 0.5, 1.0, 2.0, 4.0), "bandwidth_unit": "mean"}
    model, p = reference.fitted(DAN, lambda_=1.0, pairs="all", **defaults)
    mmd = reference.kernel_discrepancy(
        (p.zs, p.zt), bandwidths=defaults["bandwidths"], middle=np.mean, linear=False
    )
    reference.check(model, {"task_loss": p.task, "mmd_loss": mmd})


@pytest.mark.one_backend
@pytest.mark.parametrize("bandwidths", [[], [1.0, 0.0], ["wide"]])
def test_bandwidths_are_positive_numbers(bandwidths):
    Xs, ys, Xt = reference.small_tables()
    with pytest.raises(ValueError, match="`bandwidths` must be a list of numbers > 0"):
        DAN(bandwidths=bandwidths).fit(Xs, ys, Xt=Xt)
