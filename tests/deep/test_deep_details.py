"""What several deep methods share: outputs, sources told apart, schedules, scores."""

import numpy as np
import pytest

keras = pytest.importorskip("keras", exc_type=ImportError)

from functools import partial  # noqa: E402

from keras import layers, ops  # noqa: E402
from scipy.special import log_expit, log_softmax  # noqa: E402

from adapt.deep import _engine, inception_encoder  # noqa: E402
from adapt.deep._initializers import Glorot  # noqa: E402
from adapt.deep._outputs import network_logits  # noqa: E402
from adapt.feature_based import (  # noqa: E402
    ADDA,
    CDAN,
    DANN,
    DeepSource,
)

SMALL = {"epochs": 2, "batch_size": 16, "random_state": 0}


@pytest.fixture(scope="module")
def tables():
    rng = np.random.default_rng(0)
    Xs = rng.normal(size=(60, 3))
    return Xs, (Xs[:, 0] > 0).astype(int), Xs[:40] * 1.5 + 0.3


def _weights(network):
    return [np.array(w) for w in _engine.weights_of(network)]


# Outputs


@pytest.mark.parametrize(
    "end",
    [
        ([layers.Dense(3, activation="softmax")], log_softmax),
        ([layers.Dense(3), layers.Activation("softmax")], log_softmax),
        ([layers.Dense(3), layers.Softmax()], log_softmax),
        ([layers.Dense(3, activation="sigmoid")], lambda z, axis: log_expit(z)),
        ([layers.Dense(1, activation="sigmoid")], None),
        ([layers.Dense(3)], None),
    ],
)
def test_logits_are_what_stands_before_probabilities(end):
    last, expected = end
    network = keras.Sequential([layers.Input((2,)), keras.Sequential(last)])
    scale = 1 if isinstance(last[-1], layers.Softmax) else 100  # p is 0 or 1
    kernel, bias = np.linspace(-scale, scale, 2 * last[0].units), np.ones(last[0].units)
    network.set_weights([kernel.reshape(2, -1), bias])
    X = np.array([[1.0, 2.0], [-1.0, 0.5]], dtype="float32")
    z = X @ kernel.reshape(2, -1) + bias
    if expected is not None:
        z = expected(z, axis=-1)
    before = _engine.to_numpy(network(X))
    found = _engine.to_numpy(network_logits(network, ops.convert_to_tensor(X)))
    if expected is log_softmax:  # whose logits are known up to a constant
        found = log_softmax(found, axis=-1)
    np.testing.assert_allclose(found, z, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(_engine.to_numpy(network(X)), before)


# Training


@pytest.mark.one_backend
def test_early_stopping_by_a_score_without_labels(tables):
    Xs, ys, Xt = tables
    stop = keras.callbacks.EarlyStopping(
        "val_target_information", mode="max", min_delta=9, patience=1
    )
    model = DANN(**{**SMALL, "epochs": 20}, validation_split=0.25, callbacks=[stop])
    model.fit(Xs, ys, Xt=Xt)
    assert model.n_epochs_ == 2
    information = model.history_["val_target_information"]
    assert len(information) == 2


def test_inception_encoder():
    X = np.random.default_rng(0).normal(size=(12, 20, 2)).astype("float32")
    encoder = partial(inception_encoder, (20, 2), n_filters=2)
    model = DeepSource(encoder, epochs=1, batch_size=8, random_state=0)
    model.fit(X * 3 + 1, np.arange(12) % 2, Xt=X)
    assert model.transform(X).shape == (12, 8)
    mean = _engine.to_numpy(model.encoder_.layers[1].mean.value)
    both = np.concatenate([X * 3 + 1, X])
    np.testing.assert_allclose(mean, both.mean(axis=(0, 1)), rtol=1e-4)
    with pytest.raises(ValueError, match="is for series"):
        inception_encoder((20,))


# Several sources


@pytest.fixture(scope="module")
def two_sources(tables):
    Xs, ys, Xt = tables
    domain = np.repeat([4, 2, -1], [25, 35, 40])
    return np.concatenate([Xs, Xt]), np.append(ys, np.zeros(40, int)), domain


@pytest.mark.one_backend
@pytest.mark.parametrize("method", [DANN, CDAN])
def test_a_discriminator_tells_sources_apart(method, two_sources):
    X, y, domain = two_sources
    model = method(**SMALL).fit(X, y, sample_domain=domain)
    assert model.discriminator_.output_shape == (None, 3)
    p = model.predict_disc(X)
    assert p.shape == (100,)
    assert ((p > 0) & (p < 1)).all()
    pooled = method(**SMALL).fit(X, y, sample_domain=np.minimum(domain, 0))
    assert pooled.discriminator_.output_shape == (None, 1)


def test_sources_are_numbered_in_order(two_sources):
    """The first loss is the written-out one, with source 2 before source 4."""
    X, y, domain = two_sources
    X, domain = np.concatenate([X, X[-20:]]), np.append(domain, np.repeat(-1, 20))
    y = np.append(y, y[-20:])  # as many rows in both: a batch is the whole data
    encoder = keras.Sequential([keras.Input((3,)), layers.Activation("linear")])
    kernel, bias = np.arange(9.0).reshape(3, 3) / 9, np.array([1.0, 0.0, -1.0])
    discriminator = keras.Sequential([keras.Input((3,)), layers.Dense(3)])
    discriminator.set_weights([kernel, bias])
    one = {"epochs": 1, "batch_size": 60, "optimizer": "sgd", "learning_rate": 1e-9}
    model = DANN(encoder, discriminator=discriminator, random_state=0, **one)
    model.fit(X, y, sample_domain=domain)
    column = np.select([domain == 2, domain == 4], [0, 1], 2)
    rows = -log_softmax(X @ kernel + bias, axis=1)[np.arange(120), column]
    expected = rows[domain >= 0].mean() + rows[domain < 0].mean()
    assert model.history_["disc_loss"][0] == pytest.approx(expected, rel=1e-4)


@pytest.mark.one_backend
def test_other_discriminators_of_several_sources(two_sources):
    X, y, domain = two_sources
    pooled = DANN(discriminator=_head(1), **SMALL).fit(X, y, sample_domain=domain)
    assert pooled.predict_disc(X).shape == (100,)
    softmax = keras.Sequential([layers.Dense(3, activation="softmax")])
    model = DANN(discriminator=softmax, **SMALL).fit(X, y, sample_domain=domain)
    assert ((model.predict_disc(X) > 0) & (model.predict_disc(X) < 1)).all()
    with pytest.raises(ValueError, match="one output for each row, or 3, one for each"):
        DANN(discriminator=_head(2), **SMALL).fit(X, y, sample_domain=domain)
    model = ADDA(**SMALL).fit(X, y, sample_domain=domain)
    assert model.discriminator_.output_shape == (None, 1)


def _head(n_outputs):
    return keras.Sequential([layers.Dense(n_outputs)])


def test_kernels_drawn_by_numpy_are_those_of_keras():
    network = keras.Sequential(
        [layers.Conv1D(40, 5, kernel_initializer=Glorot()), layers.Dense(8)]
    )
    network.build((None, 9, 30))
    kernel = _weights(network)[0]
    limit = np.sqrt(6 / (5 * (30 + 40)))
    assert 0.99 * limit < np.abs(kernel).max() < limit
    assert kernel.std() == pytest.approx(limit / np.sqrt(3), rel=0.02)
    kernels = []
    for seed in (0, 0, 1):
        with _engine.seeded(seed):
            kernels.append(_weights(keras.models.clone_model(network))[0])
    np.testing.assert_array_equal(kernels[0], kernels[1])
    assert np.abs(kernels[0] - kernels[2]).max() > 0.1 * limit
