import json
import pickle

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import is_classifier
from sklearn.cluster import KMeans
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import StratifiedKFold

from adapt.base import SourceOnly
from adapt.datasets import list_tasks, load_dataset, load_penguins
from adapt.feature_based import CORAL, LinearOT
from adapt.feature_based._column_tables import ColumnTables, FilledUnion
from adapt.instance_based import IWC
from adapt.metrics import CircularValidation, ImportanceWeighted
from adapt.model_selection import Comparison, compare
from adapt.model_selection._candidates import base_estimator, default_candidates
from adapt.model_selection._held_out_scores import HeldOut, judge
from tests.common import shifted_classes, shifted_numbers


class Stops(LogisticRegression):
    """Ctrl-C while it is fitted."""

    def fit(self, X, y, sample_weight=None):
        raise KeyboardInterrupt


class Fails(LogisticRegression):
    """A method that cannot do it."""

    def fit(self, X, y, sample_weight=None):
        raise RuntimeError("cannot do it\nin more words")


@pytest.fixture(scope="module")
def penguins():
    data = load_penguins(source="Adelie", target="Gentoo", as_frame=True)
    target = data.sample_domain < 0
    return data.X[~target], data.y[~target], data.X[target], data.y[target]


def row(comparison, method):
    return comparison.results.set_index("method").loc[method]


# ---------------------------------------------------------------------- scores


@pytest.mark.parametrize("scoring", ["accuracy", "balanced_accuracy"])
def test_scores_against_a_written_out_reference(scoring):
    Xs, ys, Xt, _ = shifted_classes(n=150)
    both = np.concatenate([Xs, Xt])
    mean, std = both.mean(axis=0), both.std(axis=0)
    result = compare(
        Xs,
        ys,
        Xt,
        methods={"OT": LinearOT(lambda_=0.5)},
        estimator=LogisticRegression(C=0.01),
        scoring=scoring,
    )
    Zs, Zt = (Xs - mean) / std, (Xt - mean) / std
    w = ImportanceWeighted().fit(Zs, Zt).weights(Zs)
    scores = {}
    for name, method in [("SourceOnly", SourceOnly()), ("OT", LinearOT(lambda_=0.5))]:
        method.set_params(estimator=LogisticRegression(C=0.01))
        right = np.empty((2, len(ys)))
        folds = StratifiedKFold(5, shuffle=True, random_state=0)
        for train, test in folds.split(Zs, ys):
            model = method.fit(Zs[train], ys[train], Xt=Zt)
            labels = model.predict(Zt)
            right[1, test] = model.predict(Zs[test], sample_domain=0) == ys[test]
            back = method.fit(Zt, labels, Xt=Zs)
            right[0, test] = back.predict(Zs[test]) == ys[test]
        scores[name] = right
        weights = [np.ones(len(ys)), w]
        for k, column in enumerate(["circular", "weighted"]):
            if scoring == "accuracy":
                expected = np.average(right[k], weights=weights[k])
            else:
                expected = np.mean(
                    [
                        np.average(right[k, ys == c], weights=weights[k][ys == c])
                        for c in (0, 1)
                    ]
                )
            assert row(result, name)[column] == pytest.approx(expected)
    if scoring == "accuracy":
        d = scores["OT"][0] - scores["SourceOnly"][0]
        found = row(result, "OT")
        assert found["gain"] == pytest.approx(d.mean())
        assert found["gain_se"] == pytest.approx(d.std() / np.sqrt(len(d)))
        assert found["margin"] == pytest.approx(found["gain"] / found["gain_se"])


def test_r2_is_a_weighted_mean_over_rows():
    rng = np.random.default_rng(0)
    y, predicted, w = rng.normal(size=(3, 50))
    w = np.abs(w)
    score, _ = judge(y, predicted, "r2", w).score()
    mean = np.average(y, weights=w)
    spread = np.average((y - mean) ** 2, weights=w)
    error = np.average((y - predicted) ** 2, weights=w)
    assert score == pytest.approx(1 - error / spread)


def test_standard_error_of_a_mean():
    rng = np.random.default_rng(0)
    means = [rng.normal(size=100).mean() for _ in range(2000)]
    _, error = HeldOut(rng.normal(size=100), np.ones(100)).score()
    assert error == pytest.approx(np.std(means), rel=0.2)


# --------------------------------------------------------------- recommendation


@pytest.mark.parametrize(
    "task",
    [
        task
        for task in list_tasks("classification")
        if task.dataset in ("penguins", "heart")
    ],
    ids=lambda task: task.name,
)
def test_the_recommendation_does_no_harm(task):
    data = load_dataset(task.dataset, **task.kwargs, as_frame=True)
    result = compare(data.X, data.y, sample_domain=data.sample_domain)
    gain = (
        row(result, result.recommended)["target"] - row(result, "SourceOnly")["target"]
    )
    assert gain >= -0.01
    if task.name == "penguins: Adelie -> Gentoo":
        assert gain > 0.3
        assert result.ceiling > 0.9


def test_a_target_in_a_corner_of_the_source_is_no_reason_to_adapt():
    # Forests trained on few mileages cannot find the way back to many, while maps
    # that claim that they are as many in the target can, and are wrong.
    data = load_dataset("auto_mpg", source="USA", target="Japan", as_frame=True)
    X, y = data.X, data.y
    result = compare(X, y, sample_domain=data.sample_domain, estimator="forest", cv=3)
    worst = row(result, "DomainStandardScaler")
    assert worst["circular"] > row(result, "SourceOnly")["circular"] + 0.3
    assert worst["target"] < row(result, "SourceOnly")["target"] - 1
    assert result.recommended == "SourceOnly"


def test_without_shift_it_does_not_adapt():
    Xs, ys, _, _ = shifted_classes(n=200)
    rng = np.random.default_rng(0)
    order = rng.permutation(200)
    source, target = order[:100], order[100:]
    result = compare(Xs[source], ys[source], Xs[target])
    assert result.recommended == "SourceOnly"
    assert "do not adapt" in str(result)


def test_true_labels_of_the_target_are_never_learned_from(penguins):
    X, y, Xt, yt = penguins
    told, wrong, untold = (
        compare(X, y, Xt, labels, methods=["LinearOT"]) for labels in (yt, 1 - yt, None)
    )
    columns = ["method", "circular", "weighted", "gain", "margin"]
    pd.testing.assert_frame_equal(told.results[columns], wrong.results[columns])
    pd.testing.assert_frame_equal(told.results[columns], untold.results[columns])
    np.testing.assert_array_equal(told.predict(Xt), wrong.predict(Xt))
    assert row(told, "LinearOT")["target"] == pytest.approx(
        1 - row(wrong, "LinearOT")["target"]
    )
    assert untold.results["target"].isna().all()
    assert "target" not in str(untold).split("\n")[0]


# ------------------------------------------------------------------------ inputs


def test_the_ways_of_giving_a_target_agree(penguins):
    X, y, Xt, yt = penguins
    two = compare(X, y, Xt, yt, methods=["CORAL"])
    y_all = np.concatenate([y, np.where(np.arange(len(yt)) < 200, yt, np.nan)])
    domain = np.repeat([0, -1], [len(X), len(Xt)])
    one = compare(pd.concat([X, Xt]), y_all, sample_domain=domain, methods=["CORAL"])
    columns = ["method", "circular", "weighted", "target"]
    pd.testing.assert_frame_equal(one.results[columns], two.results[columns])


def test_minus_one_marks_unlabelled_target_rows():
    Xs, ys, Xt, yt = shifted_classes()
    yt[::2] = -1
    result = compare(Xs, ys, Xt, yt, methods=["CORAL"])
    assert result.n_labelled == len(yt) / 2
    assert compare(Xs, 2 * ys - 1, Xt, yt, methods=["CORAL"]).n_labelled == len(yt)


def test_strings_several_classes_and_a_dict_of_methods():
    Xs, ys, Xt, yt = shifted_classes(n=120, n_classes=3)
    names = np.array(["a", "b", "c"], dtype=object)
    result = compare(
        pd.DataFrame(Xs, columns=list("wxyz")),
        names[ys],
        pd.DataFrame(Xt, columns=list("wxyz")),
        names[yt],
        methods={"mine": CORAL(), "weights": IWC()},
    )
    assert set(result.results["method"]) - {"Average"} == {
        "SourceOnly",
        "mine",
        "weights",
    }
    assert 1 < row(result, "weights")["ess"] <= 120
    assert np.isnan(row(result, "mine")["ess"])
    assert set(result.predict(pd.DataFrame(Xt, columns=list("wxyz")))) <= set("abc")


@pytest.mark.parametrize(
    "to_labels",
    [
        lambda y: y.astype(bool),
        lambda y: 2 * y - 1,
        lambda y: pd.Series(y).astype(str),
        lambda y: pd.Series(np.array(["no", "yes"])[y], dtype="category"),
        lambda y: y.astype(float).tolist(),
    ],
    ids=["bool", "-1 and 1", "text", "category", "list"],
)
def test_labels_of_any_type(to_labels):
    Xs, ys, Xt, yt = shifted_classes(n=60)
    plain = compare(Xs, ys, Xt, yt, methods=["CORAL"], cv=2)
    result = compare(Xs, to_labels(ys), Xt, to_labels(yt), methods=["CORAL"], cv=2)
    columns = ["method", "circular", "weighted", "gain", "target"]
    pd.testing.assert_frame_equal(result.results[columns], plain.results[columns])
    assert set(result.predict(Xt)) <= set(to_labels(ys))


def test_folds_at_the_same_time():
    Xs, ys, Xt, _ = shifted_classes(n=60)
    one, two = (
        compare(Xs, ys, Xt, methods=["CORAL"], cv=2, n_jobs=n) for n in (None, 2)
    )
    columns = ["method", "circular", "weighted", "gain"]
    pd.testing.assert_frame_equal(one.results[columns], two.results[columns])


def test_numbers():
    Xs, ys, Xt, yt = shifted_numbers()
    result = compare(Xs, ys, Xt, yt)
    assert result.scoring == "r2"
    assert isinstance(result.best_estimator[-1].estimator_, Ridge)
    assert row(result, "SourceOnly")["target"] > 0.9
    assert np.isfinite(result.results[["circular", "weighted", "gain"]]).all(axis=None)


def test_few_rows_of_a_class():
    Xs, ys, Xt, _ = shifted_classes()
    keep = np.concatenate([np.flatnonzero(ys == 0), np.flatnonzero(ys == 1)[:2]])
    result = compare(Xs[keep], ys[keep], Xt, methods=["CORAL"])
    assert result.results["error"].isna().all()


def test_polars(penguins):
    pl = pytest.importorskip("polars")
    X, y, Xt, _ = penguins
    ours = compare(pl.from_pandas(X), y, pl.from_pandas(Xt), methods=["CORAL"])
    theirs = compare(X, y, Xt, methods=["CORAL"])
    assert ours.recommended == theirs.recommended
    np.testing.assert_array_equal(ours.predict(Xt), theirs.predict(Xt))


def test_inputs_are_not_written_to(penguins):
    X, y, Xt, yt = (part.copy() for part in penguins)
    compare(X, y, Xt, yt, methods=["CORAL"])
    for before, after in zip(penguins, (X, y, Xt, yt), strict=True):
        assert before.equals(after)


@pytest.mark.parametrize("of_classes", [True, False])
@pytest.mark.parametrize("name", ["linear", "logistic", "forest", "boosting"])
def test_named_estimators(name, of_classes):
    estimator = base_estimator(name, of_classes, 7)
    assert is_classifier(estimator) == of_classes
    if name in ("forest", "boosting"):
        assert estimator.random_state == 7


def test_a_named_estimator_is_seeded():
    Xs, ys, Xt, _ = shifted_classes(n=60)
    columns = ["circular", "weighted"]
    a, b = (
        compare(Xs, ys, Xt, estimator="boosting", methods=["CORAL"], cv=2)
        for _ in range(2)
    )
    pd.testing.assert_frame_equal(a.results[columns], b.results[columns])


# -------------------------------------------------------------- labelled targets


def test_supervised_methods_are_candidates_with_target_labels():
    Xs, ys, Xt, yt = shifted_classes(shift=2.0)
    known = np.where(np.arange(len(yt)) < 40, yt, -1)
    result = compare(
        Xs, ys, Xt, known, target_labels="train", methods=["TrAdaBoost", "CORAL"]
    )
    assert set(result.results["method"]) == {
        "SourceOnly",
        "TargetOnly",
        "TrAdaBoost",
        "CORAL",
    }
    assert result.n_labelled == 40
    # Held out: a model of the target alone, by hand.
    both = np.concatenate([Xs, Xt])
    Z = (Xt - both.mean(axis=0)) / both.std(axis=0)
    right = np.empty(40)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    for train, test in folds.split(Z[:40], yt[:40]):
        model = LogisticRegression(max_iter=1000).fit(Z[train], yt[train])
        right[test] = model.predict(Z[test]) == yt[test]
    assert row(result, "TargetOnly")["held_out"] == pytest.approx(right.mean())


def test_target_labels_have_to_be_there_to_train_on():
    Xs, ys, Xt, yt = shifted_classes()
    with pytest.raises(ValueError, match="needs labels of some target rows"):
        compare(Xs, ys, Xt, target_labels="train")
    with pytest.raises(ValueError, match="too few"):
        compare(Xs, ys, Xt, np.where(yt == 0, 0, -1), target_labels="train")
    with pytest.raises(ValueError, match=r"TrAdaBoost .*target_labels='train'"):
        compare(Xs, ys, Xt, yt, methods=["TrAdaBoost"])


# -------------------------------------------------------------- ends, and failures


def test_an_interrupt_keeps_what_is_finished(capsys):
    Xs, ys, Xt, yt = shifted_classes()
    methods = {"CORAL": CORAL(), "stops": CORAL(Stops()), "late": LinearOT()}
    result = compare(Xs, ys, Xt, yt, methods=methods, verbose=1)
    assert result.interrupted
    assert set(result.results["method"]) - {"Average"} == {"SourceOnly", "CORAL"}
    assert result.predict(Xt).shape == (len(Xt),)
    assert "Interrupted" in str(result)
    assert "CORAL" in capsys.readouterr().out


def test_an_interrupt_before_anything_is_finished():
    Xs, ys, Xt, _ = shifted_classes()
    with pytest.raises(KeyboardInterrupt):
        compare(Xs, ys, Xt, estimator=Stops())


def test_a_method_that_fails_is_in_the_table_with_its_error():
    Xs, ys, Xt, _ = shifted_classes()
    result = compare(Xs, ys, Xt, methods={"bad": CORAL(Fails()), "good": CORAL()})
    assert row(result, "bad")["error"] == "RuntimeError: cannot do it"
    assert result.results["method"].iloc[-1] == "bad"
    assert "failed: RuntimeError" in str(result)
    with pytest.raises(RuntimeError, match="cannot do it"):
        compare(Xs, ys, Xt, estimator=Fails())


def test_predictions_of_one_class_are_no_reason_to_adapt():
    Xs, ys, Xt, _ = shifted_classes()
    result = compare(Xs, ys, Xt, estimator=DummyClassifier())
    assert result.recommended == "SourceOnly"
    assert (result.results["circular"] == 0.5).all()


# ------------------------------------------------------------------------ results


def test_the_result_as_text_html_and_json(penguins):
    result = compare(*penguins)
    text = str(result)
    assert max(map(len, text.split("\n"))) <= 80
    assert f"* {result.recommended}" in text
    assert all(f"+ {name}" in text for name in result.members)
    assert result.recommended in result._repr_html_()
    plain = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert plain["recommended"] == result.recommended
    assert [r["method"] for r in plain["results"]] == list(result.results["method"])


def test_the_model_takes_raw_rows_and_can_be_pickled(penguins):
    X, y, Xt, _ = (part.copy() for part in penguins)
    X["island"], Xt["island"] = "Dream", "Biscoe"
    X.loc[X.index[:3], X.columns[0]] = np.nan
    result = compare(X, y, Xt)
    model = pickle.loads(pickle.dumps(result.best_estimator))
    np.testing.assert_array_equal(model.predict(Xt), result.predict(Xt))
    shuffled = Xt[Xt.columns[::-1]]
    np.testing.assert_array_equal(model.predict(shuffled), result.predict(Xt))


def test_quiet_unless_asked(penguins, capsys):
    compare(*penguins, methods=["CORAL"])
    assert capsys.readouterr() == ("", "")


# ------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y": None}, "`y`"),
        ({"Xt": None}, "no target domain"),
        ({"Xt": np.empty((0, 4))}, "target domain is empty"),
        ({"X": np.empty((0, 4)), "y": np.empty(0)}, "source domain is empty"),
        ({"y": np.zeros(120)}, "one class only"),
        ({"y": np.r_[np.zeros(119), 1]}, "2 classes need 2 rows"),
        ({"y": np.r_[np.nan, np.zeros(119)]}, "1 of 120 source rows have no label"),
        ({"y": np.zeros((120, 2))}, r"shape \(n_samples,\)"),
        ({"Xt": np.zeros((5, 3))}, "different numbers of columns"),
        ({"X": np.zeros((120, 4, 2))}, "series have the channels"),
        ({"sample_domain": np.repeat([0, -1], 60)}, "given twice"),
        ({"estimator": "tree"}, "'tree'"),
        ({"methods": "CORAL"}, "a list of names"),
        ({"methods": ["Corall"]}, "no method named 'Corall'"),
        ({"scoring": "r2"}, "`scoring`"),
        ({"target_labels": "both"}, "`target_labels`"),
        ({"cv": 1}, "`cv`"),
    ],
)
def test_errors(changes, message):
    Xs, ys, Xt, _ = shifted_classes()
    with pytest.raises(ValueError, match=message):
        compare(**{"X": Xs, "y": ys, "Xt": Xt, **changes})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"X": np.full((120, 4), "a")}, "must be numeric"),
        ({"Xt": pd.DataFrame(np.zeros((5, 4)))}, "both be data frames"),
        ({"methods": {"mine": Ridge()}}, "must hold adapters"),
        ({"X": sparse.eye_array(120, 4, format="csr")}, "toarray"),
        ({"estimator": KMeans()}, "a classifier or a regressor, got KMeans"),
    ],
)
def test_type_errors(changes, message):
    Xs, ys, Xt, _ = shifted_classes()
    with pytest.raises(TypeError, match=message):
        compare(**{"X": Xs, "y": ys, "Xt": Xt, **changes})


def test_scorers_judge_what_compare_judges():
    Xs, ys, Xt, _ = shifted_classes()
    both = np.concatenate([Xs, Xt])
    Zs, Zt = ((X - both.mean(axis=0)) / both.std(axis=0) for X in (Xs, Xt))
    scores = []
    for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(Zs, ys):
        model = CORAL().fit(Zs[train], ys[train], Xt=Zt)
        scores.append(CircularValidation().fit(Zs, Zt)(model, Zs[test], ys[test]))
    result = compare(Xs, ys, Xt, methods={"CORAL": CORAL(LogisticRegression())})
    assert row(result, "CORAL")["circular"] == pytest.approx(np.mean(scores))


# --------------------------------------------------------------------- columns


def test_union_of_columns_is_a_comparison_on_filled_columns():
    Xs, ys, Xt, _ = shifted_classes()
    Xs = pd.DataFrame(Xs, columns=list("abcd"))[list("abc")]
    Xt = pd.DataFrame(Xt, columns=list("abcd"))[list("dab")]
    options = {"methods": ["CORAL"], "cv": 2}
    with pytest.warns(UserWarning, match="Filled in for the"):
        found = compare(Xs, ys, Xt, columns="union", **options)
    filler = FilledUnion(ColumnTables(Xs, Xt), fill_cells=False)
    filled = compare(filler.transform(Xs), ys, filler.transform(Xt), **options)
    pd.testing.assert_frame_equal(
        found.results.drop(columns="fit_seconds"),
        filled.results.drop(columns="fit_seconds"),
    )
    expected = filled.best_estimator.predict(filler.transform(Xt))
    np.testing.assert_array_equal(found.best_estimator.predict(Xt), expected)
    np.testing.assert_array_equal(filler.transform(Xt)["a"], Xt["a"])


def test_union_of_the_same_columns_changes_nothing(penguins):
    options = {"methods": ["CORAL"], "cv": 2}
    found, plain = (
        compare(*penguins[:3], columns=columns, **options).results
        for columns in ("union", "shared")
    )
    pd.testing.assert_frame_equal(
        found.drop(columns="fit_seconds"), plain.drop(columns="fit_seconds")
    )
    with pytest.raises(ValueError, match="`columns`"):
        compare(*penguins[:3], columns="all")


def test_a_loss_is_printed_as_a_loss():
    found = Comparison(
        scoring="accuracy", target_labels="score", n_source=9, n_target=9, n_labelled=0
    )
    row = {"method": "CORAL", "circular": 0.6, "circular_se": 0.01, "fit_seconds": 1.0}
    for gain, printed in (-0.003, "-0.003"), (0.0941, "+0.094"):
        assert printed in found.line({**row, "gain": gain}).split()


def test_no_method_for_other_frequencies_of_classes_is_a_default():
    """They are ranked where they are asked for, and where labels choose."""
    names = default_candidates(None).keys()
    assert not names & {"MMDTarS", "BBSE", "RLLS", "SaerensEM"}
    assert {"GFK", "QuantileMatching"} <= names
