"""Soft neighbourhood density: target rows should have many neighbours like them."""

from numbers import Real

import numpy as np
from scipy.special import softmax

from adapt._kernels import row_blocks
from adapt.metrics._prediction_entropy import mean_entropy
from adapt.metrics._scorer_bases import ProbabilityScorer


def neighborhood_density(p, temperature=0.05):
    """Return the mean entropy of the soft neighbourhoods of the rows of ``p``.

    Parameters
    ----------
    p : ndarray of shape (n_samples, n_classes)
        Probabilities, of at least 2 rows.

    temperature : float, default=0.05
        What cosines are divided by before their softmax.

    Returns
    -------
    density : float
        Between 0 and ``log(n_samples - 1)``. Blocks of rows are held, never all pairs.
    """
    rows = p / np.linalg.norm(p, axis=1, keepdims=True)
    n, total = len(p), 0.0
    for block in row_blocks(n, n):
        similarity = rows[block] @ rows.T / temperature
        here = np.arange(n)[block]
        similarity[here - here[0], here] = -np.inf  # no row is its own neighbour
        total += mean_entropy(softmax(similarity, axis=1)) * len(here)
    return total / n


class SoftNeighborhoodDensity(ProbabilityScorer):
    """Score by how densely target rows lie together, as a classifier sees them [1]_.

    Each target row is a vector of class probabilities. The softmax of its cosine
    similarities to all other rows is a distribution over its neighbours; its entropy
    measures their number. A classifier that forms dense clusters scores high.

    So does one that gives all rows the same probabilities. Compare settings of one
    method by it, and not methods: there it was found to prefer those that collapse.

    Parameters
    ----------
    temperature : float, default=0.05
        Small values count only the nearest neighbours.

    Attributes
    ----------
    Xs_, Xt_ : array-likes
        The domains, when `fit` was called.

    See Also
    --------
    CircularValidation : Notices collapses.

    Notes
    -----
    One prediction of the target rows, O(n_t^2 K) time, and blocks of memory.
    Classifiers with `predict_proba` only.

    References
    ----------
    .. [1] Saito et al. "Tune it the right way: unsupervised validation of domain
       adaptation via soft neighborhood density." ICCV, 2021.

    Examples
    --------
    >>> from adapt.base import SourceOnly
    >>> from adapt.datasets import make_classification_da
    >>> from adapt.metrics import SoftNeighborhoodDensity
    >>> Xs, ys, Xt, yt = make_classification_da()
    >>> model = SourceOnly().fit(Xs, ys, Xt=Xt)
    >>> SoftNeighborhoodDensity().fit(Xs, Xt)(model, Xs, ys) > 3
    True
    """

    def __init__(self, temperature=0.05):
        self.temperature = temperature

    def _judge(self, p):
        if not isinstance(self.temperature, Real) or self.temperature <= 0:
            raise ValueError(
                "`temperature` of SoftNeighborhoodDensity must be positive, got "
                f"{self.temperature!r}."
            )
        if len(p) < 2:
            raise ValueError(
                "SoftNeighborhoodDensity needs at least 2 target rows, got 1."
            )
        return neighborhood_density(p, self.temperature)
