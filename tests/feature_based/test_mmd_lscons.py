"""MMDLSConS: the discrepancy pair by pair, its gradient, and known maps."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge

from adapt._data_driven import least_separation
from adapt.feature_based import MMDLSConS
from adapt.feature_based._mmd_lscons import exact_discrepancy, landmark_discrepancy
from tests.common import other_shares, shifted_classes


def naive_discrepancy(X, Y, gamma):
    def mean(A, B):
        return np.mean([[np.exp(-gamma * ((a - b) ** 2).sum()) for b in B] for a in A])

    return mean(X, X) - 2 * mean(X, Y) + mean(Y, Y)


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    return rng.normal(size=(8, 3)), rng.normal(size=(11, 3)) + 0.5


def test_discrepancy_pair_by_pair(rows):
    X, Xt = rows
    expected = naive_discrepancy(X, Xt, 0.3)
    np.testing.assert_allclose(exact_discrepancy(Xt, 0.3)(X)[0], expected)
    # All rows as landmarks span the means: nothing is lost.
    spanned = landmark_discrepancy(Xt, np.vstack([X, Xt]), 0.3)
    np.testing.assert_allclose(spanned(X)[0], expected, rtol=1e-6)


@pytest.mark.parametrize("landmarks", [False, True])
def test_gradient(rows, landmarks):
    X, Xt = rows
    function = (
        landmark_discrepancy(Xt, np.vstack([X, Xt])[::3], 0.3)
        if landmarks
        else exact_discrepancy(Xt, 0.3)
    )
    numeric = approx_fprime(X.ravel(), lambda x: function(x.reshape(X.shape))[0])
    np.testing.assert_allclose(function(X)[1].ravel(), numeric, atol=1e-6)


def classes_with_maps(n=600, seed=0):
    """Return domains between which each class is moved and stretched by a known map."""
    rng = np.random.default_rng(seed)
    ys, yt = rng.permutation(np.arange(n) % 2), rng.permutation(np.arange(n) % 2)
    centres = np.array([[0.0, 0.0], [8.0, 0.0]])
    scale = np.array([[1.5, 1.0], [0.7, 1.4]])
    shift = np.array([[1.0, -1.0], [3.0, 1.0]])
    Xs = centres[ys] + rng.normal(size=(n, 2))
    Xt = (centres[yt] + rng.normal(size=(n, 2))) * scale[yt] + shift[yt]
    return Xs, ys, Xt, yt, scale, shift


@pytest.mark.parametrize("n_landmarks", [None, 200])
def test_known_maps_are_found(n_landmarks):
    Xs, ys, Xt, _, scale, shift = classes_with_maps()
    model = MMDLSConS(lambda_=0, gamma=2.0, n_landmarks=n_landmarks, random_state=0)
    model.fit(Xs, ys, Xt=Xt)
    found = model.transform(Xs, sample_domain=0)
    expected = Xs * scale[ys] + shift[ys]
    assert np.abs(found - expected).mean() < 0.12
    assert np.abs(Xs - expected).mean() > 0.8
    np.testing.assert_allclose(model.scale_, scale, atol=0.2)
    np.testing.assert_array_equal(model.transform(Xt), Xt)


@pytest.mark.parametrize("coupling", [1, 10])
def test_solution_is_stationary(coupling):
    Xs, ys, Xt, *_ = classes_with_maps(n=100)
    Xs, ys = Xs[ys.argsort()][20:], np.sort(ys)[20:]  # 30 and 50 rows
    model = MMDLSConS(lambda_=0.01, coupling=coupling, tol=1e-7).fit(Xs, ys, Xt=Xt)
    X = np.vstack([Xs, Xt])
    mean, spread = X.mean(axis=0), X.std(axis=0)
    standard = (Xt - mean) / spread

    def objective(flat):
        scale, shift = flat.reshape(2, 2, 2)
        moved = (Xs - mean) / spread * scale[ys] + shift[ys]
        value = exact_discrepancy(standard, model.gamma_)(moved)[0]
        maps = np.hstack([scale[ys] - 1, shift[ys]])  # of every row
        return (
            value
            + 0.01 * ((maps.mean(axis=0) ** 2) + coupling * maps.var(axis=0)).sum()
        )

    move = (model.shift_ - mean * (1 - model.scale_)) / spread
    best = np.stack([model.scale_, move]).ravel()
    np.testing.assert_allclose(objective(best), model.discrepancy_)
    assert np.abs(approx_fprime(best, objective)).max() < 1e-5


def test_separation_of_normal_classes():
    rng = np.random.default_rng(0)
    counts, mix = [30, 60, 60], rng.normal(size=(8, 8))
    y = np.repeat([0, 1, 2], counts)
    centres = np.zeros((3, 8))
    centres[1, 0], centres[2, 1] = 3, 5  # 3, 5 and sqrt(34) apart
    error = np.sqrt(1 / 30 + 1 / 60 + 3**2 / (2 * 90))
    found = [
        least_separation((centres[y] + rng.normal(size=(150, 8))) @ mix, np.eye(3)[y])
        for _ in range(200)
    ]
    np.testing.assert_allclose(np.mean(found), 3 - error, atol=0.05)
    # The standard error is that: over draws the distance spreads by as much.
    np.testing.assert_allclose(np.std(found), error, rtol=0.2)
    few = rng.normal(size=(6, 8))
    assert least_separation(few, np.eye(2)[[0, 0, 0, 1, 1, 1]]) == 0


def test_classes_that_overlap_are_not_mapped():
    Xs, ys, Xt, yt = other_shares(1.5, n_samples=400, n_features=2)
    model = MMDLSConS(LogisticRegression()).fit(Xs, ys, Xt=Xt)
    np.testing.assert_allclose(model.separation_, 1.5, atol=0.3)
    np.testing.assert_array_equal(model.transform(Xs, sample_domain=0), Xs)
    source_only = LogisticRegression().fit(Xs, ys).score(Xt, yt)
    assert model.score(Xt, yt) == source_only
    mapped = MMDLSConS(LogisticRegression(), min_separation=0).fit(Xs, ys, Xt=Xt)
    assert mapped.discrepancy_ < model.discrepancy_ / 3
    assert mapped.score(Xt, yt) < source_only - 0.03


def test_coupled_classes_move_together():
    Xs, ys, Xt, *_ = classes_with_maps(n=200)
    apart, together = (
        np.ptp(MMDLSConS(coupling=c).fit(Xs, ys, Xt=Xt).scale_, axis=0).max()
        for c in (1, 1e5)
    )
    assert apart > 0.1
    assert together < 0.01


def test_units_do_not_matter():
    Xs, ys, Xt, *_ = classes_with_maps(n=100)
    scale = [1e-3, 1e3]
    plain = MMDLSConS().fit(Xs, ys, Xt=Xt).transform(Xs, sample_domain=0)
    scaled = MMDLSConS().fit(Xs * scale, ys, Xt=Xt * scale)
    np.testing.assert_allclose(
        scaled.transform(Xs * scale, sample_domain=0), plain * scale, rtol=1e-3
    )


def test_in_raw_units_only_if_asked_to():
    Xs, ys, Xt, *_ = classes_with_maps(n=100)
    raw, plain = MMDLSConS(standardize=False), MMDLSConS()
    apart = [
        np.abs(
            model.fit(100 * Xs, ys, Xt=100 * Xt).scale_
            - model.fit(Xs, ys, Xt=Xt).scale_
        ).max()
        for model in (raw, plain)
    ]
    assert apart[0] > 0.01 > apart[1]


def test_without_shift_or_with_a_large_penalty_nothing_moves():
    Xs, ys, Xt, *_ = classes_with_maps(n=100)
    for model in (
        MMDLSConS().fit(Xs, ys, Xt=Xs),
        MMDLSConS(lambda_=1e6).fit(Xs, ys, Xt=Xt),
    ):
        np.testing.assert_allclose(
            model.transform(Xs, sample_domain=0), Xs, atol=1e-3, rtol=1e-3
        )


def test_new_source_rows_go_with_the_nearest():
    Xs, ys, Xt, *_ = classes_with_maps(n=100)
    names = np.array(["z", "a"])[ys]  # classes sort the other way round
    model = MMDLSConS().fit(Xs, names, Xt=Xt)
    new = np.array([[0.2, 0.1], [8.2, -0.1]])  # near those of "z" and of "a"
    expected = new * model.scale_[[1, 0]] + model.shift_[[1, 0]]
    np.testing.assert_allclose(model.transform(new, sample_domain=0), expected)


def test_adaptation_helps():
    Xs, ys, Xt, yt, *_ = classes_with_maps()
    Xt[:, 0] += 3
    model = MMDLSConS(LogisticRegression()).fit(Xs, ys, Xt=Xt)
    assert model.score(Xt, yt) > 0.97
    assert LogisticRegression().fit(Xs, ys).score(Xt, yt) < 0.85


def test_target_labels_are_never_read():
    Xs, ys, Xt, yt = shifted_classes(n=60)
    blind = MMDLSConS().fit(Xs, ys, Xt=Xt)
    told = MMDLSConS().fit(Xs, ys, Xt=Xt, yt=1 - yt)
    np.testing.assert_array_equal(blind.scale_, told.scale_)


def test_errors_and_warnings():
    Xs, ys, Xt, _ = shifted_classes(n=60)
    with pytest.raises(ValueError, match=r"MMDLSConS requires y to be passed"):
        MMDLSConS().fit(Xs, Xt=Xt)
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        MMDLSConS().fit(Xs, Xs[:, 0], Xt=Xt)
    with pytest.raises(ValueError, match="must be a classifier, got Ridge"):
        MMDLSConS(Ridge()).fit(Xs, ys, Xt=Xt)
    with pytest.warns(ConvergenceWarning, match="after 1 steps.*Raise `max_iter`"):
        MMDLSConS(max_iter=1).fit(Xs, ys, Xt=Xt)
