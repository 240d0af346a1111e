"""Losses against numpy, written out, and against finite differences."""

import numpy as np
import pytest

keras = pytest.importorskip("keras", exc_type=ImportError)

from keras import ops  # noqa: E402
from scipy.special import log_softmax  # noqa: E402

from adapt.deep import _engine, _losses  # noqa: E402


def _value(x):
    return _engine.to_numpy(x)


def _gradient(function, x):
    """Return the derivative of a scalar function at ``x``."""
    if _engine.BACKEND == "tensorflow":
        import tensorflow as tf

        return _value(
            tf.function(lambda x: _engine.gradient(function, x))(tf.constant(x))
        )
    return _value(_engine.gradient(function, ops.convert_to_tensor(x)))


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
    assert _value(_losses.coral(zs, zs)) == 0


def test_coral_of_one_row_is_finite(z):
    one = ops.convert_to_tensor(z[0][:1])
    assert np.isfinite(_value(_losses.coral(one, ops.convert_to_tensor(z[1]))))


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


def test_sigmoid_cross_entropy_neither_overflows_nor_saturates():
    logits = np.array([-200.0, 0.0, 3.0, 200.0], dtype="float32")
    found = _value(_losses.sigmoid_cross_entropy(1.0, ops.convert_to_tensor(logits)))
    np.testing.assert_allclose(found, np.logaddexp(0, -logits), rtol=1e-5)


def test_domain_cross_entropy_says_one_for_the_source():
    sure = ops.convert_to_tensor(np.full((3, 1), 20.0, dtype="float32"))
    assert _value(_losses.domain_cross_entropy(sure, -sure)) < 1e-6
    assert _value(_losses.domain_cross_entropy(-sure, sure)) == pytest.approx(40)


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
