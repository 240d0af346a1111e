"""Methods that weigh the source rows, so that they stand for the target."""

from adapt.instance_based._bbse import BBSE
from adapt.instance_based._iwc import IWC
from adapt.instance_based._mmd_tars import MMDTarS
from adapt.instance_based._rlls import RLLS
from adapt.instance_based._rulsif import RULSIF, ULSIF
from adapt.instance_based._saerens_em import SaerensEM
from adapt.instance_based._tradaboost import TrAdaBoost
from adapt.instance_based._tradaboost_r2 import TrAdaBoostR2, TwoStageTrAdaBoostR2

__all__ = [
    "BBSE",
    "IWC",
    "RLLS",
    "RULSIF",
    "ULSIF",
    "MMDTarS",
    "SaerensEM",
    "TrAdaBoost",
    "TrAdaBoostR2",
    "TwoStageTrAdaBoostR2",
]
