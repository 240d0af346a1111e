"""The generators against their closed forms."""

import pickle

import numpy as np
import pytest
from scipy.integrate import dblquad, quad
from scipy.stats import multivariate_normal, norm
from sklearn.linear_model import LogisticRegression

from adapt.datasets import (
    make_affine_shift,
    make_classification_da,
    make_concept_shift,
    make_covariate_shift,
    make_label_shift,
    make_moons_da,
    make_regression_da,
)

N = 40_000
TOL = 5 / np.sqrt(N)  # five standard errors of a mean of unit variance

BUNCHES = [
    make_covariate_shift,
    make_label_shift,
    make_concept_shift,
    make_affine_shift,
]
TABLES = [make_moons_da, make_classification_da, make_regression_da]

# Rows that ADAPT 0.4.5 returns at its defaults.
ADAPT_CLASSIFICATION = ([0.098714, 0.37871183], [0.35748144, 0.20066365], 49)
ADAPT_REGRESSION = (-0.2398021, 0.1553375, 0.35514623, 1.0947569)


def tables(generator, **kwargs):
    data = generator(**kwargs)
    if generator in BUNCHES:
        return data.Xs, data.ys, data.Xt, data.yt
    return data


@pytest.mark.parametrize("generator", BUNCHES + TABLES)
def test_layout_and_seed(generator):
    first = tables(generator, n_samples=30, random_state=3)
    again = tables(generator, n_samples=30, random_state=3)
    other = tables(generator, n_samples=30, random_state=4)
    Xs, ys, Xt, yt = first
    assert Xs.shape == Xt.shape
    assert Xs.ndim == 2
    assert ys.shape == yt.shape == (30,)
    assert len(Xs) == 30
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(Xs, other[0])
    assert not np.array_equal(Xs, Xt)


@pytest.mark.parametrize("generator", BUNCHES + TABLES)
def test_global_random_state_is_left_alone(generator):
    np.random.seed(0)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    tables(generator, n_samples=20, random_state=1)
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002


@pytest.mark.parametrize("generator", BUNCHES)
def test_truth_survives_pickle(generator):
    data = generator(n_samples=20, random_state=0)
    copy = pickle.loads(pickle.dumps(data))
    if "ratio" in data:
        np.testing.assert_array_equal(copy.ratio(data.Xs), data.ratio(data.Xs))
    np.testing.assert_array_equal(copy.Xt, data.Xt)


# Covariate shift


def test_covariate_shift_moments():
    data = make_covariate_shift(N, 3, shift=1.5, scale=0.7, random_state=0)
    np.testing.assert_allclose(data.Xs.mean(axis=0), 0, atol=TOL)
    np.testing.assert_allclose(data.Xt.mean(axis=0), 1.5 / np.sqrt(3), atol=TOL)
    np.testing.assert_allclose(np.cov(data.Xs.T), np.eye(3), atol=2 * TOL)
    np.testing.assert_allclose(np.cov(data.Xt.T), 0.49 * np.eye(3), atol=2 * TOL)


def test_covariate_shift_ratio():
    data = make_covariate_shift(N, 3, shift=1.0, scale=0.8, random_state=0)
    mean = np.full(3, 1 / np.sqrt(3))
    X = data.Xs[:50]
    expected = multivariate_normal(mean, 0.64 * np.eye(3)).pdf(X)
    expected /= multivariate_normal(np.zeros(3)).pdf(X)
    np.testing.assert_allclose(data.ratio(X), expected, rtol=1e-10)
    # Its mean over the source is one, and it carries source means to the target's.
    weights = data.ratio(data.Xs)
    assert weights.mean() == pytest.approx(1.0, abs=0.03)
    np.testing.assert_allclose(weights @ data.Xs / N, mean, atol=0.04)


def test_covariate_shift_ratio_integrates_to_one():
    data = make_covariate_shift(10, 1, shift=0.7, scale=1.2, random_state=0)
    total, _ = quad(lambda x: data.ratio([[x]])[0] * norm.pdf(x), -12, 12)
    assert total == pytest.approx(1.0, abs=1e-8)


def test_no_shift_has_ratio_one():
    data = make_covariate_shift(50, 4, shift=0.0, scale=1.0, random_state=0)
    np.testing.assert_allclose(data.ratio(data.Xs), 1.0, rtol=1e-12)
    data = make_label_shift(50, priors_s=(0.3, 0.7), priors_t=(0.3, 0.7))
    np.testing.assert_allclose(data.ratio(data.Xs), 1.0, rtol=1e-12)


@pytest.mark.parametrize("domain", ["s", "t"])
def test_covariate_shift_conditional(domain):
    data = make_covariate_shift(N, noise=0.3, task="regression", random_state=0)
    X, y = data[f"X{domain}"], data[f"y{domain}"]
    u = X.sum(axis=1) / np.sqrt(2)
    np.testing.assert_allclose(data.conditional(X), u**3 - u, rtol=1e-10, atol=1e-10)
    residual = y - data.conditional(X)
    assert residual.mean() == pytest.approx(0, abs=0.3 * TOL)
    assert residual.std() == pytest.approx(0.3, abs=0.3 * TOL)
    assert abs(np.corrcoef(residual, u)[0, 1]) < TOL
    data = make_covariate_shift(N, noise=0.3, random_state=0)
    X, y = data[f"X{domain}"], data[f"y{domain}"]
    proba = data.conditional(X)
    for low in np.arange(0, 1, 0.25):  # calibrated
        rows = (proba >= low) & (proba < low + 0.25)
        assert y[rows].mean() == pytest.approx(proba[rows].mean(), abs=0.03)


def test_covariate_shift_without_noise():
    data = make_covariate_shift(200, noise=0.0, random_state=0)
    np.testing.assert_array_equal(data.conditional(data.Xt), data.yt)


# Label shift


def test_label_shift_priors_and_means():
    priors_s, priors_t = (0.5, 0.3, 0.2), (0.1, 0.2, 0.7)
    data = make_label_shift(
        N, 2, priors_s=priors_s, priors_t=priors_t, separation=1.5, random_state=0
    )
    for X, y, priors in [(data.Xs, data.ys, priors_s), (data.Xt, data.yt, priors_t)]:
        np.testing.assert_allclose(np.bincount(y) / N, priors, atol=TOL)
        for k in range(3):
            mean = X[y == k].mean(axis=0)
            np.testing.assert_allclose(
                mean, [1.5 * k, 0], atol=5 / np.sqrt(sum(y == k))
            )
            np.testing.assert_allclose(np.cov(X[y == k].T), np.eye(2), atol=0.1)
    np.testing.assert_allclose(data.class_weights, [0.2, 2 / 3, 3.5])
    assert data.class_weights[data.ys].mean() == pytest.approx(1, abs=2 * TOL)


def test_label_shift_ratio_and_posteriors():
    priors_s, priors_t = np.array([0.6, 0.4]), np.array([0.25, 0.75])
    data = make_label_shift(
        500, 2, priors_s=priors_s, priors_t=priors_t, separation=2.0, random_state=0
    )
    components = [multivariate_normal(mean) for mean in ([0, 0], [2, 0])]
    X = data.Xs[:40]
    densities = np.column_stack([component.pdf(X) for component in components])
    ratio = densities @ priors_t / (densities @ priors_s)
    np.testing.assert_allclose(data.ratio(X), ratio, rtol=1e-10)
    for posterior, priors in [
        (data.posterior_s, priors_s),
        (data.posterior_t, priors_t),
    ]:
        expected = densities * priors / (densities @ priors)[:, None]
        np.testing.assert_allclose(posterior(X), expected, rtol=1e-9)
    # The ratio is the mean class weight under the source's posterior.
    weights = data.posterior_s(X) @ data.class_weights
    np.testing.assert_allclose(data.ratio(X), weights, rtol=1e-9)


def test_label_shift_ratio_integrates_to_one():
    data = make_label_shift(10, random_state=0)

    def weighted_source(x2, x1):
        source = 0.5 * norm.pdf(x1) + 0.5 * norm.pdf(x1 - 2.0)
        return data.ratio([[x1, x2]])[0] * source * norm.pdf(x2)

    total, _ = dblquad(weighted_source, -7, 9, -7, 7, epsabs=1e-4)
    assert total == pytest.approx(1.0, abs=1e-3)


def test_label_shift_class_absent_from_target():
    data = make_label_shift(100, priors_s=(0.5, 0.5), priors_t=(1, 0), random_state=0)
    assert set(data.yt) == {0}
    np.testing.assert_array_equal(data.posterior_t(data.Xt), [[1.0, 0.0]] * 100)
    assert np.isfinite(data.ratio(data.Xs)).all()


# Concept shift


@pytest.mark.parametrize("angle", [0, 30, 90, 180])
def test_concept_shift_disagreement(angle):
    data = make_concept_shift(N, 3, angle=angle, random_state=0)
    assert data.disagreement == angle / 180
    assert data.coef_s @ data.coef_t == pytest.approx(np.cos(np.deg2rad(angle)))
    np.testing.assert_array_equal(data.ys, data.Xs @ data.coef_s > 0)
    np.testing.assert_array_equal(data.yt, data.Xt @ data.coef_t > 0)
    error = np.mean((data.Xt @ data.coef_s > 0) != data.yt)
    assert error == pytest.approx(angle / 180, abs=TOL)
    for X in (data.Xs, data.Xt):  # the features do not shift
        np.testing.assert_allclose(X.mean(axis=0), 0, atol=TOL)
        np.testing.assert_allclose(np.cov(X.T), np.eye(3), atol=2 * TOL)


def test_concept_shift_noise():
    # P(label != rule) = E Phi(-|u| / noise) = arctan(noise) / pi for u ~ N(0, 1)
    data = make_concept_shift(N, noise=0.5, random_state=0)
    error = np.mean((data.Xs @ data.coef_s > 0) != data.ys)
    assert error == pytest.approx(np.arctan(0.5) / np.pi, abs=TOL)


# Affine shift


def test_affine_shift_moments():
    data = make_affine_shift(N, 4, strength=0.8, shift=3.0, random_state=0)
    for domain in "st":
        X = data[f"X{domain}"]
        scale = np.sqrt(np.linalg.eigvalsh(data[f"covariance_{domain}"]).max())
        mean, covariance = data[f"mean_{domain}"], data[f"covariance_{domain}"]
        np.testing.assert_allclose(X.mean(axis=0), mean, atol=scale * TOL)
        np.testing.assert_allclose(np.cov(X.T), covariance, atol=3 * scale**2 * TOL)
    assert np.linalg.norm(data.offset) == pytest.approx(3.0)


def test_affine_shift_map_is_the_monge_map():
    data = make_affine_shift(50, 5, strength=0.8, random_state=1)
    np.testing.assert_allclose(data.matrix, data.matrix.T, atol=1e-12)
    values = np.linalg.eigvalsh(data.matrix)
    np.testing.assert_allclose(values, np.exp(np.linspace(-0.8, 0.8, 5)), rtol=1e-10)


def test_affine_shift_map_carries_a_classifier():
    data = make_affine_shift(4000, strength=1.0, shift=4.0, random_state=0)
    stays = LogisticRegression().fit(data.Xs, data.ys).score(data.Xt, data.yt)
    moved = data.Xs @ data.matrix + data.offset
    moves = LogisticRegression().fit(moved, data.ys).score(data.Xt, data.yt)
    bayes = norm.cdf(1.5)  # classes 3 apart
    assert moves == pytest.approx(bayes, abs=0.015)
    assert stays < bayes - 0.1


def test_affine_shift_without_strength_is_a_translation():
    data = make_affine_shift(20, 3, strength=0.0, random_state=0)
    np.testing.assert_allclose(data.matrix, np.eye(3), atol=1e-12)


# Bare tables


def test_moons_turn_about_their_centre():
    still = make_moons_da(100, angle=0, random_state=0)
    turned = make_moons_da(100, angle=90, random_state=0)
    np.testing.assert_array_equal(still[0], turned[0])  # the source stays
    centred, moved = still[2] - [0.5, 0.25], turned[2] - [0.5, 0.25]
    np.testing.assert_allclose(moved[:, 0], -centred[:, 1], atol=1e-12)
    np.testing.assert_allclose(moved[:, 1], centred[:, 0], atol=1e-12)
    np.testing.assert_array_equal(still[3], turned[3])


def test_classification_da_classes_trade_clusters():
    Xs, _, Xt, yt = make_classification_da(100, 3, random_state=0)
    for X in (Xs, Xt):
        np.testing.assert_array_equal(X.min(axis=0), 0)
        np.testing.assert_array_equal(X.max(axis=0), 1)
    np.testing.assert_array_equal(yt, [1] * 50 + [0] * 50)
    # The numbers of ADAPT 0.4.5 at its defaults.
    Xs, ys, Xt, yt = make_classification_da()
    np.testing.assert_allclose(Xs[0], ADAPT_CLASSIFICATION[0], rtol=1e-6)
    np.testing.assert_allclose(Xt[-1], ADAPT_CLASSIFICATION[1], rtol=1e-6)
    assert ys.sum() == ADAPT_CLASSIFICATION[2]


def test_regression_da_closed_form():
    Xs, ys, Xt, _ = make_regression_da(N, 2, random_state=0)
    X = np.vstack([Xs, Xt])
    np.testing.assert_allclose(X.mean(axis=0), 0, atol=1e-10)
    np.testing.assert_allclose(X.std(axis=0), 1 / 3, rtol=1e-10)
    assert (Xs.max(axis=0) < Xt.min(axis=0)).all()  # the supports do not meet
    assert ys.mean() == pytest.approx(0, abs=1e-10)
    assert ys.std() == pytest.approx(0.5)
    # Undo the scaling by the known supports and standard deviation of the labels.
    u = np.interp(Xs[:, 0], [Xs[:, 0].min(), Xs[:, 0].max()], [-2, 2])
    rule = u + 0.1 * u**5
    np.testing.assert_allclose(
        np.polyfit(rule, ys, 1)[0], 1 / (2 * np.sqrt(rule.var() + 0.04)), rtol=0.01
    )


def test_regression_da_numbers_of_adapt():
    Xs, ys, Xt, yt = make_regression_da()
    found = Xs[0, 0], ys[0], Xt[0, 0], yt[0]
    np.testing.assert_allclose(found, ADAPT_REGRESSION, rtol=1e-6)


# Errors


@pytest.mark.parametrize(
    ("generator", "kwargs", "message"),
    [
        (make_covariate_shift, {"task": "x"}, "`task` .* got 'x'"),
        (make_covariate_shift, {"scale": 0}, "`scale` .* got 0"),
        (make_covariate_shift, {"noise": -1}, "`noise` .* got -1"),
        (make_label_shift, {"priors_s": (0.5, 0.6)}, "`priors_s` .* got"),
        (make_label_shift, {"priors_t": (-0.5, 1.5)}, "`priors_t` .* got"),
        (make_label_shift, {"priors_t": (0.2, 0.3, 0.5)}, "got 2 and 3"),
        (make_label_shift, {"priors_s": (0.0, 1.0)}, "`priors_s` .* positive"),
        (make_concept_shift, {"n_features": 1}, "`n_features` .* got 1"),
        (make_concept_shift, {"angle": 200}, "`angle` .* got 200"),
        (make_concept_shift, {"noise": -1}, "`noise` .* got -1"),
        (make_classification_da, {"n_features": 1}, "`n_features` .* got 1"),
    ],
)
def test_errors(generator, kwargs, message):
    with pytest.raises(ValueError, match=message):
        generator(**kwargs)
