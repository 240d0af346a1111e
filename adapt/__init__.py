"""Domain adaptation and transfer learning, in the manner of scikit-learn."""

from importlib import import_module

__version__ = "0.1.0.dev0"

_SUBPACKAGES = (
    "base",
    "datasets",
    "deep",
    "discovery",
    "feature_based",
    "forecasting",
    "imputation",
    "inspection",
    "instance_based",
    "metrics",
    "model_selection",
    "multi_domain",
    "parameter_based",
    "series",
    "utils",
)

__all__ = ["__version__", *_SUBPACKAGES]


def __getattr__(name):
    if name in _SUBPACKAGES:
        return import_module(f"adapt.{name}")
    raise AttributeError(f"module 'adapt' has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *_SUBPACKAGES])
