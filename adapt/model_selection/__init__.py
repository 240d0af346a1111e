"""Choose between methods without labels of the target."""

from adapt.model_selection._compare import compare
from adapt.model_selection._comparison import Comparison

__all__ = ["Comparison", "compare"]
