"""The code of the page on writing a deep method runs."""

import re
import textwrap
from pathlib import Path

import pytest

keras = pytest.importorskip("keras", exc_type=ImportError)

from adapt.deep import DeepAdapter  # noqa: E402

PAGE = Path(__file__).parents[2] / "docs" / "guide" / "own_deep_method.rst"


@pytest.mark.one_backend
def test_the_page_on_own_methods_runs(capsys):
    text = PAGE.read_text(encoding="utf-8")
    blocks = re.findall(r"\.\. code-block:: python\n\n((?: {3}.*\n|\n)+)", text)
    names = {"__name__": "page"}
    for block in blocks:
        exec(textwrap.dedent(block), names)
    assert issubclass(names["CMD"], DeepAdapter)
    assert capsys.readouterr().out.startswith("(100, 2)")
    assert names["search"].best_params_["lambda_"] in (0.1, 1.0)
    assert len(blocks[0].splitlines()) < 30
