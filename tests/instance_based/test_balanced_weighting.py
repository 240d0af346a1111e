import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import LinearRegression, Ridge

from adapt.instance_based import BalancedWeighting
from tests.common import shifted_numbers


def test_minimises_the_balanced_loss():
    Xs, ys, Xt, yt = shifted_numbers()
    yt = yt + 3 * Xt[:, 0]
    Xt, yt = Xt[:20], yt[:20]
    model = BalancedWeighting(LinearRegression(fit_intercept=False), gamma=0.3)
    coef = model.fit(Xs, ys, Xt, yt).estimator_.coef_
    A = 0.7 / len(Xs) * Xs.T @ Xs + 0.3 / len(Xt) * Xt.T @ Xt
    b = 0.7 / len(Xs) * Xs.T @ ys + 0.3 / len(Xt) * Xt.T @ yt
    np.testing.assert_allclose(coef, np.linalg.solve(A, b))


@pytest.mark.parametrize(("gamma", "share"), [(0, 0), (0.25, 0.25), (1, 1)])
def test_gamma_is_the_share_of_the_target(gamma, share):
    Xs, ys, Xt, yt = shifted_numbers()
    model = BalancedWeighting(gamma=gamma).fit(Xs, ys, Xt[:30], yt[:30])
    assert model.weights_.shape == (150,)
    np.testing.assert_allclose(model.weights_[120:].sum() / 150, share)
    np.testing.assert_allclose(model.weights_.mean(), 1)


def test_user_weights_keep_the_balance():
    Xs, ys, Xt, yt = shifted_numbers()
    given = np.random.default_rng(0).uniform(1, 5, size=len(ys))
    plain = BalancedWeighting(Ridge()).fit(Xs, ys, Xt, yt, sample_weight=given)
    scaled = BalancedWeighting(Ridge()).fit(Xs, ys, Xt, yt, sample_weight=9 * given)
    np.testing.assert_allclose(plain.estimator_.coef_, scaled.estimator_.coef_)
    both = np.r_[given / given.mean(), np.ones(len(yt))] * plain.weights_
    expected = Ridge().fit(np.r_[Xs, Xt], np.r_[ys, yt], sample_weight=both)
    np.testing.assert_allclose(plain.estimator_.coef_, expected.coef_)


def test_unlabelled_target_rows_are_left_out():
    Xs, ys, Xt, yt = shifted_numbers()
    some = np.where(np.arange(len(yt)) < 15, yt, np.nan)
    expected = BalancedWeighting().fit(Xs, ys, Xt[:15], yt[:15])
    found = BalancedWeighting().fit(Xs, ys, Xt, some)
    np.testing.assert_allclose(found.estimator_.coef_, expected.estimator_.coef_)
    assert len(found.weights_) == 135


def test_fit_weights_returns_the_training_set():
    Xs, ys, Xt, yt = shifted_numbers()
    weights, X, y = BalancedWeighting(gamma=0.5).fit_weights(Xs, Xt, ys, yt)
    np.testing.assert_array_equal(X, np.r_[Xs, Xt])
    np.testing.assert_array_equal(y, np.r_[ys, yt])
    np.testing.assert_allclose(weights, 1)


def test_labels_that_are_missing_are_named():
    Xs, ys, Xt, _ = shifted_numbers()
    with pytest.raises(ValueError, match="needs labels in `yt`"):
        BalancedWeighting().fit_weights(Xs, Xt, ys, None)
    with pytest.raises(ValueError, match="requires y to be passed"):
        BalancedWeighting().fit(Xs, None, Xt, ys)


def test_sparse_equals_dense():
    Xs, ys, Xt, yt = shifted_numbers()
    dense = BalancedWeighting(Ridge()).fit(Xs, ys, Xt, yt)
    thin = BalancedWeighting(Ridge()).fit(
        sparse.csr_array(Xs), ys, sparse.csr_array(Xt), yt
    )
    np.testing.assert_allclose(thin.estimator_.coef_, dense.estimator_.coef_, rtol=1e-2)
