import numpy as np
import pytest

from adapt.feature_based import CORAL, coral_map
from tests.common import shifted_numbers


def covariance(X):
    return np.cov(X.T, bias=True)


def test_matches_covariance_and_keeps_mean():
    Xs, _, Xt, _ = shifted_numbers(n=300)
    model = CORAL(lambda_=0).fit(Xs, Xt=Xt)
    mapped = model.transform(Xs, sample_domain=0)
    np.testing.assert_allclose(covariance(mapped), covariance(Xt), atol=1e-10)
    np.testing.assert_allclose(mapped.mean(axis=0), Xs.mean(axis=0), atol=1e-12)
    np.testing.assert_array_equal(model.transform(Xt), Xt)


def test_match_mean():
    Xs, _, Xt, _ = shifted_numbers(n=300)
    mapped = CORAL(lambda_=0, match_mean=True).fit_transform(Xs, Xt=Xt)
    np.testing.assert_allclose(mapped.mean(axis=0), Xt.mean(axis=0), atol=1e-12)


def test_map_equals_the_product_of_roots_of_the_paper():
    Xs, _, Xt, _ = shifted_numbers(n=300)
    Cs, Ct = covariance(Xs) + 0.1 * np.eye(4), covariance(Xt) + 0.1 * np.eye(4)
    Us, ss, _ = np.linalg.svd(Cs)
    Ut, st, _ = np.linalg.svd(Ct)
    expected = Us @ np.diag(ss**-0.5) @ Us.T @ Ut @ np.diag(st**0.5) @ Ut.T
    np.testing.assert_allclose(coral_map(Cs, Ct), expected, atol=1e-10)
    model = CORAL(lambda_=0.1).fit(Xs, Xt=Xt)
    np.testing.assert_allclose(model.coef_, expected, atol=1e-10)


def test_shrinkage_serves_more_columns_than_rows():
    rng = np.random.default_rng(0)
    Xs, Xt = rng.normal(size=(60, 80)), 2 * rng.normal(size=(70, 80))
    mapped = CORAL(lambda_="auto").fit_transform(Xs, Xt=Xt)
    assert np.all(np.isfinite(mapped))
    assert mapped.std() == pytest.approx(2 * Xs.std(), rel=0.2)


def test_inverse_transform():
    Xs, _, Xt, _ = shifted_numbers(n=300)
    model = CORAL(match_mean=True).fit(Xs, Xt=Xt)
    mapped = model.transform(Xs, sample_domain=0)
    back = model.inverse_transform(mapped, sample_domain=0)
    np.testing.assert_allclose(back, Xs, atol=1e-10)
    np.testing.assert_array_equal(model.inverse_transform(Xt), Xt)


def test_singular_map_has_no_inverse():
    Xs, _, Xt, _ = shifted_numbers(n=300)
    Xs = np.column_stack([Xs, Xs[:, 0]])
    Xt = np.column_stack([Xt, Xt[:, 0]])
    model = CORAL(lambda_=0).fit(Xs, Xt=Xt)
    with pytest.raises(ValueError, match=r"rank is 4 of 5.*`lambda_`"):
        model.inverse_transform(Xs, sample_domain=0)
