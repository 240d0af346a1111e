"""The arithmetic of the benchmark tables; the benchmarks themselves are never run."""

from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def ratios(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    import ratios

    return ratios


def run(cpu, **others):
    return {"cpu": cpu, "wall": 2 * cpu, "memory": 5.0, "score": 0.5, **others}


def test_the_ratio_is_the_peers_cost_over_ours_pair_by_pair(ratios):
    found = ratios.ratio([run(1.0), run(2.0), run(1.0)], [run(3), run(4), run(8)])
    assert found == (3.0, 2.0, 8.0)


def test_pairs_with_a_failure_are_left_out(ratios):
    failed = {"error": "over 120 CPU s"}
    assert ratios.ratio([run(1.0), failed], [run(3.0), run(9.0)]) == (3.0, 3.0, 3.0)
    assert ratios.ratio([failed], [run(1.0)]) is None
    assert ratios.typical([failed], "cpu") is None
    assert ratios.failures("KMM", [failed, failed, run(1.0)]) == [
        "  KMM: over 120 CPU s"
    ]


@pytest.mark.parametrize(
    ("found", "bar", "expected"),
    [(5.0, 5, "yes"), (4.9, 5, "no"), (None, 5, "?"), (4.9, None, "-")],
)
def test_the_bar_is_held_against_the_median(ratios, found, bar, expected):
    found = None if found is None else ratios.Ratio(found, 1.0, 99.0)
    assert ratios.verdict(found, bar) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, "-"), (0.012345, "0.0123"), (12.345, "12.3"), (1234.5, "1234"), (5, "5")],
)
def test_numbers_have_three_digits(ratios, value, expected):
    assert ratios.number(value) == expected


def test_a_row_fills_the_columns_and_the_table_is_aligned(ratios):
    cells = ratios.row("DANN", 4000, "jax", 15, [run(0.1)], [run(2.0)])
    assert len(cells) == len(ratios.COLUMNS)
    named = dict(zip(ratios.COLUMNS, cells, strict=True))
    assert (named["ratio"], named["bar"], named["met"]) == ("20", "15", "yes")
    lines = ratios.aligned(("method", "bar"), [["DANN", "5"], ["x", "100"]]).split("\n")
    assert lines == ["method  bar", "DANN      5", "x       100"]
