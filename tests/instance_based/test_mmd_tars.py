import warnings

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.neighbors import KNeighborsRegressor

from adapt.datasets import make_label_shift
from adapt.instance_based import MMDTarS
from adapt.instance_based._mmd_tars import hat_functions, matching_coefficients


def numbers(n=1000, seed=0, shift=0.7, spread=0.8):
    """Return ``Xs, ys, Xt, yt`` with the same ``x`` given ``y``, and the ratio of y."""
    rng = np.random.default_rng(seed)
    ys, yt = rng.normal(size=n), spread * rng.normal(size=n) + shift

    def features(y):
        clean = np.column_stack([y, np.tanh(y), np.sin(2 * y)])
        return clean + 0.7 * rng.normal(size=(n, 3))

    ratio = np.exp(ys**2 / 2 - (ys - shift) ** 2 / (2 * spread**2)) / spread
    return features(ys), ys, features(yt), yt, ratio


def test_hat_functions():
    knots = np.array([-1.0, 0.0, 2.0])
    B = hat_functions(np.array([-1.0, -0.5, 0.0, 0.5, 2.0]), knots)
    expected = [[1, 0, 0], [0.5, 0.5, 0], [0, 1, 0], [0, 0.75, 0.25], [0, 0, 1]]
    np.testing.assert_allclose(B, expected)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("size", [2, 5, 12])
def test_coefficients_are_those_of_a_quadratic_program(size, seed):
    cvxopt = pytest.importorskip("cvxopt")
    rng = np.random.default_rng(seed)
    features, target = rng.normal(size=(size + 5, size)), rng.normal(size=size + 5)
    G, g = features.T @ features, features.T @ target
    c = rng.random(size) + 0.1
    S = np.diag(rng.random(size)) * (seed % 2)
    best = cvxopt.solvers.qp(
        cvxopt.matrix(2 * (G + S)),
        cvxopt.matrix(-2 * g),
        cvxopt.matrix(-np.eye(size)),
        cvxopt.matrix(np.zeros(size)),
        cvxopt.matrix(c[None]),
        cvxopt.matrix(1.0),
        options={
            "show_progress": False,
            "abstol": 1e-12,
            "reltol": 1e-12,
            "feastol": 1e-10,
        },
    )
    a = matching_coefficients(G, g, c, S)
    assert a.min() >= 0
    assert c @ a == pytest.approx(1)
    assert a @ (G + S) @ a - 2 * g @ a <= best["primal objective"] + 1e-7
    np.testing.assert_allclose(a, np.ravel(best["x"]), atol=1e-3)


@pytest.mark.parametrize("regression", [False, True])
def test_weights_minimise_the_distance_of_kernel_means(regression):
    # The objective of the docstring, written out, at the weights and at others.
    rng = np.random.default_rng(0)
    if regression:
        Xs, ys, Xt, _, _ = numbers(80)
        model = MMDTarS(n_knots=4, random_state=0).fit(Xs, ys, Xt=Xt)
        B = hat_functions(ys, model.knots_)
    else:
        data = make_label_shift(80, priors_s=(0.4, 0.3, 0.3), priors_t=(0.2, 0.2, 0.6))
        Xs, ys, Xt = data.Xs, data.ys, data.Xt
        model = MMDTarS(random_state=0).fit(Xs, ys, Xt=Xt)
        B = np.eye(3)[ys]
    K, k = (rbf_kernel(Xs, X, gamma=model.gamma_) for X in (Xs, Xt))

    def objective(w):
        n = len(w)
        fit = w @ K @ w / n**2 - 2 * np.mean(w @ k) / n
        return fit + (2 if regression else 1) * np.mean(w**2) / n

    best = objective(model.weights_)
    assert model.weights_.mean() == pytest.approx(1)
    for _ in range(300):
        other = B @ rng.dirichlet(np.ones(B.shape[1]))
        other /= other.mean()
        for step in (0.01, 1):
            mixed = (1 - step) * model.weights_ + step * other
            assert objective(mixed) >= best - 1e-12


@pytest.mark.parametrize(
    ("priors_s", "priors_t", "separation"),
    [((0.5, 0.5), (0.2, 0.8), 2.0), ((0.5, 0.3, 0.2), (0.2, 0.3, 0.5), 3.0)],
)
def test_priors_are_close_to_the_truth(priors_s, priors_t, separation):
    data = make_label_shift(
        3000,
        priors_s=priors_s,
        priors_t=priors_t,
        separation=separation,
        random_state=0,
    )
    model = MMDTarS(random_state=0).fit(data.Xs, data.ys, Xt=data.Xt)
    truth = np.bincount(data.yt) / 3000
    np.testing.assert_allclose(model.priors_, truth, atol=0.03)
    np.testing.assert_allclose(model.priors_.sum(), 1)
    np.testing.assert_allclose(model.weights_, model.class_weights_[data.ys])
    plain = LogisticRegression().fit(data.Xs, data.ys)
    assert model.score(data.Xt, data.yt) > plain.score(data.Xt, data.yt)


def test_weights_of_numbers_follow_the_true_ratio():
    Xs, ys, Xt, yt, ratio = numbers(2000)
    model = MMDTarS(LinearRegression(), random_state=0).fit(Xs, ys, Xt=Xt)
    assert np.corrcoef(model.weights_, ratio)[0, 1] > 0.9
    assert np.average(ys, weights=model.weights_) == pytest.approx(yt.mean(), abs=0.05)
    plain = LinearRegression().fit(Xs, ys).score(Xt, yt)
    known = LinearRegression().fit(Xs, ys, sample_weight=ratio).score(Xt, yt)
    assert model.score(Xt, yt) > plain + 0.7 * (known - plain) > plain
    np.testing.assert_allclose(
        model.weights_, np.interp(ys, model.knots_, model.knot_weights_)
    )


def test_no_shift_gives_weights_near_one():
    classes, other = [], []
    for seed in range(3):
        data = make_label_shift(
            2000, priors_s=(0.6, 0.4), priors_t=(0.6, 0.4), random_state=seed
        )
        model = MMDTarS(random_state=0)
        weights = model.fit_weights(data.Xs, data.Xt, data.ys)
        classes.append(np.abs(weights - 1).mean())
        Xs, ys, Xt, _, _ = numbers(2000, seed, shift=0, spread=1)
        other.append(np.abs(model.fit_weights(Xs, Xt, ys) - 1).mean())
    assert np.mean(classes) <= 0.05
    assert np.mean(other) <= 0.15  # ten knots, of 200 rows each


def test_a_class_that_the_target_lacks():
    data = make_label_shift(
        500,
        priors_s=(0.4, 0.3, 0.3),
        priors_t=(0.5, 0.5, 0),
        separation=5,
        random_state=0,
    )
    names = np.array(["a", "b", "c"])[data.ys]
    model = MMDTarS(random_state=0).fit(data.Xs, names, Xt=data.Xt)
    assert model.priors_[2] < 0.01
    assert model.classes_.tolist() == ["a", "b", "c"]
    assert np.all(np.isfinite(model.predict_proba(data.Xt)))


def test_useless_features_are_told_and_useful_ones_not():
    told = 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        X, Xt = rng.normal(size=(2, 300, 3))
        y = rng.integers(3, size=300)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            MMDTarS(random_state=0).fit(X, y, Xt=Xt)
        told += any("cannot tell the frequencies" in str(w.message) for w in caught)
        data = make_label_shift(300, priors_s=(0.5, 0.5), random_state=seed)
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            MMDTarS(random_state=0).fit(data.Xs, data.ys, Xt=data.Xt)
    assert told >= 9


def test_sample_weight_counts_as_rows():
    Xs, ys, Xt, _, _ = numbers(60)
    for name, y in (("knot_weights_", ys), ("class_weights_", (ys > 0).astype(int))):
        params = {"gamma": 0.1, "lambda_": 0.0, "n_knots": 2}
        weight = np.where(y > 0, 2, 1)
        weighted = MMDTarS(**params).fit(Xs, y, Xt=Xt, sample_weight=weight)
        rows = np.repeat(np.arange(60), weight)
        repeated = MMDTarS(**params).fit(Xs[rows], y[rows], Xt=Xt)
        np.testing.assert_allclose(
            getattr(weighted, name), getattr(repeated, name), rtol=1e-6, atol=1e-9
        )


def test_labels_are_numbers_for_a_regressor():
    Xs, ys, Xt, _, _ = numbers(200)
    counts = np.rint(3 * ys).astype(int)
    assert hasattr(MMDTarS(Ridge(), random_state=0).fit(Xs, counts, Xt=Xt), "knots_")
    assert hasattr(MMDTarS(random_state=0).fit(Xs, ys > 0, Xt=Xt), "priors_")
    assert hasattr(MMDTarS(random_state=0).fit(Xs, ys, Xt=Xt), "knots_")


def test_errors():
    Xs, ys, Xt, _, _ = numbers(100)
    with pytest.raises(ValueError, match="takes one output, got `y` of shape"):
        MMDTarS().fit(Xs, np.column_stack([ys, ys]), Xt=Xt)
    with pytest.raises(ValueError, match="requires y"):
        MMDTarS().fit(Xs, Xt=Xt)
    with pytest.raises(TypeError, match=r"KNeighborsRegressor\) has no `sample_wei"):
        MMDTarS(KNeighborsRegressor()).fit(Xs, ys, Xt=Xt)
    resampled = MMDTarS(KNeighborsRegressor(), resample=True, random_state=0)
    assert resampled.fit(Xs, ys, Xt=Xt).predict(Xt).shape == (100,)


@pytest.mark.parametrize("of_classes", [True, False])
def test_kernel_means_of_fewer_rows(of_classes):
    if of_classes:
        data = make_label_shift(1500, random_state=0)
        Xs, ys, Xt = data.Xs, data.ys, data.Xt
    else:
        Xs, ys, Xt, *_ = numbers(1500)
    weight = np.linspace(1, 2, len(Xs))

    def weights(max_rows):
        model = MMDTarS(max_rows=max_rows, n_knots=4, random_state=0)
        return model.fit(Xs, ys, Xt=Xt, sample_weight=weight).weights_

    np.testing.assert_array_equal(weights(1500), weights(None))
    assert not np.array_equal(weights(700), weights(None))
    np.testing.assert_allclose(weights(700), weights(None), atol=0.15, rtol=0.15)
    assert np.average(weights(700)) == pytest.approx(1)


def test_a_class_that_was_not_drawn_keeps_its_frequency():
    data = make_label_shift(300, random_state=0)
    ys = np.append(data.ys, 2)
    Xs = np.vstack([data.Xs, [[9.0, 9.0]]])
    found = [
        MMDTarS(LogisticRegression(), max_rows=50, random_state=seed)
        .fit(Xs, ys, Xt=data.Xt)
        .class_weights_
        for seed in range(5)
    ]
    assert np.all(np.isfinite(found))
    assert np.max(found) < 5
