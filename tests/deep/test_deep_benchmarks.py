"""The benchmarks of deep methods run, at sizes that measure nothing."""

import sys
from pathlib import Path

import pytest

pytest.importorskip("keras", exc_type=ImportError)

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(autouse=True)
def _importable(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    yield
    for name in ("deep_accuracy", "deep_tasks", "gpu"):
        sys.modules.pop(name, None)


@pytest.mark.one_backend
def test_accuracies(tmp_path):
    import deep_accuracy as bench

    path = tmp_path / "rows.csv"
    bench.run(["moons"], ["DeepSource"], range(1), {"epochs": 1}, path)
    (row,) = bench.read_rows(path)
    assert row["settings"] == '{"epochs": 1}'
    assert row["classes"] in "12"
