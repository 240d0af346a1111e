"""BNM: batch nuclear-norm maximisation."""

import numpy as np

from adapt.feature_based import BNM
from tests.deep import reference


def test_losses_are_those_of_the_paper():
    model, p = reference.fitted(BNM)
    norm = np.linalg.norm(p.pt, "nuc") / len(p.pt)
    reference.check(model, {"task_loss": p.task, "norm_loss": -norm})
