"""CCSA: classification and contrastive semantic alignment."""

import numpy as np

from adapt.feature_based import CCSA
from tests.deep import reference


def _contrast(p):
    d = np.sqrt(reference.distances(p.zs, p.zt))
    same = p.ys[:, None] == p.yt
    return np.where(same, d**2, np.maximum(1 - d, 0) ** 2).mean() / 2


def test_losses_are_those_of_the_paper():
    model, p = reference.fitted(CCSA, labelled=True)
    reference.check(model, {"task_loss": p.task / 2, "contrast": _contrast(p) / 2})


def test_labelled_target_rows_join_the_task_by_default():
    model, p = reference.fitted(CCSA, labelled=True, target_task=True, gamma=0.25)
    tasks = p.task + reference.cross_entropy(p.yt, p.lt).mean()
    expected = {"task_loss": 0.75 * tasks, "contrast": 0.25 * _contrast(p)}
    reference.check(model, expected)
