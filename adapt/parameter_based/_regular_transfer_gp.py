"""Gaussian processes whose prior mean is a source model."""

from numbers import Real

import numpy as np
from scipy.linalg import cho_factor, cho_solve, cholesky, solve_triangular
from scipy.special import expit
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    RegressorMixin,
    is_classifier,
)

from adapt._sklearn import Interval
from adapt.base import ParameterAdapter
from adapt.base._estimators import seed_estimator, split_pipeline
from adapt.parameter_based._class_labels import one_label_a_row, union_of_classes


def posterior(K, residual, lambda_):
    """Return the weights of kernels that make up the posterior mean's shift.

    Parameters
    ----------
    K : ndarray of shape (n_samples, n_samples)
        Kernel of the target rows.

    residual : ndarray of shape (n_samples, n_outputs)
        What the prior mean lacks there.

    lambda_ : float or ndarray of shape (n_samples,)
        Variance of the noise.

    Returns
    -------
    alpha : ndarray of shape (n_samples, n_outputs)
        ``(K + lambda I)^-1 residual``.
    """
    A = K.copy()
    A.flat[:: len(A) + 1] += lambda_
    return cho_solve(cho_factor(A, lower=True), residual)


def laplace(K, prior, Y, weight, max_iter=100, tol=1e-10):
    """Return the shift of the most probable latent values of a logistic model.

    Parameters
    ----------
    K : ndarray of shape (n_samples, n_samples)
        Prior covariance of the latent values.

    prior : ndarray of shape (n_samples,)
        Their prior mean.

    Y : ndarray of shape (n_samples,)
        Memberships, 0 or 1.

    weight : ndarray of shape (n_samples,)
        Weights of the rows.

    Returns
    -------
    alpha : ndarray of shape (n_samples,)
        Weights of kernels: the mode is ``prior + K alpha``. Newton's method, as in
        Rasmussen and Williams, "Gaussian processes for machine learning", 2006.
    """
    alpha = np.zeros(len(Y))
    value = -np.inf
    for _ in range(max_iter):
        shift = K @ alpha
        latent = prior + shift
        new_value = weight @ (Y * latent - np.logaddexp(0, latent)) - alpha @ shift / 2
        if new_value - value < tol * (1 + abs(new_value)):
            break
        value = new_value
        p = expit(latent)
        root = np.sqrt(weight * p * (1 - p))
        gradient = weight * (Y - p)
        b = root**2 * shift + gradient
        B = np.eye(len(Y)) + root[:, None] * K * root
        L = cholesky(B, lower=True)
        inner = solve_triangular(L, root * (K @ b), lower=True)
        alpha = b - root * solve_triangular(L, inner, lower=True, trans=1)
    return alpha


class _Shifted(BaseEstimator):
    """A source model and a shift of what it predicts, made of kernels.

    The kernels are of the features that ``steps``, if any, make of rows.
    """

    def __init__(self, source_model, steps, kernel, X, alpha, classes=None):
        self.source_model = source_model
        self.steps = steps
        self.kernel = kernel
        self.X = X
        self.alpha = alpha
        self.classes = classes

    @property
    def feature_names_in_(self):
        return self.source_model.feature_names_in_

    def _latent(self, X):
        features = np.asarray(X) if self.steps is None else self.steps.transform(X)
        shift = self.kernel(features, self.X) @ self.alpha
        return _prior(self.source_model, X, self.classes) + shift


class _ShiftedRegressor(RegressorMixin, _Shifted):
    def predict(self, X):
        latent = self._latent(X)
        return latent[:, 0] if latent.shape[1] == 1 else latent


class _ShiftedClassifier(ClassifierMixin, _Shifted):
    @property
    def classes_(self):
        return self.classes

    def decision_function(self, X):
        latent = self._latent(X)
        return latent[:, 0] if latent.shape[1] == 1 else latent

    def predict_proba(self, X):
        p = expit(self._latent(X))
        if p.shape[1] == 1:
            return np.column_stack([1 - p, p])
        return p / p.sum(axis=1, keepdims=True)

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def _prior(model, X, classes):
    """Return predictions, or log-odds of each class, as a prior mean of latent values.

    Classes that the source model does not know have even odds.
    """
    if classes is None:
        return np.reshape(model.predict(X), (len(X), -1)).astype(float)
    p = np.full((len(X), len(classes)), 0.5)
    p[:, np.searchsorted(classes, model.classes_)] = model.predict_proba(X)
    p = np.clip(p[:, 1:] if len(classes) == 2 else p, 1e-6, 1 - 1e-6)
    return np.log(p / (1 - p))


class RegularTransferGP(ParameterAdapter):
    r"""Regular transfer of Gaussian processes: the source model is the prior mean.

    With the mean :math:`m_s` and the kernel :math:`k` of a Gaussian process of the
    source, the target is a process of the mean :math:`m_s`, the kernel :math:`k` and a
    noise of variance :math:`\lambda`. Its posterior mean is

    .. math:: f(x) = m_s(x) + k(x, X_t) (k(X_t, X_t) + \lambda I)^{-1}
              (y_t - m_s(X_t)).

    For classes, :math:`m_s` are the log-odds of the source model, the kernel is
    :math:`k / \lambda`, and :math:`f` is the most probable latent function under a
    logistic likelihood.

    Parameters
    ----------
    estimator : GaussianProcessRegressor or GaussianProcessClassifier, default=None
        The source model, or a pipeline that ends in one. Either fitted already, with
        the target alone given to `fit`; or fitted on the source that `fit` is given. If
        None, one of the two, by the labels, as scikit-learn sets them up.

    Xt : array-like of shape (n_target_samples, n_features), default=None
        Target rows, used when `fit` is given none.

    yt : array-like of shape (n_target_samples,) or (.., n_outputs), default=None
        Labels of `Xt`; unlabelled rows are not used.

    lambda_ : float, default=1.0
        As it grows, the result becomes the source model. As it goes to zero, the target
        rows are met exactly. For numbers it is the variance of the noise, in units of
        the labels, beside that which the kernel of the source has.

    copy : bool, default=True
        Whether a clone of `estimator` is fitted on the source, or `estimator` itself. A
        fitted `estimator` is never changed.

    verbose : int, default=0
        Whether to print how long each stage took.

    random_state : int, RandomState instance or None, default=None
        Seeds each `random_state` in `estimator` that is None.

    Attributes
    ----------
    dual_coef_ : ndarray of shape (n_labelled, n_outputs)
        Weights of the kernels at the labelled target rows.

    estimator_ : estimator
        The model for the target.

    classes_ : ndarray of shape (n_classes,)
        Of classifiers: the classes of the source and of the target.

    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen in `fit`, where `X` has string column names.

    Raises
    ------
    ValueError
        If no target row is labelled; if the source model is no Gaussian process, or has
        another number of columns or outputs than the target; if a target is given alone
        and `estimator` is not fitted.
    TypeError
        If `sample_weight` is given for source rows, which no Gaussian process takes.

    See Also
    --------
    RegularTransferLR : The same idea for linear regression.

    Notes
    -----
    Departures from [1]_: there the model is linear and logistic, which is
    `RegularTransferLC`. This is the same idea, a prior centred at the source model, for
    functions in the place of coefficients.

    Time O(n_t^3 + n_t n_s), memory O(n_t^2 + n_t n_s) for n_t labelled target rows; for
    classes that much in each of a few Newton steps and for each class beyond two.
    Prediction costs that of the source model and O(n_t) more a row.

    Where the source model has one kernel per class, their first serves all. A class
    that the source does not know starts from even odds. `sample_weight` divides the
    noise of the rows, or multiplies their log-likelihood.

    References
    ----------
    .. [1] Chelba and Acero. "Adaptation of maximum entropy capitalizer: little data can
       help a lot." Computer Speech & Language, 2006.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.gaussian_process import GaussianProcessRegressor
    >>> from sklearn.gaussian_process.kernels import RBF
    >>> from adapt.parameter_based import RegularTransferGP
    >>> rng = np.random.default_rng(0)
    >>> Xs, Xt = rng.uniform(size=(30, 1)), rng.uniform(size=(30, 1))
    >>> ys, yt = np.sin(9 * Xs[:, 0]), np.sin(9 * Xt[:, 0]) + Xt[:, 0]
    >>> source_model = GaussianProcessRegressor(RBF(0.2), alpha=1e-4).fit(Xs, ys)
    >>> model = RegularTransferGP(source_model, lambda_=1e-3).fit(Xt[:5], yt[:5])
    >>> source_model.score(Xt, yt) < 0.8 < 0.95 < model.score(Xt, yt)
    True
    """

    _parameter_constraints: dict = {
        **ParameterAdapter._parameter_constraints,
        "lambda_": [Interval(Real, 0, None, closed="neither")],
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

    def _new_estimator(self, y):
        estimator = super()._new_estimator(y)
        if self.estimator is None:
            # What the base would take is linear, but tells classes from numbers.
            from sklearn.gaussian_process import (
                GaussianProcessClassifier,
                GaussianProcessRegressor,
            )

            estimator = (
                GaussianProcessClassifier()
                if is_classifier(estimator)
                else GaussianProcessRegressor()
            )
            if self.random_state is not None:
                seed_estimator(estimator, self.random_state)
        return estimator

    def _check_takes_weights(self, sample_weight):
        if sample_weight is not None and self.estimator is None:
            raise TypeError(
                "RegularTransferGP was to weigh source rows, but the `fit` of a "
                "Gaussian process has no `sample_weight` parameter. Fit the source "
                "model first, and give `fit` the target alone: there `sample_weight` "
                "divides the noise of the rows."
            )
        super()._check_takes_weights(sample_weight)

    def _transfer(self, source_model, domains):
        X, y, weight = domains.labelled_target()
        steps, process = split_pipeline(source_model)
        features = self._features(steps, X)
        kernel = _kernel(process)
        K = kernel(features)
        if is_classifier(process):
            y = one_label_a_row(self, y)
            classes = union_of_classes(process.classes_, y)
            Y = (y[:, None] == classes).astype(float)
            Y = Y[:, 1:] if len(classes) == 2 else Y
            prior = _prior(source_model, X, classes)
            weight = np.ones(len(y)) if weight is None else weight
            alpha = np.column_stack(
                [
                    laplace(K / self.lambda_, m, t, weight) / self.lambda_
                    for m, t in zip(prior.T, Y.T, strict=True)
                ]
            )
            model = _ShiftedClassifier(
                source_model, steps, kernel, features, alpha, classes
            )
        else:
            prior = _prior(source_model, X, None)
            values = np.asarray(y, dtype=float).reshape(len(y), -1)
            if prior.shape != values.shape:
                raise ValueError(
                    f"`estimator` has {prior.shape[1]} outputs, but the labels of the "
                    f"target are of shape {y.shape}."
                )
            noise = self.lambda_
            if weight is not None:
                used = weight > 0
                K, features = K[np.ix_(used, used)], features[used]
                values, prior = values[used], prior[used]
                noise = noise / weight[used]
            alpha = posterior(K, values - prior, noise)
            model = _ShiftedRegressor(source_model, steps, kernel, features, alpha)
        self.dual_coef_ = alpha
        return model


def _kernel(process):
    """Return the fitted kernel of a Gaussian process."""
    from sklearn.gaussian_process import (
        GaussianProcessClassifier,
        GaussianProcessRegressor,
    )
    from sklearn.gaussian_process.kernels import CompoundKernel

    if not isinstance(process, GaussianProcessClassifier | GaussianProcessRegressor):
        raise ValueError(
            "`estimator` must be a GaussianProcessRegressor or a "
            "GaussianProcessClassifier, or a pipeline that ends in one, got "
            f"{type(process).__name__}."
        )
    kernel = process.kernel_
    return kernel.kernels[0] if isinstance(kernel, CompoundKernel) else kernel
