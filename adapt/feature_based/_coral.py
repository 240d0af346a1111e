"""Correlation alignment.

The source is whitened by its own covariance and coloured by the target's, so that
second moments agree. Nothing is done to the target.
"""

from adapt._linalg import symmetric_power
from adapt.feature_based._moment_map import MomentMap


def coral_map(Cs, Ct):
    """Return the matrix that gives centred rows of covariance Cs the covariance Ct.

    Parameters
    ----------
    Cs, Ct : ndarray of shape (n_features, n_features)
        Covariances of source and target. If Cs is singular, the result is exact on its
        range.

    Returns
    -------
    A : ndarray of shape (n_features, n_features)
        ``Cs^(-1/2) Ct^(1/2)``, to be multiplied from the right.
    """
    return symmetric_power(Cs, -0.5) @ symmetric_power(Ct, 0.5)


class CORAL(MomentMap):
    r"""Correlation alignment [1]_: give the source the covariance of the target.

    With the covariances :math:`C_s` and :math:`C_t` and the source mean
    :math:`\mu_s`, a source row becomes
    :math:`(x - \mu_s) C_s^{-1/2} C_t^{1/2} + \mu_s`; target rows stay as they are.

    Parameters
    ----------
    estimator : estimator, default=None
        Fitted on the mapped source. If None, `LogisticRegression` for classes and
        `LinearRegression` for numbers.

    Xt : array-like of shape (n_target_samples, n_features), default=None
        Target rows, used when `fit` is given none.

    lambda_ : float or "auto", default=1e-5
        Added to the diagonal of both covariances. "auto" shrinks each covariance by
        the rule of Ledoit and Wolf, which suits few rows in many columns. With 0 the
        target covariance is met exactly wherever the source covariance has full rank.

    match_mean : bool, default=False
        Whether the source is also given the mean of the target.

    copy : bool, default=True
        Whether a clone of `estimator` is fitted, or `estimator` itself.

    verbose : int, default=0
        Whether to print how long each stage took.

    random_state : int, RandomState instance or None, default=None
        Seeds each `random_state` in `estimator` that is None.

    Attributes
    ----------
    Cs_, Ct_ : ndarray of shape (n_features, n_features)
        Regularised covariances of source and target.

    coef_ : ndarray of shape (n_features, n_features)
        The map of centred source rows, multiplied from the right.

    mean_source_, mean_target_ : ndarray of shape (n_features,)
        Where mapped source rows are centred before and after the map; the same unless
        `match_mean`.

    estimator_ : estimator
        The fitted estimator.

    n_features_in_ : int
        Number of features seen in `fit`.

    See Also
    --------
    LinearOT : Also maps covariance and mean, by the shortest way.

    Notes
    -----
    Departures from [1]_:

    - The paper adds one to the diagonals of the covariances; `lambda_` is less, so that
      the target's covariance is met closely.
    - The paper maps rows of mean zero. Rows of another mean are mapped about it here,
      and covariances are divided by the number of rows.

    ``CORAL(lambda_=1)``, on columns standardised by the source, is the published
    algorithm.

    Time O((n_s + n_t) d^2 + d^3), memory O(d^2) beside one mapped copy of the source.

    References
    ----------
    .. [1] Sun, Feng and Saenko. "Return of frustratingly easy domain adaptation." AAAI,
       2016.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.feature_based import CORAL
    >>> rng = np.random.default_rng(0)
    >>> Xs, Xt = rng.normal(size=(200, 2)), rng.normal(size=(300, 2)) * [1, 3]
    >>> model = CORAL(lambda_=0).fit(Xs, Xs[:, 1] > 0, Xt=Xt)
    >>> bool(np.allclose(np.cov(model.transform(Xs, sample_domain=0).T, bias=True),
    ...                  np.cov(Xt.T, bias=True)))
    True
    >>> model.predict([[0.0, 2.0], [0.0, -2.0]])
    array([ True, False])
    """

    _parameter_constraints: dict = {
        **MomentMap._parameter_constraints,
        "match_mean": ["boolean"],
    }

    def __init__(
        self,
        estimator=None,
        Xt=None,
        lambda_=1e-5,
        *,
        match_mean=False,
        copy=True,
        verbose=0,
        random_state=None,
    ):
        super().__init__(
            estimator,
            Xt,
            lambda_,
            copy=copy,
            verbose=verbose,
            random_state=random_state,
        )
        self.match_mean = match_mean

    @staticmethod
    def _matrix(Cs, Ct):
        return coral_map(Cs, Ct)
