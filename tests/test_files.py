"""Files as analysts have them: each is read, or one line says what to type."""

import gzip
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from adapt import _files
from adapt.__main__ import main

TABLE = pd.DataFrame(
    {
        "age": [1.5, 2.25, 1043.0, -4.5, 6.75],
        "name": ["é", "b", "c", "ö", "f"],
        "n": [1, 2, 3, 4, 5],
    }
)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def written(name="x.csv", text=None, encoding="utf-8", **kwargs):
    """Write the table, or a text, and return the name of the file."""
    if text is None:
        text = TABLE.to_csv(index=False, **kwargs)
    with open(name, "wb") as file:
        file.write(text.encode(encoding))
    return name


def read_quietly(path):
    with pytest.warns(UserWarning, match="Read 'x.csv'") as notes:
        table = _files.read_table(path)
    return table, " ".join(str(note.message) for note in notes)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.filterwarnings("error")
def test_usual_files_are_read_without_a_note(encoding):
    pd.testing.assert_frame_equal(
        _files.read_table(written(encoding=encoding)), TABLE, check_exact=True
    )


@pytest.mark.parametrize(
    ("kwargs", "encoding", "words"),
    [
        ({"sep": ";"}, "utf-8", "separator semicolon"),
        ({"sep": "\t"}, "utf-8", "separator tab"),
        ({"sep": "|"}, "utf-8", "separator bar"),
        ({"sep": ";", "decimal": ","}, "utf-8", "decimal comma"),
        ({"sep": "\t", "decimal": ","}, "utf-16", "encoding utf-16"),
        ({}, "utf-16", "encoding utf-16"),
        ({}, "utf-16-le", "encoding utf-16-le"),
        ({}, "utf-16-be", "encoding utf-16-be"),
        ({}, "latin-1", "encoding cp1252"),
        ({"sep": ";", "decimal": ","}, "latin-1", "decimal comma, encoding cp1252"),
        ({"sep": ";", "decimal": ","}, "utf-8-sig", "separator semicolon"),
    ],
)
def test_what_is_unusual_is_found_and_said(kwargs, encoding, words):
    table, note = read_quietly(written(encoding=encoding, **kwargs))
    pd.testing.assert_frame_equal(table, TABLE)
    assert words in note


def test_latin_1_after_the_first_rows():
    text = "a,b\n" + "1,x\n" * 30_000 + "2,é\n"
    table, note = read_quietly(written(text=text, encoding="latin-1"))
    assert table["b"].iloc[-1] == "é"
    assert "cp1252" in note


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('a,b\n"15,541.38",1\n12.5,2\n"1,000",3\n', [15541.38, 12.5, 1000]),
        ("a;b\n15.541,38;1\n12,5;2\n1.000,00;3\n", [15541.38, 12.5, 1000]),
        ('a,b\n"1,5",1\n"2,25",2\n3,3\n', [1.5, 2.25, 3]),
        ('a,b\n"1,500",1\n,2\n"3,250",3\n', [1500, np.nan, 3250]),
    ],
)
def test_numbers_with_commas(text, expected):
    table, _ = read_quietly(written(text=text))
    np.testing.assert_array_equal(table["a"], expected)
    assert table["b"].tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("other", "decimal", "expected"),
    [
        ("x", None, 1500),  # nothing else tells: as English files have it
        ("1,5", None, 1.5),
        ("15,541.38", None, 1500),
        ("1,234,567", None, 1500),
        ("2.5", None, 1500),
        ("x", ".", 1500),
        ("x", ",", 1.5),
    ],
)
def test_a_comma_before_three_digits_follows_the_other_columns(
    other, decimal, expected
):
    path = written(text=f'a,b\n"1,500","{other}"\n"2,250","{other}"\n')
    with warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("always")
        table = _files.read_table(path, _files.FOUND._replace(decimal=decimal))
    assert table["a"].tolist() == [expected, expected * 1.5]
    said = " ".join(str(note.message) for note in notes)
    if decimal != ",":  # or it is as was said
        assert f"'1,500' in 'a' as {expected}" in said
    doubt = decimal is None and expected == 1500
    assert ("give --decimal" in said) == doubt


def test_thousands_never_begin_with_zero():
    table, _ = read_quietly(written(text='a,b\n"0,500",1\n"2,250",2\n'))
    assert table["a"].tolist() == [0.5, 2.25]


def test_points_between_thousands_in_a_file_of_semicolons():
    table, note = read_quietly(written(text="a;b\n1.234.567;1.5\n12;2,5\n"))
    assert table["a"].tolist() == [1234567, 12]
    assert "decimal comma" in note


@pytest.mark.parametrize(
    "cells", [["1,2,3", "4,5,6"], ["12,345", "x"], ["1,", "2,"], ["01,02", "a,b"]]
)
@pytest.mark.filterwarnings("error")
def test_text_with_commas_stays_text(cells):
    rows = "".join(f'"{cell}",{k}\n' for k, cell in enumerate(cells))
    assert _files.read_table(written(text=f"a,b\n{rows}"))["a"].tolist() == cells


@pytest.mark.filterwarnings("error")
def test_quoted_line_ends_and_separators():
    text = 'a,b\n"one\ntwo; three",1\n"x;y;z;;;",2\n'
    table = _files.read_table(written(text=text))
    assert table["a"].tolist() == ["one\ntwo; three", "x;y;z;;;"]


def test_what_is_given_is_not_looked_for():
    given = _files.Layout(";", ",", "latin-1")
    path = written(sep=";", decimal=",", encoding="latin-1")
    pd.testing.assert_frame_equal(_files.read_table(path, given), TABLE)


@pytest.mark.parametrize(
    "name", ["x.csv", "x.csv.gz", "x.tsv", "x.tsv.gz", "x.parquet"]
)
@pytest.mark.filterwarnings("error")
def test_tables_come_back_as_written(name):
    _files.write_table(name, TABLE)
    pd.testing.assert_frame_equal(_files.read_table(name), TABLE)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: written(text=""), "is empty"),
        (lambda: written(text="a,b\n1,2\n1,2,3,4\n"), "--sep"),
        (lambda: "none.csv", "no file 'none.csv'"),
        (lambda: ".", "is a folder"),
        (lambda: written("x.xlsx"), "save the sheet as CSV"),
        (lambda: written("x.csv.gz"), "Cannot read 'x.csv.gz'"),
        (lambda: written("x.parquet"), "Cannot read 'x.parquet'"),
    ],
)
def test_what_cannot_be_read_is_one_line(make, message, capsys):
    path = make()
    assert main(["impute", "--target", path, "--output", "out.csv"]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_cut_off_gzip_is_one_line(capsys):
    whole = gzip.compress(TABLE.to_csv(index=False).encode() * 50)
    with open("x.csv.gz", "wb") as file:
        file.write(whole[: len(whole) // 2])
    assert main(["impute", "--target", "x.csv.gz", "--output", "out.csv"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_unknown_encoding(capsys):
    line = f"impute --target {written()} --output o.csv --encoding latin-99"
    assert main(line.split()) == 2
    assert "--encoding" in capsys.readouterr().err


def test_impute_keeps_how_the_file_is_written():
    text = "a;b\n1,5;1\n;2\n2,5;3\n3,5;4\n"
    path = written(text=text)
    assert main(["impute", "--target", path, "--output", "out.csv"]) == 0
    with open("out.csv") as file:
        lines = file.read().splitlines()
    assert lines[:2] == ["a;b", "1,5;1"]
    assert 1.5 < float(lines[2].split(";")[0].replace(",", ".")) < 3.5


# ------------------------------------------------------------- the command line


@pytest.fixture
def domains():
    rng = np.random.default_rng(0)
    for name, shift in [("a.csv", 0), ("b.csv", 2)]:
        y = rng.integers(0, 2, 60)
        table = pd.DataFrame(
            {
                "key": [f"{name}-{k}" for k in range(60)],
                "day": pd.date_range("2020-01-01", periods=60).astype(str),
                "u": y + rng.normal(size=60) + shift,
                "v": rng.normal(size=60) - 2 * y,
                "y": y,
            }
        )
        table.to_csv(name, index=False)


COMPARE = "compare --source a.csv --target b.csv --label y --methods LinearOT --cv 2 "


@pytest.mark.parametrize("name", ["p.csv", "p.tsv", "p.csv.gz", "p.parquet"])
def test_predictions_by_their_ending_with_the_id(domains, name):
    assert main(f"{COMPARE} --drop day --id key --output {name}".split()) == 0
    table = _files.read_table(name)
    assert table.columns.tolist() == ["key", "y", "probability"]
    assert table["key"].tolist() == pd.read_csv("b.csv")["key"].tolist()


@pytest.mark.parametrize("options", ["--features u v", "--dates day --drop key"])
def test_columns_are_chosen(domains, options, capsys):
    assert main(f"{COMPARE} {options}".split()) == 0
    assert "Recommended" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--output p.xlsx --drop day", "use .csv"),
        ("--drop y", "is the column of the labels"),
        ("--id y", "is the column of the labels"),
        ("--output a.csv", "is a file to be read"),
        ("--output ./b.csv", "is a file to be read"),
        ("--output p.csv --save p.csv", "two results"),
        ("--drop days", "has a column 'days'"),
        ("--id none", "no column 'none'"),
        ("--dates key", "is no date such as"),
        ("--sep ;;", "one character"),
        ("--output none/p.csv", "no folder"),
    ],
)
def test_what_options_ask_in_vain_is_one_line(domains, options, message, capsys):
    before = Path("a.csv").read_bytes()
    assert main(f"{COMPARE} {options}".split()) == 2
    error = capsys.readouterr().err
    assert any(part in error for part in message.split("|"))
    assert error.count("\n") == 1
    assert Path("a.csv").read_bytes() == before


def test_methods_are_matched_regardless_of_case(domains, capsys):
    line = COMPARE.replace("LinearOT", "linearot coral") + "--drop day"
    assert main(line.split()) == 0
    assert "LinearOT" in capsys.readouterr().out


def test_did_you_mean(domains, capsys):
    assert main(f"{COMPARE.replace('LinearOT', 'LinerOT')} --drop day".split()) == 2
    assert "Did you mean 'LinearOT'?" in capsys.readouterr().err


def test_diagnose_without_labels(domains, capsys):
    line = "diagnose --source a.csv --target b.csv --drop day y"
    assert main(line.split()) == 0
    assert "Covariate shift or label shift" in capsys.readouterr().out
