"""Rows to label leave by a file, and come back by the same."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from adapt.__main__ import main


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Write a source and a target in which the rule of labels is another."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    tables = {}
    for name, sign in [("old", 1), ("new", -1)]:
        table = pd.DataFrame(rng.normal(size=(80, 3)), columns=list("abc"))
        if sign < 0:
            table["a"] += 1
        truth = np.where(sign * table["b"] > 0, "yes", "no")
        tables[name] = table.assign(y=truth, id=[f"p{i}" for i in range(80)])
    tables["old"].to_csv("old.csv", index=False)
    tables["new"].drop(columns="y").to_csv("new.csv", index=False)
    return tables["new"]


def run(line):
    return main(line.split())


FILES = "--source old.csv --target new.csv --label y --cv 2 --methods CORAL"


@pytest.mark.parametrize(("row_id", "ending"), [("", "csv"), (" --id id", "tsv")])
def test_round_trip(files, capsys, row_id, ending):
    drop = " --drop id" if not row_id else ""
    given = f"{FILES}{row_id}{drop}"
    assert run(f"suggest {given} --n 12 --output to_label.{ending}") == 0
    assert "Fill in the column 'y'" in capsys.readouterr().out
    sep = "\t" if ending == "tsv" else ","
    table = pd.read_csv(f"to_label.{ending}", sep=sep)
    name = "id" if row_id else "row"
    assert list(table.columns[:2]) == [name, "y"]
    assert table["y"].isna().all()
    assert len(table) == 12
    rows = (table["row"] - 1) if not row_id else table["id"].str[1:].astype(int)
    np.testing.assert_allclose(table["a"], files["a"].iloc[rows])
    table["y"] = files["y"].iloc[rows].to_numpy()
    table.loc[3, "y"] = None  # one that nobody could tell
    table.to_csv(f"to_label.{ending}", sep=sep, index=False)
    labels = f"--labels to_label.{ending}"
    assert run(f"compare {given} {labels} --json out.json --output pred.csv") == 0
    told = json.loads(Path("out.json").read_text())
    assert told["target_labels"] == "choose"
    assert told["by_labels"]["n_labelled"] == 11
    assert len(pd.read_csv("pred.csv")) == 80
    # A second round names other rows.
    assert run(f"suggest {given} {labels} --n 5 --output more.csv") == 0
    again = pd.read_csv("more.csv")[name]
    assert not set(again) & set(table[name].drop(3))


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"row": [1, 2], "y": [None, None]}, "no label in the column 'y' yet"),
        ({"row": [1, 99], "y": ["no", "yes"]}, "labels a row 99"),
        ({"row": [1, 1], "y": ["no", "yes"]}, "labels a row twice"),
        ({"nr": [1, 2], "y": ["no", "yes"]}, "no column 'row'"),
        ({"row": [1, 2], "z": ["no", "yes"]}, "no column 'y'"),
    ],
)
def test_labels_that_cannot_be_brought_back(files, capsys, table, message):
    pd.DataFrame(table).to_csv("labels.csv", index=False)
    assert run(f"compare {FILES} --drop id --labels labels.csv") == 2
    assert message in capsys.readouterr().err


def test_bad_requests(files, capsys):
    assert run(f"suggest {FILES} --n 0 --output to_label.csv") == 2
    assert "--n must be at least 1" in capsys.readouterr().err
    assert run(f"suggest {FILES} --output new.csv") == 2
    assert "is a file to be read" in capsys.readouterr().err
    files.assign(id="same").drop(columns="y").to_csv("new.csv", index=False)
    assert run(f"suggest {FILES} --id id --output to_label.csv") == 2
    assert "names two target rows alike" in capsys.readouterr().err
