"""Published transfer of parameters, written out, beside the calls that run it."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from adapt import parameter_based
from adapt.discovery import all_adapters
from tests.common import shifted_classes, shifted_numbers
from tests.parameter_based import trees
from tests.published import AS_PUBLISHED, BEYOND_THE_PAPER, PARAMETER_BASED, notes_of

SHALLOW = dict(all_adapters("parameter_based", deep=False))


def published(name, **values):
    """Return the method that the call in the table makes, with values for its names."""
    return eval(PARAMETER_BASED[name], {**vars(parameter_based)}, values)


def test_every_method_is_in_the_table():
    listed = PARAMETER_BASED.keys() | BEYOND_THE_PAPER
    assert SHALLOW.keys() - AS_PUBLISHED == listed


def test_the_guide_gives_the_calls():
    guide = Path(__file__).parents[2] / "docs" / "guide" / "parameter_based.rst"
    text = guide.read_text(encoding="utf-8")
    assert [
        call for call in PARAMETER_BASED.values() if f"``{call}``" not in text
    ] == []


@pytest.mark.parametrize("name", [*PARAMETER_BASED, *sorted(BEYOND_THE_PAPER)])
def test_notes_begin_with_the_departures_and_give_the_call(name):
    notes = notes_of(SHALLOW[name])
    assert notes.startswith("Departures from [")
    if name in PARAMETER_BASED:
        assert f"``{PARAMETER_BASED[name]}``" in notes


@pytest.mark.parametrize("numbers", [True, False])
def test_lin_int(numbers):
    """Daume (2007): one share of two models, the best on target rows held out."""
    Xs, ys, Xt, yt = (shifted_numbers if numbers else shifted_classes)(n=60)
    yt = 3 * yt if numbers else yt
    source = (LinearRegression() if numbers else LogisticRegression()).fit(Xs, ys)
    model = published("LinInt").set_params(estimator=source, random_state=0)
    model.fit(Xt, yt)

    def predict(model, X):
        return model.predict(X) if numbers else model.predict_proba(X)[:, 1]

    # The rows that the target model has seen are those that it interpolates alike.
    order = np.random.RandomState(0).permutation(60)
    if not numbers:
        order = order[np.argsort(yt[order], kind="stable")]
    seen = order[1::2]
    held = np.setdiff1d(np.arange(60), seen)
    target = type(source)().fit(Xt[seen], yt[seen])
    mixtures = [
        (1 - a) * predict(source, Xt) + a * predict(target, Xt)
        for a in np.linspace(0, 1, 10_001)
    ]
    errors = [np.mean((mix[held] - yt[held]) ** 2) for mix in mixtures]
    found = predict(model, Xt)
    np.testing.assert_allclose(found, mixtures[np.argmin(errors)], atol=1e-3)
    if numbers:
        free = parameter_based.LinInt(source, random_state=0).fit(Xt, yt)
        assert np.abs(free.predict(Xt) - found).max() > 1e-3


@pytest.mark.parametrize("start", ["source", "constant"])
def test_transfer_boosting(start):
    """Friedman (2001): trees of the residuals, shrunk, a given number of them."""
    Xs, ys, Xt, yt = shifted_numbers(n=60)
    Xt = Xt.astype(np.float32).astype(float)  # as trees see them
    begin = LinearRegression().fit(Xs, ys)
    if start == "constant":
        begin = DummyRegressor().fit(Xt, yt)
    scores = begin.predict(Xt)
    for _ in range(20):
        tree = DecisionTreeRegressor(
            max_leaf_nodes=8, min_samples_leaf=3, random_state=0
        )
        scores = scores + 0.1 * tree.fit(Xt, yt - scores).predict(Xt)
    model = published("TransferBoosting", start=begin, nu=0.1, M=20).fit(Xt, yt)
    np.testing.assert_allclose(model.predict(Xt), scores)
    assert (model.learning_rate_, model.n_iter_) == (0.1, 20)
    assert model.validation_loss_ is None


def test_transfer_boosting_of_classes():
    """Friedman, Hastie and Tibshirani (2000): Newton steps of the log-odds."""
    Xs, ys, Xt, yt = shifted_classes(n=60)
    Xt = Xt.astype(np.float32).astype(float)
    begin = LogisticRegression(C=0.001).fit(Xs, ys)
    scores = begin.decision_function(Xt)
    for _ in range(5):
        p = 1 / (1 + np.exp(-scores))
        tree = DecisionTreeRegressor(
            max_leaf_nodes=8, min_samples_leaf=3, random_state=0
        )
        curvature = p * (1 - p)
        step = np.clip((yt - p) / curvature, -4, 4)
        scores = scores + 0.3 * tree.fit(Xt, step, curvature).predict(Xt)
    model = published("TransferBoosting", start=begin, nu=0.3, M=5).fit(Xt, yt)
    np.testing.assert_allclose(model.decision_function(Xt), scores, atol=1e-8)


def test_without_a_choice_there_is_one_rate():
    Xs, ys, Xt, yt = shifted_numbers(n=20)
    source = LinearRegression().fit(Xs, ys)
    model = parameter_based.TransferBoosting(source, cv=None)
    with pytest.raises(ValueError, match="a single number with `cv=None`"):
        model.fit(Xt, yt)
    model = published("TransferBoosting", start=source, nu=0.1, M=3)
    assert model.fit(Xt[:1], yt[:1]).n_iter_ == 3


@pytest.mark.parametrize("algo", ["ser", "strut"])
def test_trees_and_forests(algo):
    """Segev et al. (2017): the recursions of SER and STRUT, tree by tree."""
    Xs, ys, Xt, yt = shifted_classes(n=60, n_classes=3, shift=1.5)
    by = trees.ByClass(3)

    def moved(tree):
        nested = trees.read(tree.tree_)
        if algo == "ser":
            return trees.ser(nested, Xt, yt, by)[0]
        return trees.strut(nested, Xt, yt, by)

    def call(name, source):
        text = PARAMETER_BASED[name].replace('"strut"', f'"{algo}"')
        assert f"``{text}``" in notes_of(SHALLOW[name])
        model = eval(text, {**vars(parameter_based)})
        return model.set_params(estimator=source).fit(Xt, yt).estimator_

    tree = DecisionTreeClassifier(random_state=0).fit(Xs, ys)
    found = call("TransferTreeClassifier", tree)
    trees.assert_same(trees.read(found.tree_), moved(tree))
    forest = RandomForestClassifier(3, random_state=0).fit(Xs, ys)
    found = call("TransferForestClassifier", forest)
    for ours, source in zip(found.estimators_, forest.estimators_, strict=True):
        trees.assert_same(trees.read(ours.tree_), moved(source))


@pytest.mark.parametrize("algo", ["relabel", "ser"])
def test_leaves_that_no_target_row_reaches(algo):
    """Relabelling leaves them to the source; SER removes them, as published."""
    X = np.arange(8.0)[:, None]
    source = DecisionTreeClassifier(random_state=0).fit(X, [0, 0, 1, 1, 2, 2, 0, 0])
    model = parameter_based.TransferTreeClassifier(source, algo=algo)
    model.fit(X[:4], [0, 0, 2, 2])
    assert model.predict(X[:4]).tolist() == [0, 0, 2, 2]
    rest = [2, 2, 0, 0] if algo == "relabel" else [2, 2, 2, 2]
    assert model.predict(X[4:]).tolist() == rest
