"""MCC: minimum class confusion."""

import numpy as np
from scipy.special import softmax

from adapt.feature_based import MCC
from tests.deep import reference


def test_losses_are_those_of_the_paper():
    model, p = reference.fitted(MCC)
    q = softmax(p.lt / 2.5, axis=1)
    certainty = 1 + np.exp(-reference.entropy(q))
    c = q.T @ (q * (certainty / certainty.mean())[:, None])
    c /= c.sum(axis=1, keepdims=True)
    confusion = (c.sum() - np.trace(c)) / len(c)
    reference.check(model, {"task_loss": p.task, "confusion_loss": confusion})
