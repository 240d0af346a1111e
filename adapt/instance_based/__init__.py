"""Methods that weigh the source rows, so that they stand for the target."""

from typing import TYPE_CHECKING

from adapt._lazy import lazy
from adapt.instance_based._balanced_weighting import BalancedWeighting
from adapt.instance_based._bbse import BBSE
from adapt.instance_based._gaussian_weighting import GaussianWeighting
from adapt.instance_based._iwc import IWC
from adapt.instance_based._kernel_density_weighting import KernelDensityWeighting
from adapt.instance_based._kliep import KLIEP
from adapt.instance_based._kmm import KMM
from adapt.instance_based._ldm import LDM
from adapt.instance_based._mmd_tars import MMDTarS
from adapt.instance_based._nearest_neighbors_weighting import NearestNeighborsWeighting
from adapt.instance_based._rlls import RLLS
from adapt.instance_based._rulsif import RULSIF, ULSIF
from adapt.instance_based._saerens_em import SaerensEM
from adapt.instance_based._source_pruning import SourcePruning
from adapt.instance_based._tradaboost import TrAdaBoost
from adapt.instance_based._tradaboost_r2 import TrAdaBoostR2
from adapt.instance_based._two_stage_tradaboost_r2 import TwoStageTrAdaBoostR2

if TYPE_CHECKING:
    from adapt.instance_based._deep._iwn import IWN
    from adapt.instance_based._deep._wann import WANN

__all__ = [
    "BBSE",
    "IWC",
    "IWN",
    "KLIEP",
    "KMM",
    "LDM",
    "RLLS",
    "RULSIF",
    "ULSIF",
    "WANN",
    "BalancedWeighting",
    "GaussianWeighting",
    "KernelDensityWeighting",
    "MMDTarS",
    "NearestNeighborsWeighting",
    "SaerensEM",
    "SourcePruning",
    "TrAdaBoost",
    "TrAdaBoostR2",
    "TwoStageTrAdaBoostR2",
]

__getattr__, __dir__ = lazy(
    __name__,
    {
        "adapt.instance_based._deep._iwn": ["IWN"],
        "adapt.instance_based._deep._wann": ["WANN"],
    },
)
