"""SpectralAlignment: power spectra measured independently, and closed forms."""

import numpy as np
import pytest
from scipy.signal import lfilter, welch
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge

from adapt.feature_based import SpectralAlignment
from adapt.feature_based._power_spectra import frequency_response


def autoregression(coef, n=150, n_times=256, n_channels=2, scale=1.0, seed=0):
    noise = np.random.default_rng(seed).normal(size=(n, n_times + 100, n_channels))
    return scale * lfilter([1], [1, *coef], noise, axis=1)[:, 100:]


def spectra(X, size):
    X = X - X.mean(axis=1, keepdims=True)
    return welch(X, nperseg=size, axis=1, detrend=False)[1].mean(axis=0)


@pytest.fixture
def domains():
    Xs = autoregression([-0.7, 0.2])
    return Xs, autoregression([-0.2, 0.5], scale=3.0, seed=1) + 5


@pytest.mark.parametrize("size", [32, 64, 128])
def test_spectra_become_those_of_the_target(domains, size):
    Xs, Xt = domains
    model = SpectralAlignment(n_per_segment=size).fit(Xs, Xt=Xt)
    zs = model.transform(Xs, sample_domain=0)
    np.testing.assert_allclose(spectra(zs, size), spectra(Xt, size), rtol=0.01)
    assert not np.allclose(spectra(Xs, size), spectra(Xt, size), rtol=0.5)
    np.testing.assert_array_equal(model.transform(Xt), Xt)
    np.testing.assert_allclose(zs.mean(axis=1), Xs.mean(axis=1), atol=1e-12)


def test_spectra_become_the_barycentre(domains):
    Xs, Xt = domains
    model = SpectralAlignment(reference="barycenter", n_per_segment=64).fit(Xs, Xt=Xt)
    roots = np.sqrt(spectra(Xs, 64)), np.sqrt(spectra(Xt, 64))
    expected = ((roots[0] + roots[1]) / 2) ** 2
    np.testing.assert_allclose(model.spectra_, expected.T)
    for X, name in (Xs, 0), (Xt, -1):
        Z = model.transform(X, sample_domain=name)
        np.testing.assert_allclose(spectra(Z, 64), expected, rtol=0.01)


def test_one_filter_is_that_of_the_paper(domains):
    Xs, Xt = domains
    model = SpectralAlignment(n_per_segment=128, max_iter=1).fit(Xs, Xt=Xt)
    gain = np.sqrt(spectra(Xt, 128) / spectra(Xs, 128)).T
    at_segments = model.response_source_[:, ::2]  # 256 times, segments of 128
    np.testing.assert_allclose(at_segments, gain, rtol=1e-6)
    assert model.n_iter_ == 1


def test_another_amplitude_is_a_factor():
    Xs = autoregression([-0.5])
    model = SpectralAlignment(n_per_segment=64).fit(Xs, Xt=3 * Xs)
    np.testing.assert_allclose(model.response_source_, 3)
    zs = model.transform(Xs, sample_domain=0)
    expected = 3 * Xs - 2 * Xs.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(zs, expected, atol=1e-10)


def test_a_filter_of_the_target_is_undone_up_to_its_phase():
    Xs = autoregression([-0.3], n=400)
    H = frequency_response(np.array([[1.0, 3, 2, 0.5, 0.5]] * 2), 256)
    Xt = np.fft.irfft(np.fft.rfft(Xs, axis=1) * H.T, 256, axis=1)
    model = SpectralAlignment(n_per_segment=128, tol=1e-3).fit(Xs, Xt=Xt)
    np.testing.assert_allclose(model.response_source_[:, 4:-4], H[:, 4:-4], rtol=0.05)


def test_without_shift_nothing_moves():
    Xs = autoregression([-0.5])
    model = SpectralAlignment(reference="barycenter").fit(Xs, Xt=Xs)
    np.testing.assert_allclose(model.transform(Xs), Xs, atol=1e-9)
    assert model.n_iter_ == 1


def test_there_and_back(domains):
    Xs, Xt = domains
    model = SpectralAlignment(reference="barycenter", n_per_segment=64).fit(Xs, Xt=Xt)
    domain = np.repeat([0, -1], 150)
    X = np.concatenate([Xs, Xt])
    Z = model.transform(X, sample_domain=domain)
    back = model.inverse_transform(Z, sample_domain=domain)
    np.testing.assert_allclose(back, X, atol=1e-9)


def test_a_table_is_series_of_one_channel(domains):
    Xs, Xt = (X[:, :, 0] for X in domains)
    table = SpectralAlignment(Ridge(), n_per_segment=64).fit(Xs, Xs[:, 0], Xt=Xt)
    series = SpectralAlignment(Ridge(), n_per_segment=64)
    series.fit(Xs[..., np.newaxis], Xs[:, 0], Xt=Xt[..., np.newaxis])
    zs = table.transform(Xs, sample_domain=0)
    assert zs.shape == Xs.shape
    np.testing.assert_array_equal(
        series.transform(Xs[..., np.newaxis], sample_domain=0)[..., 0], zs
    )
    np.testing.assert_allclose(table.predict(Xt), series.predict(Xt[..., np.newaxis]))


def test_tables_for_the_estimator_and_series_for_the_user(domains):
    Xs, Xt = domains
    ys = np.arange(150) % 2
    Xs[ys == 1, 100:120, 1] += 20
    Xt[ys == 1, 100:120, 1] += 20 * 3
    model = SpectralAlignment(LogisticRegression(max_iter=500), n_per_segment=64)
    Z = model.fit_transform(Xs, ys, Xt=Xt)
    assert Z.shape == Xs.shape
    assert model.estimator_.n_features_in_ == 512
    expected = LogisticRegression(max_iter=500).fit(Z.reshape(150, -1), ys)
    np.testing.assert_allclose(
        model.predict_proba(Xt), expected.predict_proba(Xt.reshape(150, -1))
    )
    assert model.score(Xt, ys) > 0.95


def test_an_estimator_of_series_is_given_series(domains):
    Xs, Xt = domains
    inner = SpectralAlignment(Ridge(), n_per_segment=32)
    outer = SpectralAlignment(inner, n_per_segment=64).fit(Xs, Xs[:, 0, 0], Xt=Xt)
    assert outer.estimator_.spectra_.shape == (2, 17)
    assert outer.predict(Xt).shape == (150,)


def test_silence_and_scales():
    Xs, Xt = autoregression([-0.5], n_channels=3), autoregression([0.5], n_channels=3)
    Xs, Xt = Xs * [1e-3, 1, 1e3], Xt * [1e-3, 1, 1e3]
    Xs[:, :, 0], Xt[:, :, 1] = 4, 7
    model = SpectralAlignment(n_per_segment=32).fit(Xs, Xt=Xt)
    zs = model.transform(Xs, sample_domain=0)
    np.testing.assert_allclose(zs[:, :, 0], 4)
    assert zs[:, :, 1].std(axis=1).max() < 1e-5
    np.testing.assert_allclose(spectra(zs, 32)[:, 2], spectra(Xt, 32)[:, 2], rtol=0.01)


def test_errors_and_warnings(domains):
    Xs, Xt = domains
    with pytest.raises(ValueError, match=r"\(256, 2\).*\(256, 1\).*must be the same"):
        SpectralAlignment().fit(Xs, Xt=Xt[:, :, :1])
    with pytest.warns(ConvergenceWarning, match=r"after 2 filters\. Raise `max_iter`"):
        SpectralAlignment(tol=1e-9, max_iter=2).fit(Xs, Xt=Xt)
    model = SpectralAlignment(n_per_segment=64).fit(Xs, Xt=Xt)
    with pytest.raises(ValueError, match=r"shape \(256, 2\) were fitted"):
        model.transform(Xs[:, :, 0])


def test_the_source_may_be_the_reference():
    Xs, Xt = autoregression([-0.5]), autoregression([0.3], seed=1)
    model = SpectralAlignment(reference="source", n_per_segment=32).fit(Xs, Xt=Xt)
    other = SpectralAlignment(n_per_segment=32).fit(Xt, Xt=Xs)
    np.testing.assert_array_equal(model.transform(Xs, sample_domain=0), Xs)
    np.testing.assert_array_equal(
        model.transform(Xt), other.transform(Xt, sample_domain=0)
    )
    back = model.inverse_transform(model.transform(Xt))
    np.testing.assert_allclose(back, Xt, atol=1e-8)
