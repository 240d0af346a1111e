"""The mean of several adapters, each of which corrects other shifts.

Their errors differ where their maps do, so that the mean of class probabilities is
right more often than a single adapter that was chosen without labels, and it loses
less if one of them fails.
"""

import numpy as np
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils import get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from adapt._domains import keep_labelled, require_labels
from adapt._frames import stack_rows
from adapt._sklearn import _BaseComposition
from adapt.base._adapter import BaseAdapter
from adapt.base._estimators import has_method, of_kind, seed_estimator

_FIRST = 1e-9  # by how much more the first adapter counts, so that no votes are tied


def _all_have_probabilities(self):
    found = vars(self).get("adapters_") or self._members()
    return bool(found) and all(has_method(a, "predict_proba") for _, a in found)


class AverageAdapter(_BaseComposition, BaseAdapter):
    """Average what several adapters predict.

    Each adapter is fitted on the same domains. The prediction is the mean of their
    class probabilities, or in regression of their predictions.

    Parameters
    ----------
    adapters : list of (str, adapter)
        Names and adapters: all classifiers, or all regressors. The parameters of each
        can be set by its name, such as ``scaled__estimator``.

    Xt : array-like of shape (n_target_samples, n_features), default=None
        Target rows, used when `fit` is given none.

    copy : bool, default=True
        Whether clones of the adapters are fitted, or these themselves.

    verbose : int, default=0
        Whether to print how long each adapter took.

    random_state : int, RandomState instance or None, default=None
        Seeds each `random_state` in `adapters` that is None.

    Attributes
    ----------
    adapters_ : list of (str, adapter)
        Names and fitted adapters.

    classes_ : ndarray of shape (n_classes,)
        Class labels, for classifiers.

    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of str
        Names of the features, if `X` has any.

    See Also
    --------
    adapt.model_selection.AutoAdapt : Chooses what to average without target labels.

    Notes
    -----
    If some classifier has no `predict_proba`, each adapter votes with the label that it
    predicts; the first adapter decides a tie.

    Cost: the sum of the adapters' costs. Labels of target rows are handed on to
    adapters that learn from them.

    Examples
    --------
    >>> from adapt.base import AverageAdapter, SourceOnly
    >>> from adapt.datasets import make_classification_da
    >>> from adapt.feature_based import CORAL, DomainStandardScaler
    >>> Xs, ys, Xt, yt = make_classification_da()
    >>> model = AverageAdapter(
    ...     [
    ...         ("source", SourceOnly()),
    ...         ("scaled", DomainStandardScaler()),
    ...         ("coral", CORAL()),
    ...     ]
    ... )
    >>> model.fit(Xs, ys, Xt=Xt).predict(Xt).shape
    (100,)
    """

    __metadata_request__predict = {"sample_domain": True}
    __metadata_request__predict_proba = {"sample_domain": True}
    __metadata_request__decision_function = {"sample_domain": True}
    __metadata_request__score = {"sample_domain": True}

    _parameter_constraints: dict = {
        **BaseAdapter._parameter_constraints,
        "adapters": [list, tuple],
    }

    _keeps_frames = True
    _reads_rows = False

    def __init__(self, adapters, Xt=None, *, copy=True, verbose=0, random_state=None):
        self.adapters = adapters
        self.Xt = Xt
        self.copy = copy
        self.verbose = verbose
        self.random_state = random_state

    def get_params(self, deep=True):
        """Return the parameters.

        Parameters
        ----------
        deep : bool, default=True
            Whether the adapters, and their parameters by ``name__parameter``, are among
            them.

        Returns
        -------
        params : dict
            Values by name.
        """
        return self._get_params("adapters", deep=deep)

    def set_params(self, **params):
        """Set parameters.

        Parameters
        ----------
        **params : dict
            Values by name. An adapter is set by its name, and its parameters by
            ``name__parameter``.

        Returns
        -------
        self : object
            This average.
        """
        self._set_params("adapters", **params)
        return self

    def _members(self):
        """Return the adapters that are there, whatever else was given."""
        given = self.adapters if isinstance(self.adapters, list | tuple) else ()
        pairs = [p for p in given if isinstance(p, tuple) and len(p) == 2]
        return [(name, a) for name, a in pairs if isinstance(a, BaseAdapter)]

    def _check_adapters(self):
        for pair in self.adapters:
            good = isinstance(pair, tuple) and len(pair) == 2
            if not good or not isinstance(pair[1], BaseAdapter):
                raise TypeError(
                    "`adapters` must be a list of pairs such as ('coral', CORAL()), "
                    f"got {pair!r}."
                )
            if not has_method(pair[1], "predict"):
                raise TypeError(f"`adapters` must predict, and {pair[0]!r} cannot.")
        if len(self.adapters) == 0:
            raise ValueError("`adapters` is empty: give at least one (name, adapter).")
        self._validate_names([name for name, _ in self.adapters])
        kinds = {get_tags(a).estimator_type for _, a in self.adapters} - {None}
        if len(kinds) > 1:
            raise ValueError(
                "`adapters` must be all classifiers or all regressors, got both."
            )

    def _wants_target_labels(self):
        return any(adapter._wants_target_labels() for _, adapter in self._members())

    def _adapt(self, domains):
        self._check_adapters()
        require_labels(self, domains.ys, "averages predictions of labels")
        given = _as_given(domains)
        fitted = []
        for name, adapter in self.adapters:
            model = clone(adapter) if self.copy else adapter
            if self.random_state is not None:
                seed_estimator(model, self.random_state)
            with self._stage(f"fitting {name}"):
                fitted.append((name, model.fit(**given)))
        self._take(fitted)

    def _take(self, fitted):
        """Take fitted adapters, and the classes that they know."""
        self.adapters_ = fitted
        self._of_classes = all(_predicts_classes(model) for _, model in fitted)
        if self._of_classes:
            classes = [model.classes_ for _, model in fitted]
            self.classes_ = np.unique(np.concatenate(classes))

    def _mean(self, predicted):
        """Return the mean over the adapters of a function of a fitted one."""
        check_is_fitted(self, "adapters_")
        return np.mean([predicted(model) for _, model in self.adapters_], axis=0)

    def _in_order(self, model, p):
        """Return the probabilities of an adapter in the order of all classes."""
        if len(model.classes_) == len(self.classes_):
            return p
        ordered = np.zeros((len(p), len(self.classes_)))
        ordered[:, np.searchsorted(self.classes_, model.classes_)] = p
        return ordered

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
        check_is_fitted(self, "adapters_")
        if not self._of_classes:
            return self._mean(lambda m: m.predict(X, sample_domain=sample_domain))
        if _all_have_probabilities(self):
            scores = self.predict_proba(X, sample_domain=sample_domain)
        else:
            scores = self._votes(X, sample_domain)
        return self.classes_[scores.argmax(axis=1)]

    def _votes(self, X, sample_domain):
        """Return how many adapters predict each class."""
        votes = 0.0
        for k, (_, model) in enumerate(self.adapters_):
            labels = model.predict(X, sample_domain=sample_domain)
            chosen = labels[:, None] == self.classes_
            votes = votes + chosen * (1 + _FIRST * (k == 0))
        return votes

    @available_if(_all_have_probabilities)
    def predict_proba(self, X, *, sample_domain=None):
        """Predict class probabilities; parameters as in `predict`.

        Returns
        -------
        p : ndarray of shape (n_samples, n_classes)
            Means of the adapters' probabilities, in the order of `classes_`.
        """
        return self._mean(
            lambda m: self._in_order(m, m.predict_proba(X, sample_domain=sample_domain))
        )

    @available_if(_all_have_probabilities)
    def decision_function(self, X, *, sample_domain=None):
        """Return logarithms of the mean probabilities; parameters as in `predict`.

        Returns
        -------
        scores : ndarray of shape (n_samples,) or (n_samples, n_classes)
            For two classes the log odds of the second.
        """
        p = self.predict_proba(X, sample_domain=sample_domain)
        scores = np.log(np.maximum(p, np.finfo(float).tiny))
        return scores[:, 1] - scores[:, 0] if scores.shape[1] == 2 else scores

    def score(self, X, y, sample_weight=None, *, sample_domain=None):
        """Return the accuracy, or R2 if numbers are predicted.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows of the target.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            True labels. Rows without one are left out.

        sample_weight, sample_domain : array-likes of shape (n_samples,), default=None
            Weights of the rows; and their domains, as in `predict`.

        Returns
        -------
        score : float
            The larger, the better.
        """
        predicted = self.predict(X, sample_domain=sample_domain)
        classes = self.classes_ if self._of_classes else None
        predicted, y, weight = keep_labelled(predicted, y, sample_weight, classes)
        measure = accuracy_score if self._of_classes else r2_score
        return measure(y, predicted, sample_weight=weight)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        members = [get_tags(adapter) for _, adapter in self._members()]
        if not members:
            return tags
        tags.input_tags.allow_nan = all(m.input_tags.allow_nan for m in members)
        tags.input_tags.sparse = all(m.input_tags.sparse for m in members)
        kinds = {m.estimator_type for m in members} - {None}
        if len(kinds) == 1:
            of_kind(tags, kinds.pop())
            several = all(m.target_tags.multi_output for m in members)
            tags.target_tags.multi_output = several
            tags.target_tags.single_output = True
        return tags


def average_of(fitted):
    """Return the fitted average of adapters that are fitted already.

    Parameters
    ----------
    fitted : list of (str, adapter)
        Names and adapters, fitted on the same rows.

    Returns
    -------
    average : AverageAdapter
        Fitted. `fit` would fit clones of the adapters again.
    """
    average = AverageAdapter([(name, clone(model)) for name, model in fitted])
    average.n_features_in_ = fitted[0][1].n_features_in_
    average._take(list(fitted))
    return average


def _predicts_classes(model):
    """Return whether a fitted adapter predicts classes."""
    inner = getattr(model, "estimator_", model)
    return is_classifier(model) or (is_classifier(inner) and not is_regressor(model))


def _as_given(domains):
    """Return the domains as arguments of `fit`."""
    yt = domains.yt
    if yt is not None:
        yt = yt.astype(object)
        yt[~domains.labelled] = None
    if domains.target_weight is None:
        return {
            "X": domains.source_rows,
            "y": domains.ys,
            "Xt": domains.target_rows,
            "yt": yt,
            "sample_domain": domains.source_domain,
            "sample_weight": domains.source_weight,
        }
    # Weights of target rows can only be given in one table.
    n, m = len(domains.source_weight), len(domains.target_weight)
    y = domains.ys
    if y is not None:
        yt = np.full(m, None) if yt is None else yt
        y = np.concatenate([y.astype(object), yt])
    domain = np.zeros(n) if domains.source_domain is None else domains.source_domain
    return {
        "X": stack_rows(domains.source_rows, domains.target_rows),
        "y": y,
        "sample_domain": np.concatenate([domain, np.full(m, -1)]).astype(int),
        "sample_weight": np.concatenate([domains.source_weight, domains.target_weight]),
    }
