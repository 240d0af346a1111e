"""Weights of classes in the alignment: the losses, the estimate, and where they act."""

import numpy as np
import pytest

pytest.importorskip("keras", exc_type=ImportError)

from keras import ops

from adapt import feature_based
from adapt.deep import _losses as losses
from adapt.deep._class_weights import ratios_of_shares, stratified_part
from adapt.deep._engine import COMPILED, to_numpy
from tests.deep.reference import SMALL, settings
from tests.deep.test_common_deep import REFERENCE, tables  # noqa: F401

METHODS = ("DANN", "CDAN", "DAN", "JAN", "DeepCORAL", "DeepJDOT", "WDGRL", "MDD")


@pytest.fixture(scope="module")
def features():
    rng = np.random.default_rng(0)
    zs, zt = rng.normal(size=(8, 3)), rng.normal(size=(6, 3)) + 0.5
    weights = rng.uniform(0.2, 3, size=8)
    return zs.astype("float32"), zt.astype("float32"), weights.astype("float32")


def tensor(x):
    return ops.convert_to_tensor(x)


def value(function, *arrays, **params):
    return to_numpy(function(*map(tensor, arrays), **params))


# The losses, written out


def test_coral(features):
    zs, zt, w = features
    p = w / w.sum()
    centred = zs - p @ zs
    cov = (p[:, None] * centred).T @ centred * 8 / 7
    expected = np.mean((cov - np.cov(zt.T)) ** 2) / 4
    found = value(losses.coral, zs, zt, w)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    gap = np.mean((p @ zs - zt.mean(axis=0)) ** 2)
    np.testing.assert_allclose(value(losses.mean_gap, zs, zt, w), gap, rtol=1e-5)


def test_mmd_over_all_pairs(features):
    zs, zt, w = features
    p, m = w / w.sum(), len(zt)
    z = np.concatenate([zs, zt])
    d = ((z[:, None] - z) ** 2).sum(axis=2)
    k = np.exp(-d / (d.sum() / (14 * 13)))
    n = len(zs)
    expected = p @ k[:n, :n] @ p + k[n:, n:].mean() - 2 * p @ k[:n, n:].sum(axis=1) / m
    pair = tensor(zs), tensor(zt)
    found = losses.joint_mmd(pair, bandwidths=(1,), weights=tensor(w))
    np.testing.assert_allclose(to_numpy(found), expected, rtol=1e-4)


def test_mmd_of_rows_that_follow_each_other(features):
    zs, zt, w = features
    zs, w = zs[:6], 6 * w[:6] / w[:6].sum()
    z = np.concatenate([zs, zt])
    d = ((z[:, None] - z) ** 2).sum(axis=2)
    k = np.exp(-d / (d.sum() / (12 * 11)))
    expected = np.mean(
        [
            w[i] * w[i + 1] * k[i, i + 1]
            + k[6 + i, 7 + i]
            - w[i] * k[i, 7 + i]
            - w[i + 1] * k[i + 1, 6 + i]
            for i in (0, 2, 4)
        ]
    )
    params = {"bandwidths": (1,), "linear": True, "weights": tensor(w)}
    found = losses.joint_mmd((tensor(zs), tensor(zt)), **params)
    np.testing.assert_allclose(to_numpy(found), expected, rtol=1e-4)


def test_a_plan_takes_from_rows_by_their_weights(features):
    zs, zt, w = features
    cost = ((zs[:, None] - zt) ** 2).sum(axis=2)
    plan = losses.sinkhorn_plan(tensor(cost), 0.5, 200, tensor(w))
    plan = to_numpy(plan)
    np.testing.assert_allclose(plan.sum(axis=0), 1 / 6, rtol=1e-4)
    np.testing.assert_allclose(plan.sum(axis=1), w / w.sum(), rtol=1e-3)


def test_the_gap_of_a_critic(features):
    from adapt.feature_based._deep._wdgrl import critic_gap

    w = features[2]
    values = np.arange(14, dtype="float32")[:, None]
    found = to_numpy(critic_gap(tensor(values), 8, tensor(w)))
    expected = w @ values[:8, 0] / w.sum() - values[8:].mean()
    np.testing.assert_allclose(found, expected, rtol=1e-5)


# The estimate


def test_ratios_are_exact_where_predictions_are():
    y = np.repeat([0, 1, 2], [50, 30, 20])
    confusion = np.array([[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.1, 0.2, 0.7]])
    shares = np.array([0.1, 0.3, 0.6])
    p_target = np.tile(shares @ confusion, (40, 1))
    found = ratios_of_shares(confusion[y], y, p_target, penalty=0.0)
    np.testing.assert_allclose(found, shares / [0.5, 0.3, 0.2], rtol=1e-4)


def test_ratios_stay_near_one_where_rows_are_few():
    y = np.array([0, 1, 0, 1])
    p = np.full((4, 2), 0.5) + 0.1 * np.array([[1, -1], [-1, 1]])[y]
    p_target = np.tile([0.55, 0.45], (4, 1))
    far = ratios_of_shares(p, y, p_target, penalty=0.0)
    near = ratios_of_shares(p, y, p_target, penalty=1.0)
    np.testing.assert_allclose(far, [1.5, 0.5], rtol=1e-4)
    np.testing.assert_allclose(near, [1.0, 1.0], rtol=1e-4)


def test_a_part_has_rows_of_each_class_and_leaves_some():
    y = np.repeat([0, 1, 2], [50, 4, 1])
    part = stratified_part(y, 0.2, np.random.RandomState(0))
    np.testing.assert_array_equal(np.bincount(y[part], minlength=3), [10, 1, 0])


@pytest.mark.parametrize("method", ["DAN"])
def test_made_label_shift_is_found(method):
    rng = np.random.default_rng(0)
    ys = np.repeat([0, 1, 2], 100)
    Xs = rng.normal(size=(300, 3))
    Xs[:, 0] += 4 * (ys == 1)
    Xs[:, 1] += 4 * (ys == 2)
    Xt = Xs[np.r_[0:100, 100:125, 200:205]] + 0.2
    model = getattr(feature_based, method)(class_weights="auto", epochs=20)
    model.set_params(random_state=0, batch_size=32, learning_rate=0.01)
    model.fit(Xs, ys, Xt=Xt)
    truth = np.array([100, 25, 5]) / 130 * 3
    np.testing.assert_allclose(model.class_weights_, truth, atol=0.35)
    assert model._watched_classes is None


# Where they act


@pytest.mark.parametrize("method", METHODS)
def test_equal_weights_change_nothing_and_others_compile_nothing(method, tables):  # noqa: F811
    Xs, ys, Xt, _ = tables
    cls = getattr(feature_based, method)
    model = cls(**settings(cls), class_weights=[2, 2])
    model.fit(Xs, ys, Xt=Xt)
    expected = REFERENCE[method]
    # Sums are added in another order, which the steps of a critic magnify.
    np.testing.assert_allclose(model.history_["loss"], expected, rtol=5e-3)
    equal, before = model.history_, COMPILED["epoch"]
    model.set_params(class_weights=[0.2, 1.8]).fit(Xs, ys, Xt=Xt)
    assert COMPILED["epoch"] == before
    aligning = [name for name in equal if name not in ("loss", "task_loss")]
    moved = [model.history_[name][0] / equal[name][0] for name in aligning]
    assert max(abs(each - 1) for each in moved) > 1e-3


@pytest.mark.one_backend
def test_numbers_have_no_classes(tables):  # noqa: F811
    Xs, _, Xt, _ = tables
    model = feature_based.DAN(**SMALL, class_weights="auto").fit(Xs, Xs[:, 0], Xt=Xt)
    assert model.class_weights_ is None
    with pytest.raises(ValueError, match="`class_weights` are for classes"):
        model.set_params(class_weights=[1, 2]).fit(Xs, Xs[:, 0], Xt=Xt)


@pytest.mark.one_backend
@pytest.mark.parametrize("given", [[1, 2, 3], [-1, 2], [0, 0], [np.nan, 1]])
def test_weights_that_fit_no_classes(given, tables):  # noqa: F811
    Xs, ys, Xt, _ = tables
    with pytest.raises(ValueError, match="`class_weights` must be 'auto', None, or"):
        feature_based.DAN(**SMALL, class_weights=given).fit(Xs, ys, Xt=Xt)
