"""IWN and WANN: methods whose weights come from a network."""

import pickle

import numpy as np
import pytest

keras = pytest.importorskip("keras", exc_type=ImportError)

from keras import ops  # noqa: E402
from scipy.spatial.distance import cdist  # noqa: E402
from sklearn.base import clone  # noqa: E402
from sklearn.linear_model import Ridge  # noqa: E402
from sklearn.neighbors import KNeighborsClassifier  # noqa: E402

from adapt.base import SourceOnly  # noqa: E402
from adapt.deep import _engine  # noqa: E402
from adapt.feature_based import DeepCORAL  # noqa: E402
from adapt.instance_based import IWN, WANN  # noqa: E402
from adapt.instance_based._deep._iwn import weighted_mmd  # noqa: E402


@pytest.fixture(scope="module")
def gaussians():
    """Two Gaussians, and the ratio of their densities at the source rows."""
    rng = np.random.default_rng(0)
    Xs = rng.normal(size=(2000, 2))
    Xt = rng.normal(size=(2000, 2)) * 0.8 + [0.7, 0]
    log_ratio = (Xs**2).sum(axis=1) / 2 - ((Xs - [0.7, 0]) ** 2).sum(axis=1) / 1.28
    return Xs, Xt, np.exp(log_ratio - 2 * np.log(0.8))


@pytest.fixture(scope="module")
def weighted(gaussians):
    Xs, Xt, _ = gaussians
    ys = Xs[:, 0] ** 2
    return IWN(Ridge(), shrinkage=0, random_state=0).fit(Xs, ys, Xt=Xt)


def mmd_of(Xs, Xt, weights, sigma):
    """Return the distance that IWN minimises, written out, on standardised columns."""
    Zs, Zt = ((X - Xs.mean(axis=0)) / Xs.std(axis=0) for X in (Xs, Xt))
    kernels = [np.exp(-sigma * cdist(A, B) ** 2) for A, B in ((Zs, Zs), (Zs, Zt))]
    w = weights / weights.sum()
    target = np.exp(-sigma * cdist(Zt, Zt) ** 2).mean()
    return w @ kernels[0] @ w - 2 * w @ kernels[1].mean(axis=1) + target


def test_weighted_mmd_is_the_formula():
    rng = np.random.default_rng(0)
    Xs, Xt, w = rng.normal(size=(30, 3)), rng.normal(size=(20, 3)) + 1, rng.random(30)
    Zs, Zt = ((X - Xs.mean(axis=0)) / Xs.std(axis=0) for X in (Xs, Xt))
    tensors = [ops.convert_to_tensor(a.astype("float32")) for a in (w, Zs, Zt)]
    found = weighted_mmd(*tensors, lambda squares: ops.exp(-0.3 * squares))
    expected = mmd_of(Xs, Xt, w, 0.3)
    assert float(_engine.to_numpy(found)) == pytest.approx(expected, rel=1e-4)


def test_iwn_finds_the_ratio(gaussians, weighted):
    Xs, Xt, ratio = gaussians
    assert np.corrcoef(weighted.weights_, ratio)[0, 1] > 0.9
    assert weighted.weights_.mean() == pytest.approx(1)
    before = mmd_of(Xs, Xt, np.ones(len(Xs)), weighted.sigma_)
    assert mmd_of(Xs, Xt, weighted.weights_, weighted.sigma_) < 0.05 * before
    assert weighted.sigma_ == pytest.approx(weighted.history_["sigma"][-1], rel=0.05)
    assert weighted.sigma_ != pytest.approx(0.1, rel=0.01)
    assert len(weighted.history_["mmd"]) == weighted.epochs
    assert len(weighted.pretrain_history_["off_one"]) == weighted.pretrain_epochs


def test_iwn_weighs_rows_that_it_has_not_seen(gaussians, weighted):
    np.testing.assert_allclose(
        weighted.predict_weights(gaussians[0]), weighted.predict_weights(), rtol=1e-4
    )
    towards, away = weighted.predict_weights([[1.0, 0.0], [-1.5, 0.0]])
    assert towards > 1 > away >= 0


def test_iwn_helps_where_the_source_is_sampled_elsewhere(gaussians, weighted):
    Xs, Xt, _ = gaussians
    plain = SourceOnly(Ridge()).fit(Xs, Xs[:, 0] ** 2, Xt=Xt)
    yt = Xt[:, 0] ** 2
    assert weighted.score(Xt, yt) > plain.score(Xt, yt) + 0.1


def test_iwn_gives_equal_weights_without_a_shift():
    X = np.random.default_rng(0).normal(size=(8000, 2))
    model = IWN(epochs=25, random_state=0)
    weights = model.fit_weights(X[:4000], X[4000:])
    assert np.abs(weights - 1).mean() <= 0.05
    assert model.shrinkage_ > 0.5
    np.testing.assert_allclose(model.predict_weights(X[:4000]), weights, rtol=1e-4)


def test_iwn_keeps_the_ratio_where_there_is_a_shift(gaussians):
    Xs, Xt, ratio = gaussians
    model = IWN(epochs=25, random_state=0)
    assert np.corrcoef(model.fit_weights(Xs, Xt), ratio)[0, 1] > 0.9
    assert model.shrinkage_ < 0.3


def test_iwn_keeps_sigma_where_told(gaussians):
    Xs, Xt, _ = gaussians
    options = {"epochs": 2, "update_sigma": False, "pretrain": False}
    model = IWN(sigma_init=0.5, shrinkage=0.25, random_state=0, **options)
    weights = model.fit_weights(Xs, Xt)
    plain = model.set_params(shrinkage=0).fit_weights(Xs, Xt)
    np.testing.assert_allclose(weights, 0.25 + 0.75 * plain, rtol=1e-4)
    assert model.sigma_ == pytest.approx(0.5, rel=1e-6)
    assert not hasattr(model, "pretrain_history_")


def test_iwn_is_an_estimator(gaussians, weighted):
    Xs, Xt, _ = gaussians
    again = clone(weighted).fit(Xs, Xs[:, 0] ** 2, Xt=Xt)
    np.testing.assert_array_equal(again.weights_, weighted.weights_)
    loaded = pickle.loads(pickle.dumps(weighted))
    np.testing.assert_allclose(loaded.predict_weights(Xt), weighted.predict_weights(Xt))
    np.testing.assert_array_equal(loaded.predict(Xt), weighted.predict(Xt))
    ys = np.where(Xs[:, 0] > 0, "yes", "no")
    short = IWN(epochs=1, random_state=0)
    assert short.fit(Xs, ys, Xt=Xt).predict_proba(Xt).shape == (len(Xt), 2)
    with pytest.raises(TypeError, match="no `sample_weight`"):
        clone(short).set_params(estimator=KNeighborsClassifier()).fit(Xs, ys, Xt=Xt)


def test_networks_with_other_outputs_are_refused(gaussians):
    Xs, Xt, _ = gaussians
    two = keras.Sequential([keras.layers.Dense(2)])
    with pytest.raises(ValueError, match="`weighter` must have one output"):
        IWN(weighter=two).fit_weights(Xs, Xt)
    with pytest.raises(ValueError, match="`weighter` must have one output"):
        WANN(weighter=two).fit(Xs, Xs[:, 0], Xt=Xt, yt=Xt[:, 0])


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
    plain = DeepCORAL(lambda_=0.0, epochs=20, random_state=0)
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
