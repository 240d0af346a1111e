import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from adapt.feature_based import LinearOT, bures_barycentre, monge_map
from tests.common import shifted_numbers


def correlated(n=400, d=5, seed=0):
    """Return two Gaussian samples of other means and other covariances."""
    rng = np.random.default_rng(seed)
    Xs = rng.normal(size=(n, d)) @ rng.normal(size=(d, d)) + rng.normal(size=d)
    Xt = rng.normal(size=(n + 50, d)) @ rng.normal(size=(d, d)) - 3
    return Xs, Xt


def test_moments_after_mapping_are_exact():
    Xs, Xt = correlated()
    mapped = LinearOT(lambda_=0).fit_transform(Xs, Xt=Xt)
    np.testing.assert_allclose(mapped.mean(axis=0), Xt.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(
        np.cov(mapped.T, bias=True), np.cov(Xt.T, bias=True), atol=1e-6
    )


@pytest.mark.parametrize("lambda_", [0, 0.3])
def test_equals_pot(lambda_):
    gaussian = pytest.importorskip("ot").gaussian
    Xs, Xt = correlated()
    model = LinearOT(lambda_=lambda_).fit(Xs, Xt=Xt)
    A, b = gaussian.bures_wasserstein_mapping(
        Xs.mean(axis=0), Xt.mean(axis=0), model.Cs_, model.Ct_
    )
    np.testing.assert_allclose(model.coef_, A, atol=1e-6)
    np.testing.assert_allclose(
        model.transform(Xs, sample_domain=0), Xs @ A + b, atol=1e-6
    )


def test_equal_covariances_are_a_pure_shift():
    Xs, _ = correlated()
    shift = np.array([1, -2, 3, 0, 100])
    mapped = LinearOT(lambda_=0).fit_transform(Xs, Xt=Xs + shift)
    np.testing.assert_allclose(mapped, Xs + shift, atol=1e-6)


def test_moves_rows_less_than_any_other_map_of_the_same_moments():
    Xs, Xt = correlated()
    turned = monge_map(np.cov(Xs.T), np.cov(Xt.T))
    root = np.linalg.cholesky(np.cov(Xs.T)).T, np.linalg.cholesky(np.cov(Xt.T)).T
    other = np.linalg.solve(root[0], root[1])
    centred = Xs - Xs.mean(axis=0)
    np.testing.assert_allclose(np.cov((centred @ other).T), np.cov(Xt.T), atol=1e-8)
    assert (
        np.square(centred @ turned - centred).sum()
        < np.square(centred @ other - centred).sum()
    )


def test_inverse_transform():
    Xs, Xt = correlated()
    model = LinearOT().fit(Xs, Xt=Xt)
    mapped = model.transform(Xs, sample_domain=0)
    back = model.inverse_transform(mapped, sample_domain=0)
    np.testing.assert_allclose(back, Xs, atol=1e-8)
    np.testing.assert_array_equal(model.inverse_transform(Xt), Xt)


def test_undoes_a_linear_distortion_of_the_source():
    # Labels depend on rows that the target shows undistorted.
    Xt, yt, _, _ = shifted_numbers(n=500, seed=3)
    Xs = Xt @ np.diag([3.0, 0.3, 1.0, 2.0]) + 5
    model = LinearOT(lambda_=0).fit(Xs, yt, Xt=Xt)
    assert model.score(Xt, yt) > 0.99
    assert model.estimator_.score(Xs, yt) < 0


def covariances(n=3, d=4, seed=0):
    roots = np.random.default_rng(seed).normal(size=(n, d, d))
    return roots @ roots.transpose(0, 2, 1)


def test_barycentre_of_commuting_covariances_is_the_square_of_the_mean_root():
    rng = np.random.default_rng(0)
    axes, _ = np.linalg.qr(rng.normal(size=(4, 4)))
    deviations, weights = rng.random((3, 4)) + 0.1, np.array([0.5, 0.3, 0.2])
    found = bures_barycentre(
        [axes @ np.diag(s**2) @ axes.T for s in deviations], weights
    )
    expected = axes @ np.diag((weights @ deviations) ** 2) @ axes.T
    np.testing.assert_allclose(found, expected, atol=1e-9)


@pytest.mark.parametrize("weights", [None, [0.7, 0.2, 0.1]])
def test_barycentre_equals_pot(weights):
    gaussian = pytest.importorskip("ot").gaussian
    C, weights = covariances(), None if weights is None else np.array(weights)
    _, expected = gaussian.bures_wasserstein_barycenter(
        np.zeros((3, 4)), C, weights=weights, eps=1e-12
    )
    np.testing.assert_allclose(bures_barycentre(C, weights), expected, atol=1e-6)


def test_barycentre_is_where_the_ways_to_all_cancel():
    C, weights = covariances(), np.array([0.5, 0.3, 0.2])
    centre = bures_barycentre(C, weights)
    ways = sum(w * monge_map(centre, c) for w, c in zip(weights, C, strict=True))
    np.testing.assert_allclose(ways, np.eye(4), atol=1e-8)
    same = bures_barycentre([C[0], C[0]])
    np.testing.assert_allclose(same, C[0], atol=1e-9)
    with pytest.warns(ConvergenceWarning, match="after 2 steps. Raise `max_iter`"):
        bures_barycentre(C, max_iter=2)


def several_sources():
    """Return three sources with their names, and a target."""
    first, Xt = correlated(d=3)
    second, _ = correlated(n=200, d=3, seed=1)
    third, _ = correlated(n=100, d=3, seed=2)
    names = np.repeat([0, 4, 2], [400, 200, 100])
    return np.concatenate([first, second, third]), names, Xt


def test_every_source_gets_the_moments_of_the_target():
    X, names, Xt = several_sources()
    model = LinearOT(lambda_=0).fit(X, sample_domain=names, Xt=Xt)
    assert list(model.source_maps_) == [0, 2, 4]
    mapped = model.transform(X, sample_domain=names)
    for name in (0, 2, 4):
        rows = mapped[names == name]
        np.testing.assert_allclose(rows.mean(axis=0), Xt.mean(axis=0), atol=1e-6)
        np.testing.assert_allclose(
            np.cov(rows.T, bias=True), np.cov(Xt.T, bias=True), atol=1e-6
        )
    np.testing.assert_array_equal(model.transform(Xt), Xt)
    back = model.inverse_transform(mapped, sample_domain=names)
    np.testing.assert_allclose(back, X, atol=1e-8)


def test_sources_go_over_their_barycentre():
    X, names, Xt = several_sources()
    model = LinearOT(lambda_=0).fit(X, sample_domain=names, Xt=Xt)
    parts = [X[names == name] for name in (0, 2, 4)]
    C = [np.cov(part.T, bias=True) for part in parts]
    centre = bures_barycentre(C, np.array([400, 100, 200]) / 700)
    np.testing.assert_allclose(model.Cs_, centre, atol=1e-10)
    onward = monge_map(centre, np.cov(Xt.T, bias=True))
    moved = (parts[1] - parts[1].mean(axis=0)) @ monge_map(C[1], centre) @ onward
    np.testing.assert_allclose(
        model.transform(parts[1], sample_domain=2), moved + Xt.mean(axis=0), atol=1e-8
    )


def test_one_source_by_any_name_is_as_without_names():
    X, _, Xt = several_sources()
    plain = LinearOT().fit(X, Xt=Xt)
    named = LinearOT().fit(X, sample_domain=np.full(700, 5), Xt=Xt)
    np.testing.assert_array_equal(
        named.transform(X, sample_domain=0), plain.transform(X, sample_domain=5)
    )


def test_sources_that_were_not_seen_are_refused():
    X, names, Xt = several_sources()
    model = LinearOT().fit(X, X[:, 0] > 0, sample_domain=names, Xt=Xt)
    with pytest.raises(ValueError, match=r"several source domains, \[0, 2, 4\], and 1"):
        model.predict(X, sample_domain=1)
    assert model.predict(Xt).shape == (450,)


def test_several_instruments_are_undone():
    Xt, yt, _, _ = shifted_numbers(n=600, seed=3)
    names = np.arange(600) % 2
    scale = np.where(names[:, np.newaxis], [3.0, 0.3, 1.0, 2.0], [0.2, 1.0, 2.0, 5.0])
    X = Xt * scale + 5 * names[:, np.newaxis]
    apart = LinearOT(lambda_=0).fit(X, yt, sample_domain=names, Xt=Xt)
    pooled = LinearOT(lambda_=0).fit(X, yt, Xt=Xt)
    assert apart.score(Xt, yt) > 0.95 > pooled.score(Xt, yt)
