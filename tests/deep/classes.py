"""The public classes that train or run networks, imputers aside."""

from adapt.deep import AdversarialAdapter, DeepAdapter, PenalizedAdapter
from adapt.discovery import all_adapters
from adapt.parameter_based import FrozenFeatures

_SHALLOW = {cls for _, cls in all_adapters(deep=False)}
DEEP_CLASSES = [
    DeepAdapter,
    PenalizedAdapter,
    AdversarialAdapter,
    *(cls for _, cls in all_adapters() if cls not in _SHALLOW),
    FrozenFeatures,
]
