"""What each tuner computes, beside closed forms."""

import numpy as np
import pytest

keras = pytest.importorskip("keras", exc_type=ImportError)

from keras import layers  # noqa: E402

from adapt.parameter_based.tuners import BitFit, LoRA, Scaling, tuned  # noqa: E402
from tests.parameter_based.deep.tuner_networks import (  # noqa: E402
    array,
    made,
    mlp,
    step,
    transformer,
)

RNG = np.random.default_rng(0)


def linear(n_inputs=6, n_outputs=5):
    body = [layers.Dense(n_outputs, use_bias=False, name="dense")]
    return keras.Sequential([keras.Input((n_inputs,)), *body])


def test_lora_descends_along_the_gradient_of_the_kernel():
    network = linear()
    x = RNG.normal(size=(16, 6)).astype("float32")
    y = RNG.normal(size=(16, 5)).astype("float32")
    own = tuned(network, LoRA(6, alpha=3.0), random_state=0)
    low = own._parts.deltas[0]
    a = array(low.a)
    kernel = array(network.layers[0].kernel)
    _, found = step(own, x, y)
    gradient = 2 / y.size * x.T @ (x @ kernel - y)
    np.testing.assert_allclose(found[low.b.path], 0.5 * a.T @ gradient, atol=1e-6)
    np.testing.assert_array_equal(found[low.a.path], 0)


def test_lora_of_full_rank_reaches_any_kernel():
    network = linear()
    own = tuned(network, LoRA(9))
    low = own._parts.deltas[0]
    target = RNG.normal(size=(6, 5)).astype("float32")
    gap = target - array(network.layers[0].kernel)
    u, s, vt = np.linalg.svd(gap, full_matrices=False)
    low.a.assign(u * s)
    low.b.assign(vt)
    np.testing.assert_allclose(array(own.merged().layers[-1].kernel), target, atol=1e-5)


def test_lora_counts_kernels_as_matrices():
    network, shape, _ = made(transformer)
    own = tuned(network, LoRA(1), shape)
    sizes = [
        (len(low.a.shape) and low.a.shape[0], low.b.shape[1])
        for low in own._parts.deltas
    ]
    attention = [(4, 4)] * 4  # queries, keys, values, and back from heads to 4
    assert sizes == [(4, 4), *attention, (4, 8), (8, 4)]


def test_bitfit_trains_vectors_alone():
    network, shape, _ = made(transformer)
    every = [v for v in network.weights if "bias" in v.name or v.name in _NORM]
    trained = tuned(network, BitFit(), shape).trainable_weights
    assert sorted(tuple(w.shape) for w in trained) == sorted(v.shape for v in every)
    without = tuned(network, BitFit(norms=False), shape)
    assert len(without.trainable_weights) == len(trained) - 4


_NORM = ("gamma", "beta")


def test_scaling_is_a_factor_of_outputs():
    network, shape, x = made(mlp)
    own = tuned(network, Scaling(), shape)
    s = RNG.normal(size=6).astype("float32")
    low, high = own.trainable_weights
    low.assign(s)
    first, second = network.layers
    z = np.tanh((x @ array(first.kernel) + array(first.bias)) * (1 + s))
    expected = z @ array(second.kernel) + array(second.bias)
    np.testing.assert_allclose(array(own(x)), expected, atol=1e-5)
    assert tuple(high.shape) == (4,)


def test_scaling_acts_on_keys_and_values():
    network, shape, _ = made(transformer)
    own = tuned(network, Scaling("attention"), shape)
    paths = [v.path for variables in own._parts.replaced for v in variables]
    assert len(paths) == 4
    assert all("key" in path or "value" in path for path in paths)
