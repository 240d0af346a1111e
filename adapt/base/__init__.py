"""Base classes: what adaptation methods share, so that each is only its mathematics.

`BaseAdapter` turns what ``fit`` was given into two domains. Below it stand the adapters
that own a scikit-learn estimator, in three families: `FeatureAdapter` changes the
features, `WeightAdapter` weighs the source rows, and `ParameterAdapter` moves the
parameters of a source model. Deep methods are in `adapt.deep`.
"""

from adapt._adapt_names import former_names
from adapt.base._adapter import BaseAdapter
from adapt.base._average import AverageAdapter
from adapt.base._feature import FeatureAdapter
from adapt.base._meta import MetaAdapter
from adapt.base._parameter import ParameterAdapter
from adapt.base._ratio import RatioAdapter
from adapt.base._row_blocks import RowBlocks
from adapt.base._source_only import SourceOnly
from adapt.base._weight import WeightAdapter

__all__ = [
    "AverageAdapter",
    "BaseAdapter",
    "FeatureAdapter",
    "MetaAdapter",
    "ParameterAdapter",
    "RatioAdapter",
    "RowBlocks",
    "SourceOnly",
    "WeightAdapter",
]

__getattr__ = former_names(__name__)
