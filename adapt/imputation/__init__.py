"""Filling missing cells of a target, with a source as a clue."""

from typing import TYPE_CHECKING

from adapt._lazy import lazy
from adapt.imputation._base import TransferImputer
from adapt.imputation._gaussian import (
    GaussianTransferImputer,
    gaussian_map,
    observed_log_likelihood,
)

if TYPE_CHECKING:
    from adapt.imputation._deep._cluegain import ClueGAINImputer, Similarity
    from adapt.imputation._deep._gain import GAINImputer

__all__ = [
    "ClueGAINImputer",
    "GAINImputer",
    "GaussianTransferImputer",
    "Similarity",
    "TransferImputer",
    "gaussian_map",
    "observed_log_likelihood",
]

__getattr__, __dir__ = lazy(
    __name__,
    {
        "adapt.imputation._deep._cluegain": ["ClueGAINImputer", "Similarity"],
        "adapt.imputation._deep._gain": ["GAINImputer"],
    },
)
