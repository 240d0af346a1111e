import numpy as np
import pytest

from adapt.feature_based import DomainStandardScaler
from tests.common import shifted_classes, shifted_numbers


def standardised(X):
    return (X - X.mean(axis=0)) / X.std(axis=0)


def test_each_domain_by_its_own_moments():
    Xs, _, Xt, _ = shifted_numbers()
    model = DomainStandardScaler().fit(Xs, Xt=Xt)
    np.testing.assert_allclose(model.transform(Xt), standardised(Xt), atol=1e-12)
    np.testing.assert_allclose(
        model.transform(Xs, sample_domain=0), standardised(Xs), atol=1e-12
    )


def test_several_sources_and_targets():
    rng = np.random.default_rng(0)
    domain = rng.permutation(np.repeat([0, 3, -1, -2], 40))
    X = rng.normal(size=(160, 2)) * (1 + np.abs(domain[:, None])) + domain[:, None]
    model = DomainStandardScaler().fit(X, sample_domain=domain)
    mapped = model.transform(X, sample_domain=domain)
    for name in 0, 3, -1, -2:
        rows = domain == name
        np.testing.assert_allclose(mapped[rows], standardised(X[rows]), atol=1e-12)
    np.testing.assert_allclose(
        model.inverse_transform(mapped, sample_domain=domain), X, atol=1e-12
    )
    with pytest.raises(ValueError, match=r"several source domains, \[0, 3\], and 1 is"):
        model.transform(X, sample_domain=1)
    with pytest.raises(ValueError, match=r"several target domains, \[-2, -1\]"):
        model.transform(X, sample_domain=-5)


def test_estimator_is_trained_on_rows_scaled_by_their_source():
    Xs, ys, Xt, yt = shifted_classes(n=400)
    domain = np.arange(400) // 2 % 2
    apart = Xs + 100 * domain[:, None]  # two sources that only an offset separates
    model = DomainStandardScaler().fit(apart, ys, Xt=Xt, sample_domain=domain)
    assert model.score(Xt, yt) > 0.95


def test_single_names_serve_whatever_they_are():
    Xs, _, Xt, _ = shifted_numbers()
    X = np.concatenate([Xs, Xt])
    named = DomainStandardScaler().fit(X, sample_domain=np.repeat([7, -3], 120))
    plain = DomainStandardScaler().fit(Xs, Xt=Xt)
    assert list(named.scalers_) == [7, -3]
    np.testing.assert_array_equal(
        named.transform(X, sample_domain=np.repeat([0, -1], 120)),
        plain.transform(X, sample_domain=np.repeat([0, -1], 120)),
    )


def test_constant_columns_become_zero():
    Xs, _, Xt, _ = shifted_numbers()
    Xs[:, 0], Xt[:, 0] = 1e6, 0
    model = DomainStandardScaler().fit(Xs, Xt=Xt)
    assert np.all(model.transform(Xs, sample_domain=0)[:, 0] == 0)
    assert np.all(model.transform(Xt)[:, 0] == 0)


def test_missing_values_stay_missing():
    from sklearn.ensemble import HistGradientBoostingClassifier

    Xs, ys, Xt, _ = shifted_classes()
    Xs[::7, 0] = np.nan
    Xt[3, 1] = np.nan
    model = DomainStandardScaler(HistGradientBoostingClassifier()).fit(Xs, ys, Xt=Xt)
    mapped = model.transform(Xt)
    assert np.argwhere(np.isnan(mapped)).tolist() == [[3, 1]]
    assert np.nanmean(mapped[:, 1]) == pytest.approx(0, abs=1e-12)
