"""What networks beside a frozen one compute, written out in numpy."""

import numpy as np
import pytest

keras = pytest.importorskip("keras", exc_type=ImportError)

from keras import layers, ops  # noqa: E402
from scipy.special import erf, expit, softmax  # noqa: E402

from adapt.deep import _engine  # noqa: E402
from adapt.parameter_based.tuners import SHERL, VQT, Ladder, R2Tuning, UniPT, tuned  # noqa: E402
from adapt.parameter_based.tuners._deep._ladder import pooling  # noqa: E402
from adapt.parameter_based.tuners._deep._sherl import without_repetition  # noqa: E402
from adapt.parameter_based.tuners._deep._sides import aligned, n_tokens  # noqa: E402
from tests.parameter_based.deep.tuner_networks import (  # noqa: E402
    array,
    cnn,
    made,
    mlp,
    transformer,
)

# Those that add to the output alone.
SIDES = [Ladder(2), UniPT(2), SHERL(2, n_late=0), VQT(2), R2Tuning(2)]


def with_drawn_weights(make, tuner):
    """Return a network, a tuned one without zeros, its new weights, and rows."""
    network, shape, x = made(make)
    own = tuned(network, tuner, shape, random_state=0)
    rng = np.random.RandomState(2)
    for w in own.trainable_weights:
        w.assign(rng.uniform(-0.9, 0.9, size=w.shape))
    by_name = {w.path.split("/", 1)[1]: array(w) for w in own.delta_weights}
    return network, own, by_name, x


def read(network, x, names):
    """Return the outputs of layers as tokens, and that of the network."""
    if isinstance(network, keras.Sequential):
        found, y = {}, x
        for layer in network.layers:
            y = found[layer.name] = layer(y)
        found = [*(found[name] for name in names), y]
    else:
        outputs = [network.get_layer(name).output for name in names]
        found = keras.Model(network.input, [*outputs, network.output])(x)
    *taps, y = (array(z) for z in found)
    return [h[:, None] if h.ndim == 2 else h for h in taps], y


def dense(w, name, x):
    return x @ w[f"{name}/kernel"] + w[f"{name}/bias"]


def norm(w, name, x):
    z = x - x.mean(axis=-1, keepdims=True)
    z = z / np.sqrt((z**2).mean(axis=-1, keepdims=True) + 1e-3)
    return z * w[f"{name}/gamma"] + w[f"{name}/beta"]


def block(w, name, s):
    z = dense(w, f"{name}/in", norm(w, f"{name}/norm_dense", s))
    return s + dense(w, f"{name}/out", z * (1 + erf(z / np.sqrt(2))) / 2)


def groups(h, width):
    parts = np.array_split(h, width, axis=-1)
    return np.stack([part.mean(axis=-1) for part in parts], axis=-1)


# Ladder


@pytest.mark.parametrize("ladders", ["pool", "linear"])
def test_ladder_written_out(ladders):
    network, own, w, x = with_drawn_weights(mlp, Ladder(1, ladders=ladders))
    (low, high), y = read(network, x, ["low", "high"])
    rungs = low, high
    if ladders == "linear":
        rungs = dense(w, "ladder_0", low), dense(w, "ladder_1", high)
    s = dense(w, "between_1", block(w, "block_0", rungs[0]))  # from 6 units to 4
    mu = expit(w["gate_1"] / 0.1)
    s = block(w, "block_1", mu * s + (1 - mu) * rungs[1])
    expected = y + dense(w, "up", s)[:, 0]
    np.testing.assert_allclose(array(own(x)), expected, rtol=1e-4, atol=1e-5)


def test_a_ladder_has_means_where_the_network_pools():
    network, own, w, x = with_drawn_weights(cnn, Ladder(1, targets=["conv", "top"]))
    (steps, top), y = read(network, x, ["conv", "top"])
    s = block(w, "block_0", steps).mean(axis=1, keepdims=True)
    mu = expit(w["gate_1"] / 0.1)
    expected = y + dense(w, "up", block(w, "block_1", mu * s + (1 - mu) * top))[:, 0]
    np.testing.assert_allclose(array(own(x)), expected, rtol=1e-4, atol=1e-5)


def test_pooling_takes_means_of_neighbours():
    x = np.random.RandomState(0).normal(size=(3, 11)).astype("float32")
    np.testing.assert_allclose(x @ pooling(11, 4), groups(x, 4), atol=1e-6)


def test_a_ladder_can_attend():
    network, shape, x = made(transformer)
    moved = np.array(x)
    moved[:, 0, 0] += 1.0

    def change(attends):
        one = tuned(network, Ladder(1, block=attends), shape, random_state=0)
        side = one._parts.inserted[-1]
        first, second = (array(side.blocks[0](z)) for z in (x, moved))
        return np.abs(first - second)[:, 1:].max()

    assert change("dense") == 0
    assert change("attention") > 1e-3


# UniPT


def narrow(w, taps):
    return [norm(w, f"norm_{i}", dense(w, f"down_{i}", h)) for i, h in enumerate(taps)]


def test_unipt_written_out():
    names = ["attention", "wide"]
    network, own, w, x = with_drawn_weights(transformer, UniPT(2, targets=names))
    taps, y = read(network, x, names)
    g = narrow(w, taps)
    anchor, found, c = g[-1], [], []
    for part in g:
        scores = np.maximum(anchor @ part.transpose(0, 2, 1), 0)
        scores /= scores.sum(axis=-1, keepdims=True) + 1e-6
        found.append((scores + np.eye(6)) @ part)
        c.append((anchor.mean(axis=1) * part.mean(axis=1)) @ w["confidence"])
    shares = softmax(c, axis=0)[..., None, None]
    mixed = norm(w, "norm_mix", dense(w, "mix", (shares * found).sum(axis=0)))
    s = np.maximum(anchor + mixed, 0).mean(axis=1)
    expected = y + dense(w, "up", s)
    np.testing.assert_allclose(array(own(x)), expected, rtol=1e-4, atol=1e-5)


# SHERL


def summary(w, taps):
    f = np.stack(narrow(w, taps))
    length = np.sqrt((f**2).sum(axis=-1) + 1e-6)
    cosines = np.einsum("intw,jntw->ijnt", f, f) / (length[:, None] * length)
    worth = np.maximum((f * f[-1]) @ w["score"], 0) / np.maximum(cosines, 0).sum(axis=1)
    shares = worth / (worth.sum(axis=0) + 1e-6)
    return np.maximum((shares[..., None] * f).sum(axis=0) + f[-1], 0)


def test_sherl_written_out():
    names = ["embed", "attention", "wide"]
    tuner = SHERL(1, targets=names, n_late=0)
    network, own, w, x = with_drawn_weights(transformer, tuner)
    taps, y = read(network, x, names)
    expected = y + dense(w, "up", summary(w, taps).mean(axis=1))
    np.testing.assert_allclose(array(own(x)), expected, rtol=1e-4, atol=1e-5)


def test_late_blocks_of_sherl_run_on_the_summary():
    tuner = SHERL(1, targets=["embed", "attention", "wide"], n_late=1)
    network, own, w, x = with_drawn_weights(transformer, tuner)
    taps, _ = read(network, x, ["embed", "attention"])
    h = taps[0] + taps[1] + dense(w, "up", summary(w, taps))  # the first residual sum
    late = keras.Model(network.get_layer("add1").output, network.output)
    np.testing.assert_allclose(array(own(x)), array(late(h)), rtol=1e-4, atol=1e-5)


def test_what_repeats_others_weighs_less():
    f = np.array([[[1, 0], [2, 0], [0, 1]]], dtype="float32")
    found = array(without_repetition(f, ops.convert_to_tensor([[1.0, 1.0, 1.0]])))
    np.testing.assert_allclose(found, [[0.25, 0.25, 0.5]], atol=1e-5)


# VQT


def test_vqt_written_out_for_attention():
    network, own, w, x = with_drawn_weights(transformer, VQT(2))
    (normed,), y = read(network, x, ["norm1"])
    queries = np.tile(w["tokens"], (6, 1, 1))
    s = array(network.get_layer("attention")(queries, normed))
    s /= np.linalg.norm(s, axis=-1, keepdims=True)
    expected = y + dense(w, "up", s.reshape(6, -1))
    np.testing.assert_allclose(array(own(x)), expected, rtol=1e-4, atol=1e-5)


def test_vqt_written_out_without_attention():
    tuner = VQT(2, targets=["conv", "top"])
    network, own, w, x = with_drawn_weights(cnn, tuner)
    (h, top), y = read(network, x, ["conv", "top"])
    s = softmax(w["q"] @ h.transpose(0, 2, 1), axis=-1) @ h
    parts = [z / np.linalg.norm(z, axis=-1, keepdims=True) for z in (s, top)]
    flat = np.concatenate([z.reshape(6, -1) for z in parts], axis=1)
    expected = y + dense(w, "up", flat)
    np.testing.assert_allclose(array(own(x)), expected, rtol=1e-4, atol=1e-5)


# R2-Tuning


@pytest.mark.parametrize("order", ["last to first", "first to last"])
def test_r2_tuning_written_out(order):
    names = ["embed", "low", "high"]
    inputs = keras.Input((5,))
    z = layers.Dense(3, name="embed")(inputs)
    z = layers.Dense(6, "tanh", name="low")(z)
    whole = keras.Model(inputs, layers.Dense(6, name="high")(z))
    x = np.random.RandomState(1).normal(size=(6, 5)).astype("float32")
    own = tuned(whole, R2Tuning(1, n_layers=2, order=order), random_state=0)
    rng = np.random.RandomState(2)
    for weight in own.trainable_weights:
        weight.assign(rng.uniform(-0.9, 0.9, size=weight.shape))
    w = {v.path.split("/", 1)[1]: array(v) for v in own.delta_weights}
    assert "map_3/kernel" not in w
    (_, *v), y = read(whole, x, names)
    v = [dense(w, "map_6", h) for h in v]
    first, second, gate = (*v, w.get("gate_2"))
    if order == "last to first":
        first, second, gate = v[1], v[0], w["gate_1"]
    share = expit(gate)
    s = block(w, "block", share * second + (1 - share) * block(w, "block", first))
    expected = y + dense(w, "up", s)[:, 0]
    np.testing.assert_allclose(array(own(x)), expected, rtol=1e-4, atol=1e-5)


# All


@pytest.mark.parametrize("tuner", SIDES, ids=lambda t: type(t).__name__)
def test_no_gradient_passes_from_the_side_to_the_network(tuner):
    _, own, _, x = with_drawn_weights(transformer, tuner)

    def side(z):
        return ops.sum(own(z, training=False) - own.base(z, training=False))

    total, slope = _engine.value_and_gradient(side, ops.convert_to_tensor(x))
    assert abs(float(array(total))) > 1e-3
    np.testing.assert_allclose(array(slope), 0, atol=1e-5)


# With JAX, where each shape compiles for long, one of them.
OF_ANY_SHAPE = SIDES[:1] if _engine.BACKEND == "jax" else SIDES


@pytest.mark.parametrize("tuner", OF_ANY_SHAPE, ids=lambda t: type(t).__name__)
def test_images_and_series_of_open_length(tuner):
    rng = np.random.RandomState(0)
    image = keras.Input((4, 4, 3))
    z = layers.Conv2D(4, 3, padding="same", name="one")(image)
    pooled = layers.Conv2D(5, 2, strides=2, name="two")(z)
    x = rng.normal(size=(2, 4, 4, 3)).astype("float32")
    for end in pooled, layers.Conv2D(5, 1, name="three")(z):
        own = tuned(keras.Model(image, end), tuner, random_state=0)
        assert own(x).shape == (2, *end.shape[1:])
    series = keras.Input((None, 3))
    z = layers.Conv1D(4, 3, padding="same")(series)
    z = layers.GlobalAveragePooling1D()(layers.Conv1D(4, 2, strides=2)(z))
    own = tuned(keras.Model(series, layers.Dense(3)(z)), tuner, random_state=0)
    for n in 6, 9:
        assert own(rng.normal(size=(2, n, 3)).astype("float32")).shape == (2, 3)


def test_tokens_are_counted_and_aligned():
    assert n_tokens((None, 3)) == 1
    assert n_tokens((None, 5, 4, 3)) == 20
    assert n_tokens((None, None, 3)) is None
    z = ops.convert_to_tensor(np.arange(6.0).reshape(1, 3, 2))
    assert aligned(z, 3, 3) is z
    np.testing.assert_array_equal(array(aligned(z, 3, 1)), [[[2.0, 3.0]]])
    np.testing.assert_array_equal(array(aligned(z, None, None)), [[[2.0, 3.0]]])
