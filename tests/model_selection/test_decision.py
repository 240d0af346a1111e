"""How methods are tried, which are averaged, and what is recommended."""

from functools import partial

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from adapt.base import AverageAdapter, SourceOnly
from adapt.feature_based import CORAL, SA, DomainStandardScaler
from adapt.instance_based import KMM
from adapt.model_selection import AutoAdapt, Comparison, compare
from adapt.model_selection import _one_by_one as loop
from adapt.model_selection._held_out_scores import Task
from adapt.model_selection._many_fits import ManyFits
from adapt.model_selection._one_by_one import attempt, one_by_one, with_time_left
from adapt.model_selection._shift_evidence import ShiftEvidence
from tests.common import shifted_classes, shifted_numbers

# ----------------------------------------------------------------- one by one


def comparison_of(**params):
    given = {"scoring": "accuracy", "target_labels": "score"}
    rows = {"n_source": 1, "n_target": 1, "n_labelled": 0}
    return Comparison(**{**given, **rows, **params})


def test_no_item_begins_that_would_end_too_late(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(loop.time, "perf_counter", lambda: now[0])

    def begun(limit):
        now[0], found = 0.0, []
        for item, in_time in with_time_left("abcd", limit):
            found += [item] if in_time else []
            now[0] += 2.0
        return "".join(found)

    assert begun(None) == "abcd"
    assert begun(0) == "a"
    assert begun(4.0) == "ab"
    assert begun(5.9) == "ab"
    assert begun(6.0) == "abc"


def test_only_the_failure_of_source_only_is_raised():
    def fails(name):
        raise ValueError(f"{name} is bad\nand more")

    row, *model = attempt("CORAL", partial(fails, "CORAL"))
    assert row == {"method": "CORAL", "error": "ValueError: CORAL is bad"}
    assert model == [None, None]
    with pytest.raises(ValueError, match="SourceOnly is bad"):
        attempt("SourceOnly", partial(fails, "SourceOnly"))


def test_an_interruption_keeps_what_is_finished():
    class Plan:
        def __init__(self, stops):
            self.stops = stops

        def run(self, name, method):
            if name == self.stops:
                raise KeyboardInterrupt
            return method

        def calls(self, name, method):
            return [(self.run, name, method)]

        def finish(self, name, results):
            row = {"method": name, "gain": 0.0, "margin": 0.0, "fit_seconds": 0.0}
            return row, results[0], None

    methods = {"SourceOnly": SourceOnly(), "CORAL": CORAL(), "KMM": KMM()}
    comparison = comparison_of()
    with ManyFits(None) as fits:
        one_by_one(comparison, methods, Plan("KMM"), fits, verbose=0)
        assert comparison.interrupted
        assert [row["method"] for row in comparison.rows] == ["SourceOnly", "CORAL"]
        with pytest.raises(KeyboardInterrupt):
            one_by_one(comparison_of(), methods, Plan("SourceOnly"), fits, verbose=0)


# ----------------------------------------------------------------- conclusions

METHODS = {"SourceOnly": SourceOnly, "CORAL": CORAL, "SA": SA, "KMM": KMM}


def finished(moved=True, of_classes=True, target_labels="score", **gains):
    """Return a comparison of fitted methods with gains of one standard error each."""
    data = shifted_classes() if of_classes else shifted_numbers()
    Xs, ys, Xt, _yt = data
    scoring = "accuracy" if of_classes else "r2"
    labelled = np.zeros(len(Xt), dtype=bool)
    task = Task(Xs, ys, Xt, None, labelled, scoring, 3, 0, None)
    comparison = comparison_of(scoring=scoring, target_labels=target_labels)
    comparison.evidence = ShiftEvidence(p_value=0.001, by_rows=0.2 if moved else 0.99)
    estimator = LogisticRegression() if of_classes else Ridge()
    for name, gain in {"SourceOnly": 0.0, **gains}.items():
        model = METHODS[name](estimator).fit(Xs, ys, Xt=Xt)
        row = {"method": name, "gain": gain, "margin": 10 * gain, "circular": 0.8}
        comparison.add({**row, "fit_seconds": 1.0}, model, model.predict(Xt))
    comparison.conclude("passthrough", task)
    return comparison, task


def test_what_gains_is_averaged_with_source_only():
    comparison, task = finished(CORAL=0.1, SA=0.2, KMM=-0.1)
    assert comparison.recommended == "Average"
    assert comparison.members == ["SA", "CORAL"]
    average = comparison.best_estimator[-1]
    assert isinstance(average, AverageAdapter)
    assert [name for name, _ in average.adapters_] == ["SourceOnly", "SA", "CORAL"]
    models = [comparison.models[name] for name in ("SourceOnly", "SA", "CORAL")]
    p = np.mean([model.predict_proba(task.Xt) for model in models], axis=0)
    np.testing.assert_allclose(average.predict_proba(task.Xt), p)
    assert comparison.reason.startswith("Average of SourceOnly, SA and CORAL: the")
    assert comparison.advice == "average SourceOnly, SA and CORAL"
    shown = [row["method"] for row in comparison.rows]
    assert shown == ["Average", "SA", "CORAL", "SourceOnly", "KMM"]
    member = comparison.results.set_index("method")["member"]
    assert member[member].index.tolist() == ["SA", "CORAL"]


def test_predictions_of_all_methods_are_kept():
    comparison, task = finished(CORAL=0.1, KMM=-0.1)
    assert set(comparison.predictions) == {"SourceOnly", "CORAL", "KMM", "Average"}
    for name, predicted in comparison.predictions.items():
        np.testing.assert_array_equal(
            comparison.models[name].predict(task.Xt), predicted
        )


def test_the_average_can_be_fitted_anew():
    comparison, task = finished(CORAL=0.1, SA=0.2)
    average = comparison.best_estimator[-1]
    expected = average.predict_proba(task.Xt)
    again = average.fit(task.Xs, task.ys, Xt=task.Xt)
    np.testing.assert_allclose(again.predict_proba(task.Xt), expected)


def test_source_only_is_in_no_average_of_numbers():
    comparison, _ = finished(of_classes=False, CORAL=0.1, SA=0.2)
    names = [name for name, _ in comparison.best_estimator[-1].adapters_]
    assert names == ["SA", "CORAL"]
    assert comparison.reason.startswith("Average of SA and CORAL: ")
    comparison, _ = finished(of_classes=False, CORAL=0.1)
    assert comparison.recommended == "CORAL"
    assert comparison.reason.startswith("CORAL: the features have moved")


def test_two_maps_have_to_gain_clearly():
    assert finished(CORAL=0.3, SA=-0.1)[0].recommended == "SourceOnly"
    assert finished(CORAL=0.3, SA=0.09)[0].recommended == "SourceOnly"
    assert finished(CORAL=0.1, SA=0.1)[0].recommended == "Average"
    # Not those that map no features, unless there is no map.
    assert finished(CORAL=0.3, SA=-0.1, KMM=0.3)[0].recommended == "SourceOnly"
    assert finished(KMM=0.3)[0].recommended == "Average"
    # Once two gain clearly, what gains less is in the average too.
    comparison, _ = finished(CORAL=0.3, SA=0.2, KMM=0.01)
    assert comparison.members == ["CORAL", "SA", "KMM"]


def test_without_a_gain_nothing_is_averaged():
    comparison, _ = finished(CORAL=-0.1, SA=0.0)
    assert comparison.recommended == "SourceOnly"
    assert comparison.advice == "do not adapt"
    assert "too few methods score clearly better" in comparison.reason
    assert "-0.1" not in comparison.reason


def test_where_weights_explain_the_shift_nothing_is_averaged():
    comparison, _ = finished(moved=False, CORAL=0.1)
    assert comparison.recommended == "SourceOnly"
    assert comparison.reason.startswith("Fitted on the source alone: weights of")


def test_held_out_labels_decide_where_they_are_trained_on():
    comparison, _ = finished(target_labels="train", CORAL=0.3, SA=0.2)
    assert comparison.recommended == "CORAL"
    assert "3.0 standard errors" in comparison.reason
    comparison, _ = finished(target_labels="train", CORAL=0.05)
    assert comparison.recommended == "SourceOnly"


def test_too_few_source_rows_to_hold_some_out():
    Xs, ys, Xt, _ = shifted_numbers(shift=4.0)
    model = AutoAdapt(Ridge(), random_state=0).fit(Xs[:3], ys[:3], Xt=Xt)
    assert model.best_method_ == "SourceOnly"
    assert "with 3 source rows there are too few to hold some out" in model.decision_


# ---------------------------------------------------------- known labels, and groups


def test_the_last_line_says_what_known_labels_say():
    rng = np.random.default_rng(0)
    Xs, Xt = rng.normal(size=(2, 300, 3))
    Xt[:, 0] += 2
    ys, yt = (Xs[:, 0] > 0).astype(int), (Xt[:, 0] > 2).astype(int)  # another rule
    with pytest.warns(UserWarning, match="less than the most frequent class"):
        result = compare(Xs, ys, Xt, yt, methods=["DomainStandardScaler"])
    assert result.recommended == "SourceOnly"
    last = " ".join(str(result).split("On the 300 known labels")[1].split())
    assert "DomainStandardScaler is the best with" in last
    assert "for SourceOnly" in last
    # No label, no such line; and none where the labels agree that nothing is better.
    assert "known labels" not in str(compare(Xs, ys, Xt, methods=["CORAL"], cv=2))
    agreed = str(compare(Xs, ys, Xs[:50] + 0.0, ys[:50], methods=["CORAL"], cv=2))
    assert "no method is better" in " ".join(agreed.split())


def test_rows_of_a_group_are_held_out_together():
    # Each group has a label and a place of its own: its rows tell of each other.
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(20), 10)
    y = rng.permutation(np.arange(20) % 2)[groups]
    X = 5 * rng.normal(size=(20, 3))[groups] + 0.1 * rng.normal(size=(200, 3))
    Xt = X[:60] + 1
    from sklearn.neighbors import KNeighborsClassifier

    near = KNeighborsClassifier(1)
    given = {"estimator": near, "methods": ["DomainStandardScaler"], "cv": 4}
    apart = compare(X, y, Xt, groups=groups, **given).results.set_index("method")
    mixed = compare(X, y, Xt, **given).results.set_index("method")
    assert mixed.loc["SourceOnly", "weighted"] > 0.9
    assert apart.loc["SourceOnly", "weighted"] < 0.9
    one = compare(
        np.r_[X, Xt],
        np.r_[y, np.full(60, -1)],
        sample_domain=np.repeat([0, -1], [200, 60]),
        groups=np.r_[groups, np.zeros(60)],
        **given,
    ).results.set_index("method")
    assert one.loc["SourceOnly", "weighted"] == apart.loc["SourceOnly", "weighted"]
    with pytest.raises(ValueError, match="`groups` must have one entry per row"):
        AutoAdapt(near).fit(X, y, Xt=Xt, groups=groups[:5])


@pytest.mark.parametrize("of_classes", [True, False])
def test_folds_keep_groups_whole(of_classes):
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 9, size=120)
    Xs, ys, Xt, _ = shifted_classes() if of_classes else shifted_numbers()
    scoring = "accuracy" if of_classes else "r2"
    none = np.zeros(len(Xt), dtype=bool)
    task = Task(Xs, ys, Xt, None, none, scoring, 4, 0, None, None, groups)
    folds = task.source_folds()
    assert set(folds) == {0, 1, 2, 3}
    for k in range(4):
        assert not set(groups[folds == k]) & set(groups[folds != k])
    assert task._replace(groups=np.zeros(120)).source_folds() is None
    by_class = task._replace(groups=(ys > np.median(ys)).astype(int)).source_folds()
    assert (by_class is None) if of_classes else (set(by_class) == {0, 1})


def test_an_unknown_method_is_no_member_until_it_gains():
    Xs, ys, Xt, _ = shifted_classes(shift=4.0)
    model = AutoAdapt(
        LogisticRegression(),
        methods={"scaled": DomainStandardScaler(), "kmm": KMM()},
        random_state=0,
    ).fit(Xs, ys, Xt=Xt)
    gains = model.results_.set_index("method")["gain"]
    assert set(model.members_) == {m for m in ("scaled", "kmm") if gains[m] > 0}
