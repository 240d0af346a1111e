"""The benchmark of deep methods runs, resumes, and reports what it measured."""

import sys
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def bench(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    import deep_accuracy

    yield deep_accuracy
    for name in ("deep_accuracy", "deep_tasks"):
        sys.modules.pop(name)


def cell(task, method, seed, accuracy, **others):
    given = {"backend": "jax", "settings": "", "seconds": "2.0", "classes": "3"}
    row = {"task": task, "method": method, "seed": str(seed), "version": "0"}
    return {**row, **given, "accuracy": str(accuracy), **others}


def test_linear_models_are_measured_once(bench, tmp_path, capsys):
    path = tmp_path / "results" / "rows.csv"
    bench.run(["moons"], bench.LINEAR, range(2), {}, path)
    rows = bench.records.read(path)
    assert [(r["method"], r["seed"]) for r in rows] == [
        (method, str(seed)) for method in bench.LINEAR for seed in range(2)
    ]
    assert all(0.6 < float(r["accuracy"]) <= 1 for r in rows)
    capsys.readouterr()
    bench.run(["moons"], bench.LINEAR, range(2), {}, path)
    assert capsys.readouterr().out == ""
    assert bench.records.read(path) == rows
    bench.run(["moons"], ["logistic"], range(1), {}, path, fresh=True)
    again = bench.records.read(path)
    assert len(again) == len(rows)
    assert again[-1]["accuracy"] == rows[0]["accuracy"]


def test_series_are_turned_into_shares_of_steps(bench):
    from random_convolutions import RandomConvolutions

    t = np.arange(40)
    X = np.stack([np.sin(t * w) for w in (0.3, 0.3, 1.5)])[..., None]
    F = RandomConvolutions(n_thresholds=1).fit(X).transform(X)
    assert F.shape == (3, 84 * 3)  # dilations of 1, 2 and 4
    np.testing.assert_array_equal(F[0], F[1])
    assert np.abs(F[0] - F[2]).max() > 0.1
    assert F.min() >= 0
    assert F.max() <= 1


def test_target_trained_never_sees_the_rows_that_it_predicts(bench):
    groups = np.repeat(np.arange(5), 4)
    seen = []

    def predict(train, test):
        assert not (train & test).any()
        assert not set(groups[train]) & set(groups[test])
        seen.append(test)
        return np.flatnonzero(test)

    found = bench.crossed(predict, np.zeros(20, dtype=int), groups, seed=0)
    np.testing.assert_array_equal(found, np.arange(20))


def test_the_report_has_means_over_tasks_and_least_task(bench):
    rows = [
        *(cell("gas 1>2", "DANN", s, a) for s, a in enumerate((0.5, 0.7))),
        *(cell("gas 1>4", "DANN", s, a) for s, a in enumerate((0.9, 0.9))),
        cell("gas 1>4", "DANN", 0, 0.1, backend="torch"),
        cell("gas 1>3", "DANN", 0, 0.1),  # chose defaults, and is not reported
        cell("gas 1>2", "DAN", 0, 0.9),  # and not on the other task
    ]
    tasks = "gas 1>2", "gas 1>4"
    cells = bench.table(rows, tasks)
    assert list(cells) == [("DANN", "gas")]
    found = cells["DANN", "gas"]
    assert found["mean"] == pytest.approx(0.75)
    assert found["least"] == pytest.approx(0.6)
    assert found["deviation"] == pytest.approx(0.05)
    assert (found["seeds"], found["tasks"]) == (2, 2)
    assert bench.report(rows, tasks) == [
        {"row": "DANN", "column": "gas (2)", "value": "0.750, 0.600 ± 0.050 [2]"},
        {"row": "DANN", "column": "seconds of a fit", "value": "2.0 to 2.0"},
    ]


@pytest.mark.parametrize(
    ("asked", "found"),
    [(["moons"], ["moons"]), (["watch"], ["watch left>right", "watch right>left"])],
)
def test_tasks_are_asked_for_by_name_or_first_word(bench, asked, found):
    assert bench.chosen(asked) == found


def test_no_task_that_chose_a_default_is_reported(bench):
    import deep_tasks

    assert not set(deep_tasks.REPORTED) & set(deep_tasks.CHOOSING)
