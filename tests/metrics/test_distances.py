import numpy as np
import pytest
from scipy import stats
from scipy.linalg import sqrtm
from sklearn.linear_model import LogisticRegression
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.model_selection import StratifiedKFold

from adapt import metrics
from adapt.base import SourceOnly
from adapt.metrics import (
    a_distance,
    domain_classifier,
    energy_distance,
    frechet_distance,
    linear_discrepancy,
    mmd,
    neg_j_score,
    normalized_frechet_distance,
    normalized_linear_discrepancy,
    reverse_validation,
    sliced_wasserstein,
)
from tests.common import shifted_classes

OF_SAMPLES = [
    metrics.cov_distance,
    frechet_distance,
    normalized_frechet_distance,
    linear_discrepancy,
    normalized_linear_discrepancy,
    mmd,
    energy_distance,
    sliced_wasserstein,
]


@pytest.fixture
def samples():
    rng = np.random.default_rng(0)
    return rng.normal(size=(60, 3)), rng.normal(1, 2, size=(45, 3)) @ [
        [1, 0.5, 0],
        [0, 1, 0],
        [0, 0, 3],
    ]


@pytest.mark.parametrize("distance", OF_SAMPLES, ids=lambda f: f.__name__)
def test_of_a_sample_to_itself_and_both_ways(distance, samples):
    Xs, Xt = samples
    assert distance(Xs, Xs) == pytest.approx(0, abs=1e-6)
    assert distance(Xs, Xt) == pytest.approx(distance(Xt, Xs))
    assert distance(Xs, Xt) > 0.05


@pytest.mark.parametrize(
    "distance", [*OF_SAMPLES, domain_classifier, a_distance, neg_j_score]
)
def test_samples_are_checked(distance, samples):
    Xs, Xt = samples
    with pytest.raises(ValueError, match="3 columns and `Xt` has 2"):
        distance(Xs, Xt[:, :2])
    with pytest.raises(ValueError, match="Xt contains NaN"):
        distance(Xs, np.where(Xt > 0, np.nan, Xt))
    with pytest.raises(ValueError, match="2D array"):
        distance(Xs[:, 0], Xt)


def test_frechet_against_the_matrix_square_root(samples):
    Xs, Xt = samples
    Cs, Ct = np.cov(Xs.T), np.cov(Xt.T)
    square = np.sum((Xs.mean(0) - Xt.mean(0)) ** 2)
    square += np.trace(Cs + Ct - 2 * sqrtm(Cs @ Ct).real)
    assert frechet_distance(Xs, Xt) == pytest.approx(np.sqrt(square))


def test_normalised_distances_do_not_depend_on_units(samples):
    Xs, Xt = samples
    scale, move = np.array([1e-3, 1, 1e4]), np.array([5, 0, -1e5])
    for distance in normalized_frechet_distance, normalized_linear_discrepancy:
        assert distance(Xs * scale + move, Xt * scale + move) == pytest.approx(
            distance(Xs, Xt), rel=1e-6
        )
    sigma = (Xs.std(0) + Xt.std(0)) / 2
    expected = frechet_distance(Xs / sigma, Xt / sigma) / 3
    assert normalized_frechet_distance(Xs, Xt) == pytest.approx(expected)
    constant = np.c_[Xs, np.ones(len(Xs))], np.c_[Xt, np.ones(len(Xt))]
    assert np.isfinite(normalized_frechet_distance(*constant))


def test_linear_discrepancy_is_attained_by_two_functions(samples):
    Xs, Xt = samples
    M = Xs.T @ Xs / len(Xs) - Xt.T @ Xt / len(Xt)
    found = linear_discrepancy(Xs, Xt)
    assert found == pytest.approx(np.linalg.norm(M, 2))
    units = np.random.default_rng(1).normal(size=(3, 2000))
    units /= np.linalg.norm(units, axis=0)
    gaps = np.abs(np.mean((Xs @ units) ** 2, 0) - np.mean((Xt @ units) ** 2, 0))
    assert 0.98 * found < gaps.max() <= found
    assert linear_discrepancy(Xs, Xt, power_method=True) == pytest.approx(found)
    assert linear_discrepancy(Xs, Xs, power_method=True) == 0


def test_mmd_against_the_whole_kernel_matrix(samples):
    Xs, Xt = samples
    X, n = np.concatenate(samples), len(Xs)
    a = np.r_[np.full(n, 1 / n), np.full(len(Xt), -1 / len(Xt))]
    square = a @ rbf_kernel(X, gamma=0.2) @ a
    assert mmd(Xs, Xt, gamma=0.2) == pytest.approx(np.sqrt(square))
    means = np.linalg.norm(Xs.mean(0) - Xt.mean(0))
    assert mmd(Xs, Xt, kernel="linear") == pytest.approx(means)
    assert mmd(Xs, Xt) > 0.1


def test_blocks_change_nothing(samples, monkeypatch):
    expected = mmd(*samples), energy_distance(*samples)
    monkeypatch.setattr("adapt._kernels._BLOCK", 100)
    assert (mmd(*samples), energy_distance(*samples)) == pytest.approx(expected)


def test_energy_distance_against_scipy(samples):
    Xs, Xt = (X[:, :1] for X in samples)
    expected = stats.energy_distance(Xs[:, 0], Xt[:, 0])
    assert energy_distance(Xs, Xt) == pytest.approx(expected)


@pytest.mark.parametrize("p", [1, 2])
def test_sliced_wasserstein_against_pot(samples, p):
    ot = pytest.importorskip("ot")
    Xs, Xt = samples
    lines = np.random.RandomState(3).normal(size=(3, 30))
    lines /= np.linalg.norm(lines, axis=0)
    expected = ot.sliced_wasserstein_distance(Xs, Xt, projections=lines, p=p)
    found = sliced_wasserstein(Xs, Xt, n_projections=30, p=p, random_state=3)
    assert found == pytest.approx(expected)


def test_wasserstein_in_one_column_against_scipy(samples):
    Xs, Xt = (X[:, :1] for X in samples)
    expected = stats.wasserstein_distance(Xs[:, 0], Xt[:, 0])
    assert sliced_wasserstein(Xs, Xt, 1, p=1) == pytest.approx(expected)


def test_classifiers_of_domains_against_their_definitions(samples):
    Xs, Xt = samples
    X, domain = np.concatenate(samples), np.repeat([0, 1], [len(Xs), len(Xt)])
    p = np.empty(len(X))
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    for train, test in folds.split(X, domain):
        model = LogisticRegression(C=0.1).fit(X[train], domain[train])
        p[test] = model.predict_proba(X[test])[:, 1]
    model = LogisticRegression(C=0.1)
    expected = 1 - np.mean((p - domain) ** 2)
    assert domain_classifier(Xs, Xt, model) == pytest.approx(expected)
    told = p > domain.mean()
    error = (told[domain == 0].mean() + 1 - told[domain == 1].mean()) / 2
    assert a_distance(Xs, Xt, model) == pytest.approx(2 * (1 - 2 * error))


def test_samples_that_cannot_be_told_apart():
    rng = np.random.default_rng(0)
    Xs, Xt = rng.normal(size=(2, 2000, 2))
    assert domain_classifier(Xs, Xt) == pytest.approx(0.75, abs=0.002)
    assert a_distance(Xs, Xt) == pytest.approx(0, abs=0.1)
    assert a_distance(Xs, Xt[:200]) == pytest.approx(0, abs=0.25)
    with pytest.raises(ValueError, match="At least 2 rows"):
        a_distance(Xs, Xt[:1])


def test_neg_j_score_is_the_divergence_of_two_gaussians():
    rng = np.random.default_rng(0)
    Xs, Xt = rng.normal(size=(4000, 1)), 1 + rng.normal(size=(4000, 1))
    assert neg_j_score(Xs, Xt) == pytest.approx(-0.5, abs=0.05)
    assert neg_j_score(Xs, Xs) == pytest.approx(0, abs=0.01)


def test_reverse_validation_against_a_written_out_reference():
    Xs, ys, Xt, _ = shifted_classes(n_classes=3)
    model = SourceOnly(LogisticRegression(C=0.01)).fit(Xs, ys, Xt=Xt)
    back = LogisticRegression(C=0.01).fit(Xt, model.predict(Xt))
    assert reverse_validation(model, Xs, ys, Xt) == back.score(Xs, ys)


@pytest.mark.parametrize("distance", [metrics.cov_distance, frechet_distance])
def test_a_covariance_takes_two_rows(distance, samples):
    Xs, Xt = samples
    for pair in (Xs, Xt[:1]), (Xs[:1], Xt):
        with pytest.raises(ValueError, match=r"at least 2 rows.*`Xt`.*energy_distance"):
            distance(*pair)
