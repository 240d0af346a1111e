import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

from adapt.datasets import make_moons_da
from adapt.feature_based import OTLabelPropagation
from tests.common import shifted_classes, shifted_numbers

ot = pytest.importorskip("ot")

PLANS = {
    "emd": lambda a, y, b, C: ot.emd(a, b, C),
    "sinkhorn": lambda a, y, b, C: ot.sinkhorn(a, b, C, 0.1),
    "group": lambda a, y, b, C: ot.da.sinkhorn_l1l2_gl(
        a, y, b, C, 0.1, 0.1, numInnerItermax=1000
    ),
    "unbalanced": lambda a, y, b, C: ot.unbalanced.sinkhorn_unbalanced(
        a, b, C, 0.1, 0.5
    ),
}


@pytest.mark.parametrize("method", PLANS)
def test_shares_are_what_the_plan_of_pot_brings(method):
    Xs, ys, Xt, _ = shifted_classes(n=80, n_classes=3)
    Xs, ys, names = Xs[:50], ys[:50], np.array(["a", "b", "c"])
    C = ot.dist(Xs, Xt)
    plan = PLANS[method](np.full(50, 1 / 50), ys, np.full(80, 1 / 80), C / C.mean())
    shares = np.stack([plan[ys == k].sum(axis=0) for k in range(3)], axis=1)
    shares /= shares.sum(axis=1, keepdims=True)
    model = OTLabelPropagation(method=method).fit(Xs, names[ys], Xt=Xt)
    np.testing.assert_allclose(model.target_shares_, shares, atol=1e-9)
    np.testing.assert_array_equal(model.target_labels_, names[shares.argmax(axis=1)])


@pytest.mark.parametrize("n_samples", [200, 500])
@pytest.mark.parametrize("seed", range(5))
def test_turned_moons_at_the_defaults(n_samples, seed):
    Xs, ys, Xt, yt = make_moons_da(n_samples, angle=20, random_state=seed)
    model = OTLabelPropagation(SVC(gamma=2)).fit(Xs, ys, Xt=Xt)
    assert np.mean(model.target_labels_ == yt) >= 0.98
    assert model.score(Xt, yt) >= 0.98


def test_the_same_moons_turned():
    Xs, ys, _, _ = make_moons_da(400, random_state=0)
    angle = np.deg2rad(20)
    turn = [[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]
    centre = Xs.mean(axis=0)
    model = OTLabelPropagation().fit(Xs, ys, Xt=(Xs - centre) @ turn + centre)
    assert np.mean(model.target_labels_ == ys) >= 0.98


@pytest.mark.parametrize("outputs", [1, 2])
def test_numbers(outputs):
    Xs, ys, Xt, _ = shifted_numbers(n=80)
    ys = ys if outputs == 1 else np.column_stack([ys, -ys])
    C = ot.dist(Xs, Xt[:60])
    plan = ot.emd(np.full(80, 1 / 80), np.full(60, 1 / 60), C)
    labels = 60 * plan.T @ ys
    model = OTLabelPropagation(method="emd").fit(Xs, ys, Xt=Xt[:60])
    np.testing.assert_allclose(model.target_labels_, labels, atol=1e-9)
    expected = LinearRegression().fit(Xt[:60], labels).predict(Xt)
    np.testing.assert_allclose(model.predict(Xt), expected, atol=1e-9)
    assert not hasattr(model, "target_shares_")


def test_regressors_take_whole_numbers_as_numbers():
    Xs, _, Xt, _ = shifted_numbers(n=80)
    counts = np.rint(3 * Xs[:, 0]).astype(int)
    model = OTLabelPropagation(LinearRegression()).fit(Xs, counts, Xt=Xt)
    assert np.any(model.target_labels_ % 1 != 0)
    assert OTLabelPropagation().fit(Xs, counts, Xt=Xt).classes_.dtype == counts.dtype


def test_batches_label_every_row():
    Xs, ys, Xt, yt = shifted_classes(n=700, n_classes=3)
    model = OTLabelPropagation(batch_size=200, random_state=0).fit(Xs, ys, Xt=Xt[:650])
    np.testing.assert_allclose(model.target_shares_.sum(axis=1), 1)
    assert np.mean(model.target_labels_ == yt[:650]) > 0.95


def test_estimators_without_weights():
    Xs, ys, Xt, _ = shifted_classes(n_classes=3)
    model = OTLabelPropagation(KNeighborsClassifier(1)).fit(Xs, ys, Xt=Xt)
    np.testing.assert_array_equal(model.predict(Xt), model.target_labels_)
    with pytest.raises(TypeError, match=r"no `sample_weight`"):
        OTLabelPropagation(KNeighborsClassifier()).fit(
            Xs, ys, Xt=Xt, sample_weight=np.ones(120)
        )
    with pytest.raises(ValueError, match="OTLabelPropagation requires y"):
        OTLabelPropagation().fit(Xs, Xt=Xt)
