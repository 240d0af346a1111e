"""GAIN: the denoising ensemble, and the published method."""

import keras
import numpy as np
import pytest
from keras import layers
from sklearn.base import clone

from adapt.deep import _engine
from adapt.imputation import ClueGAINImputer, GAINImputer
from adapt.imputation._deep._gain_networks import default_generator, new_players
from adapt.imputation._deep._hiding import hide_cells
from adapt.imputation._deep._training import MaskedTraining
from tests.imputation import common
from tests.imputation.deep import published
from tests.imputation.deep.data import QUICK, by_means, digits_with_holes, rmse
from tests.imputation.deep.one_step import (
    LOSSES,
    ONE_STEP,
    RATE,
    assert_weights,
    draw_alike,
    given_networks,
    weights_of,
)


@pytest.mark.one_backend
def test_default_beats_the_means_and_the_reference():
    X, Z = digits_with_holes()
    default = GAINImputer(n_steps=1500, keep_empty_features=True, random_state=0)
    reference = clone(default).set_params(preset="reference")
    errors = [rmse(imputer.fit_transform(Z), X, Z) for imputer in (default, reference)]
    assert errors[0] < 0.95 * errors[1]
    assert errors[0] < 0.85 * rmse(by_means(Z), X, Z)
    assert len(default.generators_) == 5
    assert default.discriminators_ == []
    (discriminator,) = reference.discriminators_
    assert discriminator.output_shape == (None, 64 - len(reference.empty_features_))
    assert np.isnan(reference.validation_score_)


@pytest.mark.parametrize("hint", ["code", "paper"])
def test_a_step_of_the_reference_is_that_of_the_paper(hint, monkeypatch):
    """The whole call that Notes give, against the equations in numpy."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(12, 3)) * 5
    M = (rng.random(X.shape) < 0.6).astype(float)
    noise, told = draw_alike(monkeypatch)
    generator, discriminator = given_networks()
    imputer = GAINImputer(preset="reference", hint=hint, **ONE_STEP)
    imputer.set_params(generator=generator, discriminator=discriminator)
    imputer.fit(np.where(M > 0, X, np.nan))
    seen = np.where(M > 0, X, np.nan)
    low, high = np.nanmin(seen, axis=0), np.nanmax(seen, axis=0)
    start = [weights_of(network) for network in (generator, discriminator)]
    batch = (X - low) / (high - low), M, noise, told, hint
    G, D = published.step(*start, RATE, *batch)
    assert_weights(imputer.generators_[0], G, start[0])
    assert_weights(imputer.discriminators_[0], D, start[1])
    found = [imputer.history_[0][f"{name}_loss"] for name in LOSSES]
    first = published.losses(start[0], start[1], *batch)[0]
    second = published.losses(start[0], D, *batch)[1]
    assert found[0] == pytest.approx([first], rel=1e-4)
    assert np.add(*found[1:]) == pytest.approx([second], rel=1e-4)


def test_the_hint_of_the_paper_leaves_one_cell_of_each_row_out():
    Z = np.random.default_rng(0).random((8, 5))
    imputer = GAINImputer(preset="reference", hint="paper", n_steps=1).fit(Z)
    plan = imputer._plan((5,))
    training = MaskedTraining(plan, new_players(plan, np.random.RandomState(0)))
    told = training._draw(np.random.RandomState(0), (3, 8))["hint"]
    assert told.shape == (3, 8, 5)
    assert np.all(told.sum(axis=-1) == 4)


def test_hidden_cells_are_drawn_at_their_rates():
    rng = np.random.RandomState(0)
    groups = [slice(0, 1), slice(1, 4)]
    hidden = hide_cells(rng, (50, 40), (4,), groups, (0.2, 0.4))
    assert hidden.shape == (50, 40, 4)
    assert hidden.mean() == pytest.approx(0.3, abs=0.02)
    assert np.all(hidden[..., 1] == hidden[..., 3])
    series = hide_cells(rng, (20, 30), (40, 2), [slice(0, 1), slice(1, 2)], (0.3, 0.3))
    assert 0.15 < series.mean() < 0.5
    flips = np.abs(np.diff(series.astype(int), axis=2)).mean()
    assert flips < 0.3 * 2 * series.mean() * (1 - series.mean())  # stretches


def test_training_starts_from_the_means():
    _, Z = digits_with_holes()
    imputer = GAINImputer(n_steps=1, learning_rate=1e-12, random_state=0, n_folds=2)
    filled = imputer.set_params(keep_empty_features=True).fit_transform(Z)
    means = np.where(np.isnan(Z).all(axis=0), 0, by_means(Z))
    np.testing.assert_allclose(filled, means, atol=1e-4)


def test_networks_of_the_reference_start_as_published():
    Z = np.random.default_rng(0).random((40, 40))
    imputer = GAINImputer(preset="reference", n_steps=1, learning_rate=1e-12)
    imputer.set_params(random_state=0).fit(Z)
    for network in (imputer.generators_[0], imputer.discriminators_[0]):
        for w in _engine.weights_of(network):
            expected = np.sqrt(2 / w.shape[0]) if w.ndim > 1 else 0
            assert w.std() == pytest.approx(expected, rel=0.05, abs=1e-9)


def test_outliers_are_compressed_where_columns_have_no_bounds():
    x = np.array([[0.01, -40.0, 1.0, 0.0]], dtype="float32")
    generator = default_generator((4,), 8, 2, None)
    rest = keras.Sequential([keras.Input((4,)), *generator.layers[1:]])
    expected = _engine.to_numpy(rest(_engine.to_device(np.arcsinh(x))))
    found = _engine.to_numpy(generator(_engine.to_device(x)))
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    bounded = default_generator((4,), 8, 2, "sigmoid")
    assert len(bounded.layers) == len(generator.layers) - 1  # as published


@pytest.mark.one_backend
def test_rows_are_filled_in_blocks_as_at_once(monkeypatch):
    Z = common.tables()[2]
    imputer = GAINImputer(**QUICK).fit(Z)
    whole = imputer.transform(Z)
    monkeypatch.setattr("adapt.imputation._deep._gain_networks._BLOCK_ROWS", 7)
    np.testing.assert_allclose(imputer.transform(Z), whole, rtol=1e-5)


def test_given_networks_are_copied():
    generator = keras.Sequential([keras.Input((8,)), layers.Dense(4)])
    before = generator.get_weights()
    Z = common.tables()[2]
    GAINImputer(generator=generator, **QUICK).fit(Z)
    np.testing.assert_array_equal(generator.get_weights()[0], before[0])
    with pytest.raises(ValueError, match="`generator` must give samples of shape"):
        GAINImputer(generator=lambda: keras.Sequential([layers.Dense(3)])).fit(Z)


@pytest.mark.one_backend
def test_callbacks_follow_each_network_in_turn():
    Xs, _, Z, _, _ = common.tables()
    seen = []

    class Stop(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            seen.append([])

        def on_epoch_end(self, epoch, logs=None):
            seen[-1].append((logs["val_rmse"], self.model.get_weights()))
            self.model.stop_training = epoch == 2

    imputer = GAINImputer(**{**QUICK, "n_steps": 300}, callbacks=[Stop()]).fit(Z)
    assert [len(training) for training in seen] == [3, 3]
    for training, generator in zip(seen, imputer.generators_, strict=True):
        best = min(training, key=lambda epoch: epoch[0])
        for w, kept in zip(best[1], _engine.weights_of(generator), strict=True):
            np.testing.assert_array_equal(w, kept)
    impatient = keras.callbacks.EarlyStopping("val_rmse", min_delta=9, mode="min")
    clue = ClueGAINImputer(**QUICK, callbacks=impatient).fit(Z, X_source=Xs)
    histories = [clue.pretrain_history_, *clue.history_]
    assert [len(h["loss"]) for h in histories] == [2] * 5
    assert np.isfinite(clone(clue).fit(Z).transform(Z)).all()
