"""Sphinx extension: the API page, made from what the packages call public."""

import re
from importlib import import_module
from pathlib import Path

_PACKAGES = {
    "adapt.feature_based": "Feature-based methods",
    "adapt.instance_based": "Instance-based methods",
    "adapt.parameter_based": "Parameter-based methods",
    "adapt.parameter_based.tuners": "Tuners",
    "adapt.multi_domain": "Many domains",
    "adapt.series": "Time series",
    "adapt.imputation": "Imputation",
    "adapt.forecasting": "Forecasting",
    "adapt.base": "Bases",
    "adapt.deep": "Deep engine",
    "adapt.metrics": "Scores and distances",
    "adapt.model_selection": "Comparing and choosing",
    "adapt.inspection": "Diagnosis",
    "adapt.datasets": "Data sets",
    "adapt.discovery": "Discovery",
}


def _section(name, title):
    package = import_module(name)
    summary = package.__doc__.strip().splitlines()[0]
    public = package.__all__
    entries = "\n".join(f"   {entry}" for entry in sorted(public, key=str.lower))
    return (
        f"{title}\n{'-' * len(title)}\n\n{summary}\n\n.. currentmodule:: {name}\n\n"
        f".. autosummary::\n   :toctree: api/\n\n{entries}\n"
    )


def write_api_page(app, config):
    """Write ``api.rst`` where it has changed, so that rebuilding is quick."""
    sections = "\n".join(_section(*item) for item in _PACKAGES.items())
    page = f"API\n===\n\nEvery public name, by package.\n\n{sections}"
    path = Path(app.srcdir) / "api.rst"
    if not path.exists() or path.read_text(encoding="utf-8") != page:
        path.write_text(page, encoding="utf-8")


def _without_citations():
    """Return the directive for tables of names, whose summaries then cite nothing."""
    from sphinx.ext.autosummary import Autosummary

    class WithoutCitations(Autosummary):
        def get_items(self, names):
            return [
                (name, signature, re.sub(r"\s*\[[^]]+\]_", "", summary), full_name)
                for name, signature, summary, full_name in super().get_items(names)
            ]

    return WithoutCitations


def own_methods(module, name, methods):
    """Return which of a class's public methods are written in this library."""
    cls = getattr(import_module(module), name)
    own = [c for c in cls.__mro__ if c.__module__.startswith("adapt.")]
    return [
        method
        for method in methods
        if not method.startswith("_")
        and not method.endswith("_request")
        and any(method in vars(c) for c in own)
    ]


def setup(app):
    """Register the extension."""
    app.setup_extension("sphinx.ext.autosummary")
    app.add_directive("autosummary", _without_citations(), override=True)
    app.connect("config-inited", write_api_page)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
