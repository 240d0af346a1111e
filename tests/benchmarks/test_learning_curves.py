"""Learning curves and many domains keep their scores in files of results."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from benchmarks import multi_domain, records


@pytest.fixture
def curves(tmp_path, monkeypatch):
    """Return the benchmark, with an empty folder of results."""
    monkeypatch.syspath_prepend(str(records.FOLDER.parent))
    from benchmarks import learning_curves

    monkeypatch.setattr(learning_curves.records, "FOLDER", tmp_path)
    return learning_curves


def test_scores_are_added_once_and_read_by_line(curves):
    runs = curves.Runs("digits")
    runs.add("source only, forest", 0, {"any": 0.5})
    runs.add("LinInt", 0, {5: 0.25, 10: 0.5})
    again = curves.Runs("digits")
    assert again.missing("LinInt", 0) == [20, 50, 100, "all"]
    assert again.missing("LinInt", 1) == curves.SIZES
    assert again.missing("source only, forest", 0, ["any"]) == []
    assert list(curves.read("digits")) == ["source only, forest"]
    again.add("LinInt", 0, dict.fromkeys(again.missing("LinInt", 0), 0.75))
    lines = curves.read("digits")
    np.testing.assert_array_equal(lines["source only, forest"], [[0.5] * 6])
    np.testing.assert_array_equal(
        lines["LinInt"], [[0.25, 0.5, 0.75, 0.75, 0.75, 0.75]]
    )
    assert curves.read("housing") == {}


def test_shallow_models_are_measured_once(curves, monkeypatch):
    logistic = {"logistic": LogisticRegression(max_iter=1000)}
    monkeypatch.setattr(curves, "source_models", lambda seed, n_columns: logistic)
    method = {"RegularTransferLC": ("logistic", curves.RegularTransferLC)}
    monkeypatch.setattr(curves, "shallow_methods", lambda seed: method)
    curves.measure("shallow", ["housing"], 1)
    rows = curves.records.read("learning_curves_runs.csv")
    assert len(rows) == 1 + 2 * len(curves.SIZES)
    assert all(0.4 < float(row["score"]) < 1 for row in rows)
    curves.measure("shallow", ["housing"], 1)
    assert curves.records.read("learning_curves_runs.csv") == rows


def test_rows_of_many_domains_are_means_over_seeds():
    key = "many", "watch 10", "pooled"
    found = [(*key, 0, 0.5), (*key, 1, 0.25), ("seconds", "Exam", "own", 0, 2.0)]
    columns = multi_domain.COLUMNS
    assert multi_domain.means(found) == [
        dict(zip(columns, (*key, "0.3750", 2), strict=True)),
        dict(zip(columns, ("seconds", "Exam", "own", "2.0000", 1), strict=True)),
    ]
