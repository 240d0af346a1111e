"""Logistic regression towards the coefficients of a source model."""

import copy
import warnings
from numbers import Integral, Real

import numpy as np
from scipy import sparse
from sklearn.base import is_classifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.utils import ClassifierTags

from adapt._sklearn import Interval
from adapt.base import ParameterAdapter
from adapt.base._estimators import copy_names, split_pipeline
from adapt.parameter_based._class_labels import one_label_a_row, union_of_classes
from adapt.parameter_based._logistic_transfer import minimise


class RegularTransferLC(ParameterAdapter):
    r"""Regular transfer of linear classification [1]_: logistic, towards the source.

    With the coefficients :math:`W_s` of a linear classifier of the source, those of the
    target minimise

    .. math:: -\sum_i \log p(y_i \mid x_i, W) + \lambda \|W - W_s\|^2

    where :math:`p` is logistic for two classes, multinomial for more.

    Parameters
    ----------
    estimator : classifier, default=None
        The source model: linear, with `coef_` and `intercept_`, or a pipeline that ends
        in such a model. Either fitted already, with the target alone given to `fit`; or
        fitted on the source that `fit` is given. If None, `LogisticRegression`.

    Xt : array-like of shape (n_target_samples, n_features), default=None
        Target rows, used when `fit` is given none.

    yt : array-like of shape (n_target_samples,), default=None
        Labels of `Xt`; unlabelled rows are not used.

    lambda_ : float, default=1.0
        Penalty. With 0 the result is logistic regression on the target without a
        penalty; as it grows, the source model.

    max_iter : int, default=1000
        Most iterations of the search.

    tol : float, default=1e-6
        Largest component of the gradient, per row, at which the search stops.

    copy : bool, default=True
        Whether a clone of `estimator` is fitted on the source, or `estimator` itself. A
        fitted `estimator` is never changed.

    verbose : int, default=0
        Whether to print how long each stage took.

    random_state : int, RandomState instance or None, default=None
        Seeds each `random_state` in `estimator` that is None.

    Attributes
    ----------
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Coefficients for the target; after a pipeline, of the features it makes.

    intercept_ : ndarray of shape (1,) or (n_classes,)
        Intercepts for the target.

    classes_ : ndarray of shape (n_classes,)
        Classes of the source and of the target.

    n_iter_ : int
        Iterations of the search.

    estimator_ : LogisticRegression or Pipeline
        The model for the target.

    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen in `fit`, where `X` has string column names.

    Raises
    ------
    ValueError
        If no target row is labelled; if the source model is no linear classifier, or
        has another number of columns than the target; if a target is given alone and
        `estimator` is not fitted.

    Warns
    -----
    ConvergenceWarning
        If `max_iter` was reached.

    See Also
    --------
    RegularTransferLR : The same for numbers, in closed form.

    Notes
    -----
    With p = K (d + 1) parameters for K classes (K = 1 for two classes): Newton's method
    up to p = 200, in time O(n_t p^2 + p^3) per iteration, of which there are a few.
    Above, for sparse rows and for ``lambda_=0``, L-BFGS in time O(n_t p) per iteration.
    Memory O(n_t (d + K)). `X` may be sparse where `estimator` takes it.

    The intercept is drawn to that of the source like the other coefficients.
    `sample_weight` multiplies the losses of the rows.

    The target may have fewer classes than the source, or others: the model knows the
    classes of both. Coefficients of a class that the source did not know start from
    zero. If the source has two classes and a third comes in, the log-odds are shared by
    both as `coef_ / 2` with opposite signs.

    References
    ----------
    .. [1] Chelba and Acero. "Adaptation of maximum entropy capitalizer: little data can
       help a lot." Computer Speech & Language, 2006.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from adapt.parameter_based import RegularTransferLC
    >>> rng = np.random.default_rng(0)
    >>> Xs, Xt = rng.normal(size=(100, 2)), rng.normal(size=(30, 2))
    >>> ys, yt = Xs[:, 0] > 0, Xt[:, 0] + Xt[:, 1] > 0
    >>> source_model = LogisticRegression().fit(Xs, ys)
    >>> source_model.score(Xt, yt)
    0.73...
    >>> RegularTransferLC(source_model, lambda_=0.1).fit(Xt, yt).score(Xt, yt)
    1.0
    """

    _parameter_constraints: dict = {
        **ParameterAdapter._parameter_constraints,
        "lambda_": [Interval(Real, 0, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="neither")],
    }

    _allows_sparse = True

    def __init__(
        self,
        estimator=None,
        Xt=None,
        yt=None,
        lambda_=1.0,
        *,
        max_iter=1000,
        tol=1e-6,
        copy=True,
        verbose=0,
        random_state=None,
    ):
        super().__init__(
            estimator, Xt, yt, copy=copy, verbose=verbose, random_state=random_state
        )
        self.lambda_ = lambda_
        self.max_iter = max_iter
        self.tol = tol

    def _new_estimator(self, y):
        return super()._new_estimator(one_label_a_row(self, y))

    def _transfer(self, source_model, domains):
        X, y, weight = domains.labelled_target()
        y = one_label_a_row(self, y)
        steps, linear = split_pipeline(source_model)
        features = self._features(steps, X)
        _check_linear(linear, features, source_model, X)
        classes = union_of_classes(linear.classes_, y)
        start = _start(linear, classes)
        if len(classes) == 2:
            Y = (y == classes[1])[:, None].astype(float)
        else:
            Y = (y[:, None] == classes).astype(float)
        problem = (
            _with_ones(features),
            Y,
            np.ones(len(y)) if weight is None else weight,
            start,
            self.lambda_,
        )
        params, n_iter = minimise(problem, self.max_iter, self.tol)
        if n_iter >= self.max_iter:
            warnings.warn(
                f"RegularTransferLC did not converge in {self.max_iter} iterations. "
                "Increase `max_iter`, or standardise the columns.",
                ConvergenceWarning,
                stacklevel=4,
            )
        W = params.reshape(start.shape)
        model = LogisticRegression()
        model.coef_, model.intercept_ = W[:, :-1].copy(), W[:, -1].copy()
        model.classes_ = classes
        model.n_features_in_ = W.shape[1] - 1
        copy_names(linear, model)
        model.n_iter_ = np.array([n_iter])
        self.coef_, self.intercept_ = model.coef_, model.intercept_
        self.n_iter_ = n_iter
        if steps is None:
            return model
        whole = copy.deepcopy(steps)
        whole.steps.append((source_model.steps[-1][0], model))
        return whole

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.estimator_type = "classifier"
        tags.regressor_tags = None
        if tags.classifier_tags is None:
            tags.classifier_tags = ClassifierTags()
        return tags


def _with_ones(X):
    """Return rows with a column of ones after the others."""
    if sparse.issparse(X):
        return sparse.hstack([X, np.ones((X.shape[0], 1))], format="csr")
    A = np.empty((X.shape[0], X.shape[1] + 1), order="F")  # each column in one piece
    A[:, :-1], A[:, -1] = X, 1
    return A


def _check_linear(linear, X, source_model, rows):
    """Refuse a source model that is no linear classifier.

    It sees ``rows``, and the last step of it, ``linear``, sees ``X``.
    """
    name = type(linear).__name__
    if not is_classifier(linear) or getattr(linear, "coef_", None) is None:
        raise ValueError(
            "`estimator` must be a linear classifier with `coef_` and `intercept_`, "
            f"or a pipeline that ends in one, got {name}."
        )
    if type(linear).decision_function is LogisticRegression.decision_function:
        return  # what linear models of scikit-learn share
    scores = source_model.decision_function(rows)
    coef = np.atleast_2d(linear.coef_)
    own = X @ coef.T + linear.intercept_
    scale = 1 + abs(X) @ np.abs(coef).T + np.abs(linear.intercept_)
    if scores.size != own.size or np.any(
        np.abs(np.reshape(scores, own.shape) - own) > 1e-4 * scale
    ):
        raise ValueError(
            "`estimator` must decide by `X @ coef_.T + intercept_`, but the decision "
            f"function of {name} is something else."
        )


def _start(linear, classes):
    """Return coefficients and intercepts of the source, arranged for ``classes``."""
    known = np.column_stack(
        [
            np.atleast_2d(linear.coef_).astype(float),
            np.broadcast_to(linear.intercept_, len(np.atleast_2d(linear.coef_))),
        ]
    )
    if len(known) == 1 and len(classes) > 2:
        known = np.vstack([-known / 2, known / 2])
    if len(known) == 1:
        return known
    start = np.zeros((len(classes), known.shape[1]))
    start[np.searchsorted(classes, linear.classes_)] = known
    return start
