"""What each tuner computes, beside closed forms."""

import numpy as np
import pytest

keras = pytest.importorskip("keras", exc_type=ImportError)

from keras import layers  # noqa: E402
from scipy.special import softmax  # noqa: E402

from adapt.parameter_based.tuners import (  # noqa: E402
    Adapters,
    BitFit,
    Both,
    Compacter,
    ConvAdapter,
    LoRA,
    Prefix,
    Prompt,
    Scaling,
    tuned,
)
from adapt.parameter_based.tuners._deep._codes import LEVELS, decoded, encoded  # noqa: E402
from adapt.parameter_based.tuners._deep._kronecker import (  # noqa: E402
    Kronecker,
    SharedFactors,
)
from tests.parameter_based.deep.tuner_networks import (  # noqa: E402
    array,
    cnn,
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
    every = [
        v
        for v in network.weights
        if v.name in ("bias", "gamma", "beta") and "/key/" not in v.path
    ]
    trained = tuned(network, BitFit(), shape).trainable_weights
    assert sorted(tuple(w.shape) for w in trained) == sorted(
        tuple(v.shape) for v in every
    )
    without = tuned(network, BitFit(norms=False), shape)
    assert len(without.trainable_weights) == len(trained) - 4


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


# Codes


def test_nf4_takes_the_nearest_level():
    kernel = RNG.normal(size=(3, 50, 70)).astype("float32")
    codes, scales = encoded(kernel, "nf4")
    flat = np.pad(kernel.ravel(), (0, -kernel.size % 64)).reshape(-1, 64)
    top = np.abs(flat).max(axis=1, keepdims=True)
    nearest = LEVELS[np.abs(flat[..., None] / top[..., None] - LEVELS).argmin(axis=-1)]
    expected = (nearest * top).ravel()[: kernel.size].reshape(kernel.shape)
    back = array(decoded(codes, scales, kernel.shape, "nf4"))
    np.testing.assert_allclose(back, expected, atol=1e-6)
    assert len(LEVELS) == 16
    assert {-1.0, 0.0, 1.0} <= set(LEVELS.tolist())
    assert (codes.nbytes + scales.nbytes) / kernel.nbytes <= 0.16


def test_int8_rounds_each_channel():
    kernel = RNG.normal(size=(3, 50, 70)).astype("float32") * np.arange(70)
    codes, scales = encoded(kernel, "int8")
    back = array(decoded(codes, scales, kernel.shape, "int8"))
    step = np.abs(kernel).max(axis=(0, 1)) / 127
    assert (np.abs(back - kernel) <= 0.5001 * step + 1e-30).all()
    assert (codes.nbytes + scales.nbytes) / kernel.nbytes <= 0.265


@pytest.mark.parametrize("form", ["nf4", "int8"])
def test_kernels_of_codes_are_stored_nowhere_else(form, tmp_path):
    network, shape, x = made(transformer)
    own = tuned(network, LoRA(2, quantize=form), shape, random_state=0)
    floats = [w for w in own.weights if "float" in str(w.dtype) and len(w.shape) > 1]
    assert {w.name for w in floats} <= {"a", "b", "bias"}
    given = array(network(x, training=False))
    coded = array(own(x, training=False))
    assert 1e-6 < np.abs(coded - given).max() < np.abs(given).max()
    path = tmp_path / "coded.keras"
    own.save(path)
    again = keras.models.load_model(path)
    np.testing.assert_allclose(array(again(x, training=False)), coded, atol=1e-6)
    assert {w.name for w in own.delta_weights} == {"a", "b", "scale"}


# Adapters


def written_out(network, x):
    """Return inputs and outputs of the two layers of the perceptron."""
    low, high = network.layers
    h = np.tanh(x @ array(low.kernel) + array(low.bias))
    return [(x, h), (h, h @ array(high.kernel) + array(high.bias))]


@pytest.mark.parametrize("position", ["sequential", "parallel"])
def test_adapters_written_out(position):
    network, shape, x = made(mlp)
    tuner = Adapters(3, targets="^low$", position=position, scale=2.0)
    own = tuned(network, tuner, shape, random_state=0)
    for w in own.trainable_weights:
        w.assign(RNG.normal(size=w.shape))
    down, into, up, back, _ = (array(w) for w in own.delta_weights)
    (given, h), _ = written_out(network, x)
    z = h if position == "sequential" else given
    h = h + 2 * (np.maximum(z @ down + into, 0) @ up + back)
    high = network.layers[1]
    expected = h @ array(high.kernel) + array(high.bias)
    np.testing.assert_allclose(array(own(x)), expected, rtol=1e-5, atol=1e-5)


def test_adapters_stand_at_the_sums_of_residual_blocks():
    network, shape, _ = made(transformer)
    own = tuned(network, Adapters(3), shape)
    assert len(own.delta_weights) == 10  # at a layer and at a plus sign
    by_kind = tuned(network, Adapters(3, targets=["attention", "narrow"]), shape)
    names = {w.path.split("/")[0] for w in by_kind.delta_weights}
    assert names == {
        f"{place}_adapter_{end}"
        for place in ("attention", "narrow")
        for end in ("down", "up", "scale")
    }
    with pytest.raises(ValueError, match=r"finds no layer.*'attention', 'add1'"):
        tuned(network, Adapters(3, targets="pooling"), shape)


def test_a_parallel_adapter_of_a_sum_gets_the_input_of_the_block():
    inputs = keras.Input((4,))
    h = layers.Dense(4, "tanh", name="inner")(inputs)
    network = keras.Model(inputs, layers.Add(name="sum")([h, inputs]))
    own = tuned(network, Adapters(3, position="parallel"), random_state=0)
    x = RNG.normal(size=(5, 4)).astype("float32")
    before = array(own(x))
    for w in own.trainable_weights:
        w.assign(RNG.normal(size=w.shape))
    down, into, up, back, _ = (array(w) for w in own.delta_weights)
    expected = before + np.maximum(x @ down + into, 0) @ up + back
    np.testing.assert_allclose(array(own(x)), expected, rtol=1e-5, atol=1e-5)


def test_layers_that_are_called_twice_have_one_adapter():
    inputs = keras.Input((4,))
    dense = layers.Dense(4, "tanh", name="twice")
    network = keras.Model(inputs, dense(dense(inputs)))
    own = tuned(network, Adapters(3), random_state=0)
    assert len(own.delta_weights) == 5


def test_compacter_is_a_sum_of_kronecker_products():
    shared = SharedFactors(4)
    layer = Kronecker(8, shared)
    layer.build((None, 12))
    a, s, t = array(shared.a), array(layer.s), array(layer.t)
    dense = sum(np.kron(a[i], s[i] @ t[i]) for i in range(4))
    np.testing.assert_allclose(array(layer.kernel()), dense, atol=1e-6)


def test_compacter_shares_factors_and_merges_into_dense_layers():
    network, shape, _ = made(transformer)
    own = tuned(network, Compacter(8, divisions=2), shape)
    shared = [w for w in own.delta_weights if "shared_factors" in w.path]
    assert [tuple(w.shape) for w in shared] == [(2, 2, 2)]
    n, dense = (
        sum(int(np.prod(w.shape)) for w in network.delta_weights if len(w.shape) > 1)
        for network in (own, tuned(network, Adapters(8), shape))
    )
    assert n < dense / 2
    kinds = {type(layer) for layer in own.merged().layers}
    assert Kronecker not in kinds
    with pytest.raises(ValueError, match="`divisions`=3 of the tuner must divide"):
        tuned(network, Compacter(6, divisions=3), shape)


@pytest.mark.parametrize("causal", [False, True])
def test_the_convolutional_adapter_sees_nine_steps(causal):
    body = [layers.Conv1D(2, 1, name="conv")]
    network = keras.Sequential([keras.Input((21, 1)), *body])
    own = tuned(network, ConvAdapter(2, activation=None, causal=causal), random_state=0)
    for w in own.trainable_weights:
        w.assign(1 + RNG.random(w.shape))
    x = np.zeros((2, 21, 1), dtype="float32")
    x[1, 10] = 1
    y = array(own(x))
    seen = np.flatnonzero(np.abs(y[1] - y[0]).sum(axis=1) > 1e-6)
    assert (seen[0], seen[-1]) == ((10, 18) if causal else (6, 14))


def test_what_the_convolutional_adapter_refuses():
    network, shape, _ = made(cnn)
    with pytest.raises(ValueError, match="`gate` reads means over all time steps"):
        tuned(network, ConvAdapter(2, causal=True, gate=True), shape)
    with pytest.raises(ValueError, match=r"no place at 'top'"):
        tuned(network, ConvAdapter(2, targets="top"), shape)


# Attention


def test_a_prefix_is_a_gate_of_two_attentions():
    shapes = (3, 4), (7, 4), (7, 4), (2, 4), (2, 4)
    q, k, v, p, u = (RNG.normal(size=shape) for shape in shapes)
    whole = softmax(q @ np.vstack([p, k]).T, axis=1) @ np.vstack([u, v])
    share = np.exp(q @ p.T).sum(axis=1) / np.exp(q @ np.vstack([p, k]).T).sum(axis=1)
    parts = softmax(q @ k.T, axis=1) @ v, softmax(q @ p.T, axis=1) @ u
    gated = (1 - share)[:, None] * parts[0] + share[:, None] * parts[1]
    np.testing.assert_allclose(whole, gated, atol=1e-12)


def test_prefix_adds_an_attention_to_its_tokens():
    inputs = keras.Input((6, 4))
    attention = layers.MultiHeadAttention(2, 2, name="attention")
    network = keras.Model(inputs, attention(inputs, inputs, use_causal_mask=True))
    x = RNG.normal(size=(5, 6, 4)).astype("float32")
    own = tuned(network, Prefix(3), random_state=0)
    weights = {w.path.split("/")[0]: w for w in own.delta_weights}
    weights["attention_prefix_gate"].assign(0.7)
    keys, values = (
        np.tile(array(weights[f"attention_prefix_{name}"]), (5, 1, 1))
        for name in ("keys", "values")
    )
    plain = own.base.get_layer("attention")
    extra = array(plain(x, values, key=keys))
    expected = array(network(x)) + np.tanh(0.7) * extra
    np.testing.assert_allclose(array(own(x)), expected, atol=1e-5)


def test_prompt_prepends_tokens():
    network, shape, x = made(transformer)
    own = tuned(network, Prompt(2, targets="embed"), shape, random_state=0)
    assert [tuple(w.shape) for w in own.trainable_weights] == [(2, 4)]
    assert own(x).shape == (6, 4)
    with pytest.raises(ValueError, match=r"must say after which layer.*'embed'"):
        tuned(network, Prompt(2), shape)
    inputs = keras.Input((6, 4))
    whole = keras.Model(inputs, layers.Dense(3, name="embed")(inputs))
    with pytest.raises(ValueError, match="Prompt changes the shape of the outputs"):
        tuned(whole, Prompt(2, targets="embed"))


# Several


def test_both_of_one_is_that_one():
    network, shape, x = made(transformer)
    one, both = (
        tuned(network, tuner, shape, random_state=0)
        for tuner in (Adapters(3), Both([Adapters(3)]))
    )
    for own in one, both:
        rng = np.random.RandomState(3)
        for w in own.trainable_weights:
            w.assign(rng.normal(size=w.shape))
    np.testing.assert_array_equal(array(one(x)), array(both(x)))


def test_what_both_refuses():
    network, shape, _ = made(mlp)
    with pytest.raises(ValueError, match="`tuners` must hold one or more tuners"):
        tuned(network, Both([]), shape)
    with pytest.raises(ValueError, match="'rank' parameter of LoRA"):
        tuned(network, Both([LoRA(0)]), shape)
    with pytest.raises(ValueError, match="Two tuners act on the weight"):
        tuned(network, Both([LoRA(1), LoRA(2)]), shape)
