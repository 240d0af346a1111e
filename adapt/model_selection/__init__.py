"""Choose between methods without labels of the target."""

from adapt.model_selection._auto_adapt import AutoAdapt
from adapt.model_selection._compare import compare
from adapt.model_selection._comparison import Comparison
from adapt.model_selection._prequential import continual_report, prequential
from adapt.model_selection._split import (
    DomainKFold,
    LeaveOneDomainOut,
    SourceTargetShuffleSplit,
    StratifiedDomainShuffleSplit,
)

__all__ = [
    "AutoAdapt",
    "Comparison",
    "DomainKFold",
    "LeaveOneDomainOut",
    "SourceTargetShuffleSplit",
    "StratifiedDomainShuffleSplit",
    "compare",
    "continual_report",
    "prequential",
]
