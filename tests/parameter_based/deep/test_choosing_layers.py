"""Tuners that give few layers new weights, new rows of embeddings, shared trunks."""

import numpy as np
import pytest

keras = pytest.importorskip("keras", exc_type=ImportError)

from keras import layers, ops  # noqa: E402
from scipy.special import expit, softmax  # noqa: E402

from adapt.deep import _engine  # noqa: E402
from adapt.deep._recipes import recipe_of  # noqa: E402
from adapt.parameter_based import FineTuning  # noqa: E402
from adapt.parameter_based.tuners import (  # noqa: E402
    SWR,
    Adapters,
    Both,
    Compacter,
    ConvAdapter,
    LoRA,
    SingleLayer,
    extend_embedding,
    joined,
    tuned,
)
from adapt.parameter_based.tuners._deep._swr import affordable  # noqa: E402
from tests.common import shifted_classes  # noqa: E402
from tests.parameter_based.deep.common import SMALL, encoder, task  # noqa: E402
from tests.parameter_based.deep.tuner_networks import (  # noqa: E402
    array,
    cnn,
    made,
    mlp,
    step,
    transformer,
)

RNG = np.random.default_rng(0)


def two_layers():
    body = [
        layers.Dense(3, use_bias=False, name="low"),
        layers.Dense(2, use_bias=False, name="high"),
    ]
    network = keras.Sequential([keras.Input((4,)), *body])
    for w in network.weights:
        w.assign(RNG.normal(size=w.shape))
    return network


def drawn_changes(own):
    (layer,) = own._parts.deltas
    for change in layer.changes:
        change.assign(RNG.normal(size=change.shape))
    return layer


# SWR


def test_swr_written_out():
    network = two_layers()
    own = tuned(network, SWR(0.7, price=2.0))
    layer = drawn_changes(own)
    layer.policy.assign([-0.6, 0.4, 0.1])
    shares = np.array([12, 6]) / 18
    np.testing.assert_allclose(layer.shares, shares)
    level = np.array([-0.6, 0.4]) - np.dot([-0.6, 0.4], shares) + 0.1
    p = (level > 0).astype(float)
    assert p.tolist() == [0.0, 1.0]
    kernels = [array(w) for w in network.weights]
    changes = [array(d) for d in layer.changes]
    first, second = (w + q * d for w, q, d in zip(kernels, p, changes, strict=True))
    x = RNG.normal(size=(8, 4)).astype("float32")
    y = RNG.normal(size=(8, 2)).astype("float32")
    np.testing.assert_allclose(array(own(x)), x @ first @ second, rtol=1e-4, atol=1e-4)

    residual = 2 * (x @ first @ second - y) / y.size
    slopes = [x.T @ residual @ second.T, (x @ first).T @ residual]
    of_level = [np.sum(g * d) for g, d in zip(slopes, changes, strict=True)]
    of_level *= expit(level) * (1 - expit(level))
    of_policy = [*(of_level - shares * of_level.sum()), of_level.sum()]
    _, found = step(own, x, y, rate=0.0)
    found = {path.rsplit("/", 1)[1]: slope for path, slope in found.items()}
    np.testing.assert_allclose(found["policy"], of_policy, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(found["change_0"], 0)
    np.testing.assert_allclose(found["change_1"], slopes[1], rtol=1e-3, atol=1e-4)


def test_what_is_used_beyond_the_budget_is_paid_for():
    own = tuned(two_layers(), SWR(0.4, price=2.0))
    (layer,) = own._parts.deltas
    (penalty,) = own.losses
    np.testing.assert_allclose(array(penalty), 2 * (1 - 0.4) ** 2, rtol=1e-5)
    _, slope = _engine.value_and_gradient(
        layer.policy.regularizer, ops.convert_to_tensor(layer.policy.value)
    )
    of_level = expit(0.2) * (1 - expit(0.2))
    expected = [0, 0, 2 * 2 * (1 - 0.4) * of_level]
    np.testing.assert_allclose(array(slope), expected, rtol=1e-5)
    layer.policy.assign([-1.0, 0.0, 0.0])  # the upper layer alone
    np.testing.assert_allclose(array(own.losses[0]), 0)


def test_the_budget_holds_what_stands_highest():
    shares = np.array([0.5, 0.2, 0.3, 0.1])
    level = np.array([0.3, 0.2, 0.4, -0.1])
    assert affordable(level, shares, 1.0).tolist() == [True, True, True, False]
    assert affordable(level, shares, 0.5).tolist() == [False, True, True, False]
    assert affordable(level, shares, 0.05).tolist() == [False] * 4


@pytest.mark.parametrize(("share", "n_kept"), [(0.7, 1), (1.0, 2)])
def test_what_is_stored_is_within_the_budget(share, n_kept, tmp_path):
    _, _, Xt, yt = shifted_classes(n=60, n_classes=3)
    given = encoder()
    model = FineTuning(given, task(), tuner=SWR(share), **SMALL).fit(Xt, yt)
    (layer,) = model.encoder_._parts.deltas
    changes = [array(change) for change in layer.changes]
    kept = [bool(np.abs(change).any()) for change in changes]
    stored = sum(d.size for d, here in zip(changes, kept, strict=True) if here)
    assert 0 < stored <= share * given.count_params()
    assert sum(kept) == 2 * n_kept  # kernels and biases

    merged = model.merged_model()
    head = merged.layers[-1].count_params()
    assert merged.count_params() - head == given.count_params()
    kinds = [type(layer) for layer in merged._flatten_layers()]
    assert kinds.count(layers.Dense) == 3
    path = tmp_path / "delta.npz"
    model.save_delta(path)
    again = FineTuning(given).load_delta(path)
    np.testing.assert_allclose(again.predict_proba(Xt), model.predict_proba(Xt))


def test_a_budget_that_holds_no_layer_is_refused():
    with pytest.raises(ValueError, match=r"holds no layer.*'high', has 6.*0\.33"):
        tuned(two_layers(), SWR(0.2))


# One layer


@pytest.mark.parametrize("skip", [True, False])
def test_single_layer_written_out(skip):
    network, shape, x = made(transformer)
    own = tuned(network, SingleLayer("^wide$", skip=skip), shape, random_state=0)
    rng = np.random.RandomState(2)
    for w in own.trainable_weights:
        w.assign(rng.uniform(-0.5, 0.5, size=w.shape))
    changed = keras.models.clone_model(network)
    changed.set_weights([array(w) for w in network.weights])
    wide = changed.get_layer("wide")
    changes = [array(d) for d in own._parts.deltas[0].offsets]
    pairs = zip(wide.weights, changes, strict=True)
    wide.set_weights([array(w) + d for w, d in pairs])
    expected = array(changed(x))
    if skip:
        h = array(keras.Model(changed.input, wide.output)(x)).mean(axis=1)
        up = {
            w.path.rsplit("/", 1)[1]: array(w) for w in own._parts.inserted[0].weights
        }
        expected = expected + h @ up["kernel"] + up["bias"]
    else:
        kinds = [type(layer) for layer in own.merged()._flatten_layers()]
        assert kinds == [type(layer) for layer in network._flatten_layers()]
    np.testing.assert_allclose(array(own(x)), expected, rtol=1e-4, atol=1e-5)


def test_single_layer_takes_one():
    network, shape, _ = made(cnn)
    own = tuned(network, SingleLayer(), shape)
    assert [v.path.split("/")[0] for v in own._parts.replaced[0]] == ["conv"]
    with pytest.raises(ValueError, match=r"finds 2 layers, \['conv', 'top'\]"):
        tuned(network, SingleLayer(["conv", "dense"]), shape)


# Embeddings


def of_words(n_values=5):
    inner = keras.Sequential(
        [keras.Input((2,), dtype="int32"), layers.Embedding(n_values, 3, name="words")],
        name="inner",
    )
    x = keras.Input((2,), dtype="int32")
    y = layers.Dense(2, name="top")(layers.Flatten()(inner(x)))
    return keras.Model(x, y)


def test_new_rows_are_means_of_their_parts():
    network = of_words()
    before = [array(w).copy() for w in network.weights]
    new = extend_embedding(network, [[0, 2], [], [4]])
    table, *others = (array(w) for w in new.weights)
    old = before[0]
    np.testing.assert_array_equal(table[:5], old)
    expected = [(old[0] + old[2]) / 2, old.mean(axis=0), old[4]]
    np.testing.assert_allclose(table[5:], expected, rtol=1e-6)
    for a, b in zip(others, before[1:], strict=True):
        np.testing.assert_array_equal(a, b)
    x = np.array([[0, 3], [4, 1]])
    np.testing.assert_array_equal(array(new(x)), array(network(x)))
    assert network.get_layer("inner").layers[0].input_dim == 5
    known, unknown = array(new(np.array([[4, 1]]))), array(new(np.array([[7, 1]])))
    np.testing.assert_allclose(known, unknown, rtol=1e-6)
    assert extend_embedding(network, []).count_params() == network.count_params()


def test_embeddings_that_cannot_be_extended():
    with pytest.raises(ValueError, match=r"`parts` has 5.*'inner/words'.*0 to 4"):
        extend_embedding(of_words(), [[5]])
    with pytest.raises(ValueError, match="finds no layer"):
        extend_embedding(two_layers(), [[0]])
    body = [layers.Embedding(3, 2, name=name) for name in "ab"]
    x = keras.Input((1,), dtype="int32")
    both = keras.Model(x, layers.Add()([part(x) for part in body]))
    with pytest.raises(ValueError, match=r"2 embeddings, \['a', 'b'\]"):
        extend_embedding(both, [[0]])
    one = extend_embedding(both, [[0]], "^b$")
    assert [w.shape[0] for w in one.weights] == [3, 4]


# Shared trunks


def with_head(make, n_classes, seed, **options):
    """Return a network, its last layer drawn with a seed, and 6 rows."""
    network, _, x = made(make)
    head = layers.Dense(n_classes, **options)
    x_in = network.inputs[0]
    whole = keras.Model(x_in, head(network.outputs[0]))
    head.set_weights(
        [np.random.RandomState(seed).normal(size=w.shape) for w in head.weights]
    )
    return whole, x


def test_joined_networks_share_what_is_equal():
    old, x = with_head(transformer, 3, 0, activation="softmax")
    new, _ = with_head(transformer, 2, 1)
    for w in new.get_layer("narrow").weights:
        w.assign(array(w) + 0.1)
    both = joined([old, new], [1.0, 2.0])
    n = old.count_params() + new.get_layer("narrow").count_params() + 4 * 2 + 2
    assert both.count_params() == n
    logits = [np.log(array(old(x))), array(new(x)) / 2]
    # Logits of a softmax are known up to a number for each row.
    found = np.log(array(both(x)))
    np.testing.assert_allclose(
        softmax(found[:, :3], axis=1), array(old(x)), rtol=1e-4, atol=1e-6
    )
    np.testing.assert_allclose(
        softmax(found[:, 3:], axis=1), softmax(logits[1], axis=1), rtol=1e-4, atol=1e-6
    )
    np.testing.assert_array_equal(
        found[:, :3].argmax(axis=1), array(old(x)).argmax(axis=1)
    )
    again = recipe_of(both).make()
    again.set_weights([array(w) for w in both.weights])
    np.testing.assert_allclose(array(again(x)), array(both(x)), atol=1e-6)


def test_joined_logits_are_put_side_by_side():
    old, x = with_head(mlp, 2, 0)
    new, _ = with_head(mlp, 1, 1, activation="sigmoid")
    z, p = array(old(x)), array(new(x))
    logits = np.hstack([z / 2, np.zeros_like(p), np.log(p / (1 - p)) / 4])
    found = array(joined([old, new], [2.0, 4.0])(x))
    np.testing.assert_allclose(found, softmax(logits, axis=1), rtol=1e-4, atol=1e-6)


def test_networks_that_cannot_be_joined():
    old, _ = with_head(mlp, 2, 0)
    with pytest.raises(ValueError, match="two or more networks"):
        joined([old])
    with pytest.raises(ValueError, match="above 0, got 0"):
        joined([old, old], [1.0, 0])
    with pytest.raises(ValueError, match="different shapes"):
        joined([old, with_head(cnn, 2, 0)[0]])


# All


@pytest.mark.parametrize(
    ("tuner", "name"),
    [
        (LoRA(2), "alpha"),
        (Adapters(3), "scale"),
        (Compacter(4, divisions=2), "scale"),
        (ConvAdapter(3, targets="conv"), "scale"),
        (SWR(0.9), "price"),
        (SWR(0.9), "share"),
        (Both([Adapters(3, targets="dense"), LoRA(1)]), None),
    ],
    ids=lambda v: v if isinstance(v, str) else type(v).__name__,
)
def test_programs_are_compiled_once_for_all_factors(tuner, name):
    network, shape, x = made(cnn)
    keys, outputs = [], []
    for value in 1.0, 0.8:
        if name is None:
            tuner.tuners[0].scale = value
        else:
            tuner.set_params(**{name: value})
        own = tuned(network, tuner, shape, random_state=0)
        for w in own.trainable_weights:
            w.assign(array(w) + 0.1)
        keys.append(recipe_of(own).key)
        outputs.append(array(own(x)))
    assert keys[0] == keys[1]
    assert isinstance(tuner, SWR) or np.abs(outputs[0] - outputs[1]).max() > 1e-4
