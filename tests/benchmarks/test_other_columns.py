"""Two tables share half of their columns."""

from benchmarks import other_columns


def test_cases_share_half_of_the_columns():
    (Xs, ys, Xt, known), (rest, truth) = other_columns.two_tables(
        "breast cancer", 30, 0
    )
    assert len(set(Xs.columns) & set(Xt.columns)) == 15
    assert len(set(Xs.columns) | set(Xt.columns)) >= 29
    assert (len(ys), (known == known).sum()) == (189, 30)
    assert len(rest) == len(truth) == len(Xt) - 30
