"""Importance-weighted validation.

The error on held-out source rows, each counted as often as the target has its like.
"""

import numpy as np
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from adapt._frames import stack_rows
from adapt.base._weight import effective_sample_size
from adapt.metrics._calls import call_as
from adapt.metrics._scorer_bases import HeldOutScorer
from adapt.series._feature_tables import fitted_features


def domain_odds(classifier, X, n_source, n_target):
    """Return the density ratio of target to source at the rows of ``X``.

    Parameters
    ----------
    classifier : classifier
        Fitted to tell target rows (1) from source rows (0).

    X : array-like of shape (n_samples, n_features)
        Where to evaluate.

    n_source, n_target : int
        How many rows of each `classifier` was fitted on.

    Returns
    -------
    ratio : ndarray of shape (n_samples,)
        ``p(1 | x) / p(0 | x) * n_source / n_target``.
    """
    tiny = np.finfo(float).eps
    p = np.clip(classifier.predict_proba(X)[:, 1], tiny, 1 - tiny)
    return p / (1 - p) * (n_source / n_target)


class ImportanceWeighted(HeldOutScorer):
    r"""Importance-weighted validation [1]_: the source score, weighted like the target.

    If labels depend on the features alike in both domains (covariate shift), then the
    target risk is the source risk with each row weighted by the density ratio
    :math:`w(x) = p_t(x) / p_s(x)`, and the score is

    .. math:: \sum_i w(x_i) \, u(y_i, f(x_i)) \, / \, \sum_i w(x_i)

    over held-out source rows, with a utility :math:`u` such as being right. The ratio
    is the odds that a domain classifier gives, on the features as they come. The model
    sees the rows as what they are, source rows, so a method that maps features is
    judged by how well its own space is classified, and not by whether the two domains
    match there. Read it beside `CircularValidation`.

    Parameters
    ----------
    metric : str, default=None
        What is weighted: "accuracy", "balanced_accuracy", "r2",
        "neg_mean_squared_error" or "neg_mean_absolute_error". If None, accuracy for
        classifiers and R2 for regressors.

    classifier : classifier, default=None
        Tells the domains apart; it must have `predict_proba`. If None, a
        `LogisticRegression` on standardised features.

    Attributes
    ----------
    Xs_, Xt_ : array-likes
        The domains, when `fit` was called.

    classifier_ : classifier
        The fitted domain classifier, when `fit` was called.

    See Also
    --------
    CircularValidation : Adapts to the target and back to the source.
    make_uda_scorer : A scorer for a search over source rows alone.

    Notes
    -----
    One prediction of the held-out rows, and one fit of `classifier` on all rows: in
    `fit`, or else in each call. Few held-out rows carry the score when the domains are
    far apart: `effective_sample_size` says how many.

    References
    ----------
    .. [1] Sugiyama, Krauledat and Mueller. "Covariate shift adaptation by importance
       weighted cross validation." JMLR, 2007.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from adapt.metrics import ImportanceWeighted
    >>> rng = np.random.default_rng(0)
    >>> Xs, Xt = rng.normal(size=(300, 2)), rng.normal(size=(300, 2)) + [1, 0]
    >>> ys = Xs[:, 0] > 0
    >>> model = LogisticRegression().fit(Xs[:200], ys[:200])
    >>> scorer = ImportanceWeighted().fit(Xs, Xt)
    >>> scorer(model, Xs[200:], ys[200:]) > 0.9
    True
    """

    def __init__(self, metric=None, classifier=None):
        super().__init__(metric)
        self.classifier = classifier

    def fit(self, Xs, Xt):
        """Fit the domain classifier once, for all calls.

        Parameters
        ----------
        Xs : array-like of shape (n_samples, n_features)
            Source rows.

        Xt : array-like of shape (n_target_samples, n_features)
            Target rows.

        Returns
        -------
        self : object
            The scorer.
        """
        super().fit(Xs, Xt)
        classifier = self.classifier
        if classifier is None:
            scaler = StandardScaler(with_mean=False)  # keeps sparse rows sparse
            classifier = make_pipeline(scaler, LogisticRegression(max_iter=500))
        domain = np.repeat([0, 1], [self.Xs_.shape[0], self.Xt_.shape[0]])
        self._features = fitted_features(self.Xs_, self.Xt_)
        both = stack_rows(*map(self._as_table, (self.Xs_, self.Xt_)))
        self.classifier_ = clone(classifier).fit(both, domain)
        return self

    def _as_table(self, X):
        """Return features of series, and tables as they are."""
        if self._features is None:
            return X
        return np.nan_to_num(self._features.transform(X))

    def weights(self, X):
        """Return the weights of source rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Source rows, held out or not. `fit` must have been called.

        Returns
        -------
        weights : ndarray of shape (n_samples,)
            Density ratios, as they come.
        """
        sizes = self.Xs_.shape[0], self.Xt_.shape[0]
        return domain_odds(self.classifier_, self._as_table(X), *sizes)

    def effective_sample_size(self, X):
        """Return how many equally weighted rows of ``X`` the score is worth.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Source rows. `fit` must have been called.

        Returns
        -------
        size : float
            Between 1 and n_samples.
        """
        return effective_sample_size(self.weights(X))

    def held_out(self, estimator, X):
        """Return predictions of source rows, taken as such.

        Parameters
        ----------
        estimator : estimator
            Fitted without `X`.

        X : array-like of shape (n_samples, n_features)
            Held-out source rows.

        Returns
        -------
        predicted : ndarray of shape (n_samples,)
            Labels.
        """
        return call_as(estimator, "predict", X, 0)
