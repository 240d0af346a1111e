"""JDOT, against the alternation of the paper written out."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import LinearSVC

from adapt.base import SourceOnly
from adapt.feature_based import JDOTClassifier, JDOTRegressor
from adapt.feature_based._jdot import log_losses, squared_losses
from tests.common import shifted_classes, shifted_numbers

ot = pytest.importorskip("ot")


def distances(Xs, Xt):
    D = np.array([[np.sum((x - z) ** 2) for z in Xt] for x in Xs])
    return D / D.mean()


@pytest.mark.parametrize("alpha", [0.3, 1.0])
def test_classes_equal_a_written_out_loop(alpha):
    Xs, ys, Xt, _ = shifted_classes(n=60, n_classes=3, shift=1.5)
    names = np.array(["a", "b", "c"])
    Xs, ys, weight = Xs[:40], ys[:40], np.linspace(1, 2, 40)
    a, b = weight / weight.sum(), np.full(60, 1 / 60)
    D, f = distances(Xs, Xt), LogisticRegression().fit(Xs, ys, sample_weight=weight)
    objective = []
    for _ in range(3):
        loss = [[-np.log(p[k]) for p in f.predict_proba(Xt)] for k in ys]
        C = alpha * D + loss
        plan = ot.emd(a, b, C)
        objective.append(np.sum(plan * C))
        rows, labels, weights = [], [], []
        for i, j in np.argwhere(plan > 0):
            rows.append(Xt[j])
            labels.append(ys[i])
            weights.append(60 * plan[i, j])
        f = LogisticRegression().fit(rows, labels, sample_weight=weights)
    model = JDOTClassifier(alpha=alpha, tol=0, max_iter=3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(Xs, names[ys], Xt=Xt, sample_weight=weight)
    np.testing.assert_allclose(model.objective_, objective, rtol=1e-4)
    np.testing.assert_allclose(model.predict_proba(Xt), f.predict_proba(Xt), atol=1e-2)
    shares = np.stack([60 * plan[ys == k].sum(axis=0) for k in range(3)], axis=1)
    np.testing.assert_allclose(model.target_shares_, shares, atol=1e-9)
    assert model.classes_.tolist() == ["a", "b", "c"]


@pytest.mark.parametrize("outputs", [1, 2])
def test_numbers_equal_a_written_out_loop(outputs):
    Xs, ys, Xt, _ = shifted_numbers(n=60, shift=1.5)
    ys = ys if outputs == 1 else np.column_stack([ys, np.sin(ys)])
    Ys = ys.reshape(60, -1)
    D, f = distances(Xs, Xt[:45]), LinearRegression().fit(Xs, ys)
    a, b = np.full(60, 1 / 60), np.full(45, 1 / 45)
    for _ in range(3):
        predicted = f.predict(Xt[:45]).reshape(45, -1)
        loss = np.array([[np.sum((y - p) ** 2) for p in predicted] for y in Ys])
        C = D + loss / np.sum(np.var(Ys, axis=0))
        plan = ot.emd(a, b, C)
        labels = (45 * plan.T @ Ys).reshape(45, *ys.shape[1:])
        f = LinearRegression().fit(Xt[:45], labels)
    model = JDOTRegressor(tol=0, max_iter=3)
    with pytest.warns(ConvergenceWarning, match="after 3 rounds. Raise `max_iter`"):
        model.fit(Xs, ys, Xt=Xt[:45])
    np.testing.assert_allclose(model.objective_[-1], np.sum(plan * C))
    np.testing.assert_allclose(model.target_labels_, labels, atol=1e-9)
    np.testing.assert_allclose(model.predict(Xt), f.predict(Xt), atol=1e-9)


def test_losses():
    ys, predicted = np.array([[0.0, 1], [2, 3], [4, 4]]), np.array([[1.0, 1], [0, 0]])
    np.testing.assert_allclose(
        squared_losses(ys, predicted), [[1, 1], [5, 13], [18, 32]]
    )
    proba = np.array([[0.25, 0.75], [1, 0]])
    expected = -np.log([[0.75, 1e-15], [0.25, 1], [0.75, 1e-15]])
    np.testing.assert_allclose(log_losses(np.array([1, 0, 1]), proba), expected)


def test_the_objective_falls():
    Xs, ys, Xt, _ = shifted_numbers(n=200, shift=1.0)
    # From the second on: the first belongs to a model of other rows.
    objective = JDOTRegressor(tol=1e-9).fit(Xs, ys, Xt=Xt).objective_
    assert len(objective) > 2
    assert np.all(np.diff(objective) < 1e-12)


def test_repairs_a_shift():
    Xs, ys, _, _ = shifted_numbers(n=300)
    Xt = Xs[::-1] + np.array([2, -2, 1, 0])
    assert SourceOnly().fit(Xs, ys, Xt=Xt).score(Xt, ys[::-1]) < 0.5
    assert JDOTRegressor(alpha=3).fit(Xs, ys, Xt=Xt).score(Xt, ys[::-1]) > 0.8
    rng = np.random.default_rng(0)
    ys = np.arange(300) % 2
    Xs = rng.normal(size=(300, 2)) + ys[:, None] * [4, 0]
    Xt = Xs[::-1] + np.array([2.5, 0])
    assert SourceOnly().fit(Xs, ys, Xt=Xt).score(Xt, ys[::-1]) < 0.8
    assert JDOTClassifier().fit(Xs, ys, Xt=Xt).score(Xt, ys[::-1]) > 0.95


def test_batches():
    Xs, ys, Xt, yt = shifted_classes(n=500, n_classes=3)
    model = JDOTClassifier(batch_size=200, random_state=0).fit(Xs, ys, Xt=Xt[:420])
    np.testing.assert_allclose(model.target_shares_.sum(axis=1), 1)
    assert model.score(Xt, yt) > 0.95


def test_estimators_without_weights_take_the_likeliest_class():
    Xs, ys, Xt, yt = shifted_classes(n=90, n_classes=3)
    model = JDOTClassifier(KNeighborsClassifier(1)).fit(Xs[:70], ys[:70], Xt=Xt)
    assert model.target_shares_.max() < 1 + 1e-9
    assert np.any(model.target_shares_.max(axis=1) < 0.99)
    np.testing.assert_array_equal(
        model.predict(Xt), model.target_shares_.argmax(axis=1)
    )
    assert model.score(Xt, yt) > 0.9


def test_errors():
    Xs, ys, Xt, _ = shifted_numbers()
    names = np.where(ys > 0, "no", "yes")
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        JDOTClassifier().fit(Xs, ys, Xt=Xt)
    with pytest.raises(ValueError, match="Unknown label type: JDOTRegressor"):
        JDOTRegressor().fit(Xs, names, Xt=Xt)
    with pytest.raises(ValueError, match="must be a classifier, got LinearRegression"):
        JDOTClassifier(LinearRegression()).fit(Xs, names, Xt=Xt)
    with pytest.raises(ValueError, match="must be a regressor, got LogisticRegression"):
        JDOTRegressor(LogisticRegression()).fit(Xs, ys, Xt=Xt)
    with pytest.raises(TypeError, match=r"`predict_proba`, which LinearSVC has not"):
        JDOTClassifier(LinearSVC()).fit(Xs, names, Xt=Xt)
    with pytest.raises(ValueError, match=r"JDOTRegressor requires y.*transports"):
        JDOTRegressor().fit(Xs, Xt=Xt)
