"""Methods that weigh the source rows, so that they stand for the target."""

from adapt.instance_based._iwc import IWC
from adapt.instance_based._rulsif import RULSIF, ULSIF
from adapt.instance_based._tradaboost import TrAdaBoost

__all__ = ["IWC", "RULSIF", "ULSIF", "TrAdaBoost"]
