"""Tuners of several tasks on one network."""

import pickle

import numpy as np
import pytest
import sklearn

keras = pytest.importorskip("keras", exc_type=ImportError)

from sklearn.base import clone  # noqa: E402
from sklearn.model_selection import GridSearchCV  # noqa: E402

from adapt.deep import _engine  # noqa: E402
from adapt.deep._recipes import recipe_of  # noqa: E402
from adapt.parameter_based import MultiTaskTuning  # noqa: E402
from adapt.parameter_based.tuners import Adapters, LoRA, Prompt, tuned  # noqa: E402
from adapt.parameter_based.tuners._deep._multi_task import (  # noqa: E402
    multi_task_network,
)
from tests.parameter_based.deep.common import encoder, task  # noqa: E402
from tests.parameter_based.deep.tuner_networks import (  # noqa: E402
    array,
    made,
    mlp,
    transformer,
)

TANH = {"activation": "tanh"}
KINDS = {
    "none": Adapters(3, **TANH),
    "half": Adapters(3, norm=True, **TANH),
    "full": Adapters(3, **TANH),
    "hypernetwork": Adapters(3, scale=2.0, **TANH),
    "low-rank": Prompt(2, targets="embed"),
}


def network_of(make, tuner, sharing, n_tasks=3, n_heads=None):
    """Return the given network, that of all tasks, and rows of each."""
    network, shape, _ = made(make)
    n_heads = n_tasks if n_heads is None else n_heads
    with _engine.seeded(0):
        whole, _ = multi_task_network(
            network, tuner, sharing, n_tasks, n_heads, 2, embedding=4
        )
    rng = np.random.RandomState(1)
    xs = [rng.normal(size=(6, *shape)).astype("float32") for _ in range(n_tasks)]
    return network, whole, xs


def named(whole, part):
    return {w.name: w for w in whole.weights if part in w.path and w.trainable}


def sizes(whole, part):
    return sum(int(np.prod(w.shape)) for w in named(whole, part).values())


def move(whole, seed=0):
    rng = np.random.RandomState(seed)
    for w in whole.trainable_weights:
        w.assign(rng.uniform(-0.5, 0.5, size=w.shape).astype("float32"))


# With JAX, which compiles longer, those with layers of their own.
GATED = ["hypernetwork", "low-rank"] if _engine.BACKEND == "jax" else KINDS


@pytest.mark.parametrize("sharing", GATED)
def test_common_gate(sharing):
    make = transformer if sharing == "low-rank" else mlp
    network, whole, xs = network_of(make, KINDS[sharing], sharing, n_tasks=2)
    before = [array(w).copy() for w in network.weights]
    kernel = array(named(whole, "heads")["kernel"])
    if sharing != "low-rank":
        for x, y, own in zip(xs, whole(xs), kernel, strict=True):
            expected = array(network(x)) @ own
            np.testing.assert_allclose(array(y), expected, atol=1e-5)

    found = {}
    moving = whole.trainable_weights
    target = np.random.RandomState(2).normal(size=(6, 2)).astype("float32")
    target = keras.ops.convert_to_tensor(target)
    rows = [keras.ops.convert_to_tensor(x) for x in xs]

    def loss():
        gaps = [keras.ops.mean(keras.ops.square(y - target)) for y in whole(rows)]
        return sum(gaps), {}

    def apply(gradients):
        for w, g in zip(moving, gradients, strict=True):
            found[w.path] = np.abs(array(g)).max()
            w.assign(w - 0.1 * g)

    for _ in range(3):
        _engine.minimize(loss, moving, apply, list(whole.variables))
    assert len(found) == len(whole.trainable_weights)
    assert min(found.values()) > 0

    again = recipe_of(whole).make()
    again.set_weights([array(w) for w in whole.weights])
    for y, other in zip(whole(xs), again(xs), strict=True):
        np.testing.assert_allclose(array(y), array(other), atol=1e-5)
    for w, old in zip(network.weights, before, strict=True):
        np.testing.assert_array_equal(array(w), old)


def by_hand(x, down, up, scale=1.0):
    z = np.tanh(x @ down[0] + down[1])
    return scale * (z @ up[0] + up[1])


@pytest.mark.parametrize("sharing", ["none", "half", "full"])
def test_what_tasks_share(sharing):
    tuner = Adapters(3, targets="high", **TANH)
    network, whole, xs = network_of(mlp, tuner, sharing)
    move(whole)
    own, heads = named(whole, "adapter"), named(whole, "heads")
    counts = {"none": (3, 3), "half": (1, 3), "full": (1, 1)}[sharing]
    assert (own["down"].shape[0], own["up"].shape[0]) == counts
    own = {name: array(w) for name, w in own.items()}
    for k, (x, y) in enumerate(zip(xs, whole(xs), strict=True)):
        i, j = min(k, counts[0] - 1), min(k, counts[1] - 1)
        h = array(network(x))
        down, up = (own["down"][i], own["down_b"][i]), (own["up"][j], own["up_b"][j])
        h = h + by_hand(h, down, up)
        expected = h @ array(heads["kernel"])[k] + array(heads["bias"])[k]
        np.testing.assert_allclose(array(y), expected, atol=1e-5)


def test_full_sharing_has_the_weights_of_one_task():
    tuner = Adapters(3)
    count = {
        (sharing, n): sizes(network_of(mlp, tuner, sharing, n)[1], "adapter")
        for sharing, n in [("none", 1), ("none", 2), ("full", 2)]
    }
    assert count["full", 2] == count["none", 1] == count["none", 2] / 2
    _, one, _ = network_of(mlp, tuner, "full", 3, n_heads=1)
    assert named(one, "heads")["kernel"].shape == (1, 4, 2)


def test_one_task_is_the_single_task_tuner():
    tuner = Adapters(3, **TANH)
    network, whole, (x,) = network_of(mlp, tuner, "none", n_tasks=1)
    with _engine.seeded(0):
        own = tuned(network, tuner, random_state=0)
    mine = [w for w in whole.trainable_weights if "adapter" in w.path]
    rng = np.random.RandomState(0)
    for w, other in zip(own.trainable_weights, mine, strict=True):
        assert tuple(other.shape) == (1, *w.shape)
        drawn = rng.normal(size=w.shape).astype("float32")
        w.assign(drawn)
        other.assign(drawn[None])
    expected = array(own(x)) @ array(named(whole, "heads")["kernel"])[0]
    np.testing.assert_allclose(array(whole(x)), expected, atol=1e-5)


def test_a_hypernetwork_writes_the_matrices():
    network, whole, xs = network_of(
        mlp, Adapters(3, targets="high", scale=2.0, **TANH), "hypernetwork"
    )
    move(whole)
    w = {name: array(v) for name, v in named(whole, "hypernetwork").items()}
    heads = named(whole, "heads")
    for k, (x, y) in enumerate(zip(xs, whole(xs), strict=True)):
        both = np.concatenate([w["tasks"][k], w["places"][0]])
        code = np.maximum(both @ w["mix"] + w["mix_b"], 0) @ w["code"] + w["code_b"]
        down = (code @ w["down4"]).reshape(4, 3), code @ w["down4_b"]
        up = (code @ w["up4"]).reshape(3, 4), code @ w["up4_b"]
        h = array(network(x))
        h = h + by_hand(h, down, up, scale=2.0)
        expected = h @ array(heads["kernel"])[k] + array(heads["bias"])[k]
        np.testing.assert_allclose(array(y), expected, atol=1e-4)


def test_low_rank_prompts_start_as_one_prompt():
    _, whole, _ = network_of(transformer, Prompt(2, targets="embed"), "low-rank")
    own = named(whole, "embed_p")
    assert {name: tuple(w.shape) for name, w in own.items()} == {
        "tokens": (1, 2, 4),
        "u": (3, 2),
        "v": (3, 4),
    }
    np.testing.assert_array_equal(array(own["u"]), 1)
    np.testing.assert_array_equal(array(own["v"]), 1)
    move(whole)
    tokens, u, v = (array(own[name]) for name in ("tokens", "u", "v"))
    layer = next(layer for layer in whole.layers if layer.name == "embed_p")
    x = np.zeros((5, 6, 4), "float32")
    expected = tokens[0] * np.outer(u[2], v[2])
    np.testing.assert_allclose(array(layer(x, task=2))[4], expected, atol=1e-6)


@pytest.fixture(scope="module")
def tasks():
    """Return rows of three tasks, which differ by where the classes part."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(150, 4)).astype("float32")
    names = np.array(["a", "b", "c"])[np.arange(150) % 3]
    turned = np.where(names == "c", -1, 1)
    return X, np.where(X[:, 0] * turned > 0, "yes", "no"), names


OPTIONS = {"epochs": 20, "learning_rate": 0.02, "random_state": 0}


def test_tasks_are_fitted_together(tasks):
    X, y, names = tasks
    given = encoder()
    before = _engine.weights_of(given)
    model = MultiTaskTuning(encoder=given, tuner=Adapters(4), **OPTIONS)
    model.fit(X, y, sample_domain=names)
    assert list(model.tasks_) == ["a", "b", "c"]
    assert list(model.classes_) == ["no", "yes"]
    assert model.score(X, y, sample_domain=names) > 0.85
    assert model.score(X, y, sample_domain="c") < 0.7  # rows of others
    for w, old in zip(_engine.weights_of(given), before, strict=True):
        np.testing.assert_array_equal(w, old)
    p = model.predict_proba(X, sample_domain=names)
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-6)
    restored = pickle.loads(pickle.dumps(model))
    np.testing.assert_allclose(
        restored.predict_proba(X, sample_domain=names), p, atol=1e-6
    )
    logits = array(model.model_of("b")(X[:5]))
    log = np.log(model.predict_proba(X[:5], sample_domain="b"))
    np.testing.assert_allclose(
        logits[:, 1] - logits[:, 0], log[:, 1] - log[:, 0], atol=1e-4
    )
    assert model.n_trainable_ == sum(
        int(np.prod(w.shape)) for w in model.network_.trainable_weights
    )


@pytest.mark.one_backend
def test_heads_start_from_that_of_the_model(tasks):
    X, y, names = tasks
    whole = keras.Sequential([keras.Input((4,)), *encoder().layers, *task(2).layers])
    head = _engine.weights_of(whole.layers[-1])[0]
    options = {**OPTIONS, "epochs": 1, "learning_rate": 1e-9}
    model = MultiTaskTuning(whole, **options).fit(X, y, sample_domain=names)
    kernel = array(model.network_.get_layer("heads").kernel)
    assert kernel.shape == (3, 6, 2)
    np.testing.assert_allclose(kernel, np.stack([head] * 3), atol=1e-6)


@pytest.mark.one_backend
def test_numbers_of_one_task(tasks):
    X, _, _ = tasks
    y = 1000 + 50 * X[:, 0].astype(float)
    model = MultiTaskTuning(encoder=encoder(), **OPTIONS).fit(X, y)
    assert list(model.tasks_) == [0]
    assert model.score(X, y) > 0.5
    assert not hasattr(model, "predict_proba")


@pytest.mark.one_backend
def test_searches_know_tasks(tasks):
    X, y, names = tasks
    model = MultiTaskTuning(encoder=encoder(), tuner=Adapters(2), epochs=1)
    assert repr(clone(model).tuner) == repr(model.tuner)
    with sklearn.config_context(enable_metadata_routing=True):
        grid = {"sharing": ["hypernetwork"]}
        search = GridSearchCV(model, grid, cv=2, refit=False)
        search.fit(X, y, sample_domain=names)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@pytest.mark.one_backend
def test_what_is_refused(tasks):
    X, y, names = tasks

    def fails(match, domain=names, **params):
        options = {"encoder": encoder(), "epochs": 1, **params}
        with pytest.raises(ValueError, match=match):
            MultiTaskTuning(**options).fit(X, y, sample_domain=domain)

    fails("must be `Adapters` or `Prompt`", tuner=LoRA(1))
    fails("`sharing`='low-rank' is not for Adapters", sharing="low-rank")
    fails("`norm=False`", sharing="hypernetwork", tuner=Adapters(norm=True))
    fails("one of `model` and `encoder`", encoder=None)
    fails("must be a scalar or of shape", domain=[0, 1])
    fails("whole numbers or strings", domain=np.linspace(0, 1, len(X)))
    model = MultiTaskTuning(encoder=encoder(), epochs=1)
    model.fit(X, y, sample_domain=names)
    with pytest.raises(ValueError, match="knows 3 tasks: give `sample_domain`"):
        model.predict(X)
    with pytest.raises(ValueError, match="'d', which was no task in `fit`"):
        model.predict(X, sample_domain="d")
    with pytest.raises(ValueError, match="samples of shape"):
        model.predict(X[:, :, None], sample_domain=names)
