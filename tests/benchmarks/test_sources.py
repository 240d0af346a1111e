"""Tables of the guide are sorted, with the digits that are worth showing."""

from benchmarks import sources_tables as tables


def test_rows_are_sorted_and_numbers_short(monkeypatch):
    columns = {"ms": {"x": 0.25, "y": 0.5}, "mean": {"x": -0.75, "y": 0.1}}
    monkeypatch.setattr(tables, "columns_of", lambda name: columns)
    assert [tuple(cell.values()) for cell in tables.cells_of("any")] == [
        ("y", "ms", "0.5"),
        ("y", "mean", "0.100"),
        ("x", "ms", "0.2"),
        ("x", "mean", "-0.750"),
    ]
