"""WANN: weighting adversarial neural network."""

import pickle

import keras
import numpy as np
import pytest

from adapt.deep import _engine
from adapt.feature_based import DeepCORAL
from adapt.instance_based import WANN
from tests.deep import reference


def test_losses_are_those_of_the_paper():
    """Of weights as the network gives them, on columns in units of both domains."""
    Xs, _, Xt, _ = reference.whole_tables()
    ys, yt = Xs[:, 0] - Xs[:, 1], Xt[:, 0] + Xt[:, 1]
    networks = {"task": reference.linear_network(3, 1)}
    networks["weighter"] = reference.linear_network(3, 1)
    model = reference.still(reference.published(WANN), **networks)
    model.fit(Xs, ys, Xt=Xt, yt=yt)
    mean = (Xs.mean(axis=0) + Xt.mean(axis=0)) / 2
    squares = ((Xs - mean) ** 2).mean(axis=0) + ((Xt - mean) ** 2).mean(axis=0)
    zs, zt = ((X - mean) / np.sqrt(squares / 2) for X in (Xs, Xt))
    weights = np.abs(reference.apply(model.weighter_, zs)[:, 0])

    def losses(network, z, y):
        return (reference.apply(network, z)[:, 0] - y) ** 2

    on_source = np.mean(weights * losses(model.discriminator_, zs, ys))
    on_target = np.mean(losses(model.discriminator_, zt, yt))
    expected = {
        "task_loss": np.mean(weights * losses(model.task_, zs, ys)),
        "disc_loss": abs(on_target - on_source),
        "minus_discrepancy": -abs(on_target - on_source),
    }
    reference.check(model, expected)


@pytest.fixture(scope="module")
def two_rules():
    """Rows of two kinds, of which one follows the rule of the target."""
    rng = np.random.default_rng(0)
    Xs, Xt = rng.normal(size=(600, 5)), rng.normal(size=(300, 5))
    Xs[:, 4], Xt[:, 4] = rng.choice([-1, 1], 600), rng.choice([-1, 1], 300)
    good = Xs[:, 4] > 0
    ys, yt = (np.sin(X[:, 0]) + 0.5 * X[:, 1] for X in (Xs, Xt))
    few = np.where(np.arange(300) < 20, yt, np.nan)
    return Xs, np.where(good, ys, -ys), Xt, yt, few, good


@pytest.fixture(scope="module")
def adversarial(two_rules):
    Xs, ys, Xt, _, few, _ = two_rules
    return WANN(C=0.3, epochs=100, random_state=0).fit(Xs, ys, Xt=Xt, yt=few)


def test_wann_weighs_what_follows_the_rule_of_the_target(two_rules, adversarial):
    Xs, _, Xt, yt, _, good = two_rules
    weights = adversarial.weights_
    assert weights.mean() == pytest.approx(1)
    assert weights[good].mean() > 1.5 * weights[~good].mean()
    # Without dropout, as the networks of WANN are.
    units = [keras.layers.Dense(100, "relu") for _ in range(2)]
    network = keras.Sequential([keras.layers.Input((5,)), *units])
    plain = DeepCORAL(network, lambda_=0.0, optimizer="adam", epochs=20, random_state=0)
    plain.fit(Xs, two_rules[1], Xt=Xt, yt=two_rules[4])
    rest = Xt[20:], yt[20:]
    assert adversarial.score(*rest) > plain.score(*rest) + 0.3
    np.testing.assert_allclose(adversarial.predict_weights(Xs), weights, rtol=1e-5)
    assert adversarial.predict_disc(Xt).shape == (300, 1)


def test_wann_bounds_its_networks(adversarial):
    for network in (
        adversarial.task_,
        adversarial.weighter_,
        adversarial.discriminator_,
    ):
        for kernel in _engine.weights_of(network)[::2]:
            assert np.linalg.norm(kernel, axis=0).max() <= 0.3 * (1 + 1e-4)


def test_wann_is_an_estimator(two_rules, adversarial):
    Xs, ys, Xt, _, few, _ = two_rules
    loaded = pickle.loads(pickle.dumps(adversarial))
    np.testing.assert_allclose(loaded.predict(Xt), adversarial.predict(Xt), rtol=1e-5)
    with pytest.raises(ValueError, match="labels of some target rows"):
        WANN().fit(Xs, ys, Xt=Xt)
    classes = np.where(ys > 0, "up", "down")
    known = np.where(np.isnan(few), None, np.where(few > 0, "up", "down"))
    short = WANN(epochs=2, random_state=0).fit(Xs, classes, Xt=Xt, yt=known)
    assert set(short.predict(Xt)) <= {"up", "down"}
    # In one table, too, the labelled target rows are used.
    y = np.concatenate([ys, few])
    domain = np.repeat([0, -1], [len(Xs), len(Xt)])
    options = {"epochs": 2, "random_state": 0}
    table = WANN(**options).fit(np.concatenate([Xs, Xt]), y, sample_domain=domain)
    pair = WANN(**options).fit(Xs, ys, Xt=Xt, yt=few)
    np.testing.assert_array_equal(table.weights_, pair.weights_)


def test_networks_with_other_outputs_are_refused():
    Xs, _, Xt = reference.small_tables()
    two = keras.Sequential([keras.layers.Dense(2)])
    with pytest.raises(ValueError, match="`weighter` must have one output"):
        WANN(weighter=two).fit(Xs, Xs[:, 0], Xt=Xt, yt=Xt[:, 0])
