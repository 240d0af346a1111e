"""Tent: test-time entropy minimisation."""

import keras
import numpy as np
import pytest
from keras import layers
from scipy.special import softmax

from adapt.feature_based import AdaBN, DeepSource, Tent
from tests.deep import reference
from tests.deep.reference import SMALL


def test_losses_are_those_of_the_paper():
    """The entropy of predictions with the statistics of the batch."""
    Xs, ys, Xt, _ = reference.whole_tables()
    encoder = keras.Sequential([keras.Input((3,)), layers.BatchNormalization()])
    task = reference.linear_network(3, 2)
    model = reference.still(reference.published(Tent), encoder=encoder, task=task)
    model.fit(Xs, ys, Xt=Xt)
    z = (Xt - Xt.mean(axis=0)) / np.sqrt(Xt.var(axis=0) + 1e-3)
    p = softmax(reference.apply(task, z), axis=1)
    entropy = model.history_["entropy"]
    assert len(entropy) == 1
    assert entropy[0] == pytest.approx(reference.entropy(p).mean(), rel=1e-4)


@pytest.fixture(scope="module")
def tables():
    return reference.small_tables()


def test_tent_moves_scales_and_offsets_alone(tables):
    Xs, ys, Xt = tables
    source = AdaBN(**SMALL).fit(Xs, ys, Xt=Xt)
    before = reference.weights(source.encoder_)
    model = Tent(source, adapt_epochs=2, batch_size=16, random_state=0).fit(Xt)
    paths = [w.path.split("/")[-1] for w in source.encoder_.weights]
    for path, moved in zip(paths, reference.moved(before, model.encoder_), strict=True):
        if path in ("kernel", "bias", "mean", "scale"):
            assert not moved
        if path in ("gamma", "beta"):
            assert moved
    with pytest.raises(ValueError, match="no layer of batch normalisation"):
        Tent(DeepSource(**SMALL).fit(Xs, ys, Xt=Xt)).fit(Xt)
