"""Pages of the documentation where they need Keras."""

import re
from importlib import import_module
from itertools import chain
from pathlib import Path
from textwrap import dedent

import pytest

pytest.importorskip("keras", exc_type=ImportError)

DOCS = Path(__file__).parents[2] / "docs"
ANSWERS = {"which_method": "adapted", "questions": "deep"}


@pytest.mark.parametrize(("page", "name"), ANSWERS.items())
def test_the_deep_answer_of_a_page_runs(page, name):
    path = DOCS / f"guide/{page}.rst"
    text = path.read_text("utf-8")
    found = re.findall(r"^\.\. code-block:: python\n\n((?:(?: +.*)?\n)+)", text, re.M)
    names = {}
    for block in (found[0], found[-1]):
        exec(compile(dedent(block), str(path), "exec"), names)
    assert names[name].predict(names["Xt"]).shape == names["yt"].shape


@pytest.mark.parametrize("family", ["feature_based", "instance_based", "imputation"])
def test_the_api_page_keeps_deep_methods_apart(family, monkeypatch):
    monkeypatch.syspath_prepend(DOCS)
    groups = import_module("api_pages").groups(f"adapt.{family}")
    module = import_module(f"adapt.{family}")
    assert sorted(chain(*groups.values())) == sorted(module.__all__)
    deep = {n for title, names in groups.items() if "Deep" in title for n in names}
    for name in module.__all__:
        entry = getattr(module, name)
        if hasattr(entry, "_target_labels"):
            known = [c.__module__ for c in entry.__mro__]
            assert any(m.startswith("adapt.deep") for m in known) == (name in deep)
