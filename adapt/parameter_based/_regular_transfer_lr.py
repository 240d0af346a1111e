"""Ridge regression towards the coefficients of a source model."""

import copy
from numbers import Real

import numpy as np
from scipy.linalg import eigh, lstsq
from sklearn.base import is_regressor
from sklearn.linear_model import LinearRegression
from sklearn.utils import RegressorTags, get_tags

from adapt._sklearn import Interval
from adapt.base import ParameterAdapter
from adapt.base._estimators import copy_names, split_pipeline


def shrink_towards(X, y, coef, lambda_):
    """Return least-squares coefficients, penalised by their distance from others.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Rows.

    y : ndarray of shape (n_samples, n_outputs)
        Values to be fitted.

    coef : ndarray of shape (n_features, n_outputs)
        Where the penalty is zero.

    lambda_ : float
        Penalty. With 0, of all least-squares solutions the one nearest to `coef`.

    Returns
    -------
    coef : ndarray of shape (n_features, n_outputs)
        ``(X'X + lambda I)^-1 (X'y + lambda coef)``. With more columns than rows the
        system in the rows is solved instead.
    """
    residual = y - X @ coef
    if lambda_ == 0:
        return coef + lstsq(X, residual)[0]
    if len(X) < X.shape[1]:
        values, vectors = eigh(X @ X.T)
        step = vectors.T @ residual
        step /= np.maximum(values, 0)[:, None] + lambda_
        return coef + X.T @ (vectors @ step)
    values, vectors = eigh(X.T @ X)
    step = vectors.T @ (X.T @ residual)
    step /= np.maximum(values, 0)[:, None] + lambda_
    return coef + vectors @ step


class RegularTransferLR(ParameterAdapter):
    r"""Regular transfer of linear regression [1]_: ridge towards the source model.

    With the coefficients :math:`w_s` of a linear model of the source, those of the
    target minimise :math:`\|X_t w - y_t\|^2 + \lambda \|w - w_s\|^2`, so that

    .. math:: w = (X_t^T X_t + \lambda I)^{-1} (X_t^T y_t + \lambda w_s).

    Parameters
    ----------
    estimator : regressor, default=None
        The source model: linear, with `coef_` and `intercept_`, or a pipeline that ends
        in such a model. Either fitted already, with the target alone given to `fit`; or
        fitted on the source that `fit` is given. If None, `LinearRegression`.

    Xt : array-like of shape (n_target_samples, n_features), default=None
        Target rows, used when `fit` is given none.

    yt : array-like of shape (n_target_samples,) or (.., n_outputs), default=None
        Labels of `Xt`; unlabelled rows are not used.

    lambda_ : float, default=1.0
        Penalty, in the squared units of the columns times the number of rows. With 0
        the result is the least-squares fit on the target; as it grows, the source
        model.

    copy : bool, default=True
        Whether a clone of `estimator` is fitted on the source, or `estimator` itself. A
        fitted `estimator` is never changed.

    verbose : int, default=0
        Whether to print how long each stage took.

    random_state : int, RandomState instance or None, default=None
        Seeds each `random_state` in `estimator` that is None.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_outputs, n_features)
        Coefficients for the target; after a pipeline, of the features it makes.

    intercept_ : float or ndarray of shape (n_outputs,)
        Intercept for the target.

    estimator_ : LinearRegression or Pipeline
        The model for the target.

    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen in `fit`, where `X` has string column names.

    Raises
    ------
    ValueError
        If no target row is labelled; if the source model is no linear regression, or
        has another number of columns or outputs than the target; if a target is given
        alone and `estimator` is not fitted.

    Notes
    -----
    Departures from [1]_: there the model is logistic (maximum entropy), which is
    `RegularTransferLC`. This is the same prior, centred at the source, for squared
    errors.

    Time O(n_t d min(n_t, d) + min(n_t, d)^3), memory O(min(n_t, d)^2) beside one copy
    of the target.

    The intercept is one more coefficient, of a column of ones, and is drawn to that of
    the source like the others. If the source model has none (`fit_intercept=False`),
    the target's has none. `sample_weight` multiplies the squared errors.

    References
    ----------
    .. [1] Chelba and Acero. "Adaptation of maximum entropy capitalizer: little data can
       help a lot." Computer Speech & Language, 2006.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LinearRegression
    >>> from adapt.parameter_based import RegularTransferLR
    >>> rng = np.random.default_rng(0)
    >>> Xs, Xt = rng.normal(size=(100, 2)), rng.normal(size=(10, 2))
    >>> ys, yt = Xs @ [1.0, 2.0], Xt @ [1.0, 3.0]
    >>> source_model = LinearRegression().fit(Xs, ys)
    >>> RegularTransferLR(source_model, lambda_=1e-3).fit(Xt, yt).coef_.round(2)
    array([1., 3.])
    >>> RegularTransferLR(source_model, lambda_=1e6).fit(Xt, yt).coef_.round(2)
    array([1., 2.])
    """

    _parameter_constraints: dict = {
        **ParameterAdapter._parameter_constraints,
        "lambda_": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        estimator=None,
        Xt=None,
        yt=None,
        lambda_=1.0,
        *,
        copy=True,
        verbose=0,
        random_state=None,
    ):
        super().__init__(
            estimator, Xt, yt, copy=copy, verbose=verbose, random_state=random_state
        )
        self.lambda_ = lambda_

    def _stand_in(self):
        # Whole numbers are values here, not classes.
        return LinearRegression() if self.estimator is None else self._given()

    def _new_estimator(self, y):
        return self._stand_in() if self.estimator is None else super()._new_estimator(y)

    def _transfer(self, source_model, domains):
        X, y, weight = domains.labelled_target()
        steps, linear = split_pipeline(source_model)
        features = self._features(steps, X)
        coef, intercept = _coefficients(linear, features, source_model.predict(X))
        if coef.shape[1] != (1 if y.ndim == 1 else y.shape[1]):
            raise ValueError(
                f"`estimator` has {coef.shape[1]} outputs, but the labels of the "
                f"target are of shape {y.shape}."
            )
        design, start = features, coef
        if linear.fit_intercept:
            design = np.column_stack([features, np.ones(len(features))])
            start = np.vstack([coef, intercept])
        values = np.asarray(y, dtype=float).reshape(len(y), -1)
        if weight is not None:
            root = np.sqrt(weight)[:, None]
            design, values = root * design, root * values
        found = shrink_towards(design, values, start, self.lambda_)
        if linear.fit_intercept:
            found, intercept = found[:-1], found[-1]

        model = LinearRegression(fit_intercept=linear.fit_intercept)
        model.coef_ = found[:, 0] if y.ndim == 1 else found.T
        model.intercept_ = float(intercept[0]) if y.ndim == 1 else intercept
        model.n_features_in_ = len(found)
        copy_names(linear, model)
        self.coef_, self.intercept_ = model.coef_, model.intercept_
        if steps is None:
            return model
        whole = copy.deepcopy(steps)
        whole.steps.append((source_model.steps[-1][0], model))
        return whole

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.estimator_type = "regressor"
        tags.classifier_tags = None
        if tags.regressor_tags is None:
            tags.regressor_tags = RegressorTags()
        tags.target_tags = get_tags(self._stand_in()).target_tags
        return tags


def _coefficients(linear, X, predicted):
    """Return coefficients (n_features, n_outputs) and intercept (n_outputs,).

    That a model has ``coef_`` does not make it linear, so its predictions are compared.
    """
    name = type(linear).__name__
    if not is_regressor(linear) or getattr(linear, "coef_", None) is None:
        raise ValueError(
            "`estimator` must be a linear regression with `coef_` and `intercept_`, "
            f"or a pipeline that ends in one, got {name}."
        )
    coef = np.atleast_2d(np.asarray(linear.coef_, dtype=float)).T
    intercept = np.broadcast_to(np.ravel(linear.intercept_), coef.shape[1]).astype(
        float
    )
    linear_part = X @ coef + intercept
    scale = 1 + np.abs(X) @ np.abs(coef) + np.abs(intercept)
    predicted = np.reshape(predicted, linear_part.shape)
    if np.any(np.abs(predicted - linear_part) > 1e-4 * scale):
        raise ValueError(
            "`estimator` must predict `X @ coef_ + intercept_`, but the predictions of "
            f"{name} are something else."
        )
    return coef, intercept
