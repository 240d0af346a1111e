"""Linear interpolation between a source model and a model of the target alone."""

from numbers import Real

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    RegressorMixin,
    clone,
    is_classifier,
)
from sklearn.linear_model import LinearRegression
from sklearn.utils import check_random_state

from adapt._frames import take_rows
from adapt._sklearn import Interval
from adapt.base import BaseAdapter, ParameterAdapter
from adapt.base._estimators import fit_inner, has_method, seed_estimator
from adapt.parameter_based._class_labels import one_label_a_row, union_of_classes


def mixing_share(first, second, truth, weight):
    """Return the share of the second of two forecasts that mixes them best.

    Parameters
    ----------
    first, second, truth : ndarray of shape (n_samples, n_outputs)
        Two forecasts, and what they forecast.

    weight : ndarray of shape (n_samples,)
        Weights of the rows.

    Returns
    -------
    share : float
        The least-squares share, brought to [0, 1]; 0.5 if the forecasts are the same.
    """
    step = second - first
    length = np.sum(weight[:, None] * step**2)
    if length == 0:
        return 0.5
    share = np.sum(weight[:, None] * step * (truth - first)) / length
    return float(np.clip(share, 0, 1))


def split_rows(order, prop):
    """Split rows in two, so that each stretch of ``order`` is split alike.

    Parameters
    ----------
    order : ndarray of shape (n_samples,)
        The rows, sorted.

    prop : float
        Share of the first part, strictly between 0 and 1.

    Returns
    -------
    first, second : ndarrays of int
        Rows of the two parts; neither is empty, given two rows.
    """
    n = len(order)
    size = min(max(round(n * prop), 1), n - 1)
    marks = np.arange(n + 1) * size // n
    is_first = np.diff(marks) > 0
    return order[is_first], order[~is_first]


def with_two_classes(y, first, second):
    """Exchange a row of two parts, so that the first has two classes if it can.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        Class labels.

    first, second : ndarrays of int
        Rows of the two parts.

    Returns
    -------
    first, second : ndarrays of int
    """
    others = np.flatnonzero(y[second] != y[first[0]])
    if len(first) < 2 or len(others) == 0 or len(np.unique(y[first])) > 1:
        return first, second
    first, second = first.copy(), second.copy()
    first[-1], second[others[0]] = second[others[0]], first[-1]
    return first, second


class _Interpolated(BaseEstimator):
    """Two fitted models, and a linear map of their predictions side by side."""

    def __init__(self, models, interpolator, classes=None):
        self.models = models
        self.interpolator = interpolator
        self.classes = classes

    @property
    def feature_names_in_(self):
        return self.models[0].feature_names_in_

    def _mixed(self, X):
        return self.interpolator.predict(
            np.hstack([_forecast(model, X, self.classes) for model in self.models])
        )


class _InterpolatedRegressor(RegressorMixin, _Interpolated):
    def predict(self, X):
        return self._mixed(X)


class _InterpolatedClassifier(ClassifierMixin, _Interpolated):
    @property
    def classes_(self):
        return self.classes

    def predict_proba(self, X):
        return self._mixed(X)

    def predict(self, X):
        return self.classes_[self._mixed(X).argmax(axis=1)]


def _forecast(model, X, classes):
    """Return predictions (n_samples, n_outputs), or probabilities of ``classes``."""
    if classes is None:
        return np.reshape(model.predict(X), (X.shape[0], -1))
    p = np.zeros((X.shape[0], len(classes)))
    p[:, np.searchsorted(classes, model.classes_)] = model.predict_proba(X)
    return p


class LinInt(ParameterAdapter):
    r"""Linear interpolation [1]_ between a source model and a target model.

    A part of the labelled target rows fits a model of its own. On the others its
    predictions :math:`f_t` and those of the source model :math:`f_s` are mixed to

    .. math:: f(x) = a f_s(x) + b f_t(x)

    by least squares. Probabilities of classes are mixed with :math:`a + b = 1` and no
    negative share, so that they stay probabilities.

    Parameters
    ----------
    estimator : estimator, default=None
        The source model, either fitted already, with the target alone given to `fit`;
        or fitted on the source that `fit` is given. A clone of it is fitted on the
        target. If None, `LogisticRegression` for classes and `LinearRegression` for
        numbers.

    Xt : array-like of shape (n_target_samples, n_features), default=None
        Target rows, used when `fit` is given none.

    yt : array-like of shape (n_target_samples,) or (.., n_outputs), default=None
        Labels of `Xt`; unlabelled rows are not used.

    prop : float, default=0.5
        Share of the labelled target rows on which the target model is fitted. The
        others find the mixture.

    convex : bool, default=False
        Whether predictions of numbers are mixed as probabilities are, with
        :math:`a + b = 1` and no negative share. Otherwise :math:`a` and :math:`b` are
        free, which also corrects a source model whose scale is wrong.

    copy : bool, default=True
        Whether a clone of `estimator` is fitted on the source, or `estimator` itself. A
        fitted `estimator` is never changed.

    verbose : int, default=0
        Whether to print how long each stage took.

    random_state : int, RandomState instance or None, default=None
        Draws the rows, and seeds each `random_state` in `estimator` that is None.

    Attributes
    ----------
    estimator_src_ : estimator
        The source model.

    estimator_tgt_ : estimator
        The model of the target alone.

    interpolator_ : LinearRegression
        Maps the predictions of both, side by side, to those of the mixture.

    estimator_ : estimator
        The mixture.

    classes_ : ndarray of shape (n_classes,)
        Of classifiers: the classes of both models.

    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen in `fit`, where `X` has string column names.

    Raises
    ------
    ValueError
        If fewer than two target rows are labelled; if a classifier has no
        `predict_proba`; if a target is given alone and `estimator` is not fitted.

    Notes
    -----
    Departures from [1]_:

    - There one share mixes both models. By default numbers have a free coefficient for
      each model, and several outputs a matrix of them.

    The published baseline is ``LinInt(convex=True)``.

    The cost is that of fitting `estimator` on each domain, and of one prediction by
    each model. `X` may be sparse or hold NaN where `estimator` takes it.

    Of classes, each is split in the proportion `prop`, as far as its rows allow. A
    class that only one of the models knows has probability zero by the other.

    References
    ----------
    .. [1] Daume. "Frustratingly easy domain adaptation." ACL, 2007.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from adapt.parameter_based import LinInt
    >>> rng = np.random.default_rng(0)
    >>> Xs, Xt = rng.normal(size=(100, 2)), rng.normal(size=(20, 2))
    >>> ys, yt = Xs @ [1.0, 2.0], 2 * Xt @ [1.0, 2.0]
    >>> source_model = Ridge(1e-6).fit(Xs, ys)
    >>> round(source_model.score(Xt, yt), 1)
    0.7
    >>> round(LinInt(source_model).fit(Xt, yt).score(Xt, yt), 3)
    1.0
    """

    _parameter_constraints: dict = {
        **ParameterAdapter._parameter_constraints,
        "prop": [Interval(Real, 0, 1, closed="neither")],
        "convex": ["boolean"],
    }

    _allows_nan = True
    _allows_sparse = True

    def __init__(
        self,
        estimator=None,
        Xt=None,
        yt=None,
        prop=0.5,
        *,
        convex=False,
        copy=True,
        verbose=0,
        random_state=None,
    ):
        super().__init__(
            estimator, Xt, yt, copy=copy, verbose=verbose, random_state=random_state
        )
        self.prop = prop
        self.convex = convex

    @property
    def decision_function(self):
        """Not there: what is mixed are probabilities."""
        raise AttributeError("LinInt mixes probabilities, not decision functions.")

    def _transfer(self, source_model, domains):
        X, y, weight = domains.labelled_target()
        if len(y) < 2:
            raise ValueError(
                "LinInt needs at least 2 labelled target rows, one to fit a model on "
                f"and one to find the mixture, got n_samples = {len(y)}."
            )
        self._check_takes_weights(weight)
        mixes_classes = is_classifier(source_model)
        if mixes_classes:
            y = one_label_a_row(self, y)
        if mixes_classes and not has_method(source_model, "predict_proba"):
            raise ValueError(
                "LinInt mixes probabilities, but `estimator` "
                f"({type(source_model).__name__}) has no `predict_proba`."
            )
        rng = check_random_state(self.random_state)
        order = rng.permutation(len(y))
        if mixes_classes:
            order = order[np.argsort(y[order], kind="stable")]
        fitted, held = split_rows(order, self.prop)
        if mixes_classes:
            fitted, held = with_two_classes(y, fitted, held)

        target_model = clone(source_model)
        if self.random_state is not None:
            seed_estimator(target_model, self.random_state)
        params = {"Xt": domains.Xt} if isinstance(target_model, BaseAdapter) else {}
        rows, used = take_rows(X, fitted), None if weight is None else weight[fitted]
        fit_inner(target_model, rows, y[fitted], used, **params)

        self.estimator_src_, self.estimator_tgt_ = source_model, target_model
        weight = np.ones(len(held)) if weight is None else weight[held]
        return self._mixture(
            take_rows(X, held), y[held], weight, y if mixes_classes else None
        )

    def _mixture(self, X, y, weight, labels):
        """Return the mixture that held-out rows find; ``labels`` are all or None."""
        models, classes = (self.estimator_src_, self.estimator_tgt_), None
        if labels is not None:
            classes = union_of_classes(models[0].classes_, labels)
        forecasts = [_forecast(model, X, classes) for model in models]
        self.interpolator_ = mixer = LinearRegression(fit_intercept=False)
        if classes is None and not self.convex:
            mixer.fit(np.hstack(forecasts), y, sample_weight=weight)
            return _InterpolatedRegressor(models, mixer)
        truth = y.reshape(len(y), -1) if classes is None else y[:, None] == classes
        share = mixing_share(*forecasts, truth, weight)
        eye = np.eye(truth.shape[1])
        mixer.coef_ = np.hstack([(1 - share) * eye, share * eye])
        mixer.intercept_ = 0
        if classes is not None:
            return _InterpolatedClassifier(models, mixer, classes)
        if y.ndim == 1:
            mixer.coef_ = mixer.coef_[0]
        return _InterpolatedRegressor(models, mixer)
