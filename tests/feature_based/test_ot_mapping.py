import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from adapt.base import SourceOnly
from adapt.feature_based import OTMapping
from tests.common import shifted_classes, shifted_numbers

ot = pytest.importorskip("ot")

METHODS = ["emd", "sinkhorn", "group", "unbalanced"]


@pytest.mark.parametrize("method", METHODS)
def test_equals_the_barycentric_mapping_of_pot(method):
    Xs, ys, Xt, _ = shifted_classes()
    Xs, Xt = Xs[:100], Xt * 3
    a, b = np.full(100, 1 / 100), np.full(120, 1 / 120)
    C = ot.dist(Xs, Xt)
    C /= C.mean()
    plan = {
        "emd": lambda: ot.emd(a, b, C),
        "sinkhorn": lambda: ot.sinkhorn(a, b, C, 0.1),
        "group": lambda: ot.da.sinkhorn_l1l2_gl(
            a, ys[:100], b, C, 0.1, 0.1, numInnerItermax=1000
        ),
        "unbalanced": lambda: ot.unbalanced.sinkhorn_unbalanced(a, b, C, 0.1, 0.5),
    }[method]()
    expected = plan @ Xt / plan.sum(axis=1, keepdims=True)
    model = OTMapping(method=method).fit(Xs, ys[:100], Xt=Xt)
    np.testing.assert_allclose(
        model.transform(Xs, sample_domain=0), expected, atol=1e-9
    )
    plain = LogisticRegression().fit(expected, ys[:100])
    np.testing.assert_allclose(model.predict_proba(Xt), plain.predict_proba(Xt))


def test_a_shift_is_found_exactly():
    Xs, ys, _, _ = shifted_numbers()
    shift = np.array([3, -1, 0, 0.5])
    Xt = Xs[::-1] + shift
    model = OTMapping().fit(Xs, ys, Xt=Xt)
    moved = model.transform(Xs, sample_domain=0)
    np.testing.assert_allclose(moved, Xs + shift, atol=1e-9)
    assert model.score(Xt, ys[::-1]) > 0.95
    assert SourceOnly().fit(Xs, ys, Xt=Xt).score(Xt, ys[::-1]) < 0.6


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("scales", [[1, 10, 1000, 1], [1e-3, 1, 1e3, 1e-6]])
def test_columns_of_other_scales(method, scales):
    Xs, ys, Xt, _ = shifted_classes()
    model = OTMapping(method=method).fit(Xs * scales, ys, Xt=Xt * scales)
    moved = model.transform(Xs * scales, sample_domain=0)
    assert np.all(np.isfinite(moved))
    # Nothing collapses: the moved rows fill much of what the target fills.
    assert np.all(moved.std(axis=0) > 0.3 * (Xt * scales).std(axis=0))


def test_other_rows_move_with_the_nearest():
    Xs = np.array([[0.0], [10.0]])
    model = OTMapping().fit(Xs, [0, 1], Xt=np.array([[1.0], [13.0]]))
    np.testing.assert_allclose(
        model.transform([[2.0], [-1.0], [8.0]], sample_domain=0), [[3], [0], [11]]
    )
    np.testing.assert_array_equal(model.transform([[2.0]]), [[2.0]])


def test_batches_come_near_the_whole():
    Xs, ys, Xt, yt = shifted_classes(n=900, d=2)
    whole = OTMapping().fit(Xs, ys, Xt=Xt[:800])
    parts = OTMapping(batch_size=300, random_state=0).fit(Xs, ys, Xt=Xt[:800])
    error = np.abs(parts.displacements_ - whole.displacements_).mean()
    assert 0 < error < 0.3 * Xt.std()
    assert parts.score(Xt, yt) > whole.score(Xt, yt) - 0.02
    again = OTMapping(batch_size=300, random_state=0).fit(Xs, ys, Xt=Xt[:800])
    np.testing.assert_array_equal(again.displacements_, parts.displacements_)


def test_weights_are_masses():
    Xs, Xt = np.array([[0.0], [1.0], [5.0]]), np.array([[0.0], [2.0], [8.0]])
    model = OTMapping(Ridge()).fit(Xs, [0, 1, 2], Xt=Xt, sample_weight=[2, 1, 0])
    # The masses are 2/3 and 1/3: the first row fills one third and another.
    np.testing.assert_allclose(model.anchors_, Xs[:2])
    np.testing.assert_allclose(model.displacements_, [[1], [7]])
    np.testing.assert_allclose(model.transform(Xs, sample_domain=0)[2], [12])


def test_unbalanced_leaves_outliers_alone():
    rng = np.random.default_rng(0)
    Xs, ys = rng.normal(size=(100, 2)), np.arange(100) % 2
    Xt = np.concatenate([rng.normal(size=(90, 2)), rng.normal(size=(10, 2)) + 20])
    moves = {
        method: np.linalg.norm(
            OTMapping(method=method, reg=0.02, reg_marginals=0.1, max_plan_iter=10000)
            .fit(Xs, ys, Xt=Xt)
            .displacements_,
            axis=1,
        ).mean()
        for method in ("sinkhorn", "unbalanced")
    }
    assert moves["unbalanced"] < 0.5 < 1.5 < moves["sinkhorn"]


def test_classes_stay_together():
    Xs, ys, Xt, yt = shifted_classes(n=100, d=2, n_classes=3, shift=2.5)

    def mixed(method, **params):
        model = OTMapping(method=method, reg=0.1, **params).fit(Xs, ys, Xt=Xt)
        return model.score(Xt, yt)

    assert mixed("group", reg_classes=1.0) >= mixed("sinkhorn")
    blind = OTMapping(method="group").fit(Xs, ys, Xt=Xt)
    told = OTMapping(method="group").fit(Xs, ys, Xt=Xt, yt=1 - yt)
    np.testing.assert_array_equal(blind.displacements_, told.displacements_)


def test_groups_need_classes():
    Xs, ys, Xt, _ = shifted_numbers()
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        OTMapping(method="group").fit(Xs, ys, Xt=Xt)
    with pytest.raises(ValueError, match=r"OTMapping requires y.*method='group'"):
        OTMapping(method="group").fit(Xs, Xt=Xt)
    assert OTMapping().fit(Xs, Xt=Xt).transform(Xt).shape == Xt.shape
