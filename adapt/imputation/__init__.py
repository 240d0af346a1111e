"""Filling missing cells of a target, with a source as a clue."""

from adapt.imputation._base import TransferImputer
from adapt.imputation._gaussian import (
    GaussianTransferImputer,
    gaussian_map,
    observed_log_likelihood,
)

__all__ = [
    "GaussianTransferImputer",
    "TransferImputer",
    "gaussian_map",
    "observed_log_likelihood",
]
