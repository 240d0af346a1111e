"""Batch normalisation in the kernels before it."""

import numpy as np
import pytest

keras = pytest.importorskip("keras", exc_type=ImportError)

from keras import layers, ops  # noqa: E402

from adapt.deep import _engine  # noqa: E402
from adapt.deep._recipes import recipe_of  # noqa: E402
from adapt.parameter_based.tuners import fold  # noqa: E402
from adapt.parameter_based.tuners._deep._fold import Folded  # noqa: E402
from tests.parameter_based.deep.tuner_networks import (  # noqa: E402
    Subclassed,
    array,
    cnn,
    made,
    mlp,
    nested,
    step,
)


def images():
    """Return a network of each kind of pair, and of pairs that stay, and its rows."""
    inputs = keras.Input((6, 6, 4))
    x = layers.Conv2D(4, 3, groups=2, strides=2, dilation_rate=1, name="one")(inputs)
    x = layers.ReLU()(layers.BatchNormalization(scale=False, name="folds")(x))
    y = layers.Conv2D(4, 1, activation="relu", name="active")(x)
    y = layers.BatchNormalization(name="stays")(y)
    z = layers.Conv2D(4, 1, name="read_twice")(y)
    x = z + layers.BatchNormalization(name="stays_too")(z)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dense(5, use_bias=False, name="dense")(x)
    network = keras.Model(inputs, layers.BatchNormalization(center=False)(x))
    rng = np.random.RandomState(0)
    for w in network.weights:
        w.assign(rng.uniform(0.5, 1.5, size=w.shape))
    return network, rng.normal(size=(3, 6, 6, 4)).astype("float32")


def test_outputs_are_those_of_inference():
    network, x = images()
    folded = fold(network)
    names = {p.name for p in folded.layers if isinstance(p, Folded)}
    assert names == {"one_folded", "dense_folded"}
    expected = array(network(x, training=False))
    np.testing.assert_allclose(array(folded(x, training=False)), expected, rtol=1e-5)
    assert len(folded.weights) == len(network.weights)
    again = recipe_of(folded).make()
    again.set_weights([array(w) for w in folded.weights])
    np.testing.assert_allclose(array(again(x, training=False)), expected, rtol=1e-5)


@pytest.mark.parametrize("make", [cnn, nested])
def test_gradients_are_those_of_frozen_statistics(make):
    network, _, x = made(make)
    before = [array(w).copy() for w in network.weights]
    folded = fold(network)
    y = np.zeros(network(x).shape, dtype="float32")
    _, found = step(folded, x, y)
    for w, old in zip(network.weights, before, strict=True):
        np.testing.assert_array_equal(array(w), old)
    moving = network.trainable_weights

    def loss():
        value = ops.mean(ops.square(network(ops.convert_to_tensor(x), training=False)))
        return value, {"loss": value}

    wanted = {}

    def keep(gradients):
        wanted.update(
            {w.path: array(g) for w, g in zip(moving, gradients, strict=True)}
        )

    _engine.minimize(loss, moving, keep, list(network.variables))
    assert len(found) == len(wanted)

    def sorted_by_size(gradients):
        return sorted(gradients, key=lambda g: (g.shape, np.abs(g).sum().round(3)))

    pairs = zip(*map(sorted_by_size, (found.values(), wanted.values())), strict=True)
    for one, other in pairs:
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_what_cannot_be_folded_is_refused():
    with pytest.raises(ValueError, match="no batch normalisation that can be folded"):
        fold(made(mlp)[0])
    with pytest.raises(ValueError, match="must be a Sequential or functional one"):
        fold(Subclassed())
