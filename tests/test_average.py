"""The average of adapters: what it predicts, and the contracts of every adapter."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.utils.estimator_checks import parametrize_with_checks

from adapt.base import AverageAdapter, SourceOnly
from adapt.feature_based import CORAL, FA, DomainStandardScaler
from adapt.instance_based import IWC
from adapt.metrics import CircularValidation
from tests.common import shifted_classes, shifted_numbers, to_itself


def members(estimator=None):
    return [
        ("source", SourceOnly(estimator)),
        ("scaled", DomainStandardScaler(estimator)),
        ("coral", CORAL(estimator)),
    ]


TO_ITSELF = to_itself(AverageAdapter)
OF_SCIKIT_LEARN = [
    TO_ITSELF(members(estimator)[:2])
    for estimator in (LogisticRegression(), LinearRegression())
]


def expected_failures(model):
    reason = "The target, which the check shortens or repeats, is not weighted."
    check = "check_sample_weight_equivalence_on_dense_data"
    return {check: reason}


@parametrize_with_checks(
    OF_SCIKIT_LEARN, expected_failed_checks=expected_failures, xfail_strict=True
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def test_probabilities_are_the_mean():
    Xs, ys, Xt, yt = shifted_classes(n_classes=3)
    model = AverageAdapter(members(LogisticRegression())).fit(Xs, ys, Xt=Xt)
    alone = [m.fit(Xs, ys, Xt=Xt) for _, m in members(LogisticRegression())]
    for domain in (-1, 0):
        p = np.mean([m.predict_proba(Xt, sample_domain=domain) for m in alone], axis=0)
        np.testing.assert_allclose(model.predict_proba(Xt, sample_domain=domain), p)
        np.testing.assert_array_equal(
            model.predict(Xt, sample_domain=domain), p.argmax(axis=1)
        )
    assert is_classifier(model)
    assert model.score(Xt, yt) == np.mean(model.predict(Xt) == yt)


def test_the_order_of_a_decision_is_that_of_the_probabilities():
    Xs, ys, Xt, _ = shifted_classes()
    model = AverageAdapter(members()).fit(Xs, ys, Xt=Xt)
    odds = np.exp(model.decision_function(Xt))
    np.testing.assert_allclose(odds / (1 + odds), model.predict_proba(Xt)[:, 1])


def test_numbers_are_averaged():
    Xs, ys, Xt, yt = shifted_numbers()
    model = AverageAdapter(members(LinearRegression())).fit(Xs, ys, Xt=Xt)
    alone = [m.fit(Xs, ys, Xt=Xt) for _, m in members(LinearRegression())]
    expected = np.mean([m.predict(Xt) for m in alone], axis=0)
    np.testing.assert_allclose(model.predict(Xt), expected)
    assert is_regressor(model)
    assert not hasattr(model, "predict_proba")
    mean = np.mean(yt)
    r2 = 1 - np.sum((yt - expected) ** 2) / np.sum((yt - mean) ** 2)
    assert model.score(Xt, yt) == pytest.approx(r2)


def test_adapters_without_probabilities_vote():
    Xs, ys, Xt, _ = shifted_classes(n_classes=3, shift=2.0)
    pairs = members(RidgeClassifier())
    model = AverageAdapter(pairs).fit(Xs, ys, Xt=Xt)
    assert not hasattr(model, "predict_proba")
    votes = np.array([m.fit(Xs, ys, Xt=Xt).predict(Xt) for _, m in pairs])
    expected = []
    for labels in votes.T:
        classes, counts = np.unique(labels, return_counts=True)
        tied = classes[counts == counts.max()]
        expected.append(labels[0] if labels[0] in tied else tied[0])
    np.testing.assert_array_equal(model.predict(Xt), expected)
    # Two votes for two classes are a tie, which the first adapter decides.
    first = AverageAdapter(pairs[:2]).fit(Xs, ys, Xt=Xt)
    np.testing.assert_array_equal(first.predict(Xt), votes[0])


def test_the_ways_of_giving_a_target_agree():
    Xs, ys, Xt, _ = shifted_classes()
    weight = np.random.default_rng(0).random(len(ys)) + 0.1
    pairs = [*members(LogisticRegression()), ("iwc", IWC(LogisticRegression()))]
    two = AverageAdapter(pairs).fit(Xs, ys, Xt=Xt, sample_weight=weight)
    given = AverageAdapter(pairs, Xt=Xt).fit(Xs, ys, sample_weight=weight)
    one = AverageAdapter(pairs).fit(
        np.r_[Xs, Xt],
        np.r_[ys, np.full(len(Xt), -1)],
        sample_domain=np.repeat([3, -1], [len(Xs), len(Xt)]),
        sample_weight=np.r_[weight, np.full(len(Xt), weight.mean())],
    )
    expected = two.predict_proba(Xt)
    np.testing.assert_array_equal(given.predict_proba(Xt), expected)
    alone = [
        clone(m).fit(
            np.r_[Xs, Xt],
            np.r_[ys, np.full(len(Xt), -1)],
            sample_domain=np.repeat([3, -1], [len(Xs), len(Xt)]),
            sample_weight=np.r_[weight, np.full(len(Xt), weight.mean())],
        )
        for _, m in pairs
    ]
    p = np.mean([m.predict_proba(Xt) for m in alone], axis=0)
    np.testing.assert_allclose(one.predict_proba(Xt), p)


def test_target_labels_reach_those_that_learn_from_them():
    Xs, ys, Xt, yt = shifted_classes()
    known = np.where(np.arange(len(yt)) < 30, yt, -1)
    pairs = [("source", SourceOnly()), ("fa", FA())]
    model = AverageAdapter(pairs).fit(Xs, ys, Xt=Xt, yt=known)
    alone = FA().fit(Xs, ys, Xt=Xt, yt=known)
    found = dict(model.adapters_)["fa"].predict_proba(Xt)
    np.testing.assert_allclose(found, alone.predict_proba(Xt))


def test_parameters_of_an_adapter_have_its_name():
    model = AverageAdapter(members(LogisticRegression()), random_state=0)
    assert model.get_params()["coral__estimator__C"] == 1.0
    again = clone(model).set_params(coral__estimator__C=3.0, scaled=CORAL())
    assert dict(again.adapters)["coral"].estimator.C == 3.0
    assert isinstance(dict(again.adapters)["scaled"], CORAL)
    assert dict(model.adapters)["coral"].estimator.C == 1.0
    Xs, ys, Xt, _ = shifted_classes()
    grid = {"adapters": [members(DummyClassifier()), members(LogisticRegression())]}
    scoring = CircularValidation().fit(Xs, Xt)
    search = GridSearchCV(model.set_params(Xt=Xt), grid, scoring=scoring, cv=2)
    assert search.fit(Xs, ys).best_index_ == 1


def test_frames_reach_the_adapters_and_models_are_pickled():
    Xs, ys, Xt, _ = shifted_classes()
    source, target = (pd.DataFrame(X, columns=list("abcd")) for X in (Xs, Xt))
    model = AverageAdapter(members()).fit(source, ys, Xt=target)
    assert model.feature_names_in_.tolist() == list("abcd")
    again = pickle.loads(pickle.dumps(model))
    expected = AverageAdapter(members()).fit(Xs, ys, Xt=Xt).predict_proba(Xt)
    np.testing.assert_allclose(again.predict_proba(target), expected)
    with pytest.raises(ValueError, match="feature names"):
        model.predict(target[list("dcba")])


def test_it_can_be_judged_on_the_way_back():
    Xs, ys, Xt, _ = shifted_classes()
    model = AverageAdapter(members()).fit(Xs[:80], ys[:80], Xt=Xt)
    score = CircularValidation().fit(Xs, Xt)(model, Xs[80:], ys[80:])
    assert score > 0.8


@pytest.mark.parametrize(
    ("adapters", "error", "message"),
    [
        ([], ValueError, "`adapters` is empty"),
        ([CORAL()], TypeError, r"pairs such as \('coral', CORAL\(\)\)"),
        ([("line", LogisticRegression())], TypeError, "`adapters` must be a list"),
        ([("a", CORAL()), ("a", CORAL())], ValueError, "not unique"),
        (
            [("a", CORAL(LogisticRegression())), ("b", CORAL(LinearRegression()))],
            ValueError,
            "all classifiers or all regressors",
        ),
    ],
)
def test_errors(adapters, error, message):
    Xs, ys, Xt, _ = shifted_classes()
    with pytest.raises(error, match=message):
        AverageAdapter(adapters).fit(Xs, ys, Xt=Xt)
