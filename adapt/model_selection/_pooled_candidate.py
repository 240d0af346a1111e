"""Models of many domains among the methods that `compare` tries.

They are plain estimators, in which no domain is the target. Here they take several
sources and the labelled rows of one target, as adapters do.
"""

import numpy as np
from sklearn.base import clone

from adapt.base import BaseAdapter
from adapt.multi_domain import PooledLDA, PooledRidge

_TARGET = -1
_FEWEST = 3  # labelled domains that tell how far domains lie apart


class PooledDomains(BaseAdapter):
    """A model of many domains, whose rows to predict are of one of them.

    Parameters
    ----------
    pooled : PooledLDA or PooledRidge
        The model.

    source_domain : array-like of shape (n_source_samples,)
        The domain of each source row, >= 0.
    """

    _target_labels = "required"
    _data_parameters = ("source_domain",)
    _parameter_constraints: dict = {}

    Xt = yt = None  # they are given to `fit`
    verbose = 0

    def __init__(self, pooled, source_domain):
        self.pooled = pooled
        self.source_domain = source_domain

    def _adapt(self, domains):
        X, y, _ = domains.labelled_target()
        domain = np.concatenate([self.source_domain, np.full(len(y), _TARGET)])
        X, y = np.concatenate([domains.Xs, X]), np.concatenate([domains.ys, y])
        self.pooled_ = clone(self.pooled).fit(X, y, sample_domain=domain)

    def predict(self, X):
        """Return what the model predicts for rows of the target."""
        return self.pooled_.predict(X, sample_domain=_TARGET)

    def predict_proba(self, X):
        """Return the probabilities of classes for rows of the target."""
        return self.pooled_.predict_proba(X, sample_domain=_TARGET)


def pooled_candidates(sample_domain, n_source, of_classes):
    """Return models of many domains, where three or more are labelled.

    Parameters
    ----------
    sample_domain : array-like or None
        As given to `compare`, which is shown labels of the target.

    n_source : int
        The number of source rows.

    of_classes : bool
        Whether labels are classes.

    Returns
    -------
    candidates : dict of str to adapter
        One, or none.
    """
    if sample_domain is None:
        return {}
    domain = np.asarray(sample_domain)
    source = domain[domain >= 0] if domain.ndim == 1 else domain
    if source.shape != (n_source,) or len(np.unique(source)) + 1 < _FEWEST:
        return {}
    pooled = PooledLDA() if of_classes else PooledRidge()
    return {type(pooled).__name__: PooledDomains(pooled, source)}
