"""Examples ask a question, have baselines, and say what they print."""

import importlib.util
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("plot_*.py"))
# Those that take few seconds. A build of the docs checks all of them.
QUICK = ["plot_forecasting", "plot_several_sources"]
# What an example is compared with, in the words of the gallery.
UNADAPTED = (
    *("source only", "source-only", "sourceonly", "source alone", "source model"),
    *("one model", "one line", "column means", '"shared"', '"as they are"'),
    *("a week ago", "shrinkage", "networks"),
)
TRAINED = (
    *("target-trained", "trained on", "target alone", "labels alone", "forty labels"),
    *("own lines", "own means", "all days known", "own model"),
)
# Examples about forgetting, exact in one case and not wanted in the other.
NO_GAIN = ["plot_forget_a_patient", "plot_one_class_after_another"]


def extension():
    """Return the extension of the docs that checks the text of examples."""
    path = ROOT / "docs" / "gallery_claims.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


gallery = extension()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_first_paragraph_asks_a_question(path):
    assert "?" in gallery.first_paragraph(path.read_text("utf-8"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_methods_are_compared_with_baselines(path):
    if path.stem in NO_GAIN:
        return
    text = path.read_text("utf-8").lower()
    assert any(word in text for word in UNADAPTED)
    assert any(word in text for word in TRAINED)


@pytest.mark.parametrize("name", QUICK)
def test_the_text_has_the_numbers_that_are_printed(name, capsys):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    path = ROOT / "examples" / f"{name}.py"
    runpy.run_path(str(path))
    matplotlib.pyplot.close("all")
    source = path.read_text("utf-8")
    assert gallery.claims(source)
    assert gallery.unsupported(source, capsys.readouterr().out) == []


SCRIPT = '''"""
A title
=======

Does it help? With ``lambda_=0.5`` the accuracy is 0.93, on **12** rows.
"""

# %%
# It rises from .81 to 0.93.

x = 0.77  # a comment in the code
'''


def test_claims_are_numbers_of_the_text():
    assert gallery.first_paragraph(SCRIPT).startswith("Does it help?")
    assert gallery.claims(SCRIPT) == ["0.93", "12", ".81", "0.93"]


@pytest.mark.parametrize(
    ("printed", "wrong"),
    [
        ("source 0.8123, adapted 0.926, 12 rows", []),
        ("source 0.8123, adapted 0.95, 12 rows", ["0.93", "0.93"]),
        ("source 0.81, adapted 0.93", ["12"]),
        ("1,012 rows, 0.81, 0.93", ["12"]),
        ("", ["0.93", "12", ".81", "0.93"]),
    ],
)
def test_claims_that_are_not_printed_are_found(printed, wrong):
    assert gallery.unsupported(SCRIPT, printed) == wrong
