"""MDD: margin disparity discrepancy."""

import keras
import numpy as np
import pytest
from keras import layers
from scipy.special import softmax

from adapt.feature_based import MDD
from tests.deep import reference
from tests.deep.reference import SMALL


def test_losses_are_those_of_the_paper():
    model, p = reference.fitted(MDD)
    near, far = p.head(p.zs, p.zt)
    chosen = softmax(far, axis=1)[np.arange(len(far)), p.lt.argmax(axis=1)]
    agreed = reference.cross_entropy(p.ls.argmax(axis=1), near).mean()
    loss = 4 * agreed - np.log(1 - chosen).mean()
    reference.check(model, {"task_loss": p.task, "disc_loss": loss})
    expected = 0.1 * (2 / (1 + np.exp(-1e-3)) - 1)
    assert reference.weight(model) == pytest.approx(expected, rel=1e-4)


@pytest.fixture(scope="module")
def tables():
    return reference.small_tables()


@pytest.mark.one_backend
def test_the_second_head_starts_from_other_weights(tables):
    Xs, ys, Xt = tables
    task = keras.Sequential([keras.Input((64,)), layers.Dense(2)])
    still = {**SMALL, "optimizer": "sgd", "learning_rate": 1e-9, "epochs": 1}
    model = MDD(task=task, **still).fit(Xs, ys, Xt=Xt)
    first, second = (
        reference.weights(model.task_)[0],
        reference.weights(model.discriminator_)[0],
    )
    np.testing.assert_allclose(first, reference.weights(task)[0], atol=1e-6)
    assert np.abs(first - second).max() > 0.05
    assert model.predict_disc(Xt).shape == (40, 2)
