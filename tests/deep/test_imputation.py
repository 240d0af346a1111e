"""GAIN and ClueGAIN: what every imputer keeps, and what they are for."""

import inspect
import pickle
import re
from functools import partial

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits

keras = pytest.importorskip("keras", exc_type=ImportError)

from keras import layers  # noqa: E402
from sklearn.exceptions import NotFittedError  # noqa: E402
from sklearn.utils.estimator_checks import parametrize_with_checks  # noqa: E402

from adapt.deep import _engine  # noqa: E402
from adapt.imputation import ClueGAINImputer, GAINImputer  # noqa: E402
from adapt.imputation._deep._cluegain import jackknife  # noqa: E402
from adapt.imputation._deep._gain import hide_cells  # noqa: E402
from adapt.imputation._deep._gain_networks import default_generator  # noqa: E402
from tests.imputation import common  # noqa: E402

IMPUTERS = [GAINImputer, ClueGAINImputer]
each_imputer = pytest.mark.parametrize("cls", IMPUTERS, ids=lambda cls: cls.__name__)
QUICK = {"n_steps": 100, "n_folds": 2, "batch_size": 32, "random_state": 0}
# Contracts that a hundred steps are too few for.
LONG = {"check_levels_and_integers": {"n_steps": 400}}
SEARCHES = ("check_pipeline_and_search",)


@pytest.mark.one_backend
@parametrize_with_checks([cls(**{**QUICK, "n_steps": 50}) for cls in IMPUTERS])
def test_scikit_learn(estimator, check):
    check(estimator)


@each_imputer
@pytest.mark.parametrize(
    "check",
    [check for check in common.CHECKS if check.__name__ not in SEARCHES],
    ids=lambda c: c.__name__[6:],
)
def test_contract(check, cls):
    check(partial(cls, **{**QUICK, **LONG.get(check.__name__, {})}))


@pytest.mark.one_backend
def test_pipeline_and_search():
    common.check_pipeline_and_search(partial(ClueGAINImputer, **QUICK))


@each_imputer
def test_frames(cls):
    common.check_frames(partial(cls, **QUICK), "pandas")


@each_imputer
def test_prints_only_when_asked(cls, capfd):
    common.check_prints_only_when_asked(partial(cls, **QUICK), capfd)


@pytest.mark.one_backend
@each_imputer
def test_every_parameter_is_constrained_and_documented(cls):
    names = inspect.signature(cls).parameters
    assert names.keys() == cls._parameter_constraints.keys()
    for name in names:
        assert re.search(rf"^    (\w+, )*{name}(, \w+)*( :|$)", cls.__doc__, re.M), name
        with pytest.raises(ValueError, match=f"'{name}' parameter of {cls.__name__}"):
            cls(**{name: object()}).fit(common.tables()[2])


# GAIN


@pytest.fixture(scope="module")
def digits():
    """Rows of digits, complete and with half of the cells gone."""
    X = load_digits().data[:300] / 16
    return X, np.where(np.random.default_rng(0).random(X.shape) < 0.5, np.nan, X)


def rmse(filled, X, Z):
    return np.sqrt(np.mean(np.square(filled - X)[np.isnan(Z)]))


def by_means(Z):
    return np.where(np.isnan(Z), np.nanmean(Z, axis=0), Z)


@pytest.mark.one_backend
def test_default_beats_the_means_and_the_reference(digits):
    X, Z = digits
    default = GAINImputer(n_steps=1500, keep_empty_features=True, random_state=0)
    reference = clone(default).set_params(preset="reference")
    errors = [rmse(imputer.fit_transform(Z), X, Z) for imputer in (default, reference)]
    assert errors[0] < 0.95 * errors[1]
    assert errors[0] < 0.85 * rmse(by_means(Z), X, Z)
    assert len(default.generators_) == 5
    assert not hasattr(default, "discriminator_")
    assert reference.discriminator_.output_shape == (
        None,
        64 - len(reference.empty_features_),
    )
    assert np.isnan(reference.validation_score_)


@pytest.mark.parametrize("hint", ["code", "paper"])
def test_losses_of_the_reference_are_those_of_the_paper(hint):
    """One batch, against the equations in numpy."""
    rng = np.random.default_rng(0)
    X = rng.random((6, 3))
    M = (rng.random((6, 3)) < 0.6).astype("float32")
    imputer = GAINImputer(preset="reference", hint=hint, n_steps=1, random_state=0)
    imputer.fit(np.where(M > 0, X, np.nan))
    drawn = imputer._draw(np.random.RandomState(0), (1, 6))
    batch = {name: np.asarray(v[0], dtype="float32") for name, v in drawn.items()}
    batch |= {"X": (M * X).astype("float32"), "M": M}
    to = _engine.to_device
    tensors = {name: to(array) for name, array in batch.items()}
    d_loss = imputer._discriminator_losses(tensors)["discriminator_loss"]
    g_loss = imputer._generator_losses(tensors)

    def call(network, *parts):
        pair = np.concatenate(parts, axis=1).astype("float32")
        return _engine.to_numpy(network(to(pair))).astype(float)

    noisy = M * X + (1 - M) * batch["noise"]
    G = call(imputer.generator_, noisy, M)
    B = batch["hint"]
    H = M * B if hint == "code" else B * M + 0.5 * (1 - B)
    if hint == "paper":
        assert np.all(B.sum(axis=1) == 2)
    D = 1 / (1 + np.exp(-call(imputer.discriminator_, M * X + (1 - M) * G, H)))
    scored = np.ones_like(M) if hint == "code" else 1 - B
    entropy = -(M * np.log(D) + (1 - M) * np.log(1 - D))
    expected = (scored * entropy).sum() / scored.sum()
    assert float(_engine.to_numpy(d_loss)) == pytest.approx(expected, rel=1e-4)
    misled = -((1 - M) * np.log(D) * scored).sum() / scored.sum()
    errors = (M * np.square(X - G)).sum() / M.sum()
    found = {name: float(_engine.to_numpy(v)) for name, v in g_loss.items()}
    assert found["reconstruction_loss"] == pytest.approx(errors, rel=1e-4)
    assert found["adversarial_loss"] == pytest.approx(misled / 100, rel=1e-4)


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


def test_training_starts_from_the_means(digits):
    _, Z = digits
    imputer = GAINImputer(n_steps=1, learning_rate=1e-12, random_state=0, n_folds=2)
    filled = imputer.set_params(keep_empty_features=True).fit_transform(Z)
    means = np.where(np.isnan(Z).all(axis=0), 0, by_means(Z))
    np.testing.assert_allclose(filled, means, atol=1e-4)


def test_networks_of_the_reference_start_as_published():
    Z = np.random.default_rng(0).random((40, 40))
    imputer = GAINImputer(preset="reference", n_steps=1, learning_rate=1e-12)
    imputer.set_params(random_state=0).fit(Z)
    for network in (imputer.generators_[0], imputer.discriminator_):
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
    monkeypatch.setattr("adapt.imputation._deep._gain._BLOCK_ROWS", 7)
    np.testing.assert_allclose(imputer.transform(Z), whole, rtol=1e-5)


def test_given_networks_are_copied(digits):
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


# ClueGAIN


@pytest.fixture(scope="module")
def clue(digits):
    """Digits 0 to 4 as a source, and few rows of 5 to 9 with most cells gone."""
    X, y = load_digits(return_X_y=True)
    source, target = X[y < 5][:400] / 16, X[y >= 5][:100] / 16
    holes = np.random.default_rng(1).random(target.shape) < 0.8
    return source, target, np.where(holes, np.nan, target)


@pytest.mark.one_backend
def test_a_source_is_a_clue_and_the_choice_is_safe(clue):
    source, target, Z = clue
    params = {"n_steps": 1000, "random_state": 0, "keep_empty_features": True}
    imputer = ClueGAINImputer(**params).fit(Z, X_source=source)
    error = rmse(imputer.transform(Z), target, Z)
    scores = imputer.validation_scores_
    assert list(scores) == ["pretrained", "finetuned", "scratch", "gaussian", "blend"]
    assert scores[imputer.selected_] < 1.02 * min(scores.values())
    assert error < 0.95 * rmse(by_means(Z), target, Z)
    only = [
        ClueGAINImputer(**params, candidates=[name]).fit(Z, X_source=source)
        for name in ("gaussian", "pretrained")
    ]
    assert [imputer.selected_ for imputer in only] == ["gaussian", "pretrained"]
    for imputer in only:
        assert error < 1.03 * rmse(imputer.transform(Z), target, Z)
    twin = pickle.loads(pickle.dumps(only[1]))
    np.testing.assert_array_equal(twin.transform(Z), only[1].transform(Z))


def test_pretraining_serves_many_targets(clue):
    source, _, Z = clue
    imputer = ClueGAINImputer(**QUICK, candidates=["pretrained"])
    with pytest.raises(NotFittedError, match="no source yet"):
        imputer.similarity(Z)
    imputer.pretrain(source)
    with pytest.raises(NotFittedError):
        imputer.transform(Z)
    generator = imputer.pretrained_.generator
    for rows in slice(0, 50), slice(50, 100):
        imputer.fit(Z[rows])
        assert imputer.pretrained_.generator is generator
        assert np.isfinite(imputer.transform(Z[rows])).all()
    assert imputer.fit(Z, X_source=source).pretrained_.generator is not generator


@pytest.mark.parametrize("trainable", ["all", "last", "none"])
def test_trainable(trainable):
    Xs, _, Z, _, _ = common.tables()
    imputer = ClueGAINImputer(**QUICK, trainable=trainable).fit(Z, X_source=Xs)
    assert ("finetuned" in imputer.validation_scores_) == (trainable != "none")
    if trainable == "none":
        return
    imputer.set_params(candidates=["finetuned"]).fit(Z, X_source=Xs)
    start = _engine.weights_of(imputer.pretrained_.generator)
    moved = [
        np.abs(now - then).max() > 0
        for now, then in zip(
            _engine.weights_of(imputer.generators_[0]), start, strict=True
        )
    ]
    assert not any(moved[:-2]) or trainable == "all"


@pytest.mark.one_backend
def test_similarity_ranks_sources():
    Xs, _, Z, _, _ = common.tables(n=200)
    rng = np.random.default_rng(0)
    sources = {
        "shuffled": rng.permuted(Xs, axis=0),
        "same": Xs,
        "noise": rng.normal(size=Xs.shape) + 1,
    }
    imputer = ClueGAINImputer(**{**QUICK, "n_steps": 600})
    ranking = imputer.rank_sources(Z, sources, aligned=True)
    assert ranking.index[0] == "same"
    assert ranking.loc["same", "similarity"] > 0.15
    assert ranking.loc["shuffled", "similarity"] < 0.1
    assert 0.005 < ranking.loc["same", "standard_error"] < 0.1
    distance = np.nanmean(Z, axis=0) - Xs.mean(axis=0)
    both = np.concatenate([Z, Xs])
    span = np.nanmax(both, axis=0) - np.nanmin(both, axis=0)
    expected = np.sqrt(np.mean(np.square(distance / span)))
    assert ranking.loc["same", "mean_distance"] == pytest.approx(expected)
    frame = pd.DataFrame(Z, columns=common.NAMES)
    other = {
        "same": pd.DataFrame(Xs, columns=common.NAMES),
        "none": pd.DataFrame({"q": [1.0]}),
    }
    with pytest.warns(UserWarning, match="no column of the target's"):
        ranking = ClueGAINImputer(**QUICK).rank_sources(frame, other)
    assert ranking.index.tolist() == ["same", "none"]
    assert np.isnan(ranking.loc["none", "similarity"])


def test_similarity_as_the_tables_stand_sees_what_alignment_undoes():
    Xs, _, _, _, _ = common.tables(n=300)
    Z, Xs = Xs[:100].copy(), Xs[100:]
    Z[np.random.default_rng(0).random(Z.shape) < 0.3] = np.nan
    imputer = ClueGAINImputer(**{**QUICK, "n_steps": 600}).pretrain(Xs)
    found = {
        (shift, aligned): imputer.similarity(Z + shift, aligned=aligned).similarity
        for shift in (0.0, 3.0)
        for aligned in (False, True)
    }
    assert found[0.0, False] > 0.15
    assert found[3.0, False] < 0 < 0.15 < found[3.0, True]


def test_jackknife_is_that_of_the_textbook():
    rng = np.random.default_rng(0)
    error, baseline = rng.random(10), 1 + rng.random(10)
    value, spread = jackknife(error, baseline)
    left = [
        1 - np.sqrt(np.delete(error, i).sum() / np.delete(baseline, i).sum())
        for i in range(10)
    ]
    assert value == pytest.approx(1 - np.sqrt(error.sum() / baseline.sum()))
    assert spread == pytest.approx(np.sqrt(0.9 * np.sum((left - np.mean(left)) ** 2)))


@pytest.mark.one_backend
@pytest.mark.parametrize("sources", ["all", "best", "weighted"])
def test_several_sources(sources):
    Xs, _, Z, _, _ = common.tables()
    noise = np.random.default_rng(0).permuted(Xs, axis=0)
    X = np.concatenate([Xs, noise, Z])
    domain = np.repeat([0, 1, -1], 60)
    imputer = ClueGAINImputer(**{**QUICK, "n_steps": 400}, sources=sources)
    imputer.fit(X, sample_domain=domain)
    assert np.isfinite(imputer.transform(Z)).all()
    if sources != "all":
        found = {k: s.similarity for k, s in imputer.similarities_.items()}
        assert found[0] > found[1]


# Series


@pytest.mark.parametrize(
    "cls", [GAINImputer, pytest.param(ClueGAINImputer, marks=pytest.mark.one_backend)]
)
def test_series_with_missing_stretches(cls):
    rng = np.random.default_rng(0)
    time = np.linspace(0, 6, 24)
    phase = rng.uniform(0, 6, size=(120, 1))
    X = np.stack([np.sin(time + phase), np.cos(time + phase)], axis=2)
    Z = X[:60].copy()
    for row in Z:
        start, channel = rng.integers(14), rng.integers(2)
        row[start : start + 10, channel] = np.nan
    imputer = cls(n_steps=150, n_folds=2, random_state=0).fit(Z, X_source=X[60:])
    filled = imputer.transform(Z)
    missing = np.isnan(Z)
    np.testing.assert_array_equal(filled[~missing], Z[~missing])
    means = np.nanmean(Z, axis=(0, 1))
    guess = np.broadcast_to(means, Z.shape)[missing]
    error = np.sqrt(np.mean(np.square(filled[missing] - X[:60][missing])))
    assert error < 0.7 * np.sqrt(np.mean(np.square(guess - X[:60][missing])))
    assert imputer.sample(Z, 2).shape == (2, *Z.shape)
    with pytest.raises(ValueError, match=r"samples of shape|expecting 24"):
        imputer.transform(Z[:, :10])
