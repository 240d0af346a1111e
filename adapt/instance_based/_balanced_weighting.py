"""One training set of both domains, with a fixed share of the loss for each."""

from numbers import Real

import numpy as np

from adapt._domains import require_labels, require_weight, split_domains
from adapt._frames import stack_rows
from adapt._sklearn import Interval, _fit_context
from adapt.base import WeightAdapter


def _mean_one(weight, n_samples):
    """Return weights of mean one, which leave the balance of the domains as it is."""
    return np.ones(n_samples) if weight is None else weight / weight.mean()


def balanced_weights(n_source, n_target, gamma):
    """Return the weights of source rows, then target rows, of mean one.

    Parameters
    ----------
    n_source, n_target : int
        Numbers of rows.

    gamma : float
        Share of the sum of weights that the target rows have.

    Returns
    -------
    weights : ndarray of shape (n_source + n_target,)
    """
    shares = np.array([(1 - gamma) / n_source, gamma / n_target])
    return (n_source + n_target) * np.repeat(shares, [n_source, n_target])


class BalancedWeighting(WeightAdapter):
    r"""Train on the source and on labelled target rows, balanced by `gamma` [1]_.

    The estimator h minimises

    .. math::
        (1 - \gamma) \frac{1}{n_s} \sum_{i=1}^{n_s} L(h(x^s_i), y^s_i)
        + \gamma \frac{1}{n_t} \sum_{i=1}^{n_t} L(h(x^t_i), y^t_i).

    Parameters
    ----------
    estimator : estimator, default=None
        Fitted on both domains. If None, `LogisticRegression` for classes and
        `LinearRegression` for numbers.

    Xt : array-like of shape (n_target_samples, n_features), default=None
        Target rows, used when `fit` is given none.

    yt : array-like of shape (n_target_samples,), default=None
        Labels of `Xt`, used with it. Rows without a label are left out.

    gamma : float, default=0.5
        Share of the target in the loss, from 0, the source alone, to 1, the target
        alone.

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
        Seeds each `random_state` in `estimator` that is None, and the bootstrap.

    Attributes
    ----------
    weights_ : ndarray of shape (n_samples + n_labelled_target_samples,)
        Weights of the source rows, then of the labelled target rows, of mean one.

    effective_sample_size_ : float
        Number of equally weighted rows that the weights are worth.

    estimator_ : estimator
        The fitted estimator.

    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen in `fit`, where `X` has string column names.

    Raises
    ------
    ValueError
        If a domain is missing or empty, or if labels of the source or of all target
        rows are.
    TypeError
        If `estimator` takes no `sample_weight` and `resample` is False.

    See Also
    --------
    TrAdaBoost : Finds out which source rows help.
    FA : Lets each domain have coefficients of its own.

    Notes
    -----
    Time and memory are those of the estimator on all labelled rows. NaN and sparse `X`
    are taken if `estimator` takes them. User weights given as `sample_weight` multiply,
    after they were brought to a mean of one in each domain.

    References
    ----------
    .. [1] Wu and Dietterich. "Improving SVM accuracy by training on auxiliary data
       sources." ICML, 2004.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.instance_based import BalancedWeighting
    >>> Xs, Xt = np.ones((6, 1)), np.ones((2, 1))
    >>> model = BalancedWeighting(gamma=0.5)
    >>> model.fit(Xs, np.zeros(6), Xt=Xt, yt=np.array([1.0, 1.0])).weights_.tolist()
    [0.666..., 0.666..., 0.666..., 0.666..., 0.666..., 0.666..., 2.0, 2.0]
    """

    _reads_rows = False

    _parameter_constraints: dict = {
        **WeightAdapter._parameter_constraints,
        "gamma": [Interval(Real, 0, 1, closed="both")],
    }

    _target_labels = "required"
    _allows_nan = True
    _allows_sparse = True

    def __init__(
        self,
        estimator=None,
        Xt=None,
        yt=None,
        gamma=0.5,
        *,
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
        self.gamma = gamma

    def _adapt(self, domains):
        super()._adapt(self._with_target(domains))

    def _with_target(self, domains):
        """Return the domains with the labelled target rows below the source rows."""
        require_labels(self, domains.ys, "trains on labelled rows of both domains")
        Xt, yt, wt = domains.labelled_target()
        weight = None
        require_weight(domains.source_weight, "source")
        require_weight(wt, "labelled target")
        if domains.source_weight is not None:
            weight = np.concatenate(
                [
                    _mean_one(domains.source_weight, len(domains.ys)),
                    _mean_one(wt, len(yt)),
                ]
            )
        return domains._replace(
            Xs=stack_rows(domains.Xs, Xt),
            ys=np.concatenate([domains.ys, yt]),
            source_weight=weight,
            frames=None,
        )

    def _weigh(self, domains):
        n_target = int(domains.labelled.sum())
        return balanced_weights(len(domains.ys) - n_target, n_target, self.gamma)

    @_fit_context(prefer_skip_nested_validation=False)
    def fit_weights(self, Xs, Xt, ys, yt):
        """Return the training set with its weights, without fitting an estimator.

        Parameters
        ----------
        Xs : array-like of shape (n_samples, n_features)
            Source rows.

        Xt : array-like of shape (n_target_samples, n_features)
            Target rows.

        ys, yt : array-likes of shape (n_samples,) and (n_target_samples,)
            Labels.

        Returns
        -------
        weights : ndarray of shape (n_samples + n_labelled_target_samples,)
            Weights, of mean one.

        X : ndarray of shape (n_samples + n_labelled_target_samples, n_features)
            Rows of the source, then labelled rows of the target.

        y : ndarray of shape (n_samples + n_labelled_target_samples,)
            Their labels.
        """
        domains = split_domains(self, Xs, ys, Xt, yt)
        if domains.labelled is None:
            raise ValueError(f"{type(self).__name__} needs labels in `yt`, got none.")
        both = self._with_target(domains)
        self._find_weights(both)
        return self.weights_, both.Xs, both.ys
