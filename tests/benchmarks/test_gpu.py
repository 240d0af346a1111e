"""What the first process of the GPU benchmark does, which imports no backend."""

import csv
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def gpu(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    import gpu

    return gpu


def made_up(job):
    """Return a result of a job: the GPU is twenty times as fast."""
    if job["training"] == "losses":
        return {**job, "losses": [1.0, 0.5 if job["on"] == "gpu" else 0.5 + 4e-5]}
    speed = {"gpu": 2000, "cpu": 100}[job["on"]]
    speed = 2500 if job["training"] == "plain" else speed
    return {**job, "rows_per_s": speed, "memory_mb": 64, "weights": 10, "epochs": 3}


def test_every_case_is_measured_reported_and_written(gpu, monkeypatch, tmp_path):
    monkeypatch.setattr(gpu, "run", made_up)
    found = gpu.measure(*gpu.jobs(1.0), together=True)
    assert len(found) == 16
    text = gpu.summary(found)
    assert text.count("20.0     1.25      64      64") == 4
    assert text.count("8.0e-05: within bounds: yes") == 2
    path = tmp_path / "results" / "gpu.csv"
    gpu.write(path, found, "a chip", "jax")
    gpu.write(path, found[:1], "a chip", "jax")
    rows = list(csv.DictReader(path.read_text().splitlines()))
    assert len(rows) == 12
    assert {row["device"] for row in rows} == {"a chip", "two cores"}
    assert all(row["date"] and row["rows_per_s"] for row in rows)


def test_what_fails_or_has_no_time_is_said(gpu, monkeypatch):
    monkeypatch.setattr(gpu, "run", lambda job: {**job, "error": "out of memory"})
    found = gpu.measure(*gpu.jobs(1.0), together=False)
    text = gpu.summary(found)
    assert text.count("out of memory") == 12
    assert text.count("within bounds: NO") == 2
    monkeypatch.setattr(gpu, "TOTAL", -1)
    found = gpu.measure(*gpu.jobs(1.0), together=False)
    assert {row["error"] for row in found} == {"no time left"}


def test_the_last_result_counts(gpu):
    assert gpu.result_of('RESULT {"a": 1}\nwords\nRESULT {"a": 2}\n') == {"a": 2}
    assert gpu.result_of("words") is None
