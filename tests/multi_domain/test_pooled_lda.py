"""Discriminant analysis of many domains: limits, written-out posteriors, arrivals."""

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.neighbors import NearestCentroid

from adapt.multi_domain import NearestClassMean, PooledLDA
from adapt.multi_domain._pooled_means import pooled_means, pooled_shares
from tests.multi_domain.common import many_domains


@pytest.mark.parametrize("shrinkage", [0.0, 0.3, 1.0])
def test_one_domain_is_scikit_learns(shrinkage):
    X, y, _ = many_domains(per=20)
    ours = PooledLDA(shrinkage=shrinkage, pooling="none").fit(X, y)
    theirs = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage).fit(X, y)
    np.testing.assert_allclose(
        ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-10, atol=1e-12
    )
    np.testing.assert_allclose(ours.covariance_, theirs.covariance_, rtol=1e-10)
    scores = theirs.decision_function(X)
    found = ours.decision_function(X)
    gap = scores - found  # the same for all classes
    np.testing.assert_allclose(gap, np.repeat(gap[:, :1], 3, axis=1), atol=1e-9)


@pytest.mark.parametrize("far", [0, 1e3])
def test_nearest_centroid(far):
    X, y, _ = many_domains(per=20)
    X = X + far
    expected = NearestCentroid().fit(X, y)
    found = NearestClassMean().fit(X, y)
    np.testing.assert_array_equal(found.predict(X), expected.predict(X))
    np.testing.assert_allclose(found.shared_means_, expected.centroids_)


def test_cosine_written_out():
    X, y, _ = many_domains(per=20)
    unit = X / np.linalg.norm(X, axis=1, keepdims=True)
    means = np.stack([unit[y == c].mean(axis=0) for c in range(3)])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    found = NearestClassMean("cosine").fit(X, y)
    np.testing.assert_array_equal(found.predict(X), (unit @ means.T).argmax(axis=1))


def cells(seed, n_domains=5, n_classes=3, p=2, missing=True):
    rng = np.random.default_rng(seed)
    counts = rng.integers(1, 9, size=(n_domains, n_classes)).astype(float)
    if missing:
        counts[0, 1] = 0
    shift = rng.normal(size=(n_domains, 1, p))
    noise = rng.normal(size=(n_domains, n_classes, p))
    means = rng.normal(size=(n_classes, p)) + shift + 0.5 * noise
    means += rng.normal(size=means.shape) / np.sqrt(np.maximum(counts, 1))[..., None]
    return counts, np.where(counts[..., None] > 0, means, 0)


def dense(counts, means, j, alpha, beta):
    """Return the log-likelihood, shared means and posterior means of direction j."""
    G, C = counts.shape
    same = np.kron(np.eye(G), np.ones((C, C)))
    K = alpha * same + beta * np.eye(G * C)
    seen = counts.ravel() > 0
    V = K[np.ix_(seen, seen)] + np.diag(1 / counts.ravel()[seen])
    design = np.tile(np.eye(C), (G, 1))[seen]
    m = means[..., j].ravel()[seen]
    shared = np.linalg.solve(
        design.T @ np.linalg.solve(V, design), design.T @ np.linalg.solve(V, m)
    )
    residual = m - design @ shared
    posterior = K[:, seen] @ np.linalg.solve(V, residual)
    fit = residual @ np.linalg.solve(V, residual) + np.linalg.slogdet(V)[1]
    return -fit / 2, shared, np.tile(shared, (G, 1)) + posterior.reshape(G, C)


@pytest.mark.parametrize("seed", range(3))
def test_posterior_is_a_dense_gaussian_conditional(seed):
    counts, means = cells(seed)
    found = pooled_means(counts, means)
    for j, (alpha, beta) in enumerate(found.variances.T):
        _, shared, posterior = dense(counts, means, j, alpha, beta)
        np.testing.assert_allclose(found.shared[:, j], shared, rtol=1e-8)
        np.testing.assert_allclose(found.means[..., j], posterior, rtol=1e-8)


@pytest.mark.parametrize("seed", range(3))
def test_variances_maximize_the_likelihood(seed):
    counts, means = cells(seed)
    found = pooled_means(counts, means, max_iter=5000, tol=1e-12)
    for j, (alpha, beta) in enumerate(found.variances.T):
        best = dense(counts, means, j, alpha, beta)[0]
        for a in 0.8, 1, 1.25:
            for b in 0.8, 1, 1.25:
                other = dense(counts, means, j, a * alpha + 1e-9, b * beta + 1e-9)[0]
                assert other <= best + 1e-6


def test_one_class_is_the_james_stein_form():
    rng = np.random.default_rng(0)
    n, G = 4, 60
    means = rng.normal(size=(G, 1, 1)) * np.sqrt(0.5 + 1 / n)
    found = pooled_means(np.full((G, 1), float(n)), means, max_iter=5000, tol=1e-12)
    m = means[:, 0, 0]
    keep = 1 - (1 / n) / np.mean((m - m.mean()) ** 2)  # maximum likelihood
    np.testing.assert_allclose(
        found.means[:, 0, 0], m.mean() + keep * (m - m.mean()), rtol=1e-4
    )


def test_equal_domains_are_pooled():
    counts = np.full((6, 3), 5.0)
    means = np.tile(np.random.default_rng(0).normal(size=(3, 2)), (6, 1, 1))
    found = pooled_means(counts, means)
    np.testing.assert_allclose(found.variances, 0, atol=1e-6)
    np.testing.assert_allclose(found.means, means, atol=1e-8)
    X, y, g = many_domains(n_domains=8, per=40, shift=0)
    auto = PooledLDA(priors="shared").fit(X, y, sample_domain=g)
    full = PooledLDA(priors="shared", pooling="full").fit(X, y, sample_domain=g)
    agree = auto.predict(X, sample_domain=g) == full.predict(X, sample_domain=g)
    assert agree.mean() > 0.98


def test_far_domains_with_many_rows_are_their_own():
    X, y, g = many_domains(per=200)
    X = X + 20 * np.random.default_rng(1).normal(size=(6, 3, 4))[g, y]
    auto = PooledLDA().fit(X, y, sample_domain=g)
    none = PooledLDA(pooling="none").fit(X, y, sample_domain=g)
    np.testing.assert_allclose(auto.means_, none.means_, atol=0.05)


def test_shares():
    counts = np.array([[30.0, 70], [60, 140], [3, 7]])
    np.testing.assert_allclose(pooled_shares(counts), [[0.3, 0.7]] * 3)
    apart = np.array([[1000.0, 1], [1, 1000]])
    np.testing.assert_allclose(
        pooled_shares(apart), apart / apart.sum(axis=1, keepdims=True), atol=2e-3
    )
    rng = np.random.default_rng(0)
    drawn = rng.dirichlet([4, 6], size=4000)
    counts = np.array([rng.multinomial(12, share) for share in drawn]).astype(float)
    # The posterior mean is (n + 10 p) / (12 + 10).
    expected = (counts + np.array([4, 6])) / 22
    np.testing.assert_allclose(pooled_shares(counts), expected, atol=0.02)


@pytest.mark.parametrize("labels", [str, lambda y: y - 1, lambda y: y.astype(float)])
def test_any_labels(labels):
    X, y, g = many_domains()
    names = np.array([str(v) for v in y]) if labels is str else labels(y)
    model = PooledLDA().fit(X, names, sample_domain=g)
    expected = PooledLDA().fit(X, y, sample_domain=g).predict(X, sample_domain=g)
    np.testing.assert_array_equal(
        np.unique(names)[expected], model.predict(X, sample_domain=g)
    )


def test_labels_that_are_missing():
    X, y, _ = many_domains()
    for wrong in np.where(y, y, np.nan), np.where(y, y, None):
        with pytest.raises(ValueError, match=r"`y` contains"):
            PooledLDA().fit(X, wrong)


def test_classes_and_domains_arrive():
    X, y, g = many_domains()
    model = PooledLDA()
    for c in range(3):
        model.partial_fit(X[y == c], y[y == c], sample_domain=g[y == c])
        assert model.classes_.tolist() == list(range(c + 1))
    single = np.array([[50.0] * 4])
    model.partial_fit(single, [7], sample_domain=99)  # one row of a new class
    assert model.predict(single, sample_domain=99) == 7
    assert np.isfinite(model.predict_proba(X, sample_domain=g)).all()


def test_unknown_domain_is_given_to_the_shared_model():
    X, y, g = many_domains()
    model = PooledLDA().fit(X, y, sample_domain=g)
    shared = model.decision_function(X)
    np.testing.assert_array_equal(model.decision_function(X, sample_domain=77), shared)
    mixed = model.decision_function(X, sample_domain=np.where(g == 0, 0, 77))
    np.testing.assert_array_equal(mixed[g > 0], shared[g > 0])
    assert not np.allclose(mixed[g == 0], shared[g == 0])


def test_between_own_and_shared_is_better_than_both():
    errors = {"auto": [], "none": [], "full": []}
    for seed in range(5):
        X, y, g = many_domains(seed, n_domains=12, per=60, p=8, shift=1.0)
        train = np.arange(len(y)) % 60 < 8
        for pooling, found in errors.items():
            model = PooledLDA(pooling=pooling)
            model.fit(X[train], y[train], sample_domain=g[train])
            score = model.score(X[~train], y[~train], sample_domain=g[~train])
            found.append(1 - score)
    means = {name: np.mean(found) for name, found in errors.items()}
    assert means["auto"] < 0.7 * min(means["none"], means["full"])
