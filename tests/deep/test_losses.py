"""Losses against numpy, written out, and against finite differences."""

import numpy as np
import pytest

keras = pytest.importorskip("keras", exc_type=ImportError)

from keras import ops  # noqa: E402
from scipy.special import log_softmax, softmax  # noqa: E402

from adapt.deep import _engine, _losses  # noqa: E402


def _value(x):
    return _engine.to_numpy(x)


def _slope(function, x):
    return _engine.value_and_gradient(function, x)[1]


def _gradient(function, x):
    """Return the derivative of a scalar function at ``x``."""
    if _engine.BACKEND == "tensorflow":
        import tensorflow as tf

        return _value(tf.function(lambda x: _slope(function, x))(tf.constant(x)))
    return _value(_slope(function, ops.convert_to_tensor(x)))


@pytest.fixture
def z():
    rng = np.random.default_rng(0)
    return (
        rng.normal(size=(7, 4)).astype("float32"),
        rng.normal(size=(9, 4)).astype("float32") * 2,
    )


def test_coral_is_the_papers_equation(z):
    zs, zt = z
    expected = np.sum((np.cov(zs.T) - np.cov(zt.T)) ** 2) / (4 * zs.shape[1] ** 2)
    found = _value(_losses.coral(*map(ops.convert_to_tensor, z)))
    assert found == pytest.approx(expected, rel=1e-5)
    zs = ops.convert_to_tensor(zs)
    assert _value(_losses.coral(zs, zs)) == pytest.approx(0, abs=1e-12)


def test_coral_gradient_is_that_of_the_equation(z):
    zs, zt = z
    d = zs.shape[1]
    gap = np.cov(zs.T) - np.cov(zt.T)
    expected = (
        (zs - zs.mean(axis=0)) @ gap / (d**2 * (len(zs) - 1)),
        (zt - zt.mean(axis=0)) @ -gap / (d**2 * (len(zt) - 1)),
    )
    zs, zt = map(ops.convert_to_tensor, z)
    found = (
        _slope(lambda x: _losses.coral(x, zt), zs),
        _slope(lambda x: _losses.coral(zs, x), zt),
    )
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(_value(one), other, rtol=1e-4, atol=1e-6)


def test_coral_of_one_row_is_finite(z):
    one = ops.convert_to_tensor(z[0][:1])
    assert np.isfinite(_value(_losses.coral(one, ops.convert_to_tensor(z[1]))))


def test_small_distances_far_from_the_origin():
    x = np.random.default_rng(0).normal(10, 0.01, size=(6, 3)).astype("float32")
    wide = x.astype(float)
    expected = np.square(wide[:, None] - wide).sum(axis=2)
    x = ops.convert_to_tensor(x)
    found = _value(_losses.squared_distances(x, x))
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-9)


def test_mean_gap(z):
    expected = np.mean((z[0].mean(0) - z[1].mean(0)) ** 2)
    found = _value(_losses.mean_gap(*map(ops.convert_to_tensor, z)))
    assert found == pytest.approx(expected, rel=1e-5)


def test_softmax_cross_entropy():
    logits = np.array([[1.0, 2.0, 3.0], [500.0, -500.0, 0.0]], dtype="float32")
    y = np.array([0, 1])
    expected = -log_softmax(logits, axis=1)[[0, 1], y]
    found = _losses.softmax_cross_entropy(
        ops.convert_to_tensor(y), ops.convert_to_tensor(logits)
    )
    np.testing.assert_allclose(_value(found), expected, rtol=1e-5)


@pytest.mark.parametrize("weigh", [False, True])
def test_domain_cross_entropy_tells_sources_apart(weigh, z):
    zs, zt = (v[:, :3] for v in z)
    domains = np.array([0, 1, 1, 0, 1, 0, 0])
    n_rows = len(zs) + len(zt)
    weights = np.arange(1.0, n_rows + 1) if weigh else np.ones(n_rows)
    rows = -log_softmax(zs, axis=1)[np.arange(7), domains]
    expected = np.average(rows, weights=weights[:7])
    rows = -log_softmax(zt, axis=1)[:, 2]
    expected += np.average(rows, weights=weights[7:])
    found = _losses.domain_cross_entropy(
        ops.convert_to_tensor(np.concatenate([zs, zt])),
        len(zs),
        ops.convert_to_tensor(weights.astype("float32")) if weigh else None,
        ops.convert_to_tensor(domains),
    )
    assert _value(found) == pytest.approx(expected, rel=1e-5)


def test_sigmoid_cross_entropy_neither_overflows_nor_saturates():
    logits = np.array([-200.0, 0.0, 3.0, 200.0], dtype="float32")
    found = _value(_losses.sigmoid_cross_entropy(1.0, ops.convert_to_tensor(logits)))
    np.testing.assert_allclose(found, np.logaddexp(0, -logits), rtol=1e-5)


def test_domain_cross_entropy_says_one_for_the_source():
    sure = np.array([[20.0]] * 3 + [[-20.0]] * 5, dtype="float32")
    right, wrong = map(ops.convert_to_tensor, (sure, -sure))
    assert _value(_losses.domain_cross_entropy(right, 3)) < 1e-6
    assert _value(_losses.domain_cross_entropy(wrong, 3)) == pytest.approx(40)


@pytest.mark.parametrize("strength", [0.0, 0.3, 2.0])
def test_reverse_gradient(strength, z):
    x = z[0]

    def energy(v):
        return ops.sum(v**3 + 2 * v)

    def reversed_energy(v):
        return energy(_losses.reverse_gradient(v, strength))

    step = 1e-6
    wide = x.astype("float64")
    differences = [((wide + step) ** 3 + 2 * (wide + step))]
    differences.append((wide - step) ** 3 + 2 * (wide - step))
    expected = -strength * (differences[0] - differences[1]) / (2 * step)
    np.testing.assert_allclose(_gradient(reversed_energy, x), expected, rtol=1e-3)
    same = _losses.reverse_gradient(ops.convert_to_tensor(x), strength)
    np.testing.assert_array_equal(_value(same), x)


def _tensors(*arrays):
    return [ops.convert_to_tensor(np.asarray(a)) for a in arrays]


def _squared_distances(x, y):
    return np.sum((x[:, None] - y) ** 2, axis=2)


def test_squared_distances(z):
    found = _value(_losses.squared_distances(*_tensors(*z)))
    np.testing.assert_allclose(found, _squared_distances(*z), rtol=1e-4, atol=1e-4)


def _kernel(zs, zt):
    z = np.concatenate([zs, zt]).astype(float)
    d = _squared_distances(z, z)
    d /= d.sum() / (len(z) * (len(z) - 1))
    return np.mean([np.exp(-d * 2.0**k) for k in range(-2, 3)], axis=0)


def test_joint_mmd_is_written_out(z):
    zs, zt = z
    ps, pt = softmax(zs[:, :3], axis=1), softmax(zt[:, :3], axis=1)
    sign = np.r_[np.full(7, 1 / 7), np.full(9, -1 / 9)]
    one = sign @ _kernel(zs, zt) @ sign
    found = _value(_losses.joint_mmd(_tensors(zs, zt)))
    assert found == pytest.approx(one, rel=1e-4)
    both = sign @ (_kernel(zs, zt) * _kernel(ps, pt)) @ sign
    found = _value(_losses.joint_mmd(_tensors(zs, zt), _tensors(ps, pt)))
    assert found == pytest.approx(both, rel=1e-4)
    assert abs(_value(_losses.joint_mmd(_tensors(zs, zs)))) < 1e-6


def test_entropies(z):
    p = softmax(z[0].astype(float), axis=1)
    each = -np.sum(p * np.log(p), axis=1)
    (logits,) = _tensors(z[0])
    np.testing.assert_allclose(_value(_losses.entropy(logits)), each, rtol=1e-5)
    mean = p.mean(axis=0)
    expected = -np.sum(mean * np.log(mean)) - each.mean()
    found = _value(_losses.mutual_information(logits))
    assert found == pytest.approx(expected, rel=1e-4)
    q = softmax(z[1][:7].astype(float), axis=1)
    found = _value(_losses.kl_divergence(*_tensors(z[0], z[1][:7])))
    np.testing.assert_allclose(found, np.sum(p * np.log(p / q), axis=1), rtol=1e-4)


def test_class_confusion_is_the_papers(z):
    logits = z[1].astype(float)
    p = softmax(logits / 2.5, axis=1)
    weight = 1 + np.exp(np.sum(p * np.log(p), axis=1))
    weight = len(p) * weight / weight.sum()
    confusion = np.zeros((4, 4))
    for row, w in zip(p, weight, strict=True):
        confusion += w * np.outer(row, row)
    confusion /= confusion.sum(axis=1, keepdims=True)
    expected = (confusion.sum() - np.trace(confusion)) / 4
    found = _value(_losses.class_confusion(*_tensors(z[1]), 2.5))
    assert found == pytest.approx(expected, rel=1e-4)
    sure = np.eye(4, dtype="float32")[np.arange(9) % 4] * 200
    assert _value(_losses.class_confusion(*_tensors(sure), 2.5)) < 1e-6


def test_batch_nuclear_norm_and_its_gradient(z):
    p = softmax(z[1], axis=1)
    u, s, vt = np.linalg.svd(p.astype(float), full_matrices=False)
    assert _value(_losses.batch_nuclear_norm(*_tensors(p))) == pytest.approx(
        s.sum() / 9, rel=1e-4
    )
    found = _gradient(_losses.batch_nuclear_norm, p)
    np.testing.assert_allclose(found, u @ vt / 9, atol=1e-4)


def test_sinkhorn_plan_is_that_of_pot(z):
    ot = pytest.importorskip("ot")
    cost = _squared_distances(*z)
    reg = 0.5
    expected = ot.sinkhorn(
        np.full(7, 1 / 7), np.full(9, 1 / 9), cost, reg * cost.mean(), stopThr=1e-9
    )
    found = _value(_losses.sinkhorn_plan(*_tensors(cost.astype("float32")), reg, 40))
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_cross_cost_pairs_labels_with_predictions(z):
    y = np.array([0, 3, 1])
    found = _losses.cross_cost(*_tensors(y, z[1]), _losses.softmax_cross_entropy)
    expected = -log_softmax(z[1], axis=1)[:, y].T
    np.testing.assert_allclose(_value(found), expected, rtol=1e-4)


def test_unlikelihood_neither_clips_nor_overflows():
    logits = np.array([[1.0, 2.0, 3.0], [90.0, 0.0, 0.0]], dtype="float32")
    found = _losses.unlikelihood(*_tensors(np.array([1, 0]), logits))
    wide = logits.astype(float)
    expected = [
        np.log(np.exp(wide[0]).sum()) - np.log(np.exp(wide[0, [0, 2]]).sum()),
        90 - np.log(2),
    ]
    np.testing.assert_allclose(_value(found), expected, rtol=1e-5)


def test_contrastive_is_written_out(z):
    ys, yt = np.arange(7) % 2, np.arange(9) % 3
    total = 0.0
    for a, ya in zip(z[0], ys, strict=True):
        for b, yb in zip(z[1], yt, strict=True):
            d = np.linalg.norm(a - b)
            total += d**2 / 2 if ya == yb else max(4 - d, 0) ** 2 / 2
    found = _losses.contrastive(*_tensors(z[0], ys, z[1], yt), 4.0)
    assert _value(found) == pytest.approx(total / 63, rel=1e-4)


def _critic(x):
    return ops.sum(ops.sin(x) + 0.1 * x**3, axis=-1)


def test_gradient_penalty_is_that_of_rows():
    """Against finite differences; the norm is over the features of each row."""
    x = np.random.default_rng(0).normal(size=(6, 3)).astype("float32")

    def critic(v):
        return np.sum(np.sin(v) + 0.1 * v**3, axis=-1)

    wide, step = x.astype(float), 1e-5
    slopes = [
        (critic(wide + step * e) - critic(wide - step * e)) / (2 * step)
        for e in np.eye(3)
    ]
    expected = np.mean((np.linalg.norm(slopes, axis=0) - 1) ** 2)

    def penalty(v):
        return _losses.gradient_penalty(_critic, v)[0]

    if _engine.BACKEND == "tensorflow":
        import tensorflow as tf

        found = tf.function(penalty)(tf.constant(x))
    else:
        found = penalty(ops.convert_to_tensor(x))
    assert _value(found) == pytest.approx(expected, rel=1e-3)


def test_gradient_penalty_can_be_differentiated():
    """Its derivative with respect to the critic, against finite differences."""
    x = np.random.default_rng(0).normal(size=(5, 2)).astype("float32")
    at = np.array([0.7], dtype="float32")

    def value(w):
        # The critic is w * (x0^2 + sin x1).
        slopes = np.stack([2 * w * x[:, 0], w * np.cos(x[:, 1])])
        return np.mean((np.linalg.norm(slopes.astype(float), axis=0) - 1) ** 2)

    def penalty(w):
        def critic(v):
            return w * (v[:, 0] ** 2 + ops.sin(v[:, 1]))

        return _losses.gradient_penalty(critic, ops.convert_to_tensor(x))[0]

    expected = (value(0.7 + 1e-4) - value(0.7 - 1e-4)) / 2e-4
    assert _gradient(penalty, at)[0] == pytest.approx(expected, rel=1e-2)


def _divergence_of(x, r, weights):
    """Return ``KL(p(x) || p(x + r))`` of a small network, in double precision."""
    first, second = weights

    def log_p(v):
        return log_softmax(np.tanh(v @ first) @ second, axis=-1)

    p, q = log_p(x), log_p(x + r)
    return np.sum(np.exp(p) * (p - q), axis=-1)


def test_adversarial_offset_is_the_worst_direction():
    """The dominant eigenvector of the divergence's Hessian, by finite differences."""
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(3, 8)), rng.normal(size=(8, 4))
    x = rng.normal(size=(5, 3)).astype("float32") * [1, 10, 0.1]
    scale, start, radius = x.std(axis=0), rng.normal(size=3), 0.2
    first, second = _tensors(*(w.astype("float32") for w in weights))

    def logits_of(v):
        return ops.matmul(ops.tanh(ops.matmul(v, first)), second)

    def offset(v):
        (at,) = _tensors(start.astype("float32"))
        return _losses.adversarial_offset(logits_of, v, at, radius, n_iterations=30)

    if _engine.BACKEND == "tensorflow":
        import tensorflow as tf

        offset = tf.function(offset)
    (given,) = _tensors(x.astype("float32"))
    found = _value(offset(given)) / scale
    np.testing.assert_allclose(
        np.linalg.norm(found, axis=1), radius * np.sqrt(3), rtol=1e-4
    )
    for row, direction in zip(x, found / (radius * np.sqrt(3)), strict=True):
        step = 1e-4
        hessian = np.empty((3, 3))
        for i, j in np.ndindex(3, 3):
            a, b = step * scale * np.eye(3)[[i, j]]
            corners = _divergence_of(
                row, np.stack([a + b, a - b, b - a, -a - b]), weights
            )
            hessian[i, j] = corners @ [1, -1, -1, 1] / (4 * step**2)
        values, vectors = np.linalg.eigh(hessian)
        assert values[-1] > 1.1 * values[-2]  # else the direction is not determined
        assert abs(direction @ vectors[:, -1]) > 1 - 1e-3
