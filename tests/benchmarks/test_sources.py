"""Tables of the guide are those of the file that the benchmark wrote."""

from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def tables(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    import sources_tables

    return sources_tables


@pytest.mark.parametrize(
    "name",
    ["features", "models_tau", "models", "mixtures", "classes", "tasks", "pruning"],
)
def test_the_guide_shows_what_was_measured(tables, name):
    page = (tables.PAGES / f"which_source_{name}.inc").read_text(encoding="utf-8")
    assert page == tables.rst_table(name)


def test_rows_are_sorted_and_numbers_short(tables, monkeypatch):
    columns = {"a": {"x": 0.25, "y": 0.5}, "mean": {"x": 0.1, "y": -0.75}}
    monkeypatch.setattr(tables, "columns_of", lambda name: columns)
    lines = tables.rst_table("any").splitlines()
    assert lines[3:6] == ["   * -", "     - a", "     - mean"]
    assert lines[6:9] == ["   * - x", "     - .250", "     - .100"]
    assert lines[9:] == ["   * - y", "     - .500", "     - -.750"]
