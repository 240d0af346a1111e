"""Networks that are built again are as trainable as they were."""

import keras
import numpy as np
import pytest
from keras import layers

from adapt.deep._engine import weights_of
from adapt.deep._recipes import flags_of, freeze, recipe_of
from adapt.feature_based import DeepSource
from adapt.parameter_based._deep._heads import replace_head
from adapt.parameter_based.tuners import extend_embedding

KINDS = {
    "attention": lambda: layers.MultiHeadAttention(2, 2),
    "wrapper": lambda: layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
    "cells": lambda: layers.RNN(
        layers.StackedRNNCells([layers.GRUCell(3), layers.GRUCell(2)]),
        return_sequences=True,
    ),
    "network": lambda: keras.Sequential([layers.Dense(3), layers.BatchNormalization()]),
}


def network_of(kind):
    """Return a network with a frozen layer that holds others, and one that is not."""
    x = keras.Input((5, 2))
    frozen = KINDS[kind]()
    h = frozen(x, x) if kind == "attention" else frozen(x)
    z = layers.Dense(3, name="free")(layers.GlobalAveragePooling1D()(h))
    freeze(frozen)
    return keras.Model(x, z)


@pytest.mark.parametrize("kind", KINDS)
def test_a_frozen_layer_that_holds_others_stays_frozen(kind):
    network = network_of(kind)
    again = recipe_of(network).make()
    assert len(network.trainable_variables) == 2
    assert flags_of(again) == flags_of(network)
    assert [v.trainable for v in again.variables] == [
        v.trainable for v in network.variables
    ]


def test_networks_with_another_layer_are_as_trainable():
    network = network_of("attention")
    columns, rng = np.array([0, -1, 1, 2]), np.random.RandomState(0)
    new, recipe, _ = replace_head(network, columns, False, rng)
    assert flags_of(new) == flags_of(recipe.make()) == flags_of(network)
    words = keras.Sequential(
        [
            keras.Input((5,), dtype="int32"),
            layers.Embedding(4, 2),
            network_of("attention"),
        ]
    )
    assert flags_of(extend_embedding(words, [[0, 1]])) == flags_of(words)


def test_frozen_attention_of_an_encoder_is_not_trained():
    network = network_of("attention")
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(32, 5, 2)), np.arange(32) % 2
    model = DeepSource(encoder=network, epochs=2, batch_size=16, random_state=0)
    model.fit(X, y, Xt=X)
    pairs = zip(weights_of(model.encoder_), weights_of(network), strict=True)
    moved = [np.any(w != own) for w, own in pairs]
    assert moved == [w.path.startswith("free") for w in network.weights]
