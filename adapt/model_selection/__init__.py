"""Choose between methods without labels of the target."""

from adapt.model_selection._auto_adapt import AutoAdapt
from adapt.model_selection._compare import compare
from adapt.model_selection._comparison import Comparison
from adapt.model_selection._prequential import continual_report, prequential
from adapt.model_selection._rank_sources import rank_sources
from adapt.model_selection._source_tasks import SourceTaskSelector
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
    "SourceTaskSelector",
    "StratifiedDomainShuffleSplit",
    "compare",
    "continual_report",
    "prequential",
    "rank_sources",
]
