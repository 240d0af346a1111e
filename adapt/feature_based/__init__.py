"""Methods that change the features, so that both domains look alike."""

from typing import TYPE_CHECKING

from adapt._lazy import lazy
from adapt.feature_based._coral import CORAL, coral_map
from adapt.feature_based._domain_scaler import DomainStandardScaler
from adapt.feature_based._fa import FA
from adapt.feature_based._fmmd import fMMD
from adapt.feature_based._gfk import GFK
from adapt.feature_based._gradual import GradualAdapter
from adapt.feature_based._jda import BDA, JDA
from adapt.feature_based._jdot import JDOTClassifier, JDOTRegressor
from adapt.feature_based._linear_ot import LinearOT, bures_barycentre, monge_map
from adapt.feature_based._mmd_lscons import MMDLSConS
from adapt.feature_based._ot_label_propagation import OTLabelPropagation
from adapt.feature_based._ot_mapping import OTMapping
from adapt.feature_based._partial_columns import PartialColumns
from adapt.feature_based._pred import PRED
from adapt.feature_based._quantile import QuantileMatching
from adapt.feature_based._sa import SA
from adapt.feature_based._self_training import SelfTraining
from adapt.feature_based._spectral_alignment import SpectralAlignment
from adapt.feature_based._tca import TCA
from adapt.feature_based._tjm import TJM
from adapt.feature_based._transport_plan import transport_plan

if TYPE_CHECKING:
    from adapt.deep._source_only import DeepSource
    from adapt.feature_based._deep._adabn import AdaBN
    from adapt.feature_based._deep._adda import ADDA
    from adapt.feature_based._deep._bnm import BNM
    from adapt.feature_based._deep._ccsa import CCSA
    from adapt.feature_based._deep._cdan import CDAN
    from adapt.feature_based._deep._codats import CoDATS
    from adapt.feature_based._deep._dan import DAN
    from adapt.feature_based._deep._dann import DANN
    from adapt.feature_based._deep._deep_coral import DeepCORAL
    from adapt.feature_based._deep._deep_jdot import DeepJDOT
    from adapt.feature_based._deep._deep_self_training import DeepSelfTraining
    from adapt.feature_based._deep._dirtt import DIRTT
    from adapt.feature_based._deep._jan import JAN
    from adapt.feature_based._deep._mcc import MCC
    from adapt.feature_based._deep._mcd import MCD
    from adapt.feature_based._deep._mdd import MDD
    from adapt.feature_based._deep._shot import SHOT
    from adapt.feature_based._deep._tent import Tent
    from adapt.feature_based._deep._vada import VADA
    from adapt.feature_based._deep._wdgrl import WDGRL

__all__ = [
    "ADDA",
    "BDA",
    "BNM",
    "CCSA",
    "CDAN",
    "CORAL",
    "DAN",
    "DANN",
    "DIRTT",
    "FA",
    "GFK",
    "JAN",
    "JDA",
    "MCC",
    "MCD",
    "MDD",
    "PRED",
    "SA",
    "SHOT",
    "TCA",
    "TJM",
    "VADA",
    "WDGRL",
    "AdaBN",
    "CoDATS",
    "DeepCORAL",
    "DeepJDOT",
    "DeepSelfTraining",
    "DeepSource",
    "DomainStandardScaler",
    "GradualAdapter",
    "JDOTClassifier",
    "JDOTRegressor",
    "LinearOT",
    "MMDLSConS",
    "OTLabelPropagation",
    "OTMapping",
    "PartialColumns",
    "QuantileMatching",
    "SelfTraining",
    "SpectralAlignment",
    "Tent",
    "bures_barycentre",
    "coral_map",
    "fMMD",
    "monge_map",
    "transport_plan",
]

__getattr__, __dir__ = lazy(
    __name__,
    {
        "adapt.deep._source_only": ["DeepSource"],
        "adapt.feature_based._deep._adabn": ["AdaBN"],
        "adapt.feature_based._deep._adda": ["ADDA"],
        "adapt.feature_based._deep._bnm": ["BNM"],
        "adapt.feature_based._deep._ccsa": ["CCSA"],
        "adapt.feature_based._deep._cdan": ["CDAN"],
        "adapt.feature_based._deep._codats": ["CoDATS"],
        "adapt.feature_based._deep._dan": ["DAN"],
        "adapt.feature_based._deep._dann": ["DANN"],
        "adapt.feature_based._deep._deep_coral": ["DeepCORAL"],
        "adapt.feature_based._deep._deep_jdot": ["DeepJDOT"],
        "adapt.feature_based._deep._deep_self_training": ["DeepSelfTraining"],
        "adapt.feature_based._deep._dirtt": ["DIRTT"],
        "adapt.feature_based._deep._jan": ["JAN"],
        "adapt.feature_based._deep._mcc": ["MCC"],
        "adapt.feature_based._deep._mcd": ["MCD"],
        "adapt.feature_based._deep._mdd": ["MDD"],
        "adapt.feature_based._deep._shot": ["SHOT"],
        "adapt.feature_based._deep._tent": ["Tent"],
        "adapt.feature_based._deep._vada": ["VADA"],
        "adapt.feature_based._deep._wdgrl": ["WDGRL"],
    },
)
