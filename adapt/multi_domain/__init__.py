"""Models of many domains, with one state that adds, subtracts and travels."""

from adapt.multi_domain._nearest_class_mean import NearestClassMean
from adapt.multi_domain._pooled_lda import PooledLDA
from adapt.multi_domain._pooled_ridge import PooledRidge, PooledRidgeClassifier
from adapt.multi_domain._tilda import TILDA

__all__ = [
    "TILDA",
    "NearestClassMean",
    "PooledLDA",
    "PooledRidge",
    "PooledRidgeClassifier",
]
