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

_INTRODUCTION = (
    "Every public name, by package and by what it needs. Methods without target labels "
    "read the labels of the source alone; those that need labels for some target rows "
    "learn from both. :doc:`guide/which_method` helps to choose."
)


def public_names():
    """Return the kind and the full name of public classes and functions, by name.

    A name that two packages have is left out.
    """
    found, twice = {}, set()
    for package in _PACKAGES:
        module = import_module(package)
        for name in module.__all__:
            kind = "class" if isinstance(getattr(module, name), type) else "func"
            twice |= {name} & {*found}
            found[name] = kind, f"{package}.{name}"
    return {name: target for name, target in found.items() if name not in twice}


def _labels(cls):
    return getattr(cls, "_target_labels", None)


def _is_deep(cls):
    return any(c.__module__.startswith("adapt.deep") for c in cls.__mro__)


# What a group of classes needs. Each class is in the first group that it fits.
_GROUPS = {
    "Deep methods, with labels for some target rows": lambda name, c: (
        _is_deep(c) and _labels(c) == "required"
    ),
    "Deep methods": lambda name, c: _is_deep(c) and _labels(c) is not None,
    "Methods for time series": lambda name, c: name == "SpectralAlignment",
    "Optimal transport": lambda name, c: name in _POT,
    "Methods that need labels for some target rows": lambda name, c: (
        _labels(c) == "required"
    ),
    "Methods without target labels": lambda name, c: _labels(c) is not None,
}
_POT = {"OTMapping", "OTLabelPropagation", "JDOTClassifier", "JDOTRegressor"}
_WORDS = {
    "Deep methods": "They need Keras, with TensorFlow, JAX or PyTorch.",
    "Deep methods, with labels for some target rows": (
        "They need Keras, with TensorFlow, JAX or PyTorch."
    ),
    "Optimal transport": "They need POT: ``pip install 'adapt-learn[ot]'``.",
}
_ORDER = [
    "Methods without target labels",
    "Methods that need labels for some target rows",
    "Optimal transport",
    "Methods for time series",
    "Deep methods",
    "Deep methods, with labels for some target rows",
    "Classes",
    "Loaders of real data",
    "Generators of shifts",
    "Functions",
]


def _group(name, entry):
    """Return the title of the group that a public name stands in."""
    if not isinstance(entry, type):
        kinds = {"load_": "Loaders of real data", "make_": "Generators of shifts"}
        return kinds.get(name[:5], "Functions")
    fits = (title for title, of_group in _GROUPS.items() if of_group(name, entry))
    return next(fits, "Classes")


def groups(package):
    """Return the public names of a package by group, in the order of the page."""
    module = import_module(package)
    bases = package in ("adapt.base", "adapt.deep")  # they are no methods
    found = {}
    for name in sorted(module.__all__, key=str.lower):
        entry = getattr(module, name)
        title = "Classes" if bases and isinstance(entry, type) else _group(name, entry)
        found.setdefault(title, []).append(name)
    return {title: found[title] for title in _ORDER if title in found}


def _section(name, title):
    summary = import_module(name).__doc__.strip().splitlines()[0]
    text = f"{title}\n{'-' * len(title)}\n\n{summary}\n\n.. currentmodule:: {name}\n"
    parts = groups(name)
    for group, names in parts.items():
        if len(parts) > 1:
            text += f"\n.. rubric:: {group}\n"
        if group in _WORDS:
            text += f"\n{_WORDS[group]}\n"
        entries = "\n".join(f"   {entry}" for entry in names)
        text += f"\n.. autosummary::\n   :toctree: api/\n\n{entries}\n"
    return text


def write_api_page(app, config):
    """Write ``api.rst`` where it has changed, so that rebuilding is quick."""
    sections = "\n".join(_section(*item) for item in _PACKAGES.items())
    page = f"API\n===\n\n{_INTRODUCTION}\n\n{sections}"
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
