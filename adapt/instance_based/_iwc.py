"""Importance weighting by a domain classifier.

A classifier that tells target from source knows the ratio of their densities: it is the
odds of the target, corrected for the sizes of the samples.
"""

from numbers import Integral

import numpy as np
from scipy import sparse
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.utils import get_tags

from adapt._sklearn import HasMethods
from adapt.base import RatioAdapter
from adapt.base._estimators import has_method, seed_estimator


def density_ratio(p_target, n_source, n_target):
    """Return the ratio of target to source density that probabilities stand for.

    Parameters
    ----------
    p_target : ndarray of shape (n_samples,)
        Probability that a row is of the target, by a classifier that was fitted on
        `n_source` and `n_target` rows.

    n_source, n_target : int
        Sizes of the samples.

    Returns
    -------
    ratio : ndarray of shape (n_samples,)
        ``p / (1 - p) * n_source / n_target``. As no sample can tell a smaller share,
        ``1 - p`` is taken to be at least one in all rows.
    """
    p_source = np.maximum(1 - p_target, 1 / (n_source + n_target))
    return p_target / p_source * (n_source / n_target)


def _stacked(domains):
    """Return the rows of both domains, and which of them are of the target."""
    stack = sparse.vstack if sparse.issparse(domains.Xs) else np.concatenate
    is_target = np.repeat([0, 1], [domains.Xs.shape[0], domains.Xt.shape[0]])
    return stack([domains.Xs, domains.Xt]), is_target


class IWC(RatioAdapter):
    r"""Importance weighting classifier [1]_: weigh by the odds of the target.

    A classifier is trained to tell target rows from source rows, and the source rows
    are weighted by its odds. By Bayes' rule

    .. math::
        \frac{p_t(x)}{p_s(x)} = \frac{P(t \mid x)}{P(s \mid x)} \frac{n_s}{n_t},

    which is the weight under which the source stands for the target.

    Parameters
    ----------
    estimator : estimator, default=None
        Fitted on the weighted source. If None, `LogisticRegression` for classes and
        `LinearRegression` for numbers.

    Xt : array-like of shape (n_target_samples, n_features), default=None
        Target rows, used when `fit` is given none.

    yt : array-like, default=None
        Ignored; there for the order of parameters.

    classifier : classifier with `predict_proba`, default=None
        Tells the domains apart. If None, a `LogisticRegression` on standardised
        columns, which is right for Gaussians of equal covariance. The weights are as
        good as its probabilities: calibrate classifiers that are overconfident.

    cl_params : dict, default=None
        Keyword arguments for the `fit` of `classifier`.

    cv : int, splitter, iterable of splits or None, default=None
        If not None, the weight of a source row comes from a classifier that has not
        seen it (`sklearn.model_selection.cross_val_predict`). Flexible classifiers need
        this, because they memorise the domain of each row.

    weight_clip : float, default=None
        Largest weight, in units of the mean weight, before the mean is brought back to
        one.

    resample : bool, default=False
        Whether `estimator` is fitted on a bootstrap drawn by the weights, which serves
        estimators without `sample_weight`.

    copy : bool, default=True
        Whether a clone of `estimator` is fitted, or `estimator` itself.

    verbose : int, default=0
        Whether to print how long each stage took.

    random_state : int, RandomState instance or None, default=None
        Seeds each `random_state` in `estimator` and `classifier` that is None, and the
        bootstrap.

    Attributes
    ----------
    weights_ : ndarray of shape (n_samples,)
        Weights of the source rows, of mean one.

    effective_sample_size_ : float
        Number of equally weighted rows that the weights are worth.

    classifier_ : classifier
        The domain classifier, fitted on all rows; label 1 is the target.

    estimator_ : estimator
        The fitted estimator.

    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen in `fit`, where `X` has string column names.

    Raises
    ------
    ValueError
        If a domain is missing or empty, or has fewer rows than `cv` has folds.
    TypeError
        If `estimator` takes no `sample_weight` and `resample` is False, or if
        `classifier` has no `predict_proba`.

    See Also
    --------
    RULSIF : Estimates a ratio of densities without a classifier.

    Notes
    -----
    Departures from [1]_:

    - Columns are standardised before the logistic regression, so that its penalty is on
      all alike.
    - Odds are no larger than the number of rows.
    - [1]_ can also train the classifier of domains and the one of labels together, in
      one objective. Here one follows the other, which [1]_ calls the two-stage
      procedure.

    The published two-stage procedure is ``IWC(classifier=LogisticRegression(C=c))``.

    Time and memory are those of the classifier on n_s + n_t rows, times one more than
    the number of folds with `cv`. NaN and sparse `X` are taken if both `classifier` and
    `estimator` take them.

    Odds are bounded by the number of rows, lest a classifier that is sure of itself
    puts all weight on one row.

    References
    ----------
    .. [1] Bickel, Brueckner and Scheffer. "Discriminative learning for differing
       training and test distributions." ICML, 2007.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.instance_based import IWC
    >>> rng = np.random.default_rng(0)
    >>> Xs, Xt = rng.normal(size=(500, 1)), rng.normal(size=(500, 1)) + 1
    >>> model = IWC().fit(Xs, Xs[:, 0] > 0, Xt=Xt)
    >>> weights = model.predict_weights([[-1.0], [0.0], [1.0]])
    >>> bool(weights[0] < weights[1] < weights[2])
    True
    """

    _parameter_constraints: dict = {
        **RatioAdapter._parameter_constraints,
        "classifier": [HasMethods("fit"), None],
        "cl_params": [dict, None],
        "cv": ["cv_object"],
    }

    _allows_nan = True
    _allows_sparse = True

    def __init__(
        self,
        estimator=None,
        Xt=None,
        yt=None,
        classifier=None,
        cl_params=None,
        *,
        cv=None,
        weight_clip=None,
        resample=False,
        copy=True,
        verbose=0,
        random_state=None,
    ):
        super().__init__(
            estimator,
            Xt,
            weight_clip=weight_clip,
            resample=resample,
            copy=copy,
            verbose=verbose,
            random_state=random_state,
        )
        self.yt = yt
        self.classifier = classifier
        self.cl_params = cl_params
        self.cv = cv

    def _fit_ratio(self, domains):
        X, is_target = _stacked(domains)
        self._sizes = domains.Xs.shape[0], domains.Xt.shape[0]
        self.classifier_ = self._new_classifier(sparse.issparse(X))
        self.classifier_.fit(X, is_target, **self._classifier_params())

    def _log_ratio(self, X):
        p_target = self.classifier_.predict_proba(X)[:, 1]
        with np.errstate(divide="ignore"):  # a weight of zero
            return np.log(density_ratio(p_target, *self._sizes))

    def _weigh(self, domains):
        weights = super()._weigh(domains)
        return weights if self.cv is None else self._out_of_fold(domains)

    def _new_classifier(self, is_sparse):
        if self.classifier is None:
            from sklearn.pipeline import make_pipeline
            from sklearn.preprocessing import StandardScaler

            scaler = StandardScaler(with_mean=not is_sparse)
            return make_pipeline(scaler, LogisticRegression())
        if not has_method(self.classifier, "predict_proba"):
            name = type(self.classifier).__name__
            raise TypeError(
                f"`classifier` must have `predict_proba`, which {name} has not: give "
                f"`CalibratedClassifierCV({name}())`, or for a network "
                '`DeepSource(task=network, loss="crossentropy")`.'
            )
        classifier = clone(self.classifier)
        if self.random_state is not None:
            seed_estimator(classifier, self.random_state)
        return classifier

    def _classifier_params(self):
        return {} if self.cl_params is None else self.cl_params

    def _out_of_fold(self, domains):
        from sklearn.model_selection import StratifiedKFold, cross_val_predict

        cv, (ns, nt) = self.cv, self._sizes
        if isinstance(cv, Integral):
            if min(ns, nt) < cv:
                raise ValueError(
                    f"`cv`={cv} folds need as many rows in each domain, got n_samples "
                    f"= {ns} in the source and {nt} in the target."
                )
            cv = StratifiedKFold(cv, shuffle=True, random_state=self.random_state)
        X, is_target = _stacked(domains)
        p_target = cross_val_predict(
            self._new_classifier(sparse.issparse(X)),
            X,
            is_target,
            cv=cv,
            method="predict_proba",
            params=self._classifier_params(),
        )[:ns, 1]
        return density_ratio(p_target, ns, nt)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        judge = LogisticRegression() if self.classifier is None else self.classifier
        takes = get_tags(judge).input_tags
        tags.input_tags.allow_nan &= takes.allow_nan
        tags.input_tags.sparse &= takes.sparse
        return tags
