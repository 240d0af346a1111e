"""A few labels of the target overrule the choice without."""

import json
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, Ridge

from adapt.base import BaseAdapter, SourceOnly
from adapt.feature_based import CORAL, DomainStandardScaler
from adapt.instance_based import BalancedWeighting
from adapt.model_selection import AutoAdapt, compare
from adapt.model_selection._few_labels import label_strata
from adapt.model_selection._held_out_scores import Task
from adapt.model_selection._label_candidates import split_candidates
from adapt.model_selection._label_evidence import (
    LabelStage,
    fit_learners,
    judge_by_labels,
    row_scores,
)


def another_rule(seed=0, n=120):
    """Return domains with the same rows, whose labels follow opposite rules."""
    rng = np.random.default_rng(seed)
    Xs, Xt = rng.normal(size=(n, 3)), rng.normal(size=(n, 3))
    return Xs, (Xs[:, 0] > 0).astype(int), Xt, (Xt[:, 0] < 0).astype(int)


def moved(seed=0, n=100):
    """Return domains whose rows have moved along what tells classes apart."""
    rng = np.random.default_rng(seed)
    Xs, Xt = rng.normal(size=(n, 3)), rng.normal(size=(n, 3))
    ys, yt = (Xs @ [1, 1, 0] > 0).astype(int), (Xt @ [1, 1, 0] > 0).astype(int)
    return Xs, ys, Xt + np.array([1.5, 1.5, 0]), yt


def partial(yt, rows, missing=None):
    labels = np.full(len(yt), missing, dtype=object)
    labels[rows] = yt[rows]
    return labels


LEARNERS = {"TargetOnly", "BalancedWeighting", "FA"}
FEW = {"methods": ["DomainStandardScaler", "CORAL"], "cv": 2}


# ------------------------------------------------------------------- in two forms


@pytest.mark.parametrize("missing", [None, np.nan, -1])
def test_partial_labels_are_read_in_both_forms(missing):
    Xs, ys, Xt, yt = moved()
    labels = partial(yt, range(30), missing)
    model = AutoAdapt(random_state=0, **FEW)
    two = clone(model).fit(Xs, ys, Xt=Xt, yt=labels)
    domain = np.repeat([0, -1], [len(Xs), len(Xt)])
    one = clone(model).fit(
        np.concatenate([Xs, Xt]), np.concatenate([ys, labels]), sample_domain=domain
    )
    for found in (two, one):
        assert found.comparison_.labels.n_labelled == 30
    table = two.comparison_.labels.results
    pd.testing.assert_frame_equal(one.comparison_.labels.results, table)
    np.testing.assert_array_equal(one.predict(Xt), two.predict(Xt))


def test_labels_of_a_whole_table_are_not_read():
    Xs, ys, Xt, yt = another_rule()
    X, y = np.concatenate([Xs, Xt]), np.concatenate([ys, yt])
    domain = np.repeat([0, -1], [len(Xs), len(Xt)])
    model = AutoAdapt(random_state=0, **FEW).fit(X, y, sample_domain=domain)
    assert model.comparison_.labels is None
    assert model.best_method_ == "SourceOnly"
    with pytest.warns(UserWarning, match="There may be concept shift"):
        result = compare(X, y, sample_domain=domain, **FEW)
    assert result.target_labels == "score"
    assert result.labels is None


def test_frames_and_strings():
    Xs, ys, Xt, yt = moved()
    names = np.array(["no", "yes"])
    Xs, Xt = (pd.DataFrame(X, columns=list("abc")) for X in (Xs, Xt))
    labels = pd.Series(partial(names[yt], range(25)))
    model = AutoAdapt(random_state=0, **FEW).fit(Xs, names[ys], Xt=Xt, yt=labels)
    assert model.comparison_.labels.n_labelled == 25
    assert set(model.predict(Xt)) <= {"no", "yes"}


# --------------------------------------------------------------------- the choice


def test_labels_find_another_rule():
    Xs, ys, Xt, yt = another_rule()
    without = AutoAdapt(random_state=0, cv=2).fit(Xs, ys, Xt=Xt)
    model = AutoAdapt(random_state=0, cv=2)
    model.fit(Xs, ys, Xt=Xt, yt=partial(yt, range(40)))
    assert without.score(Xt[40:], yt[40:]) < 0.1
    assert model.best_method_ in LEARNERS
    assert model.score(Xt[40:], yt[40:]) > 0.8
    found = model.comparison_.labels
    assert found.of_choice.low > 0.5
    assert "is better than SourceOnly" in model.decision_
    assert "40 labelled target rows" in model.decision_


def test_labels_find_where_rows_moved():
    Xs, ys, Xt, yt = moved()
    without = AutoAdapt(random_state=0, **FEW).fit(Xs, ys, Xt=Xt)
    rows = without.suggest_labels(15)
    model = AutoAdapt(random_state=0, **FEW).fit(Xs, ys, Xt=Xt, yt=partial(yt, rows))
    rest = np.setdiff1d(np.arange(len(yt)), rows)
    score = model.score(Xt[rest], yt[rest])
    assert score >= without.score(Xt[rest], yt[rest])
    assert score > 0.9


def test_numbers():
    rng = np.random.default_rng(0)
    Xs, Xt = rng.normal(size=(80, 3)), rng.normal(size=(80, 3))
    ys, yt = Xs @ [1.0, 2, 0], Xt @ [1.0, 2, 0] + 0.1 * rng.normal(size=80)
    model = AutoAdapt(Ridge(), random_state=0, cv=2)
    rows = model.fit(Xs, ys, Xt=2 * Xt + 1).suggest_labels(12)
    labels = np.full(80, np.nan)
    labels[rows] = yt[rows]
    without = model.score(2 * Xt + 1, yt)
    model.fit(Xs, ys, Xt=2 * Xt + 1, yt=labels)
    assert model.comparison_.labels.n_labelled == 12
    assert model.score(2 * Xt + 1, yt) > max(without, 0.9)


def test_learners_need_labels_where_all_others_agree():
    Xs, ys, Xt, yt = moved()
    methods = {"scaler": DomainStandardScaler(), "both": BalancedWeighting()}
    with pytest.raises(ValueError, match="both learns from target labels"):
        AutoAdapt(methods=methods).fit(Xs, ys, Xt=Xt)
    rows = AutoAdapt(methods={"scaler": methods["scaler"]}, random_state=0, cv=2)
    rows = rows.fit(Xs, ys, Xt=Xt).suggest_labels(12)
    for more, known in [([], False), (range(60), True)]:
        labels = partial(yt, [*rows, *more])
        model = AutoAdapt(methods=methods, random_state=0, cv=2)
        model.fit(Xs, ys, Xt=Xt, yt=labels)
        table = model.comparison_.labels.results.set_index("method")
        assert table["learns"].to_dict()["both"]
        assert np.isfinite(table["low"]["both"]) == known
        assert known or model.best_method_ != "both"


# ------------------------------------------------------------------------- no leak


class Remembers(BaseAdapter):
    """Predict the labels that were shown, and 9 for all other rows."""

    _target_labels = "required"
    _parameter_constraints: dict = {}
    Xt = yt = None
    verbose = 0

    def _adapt(self, domains):
        X, y, _ = domains.labelled_target()
        self.known_ = {row.tobytes(): label for row, label in zip(X, y, strict=True)}

    def predict(self, X):
        return np.array([self.known_.get(row.tobytes(), 9) for row in X])


def task_of(Xs, ys, Xt, yt, rows, scoring="accuracy", cv=3):
    labelled = np.isin(np.arange(len(yt)), rows)
    return Task(Xs, ys, Xt, yt, labelled, scoring, cv, 0, None)


def test_a_learner_is_not_judged_by_labels_that_it_was_shown():
    Xs, ys, Xt, yt = moved()
    task = task_of(Xs, ys, Xt, yt, range(30))
    ((_, model, predicted),) = fit_learners({"remembers": Remembers()}, task)
    assert (model.predict(Xt)[:30] == yt[:30]).all()
    assert (predicted[:30] == 9).all()
    first = SourceOnly(LogisticRegression()).fit(Xs, ys, Xt=Xt).predict(Xt)
    told = ["SourceOnly", "remembers"], np.array([first, predicted])
    found = judge_by_labels(*told, np.array([False, True]), task)
    assert found.recommended == "SourceOnly"
    assert found.gains.gain[1] < -0.2


def test_labels_that_are_hidden_change_nothing():
    Xs, ys, Xt, yt = moved()
    rows = np.arange(20)
    fits = []
    for filler in (0, 1):
        task = task_of(Xs, ys, Xt, np.where(np.arange(100) < 20, yt, filler), rows)
        models = {"SourceOnly": SourceOnly(LogisticRegression()).fit(Xs, ys, Xt=Xt)}
        stage = LabelStage("default", LogisticRegression(), task)
        fits.append(stage.choose("SourceOnly", models))
    pd.testing.assert_frame_equal(fits[0].results, fits[1].results)
    np.testing.assert_array_equal(fits[0].predictions, fits[1].predictions)


# ------------------------------------------------------------------- rows to label


def test_rows_are_suggested_where_candidates_differ():
    Xs, ys, Xt, _ = moved()
    model = AutoAdapt(random_state=0, **FEW).fit(Xs, ys, Xt=Xt)
    rows = model.suggest_labels(10)
    names, predictions = model.comparison_.candidate_predictions()
    assert names[0] == model.best_method_
    assert (label_strata(predictions, True)[rows] > 0).all()
    np.testing.assert_array_equal(rows, model.suggest_labels(10))
    assert set(rows) != set(model.suggest_labels(10, random_state=1))
    n_differ = (label_strata(predictions, True) > 0).sum()
    every = model.suggest_labels(1000)
    assert sorted(every) == list(range(100))  # where all agree at last
    assert set(rows) <= set(every[:n_differ])
    assert (label_strata(predictions, True)[every[n_differ:]] < 0).all()


def test_a_second_round_names_other_rows():
    Xs, ys, Xt, yt = moved()
    model = AutoAdapt(random_state=0, **FEW).fit(Xs, ys, Xt=Xt)
    rows = model.suggest_labels(8)
    model.fit(Xs, ys, Xt=Xt, yt=partial(yt, rows))
    assert not set(model.suggest_labels(8)) & set(rows)


@pytest.mark.parametrize("n", [0, -3, 2.5, "ten"])
def test_the_number_of_rows_is_checked(n):
    Xs, ys, Xt, _ = moved()
    model = AutoAdapt(random_state=0, **FEW).fit(Xs, ys, Xt=Xt)
    with pytest.raises(ValueError, match="`n` must be a whole number"):
        model.suggest_labels(n)


def test_a_model_from_a_file_predicts_but_holds_no_rows():
    Xs, ys, Xt, yt = moved()
    model = AutoAdapt(random_state=0, **FEW)
    model.fit(Xs, ys, Xt=Xt, yt=partial(yt, range(20)))
    loaded = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(loaded.predict(Xt), model.predict(Xt))
    with pytest.raises(ValueError, match="not kept in a file"):
        loaded.suggest_labels(5)


# -------------------------------------------------------------------------- details


def test_compare_uses_partial_labels_and_says_so():
    Xs, ys, Xt, yt = another_rule()
    labels = partial(yt, range(40))
    result = compare(Xs, ys, Xt, labels, **FEW | {"methods": "default"})
    assert result.target_labels == "choose"
    assert result.recommended in LEARNERS
    assert result.label_free == "SourceOnly"
    told = json.loads(json.dumps(result.to_dict()))["by_labels"]
    assert told["recommended"] == result.recommended
    assert told["results"][0]["method"] == result.recommended
    assert "95 % interval" in str(result)
    assert (result.predict(Xt)[40:] == yt[40:]).mean() > 0.8
    with pytest.warns(UserWarning, match="There may be concept shift"):
        scored = compare(Xs, ys, Xt, labels, target_labels="score", **FEW)
    assert scored.labels is None
    with pytest.raises(ValueError, match="needs labels of some target rows"):
        compare(Xs, ys, Xt, target_labels="choose", **FEW)


def test_score_of_rows():
    y, ys = np.array([0, 0, 1, 2]), np.repeat([0, 1, 2], 5)
    predictions = np.array([[0, 0, 1, 1], [0, 1, 1, 2]])
    right = row_scores(y, predictions, "accuracy", ys)
    np.testing.assert_array_equal(right, predictions == y)
    weighted = row_scores(y, predictions, "balanced_accuracy", ys)
    share = np.array([3, 3, 1]) / 7  # as predicted first, with one row more of each
    np.testing.assert_allclose(weighted, right / (3 * share[y]))
    errors = row_scores(y, predictions, "r2", ys)
    np.testing.assert_allclose(errors, -((y - predictions) ** 2) / np.var(ys))


@pytest.mark.parametrize("of_classes", [True, False])
def test_default_candidates(of_classes):
    estimator = LogisticRegression() if of_classes else Ridge()
    fixed, learners = split_candidates("default", estimator, of_classes)
    assert next(iter(fixed)) == "SourceOnly"
    assert not any(method._wants_target_labels() for method in fixed.values())
    assert all(method._wants_target_labels() for method in learners.values())
    assert ("MMDTarS" in fixed) == of_classes


def test_a_candidate_that_fails_or_stops_is_left_out():
    class Fails(CORAL):
        def _adapt(self, domains):
            raise self.error

    Xs, ys, Xt, yt = moved()
    for error in (ValueError("no"), KeyboardInterrupt()):
        Fails.error = error
        methods = {"fails": Fails(LogisticRegression()), "last": CORAL()}
        task = task_of(Xs, ys, Xt, yt, range(20))
        stage = LabelStage(methods, LogisticRegression(), task)
        first = SourceOnly(LogisticRegression()).fit(Xs, ys, Xt=Xt)
        names = stage.choose("SourceOnly", {"SourceOnly": first}).names
        assert "fails" not in names
        assert ("last" in names) == isinstance(error, ValueError)
