"""Files of results are added to, survive a stop, and are averaged."""

import numpy as np
import pytest

from benchmarks import records

COLUMNS = ("task", "seed", "value")


@pytest.fixture
def results(tmp_path):
    return records.Results(tmp_path / "new" / "rows.csv", COLUMNS, ("task", "seed"))


def row(task, seed, value=0.5):
    return {"task": task, "seed": seed, "value": value}


def test_rows_come_back_as_they_were_added(results):
    assert results.read() == []
    results.add(row("a, b", 0), row('c "d"', 1, ""))
    results.add(row("e", 2, 0.25))
    assert [tuple(r.values()) for r in results.read()] == [
        ("a, b", "0", "0.5"),
        ('c "d"', "1", ""),
        ("e", "2", "0.25"),
    ]
    assert row("e", 2) in results
    assert row("e", 3) not in results


def test_a_stopped_run_goes_on(results):
    results.add(row("a", 0), row("a", 1))
    with results.path.open("a") as file:
        file.write("a,2,0.")  # killed while it wrote
    assert row("a", 2) not in results
    results.add(row("a", 2, 0.75))
    assert [r["value"] for r in results.read()] == ["0.5", "0.5", "0.75"]


def test_a_row_takes_the_place_of_an_old_one(results):
    results.add(row("a", 0), row("a", 1))
    results.add(row("a", 0, 0.75), replace=True)
    assert [r["value"] for r in results.read()] == ["0.5", "0.75"]


def test_an_unknown_column_is_an_error(results):
    with pytest.raises(ValueError, match="sede"):
        results.add({**row("a", 0), "sede": 1})


def test_groups_are_averaged():
    rows = [row("b", "0", "1"), row("a", "0", "3"), row("b", "1", "2")]
    rows.append(row("a", "1", ""))
    assert records.average(rows, "task") == {"b": 1.5, "a": 3.0}
    assert records.average(rows, ("task",), of=np.max) == {("b",): 2.0, ("a",): 3.0}


def test_files_that_are_there_have_whole_rows():
    for path in sorted(records.FOLDER.glob("*.csv")):
        rows = records.read(path)
        assert rows, path.name
        assert all(None not in {*r, *r.values()} for r in rows), path.name
