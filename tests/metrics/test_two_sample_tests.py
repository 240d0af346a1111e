import numpy as np
import pytest
from scipy import stats
from sklearn.metrics.pairwise import euclidean_distances, rbf_kernel
from sklearn.tree import DecisionTreeClassifier

from adapt.metrics import classifier_test, energy_distance, energy_test, mmd, mmd_test
from adapt.metrics._two_sample_tests import shift_p_value

TESTS = {
    "classifier": classifier_test,
    "mmd": mmd_test,
    "mmd of all rows": lambda *X, **params: mmd_test(*X, **{"max_rows": None} | params),
    "energy": energy_test,
}
each = pytest.mark.parametrize("test", TESTS.values(), ids=TESTS)


def draw(n=60, m=50, d=3, shift=0.0, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)), rng.normal(size=(m, d)) + shift


def standardised(Xs, Xt):
    both = np.concatenate([Xs, Xt])
    return [(X - both.mean(axis=0)) / both.std(axis=0) for X in (Xs, Xt)]


@pytest.mark.parametrize(
    ("test", "kernel"),
    [
        (
            lambda *X, **p: mmd_test(*X, gamma=0.3, **p),
            lambda X: rbf_kernel(X, gamma=0.3),
        ),
        (energy_test, lambda X: -euclidean_distances(X)),
    ],
    ids=["mmd", "energy"],
)
def test_permutations_against_a_written_out_reference(test, kernel):
    Xs, Xt = draw(shift=0.25)
    K = kernel(np.concatenate(standardised(Xs, Xt)))

    def distance(first):
        second = np.setdiff1d(np.arange(len(K)), first)
        within = K[np.ix_(first, first)].mean() + K[np.ix_(second, second)].mean()
        return within - 2 * K[np.ix_(first, second)].mean()

    rng = np.random.default_rng(1)
    found = distance(np.arange(len(Xs)))
    chance = [distance(rng.permutation(len(K))[: len(Xs)]) for _ in range(999)]
    p = (1 + np.sum(np.array(chance) >= found)) / 1000
    ours = test(Xs, Xt, n_permutations=999, random_state=0)
    assert ours.statistic == pytest.approx(np.sqrt(found))
    assert 0.01 < p < 0.5
    assert ours.p_value == pytest.approx(p, abs=0.05)


def test_statistics_are_the_distances_of_standardised_rows():
    Xs, Xt = draw(shift=0.5)
    Zs, Zt = standardised(Xs, Xt)
    found = mmd_test(Xs, Xt, gamma=0.2, n_permutations=19)
    assert found.statistic == pytest.approx(mmd(Zs, Zt, gamma=0.2))
    found = energy_test(Xs, Xt, n_permutations=19)
    assert found.statistic == pytest.approx(energy_distance(Zs, Zt))


def test_the_mean_over_features_is_the_distance_of_the_kernel():
    Xs, Xt = draw(300, 200, shift=0.3)
    found = [
        mmd_test(Xs, Xt, gamma=0.2, max_rows=None, n_permutations=19, random_state=k)
        for k in range(20)
    ]
    squares = [test.statistic**2 for test in found]
    exact = mmd(*standardised(Xs, Xt), gamma=0.2) ** 2
    assert np.mean(squares) == pytest.approx(exact, rel=0.05)


def test_mmd_of_all_rows_is_that_of_its_features():
    Xs, Xt = draw(60, 50, shift=0.1)
    Zs, Zt = standardised(Xs, Xt)
    rng = np.random.RandomState(3)
    W = rng.normal(scale=np.sqrt(0.4), size=(3, 100))
    fs, ft = (np.exp(1j * Z @ W) / 10 for Z in (Zs, Zt))
    far = fs.mean(axis=0) - ft.mean(axis=0)
    fs, ft = (np.hstack([f.real, f.imag]) for f in (fs, ft))
    C = np.cov(fs.T, bias=True) / len(fs) + np.cov(ft.T, bias=True) / len(ft)
    chance = np.random.default_rng(0).multivariate_normal(np.zeros(200), C, size=5000)
    p = np.mean(np.sum(chance**2, axis=1) >= np.sum(np.abs(far) ** 2))
    ours = mmd_test(
        Xs, Xt, gamma=0.2, max_rows=None, n_permutations=5000, random_state=3
    )
    assert ours.statistic == pytest.approx(np.linalg.norm(far))
    assert 0.02 < p < 0.98
    assert ours.p_value == pytest.approx(p, abs=0.03)


def test_classifier_test_against_scipy():
    class First(DecisionTreeClassifier):
        """Says that high values of the first column are of the target."""

        def predict_proba(self, X):
            p = stats.norm.cdf(X[:, 0])
            return np.stack([1 - p, p], axis=1)

    Xs, Xt = draw(2000, 1000, shift=0.1)
    found = classifier_test(Xs, Xt, classifier=First(), random_state=0)
    expected = stats.mannwhitneyu(Xt[:, 0], Xs[:, 0], alternative="greater")
    auc = expected.statistic / (len(Xs) * len(Xt))
    assert found.statistic == pytest.approx(auc, abs=0.02)
    constant = classifier_test(np.zeros((20, 1)), np.zeros((20, 1)))
    assert constant == (0.5, 1.0)


@each
def test_a_shift_of_means_or_of_spreads_is_seen(test):
    Xs, Xt = draw(500, 500, 10)
    assert test(Xs, Xt + 0.5, random_state=0).p_value < 0.01
    assert test(Xs, 1.5 * Xt, random_state=0).p_value < 0.01


@each
def test_units_of_columns_do_not_matter_and_the_seed_does(test):
    Xs, Xt = draw(shift=0.2)
    scale = np.array([1e-3, 1, 1e4])
    a, b = test(Xs, Xt, random_state=0), test(Xs * scale, Xt * scale, random_state=0)
    assert a == pytest.approx(b)
    assert a == test(Xs, Xt, random_state=0)


def test_blocks_change_nothing(monkeypatch):
    Xs, Xt = draw(shift=0.2)
    expected = [test(Xs, Xt, random_state=0) for test in (mmd_test, energy_test)]
    monkeypatch.setattr("adapt._kernels._BLOCK", 500)
    for test, value in zip((mmd_test, energy_test), expected, strict=True):
        assert test(Xs, Xt, random_state=0) == pytest.approx(value)


def test_few_rows_are_looked_at_of_many():
    Xs, Xt = draw(5000, 3000, shift=0.5)
    for test in TESTS.values():
        assert test(Xs, Xt, max_rows=200, random_state=0).p_value < 0.05


def test_both_tests_together():
    Xs, Xt = draw(500, 500, 10, seed=1)
    assert shift_p_value(Xs, Xt, 0) > 0.05
    assert shift_p_value(Xs, Xt + 0.5, 0) < 1e-3
    # The columns alone look alike, the pairs of them do not.
    rng = np.random.default_rng(0)
    Xs = rng.normal(size=(500, 2))
    Xt = rng.normal(size=(500, 2)) @ np.linalg.cholesky([[1, 0.9], [0.9, 1]]).T
    assert shift_p_value(Xs, Xt, 0) < 0.05
    assert shift_p_value(Xs[:3], Xt, 0) == 0


@pytest.mark.slow
@each
def test_size_and_power(test):
    runs, n = 100, 200
    p_values = [
        test(*draw(n, n, 10, seed=k), random_state=k).p_value for k in range(runs)
    ]
    assert 0 <= np.mean(np.array(p_values) < 0.05) <= 0.12  # 400 runs: benchmarks/
    assert stats.kstest(p_values, "uniform").pvalue > 1e-3
    seen = [
        test(*draw(500, 500, 10, shift=0.5, seed=k), random_state=k).p_value < 0.05
        for k in range(10)
    ]
    assert np.mean(seen) > 0.9


def test_errors():
    Xs, Xt = draw()
    with pytest.raises(ValueError, match="`n_permutations`"):
        mmd_test(Xs, Xt, n_permutations=5)
    with pytest.raises(ValueError, match="`energy_test` compares each row"):
        energy_test(Xs, Xt, max_rows=None)
    with pytest.raises(ValueError, match="at least 4 rows"):
        classifier_test(Xs[:3], Xt)
    for test in TESTS.values():
        with pytest.raises(ValueError, match="3 columns and `Xt` has 2"):
            test(Xs, Xt[:, :2])
