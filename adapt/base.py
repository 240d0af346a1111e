"""Base classes: what adaptation methods share, so that each is only its mathematics.

`BaseAdapter` turns what ``fit`` was given into two domains. Below it stand the adapters
that own a scikit-learn estimator, in three families: `FeatureAdapter` changes the
features, `WeightAdapter` weighs the source rows, and `ParameterAdapter` moves the
parameters of a source model. Deep methods are in `adapt.deep`.
"""

import copy
import sys
import warnings
from abc import ABC, abstractmethod
from contextlib import nullcontext
from numbers import Real

import numpy as np
from scipy import sparse
from sklearn.base import (
    BaseEstimator,
    MetaEstimatorMixin,
    TransformerMixin,
    clone,
    is_classifier,
    is_regressor,
)
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.utils import check_random_state, column_or_1d, get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_is_fitted

from adapt._domains import check_rows, check_sample_domain, split_domains
from adapt._sklearn import (
    HasMethods,
    Interval,
    _clone_parametrized,
    _fit_context,
    _print_elapsed_time,
    fit_weighted,
    takes_sample_weight,
)

__all__ = [
    "BaseAdapter",
    "FeatureAdapter",
    "MetaAdapter",
    "ParameterAdapter",
    "RatioAdapter",
    "SourceOnly",
    "WeightAdapter",
]


class BaseAdapter(BaseEstimator, ABC):
    """Learn from a source domain and a target domain.

    `fit` takes the domains in any of the ways that users have them, `split_domains`
    makes them one, and a subclass sees only the result, in `_adapt`.

    A subclass says by class attributes what it works on:

    - ``_uses_target_labels``: it is shown ``yt``. Others never see target labels, so
      that they cannot leak into a cross-validation.
    - ``_requires_target_labels``: it cannot do without them.
    - ``_takes_yt``: it is shown ``yt``, but never the target labels of one table.
    - ``_source_optional``: ``X`` and ``y`` alone may be the target.
    - ``_allows_nan``, ``_allows_sparse``: its own mathematics takes such ``X``.
    - ``_data_parameters``: constructor parameters that are data.
    """

    __metadata_request__fit = {"sample_domain": True, "Xt": True, "yt": True}

    _parameter_constraints: dict = {
        "Xt": ["array-like", "sparse matrix", None],
        "yt": ["array-like", None],
        "copy": ["boolean"],
        "verbose": ["verbose"],
        "random_state": ["random_state"],
    }

    _uses_target_labels = False
    _takes_yt = False
    _requires_target_labels = False
    _source_optional = False
    _allows_nan = False
    _allows_sparse = False
    _data_parameters = ("Xt", "yt")

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(
        self, X, y=None, Xt=None, yt=None, *, sample_domain=None, sample_weight=None
    ):
        """Adapt from the source to the target.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Source rows; with `sample_domain`, source and target rows in one table.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Labels of `X`. Those of target rows may be missing (NaN or None, or -1 where
            no source row has that label), and unsupervised methods never read them.

        Xt : array-like of shape (n_target_samples, n_features), default=None
            Target rows. If None, `Xt` as given to the constructor.

        yt : array-like of shape (n_target_samples,), default=None
            Labels of `Xt`, missing where unknown. For supervised methods.

        sample_domain : int or array-like of shape (n_samples,), default=None
            Domain of each row of `X`: negative for a target, otherwise a source;
            different values are different domains.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows of `X` in the loss that is minimised. Weights that a
            method finds are multiplied by them.

        Returns
        -------
        self : object
            The fitted adapter.
        """
        domains = split_domains(self, X, y, Xt, yt, sample_domain, sample_weight)
        if self._requires_target_labels and domains.labelled is None:
            # The words that scikit-learn looks for, where it is `y` that is missing.
            no_y = "requires y to be passed, but the target y is None: "
            raise ValueError(
                f"{no_y if y is None else ''}{type(self).__name__} needs the labels of "
                "some target rows, and got none. Give `yt`, or with `sample_domain` "
                "the labels of target rows in `y`."
            )
        self._adapt(domains)
        return self

    @abstractmethod
    def _adapt(self, domains):
        """Learn from `Domains`, and store what was learned in ``name_`` attributes."""

    def _wants_target_labels(self):
        """Return whether target labels are read at all."""
        return self._uses_target_labels

    def _stage(self, message):
        """Return a context that reports its duration if ``verbose``."""
        if not self.verbose:
            return nullcontext()
        return _print_elapsed_time(type(self).__name__, message)

    def __sklearn_is_fitted__(self):
        # Parameters such as `lambda_` are named like what a fit leaves behind.
        found = vars(self).keys() - self.get_params(deep=False).keys()
        return any(name.endswith("_") for name in found)

    def __sklearn_clone__(self):
        # Clones share data, however large it is.
        own = vars(self)
        shared = {name: own[name] for name in self._data_parameters if name in own}
        bare = copy.copy(self).set_params(**dict.fromkeys(shared))
        return _clone_parametrized(bare).set_params(**shared)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self._allows_nan
        tags.input_tags.sparse = self._allows_sparse
        return tags


def _estimator_has(method):
    """Return a check that the owned estimator has ``method``."""

    def check(self):
        fitted = getattr(self, "estimator_", None)
        return hasattr(self._stand_in() if fitted is None else fitted, method)

    return check


def _default_estimator(y):
    """Return the plain linear model that fits labels such as ``y``."""
    kind = type_of_target(y)
    if kind in ("binary", "multiclass"):
        return LogisticRegression()
    if kind == "multilabel-indicator":
        from sklearn.multiclass import OneVsRestClassifier

        return OneVsRestClassifier(LogisticRegression())
    return LinearRegression()


def _as_estimator(model, copy):
    """Return a compiled Keras model as an estimator that trains it; others as they are.

    Nothing is imported: who has a Keras model has imported Keras.
    """
    keras = sys.modules.get("keras")
    if keras is None or not isinstance(model, keras.Model):
        return model
    if not model.compiled:
        raise ValueError(
            "`estimator` is a Keras model that was not compiled. Call its `compile` "
            "with a loss and an optimizer first, or give it as "
            "`DeepSource(task=model)`, whose parameters say how to train it."
        )
    from adapt.feature_based import DeepSource

    return DeepSource(
        encoder=keras.layers.Identity(),
        task=model,
        loss=model.loss,
        optimizer=model.optimizer,
        copy=copy,
    )


def _seed(estimator, random_state):
    """Give each ``random_state`` in ``estimator`` that is None a seed of its own."""
    rng = check_random_state(random_state)
    names = sorted(
        name
        for name, value in estimator.get_params().items()
        if value is None and name.split("__")[-1] == "random_state"
    )
    seeds = rng.randint(np.iinfo(np.int32).max, size=len(names)).tolist()
    return estimator.set_params(**dict(zip(names, seeds, strict=True)))


class MetaAdapter(MetaEstimatorMixin, BaseAdapter):
    """Adapt, then fit ``estimator`` on the training set that adaptation yields.

    It is to scikit-learn what its estimator is: a classifier or a regressor, with the
    methods that the estimator has.
    """

    __metadata_request__predict = {"sample_domain": True}
    __metadata_request__predict_proba = {"sample_domain": True}
    __metadata_request__decision_function = {"sample_domain": True}
    __metadata_request__score = {"sample_domain": True}

    _parameter_constraints: dict = {
        **BaseAdapter._parameter_constraints,
        "estimator": [HasMethods("fit"), None],
    }

    def __init__(
        self, estimator=None, Xt=None, *, copy=True, verbose=0, random_state=None
    ):
        self.estimator = estimator
        self.Xt = Xt
        self.copy = copy
        self.verbose = verbose
        self.random_state = random_state

    def _stand_in(self):
        """Return ``estimator``, or what it may turn out to be while that is None."""
        return LogisticRegression() if self.estimator is None else self._given()

    def _class_labels(self, ys, role):
        """Return source labels as one column; refuse numbers, and a regressor.

        ``role`` says in messages what the method does that takes classes.
        """
        name, inner = type(self).__name__, self._stand_in()
        if ys is None:
            raise ValueError(
                f"requires y to be passed, but the target y is None: {name} {role}."
            )
        if is_regressor(inner):
            raise ValueError(
                f"{name} {role}: `estimator` must be a classifier, got {inner}."
            )
        check_classification_targets(ys)
        return column_or_1d(ys, warn=True)

    def _given(self):
        """Return ``estimator`` as an estimator, whatever was given; None stays None."""
        return _as_estimator(self.estimator, self.copy)

    def _new_estimator(self, y):
        """Return the estimator to be fitted, unfitted and seeded."""
        estimator = self._given()
        if estimator is None:
            estimator = _default_estimator(y)
        elif self.copy:
            estimator = clone(estimator)
        if is_classifier(estimator) and np.ndim(y) == 1 and len(np.unique(y)) < 2:
            raise ValueError(
                f"{type(self).__name__} needs labels of at least 2 classes in the "
                f"source, got one class only: {np.unique(y)[0]!r}."
            )
        if self.random_state is not None:
            _seed(estimator, self.random_state)
        return estimator

    def _fit_estimator(self, X, y, domains, *, sample_weight=None):
        """Fit ``estimator_`` on ``X, y``; without labels there is nothing to fit."""
        if y is None:
            return
        with self._stage("fitting the estimator"):
            self.estimator_ = self._fitted_on(
                X, y, domains, sample_weight=sample_weight
            )

    def _fitted_on(self, X, y, domains, *, sample_weight=None):
        """Return ``estimator``, newly fitted; an adapter is given the target too."""
        estimator = self._new_estimator(y)
        params = {}
        if isinstance(estimator, BaseAdapter):
            yt = domains.yt
            if yt is not None and not domains.labelled.all():
                yt = yt.astype(object)
                yt[~domains.labelled] = None
            params = {"Xt": domains.Xt, "yt": yt}
        if sample_weight is None:
            estimator.fit(X, y, **params)
        else:
            fit_weighted(estimator, X, y, sample_weight, **params)
        return estimator

    def _check_takes_weights(self, sample_weight):
        """Refuse weights that ``estimator`` would have to ignore."""
        if sample_weight is None or self.estimator is None:
            return
        if not takes_sample_weight(self._given()):
            raise TypeError(
                f"{type(self).__name__} was to weigh samples, but the `fit` of "
                f"`estimator` ({type(self.estimator).__name__}) has no `sample_weight` "
                "parameter."
            )

    def _encode(self, X, sample_domain=None):
        """Return ``X`` as ``estimator_`` was trained to see it."""
        check_is_fitted(self)
        return check_rows(self, X)

    @available_if(_estimator_has("predict"))
    def predict(self, X, *, sample_domain=None):
        """Predict labels.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows of the target.

        sample_domain : int or array-like of shape (n_samples,), default=None
            Where rows are of a source: values >= 0 for those, and negative values for
            rows of the target.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predicted labels.
        """
        X = self._encode(X, sample_domain)
        return self._fitted_estimator().predict(X)

    @available_if(_estimator_has("predict_proba"))
    def predict_proba(self, X, *, sample_domain=None):
        """Predict class probabilities; parameters as in `predict`.

        Returns
        -------
        p : ndarray of shape (n_samples, n_classes)
            Probabilities, in the order of `classes_`.
        """
        X = self._encode(X, sample_domain)
        return self._fitted_estimator().predict_proba(X)

    @available_if(_estimator_has("decision_function"))
    def decision_function(self, X, *, sample_domain=None):
        """Evaluate the decision function of the estimator; parameters as in `predict`.

        Returns
        -------
        scores : ndarray of shape (n_samples,) or (n_samples, n_classes)
            Confidence scores.
        """
        X = self._encode(X, sample_domain)
        return self._fitted_estimator().decision_function(X)

    @available_if(_estimator_has("score"))
    def score(self, X, y, sample_weight=None, *, sample_domain=None):
        """Return the score of the estimator, accuracy or R2 as a rule.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows of the target.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            True labels.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        sample_domain : int or array-like of shape (n_samples,), default=None
            As in `predict`.

        Returns
        -------
        score : float
        """
        X = self._encode(X, sample_domain)
        weight = {} if sample_weight is None else {"sample_weight": sample_weight}
        return self._fitted_estimator().score(X, y, **weight)

    def _fitted_estimator(self):
        check_is_fitted(
            self,
            "estimator_",
            msg="This %(name)s was fitted without labels, so it has no estimator to "
            "predict with. Give `y` to `fit`.",
        )
        return self.estimator_

    @property
    def classes_(self):
        """Class labels, as the fitted estimator knows them."""
        return self.estimator_.classes_

    def _wants_target_labels(self):
        inner = self._given()
        return self._uses_target_labels or (
            isinstance(inner, BaseAdapter) and inner._wants_target_labels()
        )

    def _own_view(self, domains):
        """Return the domains without labels that are for the inner adapter alone."""
        return domains if self._uses_target_labels else domains.without_target_labels()

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = get_tags(self._stand_in())
        tags.input_tags.allow_nan &= inner.input_tags.allow_nan
        tags.input_tags.sparse &= inner.input_tags.sparse
        tags.classifier_tags = inner.classifier_tags
        if self.estimator is not None:
            tags.estimator_type = inner.estimator_type
            tags.regressor_tags = inner.regressor_tags
            tags.target_tags = inner.target_tags
        return tags


class SourceOnly(MetaAdapter):
    """No adaptation: fit ``estimator`` on the source and apply it to the target.

    The baseline that every method has to beat, with the calling forms of the others.

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
        Seeds what in `estimator` has no seed of its own.

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

    def _adapt(self, domains):
        self._check_takes_weights(domains.source_weight)
        self._fit_estimator(
            domains.Xs, domains.ys, domains, sample_weight=domains.source_weight
        )


def _mapped_by_domain(X, is_source, map_source, map_target):
    """Map each row of ``X`` by the map of its domain, in the order of ``X``."""
    if is_source.all():
        return map_source(X)
    if not is_source.any():
        return map_target(X)
    parts = map_source(X[is_source]), map_target(X[~is_source])
    stacked = (
        sparse.vstack(parts, format="csr")
        if sparse.issparse(X)
        else np.concatenate(parts)
    )
    order = np.concatenate([np.flatnonzero(is_source), np.flatnonzero(~is_source)])
    return stacked[np.argsort(order)]


class FeatureAdapter(TransformerMixin, MetaAdapter):
    """Fit ``estimator`` on source rows brought to a space shared with the target.

    A subclass learns its maps in `_fit_maps` and applies them in `_map_source` and
    `_map_target`. As a step of a pipeline it is a transformer.
    """

    __metadata_request__transform = {"sample_domain": True}

    @abstractmethod
    def _fit_maps(self, domains):
        """Learn what `_map_source` and `_map_target` need."""

    def _map_source(self, X):
        return X

    def _map_target(self, X):
        return X

    def _adapt(self, domains):
        self._check_takes_weights(domains.source_weight)
        with self._stage("fitting the maps"):
            self._fit_maps(self._own_view(domains))
        mapped = self._map_domains(domains)
        self._fit_estimator(
            mapped.Xs, mapped.ys, mapped, sample_weight=mapped.source_weight
        )

    def _map_domains(self, domains):
        """Return the domains as ``estimator`` sees them: it is fitted on the source.

        A method whose map of training rows needs more than the rows, such as their
        labels, or that trains on rows of the target too, says so here.
        """
        return domains._replace(
            Xs=self._map_source(domains.Xs), Xt=self._map_target(domains.Xt)
        )

    def _encode(self, X, sample_domain=None):
        X = super()._encode(X)
        if sample_domain is None:
            return self._map_target(X)
        is_source = check_sample_domain(sample_domain, X) >= 0
        return _mapped_by_domain(X, is_source, self._map_source, self._map_target)

    def transform(self, X, *, sample_domain=None):
        """Bring rows to the shared space.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows of the target.

        sample_domain : int or array-like of shape (n_samples,), default=None
            Where rows are of a source: values >= 0 for those, and negative values for
            rows of the target.

        Returns
        -------
        X_new : ndarray of shape (n_samples, n_features_out)
            The rows in the shared space.
        """
        return self._encode(X, sample_domain)

    def fit_transform(
        self, X, y=None, Xt=None, yt=None, *, sample_domain=None, sample_weight=None
    ):
        """Fit, and bring the rows of ``X`` to the shared space, each by its domain.

        Parameters
        ----------
        X, y, Xt, yt, sample_domain, sample_weight
            As in `fit`. Without `sample_domain` all rows of `X` are source rows.

        Returns
        -------
        X_new : ndarray of shape (n_samples, n_features_out)
            The rows of `X` in the shared space.
        """
        self.fit(X, y, Xt, yt, sample_domain=sample_domain, sample_weight=sample_weight)
        return self.transform(
            X, sample_domain=0 if sample_domain is None else sample_domain
        )


def effective_sample_size(weights):
    """Return how many equally weighted rows would give an average the same variance.

    Parameters
    ----------
    weights : array-like of shape (n_samples,)
        Non-negative weights.

    Returns
    -------
    size : float
        ``sum(w)**2 / sum(w**2)``, between 1 and n_samples (Kish, 1965).
    """
    weights = np.asarray(weights, dtype=float)
    return float(weights.sum() ** 2 / np.square(weights).sum())


class WeightAdapter(MetaAdapter):
    """Fit ``estimator`` on source rows weighted to look like the target.

    A subclass returns the weights from `_weigh`. Here they are clipped, brought to a
    mean of one, and multiplied with those of the user.
    """

    _parameter_constraints: dict = {
        **MetaAdapter._parameter_constraints,
        "weight_clip": [Interval(Real, 0, None, closed="neither"), None],
        "resample": ["boolean"],
    }

    _weighs_labels = False  # whether rows of one label have one weight

    def __init__(
        self,
        estimator=None,
        Xt=None,
        *,
        weight_clip=None,
        resample=False,
        copy=True,
        verbose=0,
        random_state=None,
    ):
        super().__init__(
            estimator, Xt, copy=copy, verbose=verbose, random_state=random_state
        )
        self.weight_clip = weight_clip
        self.resample = resample

    @abstractmethod
    def _weigh(self, domains):
        """Return one non-negative weight per source row, of any mean."""

    def _adapt(self, domains):
        if domains.ys is not None and not self.resample:
            self._check_takes_weights(domains.Xs)
        self._find_weights(domains)
        weights = self.weights_
        if domains.source_weight is not None:
            weights = weights * domains.source_weight
        Xs, ys = domains.Xs, domains.ys
        if ys is not None and self.resample:
            rng = check_random_state(self.random_state)
            rows = rng.choice(len(weights), len(weights), p=weights / weights.sum())
            Xs, ys, weights = Xs[rows], ys[rows], None
        self._fit_estimator(Xs, ys, domains, sample_weight=weights)

    def _find_weights(self, domains):
        """Weigh the source, finish the weights, and warn if they rest on few rows."""
        with self._stage("weighing the source"):
            weights = self._weigh(self._own_view(domains))
        self.weights_ = self._finish(weights)
        self.effective_sample_size_ = effective_sample_size(self.weights_)
        share = self.effective_sample_size_ / len(self.weights_)
        if share < 0.05:
            warnings.warn(
                f"The weights of {type(self).__name__} rest on few rows: the effective "
                f"sample size is {self.effective_sample_size_:.1f} of "
                f"{len(self.weights_)} ({share:.1%}). The source hardly covers the "
                "target; consider `weight_clip` or a method that maps features.",
                UserWarning,
                stacklevel=3,
            )

    def _finish(self, weights):
        """Return weights of mean one, no larger than ``weight_clip`` before that."""
        if not np.all(np.isfinite(weights)):
            raise ValueError(
                f"{type(self).__name__} found weights that are not finite. Columns of "
                "very different scales can cause it: standardise them first."
            )
        if not np.any(weights > 0):
            warnings.warn(
                f"{type(self).__name__} found no source row that looks like the target;"
                " all weights are one.",
                UserWarning,
                stacklevel=3,
            )
            return np.ones(len(weights))
        weights = weights / weights.mean()
        if self.weight_clip is not None:
            weights = np.minimum(weights, self.weight_clip)
            weights /= weights.mean()
        return weights

    @_fit_context(prefer_skip_nested_validation=False)
    def fit_weights(self, Xs, Xt, ys=None, yt=None):
        """Find the weights alone, without fitting an estimator.

        Parameters
        ----------
        Xs : array-like of shape (n_samples, n_features)
            Source rows.

        Xt : array-like of shape (n_target_samples, n_features)
            Target rows.

        ys, yt : array-likes of shape (n_samples,), default=None
            Labels, where the method reads them.

        Returns
        -------
        weights : ndarray of shape (n_samples,)
            Weights of the source rows, of mean one.
        """
        self._find_weights(split_domains(self, Xs, ys, Xt, yt))
        return self.weights_

    def predict_weights(self, X=None):
        """Return the weights of rows.

        Parameters
        ----------
        X : None
            The source rows that were seen in `fit`. Methods that define weights for
            other rows take them here.

        Returns
        -------
        weights : ndarray of shape (n_samples,)
        """
        check_is_fitted(self)
        if X is None:
            return self.weights_
        raise ValueError(
            f"{type(self).__name__} defines weights only for the source rows that it "
            "was fitted on: call `predict_weights()` without `X`."
        )


class RatioAdapter(WeightAdapter):
    """Weigh source rows by a ratio of densities that is defined for all rows.

    A subclass learns the ratio in `_fit_ratio`, and `_log_ratio` evaluates it. Working
    with logarithms keeps rows apart whose ratios a float could not hold.
    """

    @abstractmethod
    def _fit_ratio(self, domains):
        """Learn what `_log_ratio` needs."""

    @abstractmethod
    def _log_ratio(self, X):
        """Return the logarithm of the ratio at rows, up to a constant."""

    def _weigh(self, domains):
        self._fit_ratio(domains)
        log_ratio = self._log_ratio(domains.Xs)
        top = log_ratio.max()
        # Nothing is left to be scaled where no source row is like the target.
        self._log_mean = 0.0
        if np.isfinite(top):
            self._log_mean = top + np.log(np.exp(log_ratio - top).mean())
        return self._from_log(log_ratio)

    def _from_log(self, log_ratio):
        """Return weights in units of the source's mean, all of them finite."""
        log_weights = log_ratio - self._log_mean
        return np.exp(np.minimum(log_weights, np.log(np.finfo(np.float64).max)))

    def predict_weights(self, X=None):
        """Return the weights of rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), default=None
            Rows to weigh, without `weight_clip`. If None, the source rows seen
            in `fit`.

        Returns
        -------
        weights : ndarray of shape (n_samples,)
            Weights in units of the source's mean.
        """
        if X is None:
            return super().predict_weights()
        check_is_fitted(self)
        return self._from_log(self._log_ratio(check_rows(self, X)))


class ParameterAdapter(MetaAdapter):
    """Move the parameters of a source model to the target.

    The source model is ``estimator``: already fitted, with the target given to ``fit``
    as ``X, y``; or fitted on the source where ``fit`` is given both domains. It is
    never changed. A subclass returns the target's model from `_transfer`.
    """

    _uses_target_labels = True
    _requires_target_labels = True
    _source_optional = True

    def __init__(
        self,
        estimator=None,
        Xt=None,
        yt=None,
        *,
        copy=True,
        verbose=0,
        random_state=None,
    ):
        super().__init__(
            estimator, Xt, copy=copy, verbose=verbose, random_state=random_state
        )
        self.yt = yt

    def fit(
        self,
        X=None,
        y=None,
        Xt=None,
        yt=None,
        *,
        sample_domain=None,
        sample_weight=None,
    ):
        """Move the source model to the target.

        Parameters
        ----------
        X, y : array-likes, default=None
            The labelled target, when `estimator` is fitted and no other target is
            given. Otherwise the source, on which a clone of `estimator` is fitted
            first; with `sample_domain`, both domains in one table.

        Xt, yt, sample_domain, sample_weight
            As in `adapt.base.BaseAdapter.fit`.

        Returns
        -------
        self : object
            The fitted adapter.
        """
        return super().fit(
            X, y, Xt, yt, sample_domain=sample_domain, sample_weight=sample_weight
        )

    @abstractmethod
    def _transfer(self, source_model, domains):
        """Return a model for the target that starts from a fitted ``source_model``."""

    def _adapt(self, domains):
        if domains.Xs is None:
            source_model = self._given_model()
        else:
            if domains.ys is None:
                raise ValueError(
                    f"requires y to be passed, but the target y is None: "
                    f"{type(self).__name__} fits `estimator` on the source first."
                )
            self._check_takes_weights(domains.source_weight)
            self._fit_estimator(
                domains.Xs, domains.ys, domains, sample_weight=domains.source_weight
            )
            source_model = self.estimator_
        with self._stage("moving to the target"):
            self.estimator_ = self._transfer(source_model, domains)

    def _given_model(self):
        """Return ``estimator``, fitted on as many columns as the target has."""
        name = type(self).__name__
        if self.estimator is None:
            raise ValueError(
                f"{name} was given a target alone, which takes a fitted source model: "
                "give it as `estimator`, or give `fit` the source too."
            )
        check_is_fitted(
            self.estimator,
            msg=f"{name} was given a target alone, but `estimator` (%(name)s) is not "
            "fitted. Fit it on the source first, or give `fit` the source too.",
        )
        n_columns = getattr(self.estimator, "n_features_in_", self.n_features_in_)
        if n_columns != self.n_features_in_:
            raise ValueError(
                f"`estimator` was fitted on {n_columns} columns, but the target has "
                f"{self.n_features_in_}."
            )
        return self.estimator

    def __sklearn_clone__(self):
        # A fitted source model is an input: a clone without it could not be fitted.
        model = copy.deepcopy(self.estimator)
        return super().__sklearn_clone__().set_params(estimator=model)
