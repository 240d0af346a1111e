"""Pages of the documentation where they need Keras."""

from importlib import import_module
from itertools import chain
from pathlib import Path

import pytest

from tests.test_pages import blocks

pytest.importorskip("keras", exc_type=ImportError)

DOCS = Path(__file__).parents[2] / "docs"
ANSWERS = {"which_method": "adapted", "questions": "deep"}


@pytest.mark.parametrize(("page", "name"), ANSWERS.items())
def test_the_deep_answer_of_a_page_runs(page, name):
    path = DOCS / f"guide/{page}.rst"
    first, *_, last = blocks(path, "python")
    names = {}
    for block in (first, last):
        exec(compile(block, str(path), "exec"), names)
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
