"""Tuners: a few new weights to train in a network whose own weights are frozen."""

from typing import TYPE_CHECKING

from adapt._lazy import lazy

if TYPE_CHECKING:
    from adapt.parameter_based.tuners._deep._adapter_fusion import AdapterFusion
    from adapt.parameter_based.tuners._deep._adapters import (
        Adapters,
        Compacter,
        ConvAdapter,
    )
    from adapt.parameter_based.tuners._deep._bitfit import BitFit
    from adapt.parameter_based.tuners._deep._both import Both
    from adapt.parameter_based.tuners._deep._branches import joined
    from adapt.parameter_based.tuners._deep._embedding import extend_embedding
    from adapt.parameter_based.tuners._deep._fold import fold
    from adapt.parameter_based.tuners._deep._ladder import Ladder
    from adapt.parameter_based.tuners._deep._lora import LoRA
    from adapt.parameter_based.tuners._deep._prefix import Prefix
    from adapt.parameter_based.tuners._deep._prompt import Prompt
    from adapt.parameter_based.tuners._deep._r2 import R2Tuning
    from adapt.parameter_based.tuners._deep._scalearn import ScaLearn
    from adapt.parameter_based.tuners._deep._scaling import Scaling
    from adapt.parameter_based.tuners._deep._sherl import SHERL
    from adapt.parameter_based.tuners._deep._single import SingleLayer
    from adapt.parameter_based.tuners._deep._swr import SWR
    from adapt.parameter_based.tuners._deep._tuned import Tuned, tuned
    from adapt.parameter_based.tuners._deep._tuner import Tuner
    from adapt.parameter_based.tuners._deep._unipt import UniPT
    from adapt.parameter_based.tuners._deep._vqt import VQT

__all__ = [
    "SHERL",
    "SWR",
    "VQT",
    "AdapterFusion",
    "Adapters",
    "BitFit",
    "Both",
    "Compacter",
    "ConvAdapter",
    "Ladder",
    "LoRA",
    "Prefix",
    "Prompt",
    "R2Tuning",
    "ScaLearn",
    "Scaling",
    "SingleLayer",
    "Tuned",
    "Tuner",
    "UniPT",
    "extend_embedding",
    "fold",
    "joined",
    "tuned",
]

_HOMES = {
    "_adapter_fusion": ["AdapterFusion"],
    "_adapters": ["Adapters", "Compacter", "ConvAdapter"],
    "_bitfit": ["BitFit"],
    "_both": ["Both"],
    "_branches": ["joined"],
    "_embedding": ["extend_embedding"],
    "_fold": ["fold"],
    "_ladder": ["Ladder"],
    "_lora": ["LoRA"],
    "_prefix": ["Prefix"],
    "_prompt": ["Prompt"],
    "_r2": ["R2Tuning"],
    "_scalearn": ["ScaLearn"],
    "_scaling": ["Scaling"],
    "_sherl": ["SHERL"],
    "_single": ["SingleLayer"],
    "_swr": ["SWR"],
    "_tuned": ["Tuned", "tuned"],
    "_tuner": ["Tuner"],
    "_unipt": ["UniPT"],
    "_vqt": ["VQT"],
}

__getattr__, __dir__ = lazy(
    __name__, {f"{__name__}._deep.{home}": names for home, names in _HOMES.items()}
)
