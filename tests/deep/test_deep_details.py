"""What single deep methods promise beyond the contracts of all."""

import numpy as np
import pytest

keras = pytest.importorskip("keras", exc_type=ImportError)

from functools import partial  # noqa: E402

from keras import layers, ops  # noqa: E402
from scipy.special import log_expit, log_softmax  # noqa: E402

from adapt.deep import UpdateLambda, _engine, inception_encoder  # noqa: E402
from adapt.deep._initializers import Glorot  # noqa: E402
from adapt.deep._networks import logits_of, prepare  # noqa: E402
from adapt.feature_based import (  # noqa: E402
    ADDA,
    CDAN,
    DANN,
    DIRTT,
    MCD,
    MDD,
    SHOT,
    WDGRL,
    AdaBN,
    CoDATS,
    DeepSelfTraining,
    DeepSource,
    Tent,
)
from adapt.feature_based._deep._cdan import _conditioning  # noqa: E402
from adapt.feature_based._deep._shot import pseudo_labels  # noqa: E402

SMALL = {"epochs": 2, "batch_size": 16, "random_state": 0}


@pytest.fixture(scope="module")
def tables():
    rng = np.random.default_rng(0)
    Xs = rng.normal(size=(60, 3))
    return Xs, (Xs[:, 0] > 0).astype(int), Xs[:40] * 1.5 + 0.3


def _weights(network):
    return [np.array(w) for w in _engine.weights_of(network)]


def _moved(before, network):
    after = _weights(network)
    return [bool(np.abs(a - b).max() > 0) for a, b in zip(before, after, strict=True)]


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
    found = _engine.to_numpy(logits_of(network, ops.convert_to_tensor(X)))
    if expected is log_softmax:  # whose logits are known up to a constant
        found = log_softmax(found, axis=-1)
    np.testing.assert_allclose(found, z, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(_engine.to_numpy(network(X)), before)


# Two encoders


@pytest.mark.one_backend
def test_adda_has_an_encoder_for_each_domain(tables):
    Xs, ys, Xt = tables
    model = ADDA(**SMALL, pretrain_epochs=3).fit(Xs, ys, Xt=Xt)
    assert len(model.pretrain_history_["loss"]) == 3
    assert len(model.history_["disc_loss"]) == 2
    assert model.n_epochs_ == 5
    source = model.predict_proba(Xt, sample_domain=0)
    target = model.predict_proba(Xt)
    assert np.abs(source - target).max() > 1e-5
    domain = np.where(np.arange(40) % 2, 0, -1)
    mixed = model.predict_proba(Xt, sample_domain=domain)
    np.testing.assert_allclose(mixed[::2], target[::2], rtol=1e-5)
    np.testing.assert_allclose(mixed[1::2], source[1::2], rtol=1e-5)
    # The source's encoder is that of training on the source alone.
    plain = DeepSource(**{**SMALL, "epochs": 3}).fit(Xs, ys, Xt=Xt)
    assert model.encoder_src_.count_params() == plain.encoder_.count_params()
    far = ADDA(**SMALL, pretrain_epochs=20, tol=10.0).fit(Xs, ys, Xt=Xt)
    assert len(far.pretrain_history_["loss"]) == 2
    with pytest.raises(ValueError, match="`pretrain=False` needs `encoder` and `task`"):
        ADDA(pretrain=False, **SMALL).fit(Xs, ys, Xt=Xt)


def test_adabn_takes_the_statistics_of_the_target(tables):
    Xs, ys, Xt = tables
    encoder = keras.Sequential([layers.BatchNormalization(), layers.Dropout(0.5)])
    model = AdaBN(encoder, **SMALL).fit(Xs, ys, Xt=Xt)
    _, _, mean, variance = _weights(model.encoder_)
    np.testing.assert_allclose(mean, Xt.mean(axis=0), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(variance, Xt.var(axis=0), rtol=1e-4)
    assert np.abs(_weights(model.encoder_src_)[2] - mean).max() > 0.1
    assert model.encoder_.layers[0].momentum == 0.99
    with pytest.raises(ValueError, match="no layer of batch normalisation"):
        AdaBN(partial(keras.Sequential, [layers.Dense(3)]), **SMALL).fit(Xs, ys, Xt=Xt)


# Guesses


@pytest.mark.one_backend
def test_self_training_chooses_more_rows_from_round_to_round(tables):
    Xs, ys, Xt = tables
    names = np.array(["no", "yes"])[ys]
    source = DeepSource(**SMALL).fit(Xs, names, Xt=Xt)
    params = {**SMALL, "n_rounds": 2, "start": 0.25, "stop": 0.5}
    model = DeepSelfTraining(**params).fit(Xs, names, Xt=Xt)
    assert model.n_epochs_ == 4
    assert len(model.pretrain_history_["loss"]) == len(model.history_["loss"]) == 2
    assert set(model.target_guess_[model.joined_]) == {"no", "yes"}
    # Of each class, so that it is that share of all, rounded up.
    assert 20 <= model.joined_.sum() <= 22
    # A model that is trained already starts with the guesses, its own.
    given = {"encoder": source.encoder_, "task": source.task_, "pretrain_epochs": 0}
    once = DeepSelfTraining(**given, **{**params, "n_rounds": 1}).fit(Xs, names, Xt=Xt)
    assert once.n_epochs_ == 2
    assert 10 <= once.joined_.sum() <= 12
    chosen = once.joined_
    np.testing.assert_array_equal(
        once.target_guess_[chosen], source.predict(Xt)[chosen]
    )


# Without the source


@pytest.mark.one_backend
def test_shot_needs_no_source_rows(tables):
    Xs, ys, Xt = tables
    names = np.array(["no", "yes"])[ys]
    source = DeepSource(**SMALL).fit(Xs, names, Xt=Xt)
    before = _weights(source.encoder_), _weights(source.task_)
    model = SHOT(source, adapt_epochs=4, n_rounds=2, random_state=0).fit(Xt)
    assert model.n_epochs_ == 4
    assert set(model.predict(Xt)) <= {"no", "yes"}
    assert not any(_moved(before[0], source.encoder_))
    assert not any(_moved(before[1], model.task_))
    assert any(_moved(before[0], model.encoder_))
    with pytest.raises(ValueError, match="`model` and source rows were given"):
        SHOT(source).fit(Xs, names, Xt=Xt)
    with pytest.raises(ValueError, match="give a fitted deep adapter as `model`"):
        SHOT().fit(Xt)


def test_pseudo_labels_are_those_of_the_nearest_centre():
    rng = np.random.default_rng(0)
    y = np.arange(60) % 3
    z = 5 * np.eye(4)[y] + 0.1 * rng.normal(size=(60, 4))
    p = 0.8 * np.eye(4)[np.where(rng.random(60) < 0.3, (y + 1) % 3, y)] + 0.05
    np.testing.assert_array_equal(pseudo_labels(z, p), y)  # the fourth class is absent


def test_tent_moves_scales_and_offsets_alone(tables):
    Xs, ys, Xt = tables
    source = AdaBN(**SMALL).fit(Xs, ys, Xt=Xt)
    before = _weights(source.encoder_)
    model = Tent(source, adapt_epochs=2, batch_size=16, random_state=0).fit(Xt)
    paths = [w.path.split("/")[-1] for w in source.encoder_.weights]
    for path, moved in zip(paths, _moved(before, model.encoder_), strict=True):
        if path in ("kernel", "bias", "mean", "scale"):
            assert not moved
        if path in ("gamma", "beta"):
            assert moved
    with pytest.raises(ValueError, match="no layer of batch normalisation"):
        Tent(DeepSource(**SMALL).fit(Xs, ys, Xt=Xt)).fit(Xt)


@pytest.mark.one_backend
def test_dirtt_stays_near_its_teacher(tables):
    Xs, ys, Xt = tables
    source = DeepSource(**SMALL).fit(Xs, ys, Xt=Xt)
    before, p = _weights(source.encoder_), source.predict_proba(Xt)
    moves = []
    for beta in (0.0, 1e3):
        model = DIRTT(source, beta=beta, adapt_epochs=4, n_rounds=2, random_state=0)
        model.fit(Xt)
        moves.append(np.abs(model.predict_proba(Xt) - p).mean())
        assert model.n_epochs_ == len(model.history_["teacher_loss"]) == 4
        assert any(_moved(before, model.encoder_))
    assert not any(_moved(before, source.encoder_))
    assert moves[1] < moves[0] / 3, moves


# Heads and discriminators


@pytest.mark.one_backend
@pytest.mark.parametrize("method", [MCD, MDD])
def test_the_second_head_starts_from_other_weights(method, tables):
    Xs, ys, Xt = tables
    task = keras.Sequential([keras.Input((64,)), layers.Dense(2)])
    still = {**SMALL, "optimizer": "sgd", "learning_rate": 1e-9, "epochs": 1}
    model = method(task=task, **still).fit(Xs, ys, Xt=Xt)
    first, second = _weights(model.task_)[0], _weights(model.discriminator_)[0]
    np.testing.assert_allclose(first, _weights(task)[0], atol=1e-6)
    assert np.abs(first - second).max() > 0.05
    assert model.predict_disc(Xt).shape == (40, 2)


@pytest.mark.one_backend
def test_mcd_predicts_by_both_heads(tables):
    Xs, ys, Xt = tables
    model = MCD(pretrain=False, n_steps=3, **SMALL).fit(Xs, ys.astype(str), Xt=Xt)
    assert not hasattr(model, "pretrain_history_")
    outputs = model.predict_task(Xt), model.predict_disc(Xt)
    p = [model._labels.probability(each) for each in outputs]
    expected = model.classes_[np.mean(p, axis=0).argmax(axis=1)]
    np.testing.assert_array_equal(model.predict_avg(Xt), expected)
    numbers = MCD(pretrain=False, **SMALL).fit(Xs, Xs[:, 0], Xt=Xt)
    assert numbers.predict_avg(Xt).shape == (40,)


def test_the_random_map_keeps_inner_products():
    rng = np.random.default_rng(0)
    z, p = rng.normal(size=(5, 20)), rng.dirichlet(np.ones(6), size=5)
    network, shape, _ = prepare(
        "conditioning",
        None,
        _conditioning,
        (26,),
        6,
        20_000,
        rng=np.random.RandomState(0),
    )
    assert shape == (20_000,)
    inputs = ops.convert_to_tensor(np.hstack([z, p]), "float32")
    found = _engine.to_numpy(network(inputs))
    np.testing.assert_allclose(found @ found.T, (z @ z.T) * (p @ p.T), atol=0.3)


def test_cdan_takes_a_random_map_where_the_product_is_large(tables):
    Xs, ys, Xt = tables
    small = CDAN(**SMALL).fit(Xs, ys, Xt=Xt)
    large = CDAN(max_features=100, entropy=False, **SMALL).fit(Xs, ys, Xt=Xt)
    assert (small.is_overloaded_, large.is_overloaded_) == (False, True)
    assert small.discriminator_.input_shape == (None, 128)
    assert large.discriminator_.input_shape == (None, 100)
    for model in (small, large):
        p = model.predict_disc(Xt)
        assert p.shape == (40,)
        assert ((p > 0) & (p < 1)).all()


@pytest.mark.one_backend
def test_wdgrl_repeats_the_critic(tables):
    Xs, ys, Xt = tables
    start = keras.initializers.GlorotUniform(seed=0)
    critic = keras.Sequential(
        [keras.Input((64,)), layers.Dense(1, kernel_initializer=start)]
    )
    gaps = {}
    for n in (1, 20):
        model = WDGRL(discriminator=critic, n_critic=n, lambda_=0.0, **SMALL)
        gaps[n] = -model.fit(Xs, ys, Xt=Xt + 2).history_["disc_loss"][-1]
    assert gaps[20] > gaps[1]
    assert model.predict_disc(Xs).mean() > model.predict_disc(Xt + 2).mean()


@pytest.mark.one_backend
def test_codats_is_drawn_to_known_proportions(tables):
    Xs, ys, Xt = tables
    shares = [
        CoDATS(target_proportions=proportions, **{**SMALL, "epochs": 20})
        .fit(Xs, ys, Xt=Xt)
        .predict_proba(Xt)
        .mean(axis=0)
        for proportions in (None, [0.9, 0.1])
    ]
    assert shares[1][0] > shares[0][0] + 0.05
    with pytest.raises(ValueError, match="one share for each of the 2 classes"):
        CoDATS(target_proportions=[0.5, 0.4, 0.1], **SMALL).fit(Xs, ys, Xt=Xt)


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


@pytest.mark.one_backend
def test_schedules_reach_other_methods(tables):
    Xs, ys, Xt = tables
    model = WDGRL(lambda_=UpdateLambda(max_steps=4), **SMALL)
    assert model.fit(Xs, ys, Xt=Xt).history_["wasserstein_loss"][0] != 0


def test_inception_encoder():
    X = np.random.default_rng(0).normal(size=(12, 20, 2)).astype("float32")
    encoder = partial(inception_encoder, (20, 2), n_filters=2)
    model = DeepSource(encoder, epochs=1, batch_size=8, random_state=0)
    model.fit(X * 3 + 1, np.arange(12) % 2, Xt=X)
    assert model.transform(X).shape == (12, 8)
    mean = _engine.to_numpy(model.encoder_.layers[1].mean.value)
    np.testing.assert_allclose(mean, (X * 3 + 1).mean(axis=(0, 1)), rtol=1e-4)
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
