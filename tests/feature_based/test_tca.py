"""TCA and the kernel components under it, against dense generalised eigenproblems."""

import numpy as np
import pytest
from scipy.linalg import eigh, subspace_angles
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics.pairwise import pairwise_kernels
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from adapt.feature_based import TCA
from adapt.feature_based._component_kernels import (
    ExactKernel,
    LandmarkKernel,
)
from tests.common import shifted_classes, shifted_numbers


def dense_components(K, E, mu, penalty, n_components):
    """Solve K H K w = value (K E E' K + mu D) w as it stands; W' K H K W = I."""
    n = len(K)
    H = np.eye(n) - 1 / n
    scatter = K @ H @ K
    _, W = eigh(scatter, K @ E @ E.T @ K + mu * np.diag(penalty))
    W = W[:, ::-1][:, :n_components]
    return W / np.sqrt(np.einsum("ij,ij->j", W, scatter @ W))


def same_up_to_sign(A, B, atol):
    signs = np.sign((A * B).sum(axis=0))
    np.testing.assert_allclose(A, B * signs, atol=atol * np.abs(B).max())


def same_up_to_turn(A, B, atol):
    """Compare scalar products, on which the choice of orthogonal axes has no effect."""
    np.testing.assert_allclose(A @ A.T, B @ B.T, atol=atol * np.abs(B).max() ** 2)


def rows(n_source, n_target, d, seed=0):
    rng = np.random.default_rng(seed)
    Xs = rng.normal(size=(n_source, d))
    Xt = rng.normal(size=(n_target, d)) * np.linspace(0.7, 1.4, d)
    Xt[:, 0] += 1
    return Xs, Xt


@pytest.mark.parametrize("kernel", ["rbf", "linear", "poly", "laplacian", "cosine"])
@pytest.mark.parametrize("mu", [1e-3, 0.1, 10.0])
def test_equals_the_dense_eigenproblem(kernel, mu):
    Xs, Xt = rows(120, 80, 4)
    X = np.vstack([Xs, Xt])
    model = TCA(n_components=4, mu=mu, kernel=kernel).fit(Xs, Xt=Xt)
    params = {"gamma": model.gamma_, "degree": 3, "coef0": 1}
    X = X * model.column_scale_
    K = pairwise_kernels(X, metric=kernel, filter_params=True, **params)
    e = np.r_[np.full(120, 1 / 120), np.full(80, -1 / 80)]
    W = dense_components(K, e[:, None], mu, np.ones(200), 4)
    W /= np.sqrt(np.einsum("ij,ij->j", W, K @ W))  # directions of unit length
    W /= (K @ W).std(axis=0).max()
    expected, found = K @ W, model.transform(X / model.column_scale_)
    same_up_to_turn(found, expected, atol=1e-6)
    np.testing.assert_allclose(found[:120].var(axis=0), found[:120].var(axis=0).mean())
    # Out of sample, by the kernel with the rows that were seen.
    new = np.random.default_rng(1).normal(size=(7, 4))
    cross = pairwise_kernels(
        new * model.column_scale_, X, metric=kernel, filter_params=True, **params
    )
    both = np.vstack([found, model.transform(new)])
    same_up_to_turn(both, np.vstack([expected, cross @ W]), atol=1e-5)


@pytest.mark.parametrize("n_differences", [1, 3])
@pytest.mark.parametrize("weighted", [False, True])
def test_every_solver_solves_the_same_problem(n_differences, weighted, monkeypatch):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 3))
    K = pairwise_kernels(X, metric="rbf", gamma=0.2)
    E = rng.normal(size=(90, n_differences)) / 90
    penalty = rng.uniform(0.2, 3, size=90) if weighted else None
    expected = dense_components(
        K, E, 0.1, np.ones(90) if penalty is None else penalty, 5
    )
    exact = ExactKernel(K)
    values, vectors = eigh(K)
    root = (vectors * values.clip(0) ** 0.5) @ vectors.T
    landmarks = LandmarkKernel(root, None, root.T @ root)
    for kernel in (exact, landmarks):
        W = kernel.components(E, 0.1, 5, penalty)
        same_up_to_sign(W, expected, atol=1e-6)
        same_up_to_sign(kernel.embed(W), K @ expected, atol=1e-6)
    monkeypatch.setattr("adapt.feature_based._component_kernels._DENSE", 50)
    same_up_to_sign(exact.components(E, 0.1, 5, penalty), expected, atol=1e-6)


def test_landmarks_span_the_same_subspace():
    Xs, Xt = rows(800, 800, 20)
    X = np.vstack([Xs, Xt])
    exact = TCA(n_components=10, random_state=0).fit(Xs, Xt=Xt)
    few = TCA(n_components=10, random_state=0, n_landmarks=500).fit(Xs, Xt=Xt)
    assert exact.landmarks_.shape == (1600, 20)
    assert few.landmarks_.shape == (500, 20)
    angle = subspace_angles(exact.transform(X), few.transform(X)).max()
    assert angle < 0.02


def test_landmarks_beyond_two_thousand_rows():
    Xs, Xt = rows(1900, 150, 3)
    model = TCA(n_components=2, random_state=0).fit(Xs, Xt=Xt)
    assert model.landmarks_.shape == (500, 3)
    rows_s = (Xs * model.column_scale_)[None]
    from_source = (model.landmarks_[:, None] == rows_s).all(axis=2).any(axis=1)
    assert from_source.sum() == 350  # the target has no more than 150


def test_means_of_domains_come_together():
    Xs, Xt = rows(150, 150, 5)
    near = TCA(n_components=3, mu=1e-3).fit(Xs, Xt=Xt)
    far = TCA(n_components=3, mu=1e6).fit(Xs, Xt=Xt)

    def gap(model):
        zs, zt = model.transform(Xs), model.transform(Xt)
        return np.linalg.norm(zs.mean(axis=0) - zt.mean(axis=0))

    assert gap(near) < 0.01 < 0.1 < gap(far)


def test_without_differences_it_is_kernel_pca():
    from sklearn.decomposition import KernelPCA

    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    model = TCA(n_components=3, kernel="linear", mu=1.0).fit(X, Xt=X)
    pca = KernelPCA(3).fit_transform(X)
    Z = model.transform(X)
    assert subspace_angles(Z - Z.mean(axis=0), pca).max() < 1e-6


@pytest.mark.parametrize("n_landmarks", [None, 60])
def test_mu_follows_the_number_of_rows_and_the_scale_of_the_kernel(n_landmarks):
    Xs, Xt = rows(60, 60, 3)
    params = {"kernel": "linear", "n_components": 2, "n_landmarks": n_landmarks}
    plain = TCA(**params, random_state=0).fit(Xs, Xt=Xt)
    Z = plain.transform(Xt)
    thrice = TCA(**params).fit(np.tile(Xs, (3, 1)), Xt=np.tile(Xt, (3, 1)))
    np.testing.assert_allclose(thrice.mu_, 3 * plain.mu_, rtol=0.01)
    same_up_to_turn(thrice.transform(Xt), Z, atol=1e-6 if n_landmarks is None else 0.05)
    scaled = TCA(**params, random_state=0).fit(100 * Xs, Xt=100 * Xt)
    same_up_to_turn(scaled.transform(100 * Xt), Z, atol=1e-6)
    rbf = TCA().fit(Xs, Xt=Xt)
    assert rbf.mu_ == pytest.approx(2e-4 * 120)
    assert TCA(mu=0.3).fit(Xs, Xt=Xt).mu_ == 0.3


def test_hundred_standardised_columns_do_not_collapse():
    Xs, ys, Xt, yt = shifted_classes(n=300, d=100, shift=0.2)
    pipe = make_pipeline(StandardScaler(), TCA(LogisticRegression(), random_state=0))
    domain = np.repeat([0, -1], 300)
    pipe.fit(np.vstack([Xs, Xt]), np.r_[ys, yt], tca__sample_domain=domain)
    assert pipe.score(Xt, yt) > 0.95


@pytest.mark.parametrize("kernel", ["rbf", "linear", "poly", "laplacian", "sigmoid"])
@pytest.mark.parametrize("n_landmarks", [None, 50])
def test_columns_of_very_different_scale(kernel, n_landmarks):
    Xs, ys, Xt, _ = shifted_classes(n=100, d=3)
    scale = np.array([1e-3, 1, 1e3])
    inner = LogisticRegression(max_iter=5000)
    model = TCA(inner, kernel=kernel, n_landmarks=n_landmarks, random_state=0)
    model.fit(Xs * scale, ys, Xt=Xt * scale)
    Z = model.transform(Xt * scale)
    assert np.isfinite(Z).all()
    assert np.linalg.matrix_rank(Z - Z.mean(axis=0)) == Z.shape[1]
    assert len(np.unique(model.predict(Xt * scale))) == 2


def test_rank_limits_the_number_of_components():
    Xs, Xt = rows(30, 30, 2)
    model = TCA(n_components=20, kernel="linear").fit(Xs, Xt=Xt)
    assert model.transform(Xt).shape == (30, 2)
    assert list(model.get_feature_names_out()) == ["tca0", "tca1"]
    assert TCA().fit(np.ones((5, 2)), Xt=np.ones((4, 2))).coef_.shape == (9, 1)


@pytest.mark.filterwarnings("ignore:overflow")
def test_overflow_is_refused():
    Xs, Xt = rows(30, 30, 2)
    with pytest.raises(ValueError, match=r"poly kernel .* not finite.*Standardise"):
        TCA(kernel="poly", degree=300, gamma=1e3).fit(Xs, Xt=Xt)


def test_landmarks_follow_the_seed_and_keep_the_dtype():
    Xs, ys, Xt, _ = shifted_numbers(n=60)
    Xs, Xt = Xs.astype(np.float32), Xt.astype(np.float32)
    first, same, other = (
        TCA(Ridge(), n_components=3, n_landmarks=20, random_state=seed).fit(
            Xs, ys, Xt=Xt
        )
        for seed in (0, 0, 1)
    )
    assert first.transform(Xt).dtype == np.float32
    np.testing.assert_array_equal(first.transform(Xt), same.transform(Xt))
    assert not np.allclose(first.transform(Xt), other.transform(Xt))
