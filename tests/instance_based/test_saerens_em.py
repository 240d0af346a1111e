import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import softmax
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.naive_bayes import GaussianNB

from adapt.datasets import make_label_shift
from adapt.instance_based import SaerensEM
from adapt.instance_based._saerens_em import calibration, maximum_likelihood_priors


def posteriors(n=400, seed=0, k=3):
    """Return probabilities, source priors and weights of target rows."""
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(rng.uniform(0.3, 1, size=k), size=n)
    weight = rng.random(n)
    return p, rng.dirichlet(5 * np.ones(k)), weight / weight.sum()


def mean_log_likelihood(priors, p, source_priors, weight):
    return weight @ np.log((p / source_priors) @ priors)


@pytest.mark.parametrize("k", [2, 3, 8])
@pytest.mark.parametrize("seed", range(3))
def test_fixed_point_is_the_maximum(k, seed):
    args = posteriors(seed=seed, k=k)
    priors, path, gap = maximum_likelihood_priors(*args, 1e-9, 100_000)
    best = minimize(
        lambda z: -mean_log_likelihood(softmax(z), *args),
        np.log(args[1]),
        method="BFGS",
        options={"gtol": 1e-9},
    )
    # The search may stop a little before the maximum, and never above it.
    assert gap <= 1e-9
    assert -1e-8 <= path[-1] + best.fun <= 1e-6
    np.testing.assert_allclose(priors, softmax(best.x), atol=1e-3)
    # Stationary: one more step of the algorithm as published changes nothing.
    p, source_priors, weight = args
    corrected = p * priors / source_priors
    corrected /= corrected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(weight @ corrected, priors, atol=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_likelihood_never_decreases(seed):
    args = posteriors(seed=seed, k=4)
    priors, path, _ = maximum_likelihood_priors(*args, 0.0, 200)
    assert len(path) > 20
    assert np.diff(path).min() > -1e-13
    assert path[-1] > path[0]
    assert path[-1] == pytest.approx(mean_log_likelihood(priors, *args))


def test_the_gap_bounds_the_distance_to_the_maximum():
    args = posteriors(seed=1, k=4)
    best = maximum_likelihood_priors(*args, 1e-12, 100_000)[1][-1]
    for max_iter in (1, 5, 20, 100):
        _, path, gap = maximum_likelihood_priors(*args, 0.0, max_iter)
        assert best - path[-1] <= gap + 1e-12


def test_calibration_undoes_a_known_distortion():
    rng = np.random.default_rng(0)
    log_p = np.log(rng.dirichlet(np.ones(3), size=50_000))
    y = (rng.random((50_000, 1)) > np.exp(log_p).cumsum(axis=1)).sum(axis=1)
    bias = np.array([0.5, -0.2, -0.3])
    distorted = (log_p - bias) * 2.5
    distorted -= np.log(np.exp(distorted).sum(axis=1, keepdims=True))
    weight = np.full(50_000, 1 / 50_000)
    scale, found = calibration(distorted, y, weight)
    assert scale == pytest.approx(1 / 2.5, rel=0.03)
    np.testing.assert_allclose(found, bias, atol=0.03)
    # At the optimum the mean probabilities are the frequencies.
    mean = weight @ softmax(scale * distorted + found, axis=1)
    np.testing.assert_allclose(mean, np.bincount(y) / 50_000, atol=1e-4)


def test_calibration_is_the_maximum_of_the_likelihood():
    rng = np.random.default_rng(1)
    log_p = np.log(rng.dirichlet(np.ones(3), size=300))
    y, weight = rng.integers(3, size=300), np.full(300, 1 / 300)

    def loss(theta):
        q = softmax(theta[0] * log_p + theta[1:], axis=1)
        return -np.mean(np.log(q[np.arange(300), y]))

    found = loss(np.append(*calibration(log_p, y, weight)))
    other = minimize(
        loss, np.array([1.0, 0, 0, 0]), bounds=[(1e-3, None)] + [(None, None)] * 3
    )
    assert found <= other.fun + 1e-7


def test_overconfident_probabilities_need_calibration():
    # Columns that are copies of each other: naive Bayes counts the evidence four times.
    errors = {True: [], False: []}
    for seed in range(5):
        data = make_label_shift(
            3000, 1, priors_s=(0.5, 0.5), priors_t=(0.2, 0.8), random_state=seed
        )
        Xs, Xt = np.tile(data.Xs, 4), np.tile(data.Xt, 4)
        truth = np.bincount(data.yt)[1] / 3000
        for calibrate, found in errors.items():
            model = SaerensEM(GaussianNB(), calibrate=calibrate)
            model.fit(Xs, data.ys, Xt=Xt)
            found.append(abs(model.priors_[1] - truth))
        if seed == 0:
            assert model.temperature_ == 1
            np.testing.assert_array_equal(model.bias_, 0)
    assert np.mean(errors[True]) < 0.5 * np.mean(errors[False])
    assert SaerensEM(GaussianNB()).fit(Xs, data.ys, Xt=Xt).temperature_ > 2


def test_forests_predict_zeros():
    data = make_label_shift(
        2000, priors_s=(0.5, 0.5), priors_t=(0.2, 0.8), random_state=0
    )
    forest = RandomForestClassifier(30, random_state=0)
    model = SaerensEM(forest).fit(data.Xs, data.ys, Xt=data.Xt)
    truth = np.bincount(data.yt) / 2000
    np.testing.assert_allclose(model.priors_, truth, atol=0.03)


def test_priors_are_the_mean_of_the_corrected_probabilities():
    data = make_label_shift(
        1000, priors_s=(0.7, 0.3), priors_t=(0.3, 0.7), random_state=0
    )
    model = SaerensEM(tol=1e-12).fit(data.Xs, data.ys, Xt=data.Xt)
    np.testing.assert_allclose(
        model.predict_proba(data.Xt).mean(axis=0), model.priors_, atol=1e-6
    )
    # On the source, out of fold and calibrated, they are the source's by construction.
    source = model.predict_proba(data.Xs, sample_domain=0).mean(axis=0)
    np.testing.assert_allclose(source, model.source_priors_, atol=0.01)
    assert model.n_iter_ == len(model.log_likelihood_) - 1


def test_too_few_iterations_are_told():
    data = make_label_shift(
        300, priors_s=(0.5, 0.5), priors_t=(0.1, 0.9), random_state=0
    )
    with pytest.warns(ConvergenceWarning, match="`max_iter`=2 iterations"):
        model = SaerensEM(max_iter=2).fit(data.Xs, data.ys, Xt=data.Xt)
    assert model.n_iter_ == 2
