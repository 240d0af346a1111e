"""Distances between samples, and scorers that need no labels of the target."""

from adapt.metrics._adapt_like import neg_j_score
from adapt.metrics._batch_nuclear_norm import BatchNuclearNorm
from adapt.metrics._circular import CircularValidation, reverse_validation
from adapt.metrics._dev import DEV
from adapt.metrics._ensemble_agreement import EnsembleAgreement
from adapt.metrics._importance_weighted import ImportanceWeighted
from adapt.metrics._mix_val import MixVal
from adapt.metrics._moment_distances import (
    cov_distance,
    frechet_distance,
    linear_discrepancy,
    normalized_frechet_distance,
    normalized_linear_discrepancy,
)
from adapt.metrics._pairwise_distances import energy_distance, mmd, sliced_wasserstein
from adapt.metrics._plain_scores import SourceScore, TargetScore
from adapt.metrics._prediction_entropy import PredictionEntropy
from adapt.metrics._separability import a_distance, domain_classifier
from adapt.metrics._soft_neighborhood_density import SoftNeighborhoodDensity
from adapt.metrics._two_sample_tests import (
    TwoSampleTest,
    classifier_test,
    energy_test,
    mmd_test,
)
from adapt.metrics._uda_scorer import make_uda_scorer

__all__ = [
    "DEV",
    "BatchNuclearNorm",
    "CircularValidation",
    "EnsembleAgreement",
    "ImportanceWeighted",
    "MixVal",
    "PredictionEntropy",
    "SoftNeighborhoodDensity",
    "SourceScore",
    "TargetScore",
    "TwoSampleTest",
    "a_distance",
    "classifier_test",
    "cov_distance",
    "domain_classifier",
    "energy_distance",
    "energy_test",
    "frechet_distance",
    "linear_discrepancy",
    "make_uda_scorer",
    "mmd",
    "mmd_test",
    "neg_j_score",
    "normalized_frechet_distance",
    "normalized_linear_discrepancy",
    "reverse_validation",
    "sliced_wasserstein",
]
