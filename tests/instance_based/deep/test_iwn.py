"""IWN: importance weighting network."""

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
from adapt.instance_based import IWN  # noqa: E402
from adapt.instance_based._deep._iwn import weighted_mmd  # noqa: E402
from tests.deep import reference  # noqa: E402


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


def test_losses_are_those_of_the_paper():
    """Of one batch that is all of the rows, at weights that stay."""
    Xs, _, Xt, _ = reference.whole_tables()
    weighter = reference.linear_network(3, 1)
    model = reference.still(reference.published(IWN), weighter=weighter)
    weights = model.fit_weights(Xs, Xt)
    z = (Xs - Xs.mean(axis=0)) / Xs.std(axis=0)
    raw = np.abs(reference.apply(weighter, z)[:, 0])
    np.testing.assert_allclose(weights, raw / raw.mean(), rtol=1e-4)
    reference.check(model, {"mmd": mmd_of(Xs, Xt, raw, 0.1)})


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
