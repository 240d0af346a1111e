"""MixVal: predictions should hold on the way from one target row to the next."""

from numbers import Real

import numpy as np
from scipy import sparse
from sklearn.utils import check_random_state

from adapt._frames import is_frame, with_values
from adapt.metrics._calls import call_as
from adapt.metrics._named_metrics import predicts_classes
from adapt.metrics._scorer_bases import LabelFreeScorer


class MixVal(LabelFreeScorer):
    r"""Score by the consistency of predictions between target rows [1]_.

    Pairs of target rows are mixed, :math:`\lambda x_i + (1 - \lambda) x_j`, with
    :math:`\lambda` a little above one half: the mixture should be given the class that
    :math:`x_i` is given. Pairs of one predicted class probe whether clusters hold
    together, pairs of two how far the boundary is from the rows. The score is the mean
    of both shares of agreement; where there are pairs of one kind only, theirs.

    Parameters
    ----------
    mix : float, default=0.55
        The share :math:`\lambda` of the first row, above 0.5 and below 1.

    random_state : int, RandomState instance or None, default=0
        Draws the pairs: each row is first in one and second in one.

    Attributes
    ----------
    Xs_, Xt_ : array-likes
        The domains, when `fit` was called.

    See Also
    --------
    CircularValidation : Notices collapses; this one gives them 1.

    Notes
    -----
    Two predictions of the target rows. Any classifier, on arrays of numbers: mixing
    rows of text or categories means nothing. The paper ranks models by each share and
    averages the ranks, which takes all models at once; here shares are averaged.

    References
    ----------
    .. [1] Hu et al. "Mixed samples as probes for unsupervised model selection in
       domain adaptation." NeurIPS, 2023.

    Examples
    --------
    >>> from adapt.base import SourceOnly
    >>> from adapt.datasets import make_classification_da
    >>> from adapt.metrics import MixVal
    >>> Xs, ys, Xt, yt = make_classification_da()
    >>> model = SourceOnly().fit(Xs, ys, Xt=Xt)
    >>> 0.5 < MixVal().fit(Xs, Xt)(model, Xs, ys) <= 1
    True
    """

    _reads_source = False

    def __init__(self, mix=0.55, random_state=0):
        self.mix = mix
        self.random_state = random_state

    def _score(self, estimator, X, y):
        if not isinstance(self.mix, Real) or not 0.5 < self.mix < 1:
            raise ValueError(
                f"`mix` of MixVal must be above 0.5 and below 1, got {self.mix!r}."
            )
        labels = np.asarray(call_as(estimator, "predict", self.Xt_, -1))
        if not predicts_classes(estimator, labels, "MixVal"):
            raise TypeError(
                f"MixVal scores classifiers; {type(estimator).__name__} predicts "
                "numbers."
            )
        second = check_random_state(self.random_state).permutation(len(labels))
        mixed = call_as(estimator, "predict", self._mixed(second), -1)
        holds, same = mixed == labels, labels == labels[second]
        return np.mean([holds[kind].mean() for kind in (same, ~same) if kind.any()])

    def _mixed(self, second):
        """Return each target row, mixed with the one that is ``second``."""
        if sparse.issparse(self.Xt_):
            return self.mix * self.Xt_ + (1 - self.mix) * self.Xt_.tocsr()[second]
        if is_frame(self.Xt_):
            Xt = np.asarray(self.Xt_)
            if Xt.dtype.kind not in "iufb":
                raise TypeError(
                    "MixVal mixes rows of numbers, and the target has other columns. "
                    "Encode them first."
                )
            return with_values(self.Xt_, self.mix * Xt + (1 - self.mix) * Xt[second])
        Xt = np.asarray(self.Xt_, dtype=float)
        return self.mix * Xt + (1 - self.mix) * Xt[second]
