"""MCD: maximum classifier discrepancy."""

import keras
import numpy as np
import pytest
from keras import layers
from scipy.special import softmax

from adapt.feature_based import MCD
from tests.deep import reference
from tests.deep.reference import SMALL


def test_losses_are_those_of_the_paper():
    model, p = reference.fitted(MCD)
    assert not hasattr(model, "pretrain_history_")
    assert [update.repeat for update in model._updates()] == [1, 1, 4]
    qs, qt = p.head(p.zs, p.zt)
    gap = np.abs(p.pt - softmax(qt, axis=1)).mean()
    expected = {
        "task_loss": p.task,
        "second_loss": reference.cross_entropy(p.ys, qs).mean(),
        "separation": -gap,
        "disc_loss": gap,
    }
    reference.check(model, expected)


@pytest.fixture(scope="module")
def tables():
    return reference.small_tables()


@pytest.mark.one_backend
def test_the_second_head_starts_from_other_weights(tables):
    Xs, ys, Xt = tables
    task = keras.Sequential([keras.Input((64,)), layers.Dense(2)])
    still = {**SMALL, "optimizer": "sgd", "learning_rate": 1e-9, "epochs": 1}
    model = MCD(task=task, **still).fit(Xs, ys, Xt=Xt)
    first, second = (
        reference.weights(model.task_)[0],
        reference.weights(model.discriminator_)[0],
    )
    np.testing.assert_allclose(first, reference.weights(task)[0], atol=1e-6)
    assert np.abs(first - second).max() > 0.05
    assert model.predict_disc(Xt).shape == (40, 2)


@pytest.mark.one_backend
def test_mcd_predicts_by_both_heads(tables):
    Xs, ys, Xt = tables
    model = MCD(pretrain=False, n_steps=3, **SMALL).fit(Xs, ys.astype(str), Xt=Xt)
    assert not hasattr(model, "pretrain_history_")
    outputs = model.predict_task(Xt), model.predict_disc(Xt)
    p = [model._labels.probability(each) for each in outputs]
    expected = model.classes_[np.mean(p, axis=0).argmax(axis=1)]
    np.testing.assert_array_equal(model.predict_avg(Xt), expected)
    numbers = MCD(pretrain=False, **SMALL).fit(Xs, Xs[:, 0], Xt=Xt)
    assert numbers.predict_avg(Xt).shape == (40,)
    outputs = numbers.predict_task(Xt), numbers.predict_disc(Xt)
    assert outputs[0].shape == outputs[1].shape == (40, 1)  # so that they can be added
    mean = numbers._labels.decode(np.mean(outputs, axis=0))
    np.testing.assert_allclose(numbers.predict_avg(Xt), mean, rtol=1e-6)
