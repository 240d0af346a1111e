"""Files of all kinds through each verb that reads some.

Each is read right, or one line says what to type. What the verbs then do is stubbed:
it is tested elsewhere, and here it would only take time.
"""

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from adapt.__main__ import main

N = 12
SOURCE = pd.DataFrame(
    {
        "age": [1.5, 2.25, 1043.0, -4.5, 6.75, 0.125] * 2,
        "size": np.arange(N) % 5 * 1000 + 0.5,
        "kind": ["é", "b", "c", "ö", "f", "b"] * 2,
        "y": ["no", "yes"] * 6,
    }
)
TARGET = SOURCE.assign(age=SOURCE["age"] + 0.5)
VERBS = {
    "compare": "compare --source a.csv --target {} --label y",
    "diagnose": "diagnose --source a.csv --target {} --label y",
    "impute": "impute --source a.csv --target {} --output out.csv",
}
STUBS = {
    "compare": "adapt.model_selection.compare",
    "diagnose": "adapt.inspection.diagnose_shift",
    "impute": "adapt.imputation._fill_files.fill_file",
}


class Stub:
    """Remembers what it is called with, and ends the command."""

    def __call__(self, *args, **kwargs):
        names = ("imputer", "path", "Xt") if len(args) > 4 else ("Xs", "ys", "Xt")
        self.given = dict(zip(names, args, strict=False)) | kwargs
        raise SystemExit(0)

    @property
    def target(self):
        return self.given["Xt"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    SOURCE.to_csv("a.csv", index=False)


@pytest.fixture
def stubs(monkeypatch):
    found = {verb: Stub() for verb in VERBS}
    for verb, name in STUBS.items():
        monkeypatch.setattr(name, found[verb])
    return found


def put(name, table=TARGET, encoding="utf-8", **kwargs):
    """Write a table, a text or bytes, and return the name of the file."""
    if isinstance(table, pd.DataFrame):
        table = table.to_csv(index=False, **kwargs)
    if isinstance(table, str):
        table = table.encode(encoding)
    Path(name).write_bytes(table)
    return name


def written(numbers):
    """Return the target with its sizes written by a function."""
    return TARGET.assign(size=[numbers(x) for x in TARGET["size"]])


def english(x):
    return f"{x:,.2f}"


def german(x):
    return f"{x:,.2f}".translate(str.maketrans(",.", ".,"))


def compressed(name):
    put("x", TARGET)
    Path(name).write_bytes(gzip.compress(Path("x").read_bytes()))
    return name


def as_parquet(name, table=TARGET):
    table.to_parquet(name)
    return name


def row_names(table):
    """Return a table as R writes it: the header leaves out the names of the rows."""
    header, *rows = table.to_csv(index=False).splitlines()
    return "\n".join([header, *(f"r{k},{row}" for k, row in enumerate(rows))])


def with_ends(end):
    return put("ends.csv", TARGET.to_csv(index=False, lineterminator=end))


READ = {
    "plain": lambda: put("b.csv"),
    "semicolon": lambda: put("b.csv", sep=";"),
    "tab": lambda: put("b.csv", sep="\t"),
    "tsv": lambda: put("b.tsv", sep="\t"),
    "txt": lambda: put("b.txt"),
    "bar": lambda: put("b.csv", sep="|"),
    "bom": lambda: put("b.csv", encoding="utf-8-sig"),
    "utf-16": lambda: put("b.csv", encoding="utf-16"),
    "utf-16 without mark": lambda: put("b.csv", encoding="utf-16-le"),
    "latin-1": lambda: put("b.csv", encoding="latin-1"),
    "decimal comma": lambda: put("b.csv", sep=";", decimal=","),
    "decimal comma in quotes": lambda: put("b.csv", decimal=","),
    "thousands": lambda: put("b.csv", written(english)),
    "german thousands": lambda: put("b.csv", written(german), sep=";", decimal=","),
    "swiss thousands": lambda: put(
        "b.csv", written(lambda x: english(x).replace(",", "'")), sep=";"
    ),
    "french thousands": lambda: put(
        "b.csv",
        written(lambda x: german(x).replace(".", "\u202f")),
        sep=";",
        decimal=",",
    ),
    "all in quotes": lambda: put("b.csv", quoting=1),
    "gz": lambda: compressed("b.csv.gz"),
    "parquet": lambda: as_parquet("b.parquet"),
    "line ends of Windows": lambda: with_ends("\r\n"),
    "separators at line ends": lambda: with_ends(",\n"),
    "capital ending": lambda: put("B.CSV"),
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("case", READ)
def test_is_read_right(case, verb, stubs, capsys):
    assert main(VERBS[verb].format(READ[case]()).split()) == 0
    target = stubs[verb].target
    expected = TARGET if verb == "impute" else TARGET.drop(columns="y")
    pd.testing.assert_frame_equal(target[expected.columns.tolist()], expected)
    extra = [name for name in target if name not in expected]
    assert target[extra].isna().all(axis=None)
    usual = case in {"plain", "tsv", "bom", "gz", "parquet", "capital ending"}
    usual |= "line" in case or case == "all in quotes"
    note = capsys.readouterr().err
    assert note.count("\n") == (not usual)
    assert usual or note.startswith("adapt: note: Read '")


TIMES = pd.date_range("2024-01-01", periods=N)
# For each case the file, and words of the error of compare and diagnose, and of impute;
# None where it works.
NOT_READ = {
    "empty": (lambda: put("b.csv", ""), "is empty", "is empty"),
    "blank": (lambda: put("b.csv", "\n\n"), "is empty", "is empty"),
    "header only": (
        lambda: put("b.csv", TARGET[:0]),
        "'b.csv' has no rows",
        "'b.csv' has no rows",
    ),
    "no header": (lambda: put("b.csv", header=False), "reads like data", None),
    "one sheet of a spreadsheet": (
        lambda: put("b.xlsx", "PK"),
        "save the sheet as CSV",
        "save the sheet as CSV",
    ),
    "spreadsheet by another name": (
        lambda: put("b.csv", b"PK\x03\x04" + bytes(50)),
        "is an Excel file",
        "is an Excel file",
    ),
    "compressed by another name": (
        lambda: compressed("b.csv"),
        "let its name end in .csv.gz",
        "let its name end in .csv.gz",
    ),
    "parquet by another name": (
        lambda: as_parquet("b.csv"),
        "let its name end in .parquet",
        "let its name end in .parquet",
    ),
    "not gz": (lambda: put("b.csv.gz"), "Cannot read", "Cannot read"),
    "not parquet": (lambda: put("b.parquet"), "as Parquet", "as Parquet"),
    "no text": (
        lambda: put("b.csv", bytes(range(1, 256)) * 9),
        "give another --encoding",
        "give another --encoding",
    ),
    "wrong path": (lambda: "none.csv", "There is no file", "There is no file"),
    "folder": (lambda: ".", "is a folder", "is a folder"),
    "other kind": (lambda: put("b.json"), "use .csv", "use .csv"),
    "rows of many lengths": (
        lambda: put("b.csv", "age,size\n1,2\n1,2,3,4,5\n"),
        "--sep",
        "--sep",
    ),
    "first row too long": (
        lambda: put("b.csv", "age,size\n1,2,3,4,5\n1,2\n"),
        "the header has 2 names and the first row has 5 cells",
        "the header has 2 names and the first row has 5 cells",
    ),
    "other columns": (
        lambda: put("b.csv", TARGET[["age"]].set_axis(["z"], axis=1)),
        "the same names in both",
        None,
    ),
    "label alone": (lambda: put("b.csv", TARGET[["y"]]), "no column of features", None),
    "wrong labels": (
        lambda: put("b.csv", TARGET.assign(y=np.arange(N) % 2)),
        "write them alike",
        None,
    ),
    "dates": (
        lambda: (
            put("a.csv", SOURCE.assign(day=TIMES))
            and put("b.csv", TARGET.assign(day=TIMES))
        ),
        "'2024-01-01' in row 1 of 'a.csv': take it apart with --dates day, or leave it "
        "out with --drop day",
        None,
    ),
    "dates of Parquet": (
        lambda: (
            put("a.csv", SOURCE.assign(day=TIMES))
            and as_parquet("b.parquet", TARGET.assign(day=TIMES))
        ),
        "take it apart with --dates day",
        None,
    ),
    "a dirty cell": (
        lambda: put("b.csv", written(lambda x: "n.v." if x == 3000.5 else x)),
        "'n.v.' in row 4 of 'b.csv', column 'size', is not a number, nor are 1 more "
        "cells: correct it, give --missing 'n.v.'",
        "'n.v.' in row 4 of 'b.csv', column 'size'",
    ),
    "texts for numbers": (
        lambda: put("b.csv", written(lambda x: "many")),
        "'many' in row 1 of 'b.csv', column 'size', is not a number, as the cells",
        None,
    ),
    "truth for texts": (
        lambda: put("b.csv", TARGET.assign(kind=TARGET["age"] > 1)),
        "'é' in row 1 of 'a.csv', column 'kind', is neither true nor false",
        None,
    ),
    "infinite": (
        lambda: put("b.csv", TARGET.assign(age=[*TARGET["age"][:-1], np.inf])),
        "inf in row 12 of 'b.csv', column 'age', is not finite",
        "inf in row 12 of 'b.csv', column 'age', is not finite",
    ),
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("case", NOT_READ)
def test_what_cannot_be_used_is_one_line(case, verb, stubs, capsys):
    make, message, message_of_impute = NOT_READ[case]
    message = message_of_impute if verb == "impute" else message
    line = VERBS[verb].format(make())
    status = main(line.split())
    err = capsys.readouterr().err
    if message is None:
        assert status == 0
        return
    assert status == 2
    errors = [line for line in err.splitlines() if line.startswith("adapt: error: ")]
    assert len(errors) == 1
    assert message in errors[0]
    assert err.splitlines()[-1] == errors[0]
    assert not Path("out.csv").exists()


NOTED = {
    "two columns of a name": (
        lambda: put("b.csv", TARGET.to_csv(index=False).replace("size", "age", 1)),
        "'b.csv' has two columns 'age'; the second is called 'age.1' here",
    ),
    "an index": (
        lambda: put("a.csv", SOURCE.to_csv()) and put("b.csv", TARGET.to_csv()),
        "the first column, which has no name and names the rows",
    ),
    "names of rows": (
        lambda: put("a.csv", row_names(SOURCE)) and put("b.csv", row_names(TARGET)),
        "the first column, which has no name and names the rows",
    ),
    "numbers as text in both": (
        lambda: (
            put("a.csv", SOURCE.assign(age=["?", *SOURCE["age"][1:]]))
            and put("b.csv", TARGET.assign(age=["?", *TARGET["age"][1:]]))
        ),
        "Taken as text: '?' in row 1 of 'a.csv', column 'age'",
    ),
    "source rows without label": (
        lambda: (
            put("a.csv", SOURCE.assign(y=[None, *SOURCE["y"][1:]])) and put("b.csv")
        ),
        "1 of 12 source rows without a label in 'y', the first row 1 of 'a.csv'",
    ),
    "unknown labels": (
        lambda: put("b.csv", TARGET.assign(y=["new", *TARGET["y"][1:]])),
        "no method can predict: 'new'",
    ),
}


@pytest.mark.parametrize("verb", ["compare", "diagnose"])
@pytest.mark.parametrize("case", NOTED)
def test_what_is_used_otherwise_is_said(case, verb, stubs, capsys):
    make, note = NOTED[case]
    assert main(VERBS[verb].format(make()).split()) == 0
    assert note in capsys.readouterr().err
    assert not [name for name in stubs[verb].target if name.startswith("Unnamed")]


@pytest.mark.parametrize("verb", VERBS)
def test_texts_for_missing_values(verb, stubs):
    put("b.csv", written(lambda x: "n.v." if x == 3000.5 else x))
    line = f"{VERBS[verb].format('b.csv')} --missing n.v. ?"
    assert main(line.split()) == 0
    assert stubs[verb].target["size"].isna().sum() == 2


@pytest.mark.parametrize("verb", ["compare", "diagnose"])
def test_a_separator_that_is_wrong(verb, stubs, capsys):
    status = main([*VERBS[verb].format(put("b.csv")).split(), "--sep", "|"])
    assert status == 2
    assert "leave out --sep" in capsys.readouterr().err
