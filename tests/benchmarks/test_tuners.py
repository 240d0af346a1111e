"""The benchmark of tuners goes on where it was left, and reports what it measured."""

import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def bench(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    import tuners

    yield tuners
    sys.modules.pop("tuners")


def row(bench, method, seed, accuracy, share=0.1):
    return {
        **bench.key_of("digits", method, 50, seed),
        "accuracy": accuracy,
        "trained": 10,
        "share": share,
        "seconds": 1.0,
    }


def test_rows_are_made_once(bench, tmp_path, monkeypatch, capsys):
    path = tmp_path / "results" / "rows.csv"
    monkeypatch.setattr(bench, "tuners", lambda task: {"LoRA 4": None})
    asked = []

    def measured(task, method, size, seed):
        asked.append(method)
        return row(bench, method, seed, 0.5)

    monkeypatch.setattr(bench, "measured", measured)
    bench.run(["digits"], None, [50], range(1), path)
    assert asked == [*bench.WITHOUT, "LoRA 4"]
    bench.run(["digits"], ["full", "LoRA 4"], [50], range(2), path)
    assert asked == [*bench.WITHOUT, "LoRA 4", "full", "LoRA 4"]
    assert len(bench.records.read(path)) == len(bench.WITHOUT) + 3


def test_the_report_names_bars(bench):
    rows = [
        row(bench, method, seed, accuracy)
        for method, accuracy in (("full", 0.9), ("LoRA 4", 0.895))
        for seed in range(2)
    ]
    table, bars = bench.report(rows)
    assert "     - 0.895 ± 0.000 (10.0 %)" in table
    assert bars == [
        "digits, 50 rows, 2 seeds: LoRA 4 -0.5 points from full fine-tuning; within 1 "
        "point: met"
    ]
    rows[-1]["accuracy"] = 0.8
    assert bench.report(rows)[1][0].endswith("not met")
