"""Methods that move the parameters of a source model to the target."""

from typing import TYPE_CHECKING

from adapt._lazy import lazy
from adapt.parameter_based._black_box_inputs import BlackBoxInputs
from adapt.parameter_based._lin_int import LinInt
from adapt.parameter_based._regular_transfer_gp import RegularTransferGP
from adapt.parameter_based._regular_transfer_lc import RegularTransferLC
from adapt.parameter_based._regular_transfer_lr import RegularTransferLR
from adapt.parameter_based._source_mixture import SourceMixture
from adapt.parameter_based._transfer_boosting import TransferBoosting
from adapt.parameter_based._transfer_forest import (
    TransferForestClassifier,
    TransferForestRegressor,
)
from adapt.parameter_based._transfer_selector import (
    TransferForestSelector,
    TransferTreeSelector,
)
from adapt.parameter_based._transfer_tree import (
    TransferTreeClassifier,
    TransferTreeRegressor,
)

if TYPE_CHECKING:
    from adapt.parameter_based._deep._fine_tuning import FineTuning
    from adapt.parameter_based._deep._frozen_features import FrozenFeatures
    from adapt.parameter_based._deep._multi_task_tuning import MultiTaskTuning
    from adapt.parameter_based._deep._regular_transfer_nn import RegularTransferNN

__all__ = [
    "BlackBoxInputs",
    "FineTuning",
    "FrozenFeatures",
    "LinInt",
    "MultiTaskTuning",
    "RegularTransferGP",
    "RegularTransferLC",
    "RegularTransferLR",
    "RegularTransferNN",
    "SourceMixture",
    "TransferBoosting",
    "TransferForestClassifier",
    "TransferForestRegressor",
    "TransferForestSelector",
    "TransferTreeClassifier",
    "TransferTreeRegressor",
    "TransferTreeSelector",
]

__getattr__, __dir__ = lazy(
    __name__,
    {
        "adapt.parameter_based._deep._fine_tuning": ["FineTuning"],
        "adapt.parameter_based._deep._frozen_features": ["FrozenFeatures"],
        "adapt.parameter_based._deep._multi_task_tuning": ["MultiTaskTuning"],
        "adapt.parameter_based._deep._regular_transfer_nn": ["RegularTransferNN"],
    },
)
