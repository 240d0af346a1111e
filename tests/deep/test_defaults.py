"""Default networks, and how long trainings are."""

import numpy as np
import pytest

keras = pytest.importorskip("keras", exc_type=ImportError)

from adapt.deep import (  # noqa: E402
    Dropout,
    _engine,
    default_encoder,
    image_encoder,
    series_encoder,
    table_encoder,
)
from adapt.deep._layers import random_bits  # noqa: E402
from adapt.feature_based import DANN, DeepCORAL, DeepSource  # noqa: E402
from tests.deep.reference import plain_encoder, small_tables  # noqa: E402


def names(network):
    """Return the kinds of its layers that have weights or draw random numbers."""
    kinds = [type(layer).__name__ for layer in network.layers]
    plain = ("Activation", "Flatten", "MaxPooling2D", "GlobalAveragePooling1D")
    return [kind for kind in kinds if kind not in plain]


@pytest.mark.one_backend
@pytest.mark.parametrize(
    ("shape", "maker", "body", "n_features"),
    [
        ((5,), table_encoder, ["Dense", "Dropout"] * 2, 64),
        (
            (20, 3),
            series_encoder,
            [*["Conv1D", "BatchNormalization"] * 3, "Dropout"],
            32,
        ),
        (
            (8, 6, 1),
            image_encoder,
            [
                *["Conv2D", "BatchNormalization"] * 2,
                *("Dropout", "Dense", "BatchNormalization"),
            ],
            64,
        ),
    ],
    ids=["table", "series", "image"],
)
def test_default_encoders(shape, maker, body, n_features):
    found, chosen = maker(shape), default_encoder(shape)
    assert names(found) == names(chosen) == ["Standardise", *body]
    assert found.output_shape == chosen.output_shape == (None, n_features)
    normalised = default_encoder(shape, normalise=True)
    assert "BatchNormalization" in names(normalised)


@pytest.mark.one_backend
@pytest.mark.parametrize(("side", "n_blocks"), [(5, 2), (28, 2), (29, 3), (64, 4)])
def test_large_images_are_halved_more_often(side, n_blocks):
    network = image_encoder((side, 5, 3))
    assert names(network).count("Conv2D") == n_blocks


# Dropout


def _int32(x):
    return (x + 2**31) % 2**32 - 2**31


def test_bits_are_the_same_on_every_backend():
    """As Python's integers give them, which do not wrap around by themselves."""
    a, b, c = -1640531535, 668265263, 374761393
    seed = (123456789, 4)
    expected = np.empty((5, 3))
    for i in range(5):
        row = _int32(i * a + seed[0] + seed[1] * c)
        row = _int32((row ^ (row >> 15)) * b)
        for j in range(3):
            column = _int32(j * b)
            column = _int32((column ^ (column >> 15)) * c)
            column ^= column >> 13
            bits = row ^ column
            bits = _int32((bits ^ (bits >> 13)) * c)
            expected[i, j] = (bits ^ (bits >> 16)) & (2**24 - 1)
    found = random_bits(_engine.to_device(np.array(seed, dtype=np.int32)), 5, 3)
    np.testing.assert_array_equal(_engine.to_numpy(found), expected)


def test_dropout_leaves_out_its_share_and_keeps_the_mean():
    layer = Dropout(0.3, seed=1)
    X = np.ones((256, 8, 8), dtype=np.float32)
    masks = [_engine.to_numpy(layer(X, training=True)) for _ in range(8)]
    for mask in masks:
        np.testing.assert_allclose(np.unique(mask), [0, 1 / 0.7], rtol=1e-6)
    flat = np.stack(masks).reshape(8, -1) > 0
    assert flat.mean() == pytest.approx(0.7, abs=0.01)
    assert np.abs(flat.reshape(8, 256, 64).mean(axis=(0, 1)) - 0.7).max() < 0.05
    assert np.abs(np.corrcoef(flat) - np.eye(8)).max() < 0.05  # steps differ
    np.testing.assert_array_equal(_engine.to_numpy(layer(X)), X)


# Length


@pytest.mark.one_backend
@pytest.mark.parametrize(
    ("params", "shape", "expected"),
    [
        ({}, (5,), (63, 63 * 16)),  # the first epochs that make 1,000 steps
        ({}, (20, 3), (19, 19 * 16)),
        ({}, (8, 8, 1), (19, 19 * 16)),
        ({"max_steps": 50}, (5,), (4, 50)),
        ({"epochs": 3}, (5,), (3, 48)),
        ({"epochs": 3, "max_steps": 20}, (5,), (3, 20)),
    ],
    ids=str,
)
def test_length_of_a_training(params, shape, expected):
    model = DeepSource(**params)
    model._shape = shape
    assert model._plan(model.epochs, 16) == expected
    assert DeepSource()._plan(7, 16) == (7, 7 * 16)  # of a phase that says so itself


@pytest.mark.one_backend
def test_many_rows_are_gone_through_ten_times():
    model = DeepSource()
    model._shape = (5,)
    assert model._plan(None, 5000) == (10, 50_000)


def test_a_training_ends_after_so_many_steps():
    """The weight of the CORAL loss is positive from the eighth step on."""
    Xs, ys, Xt = small_tables()

    def late(steps):
        return (np.asarray(steps) >= 7).astype(float)

    options = {"batch_size": 16, "random_state": 0, "encoder": plain_encoder}
    model = DeepCORAL(lambda_=late, max_steps=7, **options).fit(Xs, ys, Xt=Xt)
    assert model.history_["coral_loss"] == [0.0, 0.0]
    assert model.n_epochs_ == 2  # of four steps, and of three
    model = DeepCORAL(lambda_=late, max_steps=8, **options).fit(Xs, ys, Xt=Xt)
    assert model.history_["coral_loss"][1] > 0


# Optimizer


@pytest.mark.one_backend
def test_the_default_optimizer_decays_weights():
    Xs, ys, Xt = small_tables()
    options = {"epochs": 1, "batch_size": 16, "random_state": 0}
    options["encoder"] = plain_encoder
    decays = keras.optimizers.AdamW(learning_rate=1e-3, weight_decay=0.1)
    found, same, plain = (
        DANN(optimizer=optimizer, **options).fit(Xs, ys, Xt=Xt).predict_proba(Xt)
        for optimizer in (None, decays, "adam")
    )
    np.testing.assert_array_equal(found, same)
    assert np.abs(found - plain).max() > 0
