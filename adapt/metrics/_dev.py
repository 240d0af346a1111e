"""Deep embedded validation: importance-weighted risk, less of its variance."""

import numpy as np

from adapt.base._estimators import has_method
from adapt.metrics._calls import call_as, takes_domain
from adapt.metrics._importance_weighted import ImportanceWeighted
from adapt.metrics._named_metrics import predicts_classes

_LOSSES = {
    "accuracy": (True, lambda y, predicted: (predicted != y).astype(float)),
    "neg_mean_squared_error": (False, lambda y, predicted: (y - predicted) ** 2),
    "neg_mean_absolute_error": (False, lambda y, predicted: np.abs(y - predicted)),
}


def controlled_mean(values, weights):
    """Return the weighted mean of ``values``, with the weights as control variate.

    Parameters
    ----------
    values, weights : ndarrays of shape (n_samples,)
        Losses, and density ratios whose mean is known to be 1.

    Returns
    -------
    mean : float
        ``mean(w v) + eta (mean(w) - 1)`` with ``eta = -cov(w v, w) / var(w)``, which of
        all factors leaves least variance.
    """
    weighted = weights * values
    centred = weights - weights.mean()
    spread = np.mean(centred**2)
    if spread == 0:
        return float(weighted.mean())
    eta = -np.mean((weighted - weighted.mean()) * centred) / spread
    return float(weighted.mean() + eta * (weights.mean() - 1))


class DEV(ImportanceWeighted):
    r"""Deep embedded validation [1]_: importance weights in the model's own space.

    Held-out source rows are weighted by the density ratio of target to source, as in
    `ImportanceWeighted`, with two differences. The ratio is that of the mapped rows, if
    the model maps rows and gives them by `transform`. And since the mean of the weights
    is known to be 1, how far their mean is from it corrects the risk,

    .. math:: \overline{w l} + \eta (\bar w - 1),
        \qquad \eta = - \mathrm{Cov}(w l, w) / \mathrm{Var}(w).

    The score is one minus this risk for classes, its negative for numbers. It may leave
    the range of the plain score.

    Parameters
    ----------
    metric : str, default=None
        "accuracy", "neg_mean_squared_error" or "neg_mean_absolute_error". If None,
        accuracy for classifiers and the negative mean squared error for regressors.

    classifier : classifier, default=None
        Tells the domains apart; it must have `predict_proba`. If None, a
        `LogisticRegression` on standardised features.

    Attributes
    ----------
    Xs_, Xt_ : array-likes
        The domains, when `fit` was called.

    classifier_ : classifier
        The domain classifier, fitted on the features as they come, when `fit` was
        called.

    See Also
    --------
    ImportanceWeighted : Divides by the sum of the weights instead.

    Notes
    -----
    One prediction of the held-out rows, and for a model that maps rows one fit of
    `classifier` in each call.

    References
    ----------
    .. [1] You et al. "Towards accurate model selection in deep unsupervised domain
       adaptation." ICML, 2019.

    Examples
    --------
    >>> from adapt.base import SourceOnly
    >>> from adapt.datasets import make_classification_da
    >>> from adapt.metrics import DEV
    >>> Xs, ys, Xt, yt = make_classification_da()
    >>> model = SourceOnly().fit(Xs[:80], ys[:80], Xt=Xt)
    >>> DEV().fit(Xs, Xt)(model, Xs[80:], ys[80:]) > 0.5
    True
    """

    def _score(self, estimator, X, y):
        of_classes = predicts_classes(estimator, y, "DEV")
        metric = self.metric
        if metric is None:
            metric = "accuracy" if of_classes else "neg_mean_squared_error"
        fitting = sorted(name for name, (c, _) in _LOSSES.items() if c == of_classes)
        if metric not in fitting:
            raise ValueError(
                f"`metric` of DEV must be one of {fitting} or None for "
                f"{'classes' if of_classes else 'numbers'}, got {metric!r}."
            )
        loss = _LOSSES[metric][1](y, np.asarray(self.held_out(estimator, X)))
        risk = controlled_mean(loss, self._weights_as_seen(estimator, X))
        return 1 - risk if of_classes else -risk

    def _weights_as_seen(self, estimator, X):
        """Return density ratios of source rows in the space of the model."""
        if not has_method(estimator, "transform") or not takes_domain(
            estimator, "transform"
        ):
            return self.weights(X)
        rows = [(self.Xs_, 0), (self.Xt_, -1), (X, 0)]
        zs, zt, z = (call_as(estimator, "transform", *part) for part in rows)
        return ImportanceWeighted(classifier=self.classifier).fit(zs, zt).weights(z)
