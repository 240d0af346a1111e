"""The engine: the same numbers on every backend, and few compilations."""

import random

import numpy as np
import pytest

keras = pytest.importorskip("keras", exc_type=ImportError)

from scipy.special import log_softmax  # noqa: E402
from sklearn.model_selection import GridSearchCV  # noqa: E402

from adapt.deep import Update, UpdateLambda, _engine, _engine_steps  # noqa: E402
from adapt.deep._feed import Feed, padded, shuffled  # noqa: E402
from adapt.deep._kept import Kept, kept  # noqa: E402
from adapt.deep._program import Program  # noqa: E402
from adapt.feature_based import DANN, DeepCORAL  # noqa: E402
from tests.deep.reference import plain_encoder  # noqa: E402

SMALL = {
    **{"epochs": 3, "batch_size": 16, "random_state": 0},
    **{"encoder": plain_encoder, "optimizer": "adam"},
}


@pytest.fixture(scope="module")
def tables():
    rng = np.random.default_rng(0)
    Xs = rng.normal(size=(60, 3))
    return Xs, (Xs[:, 0] > 0).astype(int), Xs[:40] * 1.5 + 0.3


def _linear(n_inputs, n_outputs):
    kernel = np.linspace(-1, 1, n_inputs * n_outputs).reshape(n_inputs, n_outputs)
    network = keras.Sequential(
        [keras.Input((n_inputs,)), keras.layers.Dense(n_outputs)]
    )
    network.set_weights([kernel, np.linspace(0, 0.5, n_outputs)])
    return network, lambda x: x @ kernel + np.linspace(0, 0.5, n_outputs)


def test_first_losses_are_those_of_numpy(tables):
    """One step of SGD at a rate of nearly zero on the whole data is a plain sum."""
    Xs, ys, Xt = tables
    Xt = np.concatenate([Xt, Xt[:20]])  # as many rows: a batch is the whole data
    encoder, encode = _linear(3, 4)
    task, classify = _linear(4, 2)
    discriminator, discriminate = _linear(4, 1)
    networks = {"encoder": encoder, "task": task}
    one = {"epochs": 1, "batch_size": 60, "optimizer": "sgd", "learning_rate": 1e-9}

    zs, zt = encode(Xs), encode(Xt)
    expected_task = -log_softmax(classify(zs), axis=1)[np.arange(60), ys].mean()
    model = DANN(discriminator=discriminator, **networks, **one).fit(Xs, ys, Xt=Xt)
    assert model.history_["task_loss"][0] == pytest.approx(expected_task, rel=1e-5)
    expected = (
        np.logaddexp(0, -discriminate(zs)).mean()
        + np.logaddexp(0, discriminate(zt)).mean()
    )
    assert model.history_["disc_loss"][0] == pytest.approx(expected, rel=1e-5)

    model = DeepCORAL(lambda_=3.0, **networks, **one).fit(Xs, ys, Xt=Xt)
    expected = 3 * np.sum((np.cov(zs.T) - np.cov(zt.T)) ** 2) / (4 * 16)
    assert model.history_["coral_loss"][0] == pytest.approx(expected, rel=1e-4)
    total = expected_task + expected
    assert model.history_["loss"][0] == pytest.approx(total, rel=1e-4)


# What the backends gave when they agreed; a change of algorithm shows here.
REFERENCE = {
    DANN: [2.0744109, 1.9963782, 1.9361193],
    DeepCORAL: [0.7072561, 0.6569389, 0.6041729],
}


@pytest.mark.parametrize("method", [DANN, DeepCORAL])
def test_losses_agree_across_backends(method, tables):
    model = method(**SMALL).fit(*tables[:2], Xt=tables[2])
    np.testing.assert_allclose(model.history_["loss"], REFERENCE[method], rtol=1e-5)


@pytest.mark.skipif(_engine.BACKEND == "torch", reason="runs without compiling")
def test_a_search_over_lambda_compiles_once(tables):
    Xs, ys, Xt = tables
    # A batch size of its own, so that no other test has compiled this.
    model = DANN(Xt=Xt, epochs=2, batch_size=13, random_state=0)
    grid = {
        "lambda_": [0.0, 0.1, 1.0, UpdateLambda(max_steps=5)],
        "learning_rate": [1e-3, 1e-2],
    }
    before = _engine.COMPILED["epoch"]
    search = GridSearchCV(model, grid, cv=3).fit(Xs, ys)
    # TensorFlow traces a loop's body once more to relax a shape; no more than that.
    assert _engine.COMPILED["epoch"] - before <= 2
    losses = [
        DANN(Xt=Xt, epochs=2, batch_size=13, random_state=0, lambda_=value)
        .fit(Xs, ys)
        .history_["loss"][-1]
        for value in (0.0, 1.0)
    ]
    assert losses[0] != losses[1]
    assert np.isfinite(search.best_score_)


@pytest.mark.skipif(_engine.BACKEND == "torch", reason="runs without compiling")
def test_predict_does_not_compile_again(tables):
    Xs, ys, Xt = tables
    model = DANN(**SMALL).fit(Xs, ys, Xt=Xt)
    model.predict(Xt)
    before = _engine.COMPILED["forward"]
    for _ in range(3):
        model.predict(Xt)
        DANN(**SMALL, lambda_=0.7).fit(Xs, ys, Xt=Xt).predict(Xt)
    assert _engine.COMPILED["forward"] == before


def test_a_fit_leaves_earlier_fits_alone(tables):
    Xs, ys, Xt = tables
    first = DANN(**SMALL).fit(Xs, ys, Xt=Xt)
    kept = first.predict_proba(Xt)
    other = DANN(**{**SMALL, "random_state": 1}).fit(Xs, 1 - ys, Xt=Xt)
    np.testing.assert_array_equal(first.predict_proba(Xt), kept)
    assert np.abs(other.predict_proba(Xt) - kept).max() > 0.05


@pytest.mark.parametrize("jit_compile", [True, False])
def test_jit_changes_no_result(jit_compile, tables):
    Xs, ys, Xt = tables
    model = DeepCORAL(jit_compile=jit_compile, **SMALL).fit(Xs, ys, Xt=Xt)
    np.testing.assert_allclose(model.history_["loss"], REFERENCE[DeepCORAL], rtol=1e-5)


@pytest.mark.skipif(_engine.BACKEND == "torch", reason="gathers each batch by itself")
@pytest.mark.parametrize("block_bytes", [1, 2000])  # a step, and three of four
def test_gathering_in_blocks_changes_no_result(block_bytes, tables, monkeypatch):
    Xs, ys, Xt = tables
    monkeypatch.setattr(_engine_steps, "_BLOCK_BYTES", block_bytes)
    kept.clear()
    model = DeepCORAL(jit_compile=True, **SMALL).fit(Xs, ys, Xt=Xt)
    np.testing.assert_allclose(model.history_["loss"], REFERENCE[DeepCORAL], rtol=1e-5)


def test_streaming_changes_no_result(tables, tmp_path):
    Xs, ys, Xt = (np.asarray(a, dtype="float32") for a in tables)
    ys = ys.astype(int)
    mapped = np.memmap(tmp_path / "X", dtype="float32", mode="w+", shape=Xs.shape)
    mapped[:] = Xs
    whole = DANN(**SMALL).fit(Xs, ys, Xt=Xt)
    streamed = DANN(device_budget=600, **SMALL).fit(mapped, ys, Xt=Xt)
    np.testing.assert_allclose(
        streamed.history_["loss"], whole.history_["loss"], rtol=1e-5
    )
    np.testing.assert_allclose(
        streamed.predict_proba(Xt), whole.predict_proba(Xt), atol=1e-5
    )


def test_feed_covers_each_row_once_before_any_twice():
    rows = np.array([2, 5, 7])
    drawn = shuffled(np.random.default_rng(0), rows, 8)
    assert sorted(drawn[:3]) == [2, 5, 7]
    assert sorted(drawn[3:6]) == [2, 5, 7]
    feed = Feed(
        {"a": {"x": np.zeros((5, 1))}, "b": {"y": np.zeros((3, 1))}},
        {"a": np.arange(5), "b": np.arange(3)},
        batch_size=2,
        budget=1e9,
    )
    ((_, index, first, n_steps),) = feed.epoch(np.random.RandomState(0))
    assert (first, n_steps) == (0, 3)
    assert set(index["a"][:3].ravel()[:5]) == set(range(5))
    assert set(index["b"][:3].ravel()) == set(range(3))


def test_the_store_keeps_what_was_used_last():
    store = Kept(2)
    for key in "abc":
        store.put(key, key.upper())
    assert store.get("a") is None
    assert store.get("b") == "B"  # now "c" was used longest ago
    store.put("d", "D")
    assert (store.get("c"), store.take("b"), store.get("b")) == (None, "B", None)


def test_padding_is_small():
    sizes = np.arange(1, 5000)
    found = np.array([padded(n) for n in sizes])
    assert (found >= sizes).all()
    assert (found <= np.ceil(sizes * 1.125)).all()
    assert padded(53) == padded(54)


def test_global_generators_are_left_alone(tables):
    Xs, ys, Xt = tables
    encoder = keras.Sequential([keras.layers.Dense(4), keras.layers.Dropout(0.5)])
    states = random.getstate(), np.random.get_state()  # noqa: NPY002
    DANN(**{**SMALL, "encoder": encoder}).fit(Xs, ys, Xt=Xt).predict(Xt)
    assert random.getstate() == states[0]
    np.testing.assert_array_equal(
        np.random.get_state()[1],  # noqa: NPY002
        states[1][1],
    )


def test_schedule():
    steps = np.arange(0, 2000, 100)
    values = UpdateLambda(0.1, 0.9, max_steps=1000, gamma=10.0)(steps)
    expected = 0.1 + 0.8 * (2 / (1 + np.exp(-10 * np.minimum(steps / 1000, 1))) - 1)
    np.testing.assert_allclose(values, expected)


def test_schedule_reaches_the_steps(tables):
    """At a weight of zero the CORAL loss is zero; it grows with the schedule."""
    Xs, ys, Xt = tables

    def late(steps):
        return np.where(np.asarray(steps) < 4, 0.0, 1.0)  # 4 steps an epoch

    model = DeepCORAL(lambda_=late, **SMALL).fit(Xs, ys, Xt=Xt)
    assert model.history_["coral_loss"][0] == 0
    assert min(model.history_["coral_loss"][1:]) > 0
    given = DeepCORAL(callbacks=[UpdateLambda(max_steps=9)], **SMALL)
    same = DeepCORAL(lambda_=UpdateLambda(max_steps=9), **SMALL)
    assert given.fit(Xs, ys, Xt=Xt).history_ == same.fit(Xs, ys, Xt=Xt).history_


def test_a_bad_schedule_is_refused(tables):
    Xs, ys, Xt = tables
    with pytest.raises(ValueError, match="`lambda_` was called as a schedule"):
        DANN(lambda_=lambda steps: 1.0, **SMALL).fit(Xs, ys, Xt=Xt)


def _quadratic(networks):
    """Return the loss of a chain of two networks, for batches of rows and numbers."""

    def loss(batch):
        outputs = networks["task"](networks["encoder"](batch["Xs"]))
        return {"loss": keras.ops.mean((outputs - batch["ys"]) ** 2)}

    return loss


OPTIMIZERS = {
    "adam": keras.optimizers.Adam,
    "adamw": lambda: keras.optimizers.AdamW(weight_decay=0.1),
    "sgd": lambda: keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True),
    "rmsprop": lambda: keras.optimizers.RMSprop(centered=True),
    "nadam": lambda: keras.optimizers.Nadam(clipvalue=0.01),
    # These look at each variable as a whole.
    "clipped": lambda: keras.optimizers.Adam(clipnorm=0.01),
    "lamb": keras.optimizers.Lamb,
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_steps_are_those_of_a_keras_optimizer_per_network(name):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(6, 8, 3)), rng.normal(size=(6, 8, 2))
    ours = {"encoder": _linear(3, 4)[0], "task": _linear(4, 2)[0]}
    plain = {key: keras.models.clone_model(network) for key, network in ours.items()}
    for key, network in ours.items():
        plain[key].set_weights(network.get_weights())

    program = Program(
        ours,
        {key: OPTIMIZERS[name]() for key in ours},
        lambda key, network: {key: network.trainable_variables},
        [Update(_quadratic(ours), ("encoder", "task"))],
        _engine.choose_mode(False, ours.values(), 6),
    )
    packed = _engine.BACKEND == "tensorflow" and name not in ("clipped", "lamb")
    assert len({id(o) for o in program.optimizers.values()}) == (1 if packed else 2)
    data = {"all": {"Xs": X.reshape(48, 3), "ys": y.reshape(48, 2)}}
    data["all"] = {
        key: _engine.to_device(array.astype("float32"))
        for key, array in data["all"].items()
    }
    index = {"all": np.arange(48, dtype="int32").reshape(6, 8)}
    program.run(data, index, {}, 6)

    optimizers = {key: OPTIMIZERS[name]() for key in plain}
    owned = {key: network.trainable_variables for key, network in plain.items()}
    for key, optimizer in optimizers.items():
        optimizer.build(owned[key])

    def apply(gradients):
        optimizers["encoder"].apply(gradients[:2], owned["encoder"])
        optimizers["task"].apply(gradients[2:], owned["task"])

    for rows, values in zip(X.astype("float32"), y.astype("float32"), strict=True):
        batch = {"Xs": _engine.to_device(rows), "ys": _engine.to_device(values)}

        def loss(batch=batch):
            logs = _quadratic(plain)(batch)
            return logs["loss"], logs

        variables = [v for own in owned.values() for v in own]
        _engine.minimize(loss, variables, apply, variables)
    for key, network in plain.items():
        for found, expected in zip(
            ours[key].get_weights(), network.get_weights(), strict=True
        ):
            np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.skipif(_engine.BACKEND != "torch", reason="others compile")
def test_a_traced_step_is_the_step(tables, monkeypatch):
    Xs, ys, Xt = tables
    tried = []

    from adapt.deep import _engine_torch

    def noted(*args, traced=_engine_torch._traced):
        tried.append(traced(*args))
        return tried[-1]

    monkeypatch.setattr(_engine_torch, "_traced", noted)
    params = {"epochs": 2, "batch_size": 11, "random_state": 0}
    pairs = [
        [DANN(**params, jit_compile=jit).fit(Xs, ys, Xt=Xt) for jit in (True, False)]
    ]
    drops = keras.Sequential([keras.layers.Dense(4), keras.layers.Dropout(0.5)])
    pairs.append(
        [
            DANN(drops, **params, jit_compile=jit).fit(Xs, ys, Xt=Xt)
            for jit in (True, False)
        ]
    )
    assert [graph is None for graph in tried] == [False, True]
    for traced, eager in pairs:
        losses = [model.history_["loss"] for model in (traced, eager)]
        np.testing.assert_allclose(*losses, rtol=1e-6)
        p = [model.predict_proba(Xt) for model in (traced, eager)]
        np.testing.assert_allclose(*p, atol=1e-6)


@pytest.mark.skipif(_engine.BACKEND != "torch", reason="others compile")
@pytest.mark.parametrize(
    "optimizer",
    ["adam", "nadam", "rmsprop", {"class_name": "sgd", "config": {"momentum": 0.9}}],
)
def test_a_trace_holds_no_number_of_an_optimizer(optimizer, tables):
    Xs, ys, Xt = tables
    params = {"epochs": 10, "batch_size": 20, "random_state": 0}
    traced, eager = (
        DeepCORAL(**params, optimizer=optimizer, jit_compile=jit).fit(Xs, ys, Xt=Xt)
        for jit in (True, False)
    )
    losses = [model.history_["loss"] for model in (traced, eager)]
    np.testing.assert_allclose(*losses, rtol=1e-4)
