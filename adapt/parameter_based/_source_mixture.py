"""Mixture of several source models and a model of the target's few labels.

Source models are used as they are: what is learned is how much to believe each of them.
"""

import warnings
from functools import partial
from numbers import Integral, Real

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.linear_model import LogisticRegression
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from adapt._domains import require_labels
from adapt._frames import has_named_columns, take_rows
from adapt._out_of_fold import out_of_fold
from adapt._sklearn import Interval, StrOptions
from adapt._stacking import blend_weights
from adapt.base import ParameterAdapter
from adapt.base._estimators import fit_weighted, of_kind, takes_sample_weight
from adapt.parameter_based._class_labels import one_label_a_row
from adapt.parameter_based._experts import (
    ClassExpert,
    MixtureClassifier,
    MixtureRegressor,
    NumberExpert,
    check_sources,
    class_experts,
    other_classes,
)
from adapt.parameter_based._pooling import class_weights, with_floor
from adapt.parameter_based._source_selection import (
    Labelled,
    chosen_classifiers,
    chosen_regressors,
    source_distances,
)

OWN = "own"  # name of the target's own model among the weights
_RARE = 1e-3  # probability below which a distilled student is not taught a class


class SourceMixture(ParameterAdapter):
    r"""Mix source models with a model of the few labels of the target.

    Each source model is an expert, and so is a model that is fitted on the labelled
    target rows alone. Weights of the experts are fitted on the same rows, on which the
    own model is judged out of fold. No source row is needed. Use it if you have several
    source models and 20 or more labels, and do not know which models to trust. The log
    pool

    .. math:: p(c | x) \propto \prod_k p_k(c | x)^{w_k}, \qquad w_k \ge 0,

    learns one scale for each source, as ScaLearn [1]_ does for adapters; the linear
    pool :math:`\sum_k w_k p_k` with :math:`\sum_k w_k = 1` is fitted by expectation
    maximisation. Numbers are mixed by stacked regressions [2]_.

    Parameters
    ----------
    estimator : estimator, default=None
        The target's own model; a clone of it is fitted on the labelled target rows. If
        `fit` is given source rows, clones of it are fitted on each source too. If None,
        `LogisticRegression` for classes and `LinearRegression` for numbers.

    Xt : array-like of shape (n_target_samples, n_features), default=None
        Target rows, used when `fit` is given none.

    yt : array-like of shape (n_target_samples,) or (.., n_outputs), default=None
        Labels of `Xt`; unlabelled rows are not used.

    estimators : dict or list of estimators, default=None
        Fitted source models, by name. With them `fit` is given the target alone. If
        None, `fit` is given the source too, with `sample_domain` several sources, and
        fits a model on each.

    pool : {"log", "linear", "uniform"}, default="log"
        How probabilities are mixed. "uniform" is the plain mean, for comparison. For
        numbers, "log" and "linear" are the same: a mean of weights that sum to 1.

    select : int or {"e-leep", "ms-leep", "osborn", "osborn-published"}, default=None
        Which sources are mixed: None for all; a number for that many, added one by one
        by the likelihood of their mean (by squared error for numbers); or `n_sources`
        of them by a published score. The own model stays in any case. All of these
        were worse than no selection on our tasks.

    n_sources : int, default=3
        How many sources a score of `select` chooses.

    own : bool, default=True
        Whether the target's own model is an expert.

    relabel : bool or "auto", default="auto"
        Whether a source model's classes are translated to those of the target, by the
        table that `leep` is made of. If "auto", of models that do not know all classes
        of the labelled rows; and of those that give most of these rows classes that no
        label has, because names of classes may agree by accident.

    strength : float, default=1.0
        Strength of the prior that all experts have the same weight, in rows.

    cv : int, default=5
        Number of folds for the own model's probabilities.

    copy : bool, default=True
        Whether clones of `estimator` are fitted on the sources, or, of one source,
        `estimator` itself. Fitted source models are never changed.

    verbose : int, default=0
        Whether to print how long each stage took.

    random_state : int, RandomState instance or None, default=None
        Draws folds, and seeds each `random_state` in `estimator` that is None.

    Attributes
    ----------
    weights_ : dict
        Weight of each source by name, and of the own model as "own". In a log pool
        their sum may exceed 1, which sharpens probabilities.

    sources_ : dict
        The source models by name.

    selected_ : list
        Names of the sources that are mixed.

    own_estimator_ : estimator or None
        The own model; None without one, which is also if there are fewer than 2
        labelled rows, or rows of one class only.

    estimator_ : estimator
        The mixture.

    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen in `fit`, where `X` has string column names.

    Raises
    ------
    ValueError
        If a source model has no `predict_proba`, was fitted on another number of
        columns, or is a regressor among classifiers; if `estimators` and source rows
        are both given.

    See Also
    --------
    adapt.model_selection.rank_sources : Ranks the sources without mixing them.
    LinInt : Of one source model.

    Notes
    -----
    Departures from [1]_: source models are mixed by their predictions, with one
    nonnegative scale for each, and a prior. Departures from [3]_: terms of OSBORN are
    standardised over the sources, of which at least 3 are needed; "osborn-published"
    is the plain sum. Its distance of rows is left out if `fit` is given no source rows.

    A source model that was wrong in the same way in all rows can be right if it is
    relabelled, so `relabel=True` forgives flipped labels, but needs labels for a table.
    Each table is judged with the row left out, or it would take all the weight.

    Probabilities are kept from 0 by adding 1e-4. Forests of tiny leaves give zeros:
    calibrate them first.

    Time is one prediction by each model, `cv` + 1 fits of the own model, and O(n K c) a
    step for K experts and c classes.

    References
    ----------
    .. [1] Frohmann et al. "ScaLearn: simple and highly parameter-efficient task
       transfer by learning to scale." Findings of ACL, 2024.
    .. [2] Breiman. "Stacked regressions." Machine Learning, 1996.
    .. [3] Vimal K B et al. "Building a winning team: selecting source model ensembles
       using a submodular transferability estimation approach." ICCV, 2023.
    .. [4] Agostinelli, Uijlings, Mensink and Ferrari. "Transferability metrics for
       selecting source model ensembles." CVPR, 2022.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from adapt.parameter_based import SourceMixture
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 2))
    >>> near = LogisticRegression().fit(X, X[:, 0] > 0)
    >>> wrong = LogisticRegression().fit(X, X[:, 0] < 0)
    >>> Xt = rng.normal(size=(20, 2))
    >>> mixture = SourceMixture(estimators={"near": near, "wrong": wrong})
    >>> mixture.fit(Xt, Xt[:, 0] > 0).weights_["wrong"]
    0.0
    """

    _parameter_constraints: dict = {
        **ParameterAdapter._parameter_constraints,
        "estimators": [dict, list, tuple, None],
        "pool": [StrOptions({"log", "linear", "uniform"})],
        "select": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"e-leep", "ms-leep", "osborn", "osborn-published"}),
            None,
        ],
        "n_sources": [Interval(Integral, 1, None, closed="left")],
        "own": ["boolean"],
        "relabel": ["boolean", StrOptions({"auto"})],
        "strength": [Interval(Real, 0, None, closed="left")],
        "cv": [Interval(Integral, 2, None, closed="left")],
    }

    _allows_nan = True
    _allows_sparse = True
    _keeps_frames = True
    _reads_rows = False
    _data_parameters = ("Xt", "yt", "estimators")

    def __init__(
        self,
        estimator=None,
        Xt=None,
        yt=None,
        estimators=None,
        pool="log",
        *,
        select=None,
        n_sources=3,
        own=True,
        relabel="auto",
        strength=1.0,
        cv=5,
        copy=True,
        verbose=0,
        random_state=None,
    ):
        super().__init__(
            estimator, Xt, yt, copy=copy, verbose=verbose, random_state=random_state
        )
        self.estimators = estimators
        self.pool = pool
        self.select = select
        self.n_sources = n_sources
        self.own = own
        self.relabel = relabel
        self.strength = strength
        self.cv = cv

    @property
    def decision_function(self):
        """Not there: what is mixed are probabilities."""
        raise AttributeError("SourceMixture mixes probabilities.")

    def _named(self):
        """Return the given source models by name, or None."""
        given = self.estimators
        if given is None or isinstance(given, dict):
            return given
        return {f"source {k}": model for k, model in enumerate(given)}

    def _stand_in(self):
        if self.estimator is None and self.estimators:
            return next(iter(self._named().values()))
        return super()._stand_in()

    def _adapt(self, domains):
        self.sources_ = self._source_models(domains)
        self._sees_frames = has_named_columns(domains.target_rows)
        with self._stage("mixing the sources"):
            self.estimator_ = self._transfer(self.sources_, domains)

    def _source_models(self, domains):
        """Return fitted source models by name: those given, or one for each source."""
        if domains.Xs is None:
            if not self.estimators:
                raise ValueError(
                    "SourceMixture was given a target alone, which takes fitted source "
                    "models: give them as `estimators`, or give `fit` the source too."
                )
            for model in self._named().values():
                check_is_fitted(model)
            return self._named()
        if self.estimators is not None:
            raise ValueError(
                "SourceMixture was given both source rows and `estimators`: give `fit` "
                "the target alone, or leave `estimators` at None."
            )
        require_labels(self, domains.ys, "fits `estimator` on each source first")
        self._check_takes_weights(domains.source_weight)
        domain = domains.source_domain
        if domain is None:
            domain = np.zeros(len(domains.ys), dtype=int)
        models = {}
        for name in np.unique(domain).tolist():
            rows, weight = domain == name, domains.source_weight
            models[name] = self._fitted_on(
                take_rows(domains.source_rows, rows),
                domains.ys[rows],
                domains,
                sample_weight=None if weight is None else weight[rows],
            )
        return models

    def _transfer(self, source_model, domains):
        of_classes = check_sources(source_model, self.n_features_in_)
        rows = domains.labelled.copy()
        weight = domains.target_weight
        if weight is not None:
            rows &= weight > 0
        weight = np.ones(rows.sum()) if weight is None else weight[rows]
        X, y = take_rows(domains.target_rows, rows), domains.yt[rows]
        rng = check_random_state(self.random_state)
        mix = self._mix_classes if of_classes else self._mix_numbers
        return mix(source_model, X, y, weight, domains, rng)

    def _mix_classes(self, models, X, y, weight, domains, rng):
        y = one_label_a_row(self, y)
        labels, codes = np.unique(y, return_inverse=True)
        translated, strangers = other_classes(models, labels, self.relabel, X)
        if strangers:
            warnings.warn(
                f"Sources {sorted(strangers, key=str)} know no class of the target, so "
                "they have weight 0: use `relabel='auto'` to have their classes "
                "translated.",
                UserWarning,
                stacklevel=5,
            )
        models = {k: model for k, model in models.items() if k not in strangers}
        self.selected_ = chosen_classifiers(
            models,
            Labelled(X, labels, codes),
            translated,
            select=self.select,
            n_sources=self.n_sources,
            distances=partial(source_distances, domains, rng=rng),
        )
        models = {name: models[name] for name in self.selected_}
        classes, experts, found = class_experts(models, labels, translated, X, codes)
        if self._fit_own(X, y, weight, domains, enough=len(labels) > 1):
            uniform = np.full((len(y), len(classes)), 1 / len(classes))
            experts[OWN] = ClassExpert(self.own_estimator_, classes)
            found[OWN] = self._judged(
                X, y, weight, domains, rng, uniform, lambda m: ClassExpert(m, classes)
            )
        if not experts:
            raise ValueError(
                "SourceMixture has nothing to mix: no source knows a class of the "
                "target, and there is no own model. Use `relabel='auto'`."
            )
        P = with_floor(np.stack(list(found.values())))
        codes = np.searchsorted(classes, y)
        weights = class_weights(P, codes, weight, self.pool, self.strength)
        self.weights_ = dict(zip(experts, weights.tolist(), strict=True))
        self.weights_ |= dict.fromkeys(strangers, 0.0)
        rule = "log" if self.pool == "log" else "linear"
        return MixtureClassifier(list(experts.values()), weights, rule, classes)

    def _mix_numbers(self, models, X, y, weight, domains, rng):
        if isinstance(self.select, str):
            raise ValueError(
                f"`select={self.select!r}` is a score for classes, but the sources are "
                "regressors: give a number."
            )
        truth = np.asarray(y, dtype=float).reshape(len(y), -1)
        experts = {name: NumberExpert(model) for name, model in models.items()}
        errors = {name: expert.predict(X) - truth for name, expert in experts.items()}
        names = self.selected_ = list(experts)
        if self.select is not None:
            stacked = np.stack(list(errors.values()))
            chosen = chosen_regressors(stacked, weight, self.select)
            self.selected_ = [names[k] for k in chosen]
            experts = {name: experts[name] for name in self.selected_}
        if self._fit_own(X, y, weight, domains, enough=len(y) > 1):
            mean = np.broadcast_to(truth.mean(axis=0), truth.shape).copy()
            out = self._judged(X, y, weight, domains, rng, mean, NumberExpert)
            experts[OWN] = NumberExpert(self.own_estimator_)
            errors[OWN] = out - truth
        scale = np.sqrt(weight)[:, np.newaxis]
        E = np.column_stack([(scale * errors[name]).ravel() for name in experts])
        weights = np.full(len(experts), 1 / len(experts))
        if len(experts) > 1 and self.pool != "uniform":
            weights = blend_weights(E, self.strength)
        self.weights_ = dict(zip(experts, weights.tolist(), strict=True))
        return MixtureRegressor(list(experts.values()), weights, np.ndim(y))

    def _own_model(self, X, y, domains, weight):
        even = np.all(weight == weight[0])
        return self._fitted_on(X, y, domains, sample_weight=None if even else weight)

    def _new_estimator(self, y):
        given = self.estimator is None and self.estimators
        if given and is_classifier(self._stand_in()):
            # Labels look like numbers where the sources know that they are classes.
            return LogisticRegression()
        return super()._new_estimator(y)

    def _fit_own(self, X, y, weight, domains, enough):
        """Fit ``own_estimator_`` if there is to be one; return whether there is."""
        self.own_estimator_ = None
        if self.own and enough:
            self.own_estimator_ = self._own_model(X, y, domains, weight)
        return self.own_estimator_ is not None

    def _judged(self, X, y, weight, domains, rng, start, expert):
        """Return the own model's predictions of rows on which it was not fitted."""

        def fitted(rows):
            model = self._own_model(take_rows(X, rows), y[rows], domains, weight[rows])
            return expert(model).predict

        of_classes = expert is not NumberExpert
        return out_of_fold(fitted, X, y, start, of_classes, self.cv, rng)

    def distill(self, student, X):
        """Fit one model that imitates the mixture.

        Parameters
        ----------
        student : estimator
            Unfitted; a clone of it is fitted. A classifier has to take `sample_weight`,
            because it is fitted on each row once for each class, weighted by the
            class's probability.

        X : array-like of shape (n_samples, n_features)
            Rows of the target, which need no labels; the more, the better.

        Returns
        -------
        student : estimator
            A fitted clone. It needs no source model any more.
        """
        model, student = self._fitted_estimator(), clone(student)
        X = self._encode(X)
        if not is_classifier(model):
            return student.fit(X, model.predict(X))
        if not takes_sample_weight(student):
            raise TypeError(
                f"`student` ({type(student).__name__}) takes no `sample_weight`, by "
                "which it is taught probabilities. Give another, such as "
                "LogisticRegression or HistGradientBoostingClassifier."
            )
        P = model.predict_proba(X)
        rows, codes = np.nonzero(P > _RARE)
        return fit_weighted(
            student, take_rows(X, rows), model.classes_[codes], P[rows, codes]
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        if self.estimator is None and self.estimators:
            model = next(iter(self._named().values()))
            of_kind(tags, "classifier" if is_classifier(model) else "regressor")
        return tags
