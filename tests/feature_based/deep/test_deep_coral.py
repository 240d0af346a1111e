"""DeepCORAL: correlation alignment of the features of a network."""

import keras
import numpy as np
import pytest
from keras import layers

from adapt.feature_based import DeepCORAL
from tests.deep import reference

SMALL = {"epochs": 2, "batch_size": 32, "random_state": 0}


def _coral(zs, zt):
    return np.sum((np.cov(zs.T) - np.cov(zt.T)) ** 2) / (4 * zs.shape[1] ** 2)


def test_losses_are_those_of_the_paper():
    """The paper compares what the last layer gives."""
    Xs, ys, Xt, _ = reference.whole_tables()
    network = reference.linear_network(3, 2)
    model = reference.still(reference.published(DeepCORAL, network=network))
    model.fit(Xs, ys, Xt=Xt)
    ls, lt = (reference.apply(network, X) for X in (Xs, Xt))
    task = reference.cross_entropy(ys, ls).mean()
    reference.check(model, {"task_loss": task, "coral_loss": _coral(ls, lt)})


def test_features_are_compared():
    Xs, ys, Xt, _ = reference.whole_tables()
    networks = reference.linear_network(3, 4), reference.linear_network(4, 2)
    model = reference.still(DeepCORAL(*networks, match_mean=True))
    model.fit(Xs, ys, Xt=Xt)
    zs, zt = (reference.apply(networks[0], X) for X in (Xs, Xt))
    gap = np.mean((zs.mean(axis=0) - zt.mean(axis=0)) ** 2)
    reference.check(model, {"coral_loss": _coral(zs, zt), "mean_loss": gap})


@pytest.fixture(scope="module")
def tables():
    rng = np.random.default_rng(0)
    Xs = rng.normal(size=(80, 4))
    return Xs, (Xs[:, 0] > 0).astype(int), Xs[:50] * 1.3 + 0.3


@pytest.mark.one_backend
def test_deep_coral_brings_covariances_together(tables):
    Xs, ys, Xt = tables
    gaps = {}
    for lambda_ in (0.0, 100.0):
        model = DeepCORAL(lambda_=lambda_, **{**SMALL, "epochs": 40})
        model.fit(Xs, ys, Xt=Xt * 3)
        zs, zt = model.transform(Xs), model.transform(Xt * 3)
        gaps[lambda_] = np.sum((np.cov(zs.T) - np.cov(zt.T)) ** 2)
        assert model.score(Xs, ys) > 0.7
    assert gaps[100.0] < gaps[0.0] / 3


def test_the_encoder_gets_the_gradient_of_the_task(tables):
    """In ADAPT 0.4.5, DeepCORAL's encoder did not, and stayed as it was."""
    Xs, ys, Xt = tables
    encoder = keras.Sequential([keras.Input((4,)), layers.Dense(3)])
    model = DeepCORAL(encoder, lambda_=0.0, **SMALL).fit(Xs, ys, Xt=Xt)
    assert np.abs(model.encoder_.get_weights()[0] - encoder.get_weights()[0]).max() > 0
