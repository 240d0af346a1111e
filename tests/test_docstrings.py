"""Parameters that classes share are described by one text."""

import ast
import inspect
import re
from importlib import import_module
from pathlib import Path

import pytest

import adapt

docstrings = pytest.importorskip("tests.docstrings", exc_type=ImportError)

from adapt.discovery import all_adapters  # noqa: E402

SHALLOW = dict(all_adapters(deep=False) + all_adapters("series"))


@pytest.mark.parametrize("name", SHALLOW)
def test_shared_parameters_have_one_text(name):
    docstrings.check_shared(SHALLOW[name], docstrings.SHALLOW)


def test_no_class_is_excepted_in_vain():
    """An exception that says what the table says is none."""
    for (name, parameter), reason in docstrings.OWN_TEXT.items():
        assert reason
        if name in SHALLOW:
            kind, text = docstrings.entries_of(SHALLOW[name])[parameter]
            kind = kind.split(", default=")[0]
            assert (kind, text) != docstrings.SHALLOW[parameter], (name, parameter)


PACKAGES = (
    *("base", "datasets", "discovery", "feature_based", "forecasting", "imputation"),
    *("inspection", "instance_based", "metrics", "model_selection", "multi_domain"),
    *("parameter_based", "series", "utils"),
)
# What is for authors of methods, and what is the name of something else too.
NAMED = {
    ("BaseAdapter", "split_domains"),
    ("Comparison", "gain_of_choice"),
    ("continual_report", "accuracy"),
    ("rolling_forecast", "update"),
}


def public_objects():
    """Return public classes and functions that need no Keras, by name."""
    found = {}
    for name in PACKAGES:
        members = vars(import_module(f"adapt.{name}"))
        found |= {key: members[key] for key in members["__all__"] if key in members}
    return found


def texts_of(value):
    """Return the docstrings of a class and of its public methods, or of a function."""
    members = vars(value).items() if inspect.isclass(value) else ()
    parts = [member for key, member in members if not key.startswith("_")]
    return "\n".join(each.__doc__ or "" for each in [value, *parts] if callable(each))


def test_docstrings_name_no_function_that_is_not_public():
    defined = {
        node.name
        for file in Path(adapt.__file__).parent.rglob("*.py")
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    }
    public = public_objects()
    hidden = defined - public.keys()
    assert "transport_cost" in hidden
    found = set()
    for name, value in public.items():
        if not callable(value):
            continue
        own = set(dir(value)) | set(inspect.signature(value).parameters)
        named = set(re.findall(r"(?<!`)`(\w+)(?=[`(])", texts_of(value)))
        found |= {(name, word) for word in named & hidden - own}
    assert found <= NAMED
