"""Distances between samples, and scorers that need no labels of the target."""

from adapt.metrics._circular import CircularValidation
from adapt.metrics._distances import cov_distance
from adapt.metrics._importance_weighted import ImportanceWeighted
from adapt.metrics._uda_scorer import make_uda_scorer

__all__ = [
    "CircularValidation",
    "ImportanceWeighted",
    "cov_distance",
    "make_uda_scorer",
]
