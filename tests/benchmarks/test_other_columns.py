"""Tables of the guide are those of the file that the benchmark wrote."""

import pytest

from benchmarks import other_columns


@pytest.mark.parametrize("part", ["columns", "drift", "shares"])
def test_the_guide_shows_what_was_measured(part):
    page = other_columns.PAGES / f"other_columns_{part}.inc"
    assert page.read_text(encoding="utf-8") == other_columns.rst_table(part)


def test_cases_share_half_of_the_columns():
    (Xs, ys, Xt, known), (rest, truth) = other_columns.two_tables(
        "breast cancer", 30, 0
    )
    assert len(set(Xs.columns) & set(Xt.columns)) == 15
    assert len(set(Xs.columns) | set(Xt.columns)) >= 29
    assert (len(ys), (known == known).sum()) == (189, 30)
    assert len(rest) == len(truth) == len(Xt) - 30
