import numpy as np
import pytest
from sklearn.ensemble import (
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeRegressor

from adapt.parameter_based import TransferBoosting
from adapt.parameter_based._newton_boosting import (
    LogLoss,
    SquaredError,
    boost,
    held_out_losses,
)
from tests.common import shifted_classes, shifted_numbers
from tests.parameter_based.common import assert_ways_agree, run_checks


@pytest.mark.parametrize("n_scores", [1, 3])
def test_newton_step_is_that_of_the_loss(n_scores):
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(20, n_scores))
    y = rng.integers(max(n_scores, 2), size=20)
    Y = (y == 1)[:, None] * 1.0 if n_scores == 1 else np.eye(n_scores)[y]
    for loss in (LogLoss(), SquaredError()):
        step, curvature = loss.newton(scores, Y)
        for k in range(n_scores):
            e = 1e-4 * np.eye(n_scores)[k]
            up, at, down = (loss.loss(scores + d, Y) for d in (e, 0, -e))
            # A squared error counts double: half of it is what has these derivatives.
            unit = 1 + isinstance(loss, SquaredError)
            slope, bend = (up - down) / 2e-4 / unit, (up + down - 2 * at) / 1e-8 / unit
            np.testing.assert_allclose(curvature[:, k], bend, atol=1e-5)
            inner = np.abs(step[:, k]) < 4
            np.testing.assert_allclose(
                -step[inner, k] * curvature[inner, k], slope[inner], atol=1e-6
            )


def test_from_the_mean_it_is_gradient_boosting():
    _, _, X, y = shifted_numbers()
    X = X.astype(np.float32)
    start = np.full((len(y), 1), y.mean())
    stages = boost(
        X,
        y[:, None],
        start.copy(),
        np.ones(len(y)),
        SquaredError(),
        0.1,
        lambda: DecisionTreeRegressor(max_depth=3, random_state=0),
    )
    predicted = y.mean() + 0.1 * sum(next(stages)[0].predict(X) for _ in range(20))
    theirs = GradientBoostingRegressor(n_estimators=20, random_state=0).fit(X, y)
    np.testing.assert_allclose(predicted, theirs.predict(X), rtol=1e-6)


def test_choice_is_the_least_held_out_loss():
    Xs, ys, Xt, yt = shifted_numbers()
    yt = yt + 3 * (Xt[:, 0] > 0)
    source = LinearRegression().fit(Xs, ys)
    model = TransferBoosting(source, max_iter=10, random_state=0).fit(Xt, yt)
    losses = model.validation_loss_
    assert losses.shape == (3, 11)
    assert (
        losses.min()
        == losses[[0.03, 0.1, 0.3].index(model.learning_rate_), model.n_iter_]
    )
    np.testing.assert_allclose(
        losses[:, 0], np.mean((source.predict(Xt) - yt) ** 2), rtol=1e-12
    )
    # One fold, one rate, written out.
    folds = np.arange(len(yt)) % 4
    ours = held_out_losses(
        Xt.astype(np.float32),
        yt[:, None],
        source.predict(Xt)[:, None],
        np.ones(len(yt)),
        SquaredError(),
        [0.5],
        folds,
        1,
        lambda: DecisionTreeRegressor(max_leaf_nodes=4, random_state=0),
    )[0, 1]
    errors = []
    for fold in range(4):
        held = folds == fold
        left = yt - source.predict(Xt)
        tree = DecisionTreeRegressor(max_leaf_nodes=4, random_state=0)
        tree.fit(Xt[~held], left[~held])
        errors.extend((left[held] - 0.5 * tree.predict(Xt[held])) ** 2)
    assert ours == pytest.approx(np.mean(errors))


def test_nothing_to_learn_leaves_the_source_model():
    Xs, ys, Xt, _ = shifted_classes(n_classes=3)
    source = HistGradientBoostingClassifier(random_state=0).fit(Xs, ys)
    model = TransferBoosting(source, max_iter=5, random_state=0)
    model.fit(Xt, source.predict(Xt))
    np.testing.assert_array_equal(model.predict(Xt), source.predict(Xt))
    model = TransferBoosting(source, max_iter=0).fit(Xt, source.predict(Xt))
    np.testing.assert_allclose(
        model.predict_proba(Xt), source.predict_proba(Xt), atol=1e-8
    )


def test_it_repairs_what_moved():
    Xs, ys, Xt, yt = shifted_classes(n=400, n_classes=2)
    names = np.array(["no", "yes"])
    swapped = np.where(Xt[:, 0] > 0, 1 - yt, yt)
    source = HistGradientBoostingClassifier(random_state=0).fit(Xs, names[ys])
    model = TransferBoosting(source, max_iter=20, random_state=0)
    model.fit(Xt[:200], names[swapped[:200]])
    test = slice(200, None)
    assert model.score(Xt[test], names[swapped[test]]) > 0.05 + source.score(
        Xt[test], names[swapped[test]]
    )
    p = model.predict_proba(Xt)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    np.testing.assert_allclose(
        model.decision_function(Xt), np.log(p[:, 1] / p[:, 0]), atol=1e-6
    )


def test_missing_values_go_their_way():
    X = np.random.default_rng(0).normal(size=(80, 2))
    source = HistGradientBoostingRegressor().fit(X, np.zeros(80))
    X[::2, 0] = np.nan
    model = TransferBoosting(source, max_iter=10, learning_rates=[0.5], cv=2)
    model.fit(X[:40], np.isnan(X[:40, 0]).astype(float))
    assert model.score(X[40:], np.isnan(X[40:, 0])) > 0.99


def test_classes_fewer_more_and_other():
    Xs, ys, Xt, yt = shifted_classes(n=300, n_classes=4)

    def fitted(source_classes, target_classes):
        s, t = np.isin(ys, source_classes), np.isin(yt, target_classes)
        source = LogisticRegression().fit(Xs[s], ys[s])
        model = TransferBoosting(source, max_iter=20, learning_rates=[0.3], cv=2)
        model.fit(Xt[t], yt[t])
        assert model.score(Xt[t], yt[t]) > 0.9
        return model.classes_.tolist()

    assert fitted([0, 1, 2, 3], [0, 2]) == [0, 1, 2, 3]
    assert fitted([0, 1], [0, 1, 2, 3]) == [0, 1, 2, 3]
    assert fitted([0, 1], [2, 3]) == [0, 1, 2, 3]


def test_ways_of_giving_the_domains_agree():
    domains = shifted_numbers()
    estimator = HistGradientBoostingRegressor(random_state=0)
    source = HistGradientBoostingRegressor(random_state=0).fit(*domains[:2])
    adapter = TransferBoosting(estimator, max_iter=5, random_state=0)
    assert_ways_agree(adapter, source, *domains)
    domains = shifted_classes()
    pipe = make_pipeline(StandardScaler(), LogisticRegression())
    adapter = TransferBoosting(pipe, max_iter=5, random_state=0)
    source = make_pipeline(StandardScaler(), LogisticRegression()).fit(*domains[:2])
    assert_ways_agree(adapter, source, *domains)
    model = TransferBoosting(max_iter=2).fit(*domains)
    assert isinstance(model.estimator_.source_model, HistGradientBoostingClassifier)


def test_errors():
    Xs, ys, Xt, yt = shifted_classes()
    with pytest.raises(ValueError, match="predict_proba"):
        TransferBoosting(LinearSVC()).fit(Xs, ys, Xt, yt)
    with pytest.raises(ValueError, match="at least 2 labelled"):
        TransferBoosting().fit(Xs, ys, Xt[:1], yt[:1])
    with pytest.raises(ValueError, match="learning_rates"):
        TransferBoosting(learning_rates=[0.0]).fit(Xs, ys, Xt, yt)
    two = np.column_stack([ys, ys]) + 0.5
    with pytest.raises(ValueError, match="2 outputs"):
        TransferBoosting(LinearRegression()).fit(Xs, two, Xt, two[:, :1])


@pytest.mark.parametrize("model", [LogisticRegression, LinearRegression])
def test_scikit_learn_checks_of_weights(model):
    # Which rows are held out is drawn, and repeated rows draw otherwise than weights.
    cannot = ["check_sample_weight_equivalence_on_dense_data"]
    params = {"learning_rates": [0.1], "max_iter": 1, "cv": 2, "random_state": 0}
    run_checks(TransferBoosting, cannot, "weight", estimator=model(), **params)
