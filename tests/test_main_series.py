"""The command line on time series, and with groups."""

import joblib
import numpy as np
import pandas as pd
import pytest

from adapt.__main__ import main
from tests.model_selection.test_series import Xs, Xt, long, ys
from tests.test_main import fails, files, run, tables  # noqa: F401

LINE = (
    "compare --source a.csv --target b.csv --id id --time t --label kind --cv 2 "
    "--methods QuantileMatching"
)


@pytest.fixture
def series(tmp_path, monkeypatch):
    """Go to a folder with long tables of both domains, shuffled."""
    monkeypatch.chdir(tmp_path)
    source, target = long(Xs), long(Xt)
    source["kind"] = np.array(["slow", "fast"])[ys][source["id"]]
    source["person"] = source["id"] // 10
    source.to_csv("a.csv", index=False)
    target.assign(id="w" + target["id"].astype(str)).to_csv("b.csv", index=False)
    return tmp_path


def test_a_line_for_each_series(series, capsys):
    assert run(f"{LINE} --group person --output p.csv --save m.joblib") == 0
    said = capsys.readouterr().out
    assert "60 series with labels" in said
    assert "50 series." in said
    table = pd.read_csv("p.csv")
    assert table.columns.tolist() == ["id", "kind", "probability"]
    assert table["id"].tolist() == sorted(f"w{k}" for k in range(50))
    in_order = Xt[[int(name[1:]) for name in table["id"]]]
    predicted = joblib.load("m.joblib").predict(in_order)
    assert table["kind"].tolist() == predicted.tolist()


def test_recordings_are_cut_into_windows(series, capsys):
    assert run(f"{LINE} --width 15 --step 15 --output p.csv") == 0
    assert "120 series with labels" in capsys.readouterr().out
    table = pd.read_csv("p.csv")
    assert table["id"].tolist()[:3] == ["w0 from 0", "w0 from 15", "w1 from 0"]
    assert len(table) == 100


def test_diagnose_tests_channels(series, capsys):
    line = "diagnose --source a.csv --target b.csv --id id --time t --label kind"
    assert main([*line.split(), "--drop", "person"]) == 0
    said = capsys.readouterr().out
    assert "a: level" in said
    assert "turned in the target" in " ".join(said.split())


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (LINE.replace("--id id", "--id who"), "has no column 'who'"),
        (LINE.replace("--time t", "--time when"), "has no column 'when'"),
        (f"{LINE} --width 99", "No recording is as long"),
        (LINE.replace("--label kind", "--label a"), "changes within the series"),
    ],
)
def test_what_cannot_be_read_is_refused(series, capsys, line, message):
    assert message in fails(line, capsys)


def test_groups_of_a_table_are_no_feature(files, tables, capsys):  # noqa: F811
    grouped = tables[0].assign(ward=np.arange(len(tables[0])) // 12)
    grouped.to_csv("a.csv", index=False)
    line = "compare --source a.csv --target b.csv --label y --cv 2 --methods CORAL"
    assert run(f"{line} --group ward --save m.joblib") == 0
    model = joblib.load("m.joblib")
    assert model.predict(tables[1].drop(columns="y")).shape == (90,)
    assert "has no column 'x'" in fails(f"{line} --group x", capsys)
