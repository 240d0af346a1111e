"""JDA and BDA, against the matrices of the papers written out."""

import warnings

import numpy as np
import pytest
from scipy.linalg import eigh, subspace_angles
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics.pairwise import rbf_kernel

from adapt.feature_based import BDA, JDA, TCA
from adapt.feature_based._jda import class_differences
from tests.common import shifted_classes


def matrices_of_the_paper(ys, yt):
    """Return M_0 and the M_c, entry by entry; M_c weighed by shares as W-BDA does."""
    n_s, n = len(ys), len(ys) + len(yt)
    y = np.concatenate([ys, yt])
    plain, weighed = [], []
    for label in [None, *np.intersect1d(ys, yt)]:
        M, V = np.zeros((n, n)), np.zeros((n, n))
        size = {
            True: n_s if label is None else np.sum(ys == label),
            False: n - n_s if label is None else np.sum(yt == label),
        }
        share = {True: size[True] / n_s, False: size[False] / (n - n_s)}
        for i in range(n):
            for j in range(n):
                if label is not None and not (y[i] == label == y[j]):
                    continue
                a, b = i < n_s, j < n_s
                M[i, j] = (1 if a == b else -1) / (size[a] * size[b])
                V[i, j] = M[i, j] * np.sqrt(share[a] * share[b])
        plain.append(M)
        weighed.append(V)
    return plain[0], plain[1:], weighed[1:]


def dense_features(K, M, mu, n_components):
    H = np.eye(len(K)) - 1 / len(K)
    _, W = eigh(K @ H @ K, K @ M @ K + mu * np.eye(len(K)))
    W = W[:, ::-1][:, :n_components]
    W = W / np.sqrt(np.einsum("ij,ij->j", W, K @ W))
    return K @ W / (K @ W).std(axis=0).max()


def test_differences_of_classes_are_those_of_the_papers():
    ys = np.array(["a", "b", "a", "c", "b", "a"])
    yt = np.array(["a", "b", "b", "d", "a"])
    _, plain, weighed = matrices_of_the_paper(ys, yt)
    E, V = class_differences(ys, yt), class_differences(ys, yt, by_share=True)
    assert E.shape == V.shape == (11, 2)  # c and d are in one domain only
    np.testing.assert_allclose(E @ E.T, sum(plain), atol=1e-15)
    np.testing.assert_allclose(V @ V.T, sum(weighed), atol=1e-15)
    assert class_differences(ys, np.array(["e"])).shape == (7, 0)


def problem(n=60, seed=0):
    """Two classes, of which each moves in a direction of its own."""
    rng = np.random.default_rng(seed)
    ys, yt = np.arange(n) % 2, np.arange(n) // 2 % 2
    centres = np.array([[0.0, 0, 0], [2.5, 0, 0]])
    moves = np.array([[0.5, 1, 0], [0.5, -1, 0]])
    Xs = centres[ys] + rng.normal(size=(n, 3))
    Xt = centres[yt] + moves[yt] + rng.normal(size=(n, 3))
    return Xs, ys, Xt, yt


@pytest.mark.parametrize("method", ["JDA", "BDA", "weighted"])
def test_rounds_equal_a_written_out_loop(method):
    Xs, ys, Xt, _ = problem()
    ys = np.array(["no", "yes"])[ys]
    X = np.vstack([Xs, Xt])
    mu, guess = 0.3, None
    K = rbf_kernel(X, gamma=0.2)
    rounds = 0
    while True:
        rounds += 1
        if guess is None:
            M0 = matrices_of_the_paper(ys, ys)[0]
            M = M0 if method == "JDA" else 0.3 * M0
        else:
            M0, plain, weighed = matrices_of_the_paper(ys, guess)
            M = {
                "JDA": M0 + sum(plain),
                "BDA": 0.3 * M0 + 0.7 * sum(plain),
                "weighted": 0.3 * M0 + 0.7 * sum(weighed),
            }[method]
        Z = dense_features(K, M, mu, 3)
        before = guess
        guess = LogisticRegression().fit(Z[:60], ys).predict(Z[60:])
        if before is not None and (before == guess).all():
            break
    params = {
        "n_components": 3,
        "mu": mu,
        "gamma": 0.2,
        "scale_columns": False,
        "tol": 0,
        "max_iter": 20,
    }
    model = {
        "JDA": JDA(**params),
        "BDA": BDA(balance=0.7, **params),
        "weighted": BDA(balance=0.7, class_weighted=True, **params),
    }[method].fit(Xs, ys, Xt=Xt)
    assert model.n_iter_ == rounds > 1
    np.testing.assert_array_equal(model.target_guess_, guess)
    found = model.transform(X)
    np.testing.assert_allclose(found @ found.T, Z @ Z.T, atol=1e-6)
    np.testing.assert_array_equal(model.predict(Xt), guess)


def test_special_cases_of_the_balance():
    Xs, ys, Xt, _ = problem()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        whole = BDA(balance=0.0, n_components=4).fit(Xs, ys, Xt=Xt)
    tca = TCA(n_components=4).fit(Xs, Xt=Xt)
    np.testing.assert_allclose(whole.transform(Xt), tca.transform(Xt), atol=1e-8)
    e = np.ones((120, 1))
    half = BDA(balance=0.5)._differences(e, ys, ys[::-1])
    np.testing.assert_allclose(
        np.sqrt(2) * half, JDA()._differences(e, ys, ys[::-1]), atol=1e-15
    )


def test_classes_come_together():
    Xs, ys, Xt, yt = problem(n=300)
    joint = JDA(n_components=2, mu=0.2, max_iter=30)
    tca = TCA(n_components=2, mu=0.1)

    def gap(model):
        zs = model.fit(Xs, ys, Xt=Xt).transform(Xs, sample_domain=0)
        zt = model.transform(Xt)
        means = [zs[ys == c].mean(axis=0) - zt[yt == c].mean(axis=0) for c in (0, 1)]
        return np.linalg.norm(means)

    assert gap(joint) < 0.8 * gap(tca)


def test_landmarks_give_the_same_guesses():
    Xs, ys, Xt, _ = problem(n=400)
    exact = JDA(n_components=3, tol=0.1).fit(Xs, ys, Xt=Xt)
    few = JDA(n_components=3, tol=0.1, n_landmarks=100, random_state=0).fit(
        Xs, ys, Xt=Xt
    )
    assert np.mean(exact.target_guess_ == few.target_guess_) > 0.99
    assert subspace_angles(exact.transform(Xt), few.transform(Xt)).max() < 0.1


def test_target_labels_are_never_read():
    Xs, ys, Xt, yt = problem()
    blind = JDA(n_components=3).fit(Xs, ys, Xt=Xt)
    told = JDA(n_components=3).fit(Xs, ys, Xt=Xt, yt=1 - yt)
    np.testing.assert_array_equal(blind.transform(Xt), told.transform(Xt))


def test_shifted_classes_are_told_apart():
    Xs, ys, Xt, yt = shifted_classes(n=150, n_classes=3, shift=1.0)
    assert JDA(random_state=0).fit(Xs, ys, Xt=Xt).score(Xt, yt) > 0.9


def test_errors_and_warnings():
    Xs, ys, Xt, _ = problem()
    with pytest.warns(ConvergenceWarning, match=r"JDA .* 1 rounds\. Raise `max_iter`"):
        JDA(max_iter=1).fit(Xs, ys, Xt=Xt)
    with pytest.raises(ValueError, match=r"JDA requires y to be passed"):
        JDA().fit(Xs, Xt=Xt)
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        BDA().fit(Xs, Xs[:, 0], Xt=Xt)
    for y in (ys, Xs[:, 0]):
        with pytest.raises(ValueError, match="must be a classifier, got Ridge"):
            JDA(Ridge()).fit(Xs, y, Xt=Xt)


def test_balanced_is_plain_by_default():
    Xs, ys, Xt, _ = shifted_classes(n=80)
    plain, balanced = (cls().fit(Xs, ys, Xt=Xt) for cls in (JDA, BDA))
    assert plain.n_iter_ == balanced.n_iter_ > 1
    np.testing.assert_allclose(plain.transform(Xt), balanced.transform(Xt), atol=1e-6)
