"""AdaBN: adaptive batch normalisation."""

from functools import partial

import keras
import numpy as np
import pytest
from keras import layers

from adapt.feature_based import AdaBN
from tests.deep import reference
from tests.deep.reference import SMALL


@pytest.fixture(scope="module")
def tables():
    return reference.small_tables()


def test_losses_are_those_of_the_paper(tables):
    """The task loss, with the statistics of the batch."""
    Xs, ys, Xt = tables
    encoder = keras.Sequential([keras.Input((3,)), layers.BatchNormalization()])
    task = reference.linear_network(3, 2)
    model = reference.still(reference.published(AdaBN), encoder=encoder, task=task)
    model.fit(Xs, ys, Xt=Xt)
    z = (Xs - Xs.mean(axis=0)) / np.sqrt(Xs.var(axis=0) + 1e-3)
    loss = reference.cross_entropy(ys, reference.apply(task, z)).mean()
    reference.check(model, {"task_loss": loss})


def test_adabn_takes_the_statistics_of_the_target(tables):
    Xs, ys, Xt = tables
    encoder = keras.Sequential([layers.BatchNormalization(), layers.Dropout(0.5)])
    model = AdaBN(encoder, **SMALL).fit(Xs, ys, Xt=Xt)
    _, _, mean, variance = reference.weights(model.encoder_)
    np.testing.assert_allclose(mean, Xt.mean(axis=0), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(variance, Xt.var(axis=0), rtol=1e-4)
    assert np.abs(reference.weights(model.encoder_src_)[2] - mean).max() > 0.1
    assert model.encoder_.layers[0].momentum == 0.99
    with pytest.raises(ValueError, match="no layer of batch normalisation"):
        AdaBN(partial(keras.Sequential, [layers.Dense(3)]), **SMALL).fit(Xs, ys, Xt=Xt)
