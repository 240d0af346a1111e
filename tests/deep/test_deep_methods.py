"""What users do with deep methods, tried on DANN and DeepCORAL."""

import copy
import pickle
import subprocess
import sys
import warnings
from functools import partial

import joblib
import numpy as np
import pytest

keras = pytest.importorskip("keras", exc_type=ImportError)

from keras import layers  # noqa: E402
from sklearn.base import clone, is_classifier, is_regressor  # noqa: E402
from sklearn.model_selection import GridSearchCV  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402

from adapt.deep import _engine  # noqa: E402
from adapt.feature_based import DANN, SHOT, DeepCORAL, DeepSource  # noqa: E402
from adapt.parameter_based import FineTuning  # noqa: E402

SMALL = {"epochs": 2, "batch_size": 32, "random_state": 0}


@pytest.fixture(scope="module")
def tables():
    rng = np.random.default_rng(0)
    Xs = rng.normal(size=(80, 4))
    return Xs, (Xs[:, 0] > 0).astype(int), Xs[:50] * 1.3 + 0.3


@keras.saving.register_keras_serializable("adapt_tests")
class Registered(keras.Model):
    def __init__(self, width=4, **kwargs):
        super().__init__(**kwargs)
        self.width = width
        self.inner = layers.Dense(width, activation="relu")

    def call(self, x):
        return self.inner(x)

    def get_config(self):
        return {**super().get_config(), "width": self.width}


def small_encoder(width=8):
    return keras.Sequential([layers.Dense(width, activation="relu")])


# Scales


def _units(X):
    """Return mean and variance by column or channel, in numpy."""
    columns = X.reshape(-1, X.shape[-1])
    return columns.mean(axis=0), columns.var(axis=0)


@pytest.mark.parametrize(
    "shape", [(5,), (16, 3), (8, 8, 3)], ids=["table", "series", "image"]
)
def test_default_encoder_standardises_by_both_domains(shape):
    """Half of the weight is on each, however many rows they have."""
    rng = np.random.default_rng(0)
    scale = 10.0 ** np.arange(-3, shape[-1] - 3)
    Xs = (rng.normal(size=(60, *shape)) + 2) * scale
    Xs[..., 0] = 7  # a column that varies in the target alone
    Xt = (3 * rng.normal(size=(20, *shape)) - 1) * scale
    Xs[..., 1], Xt[..., 1] = 5e3, 5e3  # a constant column
    model = DANN(**SMALL).fit(Xs, rng.integers(2, size=60), Xt=Xt)
    (ms, vs), (mt, vt) = _units(Xs), _units(Xt)
    mean = (ms + mt) / 2
    scale = np.sqrt((vs + vt) / 2 + (ms - mt) ** 2 / 4)
    for X in (Xs, Xt):
        z = _engine.to_numpy(model.encoder_.layers[0](X))
        expected = np.where(scale > 0, (X - mean) / np.where(scale > 0, scale, 1), 0)
        np.testing.assert_allclose(z, expected, atol=2e-3)
    unseen = model.encoder_.layers[0](Xt + 1e3)
    assert not _engine.to_numpy(unseen)[..., 1].any()
    assert np.isfinite(model.predict_task(Xs)).all()


@pytest.mark.one_backend
def test_before_there_is_a_target_the_source_decides_the_units(tables):
    Xs, ys, Xt = tables
    model = SHOT(**SMALL).fit(Xs, ys, Xt=Xt)
    z = _engine.to_numpy(model.encoder_.layers[0](Xs))
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(z.std(axis=0), 1, rtol=1e-5)


@pytest.mark.one_backend
def test_scales_are_learnt_once(tables):
    Xs, ys, Xt = tables
    first = DANN(**SMALL).fit(Xs, ys, Xt=Xt)
    again = DANN(encoder=first.encoder_, **SMALL).fit(Xs * 5 + 1, ys, Xt=Xt)
    learnt, kept = (_engine.weights_of(m.encoder_.layers[0]) for m in (first, again))
    for a, b in zip(learnt, kept, strict=True):
        np.testing.assert_array_equal(a, b)


def test_trained_layers_in_a_new_network_keep_their_weights(tables):
    Xs, ys, Xt = tables
    trained = keras.Sequential([keras.Input((4,)), layers.Dense(8, activation="tanh")])
    model = DANN(
        keras.Sequential(trained.layers), epochs=1, learning_rate=1e-9, random_state=0
    )
    kernel, _ = _engine.weights_of(model.fit(Xs, ys, Xt=Xt).encoder_)
    np.testing.assert_allclose(kernel, _engine.weights_of(trained)[0], atol=1e-6)
    half = keras.Sequential([*trained.layers, layers.Dense(3)])
    with pytest.raises(ValueError, match="layers with weights and others without"):
        DANN(half, **SMALL).fit(Xs, ys, Xt=Xt)


# Labels


@pytest.mark.one_backend
def test_labelled_target_rows_join_the_task(tables):
    Xs, ys, Xt = tables
    far = Xt + 6  # where the source says nothing, and the labels are the other way
    yt = (Xt[:, 0] < 0).astype(float)
    few = np.where(np.arange(len(yt)) < 25, yt, np.nan)
    options = {**SMALL, "epochs": 40}
    without = DeepCORAL(lambda_=0.0, **options).fit(Xs, ys, Xt=far)
    model = DeepCORAL(lambda_=0.0, **options).fit(Xs, ys, Xt=far, yt=few)
    assert model.score(far[25:], yt[25:]) > 0.9 > without.score(far[25:], yt[25:])
    given = DeepCORAL(Xt=far, yt=few, lambda_=0.0, **options).fit(Xs, ys)
    np.testing.assert_array_equal(given.predict_proba(far), model.predict_proba(far))
    # In one table they may be there only to score by.
    X, y = np.concatenate([Xs, far]), np.concatenate([ys, yt.astype(int)])
    domain = np.repeat([0, -1], [len(Xs), len(far)])
    table = DeepCORAL(lambda_=0.0, **options).fit(X, y, sample_domain=domain)
    np.testing.assert_array_equal(table.predict_proba(far), without.predict_proba(far))


@pytest.mark.one_backend
@pytest.mark.parametrize(
    "relabel",
    [
        lambda y: np.array(["no", "yes"])[y],
        lambda y: 2 * y - 1,
        lambda y: y.astype(bool),
        lambda y: np.array(["no", "yes"], dtype=object)[y],
    ],
    ids=["str", "signs", "bool", "object"],
)
def test_labels_come_back_as_they_were_given(relabel, tables):
    Xs, ys, Xt = tables
    y = relabel(ys)
    model = DANN(**{**SMALL, "epochs": 30}, learning_rate=0.01).fit(Xs, y, Xt=Xt)
    np.testing.assert_array_equal(model.classes_, np.unique(y))
    assert set(model.predict(Xt)) <= set(y.tolist())
    assert model.score(Xs, y) > 0.9
    p = model.predict_proba(Xs)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    np.testing.assert_array_equal(model.classes_[p.argmax(axis=1)], model.predict(Xs))
    assert is_classifier(model)


@pytest.mark.one_backend
def test_one_hot_labels_are_classes(tables):
    Xs, ys, Xt = tables
    plain = DANN(**SMALL).fit(Xs, ys, Xt=Xt)
    model = DANN(**SMALL).fit(Xs, np.eye(2)[ys], Xt=Xt)
    np.testing.assert_array_equal(model.predict_proba(Xt), plain.predict_proba(Xt))
    assert model.score(Xs, np.eye(2)[ys]) == plain.score(Xs, ys)


@pytest.mark.one_backend
@pytest.mark.parametrize("activation", [None, "sigmoid"])
def test_one_output_serves_two_classes(activation, tables):
    Xs, ys, Xt = tables
    task = partial(keras.Sequential, [layers.Dense(1, activation=activation)])
    model = DANN(task=task, **{**SMALL, "epochs": 30}, learning_rate=0.01)
    assert model.fit(Xs, ys, Xt=Xt).score(Xs, ys) > 0.9
    raw = model.predict_task(Xt)[:, 0]
    p = raw if activation else 1 / (1 + np.exp(-raw))
    np.testing.assert_allclose(model.predict_proba(Xt)[:, 1], p, atol=1e-6)


def test_logits_and_a_softmax_train_alike(tables):
    Xs, ys, Xt = tables
    logits = keras.Sequential([keras.Input((64,)), layers.Dense(2)])
    ended = keras.Sequential([keras.Input((64,)), layers.Dense(2), layers.Softmax()])
    ended.set_weights(logits.get_weights())
    fits = [DANN(task=task, **SMALL).fit(Xs, ys, Xt=Xt) for task in (logits, ended)]
    np.testing.assert_allclose(*(f.predict_proba(Xt) for f in fits), atol=1e-4)


def test_numbers(tables):
    Xs, _, Xt = tables
    y = Xs[:, 0] * 3 + 1
    model = DeepCORAL(**{**SMALL, "epochs": 60}, learning_rate=0.01).fit(Xs, y, Xt=Xt)
    assert model.predict(Xt).shape == (50,)
    assert model.score(Xs, y) > 0.8
    assert is_regressor(model)
    assert not hasattr(model, "predict_proba")
    assert not hasattr(model, "classes_")
    both = DeepCORAL(**SMALL).fit(Xs, Xs[:, :2], Xt=Xt)
    assert both.predict(Xt).shape == (50, 2)
    column = DeepCORAL(**SMALL).fit(Xs, Xs[:, :1], Xt=Xt)
    assert column.predict(Xt).shape == (50, 1)


@pytest.mark.one_backend
def test_the_loss_decides_before_the_labels(tables):
    Xs, ys, Xt = tables
    assert is_regressor(DANN(loss="mse"))
    assert is_classifier(DANN(loss="crossentropy"))
    numbers = DANN(loss="mae", **SMALL).fit(Xs, ys, Xt=Xt)
    assert numbers.predict(Xt).dtype.kind == "f"
    classes = DANN(loss="bce", **SMALL).fit(Xs, ys.astype(float), Xt=Xt)
    assert classes.predict_proba(Xt).shape == (50, 2)
    smoothed = keras.losses.CategoricalCrossentropy(label_smoothing=0.2)
    model = DANN(loss=smoothed, metrics=["accuracy", "mse"], **SMALL)
    history = model.fit(Xs, ys, Xt=Xt).history_
    assert {"accuracy", "mse"} <= history.keys()


# Data


@pytest.mark.one_backend
def test_frames_and_a_pipeline(tables):
    pd = pytest.importorskip("pandas")
    Xs, ys, Xt = tables
    Xs, Xt = (pd.DataFrame(X, columns=list("abcd")) for X in (Xs, Xt))
    model = DANN(**SMALL).fit(Xs, ys, Xt=Xt)
    assert list(model.feature_names_in_) == list("abcd")
    pipe = make_pipeline(StandardScaler(), DANN(Xt=Xt.to_numpy(), **SMALL))
    assert pipe.fit(Xs, ys).predict(Xt).shape == (50,)


@pytest.mark.one_backend
def test_both_ways_of_giving_domains_agree(tables):
    Xs, ys, Xt = tables
    one = DANN(**SMALL).fit(Xs, ys, Xt=Xt)
    two = DANN(Xt=Xt, **SMALL).fit(Xs, ys)
    X, y = np.concatenate([Xs, Xt]), np.concatenate([ys, np.zeros(50, dtype=int)])
    domain = np.repeat([0, -1], [80, 50])
    three = DANN(**SMALL).fit(X, y, sample_domain=domain)
    for other in (two, three):
        np.testing.assert_array_equal(other.predict_proba(Xt), one.predict_proba(Xt))


@pytest.mark.parametrize("joint_batch", [True, False])
@pytest.mark.parametrize(
    ("n_source", "n_target", "batch_size"),
    [(80, 1, 512), (33, 50, 16), (3, 50, 1)],
)
def test_odd_sizes_with_batch_normalisation(
    n_source, n_target, batch_size, joint_batch, tables
):
    Xs, ys, Xt = tables
    encoder = keras.Sequential([layers.Dense(4), layers.BatchNormalization()])
    ys = np.arange(n_source) % 2
    model = DeepCORAL(
        encoder, epochs=2, batch_size=batch_size, joint_batch=joint_batch
    ).fit(Xs[:n_source], ys, Xt=Xt[:n_target])
    assert np.isfinite(model.predict_proba(Xt)).all()
    moved = model.encoder_.layers[1].moving_mean
    assert np.abs(_engine.to_numpy(moved.value)).max() > 0


@pytest.mark.parametrize("encoder", [None, "lstm", "conv"])
def test_series(encoder):
    rng = np.random.default_rng(0)
    y = np.arange(60) % 2
    waves = np.sin(np.linspace(0, 6, 16) * (1 + 2 * y[:, None]))[..., None]
    X = waves + 0.1 * rng.normal(size=(60, 16, 2))
    bodies = {
        "lstm": lambda: keras.Sequential([layers.LSTM(8)]),
        "conv": lambda: keras.Sequential([layers.Conv1D(4, 3)]),
    }
    model = DANN(bodies.get(encoder), epochs=15, batch_size=32, learning_rate=0.01)
    model.set_params(random_state=0).fit(X, y, Xt=X[:30] + 0.1)
    assert len(set(model.predict(X))) == 2
    with pytest.raises(ValueError, match="samples of shape"):
        model.predict(X[:, :, :1])


def test_images():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 255, size=(20, 8, 8, 3)).astype("uint8")
    model = DeepCORAL(epochs=1, batch_size=8).fit(X, np.arange(20) % 2, Xt=X)
    assert model.transform(X).shape == (20, 64)


@pytest.mark.one_backend
def test_source_weights_weigh(tables):
    Xs, ys, Xt = tables
    wrong = np.r_[ys[:40], 1 - ys[40:]]
    weight = np.r_[np.ones(40), np.zeros(40)]
    model = DANN(**{**SMALL, "epochs": 40}, learning_rate=0.01)
    model.fit(Xs, wrong, Xt=Xt, sample_weight=weight)
    assert model.score(Xs[40:], ys[40:]) > 0.8


def test_mixed_precision(tables):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = DANN(**SMALL).fit(*tables[:2], Xt=tables[2])
        assert model.encoder_.compute_dtype == "bfloat16"
        assert model.transform(tables[2]).dtype == np.float32
        assert np.isfinite(model.predict_proba(tables[2])).all()
    finally:
        keras.config.set_dtype_policy(before)


# Networks


def test_given_networks_stay_as_they_were(tables):
    Xs, ys, Xt = tables
    encoder = keras.Sequential([keras.Input((4,)), layers.Dense(3)])
    before = encoder.get_weights()
    first = DANN(encoder, **SMALL).fit(Xs, ys, Xt=Xt)
    again = DANN(encoder, **SMALL).fit(Xs, ys, Xt=Xt)
    np.testing.assert_array_equal(first.predict_proba(Xt), again.predict_proba(Xt))
    for old, now in zip(before, encoder.get_weights(), strict=True):
        np.testing.assert_array_equal(old, now)
    trained = DANN(encoder, copy=False, **SMALL).fit(Xs, ys, Xt=Xt)
    assert trained.encoder_ is encoder
    assert np.abs(encoder.get_weights()[0] - before[0]).max() > 0


def test_unbuilt_networks_and_dropout_follow_random_state(tables):
    Xs, ys, Xt = tables
    unbuilt = keras.Sequential([layers.Dense(4), layers.Dropout(0.5)])
    build = partial(keras.Sequential, [layers.Dense(4), layers.Dropout(0.5)])
    p = [
        DANN(unbuilt, **{**SMALL, "random_state": seed}).fit(Xs, ys, Xt=Xt)
        for seed in (0, 0, 1)
    ]
    p = [model.predict_proba(Xt) for model in p]
    np.testing.assert_array_equal(p[0], p[1])
    assert np.abs(p[0] - p[2]).max() > 1e-3
    assert not unbuilt.built
    DANN(build, **SMALL).fit(Xs, ys, Xt=Xt)


def test_frozen_layers_stay(tables):
    Xs, ys, Xt = tables
    encoder = keras.Sequential([keras.Input((4,)), layers.Dense(3), layers.Dense(3)])
    encoder.layers[0].trainable = False
    model = DANN(encoder, **SMALL).fit(Xs, ys, Xt=Xt)
    moved = [
        np.abs(a - b).max() > 0
        for a, b in zip(
            encoder.get_weights(), model.encoder_.get_weights(), strict=True
        )
    ]
    assert moved == [False, False, True, True]


@pytest.mark.one_backend
def test_subclassed_networks(tables):
    Xs, ys, Xt = tables
    model = DANN(Registered(width=3), **SMALL).fit(Xs, ys, Xt=Xt)
    assert model.transform(Xt).shape == (50, 3)
    loaded = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(loaded.predict_proba(Xt), model.predict_proba(Xt))

    class Local(keras.Model):
        def __init__(self):
            super().__init__()
            self.inner = layers.Dense(2)

        def call(self, x):
            return self.inner(x)

    assert DANN(Local, **SMALL).fit(Xs, ys, Xt=Xt).transform(Xt).shape == (50, 2)
    with pytest.raises(ValueError, match=r"`encoder` .*register"):
        DANN(Local(), **SMALL).fit(Xs, ys, Xt=Xt)


@pytest.mark.one_backend
@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"encoder": lambda: _dense(2, n_inputs=3)}, "`encoder` cannot take samples"),
        ({"task": lambda: _dense(5)}, "`task` has outputs .* 2 classes"),
        ({"discriminator": lambda: _dense(2)}, "`discriminator` must have one output"),
        ({"encoder": lambda: "network"}, "`encoder` must be a Keras model"),
        ({"encoder": "network"}, "'encoder' parameter"),
        ({"epochs": 0}, "'epochs' parameter"),
        ({"lambda_": "high"}, "'lambda_' parameter"),
        ({"callbacks": [1]}, "`callbacks` must hold Keras callbacks"),
        ({"validation_split": 0.999, "epochs": 1}, None),
        ({"validation_data": (np.ones((2, 4)),)}, "`validation_data` must be a pair"),
    ],
)
def test_errors_before_any_training(params, message, tables):
    Xs, ys, Xt = tables
    model = DANN(**params)
    if message is None:  # at the edge: one row is left to train on
        model.fit(Xs, ys, Xt=Xt)
        return
    with pytest.raises((ValueError, TypeError), match=message):
        model.fit(Xs, ys, Xt=Xt)


def _dense(n_units, n_inputs=None):
    first = [] if n_inputs is None else [keras.Input((n_inputs,))]
    return keras.Sequential([*first, layers.Dense(n_units)])


def test_numbers_may_be_of_any_scale(tables):
    Xs, _, Xt = tables
    y = 2 * Xs[:, 0] - Xs[:, 1]
    shifted = 50 * y + 1e5
    model, other = (DeepSource(**SMALL).fit(Xs, v, Xt=Xt) for v in (y, shifted))
    found = (other.predict(Xt) - 1e5) / 50
    np.testing.assert_allclose(found, model.predict(Xt), atol=0.01)
    restored = pickle.loads(pickle.dumps(other))
    np.testing.assert_array_equal(restored.predict(Xt), other.predict(Xt))
    tuned = FineTuning(other.encoder_, other.task_, **SMALL).fit(Xs, shifted)
    assert tuned.score(Xs, shifted) > 0.1
    heads = FineTuning(other.encoder_, **SMALL).fit(Xs, np.c_[shifted, y])
    np.testing.assert_allclose(heads.predict(Xs).mean(axis=0), [1e5, 0], atol=50)


@pytest.mark.one_backend
def test_labels_that_cannot_be(tables):
    Xs, ys, Xt = tables
    with pytest.raises(ValueError, match="one class"):
        DANN(**SMALL).fit(Xs, np.zeros_like(ys), Xt=Xt)
    with pytest.raises(ValueError, match="one-hot"):
        DANN(**SMALL).fit(Xs, np.ones((80, 2), dtype=int), Xt=Xt)
    with pytest.raises(ValueError, match="requires y"):
        DANN(**SMALL).fit(Xs, Xt=Xt)
    with pytest.raises(ValueError, match="`loss`='mse' is for numbers"):
        DANN(loss="mse", **SMALL).fit(Xs, ys.astype(str), Xt=Xt)
    with pytest.raises(ValueError, match="labels that the source has not"):
        DANN(**SMALL).fit(Xs, ys, Xt=Xt, validation_data=(Xs, ys + 7))


def test_a_loss_that_is_not_finite_is_an_error(tables):
    Xs, _, Xt = tables
    model = DeepCORAL(learning_rate=1e30, optimizer="sgd", **SMALL)
    with pytest.raises(FloatingPointError, match="`learning_rate`"):
        model.fit(Xs, Xs[:, 0], Xt=Xt)


# Training


@pytest.mark.one_backend
def test_fit_options_win_over_the_constructors(tables, capsys):
    Xs, ys, Xt = tables
    model = DANN(**SMALL)
    model.fit(Xs, ys, Xt=Xt, epochs=3, batch_size=80, verbose=1, validation_split=0.2)
    assert model.n_epochs_ == 3
    assert len(model.history_["val_loss"]) == 3
    assert "Epoch 3/3" in capsys.readouterr().out
    assert model.get_params()["epochs"] == 2
    model.fit(Xs, ys, Xt=Xt)
    assert capsys.readouterr().out == ""
    assert model.n_epochs_ == 2


def test_validation_loss_is_the_task_loss_on_those_rows(tables):
    Xs, ys, Xt = tables
    model = DANN(metrics=["accuracy"], **SMALL)
    model.fit(Xs, ys, Xt=Xt, validation_data=(Xs[:30], ys[:30]))
    p = model.predict_proba(Xs[:30])[np.arange(30), ys[:30]]
    assert model.history_["val_loss"][-1] == pytest.approx(-np.log(p).mean(), rel=1e-4)
    accuracy = model.score(Xs[:30], ys[:30])
    assert model.history_["val_accuracy"][-1] == pytest.approx(accuracy)


def test_keras_callbacks(tables, tmp_path):
    Xs, ys, Xt = tables
    weights = []

    class Spy(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            weights.append(self.model.get_weights())
            assert {"loss", "task_loss", "disc_loss", "val_loss"} <= logs.keys()

    callbacks = [
        Spy(),
        keras.callbacks.EarlyStopping(
            "val_loss", patience=2, min_delta=9, restore_best_weights=True
        ),
        keras.callbacks.ModelCheckpoint(tmp_path / "model.keras"),
    ]
    model = DANN(epochs=20, validation_split=0.2, callbacks=callbacks, random_state=0)
    model.fit(Xs, ys, Xt=Xt)
    assert model.n_epochs_ == 3
    found = model.encoder_.get_weights() + model.task_.get_weights()
    for best, w in zip(weights[0], found, strict=True):
        np.testing.assert_array_equal(best, w)
    # The first two are the scales, which do not move.
    moving = zip(weights[0][2:], weights[-1][2:], strict=True)
    assert all(np.abs(a - b).max() > 0 for a, b in moving)
    saved = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(saved.get_weights()[0], weights[-1][0])


def test_a_learning_rate_of_zero_from_a_callback_stops_the_weights(tables):
    Xs, ys, Xt = tables
    schedule = keras.callbacks.LearningRateScheduler(lambda epoch: 1e-3 * (epoch < 1))
    short = DANN(**{**SMALL, "epochs": 1}).fit(Xs, ys, Xt=Xt)
    model = DANN(callbacks=[schedule], **{**SMALL, "epochs": 4}).fit(Xs, ys, Xt=Xt)
    for name in ("encoder_", "task_", "discriminator_"):
        for a, b in zip(
            getattr(short, name).get_weights(),
            getattr(model, name).get_weights(),
            strict=True,
        ):
            np.testing.assert_array_equal(a, b)


def test_ctrl_c_keeps_what_was_learnt(tables):
    Xs, ys, Xt = tables

    class Impatient(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                raise KeyboardInterrupt

    model = DANN(**{**SMALL, "epochs": 50}, callbacks=[Impatient()])
    with pytest.warns(UserWarning, match="interrupted after 2 of 50 epochs"):
        model.fit(Xs, ys, Xt=Xt)
    two = DANN(**SMALL).fit(Xs, ys, Xt=Xt)
    np.testing.assert_array_equal(model.predict_proba(Xt), two.predict_proba(Xt))


# Composition


def test_pickle_copy_and_clone(tables, tmp_path):
    Xs, ys, Xt = tables
    encoder = keras.Sequential([layers.Dense(4), layers.BatchNormalization()])
    model = DANN(encoder, callbacks=[keras.callbacks.EarlyStopping("loss")], **SMALL)
    for unfitted in (clone(model), copy.deepcopy(model)):
        unfitted.fit(Xs, ys, Xt=Xt)
    p = model.fit(Xs, ys, Xt=Xt).predict_proba(Xt)
    joblib.dump(model, tmp_path / "model")
    others = [copy.deepcopy(model), pickle.loads(pickle.dumps(model))]
    for other in (*others, joblib.load(tmp_path / "model"), model):
        np.testing.assert_array_equal(other.predict_proba(Xt), p)
        np.testing.assert_array_equal(
            other.fit(Xs, ys, Xt=Xt).predict_proba(Xt), unfitted.predict_proba(Xt)
        )
    assert not hasattr(clone(model), "history_")


def test_a_fresh_process_predicts_the_same(tables, tmp_path):
    Xs, ys, Xt = tables
    model = DANN(**SMALL).fit(Xs, ys, Xt=Xt)
    joblib.dump((model, Xt, model.predict_proba(Xt)), tmp_path / "model")
    code = (
        "import joblib, numpy as np, sys; m, X, p = joblib.load(sys.argv[1]);"
        "np.testing.assert_allclose(m.predict_proba(X), p, atol=1e-6)"
    )
    subprocess.run([sys.executable, "-c", code, tmp_path / "model"], check=True)


@pytest.mark.slow
def test_grid_search_in_two_processes(tables):
    Xs, ys, Xt = tables
    grid = {
        "lambda_": [0.1, 1.0],
        "epochs": [1],
        "encoder": [partial(small_encoder, 4), partial(small_encoder, 8)],
    }
    model = DANN(Xt=Xt, loss="crossentropy", random_state=0)
    search = GridSearchCV(model, grid, cv=2, n_jobs=2, scoring="roc_auc")
    search.fit(Xs, ys)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_estimator_.predict(Xt).shape == (50,)


@pytest.mark.one_backend
def test_transform_and_predict_disc(tables):
    Xs, ys, Xt = tables
    far = Xt + 5
    model = DANN(**{**SMALL, "epochs": 30}, lambda_=0.0, learning_rate=0.01)
    model.fit(Xs, ys, Xt=far)
    assert model.transform(Xt).shape == (50, 64)
    assert len(model.get_feature_names_out()) == 64
    assert model.predict_disc(Xs).mean() > 0.9
    assert model.predict_disc(far).mean() < 0.1


def test_nothing_warns(tables):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = DANN(**SMALL, metrics=["accuracy"], validation_split=0.2)
        model.fit(*tables[:2], Xt=tables[2]).predict_proba(tables[2])


# The methods do what they are for
