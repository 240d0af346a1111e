"""What the command line does with results: nothing that is finished is lost.

`compare`, `diagnose_shift` and the filling of a file are stubbed where their own work
is not looked at.
"""

import errno
import json
import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier

from adapt import _files
from adapt.__main__ import main
from adapt.discovery import all_adapters
from adapt.imputation._fill_files import Filled


class Found:
    """What `compare` or `diagnose_shift` returns, as far as it is written."""

    interrupted = False

    def __init__(self, model=None):
        self.best_estimator = model

    def __str__(self):
        return "the whole table"

    def to_dict(self):
        return {"found": 1}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table = pd.DataFrame(
        {"a": np.arange(30.0), "b": np.arange(30) % 4, "y": [0, 1] * 15}
    )
    table.to_csv("a.csv", index=False)
    table.assign(a=table["a"] + 1).to_csv("b.csv", index=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "spare"))
    (tmp_path / "spare").mkdir()
    return tmp_path


@pytest.fixture(autouse=True)
def stubs(monkeypatch):
    table = pd.read_csv("a.csv")
    model = DummyClassifier().fit(table[["a", "b"]], table["y"])
    monkeypatch.setattr("adapt.model_selection.compare", lambda *a, **k: Found(model))
    monkeypatch.setattr("adapt.inspection.diagnose_shift", lambda *a, **k: Found())
    monkeypatch.setattr(
        "adapt.imputation._fill_files.fill_file",
        lambda *a, **k: Filled(table, None, 7, []),
    )
    monkeypatch.setattr("adapt._cli.compare._report", lambda *a: "<page>")
    monkeypatch.setattr("adapt._cli.diagnose._page", lambda *a: "<page>")


DATA = "--source a.csv --target b.csv"
# For each verb its options that write, and the files in the order of writing.
VERBS = {
    "compare": (
        f"compare {DATA} --label y --output p.csv --save m.joblib --json r.json "
        "--report r.html",
        ["p.csv", "m.joblib", "r.json", "r.html"],
    ),
    "diagnose": (
        f"diagnose {DATA} --label y --json r.json --report r.html",
        ["r.json", "r.html"],
    ),
    "impute": (f"impute {DATA} --output p.csv", ["p.csv"]),
}
SAID = {
    "compare": "the whole table",
    "diagnose": "the whole table",
    "impute": "Filled 7 cells.",
}


@pytest.mark.parametrize("verb", VERBS)
def test_all_results_are_written_and_named(verb, folder, capsys):
    line, names = VERBS[verb]
    assert main(line.split()) == 0
    out = capsys.readouterr().out
    assert out.count(SAID[verb]) == 1
    assert [f"Wrote {name}." for name in names] == [
        text for text in out.splitlines() if text.startswith("Wrote")
    ]
    assert not list(folder.glob(".*"))


def fail_once(monkeypatch, error, at=0):
    """Let the writing of a file fail in the middle, with half of it there."""
    write, calls = _files.write_whole, []

    def half(path, fill):
        def broken(name):
            Path(name).write_text("half")
            raise error

        calls.append(path)
        return write(path, broken if len(calls) == at + 1 else fill)

    monkeypatch.setattr(_files, "write_whole", half)


FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("verb", VERBS)
def test_a_full_disk_loses_nothing(verb, folder, monkeypatch, capsys):
    line, names = VERBS[verb]
    Path(names[0]).write_text("before")
    fail_once(monkeypatch, FULL)
    assert main(line.split()) == 2
    out, error = capsys.readouterr()
    assert SAID[verb] in out
    assert error.count("\n") == 1
    assert f"Cannot write '{names[0]}': No space left on device" in error
    # The others are there, and what was to go into this one is elsewhere.
    assert all(Path(name).stat().st_size > 5 for name in names[1:])
    assert Path(names[0]).read_text() == "before"
    spare = next((folder / "spare").glob("*/*"))
    assert spare.name == names[0]
    assert str(spare) in error
    if verb == "compare":
        assert len(pd.read_csv(spare)) == 30
    assert not list(folder.glob(".*"))


def test_no_room_anywhere(folder, monkeypatch, capsys):
    def full(path, fill):
        raise FULL

    monkeypatch.setattr(_files, "write_whole", full)
    assert main(VERBS["impute"][0].split()) == 2
    assert "neither" in capsys.readouterr().err


@pytest.mark.parametrize("verb", VERBS)
def test_ctrl_c_while_writing(verb, folder, monkeypatch, capsys):
    line, names = VERBS[verb]
    last = len(names) - 1
    fail_once(monkeypatch, KeyboardInterrupt(), at=last)
    assert main(line.split()) == 130
    out, error = capsys.readouterr()
    assert SAID[verb] in out
    assert f"{names[last]} not written" in error
    assert [name for name in names if Path(name).exists()] == names[:last]
    assert not list(folder.glob(".*"))


@pytest.mark.parametrize("verb", VERBS)
def test_ctrl_c_before_there_is_anything(verb, folder, monkeypatch, capsys):
    def stop(*args, **kwargs):
        raise KeyboardInterrupt

    for name in (
        "adapt.model_selection.compare",
        "adapt.inspection.diagnose_shift",
        "adapt.imputation._fill_files.fill_file",
    ):
        monkeypatch.setattr(name, stop)
    line, names = VERBS[verb]
    assert main(line.split()) == 130
    assert "interrupted" in capsys.readouterr().err
    assert not [name for name in names if Path(name).exists()]
    assert not list(folder.glob(".*"))


def test_a_page_that_cannot_be_made_stops_no_other_file(monkeypatch, capsys):
    def fails(*args):
        raise ValueError("The target has 1 row.")

    monkeypatch.setattr("adapt._cli.compare._report", fails)
    line, names = VERBS["compare"]
    assert main(line.split()) == 2
    assert "'r.html' is not written: The target has 1 row." in capsys.readouterr().err
    assert [name for name in names if Path(name).exists()] == names[:-1]
    assert isinstance(joblib.load("m.joblib"), DummyClassifier)
    assert json.loads(Path("r.json").read_text()) == {"found": 1}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("error", [PermissionError, FileNotFoundError, OSError])
def test_a_folder_that_takes_no_file_is_found_before_any_work(
    verb, error, monkeypatch, capsys
):
    def refuse(*args, **kwargs):
        raise error(errno.EACCES, "Permission denied")

    def work(*args, **kwargs):
        raise AssertionError("there was work")

    monkeypatch.setattr("tempfile.mkstemp", refuse)
    monkeypatch.setattr(_files, "read_table", work)
    monkeypatch.setattr("adapt._cli.problems.read_table", work)
    assert main(VERBS[verb][0].split()) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "Permission denied in the folder" in error


def test_standard_output_that_is_closed_or_full(folder):
    code = (
        "import sys, os; from adapt._cli.writing import say, text_result, write_all;"
        "say('a'); sys.exit(write_all([text_result('r.txt', lambda: 'all of it')]))"
    )
    with open("/dev/full", "w") as full:
        done = subprocess.run([sys.executable, "-c", code], stdout=full)
    assert done.returncode == 0
    assert Path("r.txt").read_text() == "all of it"


# ---------------------------------------------------------------- several sources


def three_files(labels=True):
    rng = np.random.default_rng(0)
    for name, shift in [("n", 0.0), ("s", 5.0), ("t", 0.0)]:
        y = rng.integers(0, 2, 120)
        table = pd.DataFrame(
            {"u": y + rng.normal(size=120) / 3, "v": rng.normal(size=120)}
        )
        table["v"] += shift
        table["y"] = np.where(y == 1, "yes", "no")
        if name == "s":
            table["extra"] = 1
        if not labels:
            table = table.drop(columns="y")
        table.to_csv(f"{name}.csv", index=False)


def lines_of(out):
    """Return the cells of the lines on each source."""
    out = out.partition("\n  AUC: ")[0]
    rows = out[out.index("By source") :].splitlines()[2:]
    return {line.split()[0]: line.split()[1:] for line in rows if line.strip()}


@pytest.mark.parametrize("verb", ["compare", "diagnose"])
def test_a_line_for_each_source(verb, capsys):
    three_files()
    line = f"{verb} --source n.csv s.csv --target t.csv --label y"
    assert main(line.split()) == 0
    out, error = capsys.readouterr()
    assert "not every source file has them: 'extra'" in error
    rows = lines_of(out)
    assert list(rows) == ["n.csv", "s.csv", "all"]
    assert [row[0] for row in rows.values()] == ["120", "120", "240"]
    auc = {name: float(row[1]) for name, row in rows.items()}
    assert auc["n.csv"] < 0.7 < 0.95 < auc["s.csv"]
    near = {name: float(row[2]) for name, row in rows.items()}
    assert near["s.csv"] < 0.2 < 0.8 < near["n.csv"]
    true = {name: float(row[3]) for name, row in rows.items()}
    assert true["n.csv"] > 0.8


@pytest.mark.parametrize("verb", ["compare", "diagnose"])
def test_each_source_is_in_the_json_too(verb, capsys):
    three_files()
    line = f"{verb} --source n.csv s.csv --target t.csv --label y --json r.json"
    assert main(line.split()) == 0
    rows = lines_of(capsys.readouterr().out)
    found = json.loads(Path("r.json").read_text())["sources"]
    assert [each["source"] for each in found] == list(rows)
    for each in found:
        assert f"{each['auc']:.3f}" == rows[each["source"]][1]
        assert f"{each['accuracy']:.3f}" == rows[each["source"]][3]
    assert main(f"{verb} {DATA} --label y --json one.json".split()) == 0
    assert "sources" not in json.loads(Path("one.json").read_text())


@pytest.mark.parametrize("verb", ["compare", "diagnose"])
def test_ctrl_c_leaves_out_the_lines_on_sources_alone(verb, monkeypatch, capsys):
    def stop(*args):
        raise KeyboardInterrupt

    three_files()
    monkeypatch.setattr("adapt._cli.by_source.source_table", stop)
    line = f"{verb} --source n.csv s.csv --target t.csv --label y --json r.json"
    assert main(line.split()) == 130
    assert "the lines on each source are left out" in capsys.readouterr().err
    assert "sources" not in json.loads(Path("r.json").read_text())


def test_a_source_too_small_to_be_told_apart_is_null_in_json():
    from adapt._cli.by_source import as_values

    table = pd.DataFrame({"source": ["a"], "n_rows": [1], "auc": [np.nan]})
    assert as_values(table) == [{"source": "a", "n_rows": 1, "auc": None}]


def test_sources_without_labels_and_in_one_file(capsys):
    three_files(labels=False)
    parts = {name: pd.read_csv(f"{name}.csv") for name in "nst"}
    both = pd.concat([table.assign(site=name) for name, table in parts.items()])
    both.drop(columns="extra").to_csv("all.csv", index=False)
    line = "diagnose --data all.csv --domain-column site --target-domain t"
    assert main(line.split()) == 0
    one = lines_of(capsys.readouterr().out)
    line = "diagnose --source n.csv s.csv --target t.csv"
    assert main(line.split()) == 0
    two = lines_of(capsys.readouterr().out)
    assert list(one) == ["n", "s", "all"]
    assert list(one.values()) == list(two.values())
    assert {len(row) for row in one.values()} == {3}


def test_one_source_has_no_lines_of_its_own(capsys):
    assert main(f"diagnose {DATA} --label y".split()) == 0
    assert "By source" not in capsys.readouterr().out


def test_a_cell_of_the_second_source_file_is_found(capsys):
    three_files()
    table = pd.read_csv("s.csv").astype({"u": object})
    table.loc[2, "u"] = "n.v."
    table.to_csv("s.csv", index=False)
    line = "compare --source n.csv s.csv --target t.csv --label y"
    assert main(line.split()) == 2
    assert "'n.v.' in row 3 of 's.csv', column 'u'" in capsys.readouterr().err


# ----------------------------------------------------------------------- packages

SHALLOW = dict(all_adapters(deep=False))
HIDDEN = """
import sys
from importlib.abc import MetaPathFinder
from importlib import metadata

class Hides(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"keras", "tensorflow", "jax", "torch", "ot",
                                  "matplotlib", "pyarrow", "fastparquet"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Hides())
import importlib.util
real = importlib.util.find_spec
def find_spec(name, package=None):
    try:
        return real(name, package)
    except ModuleNotFoundError:
        return None
importlib.util.find_spec = find_spec

import json
import numpy as np
from adapt import feature_based, instance_based, parameter_based
from adapt.__main__ import main
from adapt.base import BaseAdapter
from adapt.discovery import all_adapters
import contextlib, io

def said(*line):
    err = io.StringIO()
    with contextlib.redirect_stderr(err), contextlib.redirect_stdout(io.StringIO()):
        status = main(line)
    return status, err.getvalue()

found = {"methods": {}, "lines": {}, "fits": {}}
families = feature_based, instance_based, parameter_based
names = {name for family in families for name in family.__all__ if name[0].isupper()}
for name in sorted(names | {"SourceOnly"}):
    # There are no such files: what is missing is found before they are looked for.
    found["methods"][name] = said(
        "compare", "--source", "no.csv", "--target", "no.csv", "--label", "y",
        "--methods", name,
    )
X = np.arange(40.0).reshape(20, 2)
for name, cls in all_adapters(deep=False):
    if cls()._packages():
        try:
            cls().fit(X, np.arange(20) % 2, Xt=X)
        except ImportError as error:
            found["fits"][name] = str(error)
for line in json.loads(sys.argv[1]):
    found["lines"][line] = said(*line.split())
print(json.dumps(found))
"""

LINES = {
    "compare --source a.csv --target b.csv --label y --report r.html": "[plot]",
    "diagnose --source a.csv --target b.csv --report r.html": "[plot]",
    "compare --source a.csv --target b.csv --label y --output p.parquet": "[parquet]",
    "diagnose --source a.csv --target t.parquet": "[parquet]",
    "impute --target t.parquet --output p.csv": "[parquet]",
    "impute --target a.csv --output p.parquet": "[parquet]",
    "impute --target a.csv --output p.csv --method gain": "[tensorflow]",
    "list --deep": "[tensorflow]",
}


def test_missing_packages_are_found_before_any_work():
    Path("t.parquet").write_bytes(b"")
    done = subprocess.run(
        [sys.executable, "-c", HIDDEN, json.dumps(list(LINES))],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    transport = {"JDOTClassifier", "JDOTRegressor", "OTMapping", "OTLabelPropagation"}
    assert found["fits"].keys() == transport | {"GradualAdapter"}
    for name, message in found["fits"].items():
        assert message == f"{name} needs POT: pip install 'adapt-learn[ot]'."
    for name, (status, message) in found["methods"].items():
        assert status == 2
        assert message.count("\n") == 1
        if name in found["fits"]:
            assert message == f"adapt: error: {found['fits'][name]}\n"
        elif name in SHALLOW or name == "SourceOnly":
            assert "There is no file 'no.csv'" in message, name
        else:
            assert message.startswith(f"adapt: error: {name} needs Keras"), name
            assert "pip install 'adapt-learn[tensorflow]'" in message
    for line, (status, message) in found["lines"].items():
        assert status == 2
        assert message.count("\n") == 1
        assert f"pip install 'adapt-learn{LINES[line]}'" in message
    assert not Path("r.html").exists()
