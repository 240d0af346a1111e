"""Distances between samples, and scorers that need no labels of the target."""

from adapt.metrics._adapt_like import neg_j_score
from adapt.metrics._batch_nuclear_norm import BatchNuclearNorm
from adapt.metrics._circular import CircularValidation, reverse_validation
from adapt.metrics._class_separation import (
    gbc,
    h_score,
    neighbor_accuracy,
    neural_collapse,
    transrate,
)
from adapt.metrics._dataset_distance import dataset_distance
from adapt.metrics._dev import DEV
from adapt.metrics._ensemble_agreement import EnsembleAgreement
from adapt.metrics._importance_weighted import ImportanceWeighted
from adapt.metrics._invariance import invariance
from adapt.metrics._label_transfer import leep, nce
from adapt.metrics._log_evidence import log_evidence
from adapt.metrics._mix_val import MixVal
from adapt.metrics._moment_distances import (
    cov_distance,
    frechet_distance,
    linear_discrepancy,
    normalized_frechet_distance,
    normalized_linear_discrepancy,
)
from adapt.metrics._pairwise_distances import energy_distance, mmd, sliced_wasserstein
from adapt.metrics._parc import parc
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
    "dataset_distance",
    "domain_classifier",
    "energy_distance",
    "energy_test",
    "frechet_distance",
    "gbc",
    "h_score",
    "invariance",
    "leep",
    "linear_discrepancy",
    "log_evidence",
    "make_uda_scorer",
    "mmd",
    "mmd_test",
    "nce",
    "neg_j_score",
    "neighbor_accuracy",
    "neural_collapse",
    "normalized_frechet_distance",
    "normalized_linear_discrepancy",
    "parc",
    "reverse_validation",
    "sliced_wasserstein",
    "transrate",
]
