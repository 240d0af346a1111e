"""Which tests run with Keras: those of deep methods, and those alone."""

import os
import sys
from pathlib import Path

import pytest

_BACKENDS = ("keras", "tensorflow", "jax", "torch")
_ROOT = Path(__file__).parent


class _NotInstalled:
    """Import hook to which Keras and its backends are not installed."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] in _BACKENDS:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def pytest_addoption(parser):
    parser.addoption(
        "--keras",
        choices=["any", "without", "only"],
        default="any",
        help="'without': Keras cannot be imported, and what needs it is left out; "
        "'only': what does not need it is left out.",
    )


def pytest_configure(config):
    if config.getoption("--keras") == "without":
        sys.meta_path.insert(0, _NotInstalled)


def _is_deep(path):
    """Return whether a file needs Keras, which its folder says."""
    folders = path.relative_to(_ROOT).parts[1:-1]
    return "deep" in folders or "_deep" in folders


def _is_of_another_backend(path):
    """Return whether a file is the engine of a backend that is not the chosen one."""
    kind, _, backend = path.stem.rpartition("_")
    chosen = os.environ.get("KERAS_BACKEND", "tensorflow")
    return kind == "_engine" and backend in _BACKENDS and backend != chosen


def pytest_ignore_collect(collection_path, config):
    if collection_path.suffix != ".py":
        return None
    if _is_of_another_backend(collection_path):
        return True
    choice = config.getoption("--keras")
    if choice == "any":
        return None
    if collection_path.name in ("conftest.py", "__init__.py"):
        return None
    return True if _is_deep(collection_path) == (choice == "without") else None


def pytest_collection_modifyitems(items):
    """Refuse ids with an address: workers have to collect the same."""
    for item in items:
        if " at 0x" in item.nodeid:
            raise pytest.UsageError(f"The id holds an address: {item.nodeid}")
