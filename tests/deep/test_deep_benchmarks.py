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
    (row,) = bench.records.read(path)
    assert row["settings"] == '{"epochs": 1}'
    assert row["classes"] in "12"


@pytest.mark.parametrize("training", ["adaptation", "plain", "losses"])
def test_what_is_timed_on_a_gpu(training, monkeypatch, capsys):
    import gpu

    if gpu.BACKEND not in ("jax", "torch"):
        pytest.skip("it measures JAX and torch")
    monkeypatch.setitem(gpu.SHAPES, "DANN", (4,))
    monkeypatch.setattr(gpu, "large_encoder", gpu.small_encoder)
    job = {"method": "DANN", "networks": "large", "training": training}
    job |= {"n": 64, "batch": 32, "seconds": 0.0, "on": "gpu"}
    gpu.work(job)
    found = gpu.result_of(capsys.readouterr().out)
    if training == "losses":
        assert len(found["losses"]) == 2
    else:
        assert found["rows_per_s"] > 0
        assert found["epochs"] >= 2
