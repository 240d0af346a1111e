"""ClueGAIN: what a source is good for, and the published method."""

import pickle

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from adapt.deep import _engine
from adapt.imputation import ClueGAINImputer, GAINImputer
from adapt.imputation._deep import _pretraining
from tests.imputation import common
from tests.imputation.deep import published
from tests.imputation.deep.data import QUICK, by_means, digits_of_two_domains, rmse
from tests.imputation.deep.one_step import (
    ONE_STEP,
    RATE,
    assert_weights,
    draw_alike,
    given_networks,
    weights_of,
)


@pytest.mark.one_backend
def test_a_source_is_a_clue_and_the_choice_is_safe():
    source, target, Z = digits_of_two_domains()
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


def test_pretraining_serves_many_targets():
    source, _, Z = digits_of_two_domains()
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


def test_only_what_pretrain_learned_serves_later_fits():
    Xs, _, Z, _, _ = common.tables()
    imputer = ClueGAINImputer(**QUICK).fit(Z, X_source=Xs)
    again = imputer.fit(Z).transform(Z)
    assert not hasattr(imputer, "pretrained_")
    np.testing.assert_array_equal(again, ClueGAINImputer(**QUICK).fit(Z).transform(Z))


# As published


@pytest.mark.parametrize("hint", ["code", "paper"])
def test_steps_of_the_reference_are_those_of_gain_on_both_domains(hint, monkeypatch):
    """Both networks play on the source, and go on with their weights on the target."""
    rng = np.random.default_rng(0)
    source, target = rng.random((12, 3)), rng.normal(size=(10, 3)) * 3 + 7
    missing = rng.random(target.shape) < 0.4
    missing[:2] = False
    Z = np.where(missing, np.nan, target)
    hidden, asked = rng.random(source.shape) < 0.4, []

    def hide(rng, size, shape, groups, rates):
        asked.append((size, rates))
        return hidden.copy()

    monkeypatch.setattr(_pretraining, "hide_cells", hide)
    noise, told = draw_alike(monkeypatch)
    generator, discriminator = given_networks()
    imputer = ClueGAINImputer(preset="reference", hint=hint, **ONE_STEP)
    imputer.set_params(generator=generator, discriminator=discriminator)
    imputer.fit(Z, X_source=source)
    assert asked == [((12,), (pytest.approx(missing.mean()),) * 2)]

    low, high = source.min(axis=0), source.max(axis=0)
    start = [weights_of(network) for network in (generator, discriminator)]
    X, M = (source - low) / (high - low), 1.0 - hidden
    G, D = published.step(*start, RATE, X, M, noise, told, hint)
    assert_weights(imputer.pretrained_.generator, G, start[0])
    for w, expected in zip(
        imputer.pretrained_.source.weights["discriminator"], D, strict=True
    ):
        np.testing.assert_allclose(w, expected, rtol=1e-4, atol=1e-5)
    low, high = np.nanmin(Z, axis=0), np.nanmax(Z, axis=0)
    X, M = (target - low) / (high - low), 1.0 - missing
    start = G, D
    G, D = published.step(G, D, RATE, X, M, noise, told, hint)
    assert_weights(imputer.generators_[0], G, start[0])
    assert_weights(imputer.discriminators_[0], D, start[1])
    assert imputer.selected_ == "finetuned"
    filled = published.sigmoid(
        published.perceptron(G, np.hstack([np.where(M > 0, X, 0.005), M]))
    )
    expected = np.where(missing, low + filled * (high - low), Z)
    np.testing.assert_allclose(imputer.transform(Z), expected, rtol=1e-4)


def test_the_reference_without_a_source_is_gain():
    _, _, Z, _, _ = common.tables()
    clue = ClueGAINImputer(preset="reference", **QUICK).fit(Z)
    gain = GAINImputer(preset="reference", **QUICK).fit(Z)
    np.testing.assert_array_equal(clue.transform(Z), gain.transform(Z))
    assert clue.selected_ == "scratch"


def test_what_the_reference_lets_move():
    Xs, _, Z, _, _ = common.tables()
    reference = ClueGAINImputer(preset="reference", **QUICK)
    kept = reference.set_params(trainable="none").fit(Z, X_source=Xs)
    assert kept.selected_ == "pretrained"
    start = kept.pretrained_.source.weights["generator"]
    for w, then in zip(weights_of(kept.generators_[0]), start, strict=True):
        np.testing.assert_array_equal(w, then)
    last = reference.set_params(trainable="last").fit(Z, X_source=Xs)
    for name, networks in (
        ("generator", last.generators_),
        ("discriminator", last.discriminators_),
    ):
        then = last.pretrained_.source.weights[name]
        moved = [
            np.abs(w - start).max() > 0
            for w, start in zip(weights_of(networks[0]), then, strict=True)
        ]
        assert moved == [False, False, False, False, True, True]


def test_pretraining_by_another_preset_is_done_again():
    Xs, _, Z, _, _ = common.tables()
    imputer = ClueGAINImputer(**QUICK).pretrain(Xs)
    before = imputer.pretrained_
    imputer.set_params(preset="reference").fit(Z)
    assert imputer.pretrained_ is not before
    assert imputer.selected_ == "finetuned"
    assert np.isfinite(imputer.similarity(Z).similarity)
    assert np.isfinite(imputer.similarity(Z, aligned=True).similarity)


def test_parameters_that_do_not_go_together_are_refused():
    Xs, _, Z, _, _ = common.tables()
    with pytest.raises(ValueError, match="`adversarial_weight` is for `preset="):
        ClueGAINImputer(adversarial_weight=0.1).fit(Z, X_source=Xs)
    with pytest.raises(ValueError, match="`missing_rate` must be from 0 to 1"):
        ClueGAINImputer().pretrain(Xs, missing_rate=80)
    with pytest.raises(ValueError, match="None of `candidates`"):
        ClueGAINImputer(candidates=["pretrained"]).fit(Z)
    with pytest.raises(ValueError, match="`candidates` must hold some of"):
        ClueGAINImputer(candidates=["best"]).fit(Z)
