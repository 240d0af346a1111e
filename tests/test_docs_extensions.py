"""What the extensions of the documentation make; the pages are built by `make docs`."""

import re
import sys
import zlib
from importlib import import_module
from itertools import chain
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture
def extension(monkeypatch):
    monkeypatch.syspath_prepend(DOCS)
    before = set(sys.modules)
    yield import_module
    for name in {"api_pages", "links", "mathml", "papers"} & set(sys.modules) - before:
        del sys.modules[name]


def test_references_get_the_address_of_their_paper(extension):
    papers = extension("papers")
    text = (
        'See [1]_.\n\n    .. [1] A and B. "On\n       maps." ICML, 2001.\n'
        '    .. [2] C, "Other", 2002.\n'
    )
    known = {"On maps": "arXiv:0102.00003", "Other": "doi:10.1/2"}
    assert papers.with_links(text, known) == (
        'See [1]_.\n\n    .. [1] A and B. "On\n       maps." ICML, 2001.\n'
        "       `arXiv:0102.00003 <https://arxiv.org/abs/0102.00003>`__\n"
        '    .. [2] C, "Other", 2002.\n       `doi:10.1/2 <https://doi.org/10.1/2>`__\n'
    )
    assert papers.with_links(text, {}) == text


def test_papers_are_those_that_docstrings_name(extension):
    known = extension("papers").addresses()
    files = (DOCS.parent / "adapt").rglob("*.py")
    text = " ".join(" ".join(file.read_text("utf-8").split()) for file in files)
    assert {title for title in known if f'"{title}' not in text} == set()
    form = re.compile(r"doi:10\.\d{4,}/\S+|arXiv:\d{4}\.\d{4,5}")
    assert [address for address in known.values() if not form.fullmatch(address)] == []


def test_inventories_have_the_names_that_pages_link_to(extension, tmp_path):
    links = extension("links")
    found = links.inventories(tmp_path)
    assert found["sklearn"][0] == "https://scikit-learn.org/stable/"
    head, _, body = Path(found["sklearn"][1]).read_bytes().partition(b"zlib.\n")
    assert head.startswith(b"# Sphinx inventory version 2\n")
    lines = zlib.decompress(body).decode().splitlines()
    name = "sklearn.linear_model.LogisticRegression"
    assert f"{name} py:class 1 modules/generated/{name}.html#{name} -" in lines
    assert links.names()["LogisticRegression"] == ("class", name)


def test_names_of_scikit_learn_that_pages_link_to_are_there(extension):
    for name, role, _ in extension("links").PROJECTS["sklearn"][1]:
        module, _, last = name.rpartition(".")
        if last == "IterativeImputer":
            continue  # experimental, and not there until it is asked for
        entry = getattr(import_module(module), last)
        assert isinstance(entry, type) == (role == "py:class")


@pytest.mark.parametrize("package", ["metrics", "datasets", "base", "inspection"])
def test_the_api_page_has_each_name_once(extension, package):
    module = import_module(f"adapt.{package}")
    groups = extension("api_pages").groups(f"adapt.{package}")
    assert sorted(chain(*groups.values())) == sorted(module.__all__)


def test_formulas_are_written_without_a_network(extension):
    pytest.importorskip("docutils", minversion="0.22")
    mathml = extension("mathml")
    text = mathml.markup(
        r"\Big\lVert \frac{1}{n} \sum_i x_i \Big\rVert^2, \dots", False
    )
    assert text.startswith("<math")
    assert "<mfrac>" in text
    assert (
        mathml.markup(r"\nothing{x < 1}", False) == r"<code>\nothing{x &lt; 1}</code>"
    )
    assert "<mtable" in mathml.markup(r"a &= b \\ c &= d", True)


def test_every_formula_is_one_that_docutils_reads(extension):
    pytest.importorskip("docutils", minversion="0.22")
    mathml = extension("mathml")
    found = []
    for file in (DOCS.parent / "adapt").rglob("*.py"):
        text = file.read_text("utf-8")
        found += [
            (file.name, tex, False) for tex in re.findall(r":math:`([^`]+)`", text)
        ]
        blocks = re.findall(r"^( *)\.\. math::\s*\n((?:\1 +.*\n|\s*\n)+)", text, re.M)
        found += [(file.name, " ".join(tex.split()), True) for _, tex in blocks]
    assert len(found) > 200
    assert [f for f in found if mathml.markup(*f[1:]).startswith("<code>")] == []
