"""Tuners that compose the adapters of several sources."""

import numpy as np
import pytest

keras = pytest.importorskip("keras", exc_type=ImportError)

from keras import layers  # noqa: E402
from scipy.special import softmax  # noqa: E402
from sklearn.base import clone  # noqa: E402
from sklearn.model_selection import GridSearchCV  # noqa: E402

from adapt.parameter_based import FineTuning  # noqa: E402
from adapt.parameter_based.tuners import (  # noqa: E402
    AdapterFusion,
    Adapters,
    Both,
    LoRA,
    ScaLearn,
    tuned,
)
from tests.common import shifted_classes  # noqa: E402
from tests.parameter_based.deep.common import SMALL, encoder, task  # noqa: E402
from tests.parameter_based.deep.tuner_networks import (  # noqa: E402
    array,
    made,
    mlp,
    step,
)

WIDE = 12


def wide():
    """Return one dense layer and its samples' shape, kernel and rows."""
    body = [layers.Dense(WIDE, use_bias=False, name="dense")]
    network = keras.Sequential([keras.Input((5,)), *body])
    x = np.random.RandomState(0).normal(size=(6, 5)).astype("float32")
    return network, array(network.layers[0].kernel), x


def sources_of(network, n=2):
    """Return networks tuned by adapters, none of whose weights is 0."""
    found = []
    for seed in range(n):
        own = tuned(network, Adapters(2, activation="tanh"), random_state=seed)
        rng = np.random.RandomState(seed)
        for w in own.trainable_weights:
            w.assign(rng.normal(size=w.shape).astype("float32"))
        found.append(own)
    return found


def added(source, h):
    """Return what the adapter of the one layer of a network adds, by numpy."""
    d, d0, u, u0, scale = (array(w) for w in source.delta_weights)
    return scale * (np.tanh(h @ d + d0) @ u + u0)


def holds(network, source):
    """Return whether the frozen weights of a network hold all adapters of a source."""
    still = [array(w) for w in network.delta_weights if not w.trainable]
    return all(
        any(np.array_equal(array(w), other) for other in still)
        for w in source.delta_weights
    )


def composed(network, tuner):
    own = tuned(network, tuner, random_state=3)
    return own, own.trainable_weights


def test_scalearn_is_a_sum_of_scaled_adapters():
    network, kernel, x = wide()
    sources = sources_of(network)
    h = x @ kernel
    parts = [added(source, h) for source in sources]
    for per, channels in ("scalar", 1), ("vector", WIDE):
        own, (w,) = composed(network, ScaLearn(sources, per=per, dropout=0.0))
        assert tuple(w.shape) == (2, channels)
        np.testing.assert_allclose(array(w), 1.0, atol=0.01)  # 2 / S
        drawn = np.random.RandomState(1).normal(size=w.shape).astype("float32")
        w.assign(drawn)
        expected = h + drawn[0] * parts[0] + drawn[1] * parts[1]
        np.testing.assert_allclose(array(own(x)), expected, atol=1e-5)
    w.assign(np.eye(2)[0][:, None] * np.ones(WIDE))
    np.testing.assert_array_equal(array(own(x)), array(sources[0](x)))


def test_scales_of_all_layers_can_be_one():
    network = made(mlp)[0]
    sources = sources_of(network)
    count = {
        shared: sum(
            np.prod(w.shape)
            for w in composed(network, ScaLearn(sources, per="scalar", shared=shared))[
                1
            ]
        )
        for shared in (False, True)
    }
    assert count == {False: 2 * 2, True: 2}  # sources by places, and sources
    with pytest.raises(ValueError, match="`shared` scales of 6 channels do not fit"):
        tuned(network, ScaLearn(sources, shared=True))


def test_dropout_is_for_training():
    network, _, x = wide()
    own, _ = composed(network, ScaLearn(sources_of(network), dropout=0.5))
    np.testing.assert_array_equal(array(own(x)), array(own(x)))
    outputs = [array(own(x, training=True)) for _ in range(3)]
    assert any(np.abs(y - outputs[0]).max() > 1e-3 for y in outputs[1:])


def test_adapter_fusion_attends_to_sources():
    network, kernel, x = wide()
    sources = sources_of(network)
    own, weights = composed(network, AdapterFusion(sources))
    np.testing.assert_array_equal(array(weights[2]), np.eye(WIDE))
    rng = np.random.RandomState(1)
    for w in weights:
        w.assign(rng.normal(size=w.shape).astype("float32"))
    q, k, v = (array(w) for w in weights)
    h = x @ kernel
    f = np.stack([added(source, h) for source in sources])
    a = softmax(np.einsum("nc,snc->sn", h @ q, f @ k), axis=0)
    expected = h + np.einsum("sn,snc->nc", a, f @ v)
    np.testing.assert_allclose(array(own(x)), expected, rtol=1e-4, atol=1e-4)
    penalty = 0.01 * np.square(np.eye(WIDE) - v).sum()
    np.testing.assert_allclose([array(p) for p in own.losses], [penalty], rtol=1e-5)
    few = composed(network, ScaLearn(sources, per="scalar"))[1]
    assert sum(np.prod(w.shape) for w in few) <= 0.01 * sum(q.size for _ in "qkv")


def test_adapter_fusion_of_one_source_is_that_source():
    network, _, x = wide()
    (source,) = sources_of(network, 1)
    own, _ = composed(network, AdapterFusion([source]))
    np.testing.assert_allclose(array(own(x)), array(source(x)), atol=1e-6)


@pytest.mark.one_backend
def test_adapters_of_sources_stay_frozen():
    network, _, x = wide()
    sources = sources_of(network)
    own, weights = composed(network, Both([ScaLearn(sources, per="scalar")]))
    own.trainable = False
    own.trainable = True
    assert [id(w) for w in own.trainable_weights] == [id(w) for w in weights]
    step(own, x, np.zeros((6, WIDE), "float32"))
    assert all(holds(own, source) for source in sources)


@pytest.fixture(scope="module")
def domains():
    return shifted_classes(n=60, n_classes=3)


@pytest.fixture(scope="module")
def fitted(domains):
    """Return the frozen network, and models that were tuned on it for two sources."""
    Xs, ys, Xt, yt = domains
    given = encoder()
    options = {**SMALL, "epochs": 1, "tuner": Adapters(2, position="parallel")}
    models = [
        FineTuning(given, task(seed=s), **options).fit(X, y)
        for s, (X, y) in enumerate([(Xs, ys), (Xt, yt)])
    ]
    return given, models


def test_models_and_files_are_sources(domains, fitted, tmp_path):
    _, _, Xt, yt = domains
    given, models = fitted
    for i, model in enumerate(models):
        model.save_delta(tmp_path / f"{i}.npz")
    files = [str(tmp_path / f"{i}.npz") for i in range(2)]
    options = {**SMALL, "epochs": 2}
    model, other = (
        FineTuning(given, tuner=ScaLearn(sources), **options).fit(Xt[:30], yt[:30])
        for sources in (models, files)
    )
    p = model.predict_proba(Xt)
    np.testing.assert_allclose(other.predict_proba(Xt), p, atol=1e-6)
    assert all(holds(model.encoder_, source.encoder_) for source in models)

    # The file needs neither models nor their files.
    model.save_delta(tmp_path / "all.npz")
    for file in files:
        (tmp_path / file).unlink()
    again = FineTuning(given).load_delta(tmp_path / "all.npz")
    np.testing.assert_allclose(again.predict_proba(Xt), p, atol=1e-6)
    assert again.n_trainable_ == model.n_trainable_


@pytest.mark.one_backend
def test_clones_and_searches_keep_the_sources(fitted):
    given, models = fitted
    search = GridSearchCV(FineTuning(given, tuner=ScaLearn(models)), {})
    copied = clone(clone(search).estimator).set_params(tuner__per="scalar").tuner
    assert copied.per == "scalar"
    own = tuned(given, copied)
    assert all(holds(own, source.encoder_) for source in models)


@pytest.mark.one_backend
def test_what_is_no_source(fitted):
    given, models = fitted
    with pytest.raises(ValueError, match=r"`sources\[0\]`.*on another network"):
        tuned(encoder(seed=7), ScaLearn(models))
    with pytest.raises(ValueError, match=r"`sources\[0\]` of ScaLearn was tuned by Lo"):
        tuned(given, ScaLearn([tuned(given, LoRA(1))]))
    with pytest.raises(ValueError, match=r"`sources\[0\]`.*has no adapters: fit it"):
        tuned(given, ScaLearn([FineTuning()]))
    with pytest.raises(TypeError, match=r"`sources\[0\]` of AdapterFusion must be"):
        tuned(given, AdapterFusion([Adapters(2)]))
    with pytest.raises(ValueError, match="`sources` of AdapterFusion is empty"):
        tuned(given, AdapterFusion())
    pair = [tuned(given, Adapters(1, targets=t)) for t in ("dense", "high")]
    with pytest.raises(ValueError, match=r"`sources\[1\]`.*no adapter at 'low'"):
        tuned(given, ScaLearn(pair))
