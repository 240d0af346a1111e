"""Docstrings of public names have the sections and the form of numpydoc.

Names that need Keras are checked in a run with Keras, the others in any run.
"""

import importlib
import inspect
import re

import pytest

from adapt import _SUBPACKAGES

validate = pytest.importorskip("numpydoc.validate").validate

# Every check of numpydoc but these.
IGNORED = {
    "GL01": "the summary stands on the line of the opening quotes, as PEP 257 has it",
    "GL09": "a deprecation is noted where it is used: at the parameter",
    "ES01": "a summary may say it all",
    "RT02": "a value that is returned has a name, which numpydoc takes for a type",
    "SA01": "not everything has relatives",
    "EX01": "examples stand at classes, and at functions that are called by themselves",
}
# In a single docstring.
EXEMPT = {
    "adapt.deep.ScaledDense": {"PR01": "the parameters are those of a `Dense` layer"}
}
BASES = {"PR01": "abstract: each public subclass documents the parameters, as checked"}
# Methods that name another whose parameters they share.
REFERS = re.compile(r"[Pp]arameters as in `|\n +As in `")
REFERRING = {"PR01": "documented where it points", "PR04": "documented where it points"}
PACKAGES = [name for name in _SUBPACKAGES if name != "utils"]
PACKAGES.append("parameter_based.tuners")


def is_late(package, name):
    """Return whether a name is imported when it is first asked for, with Keras."""
    return name not in vars(package)


def objects(late):
    """Return dotted paths of what is public, and of the methods of such classes."""
    found = []
    for room in PACKAGES:
        package = importlib.import_module(f"adapt.{room}")
        names = [name for name in package.__all__ if is_late(package, name) == late]
        for name in names:
            found.append(f"adapt.{room}.{name}")
            found += [f"adapt.{room}.{name}.{m}" for m in methods(package, name)]
    return found


def methods(package, name):
    """Return the public methods that a class itself defines."""
    value = getattr(package, name)
    if not inspect.isclass(value):
        return []
    return [
        key
        for key, member in vars(value).items()
        if not key.startswith("_")
        and inspect.isroutine(inspect.unwrap(getattr(member, "__func__", member)))
    ]


def parts_of(path):
    """Return the package in ``adapt.room.name.method``, and the names in it."""
    # The longest first, for one package stands in another.
    rooms = sorted(PACKAGES, key=len, reverse=True)
    room = next(name for name in rooms if path.startswith(f"adapt.{name}."))
    return room, path.removeprefix(f"adapt.{room}.").split(".")


def docstring(path):
    """Return the docstring of ``adapt.room.name`` or ``adapt.room.name.method``."""
    room, names = parts_of(path)
    value = importlib.import_module(f"adapt.{room}")
    for name in names:
        value = getattr(value, name)
    return value.__doc__ or ""


def exempt(path):
    """Return the codes that may be found at ``path``, with the reasons."""
    room, (_, *method) = parts_of(path)
    found = {**IGNORED, **EXEMPT.get(path, {})}
    if room == "base" and not method:
        found |= BASES
    if method and REFERS.search(docstring(path)):
        found |= REFERRING
    return found


def findings(path):
    """Return what numpydoc finds at ``path``, less what is exempt."""
    allowed = exempt(path)
    errors = validate(path)["errors"]
    return [f"{code}: {text}" for code, text in errors if code not in allowed]


@pytest.mark.parametrize("path", objects(late=False))
def test_docstring(path):
    assert findings(path) == []
