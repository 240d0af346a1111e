"""README and quick start: their code runs, and their commands can be parsed."""

import re
import shlex
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest

from adapt.__main__ import _parser

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.rst"))]
PAGES += sorted((ROOT / "docs/guide").glob("*.rst"))


def blocks(path, language):
    """Return the blocks of code of a page in one language."""
    text = path.read_text("utf-8")
    if path.suffix == ".md":
        return re.findall(rf"^```{language}\n(.*?)^```", text, re.M | re.S)
    pattern = rf"^\.\. code-block:: {language}\n\n((?:(?: +.*)?\n)+)"
    return [dedent(block) for block in re.findall(pattern, text, re.M)]


def commands():
    for path in PAGES:
        for block in blocks(path, "bash"):
            for line in block.replace("\\\n", " ").splitlines():
                if line.strip().startswith("adapt "):
                    yield path.name, line.strip()


@pytest.mark.parametrize(("page", "line"), list(commands()))
def test_commands_of_pages_can_be_parsed(page, line):
    args = _parser().parse_args(shlex.split(line, comments=True)[1:])
    assert callable(args.run)


def test_pages_have_commands():
    assert {"README.md", "quick_start.rst"} <= {page for page, _ in commands()}


@pytest.mark.parametrize("page", ["README.md", "docs/quick_start.rst"])
def test_code_of_pages_runs(page, capsys):
    names = {}
    for block in blocks(ROOT / page, "python"):
        exec(compile(block, page, "exec"), names)
    model = names["model"]
    X, y, domain = names["X"], names["y"], names["domain"]
    # What the page promises: the labels of the target were only to look at.
    assert model.score(X[domain < 0], y[domain < 0]) > 0.8


def test_answers_to_questions_run(tmp_path, monkeypatch):
    """The answer that needs Keras runs elsewhere."""
    monkeypatch.chdir(tmp_path)
    page = ROOT / "docs/guide/questions.rst"
    *shallow, deep = blocks(page, "python")
    names = {}
    for block in shallow:
        exec(compile(block, str(page), "exec"), names)
    Xt, few = names["Xt"], names["few"]
    assert names["weights"].shape == (len(names["Xs"]),)
    assert np.isfinite(names["filled"]).all()
    assert len(names["features"]) == 3
    assert names["auto"].predict(Xt).shape == few.shape
    np.testing.assert_array_equal(
        names["loaded"].predict(Xt), names["adapted"].predict(Xt)
    )
    assert "DANN" in deep


def test_every_answer_of_the_chart_has_code_that_runs():
    """Lines that need Keras are those of the last block, and run elsewhere."""
    page = ROOT / "docs/guide/which_method.rst"
    *shallow, deep = blocks(page, "python")
    names = {}
    for block in shallow:
        exec(compile(block, str(page), "exec"), names)
    assert names["adapted"].predict(names["data"].X[:3]).shape == (3,)
    assert "DANN" in deep
    chart = (ROOT / "docs/guide/which_method.svg").read_text("utf-8")
    labels = re.findall(r'href="#([\w-]+)"', chart)
    assert len(labels) == 9
    text = page.read_text("utf-8")
    assert all(f".. _{label}:\n" in text for label in labels)
