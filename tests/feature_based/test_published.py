"""Published algorithms, written out, beside the calls that are said to run them."""

import numpy as np
import pytest
from scipy.linalg import eigh, sqrtm, subspace_angles
from scipy.optimize import linear_sum_assignment, minimize
from scipy.signal import welch
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

from adapt import feature_based
from adapt.discovery import all_adapters
from tests.common import shifted_classes, shifted_numbers
from tests.feature_based.test_fmmd import discrepancy
from tests.feature_based.test_gfk import kernel_by_quadrature
from tests.published import AS_PUBLISHED, FEATURE_BASED, notes_of

SHALLOW = dict(all_adapters("feature_based", deep=False))


def published(name, **values):
    """Return the method that the call in the table makes, with values for its names."""
    scope = {**vars(feature_based), "KNeighborsClassifier": KNeighborsClassifier}
    return eval(FEATURE_BASED[name], scope, values)


def test_every_method_is_in_the_table():
    assert SHALLOW.keys() - AS_PUBLISHED == FEATURE_BASED.keys()


@pytest.mark.parametrize("name", FEATURE_BASED)
def test_notes_begin_with_the_departures_and_give_the_call(name):
    notes = notes_of(SHALLOW[name])
    assert notes.startswith("Departures from [")
    assert f"``{FEATURE_BASED[name]}``" in notes


def axes(X, k):
    _, vectors = np.linalg.eigh(np.cov(X.T))
    return vectors[:, ::-1][:, :k]


def test_coral():
    Xs, _, Xt, _ = shifted_classes(n=60)
    scale = StandardScaler().fit(Xs)
    Xs, Xt = scale.transform(Xs), scale.transform(Xt)
    Cs, Ct = (np.cov(X.T, bias=True) + np.eye(4) for X in (Xs, Xt))
    expected = Xs @ np.linalg.inv(sqrtm(Cs)) @ sqrtm(Ct)
    found = published("CORAL").fit(Xs, Xt=Xt).transform(Xs, sample_domain=0)
    np.testing.assert_allclose(found, expected, atol=1e-8)


def test_linear_ot():
    Xs, _, Xt, _ = shifted_classes(n=60)
    Cs, Ct = (np.cov(X.T, bias=True) for X in (Xs, Xt))
    root = sqrtm(Cs)
    A = np.linalg.inv(root) @ sqrtm(root @ Ct @ root) @ np.linalg.inv(root)
    expected = Xt.mean(axis=0) + (Xs - Xs.mean(axis=0)) @ A
    found = published("LinearOT").fit(Xs, Xt=Xt).transform(Xs, sample_domain=0)
    np.testing.assert_allclose(found, expected, atol=1e-8)


def test_sa():
    Xs, _, Xt, _ = shifted_classes(n=60)
    Ps, Pt = axes(Xs, 2), axes(Xt, 2)
    model = published("SA", k=2).fit(Xs, Xt=Xt)
    zs = (Xs - Xs.mean(axis=0)) @ Ps @ Ps.T @ Pt
    zt = (Xt - Xt.mean(axis=0)) @ Pt
    signs = np.sign((model.transform(Xt) * zt).sum(axis=0))
    np.testing.assert_allclose(model.transform(Xt), zt * signs, atol=1e-8)
    found = model.transform(Xs, sample_domain=0)
    np.testing.assert_allclose(found, zs * signs, atol=1e-8)


def naive_components(K, L, mu, penalty, k):
    """Minimise ``tr W'KLKW + mu tr W'DW`` such that ``W'KHKW = I``."""
    n = len(K)
    scatter = K @ (np.eye(n) - 1 / n) @ K
    _, W = eigh(scatter, K @ L @ K + mu * np.diag(penalty))
    W = W[:, ::-1][:, :k]
    return W / np.sqrt(np.einsum("ij,ij->j", W, scatter @ W))


def naive_means(plus, minus):
    """Return the paper's M, entry by entry, of two groups of rows."""
    n, M = len(plus), np.zeros((len(plus), len(plus)))
    for i in range(n):
        for j in range(n):
            a, b = plus.sum(), minus.sum()
            M[i, j] = (plus[i] / a - minus[i] / b) * (plus[j] / a - minus[j] / b)
    return M


def same_columns(found, expected):
    signs = np.sign((found * expected).sum(axis=0))
    atol = 1e-6 * np.abs(expected).max()
    np.testing.assert_allclose(found, expected * signs, atol=atol)


@pytest.fixture
def kernel_problem():
    Xs, ys, Xt, _ = shifted_classes(n=40, d=3)
    X = np.vstack([Xs, Xt])
    # A wide column, which the default would scale.
    Xs, Xt = Xs * [1, 1, 0.1], Xt * [1, 1, 0.7]
    X = np.vstack([Xs, Xt])
    return Xs, ys, Xt, X, rbf_kernel(X, gamma=0.1), np.arange(80) < 40


def test_tca(kernel_problem):
    Xs, _, Xt, X, K, source = kernel_problem
    W = naive_components(K, naive_means(source, ~source), 0.5, np.ones(80), 3)
    model = published("TCA", m=3, mu=0.5, g=0.1).fit(Xs, Xt=Xt)
    same_columns(model.transform(X) / np.sqrt(80), K @ W)


@pytest.mark.parametrize("name", ["JDA", "BDA"])
def test_jda_and_bda(name, kernel_problem):
    Xs, ys, Xt, X, K, source = kernel_problem
    M0 = naive_means(source, ~source)
    whole, by_class = (1, 1) if name == "JDA" else (0.3, 0.7)
    M = M0
    for _ in range(10):
        Z = K @ naive_components(K, M, 0.5, np.ones(80), 3)
        guess = KNeighborsClassifier(1).fit(Z[:40], ys).predict(Z[40:])
        label, M = np.r_[ys, guess], whole * M0
        for c in np.unique(ys):
            rows = label == c
            M = M + by_class * naive_means(source & rows, ~source & rows)
    values = {"k": 3, "l": 0.5, "g": 0.1} | ({"b": 0.7} if name == "BDA" else {})
    model = published(name, **values).fit(Xs, ys, Xt=Xt)
    assert 1 < model.n_iter_ <= 10
    np.testing.assert_array_equal(model.predict(Xt), guess)
    same_columns(model.transform(X) / np.sqrt(80), Z)


@pytest.mark.filterwarnings("ignore:TJM stopped")
def test_tjm(kernel_problem):
    Xs, _, Xt, X, K, source = kernel_problem
    M, G = naive_means(source, ~source), np.ones(80)
    for _ in range(5):
        W = naive_components(K, M, 0.5, G, 3)
        for i in np.flatnonzero(source):
            G[i] = 1 / (2 * np.linalg.norm(W[i]))
    model = published("TJM", k=3, l=0.5, g=0.1, T=5).fit(Xs, Xt=Xt)
    assert model.n_iter_ == 5
    same_columns(model.transform(X) / np.sqrt(80), K @ W)


def test_gfk():
    # A right angle at two axes, fewer than hold half of the variance of the target,
    # and a column that the default would scale.
    rng = np.random.default_rng(0)
    Xs, Xt = rng.normal(size=(2, 300, 6)) * [3, 2, 1, 0.1, 0.1, 0.1]
    Xt = Xt * [1, 1, 4, 40, 1, 1] + [0, 0, 0, 0, 0, 900]
    both = np.vstack([Xs, Xt])
    for k in range(1, 7):
        P, Q, joint = axes(Xs, k), axes(Xt, k), axes(both, k)
        sines = [np.sin(subspace_angles(A, joint).max()) for A in (P, Q)]
        if np.mean(sines) > 0.999:
            break
    G = kernel_by_quadrature(P, Q)
    model = published("GFK").fit(Xs, Xs[:, 0] > 0, Xt=Xt)
    assert model.n_components_ == k < feature_based.GFK().fit(Xs, Xt=Xt).n_components_
    zs, zt = model.transform(Xs, sample_domain=0), model.transform(Xt)
    expected = (Xs - Xs.mean(axis=0)) @ G @ (Xt - Xt.mean(axis=0)).T
    np.testing.assert_allclose(zs @ zt.T, expected, atol=1e-6 * np.abs(expected).max())


def test_fmmd():
    rng = np.random.default_rng(2)
    Xs = rng.normal(size=(9, 3))
    Xt = rng.normal(size=(8, 3)) * [1, 1, 1.2] + [0, 0.3, 0.5]
    ball = {"type": "ineq", "fun": lambda w: 1 - w @ w}
    found = minimize(
        lambda w: -discrepancy(Xs, Xt, w, "poly", 1.0, 2, 1.0),
        np.full(3, 0.5),
        bounds=[(0, 1)] * 3,
        constraints=ball,
        method="SLSQP",
        options={"ftol": 1e-13},
    )
    order = np.argsort(found.x)
    cut = np.argmax(np.diff(found.x[order]))
    model = published("fMMD").fit(Xs, Xt=Xt)
    np.testing.assert_allclose(model.features_scores_, found.x, atol=1e-3)
    kept = np.isin(np.arange(3), order[: cut + 1])
    np.testing.assert_array_equal(model.selected_features_, kept)
    assert feature_based.fMMD().fit(Xs, Xt=Xt).selected_features_.sum() > kept.sum()


def test_mmd_lscons():
    rng = np.random.default_rng(0)
    ys = np.repeat([0, 1], [20, 10])
    Xs = 5 * rng.normal(size=(30, 1)) + 10 * ys[:, None]  # classes that overlap
    Xt = 5 * rng.normal(size=(25, 1)) + 10 * rng.integers(2, size=(25, 1)) + 3

    def objective(flat):
        w, b = flat.reshape(2, 2)
        rows = np.array([[w[y] * x[0] + b[y]] for x, y in zip(Xs, ys, strict=True)])
        value = rbf_kernel(rows, gamma=0.02).mean() + rbf_kernel(Xt, gamma=0.02).mean()
        value -= 2 * rbf_kernel(rows, Xt, gamma=0.02).mean()
        return value + 0.001 * np.mean([(w[y] - 1) ** 2 + b[y] ** 2 for y in ys])

    best = minimize(objective, [1, 1, 0, 0], method="BFGS", options={"gtol": 1e-8})
    model = published("MMDLSConS", l=0.001, g=0.02)
    model = model.set_params(tol=1e-9).fit(Xs, ys, Xt=Xt)
    np.testing.assert_allclose(model.discrepancy_, best.fun, rtol=1e-5)
    found = np.r_[model.scale_.ravel(), model.shift_.ravel()]
    np.testing.assert_allclose(found, best.x, atol=0.02)
    assert np.abs(found - [1, 1, 0, 0]).max() > 0.1


def test_spectral_alignment():
    rng = np.random.default_rng(0)
    Xs, Xt = rng.normal(size=(2, 40, 256, 2))
    Xt = Xt + 0.8 * np.roll(Xt, 1, axis=1) + 3
    ps, pt = (
        welch(
            X - X.mean(axis=1, keepdims=True), nperseg=32, axis=1, detrend=False
        )[1].mean(axis=0)
        for X in (Xs, Xt)
    )  # fmt: skip
    h = np.fft.fftshift(np.fft.irfft(np.sqrt(ps / pt), axis=0), axes=0)
    model = published("SpectralAlignment").set_params(n_per_segment=32)
    model.fit(Xs, Xt=Xt)
    np.testing.assert_array_equal(model.transform(Xs, sample_domain=0), Xs)
    found = model.transform(Xt)
    for row in range(3):
        for channel in range(2):
            x = Xt[row, :, channel]
            filtered = np.convolve(x - x.mean(), h[:, channel])[16:][:256] + x.mean()
            np.testing.assert_allclose(
                found[row, 16:-16, channel], filtered[16:-16], atol=1e-10
            )


def best_pairs(C):
    """Return the target row of each source row in the cheapest plan of equal masses."""
    return linear_sum_assignment(C)[1]


def squared_distances(Xs, Xt):
    return np.array([[((a - b) ** 2).sum() for b in Xt] for a in Xs])


def test_ot_mapping():
    pytest.importorskip("ot")
    Xs, _, Xt, _ = shifted_classes(n=30)
    expected = Xt[best_pairs(squared_distances(Xs, Xt))]
    found = published("OTMapping").fit(Xs, Xt=Xt).transform(Xs, sample_domain=0)
    np.testing.assert_allclose(found, expected, atol=1e-10)


def test_jdot_classifier():
    pytest.importorskip("ot")
    Xs, ys, Xt, _ = shifted_classes(n=30, shift=1.5)
    D = squared_distances(Xs, Xt)
    weight = 1 / D.max()
    model = published("JDOTClassifier", a=weight * D.mean()).fit(Xs, ys, Xt=Xt)
    f = LogisticRegression().fit(Xs, ys)
    for _ in range(model.n_iter_):
        loss = -np.log(f.predict_proba(Xt)).T[ys]
        pairs = best_pairs(weight * D + loss)
        labels = np.empty(30, int)
        labels[pairs] = ys
        f = LogisticRegression().fit(Xt, labels)
    np.testing.assert_allclose(model.estimator_.coef_, f.coef_, rtol=1e-6)
    np.testing.assert_array_equal(model.target_shares_.argmax(axis=1), labels)


def test_jdot_regressor():
    pytest.importorskip("ot")
    Xs, ys, Xt, _ = shifted_numbers(n=30)
    D = squared_distances(Xs, Xt)
    weight = 0.3
    model = published("JDOTRegressor", a=weight * D.mean() / ys.var())
    model.fit(Xs, ys, Xt=Xt)
    f = LinearRegression().fit(Xs, ys)
    for _ in range(model.n_iter_):
        loss = (ys[:, None] - f.predict(Xt)) ** 2
        labels = np.empty(30)
        labels[best_pairs(weight * D + loss)] = ys
        f = LinearRegression().fit(Xt, labels)
    assert model.n_iter_ > 1
    np.testing.assert_allclose(model.estimator_.coef_, f.coef_, rtol=1e-8)


def test_ot_label_propagation():
    pytest.importorskip("ot")
    Xs, ys, Xt, _ = shifted_classes(n=30)
    D = squared_distances(Xs, Xt)
    K = np.exp(-D / (0.1 * D.mean()))
    u = np.ones(30)
    for _ in range(3000):
        v = 1 / 30 / (K.T @ u)
        u = 1 / 30 / (K @ v)
    plan = u[:, None] * K * v
    shares = plan.T @ np.eye(2)[ys] / plan.sum(axis=0)[:, None]
    model = published("OTLabelPropagation", r=0.1).fit(Xs, ys, Xt=Xt)
    np.testing.assert_allclose(model.target_shares_, shares, atol=1e-5)


def test_self_training():
    Xs, ys, Xt, _ = shifted_classes(n=90, n_classes=3, shift=1.0)
    f = LogisticRegression().fit(Xs, ys)
    for share in 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5:
        proba = f.predict_proba(Xt)
        label, best = proba.argmax(axis=1), proba.max(axis=1)
        least = np.full(3, np.inf)
        for c in np.unique(label):
            ordered = sorted(best[label == c], reverse=True)
            least[c] = ordered[int(np.ceil(share * len(ordered))) - 1]
        pseudo = [
            (x, (p / least).argmax())
            for x, p in zip(Xt, proba, strict=True)
            if (p / least).max() >= 1
        ]
        rows, labels = zip(*pseudo, strict=True)
        f = LogisticRegression().fit(np.vstack([Xs, rows]), np.r_[ys, labels])
    model = published("SelfTraining").fit(Xs, ys, Xt=Xt)
    np.testing.assert_allclose(model.estimator_.coef_, f.coef_, rtol=1e-6)


def test_gradual():
    Xs, ys, Xt, _ = shifted_classes(n=60, shift=2.0)
    steps = [shifted_classes(n=60, shift=s, seed=0)[2] for s in (0.7, 1.4)]
    f = LogisticRegression().fit(Xs, ys)
    for X in [*steps, Xt]:
        proba = f.predict_proba(X)
        surest = np.argsort(-proba.max(axis=1))[:54]
        surest = np.sort(surest)
        f = LogisticRegression().fit(X[surest], proba[surest].argmax(axis=1))
    model = published("GradualAdapter", domains=steps).fit(Xs, ys, Xt=Xt)
    assert model.n_steps_ == 3
    np.testing.assert_allclose(model.estimator_.coef_, f.coef_, rtol=1e-6)
