"""Batch nuclear norm: predictions should be sure, and of all classes."""

import numpy as np

from adapt.metrics._scorer_bases import ProbabilityScorer


def scaled_nuclear_norm(p):
    """Return the nuclear norm of ``p`` as a share of the largest it could have.

    Parameters
    ----------
    p : ndarray of shape (n_samples, n_classes)
        Probabilities.

    Returns
    -------
    share : float
        In (0, 1]. It is 1 for predictions that are certain, with as many of each class.
    """
    n, k = p.shape
    return float(np.linalg.norm(p, "nuc") / np.sqrt(n * min(n, k)))


class BatchNuclearNorm(ProbabilityScorer):
    r"""Score by the nuclear norm of the predictions of target rows [1]_.

    The nuclear norm, the sum of the singular values of the matrix :math:`P` of class
    probabilities, is large if predictions are certain, as `PredictionEntropy` wants,
    and if they are spread over the classes. It is divided by its bound
    :math:`\sqrt{n_t \min(n_t, K)}`, so that targets of different sizes compare.

    Attributes
    ----------
    Xs_, Xt_ : array-likes
        The domains, when `fit` was called.

    See Also
    --------
    PredictionEntropy : Measures certainty alone.

    Notes
    -----
    One prediction of the target rows, and O(n_t K^2). Classifiers with `predict_proba`
    only. It prefers balanced classes, and errs where the target's are not.

    References
    ----------
    .. [1] Cui et al. "Towards discriminability and diversity: batch nuclear-norm
       maximization under label insufficient situations." CVPR, 2020.

    Examples
    --------
    >>> from adapt.base import SourceOnly
    >>> from adapt.datasets import make_classification_da
    >>> from adapt.metrics import BatchNuclearNorm
    >>> Xs, ys, Xt, yt = make_classification_da()
    >>> model = SourceOnly().fit(Xs, ys, Xt=Xt)
    >>> 0.7 < BatchNuclearNorm().fit(Xs, Xt)(model, Xs, ys) <= 1
    True
    """

    def _judge(self, p):
        return scaled_nuclear_norm(p)
