"""The command line, called as a function."""

import json
import subprocess
import sys

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from adapt import __version__, _files
from adapt.__main__ import main
from adapt.model_selection import _candidates


def make_table(n, shift, seed):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    table = pd.DataFrame(
        {
            "age": 2 * y + rng.normal(size=n) + shift,
            "dose": np.where(rng.random(n) < 0.1, np.nan, rng.normal(size=n) - 3 * y),
            "kind": np.where(rng.random(n) < 0.5, "red", "blue"),
            "flag": rng.random(n) < 0.3,
            "y": np.where(y, "yes", "no"),
        }
    )
    table.loc[::9, "kind"] = None
    return table


@pytest.fixture
def tables():
    return make_table(120, 0, 1), make_table(90, 3, 2)


@pytest.fixture
def files(tables, tmp_path, monkeypatch):
    """Go to a folder that has both domains as files."""
    monkeypatch.chdir(tmp_path)
    source, target = tables
    source.to_csv("a.csv", index=False)
    target.to_csv("b.csv", index=False)
    target.drop(columns="y").to_csv("unlabelled.csv", index=False)
    both = pd.concat([source.assign(site="A"), target.assign(site="B")])
    both.to_csv("both.csv", index=False)
    return tmp_path


def run(line):
    return main(line.split())


ARGS = "compare --source a.csv --target b.csv --label y --methods LinearOT --cv 3"


def fails(line, capsys):
    """Run a command that must fail, and return its one line on standard error."""
    assert run(line) == 2
    error = capsys.readouterr().err
    assert error.startswith("adapt: error: ")
    assert error.count("\n") == 1
    assert "Traceback" not in error
    return error


# ----------------------------------------------------------------------- compare


def test_two_files_to_predictions_model_and_table(files, tables, capsys):
    line = ARGS.replace("b.csv", "unlabelled.csv")
    assert run(f"{line} --output p.csv --save m.joblib --json r.json") == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert "Recommended: " in captured.out
    assert "Wrote p.csv." in captured.out
    assert "target  " not in captured.out.split("\n")[3]

    target = pd.read_csv("unlabelled.csv")
    model = joblib.load("m.joblib")
    predicted = pd.read_csv("p.csv")
    assert list(predicted) == ["row", "y", "probability"]
    assert predicted["row"].tolist() == list(range(1, 91))
    np.testing.assert_array_equal(predicted["y"], model.predict(target))
    p = model.predict_proba(target).max(axis=1)
    np.testing.assert_allclose(predicted["probability"], p)

    table = json.loads((files / "r.json").read_text(encoding="utf-8"))
    assert table["n_source"] == 120
    assert table["target_trained"] is None
    assert {row["method"] for row in table["results"]} == {"SourceOnly", "LinearOT"}
    # Nothing unfinished lies beside the results.
    assert {path.suffix for path in files.iterdir()} == {".csv", ".joblib", ".json"}
    assert not [path for path in files.iterdir() if path.name.startswith(".")]


def test_known_target_labels_are_scored(files, capsys):
    assert run(f"{ARGS} --json r.json") == 0
    table = json.loads((files / "r.json").read_text(encoding="utf-8"))
    assert table["n_target_labelled"] == 90
    assert all(row["gap"] < 1 for row in table["results"])
    assert "true accuracy" in capsys.readouterr().out


def test_one_file_with_a_domain_column(files, capsys):
    two = "compare --data both.csv --domain-column site --target-domain B --label y"
    assert run(f"{two} --methods LinearOT --cv 3 --json one.json") == 0
    assert run(f"{ARGS} --json two.json") == 0
    one, two = (json.loads((files / f).read_text()) for f in ("one.json", "two.json"))
    for a, b in zip(one["results"], two["results"], strict=True):
        assert (a["method"], a["circular"]) == (b["method"], b["circular"])


def test_many_domains_of_one_file(tmp_path, monkeypatch, capsys):
    from tests.multi_domain.common import many_domains

    monkeypatch.chdir(tmp_path)
    X, y, domain = many_domains(n_domains=4, per=30)
    table = pd.DataFrame(X, columns=list("abcd"))
    names = np.array(["k", "l", "m", "n"])[domain]
    table.assign(y=y, site=names).to_csv("all.csv", index=False)
    line = "compare --data all.csv --domain-column site --target-domain n --label y"
    assert run(f"{line} --target-labels train --cv 3 --json out.json") == 0
    results = json.loads((tmp_path / "out.json").read_text())["results"]
    assert "PooledLDA" in [row["method"] for row in results]


def test_parquet_and_regression(files, tables, capsys):
    for name, table in zip("ab", tables, strict=True):
        table.assign(y=table["age"] * 2 + 0.5).to_parquet(f"{name}.parquet")
    line = ARGS.replace(".csv", ".parquet")
    assert run(f"{line} --output p.csv") == 0
    assert "true r2" in capsys.readouterr().out
    assert list(pd.read_csv("p.csv")) == ["row", "y"]


def test_parquet_without_its_package(files, tables, capsys, monkeypatch):
    tables[0].to_parquet("a.parquet")
    monkeypatch.setattr("adapt._files.find_spec", lambda name: None)
    error = fails(ARGS.replace("a.csv", "a.parquet"), capsys)
    assert "pip install 'adapt-learn[parquet]'" in error


def test_bundled_data_and_what_to_type_next(capsys):
    line = "compare --dataset penguins --target-domain Chinstrap --methods SA --cv 2"
    assert run(line) == 0
    out = capsys.readouterr().out
    assert "Source: Adelie, 146 rows" in out
    assert "Target: Chinstrap, 68 rows" in out
    assert "adapt compare --source" in out.split("Recommended")[1]
    assert max(map(len, out.split("\n"))) <= 80


def test_supervised_methods(files, capsys):
    line = ARGS.replace("LinearOT", "TrAdaBoost") + " --target-labels train"
    assert run(line) == 0
    assert "TargetOnly" in capsys.readouterr().out


def test_columns_left_out_are_told(files, tables, capsys):
    tables[0].assign(more=1, key=[f"k{i}" for i in range(120)]).to_csv("a.csv")
    tables[1].assign(key=[f"k{i}" for i in range(90)]).to_csv("b.csv")
    assert run(ARGS) == 0
    error = capsys.readouterr().err
    assert "adapt: note: Left out" in error
    assert "'more' of the source" in error
    assert "the first column, which has no name" in error
    assert "they only name or number the rows: 'key'" in error


class Stops(LogisticRegression):
    """Ctrl-C while it is fitted."""

    def fit(self, X, y, sample_weight=None):
        raise KeyboardInterrupt


def test_ctrl_c_keeps_what_is_finished(files, capsys, monkeypatch):
    from adapt.feature_based import CORAL

    monkeypatch.setattr(
        _candidates,
        "default_candidates",
        lambda estimator: {"CORAL": CORAL(estimator), "stops": CORAL(Stops())},
    )
    line = "compare --source a.csv --target b.csv --label y --output p.csv"
    assert run(line) == 130
    out = capsys.readouterr().out
    assert "Interrupted" in out
    assert "CORAL" in out
    assert len(pd.read_csv("p.csv")) == 90


def test_ctrl_c_before_anything_is_finished(files, capsys, monkeypatch):
    monkeypatch.setattr(
        "adapt.model_selection._decision.base_estimator", lambda *args: Stops()
    )
    assert run(f"{ARGS} --output p.csv") == 130
    assert "interrupted" in capsys.readouterr().err
    assert not (files / "p.csv").exists()


# ------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("a.csv", "no.csv"), "There is no file 'no.csv'"),
        (("--label y", "--label z"), "no column 'z'. It has 'age', 'dose'"),
        (("LinearOT", "Linear"), "no method named 'Linear'"),
        (("LinearOT", "TrAdaBoost"), "learns from target labels"),
        (("--cv 3", "--cv 1"), "`cv`"),
        (("--cv 3", "--estimator tree"), "invalid choice: 'tree'"),
        (("--cv 3", "--scoring r2"), "`scoring`"),
        (("--cv 3", "--output no/p.csv"), "There is no folder 'no'"),
        (("--cv 3", "--json ."), "is a folder"),
        (("--cv 3", "--dataset penguins"), "in one way"),
        (("--label y", ""), "go together"),
        (("--target b.csv", ""), "go together"),
    ],
)
def test_bad_arguments(files, capsys, change, message):
    assert message in fails(ARGS.replace(*change), capsys)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("compare", "in one way"),
        ("compare --dataset cats", "no bundled data set 'cats'"),
        ("compare --source a.csv --target b.csv --label y --time t", "need --id"),
        ("compare --dataset watch --step 5", "--step needs --width"),
        ("compare --dataset penguins --target-domain Emperor", "'Emperor'"),
        ("compare --data both.csv --label y", "go together"),
        (
            "compare --data both.csv --label y --domain-column site --target-domain C",
            "No row has 'C'",
        ),
        (
            "compare --data both.csv --label y --domain-column site "
            "--target-domain A B",
            "source domain is empty",
        ),
        ("compare --frobnicate", "unrecognized arguments"),
        ("datasets cats", "'cats'"),
        ("", "verb"),
    ],
)
def test_bad_requests(files, capsys, line, message):
    assert message in fails(line, capsys)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda a, b: (a.assign(y="yes"), b), "one class only, 'yes'"),
        (lambda a, b: (a, b[[]].assign(other=1)), "no columns in common"),
        (lambda a, b: (a, b[:0]), "target domain is empty"),
        (lambda a, b: (a[:0], b), "source domain is empty"),
        (lambda a, b: (a, pd.DataFrame()), "'b.csv' is empty"),
        (lambda a, b: (a.assign(y=None), b), "No row of 'a.csv' has a label in 'y'"),
    ],
)
def test_bad_data(files, tables, capsys, spoil, message):
    for name, table in zip(("a.csv", "b.csv"), spoil(*tables), strict=True):
        table.to_csv(name, index=False)
    assert message in fails(ARGS, capsys)


def test_unknown_kind_of_file(files, capsys):
    (files / "a.xlsx").write_text("")
    assert "save the sheet" in fails(ARGS.replace("a.csv", "a.xlsx"), capsys)
    (files / "a.json").write_text("")
    assert "Cannot tell" in fails(ARGS.replace("a.csv", "a.json"), capsys)


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "result.csv"
    path.write_text("before")

    def half(unfinished):
        with open(unfinished, "w") as file:
            file.write("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _files.write_whole(str(path), half)
    assert path.read_text() == "before"
    assert [p.name for p in tmp_path.iterdir()] == ["result.csv"]


# ------------------------------------------------------------------- other verbs


def test_list(capsys):
    assert run("list") == 0
    out = capsys.readouterr().out
    assert "]_" not in out  # marks of citations
    assert ":math:" not in out
    assert "CORAL" in out
    assert "feature-based" in out
    assert max(map(len, out.split("\n"))) <= 80


def test_datasets(capsys):
    assert run("datasets") == 0
    out = capsys.readouterr().out
    assert "penguins" in out
    assert max(map(len, out.split("\n"))) <= 80
    assert run("datasets penguins") == 0
    assert "Palmer" in capsys.readouterr().out


@pytest.mark.parametrize("line", ["--help", "compare --help", "--version"])
def test_help_and_version(capsys, line):
    assert run(line) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"adapt {__version__}" if line == "--version" else "usage:")


def test_as_a_module():
    command = [sys.executable, "-m", "adapt", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"adapt {__version__}\n"


def test_importing_it_loads_nothing_heavy():
    code = (
        "import sys, adapt.__main__, adapt.model_selection;"
        "print(*sorted({'tqdm', 'keras', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == "\n"


# ------------------------------------------------------- pages, and the diagnosis


def test_a_page_about_a_comparison(files, capsys):
    pytest.importorskip("matplotlib")
    assert run(f"{ARGS} --report r.html") == 0
    assert "Wrote r.html." in capsys.readouterr().out
    page = (files / "r.html").read_text(encoding="utf-8")
    assert "From a.csv to b.csv" in page
    assert "Recommended: " in page


def test_diagnose(files, capsys):
    line = "diagnose --source a.csv --target unlabelled.csv --label y --json d.json"
    assert run(f"{line} --report d.html") == 0
    out = capsys.readouterr().out
    assert "covariate shift" in out.lower()
    assert "Advice:" in out
    found = json.loads((files / "d.json").read_text())
    assert found["kind"] == "covariate"
    assert found["columns"][0]["column"] == "age"
    assert found["concept"] is None
    page = (files / "d.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 1
    for words in ("From a.csv to unlabelled.csv", "120 source rows with labels", "age"):
        assert words in page
    assert run("diagnose --dataset penguins") == 0
    assert "concept" in capsys.readouterr().out


def test_diagnose_takes_data_in_one_way(files, capsys):
    assert "in one way" in fails("diagnose --label y", capsys)
    assert "no folder" in fails(
        "diagnose --source a.csv --target b.csv --label y --json x/y.json", capsys
    )


# -------------------------------------------------------------------------- rank


def test_rank_models_and_tables(files, tables, capsys):
    source, target = tables
    numbers = source[["age", "dose"]].fillna(0)
    for name, labels in ("right", source["y"]), ("wrong", source["y"][::-1]):
        joblib.dump(LogisticRegression().fit(numbers, labels), f"{name}.joblib")
    target.fillna({"dose": 0}).to_csv("b0.csv", index=False)
    line = "rank wrong.joblib right.joblib a.csv --target b0.csv --label y"
    assert run(f"{line} --json r.json --scores log_likelihood accuracy") == 0
    out = capsys.readouterr().out
    assert "90 labelled rows of 90" in out
    found = json.loads((files / "r.json").read_text())["ranking"]
    assert {row["source"] for row in found} == {"right", "wrong", "a"}
    values = [row["log_likelihood"] for row in found]
    assert values == sorted(values, reverse=True)
    assert run(f"{line} --used-as features --drop kind flag") == 0
    assert "leep" in capsys.readouterr().out


def test_rank_says_what_is_wrong(files, capsys):
    line = "rank a.csv --target b.csv --label y"
    assert "which is none of" in fails(f"{line} --scores fame", capsys)
    assert "does not rank" in fails(f"{line} --scores leep", capsys)
    assert "'unlabelled.csv'" in fails(
        "rank a.csv --target unlabelled.csv --label y", capsys
    )


def test_columns_of_one_domain_are_filled_in(files, tables, capsys):
    rng = np.random.default_rng(0)
    source, target = tables
    lab = 3 * (source["y"] == "yes") + rng.normal(size=120)
    source.assign(lab=lab, ward="w").to_csv("a.csv", index=False)
    target.assign(height=rng.normal(size=90)).to_csv("b.csv", index=False)
    assert run(f"{ARGS} --columns union --save m.joblib --output p.csv") == 0
    error = capsys.readouterr().err
    assert "Left out, because only one domain has them" in error
    assert "'ward'" in error
    assert "Filled in for the target, which does not have them: 'lab'." in error
    assert "Filled in for the source, which does not have them: 'height'." in error
    model = joblib.load("m.joblib")
    found = model.predict(pd.read_csv("b.csv").drop(columns="y"))
    assert found.tolist() == pd.read_csv("p.csv")["y"].tolist()
    assert run(ARGS) == 0
    assert "Left out, because the target does not have them: 'lab'" in (
        capsys.readouterr().err
    )
