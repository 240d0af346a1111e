"""Sphinx extension: the API page, made from what the packages call public."""

from importlib import import_module
from pathlib import Path

_PACKAGES = {
    "adapt.feature_based": "Feature-based methods",
    "adapt.instance_based": "Instance-based methods",
    "adapt.parameter_based": "Parameter-based methods",
    "adapt.base": "Bases",
    "adapt.deep": "Deep engine",
    "adapt.metrics": "Scores and distances",
    "adapt.model_selection": "Comparing and choosing",
    "adapt.datasets": "Data sets",
    "adapt.discovery": "Discovery",
}


def _section(name, title):
    package = import_module(name)
    summary = package.__doc__.strip().splitlines()[0]
    public = getattr(package, "__all__", None) or ["all_adapters"]
    entries = "\n".join(f"   {entry}" for entry in sorted(public, key=str.lower))
    return (
        f"{title}\n{'-' * len(title)}\n\n{summary}\n\n.. currentmodule:: {name}\n\n"
        f".. autosummary::\n   :toctree: api/\n\n{entries}\n"
    )


def write_api_page(app):
    """Write ``api.rst`` where it has changed, so that rebuilding is quick."""
    sections = "\n".join(_section(*item) for item in _PACKAGES.items())
    page = f"API\n===\n\nEvery public name, by package.\n\n{sections}"
    path = Path(app.srcdir) / "api.rst"
    if not path.exists() or path.read_text(encoding="utf-8") != page:
        path.write_text(page, encoding="utf-8")


def setup(app):
    """Register the extension."""
    app.connect("builder-inited", write_api_page, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
