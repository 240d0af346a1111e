"""Methods that move the parameters of a source model to the target."""

from adapt.parameter_based._lin_int import LinInt
from adapt.parameter_based._regular_transfer_lc import RegularTransferLC
from adapt.parameter_based._regular_transfer_lr import RegularTransferLR

__all__ = ["LinInt", "RegularTransferLC", "RegularTransferLR"]
