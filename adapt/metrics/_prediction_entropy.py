"""Prediction entropy: a model that fits the target is sure of what it says there."""

from scipy.special import xlogy

from adapt.metrics._scorer_bases import ProbabilityScorer


def mean_entropy(p):
    """Return the mean Shannon entropy of the rows of ``p``, in nats.

    Parameters
    ----------
    p : ndarray of shape (n_samples, n_classes)
        Probabilities; those that are 0 add nothing.

    Returns
    -------
    entropy : float
        Between 0 and ``log(n_classes)``.
    """
    return float(-xlogy(p, p).sum(axis=1).mean())


class PredictionEntropy(ProbabilityScorer):
    r"""Score by the certainty of a classifier on target rows [1]_.

    The score is the negative mean entropy
    :math:`\frac{1}{n_t} \sum_i \sum_k p_{ik} \log p_{ik}`, at most 0. Certainty is not
    accuracy: a model that predicts one class for all rows with certainty has the best
    score.

    Attributes
    ----------
    Xs_, Xt_ : array-likes
        The domains, when `fit` was called.

    See Also
    --------
    BatchNuclearNorm : Measures certainty and the balance of classes.
    CircularValidation : Chooses better between methods, on public data.

    Notes
    -----
    One prediction of the target rows. Classifiers with `predict_proba` only.

    References
    ----------
    .. [1] Morerio, Cavazza and Murino. "Minimal-entropy correlation alignment for
       unsupervised deep domain adaptation." ICLR, 2018.

    Examples
    --------
    >>> from adapt.base import SourceOnly
    >>> from adapt.datasets import make_classification_da
    >>> from adapt.metrics import PredictionEntropy
    >>> Xs, ys, Xt, yt = make_classification_da()
    >>> model = SourceOnly().fit(Xs, ys, Xt=Xt)
    >>> -0.7 < PredictionEntropy().fit(Xs, Xt)(model, Xs, ys) < 0
    True
    """

    def _judge(self, p):
        return -mean_entropy(p)
