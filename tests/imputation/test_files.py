"""`adapt impute`: from file to file."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from adapt.__main__ import main
from adapt.imputation import GaussianTransferImputer, _fill_files


def make_table(n, seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    return pd.DataFrame(
        {
            "id": [f"row {i}" for i in range(n)],
            "a": x.round(3),
            "b": np.rint(10 * x).astype(int),
            "kind": np.where(x > 0, "high", "low"),
            "flag": x > 0.5,
        }
    )


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make_table(200, 0).to_csv("a.csv", index=False)
    complete = make_table(120, 1)
    text = complete.astype(str)
    text["a"] = [f"{value:+.4f}" for value in complete["a"]]
    rng = np.random.default_rng(2)
    gaps = rng.random(text.shape) < 0.3
    gaps[:, 0] = rng.random(120) < 0.1
    gaps[:5] = False
    gaps[:, 1] &= ~gaps[:, 2]  # so that one of the two tells the other
    text.mask(pd.DataFrame(gaps, columns=text.columns), "").to_csv("b.csv", index=False)
    return complete, text, gaps, tmp_path


def read_text(name):
    return pd.read_csv(name, dtype=str, keep_default_na=False)


def test_impute(files, capsys):
    complete, text, gaps, _ = files
    arguments = "impute --source a.csv --target b.csv --output filled.csv"
    assert main(arguments.split()) == 0
    out = capsys.readouterr().out
    assert f"Filled {gaps[:, 1:].sum()} cells." in out
    assert "Left as they are, because no value is known: id." in out
    filled = read_text("filled.csv")
    assert filled.columns.equals(text.columns)
    assert np.all(filled.to_numpy()[~gaps] == text.to_numpy()[~gaps])
    assert set(filled["kind"]) == {"high", "low"}
    assert set(filled["flag"]) == {"True", "False"}
    assert filled["b"].str.fullmatch(r"-?\d+").all()
    rows = gaps[:, 2] & ~gaps[:, 1]
    error = filled["b"].astype(int) - complete["b"]
    assert np.abs(error[rows]).mean() < 3
    assert (filled["kind"] == complete["kind"])[gaps[:, 3]].mean() > 0.7


def test_without_a_source_or_without_gaps(files, capsys):
    assert main(["impute", "--target", "b.csv", "--output", "c.csv"]) == 0
    assert not (read_text("c.csv").drop(columns="id") == "").any().any()
    capsys.readouterr()
    assert main(["impute", "--target", "a.csv", "--output", "d.csv"]) == 0
    assert "Filled 0 cells." in capsys.readouterr().out
    assert (files[3] / "d.csv").read_text() == (files[3] / "a.csv").read_text()


def test_parquet_keeps_its_dtypes(files):
    pytest.importorskip("pyarrow")
    table = make_table(80, 3).drop(columns="id")
    table["b"] = table["b"].astype("Int64")
    table["kind"] = table["kind"].astype("category")
    table["flag"] = table["flag"].astype("boolean")
    table["a"] = table["a"].astype("float32")
    gaps = table.mask(np.random.default_rng(0).random(table.shape) < 0.2)
    gaps = gaps.astype(table.dtypes)
    gaps.to_parquet("b.parquet")
    arguments = "impute --source a.csv --target b.parquet --output c.parquet"
    assert main(arguments.split()) == 0
    filled = pd.read_parquet("c.parquet")
    pd.testing.assert_series_equal(filled.dtypes, table.dtypes)
    assert not filled.isna().any().any()
    seen = gaps.notna()
    pd.testing.assert_frame_equal(filled.where(seen), gaps.where(seen))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--target b.csv --output no/c.csv", "no folder"),
        ("--target none.csv --output c.csv", "no file 'none.csv'"),
        ("--target b.csv --output c.doc", "Cannot tell what 'c.doc' is to be"),
        ("--target b.csv", "--output"),
    ],
)
def test_errors_are_one_line_and_write_nothing(arguments, message, files, capsys):
    assert main(["impute", *arguments.split()]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert sorted(path.name for path in files[3].iterdir()) == ["a.csv", "b.csv"]


def test_columns_of_other_names(files):
    target = pd.read_csv("b.csv")
    source = pd.read_csv("a.csv").rename(columns=str.upper)
    with pytest.warns(UserWarning, match="no column of the target's"):
        cells, unfilled = _fill_files.fill_table(
            GaussianTransferImputer(random_state=0), target, source
        )
    assert unfilled == ["id"]
    assert set(cells) == {"a", "b", "kind", "flag"}


def test_several_sources_are_one_clue(files, capsys):
    whole = pd.read_csv("a.csv")
    half = len(whole) // 2
    whole[:half].to_csv("first.csv", index=False)
    whole[half:].to_csv("second.csv", index=False)
    line = "impute --target b.csv --source {} --output {}"
    assert main(line.format("a.csv", "one.csv").split()) == 0
    assert main(line.format("first.csv second.csv", "two.csv").split()) == 0
    assert Path("one.csv").read_text() == Path("two.csv").read_text()
    whole[half:].assign(more=1.0).to_csv("second.csv", index=False)
    capsys.readouterr()
    assert main(line.format("first.csv second.csv", "two.csv").split()) == 0
    assert Path("one.csv").read_text() == Path("two.csv").read_text()
    assert main(line.format("first.csv no.csv", "three.csv").split()) == 2
    assert "There is no file 'no.csv'" in capsys.readouterr().err
