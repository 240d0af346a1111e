"""Batch normalisation: each domain by its own batch, and then by its own statistics."""

import copy
import pickle

import numpy as np
import pytest

keras = pytest.importorskip("keras", exc_type=ImportError)

from keras import layers  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402

from adapt.deep import _statistics  # noqa: E402
from adapt.deep._forward import padded_batches  # noqa: E402
from adapt.deep._recipes import recipe_of  # noqa: E402
from adapt.deep._statistics import learn_statistics, statistics_of  # noqa: E402
from adapt.feature_based import (  # noqa: E402
    ADDA,
    DANN,
    MCD,
    SHOT,
    DeepSource,
    Tent,
)
from adapt.parameter_based import FineTuning  # noqa: E402
from tests.deep import reference  # noqa: E402
from tests.deep.reference import SMALL, whole_tables  # noqa: E402

EPSILON = 1e-3


def own_units(X, of=None):
    """Return columns standardised as a new layer of batch normalisation does."""
    of = X if of is None else of
    return (X - of.mean(axis=0)) / np.sqrt(of.var(axis=0) + EPSILON)


def normalising():
    """Return a model in a model: a layer of batch normalisation, then a linear one."""
    inner = keras.Sequential([keras.Input((3,)), layers.BatchNormalization()])
    flow = [inner, reference.linear_network(3, 4), layers.Dropout(0.0)]
    return keras.Sequential([keras.Input((3,)), *flow])


@pytest.fixture(scope="module")
def tables():
    return whole_tables()


def fit(cls, tables, **params):
    """Return a method trained at a rate of nearly zero, so that weights stay."""
    Xs, ys, Xt, _ = tables
    networks = {"encoder": normalising(), "task": reference.linear_network(4, 2)}
    options = {**SMALL, "batch_size": 60, "learning_rate": 1e-9, "optimizer": "adam"}
    return cls(**{**options, **networks, **params}).fit(Xs, ys, Xt=Xt)


@pytest.fixture(scope="module")
def dann(tables):
    return fit(DANN, tables, discriminator=reference.linear_network(4, 1))


# Statistics


@pytest.mark.parametrize("size", [8, None], ids=["batches", "one batch"])
def test_statistics_are_those_of_all_rows(size, monkeypatch):
    """Layer after layer, as numpy gives them; dropout takes no part."""
    monkeypatch.setattr(
        _statistics, "padded_batches", lambda X: padded_batches(X, size)
    )
    rng = np.random.default_rng(0)
    X = rng.normal(size=(37, 3)) * [1, 5, 0.2] + 2
    body = [
        *(layers.Dense(4, "tanh"), layers.BatchNormalization(), layers.Dropout(0.5)),
        *(layers.Dense(5, "tanh"), layers.BatchNormalization()),
    ]
    network = keras.Sequential([keras.Input((3,)), *body])
    assert learn_statistics([network], [recipe_of(network)], X) == 2
    z = X
    for dense, norm in (body[:2], body[3:]):
        kernel, bias = (np.asarray(w, float) for w in dense.get_weights())
        z = np.tanh(z @ kernel + bias)
        gamma, beta, mean, variance = reference.weights(norm)
        np.testing.assert_allclose(mean, z.mean(axis=0), rtol=1e-3, atol=1e-5)
        np.testing.assert_allclose(variance, z.var(axis=0), rtol=1e-3)
        z = own_units(z) * gamma + beta


def test_statistics_of_series_shared_and_frozen_layers():
    """A shared layer counts each call, and a frozen one keeps what it has."""
    X = np.random.default_rng(0).normal(size=(21, 6, 2)) + np.array([1, -2])
    shared, still = layers.BatchNormalization(), layers.BatchNormalization()
    inputs = keras.Input((6, 2))
    outputs = layers.Concatenate()([shared(inputs), shared(3 * inputs), still(inputs)])
    network = keras.Model(inputs, outputs)
    still.trainable = False
    assert learn_statistics([network], [None], X) == 1
    both = np.concatenate([X, 3 * X]).reshape(-1, 2)
    *_, mean, variance = reference.weights(shared)
    np.testing.assert_allclose(mean, both.mean(axis=0), rtol=1e-4)
    np.testing.assert_allclose(variance, both.var(axis=0), rtol=1e-4)
    np.testing.assert_array_equal(reference.weights(still)[2], 0)


# Training


def test_first_losses_are_those_of_batches_apart(dann, tables):
    Xs, ys, Xt, _ = tables
    weights = [w.astype(float) for w in reference.weights(dann.encoder_)]
    gamma, beta = weights[:2]
    zs, zt = ((own_units(X) * gamma + beta) @ weights[4] + weights[5] for X in (Xs, Xt))
    logits = reference.apply(dann.task_, zs)
    ds, dt = (reference.apply(dann.discriminator_, z) for z in (zs, zt))
    expected = {
        "task_loss": reference.cross_entropy(ys, logits).mean(),
        "disc_loss": np.logaddexp(0, -ds).mean() + np.logaddexp(0, dt).mean(),
    }
    reference.check(dann, expected)


def test_one_batch_for_both_on_request(tables):
    """As running averages are over both domains, so are predictions."""
    Xs, ys, Xt, _ = tables
    model = fit(DANN, tables, joint_batch=True)
    both = np.concatenate([Xs, Xt])
    weights = [w.astype(float) for w in reference.weights(model.encoder_)]
    zs = own_units(Xs, both) @ weights[4] + weights[5]
    loss = reference.cross_entropy(ys, reference.apply(model.task_, zs)).mean()
    reference.check(model, {"task_loss": loss})
    p = model.predict_proba(Xs, sample_domain=0)
    np.testing.assert_array_equal(model.predict_proba(Xs), p)
    assert model.source_encoder_ is model.encoder_


# Predictions


def check_domains(model, tables):
    """Assert that rows of each domain are standardised by that domain."""
    Xs, _, Xt, _ = tables
    kernel, bias = (w.astype(float) for w in reference.weights(model.encoder_)[4:6])
    expected = [own_units(X) @ kernel + bias for X in (Xs, Xt)]
    domain = np.arange(60) % 2 - 1  # of the target, of the source, ...
    X = np.where(domain[:, None] < 0, Xt, Xs)
    mixed = np.where(domain[:, None] < 0, expected[1], expected[0])
    for found, z in (
        (model.transform(Xs, sample_domain=0), expected[0]),
        (model.transform(Xt), expected[1]),
        (model.transform(Xt, sample_domain=-1), expected[1]),
        (model.transform(X, sample_domain=domain), mixed),
    ):
        np.testing.assert_allclose(found, z, atol=1e-4)
    np.testing.assert_allclose(
        reference.weights(model.source_encoder_)[2], Xs.mean(axis=0), atol=1e-5
    )
    np.testing.assert_allclose(
        reference.weights(model.encoder_)[2], Xt.mean(axis=0), atol=1e-5
    )


@pytest.mark.parametrize("again", [pickle.dumps, copy.deepcopy, None])
def test_rows_are_normalised_by_their_domain(again, dann, tables):
    model = dann
    if again is not None:
        model = again(dann)
        model = pickle.loads(model) if isinstance(model, bytes) else model
    check_domains(model, tables)
    Xs, ys, _, _ = tables
    assert dann.score(Xs, ys, sample_domain=0) == model.score(Xs, ys, sample_domain=0)


@pytest.mark.parametrize("cls", [ADDA, MCD])
def test_several_networks_have_statistics_of_each_domain(cls, tables):
    check_domains(fit(cls, tables), tables)


def test_statistics_of_a_task_network(tables):
    Xs, _, Xt, _ = tables
    task = keras.Sequential(
        [keras.Input((4,)), layers.BatchNormalization(), reference.linear_network(4, 2)]
    )
    model = fit(MCD, tables, encoder=reference.linear_network(3, 4), task=task)
    for X, domain in ((Xs, 0), (Xt, -1)):
        z = own_units(model.transform(X, sample_domain=domain))
        kernel, bias = reference.weights(model.task_)[4:]
        found = model.predict_task(X, sample_domain=domain)
        np.testing.assert_allclose(found, z @ kernel + bias, atol=1e-4)
    _, _, mean, _ = reference.weights(model.discriminator_)[:4]
    np.testing.assert_allclose(mean, model.transform(Xt).mean(axis=0), atol=1e-4)


def test_a_pipeline_predicts_as_its_steps(tables):
    Xs, ys, Xt, _ = tables
    scaler = StandardScaler().fit(Xs)
    options = {**SMALL, "encoder": normalising}
    pipe = make_pipeline(StandardScaler(), DANN(Xt=scaler.transform(Xt), **options))
    pipe.fit(Xs, ys)
    model = DANN(**options).fit(scaler.transform(Xs), ys, Xt=scaler.transform(Xt))
    expected = model.predict_proba(scaler.transform(Xt))
    np.testing.assert_array_equal(pipe.predict_proba(Xt), expected)
    loaded = pickle.loads(pickle.dumps(pipe))
    np.testing.assert_array_equal(loaded.predict_proba(Xt), expected)


# Methods that start from a model


def test_the_baseline_knows_the_source_alone(tables):
    Xs, _, Xt, _ = tables
    model = fit(DeepSource, tables)
    for X in (Xs, Xt):
        z = own_units(X, Xs)
        kernel, bias = reference.weights(model.encoder_)[4:6]
        np.testing.assert_allclose(model.transform(X), z @ kernel + bias, atol=1e-4)


@pytest.mark.parametrize("cls", [SHOT, Tent])
def test_methods_without_a_source_take_statistics_of_the_target(cls, tables):
    Xt = tables[2]
    source = fit(DeepSource, tables)
    before = reference.weights(source.encoder_)
    model = cls(source, adapt_epochs=1, batch_size=16, random_state=0).fit(Xt)
    (mean, variance), *_ = statistics_of(model.encoder_)
    np.testing.assert_allclose(mean, Xt.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(variance, Xt.var(axis=0), rtol=1e-4)
    assert not any(reference.moved(before, source.encoder_))


@pytest.mark.parametrize("training", [True, False])
def test_fine_tuning_takes_statistics_of_what_it_moves(training, tables):
    Xs, _, Xt, yt = tables
    source = fit(DeepSource, tables)
    model = FineTuning(model=source, training=training, **SMALL)
    few = np.where(np.arange(60) < 30, yt, -1)
    model.fit(Xt=Xt, yt=few)
    (mean, _), *_ = statistics_of(model.encoder_)
    of = Xt if training else Xs
    np.testing.assert_allclose(mean, of.mean(axis=0), atol=1e-5)
