import numpy as np
import pytest

from adapt.feature_based import SA
from tests.common import shifted_numbers


def axes(X, size):
    """Return the mean of ``X`` and its first principal axes as columns."""
    mean = X.mean(axis=0)
    return mean, np.linalg.svd(X - mean)[2][:size].T


@pytest.mark.parametrize("size", [1, 2, 4])
def test_equals_the_product_of_the_paper(size):
    Xs, _, Xt, _ = shifted_numbers(n=100)
    model = SA(n_components=size).fit(Xs, Xt=Xt)
    (mean_s, Ps), (mean_t, Pt) = axes(Xs, size), axes(Xt, size)
    sign = np.sign(np.sum(Pt * model.pca_tgt_.components_.T, axis=0))
    Pt = Pt * sign
    np.testing.assert_allclose(
        model.transform(Xs, sample_domain=0),
        (Xs - mean_s) @ Ps @ (Ps.T @ Pt),
        atol=1e-8,
    )
    np.testing.assert_allclose(model.transform(Xt), (Xt - mean_t) @ Pt, atol=1e-8)
    np.testing.assert_allclose(np.abs(model.M_), np.abs(Ps.T @ Pt), atol=1e-8)


def test_no_shift_no_alignment():
    Xs, _, _, _ = shifted_numbers()
    np.testing.assert_allclose(SA().fit(Xs, Xt=Xs).M_, np.eye(4), atol=1e-10)


@pytest.mark.parametrize(("ns", "nt", "d", "size"), [(3, 9, 5, 3), (9, 2, 5, 2)])
def test_as_many_components_as_there_can_be(ns, nt, d, size):
    rng = np.random.default_rng(0)
    model = SA().fit(rng.normal(size=(ns, d)), Xt=rng.normal(size=(nt, d)))
    assert model.M_.shape == (size, size)
    assert list(model.get_feature_names_out()) == [f"sa{i}" for i in range(size)]


def test_too_many_components():
    Xs, _, Xt, _ = shifted_numbers()
    with pytest.raises(ValueError, match=r"`n_components` must be at most 4.* got 5"):
        SA(n_components=5).fit(Xs, Xt=Xt)


def test_one_row_has_no_axes():
    Xs, _, Xt, _ = shifted_numbers()
    with pytest.raises(ValueError, match="at least 2 rows"):
        SA().fit(Xs, Xt=Xt[:1])
