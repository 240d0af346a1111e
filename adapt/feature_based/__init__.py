"""Methods that change the features, so that both domains look alike."""

from adapt._lazy import lazy
from adapt.feature_based._coral import CORAL, coral_map

__all__ = ["CORAL", "DANN", "DeepCORAL", "coral_map"]

__getattr__, __dir__ = lazy(__name__, _dann=["DANN"], _deepcoral=["DeepCORAL"])
