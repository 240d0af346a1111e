"""Quantile matching: ranks, closed forms of monotone maps, ties and gaps."""

import numpy as np
import pytest
from scipy.stats import rankdata, wasserstein_distance
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from adapt.feature_based import QuantileMatching
from tests.common import shifted_classes


def test_equal_sizes_are_matched_rank_by_rank():
    rng = np.random.default_rng(0)
    Xs, Xt = rng.normal(size=(101, 3)), rng.gamma(2, size=(101, 3))
    model = QuantileMatching().fit(Xs, Xt=Xt)
    Z = model.transform(Xs, sample_domain=0)
    for x, z, t in zip(Xs.T, Z.T, Xt.T, strict=True):
        np.testing.assert_allclose(z, np.sort(t)[rankdata(x).astype(int) - 1])
    np.testing.assert_array_equal(model.transform(Xt), Xt)


def test_a_monotone_distortion_is_undone():
    rng = np.random.default_rng(0)
    Xs, Xt = rng.normal(size=(5000, 2)), rng.normal(size=(4000, 2))
    model = QuantileMatching().fit(np.exp(Xs), Xt=Xt)
    grid = np.linspace(-2, 2, 21)[:, np.newaxis] * [1, 1]
    found = model.transform(np.exp(grid), sample_domain=0)
    np.testing.assert_allclose(found, grid, atol=0.15)


@pytest.mark.parametrize("n_quantiles", [20, 100, 1000])
def test_distributions_agree_to_the_number_of_quantiles(n_quantiles):
    rng = np.random.default_rng(0)
    Xs, Xt = rng.normal(size=(3000, 1)), rng.uniform(size=(2000, 1))
    model = QuantileMatching(n_quantiles=n_quantiles).fit(Xs, Xt=Xt)
    assert model.quantiles_source_.shape == (1, n_quantiles)
    Z = model.transform(Xs, sample_domain=0)
    assert wasserstein_distance(Z[:, 0], Xt[:, 0]) < 0.2 / n_quantiles + 2e-4


def test_there_and_back():
    Xs, ys, Xt, _ = shifted_classes(n=200)
    model = QuantileMatching().fit(Xs, ys, Xt=Xt)
    Z = model.transform(Xs, sample_domain=0)
    np.testing.assert_allclose(model.inverse_transform(Z, sample_domain=0), Xs)
    np.testing.assert_array_equal(model.inverse_transform(Xt), Xt)


def test_units_do_not_matter():
    Xs, ys, Xt, _ = shifted_classes(n=100, d=3)
    scale = np.array([1e-3, 1, 1e3])
    plain = QuantileMatching().fit(Xs, ys, Xt=Xt).transform(Xs, sample_domain=0)
    scaled = QuantileMatching().fit(Xs * scale, ys, Xt=Xt * scale)
    np.testing.assert_allclose(
        scaled.transform(Xs * scale, sample_domain=0), plain * scale
    )


def test_without_shift_nothing_moves():
    Xs, ys, _, _ = shifted_classes(n=5000)
    model = QuantileMatching().fit(Xs, ys, Xt=Xs)
    np.testing.assert_allclose(model.transform(Xs, sample_domain=0), Xs)


def test_ties_take_the_middle_rank_and_ends_are_kept():
    Xs = np.array([[0.0], [0], [0], [1], [1]])
    Xt = np.array([[10.0], [11], [12], [13], [14]])
    model = QuantileMatching().fit(Xs, Xt=Xt)
    found = model.transform([[0.0], [1], [-5], [7]], sample_domain=0)
    np.testing.assert_allclose(found, [[11], [13.5], [10], [14]])
    one = QuantileMatching().fit(Xs[:1], Xt=Xt)
    np.testing.assert_allclose(one.transform(Xs[:1], sample_domain=0), [[12]])


def test_missing_entries_have_no_rank():
    Xs, ys, Xt, yt = shifted_classes(n=100)
    holes, gaps = Xs.copy(), Xt.copy()
    holes[::10], gaps[5::10] = np.nan, np.nan
    model = QuantileMatching(HistGradientBoostingClassifier(max_iter=5))
    model.fit(holes, ys, Xt=gaps)
    present = np.arange(100) % 10 != 0
    Z = model.transform(holes, sample_domain=0)
    np.testing.assert_array_equal(np.isnan(Z), np.isnan(holes))
    without = QuantileMatching(LogisticRegression(), n_quantiles=100).fit(
        Xs[present], ys[present], Xt=Xt[np.arange(100) % 10 != 5]
    )
    assert without.levels_.shape == (90,)
    expected = without.transform(Xs[present], sample_domain=0)
    # Only the number of quantiles differs.
    np.testing.assert_allclose(Z[present], expected, atol=0.2)
    assert model.predict(gaps).shape == yt.shape
