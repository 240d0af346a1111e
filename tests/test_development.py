"""What the pages on development say is so: their code runs, and their names exist."""

import doctest
import re
import sys
import textwrap
import types
from configparser import ConfigParser
from pathlib import Path

import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.utils.estimator_checks import check_estimator

import adapt
from adapt import base, feature_based
from tests.common import to_itself
from tests.test_numpydoc import findings

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "docs" / "development"


def blocks(page):
    """Return the Python of a page, a file each."""
    found = re.findall(
        r"\.\. code-block:: python\n\n((?: {3}.*\n|\n)+)", page.read_text("utf-8")
    )
    return [textwrap.dedent(block) for block in found]


@pytest.fixture
def shallow(monkeypatch):
    """Return the two files of the page on shallow methods, the first one installed."""
    method, tests = blocks(PAGES / "adding_a_shallow_method.rst")
    module = types.ModuleType("adapt.feature_based._mean_alignment")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(method, "_mean_alignment.py", "exec"), vars(module))
    for name in "MeanAlignment", "mean_step":
        monkeypatch.setattr(feature_based, name, getattr(module, name), raising=False)
    return module, tests


def test_the_shallow_method_passes_its_tests(shallow):
    names = {"__name__": "test_mean_alignment"}
    exec(compile(shallow[1], "test_mean_alignment.py", "exec"), names)
    tests = {name: f for name, f in names.items() if name.startswith("test_")}
    assert len(tests) == 4
    for test in tests.values():
        marks = getattr(test, "pytestmark", [])
        values = marks[0].args[1] if marks else [None]
        for value in values:
            test(*([] if value is None else [value]))


def test_the_shallow_method_is_documented(shallow):
    for name in "MeanAlignment", "mean_step":
        assert findings(f"adapt.feature_based.{name}") == []
    text = shallow[0].MeanAlignment.__doc__
    test = doctest.DocTestParser().get_doctest(text, {}, "MeanAlignment", None, 0)
    assert doctest.DocTestRunner().run(test) == (0, 6)


def test_the_shallow_method_passes_scikit_learns_checks(shallow):
    check_estimator(to_itself(shallow[0].MeanAlignment)(LogisticRegression()))


def test_shallow_hooks_exist():
    text = (PAGES / "adding_a_shallow_method.rst").read_text("utf-8")
    rows = re.findall(r"- :class:`adapt\.base\.(\w+)`\n\s+- (.*(?:\n {7}.*)?)", text)
    assert len(rows) == 5
    for name, hooks in rows:
        found = re.findall(r"`(_\w+)\(", hooks)
        assert found
        assert all(callable(getattr(getattr(base, name), hook)) for hook in found)


def test_ruff_is_the_same_everywhere():
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    pinned = re.search(r"ruff == ([\d.]+)", setup["options.extras_require"]["test"])
    hooks = (ROOT / ".pre-commit-config.yaml").read_text("utf-8")
    assert f"rev: v{pinned[1]}\n" in hooks


def test_the_version_is_the_same_everywhere():
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    assert f"\nversion: {adapt.__version__}\n" in citation


def test_make_targets_exist():
    targets = re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"))
    pages = [*PAGES.glob("*.rst"), ROOT / "docs" / "install.rst", *ROOT.glob("*.md")]
    text = "\n".join(page.read_text("utf-8") for page in pages)
    commands = re.findall(r"(?m)(?:`|^ {3}|^)make ([a-z][a-z -]*)", text)
    named = {target for line in commands for target in line.split("  ")[0].split()}
    assert named
    assert named <= set(targets)


@pytest.mark.parametrize(
    "page", ["layout", "contracts", "testing", "adding_a_shallow_method"]
)
def test_paths_exist(page):
    text = (PAGES / f"{page}.rst").read_text("utf-8")
    named = set(re.findall(r"`((?:adapt|tests|docs|tools|benchmarks)/[\w/.]+)`", text))
    made_up = {name for name in named if "mean_alignment" in name}
    assert [name for name in named - made_up if not (ROOT / name).exists()] == []
