"""The baseline: no adaptation."""

from adapt.base._meta import MetaAdapter


class SourceOnly(MetaAdapter):
    """No adaptation: fit ``estimator`` on the source and apply it to the target.

    The baseline for every adapter, with the same interface.

    Parameters
    ----------
    estimator : estimator, default=None
        Fitted on the source. If None, `LogisticRegression` for classes and
        `LinearRegression` for numbers.

    Xt : array-like of shape (n_target_samples, n_features), default=None
        Target rows, used when `fit` is given none. They change nothing.

    copy : bool, default=True
        Whether a clone of `estimator` is fitted, or `estimator` itself.

    verbose : int, default=0
        Whether to print how long each stage took.

    random_state : int, RandomState instance or None, default=None
        Seeds each `random_state` in `estimator` that is None.

    Attributes
    ----------
    estimator_ : estimator
        The fitted estimator.

    n_features_in_ : int
        Number of features seen in `fit`.

    Examples
    --------
    >>> from adapt.base import SourceOnly
    >>> from adapt.datasets import make_classification_da
    >>> Xs, ys, Xt, yt = make_classification_da()
    >>> SourceOnly().fit(Xs, ys, Xt=Xt).predict(Xt).shape
    (100,)
    """

    _allows_nan = True
    _allows_sparse = True
    _keeps_frames = True
    _reads_rows = False

    def _adapt(self, domains):
        self._check_takes_weights(domains.source_weight)
        self._fit_estimator(
            domains.source_rows,
            domains.ys,
            domains,
            sample_weight=domains.source_weight,
        )
