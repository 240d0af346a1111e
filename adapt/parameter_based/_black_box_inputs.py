"""A model that only answers: what is adapted are its inputs, or its outputs.

No parameter of the model is seen, and no gradient. A gain and an offset for each column
are learned from what it answers about a few labelled rows.
"""

import copy
import warnings
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state

from adapt._domains import require_weight
from adapt._frames import has_named_columns, take_rows
from adapt._out_of_fold import folds
from adapt._sklearn import HasMethods, Interval, StrOptions
from adapt.base import ParameterAdapter
from adapt.parameter_based._black_box import (
    FunctionModel,
    Queries,
    Units,
    fit_outputs,
    fit_scale,
    log_loss,
    moved,
    recalibrated,
    squared_errors,
)
from adapt.parameter_based._class_labels import one_label_a_row
from adapt.parameter_based._spsa import minimise_spsa

_KINDS = ("none", "temperature", "priors", "biases")
# Standard errors that a step has to gain: recalibration, and then moved inputs. Chosen
# on generated tables and wine: 1 and 2 miss half of the drifts, 0 moves inputs without
# need.
_GAINS = 0.5, 0.3
_FEWEST = 10  # labelled rows, below which nothing is learned from them


class AdaptedBlackBox(ClassifierMixin, BaseEstimator):
    """A model whose inputs are moved, and whose outputs are recalibrated."""

    def __init__(self, model, classes, gain, offset, scale, bias):
        self.model = model
        self.classes = classes
        self.gain = gain
        self.offset = offset
        self.scale = scale
        self.bias = bias

    @property
    def classes_(self):
        """Return the classes of the model."""
        return self.classes

    def predict_proba(self, X):
        """Ask the model about moved rows, and recalibrate its answer."""
        X = moved(X, self.gain, self.offset)
        if self.scale == 1 and not np.any(self.bias):
            return np.asarray(self.model.predict_proba(X))
        log_p = Queries(self.model, len(self.classes)).log_proba(X)
        return np.exp(recalibrated(log_p, self.scale, self.bias))

    def predict(self, X):
        """Return the classes of the largest probabilities."""
        return self.classes[np.argmax(self.predict_proba(X), axis=1)]


class _Labelled:
    """Labelled rows, and how well a model says their labels after moving them."""

    def __init__(self, queries, units, X, codes, weight):
        self.queries, self.units = queries, units
        self.X, self.codes, self.weight = X, codes, weight

    def of(self, rows):
        return _Labelled(
            self.queries,
            self.units,
            take_rows(self.X, rows),
            self.codes[rows],
            self.weight[rows],
        )

    def log_proba(self, theta):
        return self.queries.log_proba(moved(self.X, *self.units.gain_and_offset(theta)))

    def loss(self, theta):
        return log_loss(self.log_proba(theta), self.codes, self.weight)


class BlackBoxInputs(ParameterAdapter):
    r"""Adapt a model that only answers `predict_proba`, by its inputs or its outputs.

    A row of the target is given to the model as :math:`g \cdot x + o`, with a gain and
    an offset for each column. They minimise the log-loss of labelled target rows, which
    is only ever evaluated: simultaneous perturbation estimates all derivatives from two
    answers, with the gradient correction of BlackVIP [1]_. Use it if sensors, units or
    sites have moved the columns, and the model cannot be trained: it stands behind an
    interface, or is of another library.

    Before that, the outputs are recalibrated, which costs no further query: by a
    temperature, by the priors that make the target's outputs most likely [2]_, or by
    biases for the classes. What helps on held-out labelled rows is taken, in this
    order: the model as it is, its outputs recalibrated, its inputs moved. A step is
    only taken if it gains a share of its standard error.

    Parameters
    ----------
    estimator : classifier or callable, default=None
        The source model: fitted already, with the target alone given to `fit`; or a
        function that takes rows and returns probabilities of shape (n_rows, n_classes);
        or a classifier that is fitted on the source that `fit` is given, for which None
        stands for `LogisticRegression`.

    Xt : array-like of shape (n_target_samples, n_features), default=None
        Target rows, used when `fit` is given none.

    yt : array-like of shape (n_target_samples,), default=None
        Labels of `Xt`, missing for rows that have none.

    way : {"auto", "inputs", "outputs"}, default="auto"
        What is adapted. "auto" chooses on held-out labelled rows; "inputs" moves them
        whatever it gains, and does not recalibrate; "outputs" only recalibrates.

    max_queries : int, default=3000
        How often the model is asked at most. A query is one call with the labelled
        rows of the target, the first one with all its rows. Half of them go to the
        choice. Retries are yours: what the model raises is raised.

    classes : array-like of shape (n_classes,), default=None
        Classes in the order of the columns, for a function. If None, the sorted labels
        of the target.

    source_priors : array-like of shape (n_classes,), default=None
        Shares of the classes that the model was trained on. If None, those of the
        source, and equal ones where there is none.

    strength : float, default=1.0
        Strength of the prior that nothing is moved: logarithms of gains, and offsets in
        standard deviations of their columns, are normal with this precision.

    cv : int, splitter or iterable, default=3
        Folds of the labelled rows for the choice. An int makes stratified ones,
        shuffled.

    copy : bool, default=True
        Whether a clone of `estimator` is fitted on the source, or `estimator` itself. A
        model that is given fitted is only asked.

    verbose : int, default=0
        Whether to print how long each stage took.

    random_state : int, RandomState instance or None, default=None
        Draws perturbations and folds, and seeds what in `estimator` has no seed.

    Attributes
    ----------
    way_ : {"none", "temperature", "priors", "biases", "inputs"}
        What was taken.

    gain_, offset_ : ndarray of shape (n_features,)
        How inputs are moved; 1 and 0 if they are not.

    scale_ : float
        What logarithms of probabilities are multiplied by, the inverse temperature.

    bias_ : ndarray of shape (n_classes,)
        What is added after that.

    errors_ : dict of str to float
        Squared error of the probabilities of each way, on held-out labelled rows.

    n_queries_, n_rows_ : int
        How often `fit` asked the model, and about how many rows in all.

    interrupted_ : bool
        Whether an interruption from the keyboard ended the search; what was best until
        then is kept.

    estimator_ : estimator
        The model behind moved inputs and recalibrated outputs.

    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen in `fit`, where `X` has string column names.

    Raises
    ------
    ValueError
        If the model's answer is no probabilities of its classes; if a labelled row has
        a class that the model does not know.

    Warns
    -----
    UserWarning
        If there are fewer than 10 labelled rows, of which nothing is learned; if the
        search was interrupted.

    See Also
    --------
    SourceMixture : Mixes the model with one of the target's labels.
    adapt.instance_based.SaerensEM : Priors, of a model that can be trained.

    Notes
    -----
    Departures from [1]_: the prompt is a gain and an offset of each column, and not the
    output of a network that sees the row; steps are set from the first gradients; the
    mean of late iterates is taken; a prior keeps parameters at their start that the
    labels do not determine.

    Time and cost are those of the queries: about `max_queries` times the number of
    labelled rows. Memory O(n d).

    `predict` asks the model once, about all rows that it is given.

    References
    ----------
    .. [1] Oh, Hwang, Lee, Lim, Jung, Jung, Choi and Song. "BlackVIP: Black-box visual
       prompting for robust transfer learning." CVPR, 2023.

    .. [2] Saerens, Latinne and Decaestecker. "Adjusting the outputs of a classifier to
       new a priori probabilities." Neural Computation, 2002.

    .. [3] Spall. "Implementation of the simultaneous perturbation algorithm for
       stochastic optimization." IEEE Transactions on Aerospace and Electronic Systems,
       1998.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from adapt.parameter_based import BlackBoxInputs
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(300, 2))
    >>> y = (X[:, 0] > 0).astype(int)
    >>> source_model = LogisticRegression().fit(X[:200], y[:200])
    >>> Xt, yt = 3 * X[200:] + 4, y[200:]  # another unit, another zero
    >>> source_model.score(Xt, yt) < 0.7
    True
    >>> model = BlackBoxInputs(source_model, max_queries=400, random_state=0)
    >>> model.fit(Xt[:40], yt[:40]).way_
    'inputs'
    >>> model.score(Xt[40:], yt[40:]) > 0.9
    True
    >>> model.n_queries_ <= 400
    True
    """

    _parameter_constraints: dict = {
        **ParameterAdapter._parameter_constraints,
        "estimator": [HasMethods("predict_proba"), callable, None],
        "way": [StrOptions({"auto", "inputs", "outputs"})],
        "max_queries": [Interval(Integral, 1, None, closed="left")],
        "classes": ["array-like", None],
        "source_priors": ["array-like", None],
        "strength": [Interval(Real, 0, None, closed="left")],
        "cv": ["cv_object"],
    }

    _kind = "classifier"
    _allows_nan = True
    _reads_rows = True

    def __init__(
        self,
        estimator=None,
        Xt=None,
        yt=None,
        way="auto",
        *,
        max_queries=3000,
        classes=None,
        source_priors=None,
        strength=1.0,
        cv=3,
        copy=True,
        verbose=0,
        random_state=None,
    ):
        super().__init__(
            estimator, Xt, yt, copy=copy, verbose=verbose, random_state=random_state
        )
        self.way = way
        self.max_queries = max_queries
        self.classes = classes
        self.source_priors = source_priors
        self.strength = strength
        self.cv = cv

    @property
    def decision_function(self):
        """Not there: what is known of the model are probabilities."""
        raise AttributeError("BlackBoxInputs gives probabilities.")

    def _is_function(self):
        return callable(self.estimator) and not isinstance(self.estimator, type)

    def _given(self):
        if self._is_function():
            return FunctionModel(self.estimator, self.classes)
        return super()._given()

    def _given_model(self):
        return self._given() if self._is_function() else super()._given_model()

    def _known_classes(self):
        if self._is_function():
            return None if self.classes is None else np.asarray(self.classes)
        return super()._known_classes()

    def _adapt(self, domains):
        if domains.Xs is not None and self._is_function():
            raise ValueError(
                "BlackBoxInputs was given source rows and a function, which cannot be "
                "fitted on them: give `fit` the target alone."
            )
        super()._adapt(domains)
        # A function sees what `fit` was given; an estimator what it was fitted on.
        frames = has_named_columns(domains.target_rows)
        self._sees_frames = frames and (self._is_function() or self._sees_frames)

    def _transfer(self, source_model, domains):
        X, codes, weight, rows = self._labelled(source_model, domains)
        n_classes = len(self._classes)
        queries = Queries(source_model, n_classes)
        n_columns = domains.Xt.shape[1]
        self.way_, self.errors_, self.interrupted_ = "none", {}, False
        self.gain_, self.offset_ = np.ones(n_columns), np.zeros(n_columns)
        self.scale_, self.bias_ = 1.0, np.zeros(n_classes)
        if len(codes) < _FEWEST and self.way == "auto":
            warnings.warn(
                f"BlackBoxInputs learns nothing from {len(codes)} labelled rows, and "
                f"leaves the model as it is: give {_FEWEST}, or `way='inputs'` or "
                "`way='outputs'`.",
                UserWarning,
                stacklevel=5,
            )
        else:
            seen = self._rows_for(source_model, domains)
            labelled = _Labelled(queries, Units(domains.Xt), X, codes, weight)
            rng = check_random_state(self.random_state)
            self._search(labelled, seen, rows, self._priors(domains), rng)
        self.n_queries_, self.n_rows_ = queries.n_queries, queries.n_rows
        model = AdaptedBlackBox(
            source_model,
            self._classes,
            self.gain_,
            self.offset_,
            self.scale_,
            self.bias_,
        )
        names = getattr(source_model, "feature_names_in_", None)
        if names is not None:
            model.feature_names_in_ = names
        return model

    def _rows_for(self, model, domains):
        """Return target rows as the model is to see them: frames if it knows names."""
        named = getattr(model, "feature_names_in_", None) is not None
        as_given = named or self._is_function()
        return domains.target_rows if as_given else domains.Xt

    def _labelled(self, model, domains):
        """Return rows, codes of labels, weights and positions of the labelled rows."""
        mask = domains.labelled.copy()
        weight = domains.target_weight
        if weight is not None:
            mask &= weight > 0
            require_weight(weight[domains.labelled], "labelled target ")
        rows = np.flatnonzero(mask)
        y = one_label_a_row(self, domains.yt[rows])
        if self._is_function() and self.classes is None:
            self._classes = np.unique(y)
        else:
            self._classes = np.asarray(model.classes_)
        unknown = np.setdiff1d(y, self._classes)
        if len(unknown):
            raise ValueError(
                f"Labelled target rows have classes that the model does not know, such "
                f"as {unknown.tolist()[0]!r}. It knows {self._classes.tolist()[:6]}."
            )
        order = np.argsort(self._classes)
        codes = order[np.searchsorted(self._classes, y, sorter=order)]
        weight = np.ones(len(rows)) if weight is None else weight[rows]
        return take_rows(self._rows_for(model, domains), rows), codes, weight, rows

    def _priors(self, domains):
        n_classes = len(self._classes)
        if self.source_priors is not None:
            priors = np.asarray(self.source_priors, dtype=float)
            if priors.shape != (n_classes,) or np.any(priors < 0) or not priors.any():
                raise ValueError(
                    f"`source_priors` must be {n_classes} shares, none negative, got "
                    f"{self.source_priors!r}."
                )
        elif domains.ys is not None:
            priors = np.array([np.mean(domains.ys == c) for c in self._classes])
        else:
            priors = np.ones(n_classes)
        priors = np.maximum(priors, 1e-6)
        return priors / priors.sum()

    # The search

    def _search(self, labelled, seen, rows, priors, rng):
        """Choose what is adapted, and learn it."""
        if self.way == "inputs":
            self._move(labelled, np.zeros(2 * len(self.gain_)), self.max_queries, rng)
            self.way_ = "inputs"
            return
        log_p = labelled.queries.log_proba(seen)  # the first query
        splits = []
        if len(rows) >= _FEWEST:
            splits = folds(labelled.codes, True, self.cv, rng)
        losses = _losses_of_outputs(log_p, rows, labelled, priors, splits)
        kind = _first_that_gains(losses, labelled.weight, _GAINS[0])
        start = None
        if self.way == "auto" and splits:
            with self._stage("choosing between outputs and inputs"):
                start, losses["inputs"] = self._judge_inputs(labelled, splits, rng)
            judged = ~np.isnan(losses["inputs"])
            if judged.any():
                pair = {k: losses[k][judged] for k in (kind, "inputs")}
                kind = _first_that_gains(pair, labelled.weight[judged], _GAINS[1])
        self.errors_ = {
            name: float(np.average(loss[~np.isnan(loss)]))
            for name, loss in losses.items()
            if not np.isnan(loss).all()
        }
        self.way_ = kind
        if kind != "inputs":
            self.scale_, self.bias_ = fit_outputs(
                kind, log_p, rows, labelled.codes, labelled.weight, priors
            )
            return
        left = self.max_queries - labelled.queries.n_queries
        if self.interrupted_:
            left = 0
        theta = self._move(labelled, start, left - 1, rng)
        if left > 0 and not self.interrupted_:
            log_p = labelled.log_proba(theta)
            self.scale_, _ = fit_scale(log_p, labelled.codes, labelled.weight)

    def _judge_inputs(self, labelled, splits, rng):
        """Return where folds lead in the mean, and the losses of rows held out."""
        n = len(labelled.codes)
        budget = max(self.max_queries // 2, 1) // len(splits) - 2
        found, losses = [], np.full(n, np.nan)
        for train, test in splits:
            part = labelled.of(train)
            descent = self._descent(part, np.zeros(2 * len(self.gain_)), budget, rng)
            found.append(descent.theta)
            if descent.interrupted:
                break
            if budget < 1:
                continue
            try:
                losses[test] = _held_out(part, labelled.of(test), descent.theta)
            except KeyboardInterrupt:
                self._say_interrupted(labelled.queries)
                break
        return np.mean(found, axis=0), losses

    def _move(self, labelled, start, n_queries, rng):
        with self._stage("moving the inputs"):
            theta = self._descent(labelled, start, n_queries, rng).theta
        self.gain_, self.offset_ = labelled.units.gain_and_offset(theta)
        return theta

    def _descent(self, labelled, start, n_queries, rng):
        descent = minimise_spsa(
            labelled.loss,
            start,
            n_queries,
            rng,
            penalty=self.strength / labelled.weight.sum(),
        )
        if descent.interrupted:
            self._say_interrupted(labelled.queries)
        return descent

    def _say_interrupted(self, queries):
        self.interrupted_ = True
        warnings.warn(
            f"Interrupted after {queries.n_queries} queries: what was best until then "
            "is kept.",
            UserWarning,
            stacklevel=8,
        )

    def __sklearn_clone__(self):
        if not self._is_function():
            return super().__sklearn_clone__()
        # A function may hold a connection: it is shared, and not copied.
        bare = copy.copy(self).set_params(estimator=None)
        return ParameterAdapter.__sklearn_clone__(bare).set_params(
            estimator=self.estimator
        )


def _held_out(part, held, theta):
    """Return the losses of rows held out, after a temperature of the others."""
    scale, _ = fit_scale(part.log_proba(theta), part.codes, part.weight)
    log_q = recalibrated(held.log_proba(theta), scale, 0.0)
    return squared_errors(log_q, held.codes)


def _losses_of_outputs(log_p, rows, labelled, priors, splits):
    """Return the held-out losses of labelled rows, for each way to recalibrate."""
    codes, losses = labelled.codes, {}
    for kind in _KINDS:
        losses[kind] = np.full(len(codes), np.nan)
        for train, test in splits:
            fitted = fit_outputs(
                kind, log_p, rows[train], codes[train], labelled.weight[train], priors
            )
            log_q = recalibrated(log_p[rows[test]], *fitted)
            losses[kind][test] = squared_errors(log_q, codes[test])
    return losses


def _first_that_gains(losses, weight, n_errors):
    """Return the best of several, or the first unless that gains some standard errors.

    Parameters
    ----------
    losses : dict of str to ndarray of shape (n_samples,)
        The first is what is there without any choice.

    weight : ndarray of shape (n_samples,)
        Weights of the rows.
    """
    first = next(iter(losses))
    if np.isnan(losses[first]).all():
        return first
    means = {k: np.average(loss, weights=weight) for k, loss in losses.items()}
    best = min(means, key=means.get)
    gain = losses[first] - losses[best]
    error = np.std(gain) / np.sqrt(len(gain))
    return best if np.average(gain, weights=weight) > n_errors * error else first
