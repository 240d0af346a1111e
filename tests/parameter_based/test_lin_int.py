import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from adapt.parameter_based import LinInt
from adapt.parameter_based._lin_int import mixing_share, split_rows, with_two_classes
from tests.common import shifted_classes, shifted_numbers
from tests.parameter_based.common import assert_ways_agree, run_checks


def test_mixture_is_least_squares_of_held_out_rows():
    Xs, ys, Xt, yt = shifted_numbers()
    yt = 2 * yt + 1
    source = Ridge(5.0).fit(Xs, ys)
    model = LinInt(source, prop=0.3, random_state=0).fit(Xt, yt)
    fitted, held = split_rows(np.random.RandomState(0).permutation(len(Xt)), 0.3)
    assert len(fitted) == 36
    target = Ridge(5.0).fit(Xt[fitted], yt[fitted])
    both = np.column_stack([source.predict(Xt), target.predict(Xt)])
    shares = np.linalg.lstsq(both[held], yt[held])[0]
    np.testing.assert_allclose(model.interpolator_.coef_, shares, rtol=1e-8)
    np.testing.assert_allclose(model.predict(Xt), both @ shares, rtol=1e-8)


def test_share_of_classes_minimises_the_squared_error():
    rng = np.random.default_rng(0)
    first, second = rng.dirichlet(np.ones(3), size=(2, 50))
    truth = np.eye(3)[rng.integers(3, size=50)]
    weight = rng.uniform(size=50)
    share = mixing_share(first, second, truth, weight)
    grid = np.linspace(0, 1, 10_001)
    losses = [
        np.sum(weight[:, None] * ((1 - a) * first + a * second - truth) ** 2)
        for a in grid
    ]
    assert share == pytest.approx(grid[np.argmin(losses)], abs=1e-4)
    assert mixing_share(first, truth, truth, weight) == 1
    assert mixing_share(truth, first, truth, weight) == 0
    assert mixing_share(first, first, truth, weight) == 0.5


def test_split_is_even_and_never_empty():
    for n in (2, 3, 10, 101):
        for prop in (0.01, 0.3, 0.5, 0.99):
            first, second = split_rows(np.arange(n), prop)
            assert sorted([*first, *second]) == list(range(n))
            assert len(first) == min(max(round(n * prop), 1), n - 1)
    y = np.repeat([0, 1, 2], 10)
    first, _ = split_rows(np.arange(30), 0.5)
    assert np.bincount(y[first]).tolist() == [5, 5, 5]


def test_two_outputs():
    Xs, ys, Xt, yt = shifted_numbers()
    source = LinearRegression().fit(Xs, np.column_stack([ys, -ys]))
    model = LinInt(source, random_state=0).fit(Xt, np.column_stack([yt, 2 * yt]))
    assert model.predict(Xt).shape == (len(Xt), 2)
    assert model.score(Xt, np.column_stack([yt, 2 * yt])) > 0.95


def test_classes_of_either_model():
    Xs, ys, Xt, yt = shifted_classes(n=300, n_classes=4)
    names = np.array(["a", "b", "c", "d"])
    source = RandomForestClassifier(10, random_state=0).fit(
        Xs[ys < 3], names[ys[ys < 3]]
    )
    rows = yt > 1
    model = LinInt(source, random_state=0).fit(Xt[rows], names[yt[rows]])
    p = model.predict_proba(Xt)
    assert model.classes_.tolist() == names.tolist()
    np.testing.assert_allclose(p.sum(axis=1), 1)
    assert p.min() >= 0
    assert model.score(Xt[rows], names[yt[rows]]) > 0.9


def test_ways_of_giving_the_domains_agree():
    domains = shifted_numbers()
    source = Ridge().fit(*domains[:2])
    assert_ways_agree(LinInt(Ridge(), random_state=0), source, *domains)
    domains = shifted_classes()
    source = make_pipeline(StandardScaler(), LogisticRegression()).fit(*domains[:2])
    assert_ways_agree(LinInt(clone(source), random_state=0), source, *domains)


def test_default_estimator_and_weights():
    Xs, ys, Xt, yt = shifted_classes()
    model = LinInt(random_state=0).fit(Xs, ys, Xt, yt)
    assert isinstance(model.estimator_src_, LogisticRegression)
    model = LinInt(random_state=0).fit(*shifted_numbers())
    assert isinstance(model.estimator_src_, LinearRegression)
    # Rows without weight might as well have other labels.
    weight = (np.arange(len(yt)) % 3 > 0).astype(float)
    source = LogisticRegression().fit(Xs, ys)
    a = LinInt(source, random_state=0).fit(Xt, yt, sample_weight=weight)
    b = LinInt(source, random_state=0).fit(
        Xt * weight[:, None], yt, sample_weight=weight
    )
    np.testing.assert_allclose(a.predict_proba(Xt), b.predict_proba(Xt), atol=1e-3)


def test_errors():
    Xs, ys, Xt, yt = shifted_classes()
    with pytest.raises(ValueError, match="predict_proba"):
        LinInt(LinearSVC()).fit(Xs, ys, Xt, yt)
    with pytest.raises(ValueError, match="at least 2 labelled"):
        LinInt(LogisticRegression()).fit(Xs, ys, Xt[:1], yt[:1])
    with pytest.raises(ValueError, match="prop"):
        LinInt(LogisticRegression(), prop=1.0).fit(Xs, ys, Xt, yt)
    with pytest.raises(ValueError, match="not fitted"):
        LinInt(LogisticRegression()).fit(Xt, yt)


@pytest.mark.parametrize("estimator", [None, LogisticRegression(), Ridge()])
def test_scikit_learn_checks_of_weights(estimator):
    # Which rows are held out is drawn, and repeated rows draw otherwise than weights.
    cannot = [
        "check_sample_weight_equivalence_on_dense_data",
        "check_sample_weight_equivalence_on_sparse_data",
    ]
    run_checks(LinInt, cannot, "weight", estimator=estimator, random_state=0)


def test_few_labels_of_many_classes_fit_on_two():
    rng = np.random.default_rng(0)
    Xs, ys = rng.normal(size=(90, 3)), np.arange(90) % 9
    source_model = LogisticRegression().fit(Xs, ys)
    yt = np.array([0, 0, 0, 0, 1])
    model = LinInt(source_model, random_state=0).fit(Xs[:5], yt)
    assert set(model.estimator_tgt_.classes_) == {0, 1}
    first, second = with_two_classes(yt, np.array([0, 1]), np.array([2, 3, 4]))
    assert sorted(yt[first]) == [0, 1]
    assert sorted([*first, *second]) == [0, 1, 2, 3, 4]
