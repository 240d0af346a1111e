import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

from adapt.base import SourceOnly
from adapt.datasets import make_moons_da
from adapt.feature_based import GradualAdapter
from adapt.feature_based._gradual import interpolation
from tests.common import shifted_classes


def turned(angle, n=200, seed=0):
    """Return two moons, two that are turned, and those seen every 15 degrees."""
    between = [
        make_moons_da(n - 10 * k, angle=step, random_state=k)[2]
        for k, step in enumerate(range(15, angle, 15), start=1)
    ]
    return *make_moons_da(n, angle=angle, random_state=seed), between


@pytest.mark.parametrize("sizes", [(50, 50), (80, 50), (50, 80)])
def test_interpolation_joins_the_domains(sizes):
    ot = pytest.importorskip("ot")
    rng = np.random.default_rng(0)
    X, Z = rng.normal(size=(sizes[0], 2)), rng.normal(size=(sizes[1], 2)) + 3
    begin, end = interpolation(X, Z)
    assert len(begin) == len(end) == max(sizes)
    plan = ot.emd(*(np.full(n, 1 / n) for n in sizes), ot.dist(X, Z))
    if sizes[0] >= sizes[1]:
        np.testing.assert_array_equal(begin, X)
        np.testing.assert_allclose(end, len(X) * plan @ Z, atol=1e-9)
    else:
        np.testing.assert_array_equal(end, Z)
        np.testing.assert_allclose(begin, len(Z) * plan.T @ X, atol=1e-9)


def test_interpolation_of_a_shift_is_the_shift():
    pytest.importorskip("ot")
    X = np.random.default_rng(0).normal(size=(300, 3))
    begin, end = interpolation(X, X[::-1] + 2)
    np.testing.assert_allclose(end - begin, 2, atol=1e-9)
    begin, end = interpolation(X, X[:250] + 2, batch_size=100, random_state=0)
    np.testing.assert_array_equal(begin, X)
    np.testing.assert_allclose(end.mean(axis=0), X[:250].mean(axis=0) + 2, atol=0.2)


def test_moons_turned_by_a_right_angle():
    Xs, ys, Xt, yt, between = turned(90)
    neighbours = KNeighborsClassifier()
    assert SourceOnly(neighbours).fit(Xs, ys, Xt=Xt).score(Xt, yt) < 0.3
    for n_generated in (0, 2):
        model = GradualAdapter(
            neighbours, intermediate=between, n_generated=n_generated
        ).fit(Xs, ys, Xt=Xt)
        assert model.n_steps_ == 6 * (1 + n_generated)
        assert model.score(Xt, yt) > 0.97
        assert model.target_guess_.shape == yt.shape


def test_generated_domains_help():
    pytest.importorskip("ot")
    Xs, ys, Xt, yt, _ = turned(50, n=400)
    scores = [
        GradualAdapter(KNeighborsClassifier(), n_generated=n)
        .fit(Xs, ys, Xt=Xt)
        .score(Xt, yt)
        for n in (0, 4)
    ]
    assert scores[1] > scores[0] + 0.05


def test_intermediate_domains_by_sample_domain():
    Xs, ys, Xt, _, between = turned(60)
    X = np.concatenate([Xs, *between, Xt])
    lengths = [len(Xs), *map(len, between), len(Xt)]
    domain = np.repeat([0, -1, -2, -3, -4], lengths)
    y = np.append(ys, np.full(len(X) - len(Xs), -1))
    mixed = np.random.default_rng(0).permutation(len(X))
    table = GradualAdapter(n_generated=0).fit(
        X[mixed], y[mixed], sample_domain=domain[mixed]
    )
    listed = GradualAdapter(n_generated=0, intermediate=between).fit(Xs, ys, Xt=Xt)
    np.testing.assert_allclose(
        table.predict_proba(Xt), listed.predict_proba(Xt), atol=1e-4
    )
    with pytest.raises(ValueError, match="Intermediate domains were given twice"):
        GradualAdapter(intermediate=between).fit(X, y, sample_domain=domain)


def test_equals_a_written_out_loop():
    Xs, ys, Xt, _, between = turned(45)
    model = LogisticRegression().fit(Xs, ys)
    for X in (*between, Xt):
        proba = model.predict_proba(X)
        order = np.argsort(-proba.max(axis=1))[: int(np.ceil(0.8 * len(X)))]
        guess = proba.argmax(axis=1)
        model = LogisticRegression().fit(X[order], guess[order])
    found = GradualAdapter(n_generated=0, intermediate=between, drop=0.2)
    found.fit(Xs, ys, Xt=Xt)
    np.testing.assert_array_equal(found.target_guess_, guess)
    np.testing.assert_allclose(
        found.predict_proba(Xt), model.predict_proba(Xt), atol=1e-4
    )


def test_classes_without_rows_are_kept():
    Xs, ys, Xt, yt = shifted_classes(n_classes=3, shift=0.0)
    model = GradualAdapter(n_generated=0).fit(Xs, ys, Xt=Xt[yt != 1])
    assert model.classes_.tolist() == [0, 1, 2]
    assert np.mean(model.predict(Xs[ys == 1]) == 1) > 0.9


def test_weights():
    Xs, ys, Xt, _ = shifted_classes()
    weight = np.random.default_rng(0).random(120)
    first = LogisticRegression().fit(Xs, ys, sample_weight=weight)
    model = GradualAdapter(n_generated=0, drop=0.0)
    model.fit(Xs, ys, Xt=Xt, sample_weight=weight)
    np.testing.assert_array_equal(model.target_guess_, first.predict(Xt))
    last = LogisticRegression().fit(
        Xt, model.target_guess_, sample_weight=np.full(120, weight.mean())
    )
    np.testing.assert_allclose(model.predict_proba(Xt), last.predict_proba(Xt))


def test_errors():
    Xs, ys, Xt, _, between = turned(30)
    with pytest.raises(TypeError, match="`predict_proba`, which SVC has not"):
        GradualAdapter(SVC()).fit(Xs, ys, Xt=Xt)
    with pytest.raises(ValueError, match=r"`intermediate\[1\]` has 1 columns"):
        GradualAdapter(intermediate=[*between, Xt[:, :1]]).fit(Xs, ys, Xt=Xt)
    with pytest.raises(ValueError, match="'intermediate' parameter"):
        GradualAdapter(intermediate=Xt).fit(Xs, ys, Xt=Xt)
