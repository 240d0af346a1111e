"""The benchmark of memory compares each method with full fine-tuning."""

import sys
from pathlib import Path

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


def test_the_report_names_shares_and_bars(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    import tuner_memory

    sizes = {"full": 100, "LoRA": 90, "Ladder": 40, "VQT": 41}
    rows = [
        {"method": name, "step": size, "seconds": 1.0, "backend": "jax"}
        for name, size in sizes.items()
    ]
    full, lora, ladder, vqt = tuner_memory.report(rows)
    assert full.endswith("1.00 of full")
    assert lora.endswith("0.90 of full")
    assert ladder.endswith("0.40 of full; at most 0.4: met")
    assert vqt.endswith("0.41 of full; at most 0.4: not met")
    sys.modules.pop("tuner_memory")
