"""Compare adaptation methods in a table, and recommend one or none.

The recommendation is that of `adapt.model_selection._decision`; with labelled target
rows to train on, supervised methods are compared on held-out ones instead.
"""

import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from adapt._frames import as_pandas, is_frame
from adapt.base import WeightAdapter
from adapt.model_selection._candidates import BASELINE, TARGET_ONLY, candidates
from adapt.model_selection._circular_gain import standing
from adapt.model_selection._comparison import Comparison
from adapt.model_selection._decision import check_choice, check_task, choose_on_source
from adapt.model_selection._held_out_scores import (
    Task,
    judge_on_target,
    shown_labels,
    target_calls,
)
from adapt.model_selection._label_candidates import judged_without_labels
from adapt.model_selection._label_evidence import LabelStage
from adapt.model_selection._many_fits import ManyFits, check_backend
from adapt.model_selection._one_by_one import fit_and_predict, fit_timed, one_by_one
from adapt.model_selection._pooled_candidate import pooled_candidates
from adapt.model_selection._preprocessing import filled_union
from adapt.model_selection._read_domains import (
    check_classes,
    check_target_labels,
    preprocess,
    read_domains,
    read_groups,
)
from adapt.model_selection._series_rows import (
    for_series,
    read_series,
    rule_for,
    warn_of_lengths,
)
from adapt.series import SeriesSet


class _OnTarget:
    """Judge methods by held-out labelled target rows, which they may learn from."""

    def __init__(self, task):
        self.task, self._folds = task, task.target_folds()
        if self._folds is None:
            raise ValueError(
                f"{task.labelled.sum()} labelled target rows are too few to hold some "
                "out: `target_labels='train'` needs 2 rows each of 2 classes, or 4 "
                "numbers. Use `target_labels='score'`."
            )
        self._labels = shown_labels(task.yt, np.flatnonzero(task.labelled))
        self._of_baseline = None

    def shared(self):
        return [*self.task.rows(), self._folds, self._labels]

    def calls(self, name, method):
        task = self.task
        if name == TARGET_ONLY:
            on_all = _fit_on_target, method, task.Xt, task.yt, task.labelled
        else:
            rows = task.Xs, task.ys, task.Xt
            on_all = fit_and_predict, method, *rows, None, self._labels
        return [*target_calls(method, task, self._folds), on_all]

    def finish(self, name, results):
        *parts, (model, seconds, predicted) = results
        held_out = judge_on_target(parts, self.task, self._folds)
        if name == BASELINE:
            self._of_baseline = held_out
        row = {"method": name, "fit_seconds": seconds}
        row["held_out"], row["held_out_se"] = held_out.score()
        row |= standing(*held_out.gain(self._of_baseline))
        if isinstance(model, WeightAdapter):
            row["ess"] = model.effective_sample_size_
        return row, model, predicted


def _fit_on_target(method, Xt, yt, labelled):
    """Return a model of labelled target rows, the seconds, and what it predicts."""
    rows = np.flatnonzero(labelled)
    model, seconds = fit_timed(method, Xt[rows], yt[rows])
    return model, seconds, model.predict(Xt)


def _compare_on_target(comparison, methods, estimator, task, verbose):
    """Score methods on held-out labelled target rows."""
    judged = _OnTarget(task)
    methods = {BASELINE: methods[BASELINE], TARGET_ONLY: estimator, **methods}
    with ManyFits(task.n_jobs, judged.shared()) as fits:
        one_by_one(comparison, methods, judged, fits, verbose)


def _use_of_labels(target_labels, labelled):
    """Return what known labels of the target are for, or refuse what cannot be."""
    if target_labels is None:
        partly = labelled.any() and not labelled.all()
        return "choose" if partly else "score"
    check_choice("target_labels", target_labels, ("score", "choose", "train"))
    if target_labels != "score" and not labelled.any():
        raise ValueError(
            f"`target_labels={target_labels!r}` needs labels of some target rows."
        )
    return target_labels


def _as_numbers(methods, default, domains, columns, channel_signs):
    """Return candidates as the rows want them, a fitted preprocessor, and numbers."""
    Xs, ys, Xt = domains
    if columns == "union" and is_frame(Xs) and is_frame(Xt):
        Xs, Xt = as_pandas(Xs), as_pandas(Xt)
        filler = filled_union(Xs, Xt)
        if filler is not None:
            fill = FunctionTransformer(filler.transform)
            preprocessor, *numbers = preprocess(*map(filler.transform, (Xs, Xt)))
            return methods, make_pipeline(fill, preprocessor), *numbers
    keeps_series = False
    if isinstance(Xs, SeriesSet):
        warn_of_lengths(Xs, ys, Xt)
        methods, keeps_series = for_series(methods, default)
    given = {"keeps_series": keeps_series, "channel_signs": channel_signs}
    return methods, *preprocess(Xs, Xt, **given)


def compare(
    X,
    y=None,
    Xt=None,
    yt=None,
    *,
    sample_domain=None,
    groups=None,
    estimator="linear",
    methods="default",
    cv=5,
    scoring=None,
    target_labels=None,
    columns="shared",
    channel_signs=True,
    random_state=0,
    n_jobs=None,
    verbose=0,
):
    """Compare adaptation methods on a source and a target, and recommend one or none.

    The advice is not to adapt if no shift is detected, or if it may be label shift or
    covariate shift: weights of source rows explain it; or in classification the weights
    of a domain classifier explain half of it, and one domain covers most of the other;
    or in regression target rows follow the correlations of the source columns.
    Otherwise each method is scored without target labels, by `CircularValidation` on
    held-out source rows. If two maps of features score clearly better than source-only,
    all methods that score better are averaged. In classification source-only is part of
    the average. `ImportanceWeighted` is shown, and not used for the choice. `AutoAdapt`
    makes the same choice as an estimator.

    Parameters
    ----------
    X : DataFrame or array-like of shape (n_samples, n_features)
        Source rows; with `sample_domain`, source and target rows in one table. A data
        frame may have columns of numbers, categories, text and booleans, and missing
        values. Domains need not have the same columns: see `columns`.

    y : array-like of shape (n_samples,)
        Labels of `X`; missing (NaN, None) for target rows without label.

    Xt : DataFrame or array-like of shape (n_target_samples, n_features), default=None
        Target rows.

    yt : array-like of shape (n_target_samples,), default=None
        Labels of target rows, missing where unknown.

    sample_domain : array-like of shape (n_samples,), default=None
        Negative for target rows of `X`. All others are one source, but to models of
        many domains.

    groups : array-like of shape (n_samples,), default=None
        Group of each row of `X`, such as the patient. Rows of a group are held out
        together.

    estimator : estimator or {"linear", "forest", "boosting"}, default="linear"
        Model that every method fits. A name stands for a classifier or a regressor,
        depending on the labels: numbers are classes if they are whole numbers of at
        most 20 values.

    methods : "default", list of str or dict of str to adapter, default="default"
        What to compare with source-only. The default is `DomainStandardScaler` and
        `QuantileMatching`, and for classes `GFK`, and `SelfTraining` on columns that a
        `DomainStandardScaler` maps. Adapters without an estimator are given
        `estimator`. With
        ``target_labels="train"`` and two or more sources in `sample_domain` also
        `PooledLDA`, or `PooledRidge` for numbers.

    cv : int, default=5
        Number of folds.

    scoring : {"accuracy", "balanced_accuracy", "r2"}, default=None
        If None, accuracy for classification and R2 for regression.

    target_labels : {"score", "choose", "train"}, default=None
        Use of known target labels. If None, "score" if all target rows are labelled or
        none is, else "choose". With "score" no method sees them; they only show how
        good the recommendation was. With "choose" they can replace the choice that was
        made without labels, also by a method that trains on them: see
        `Comparison.labels`. They are taken as a random sample of the target, or of the
        rows that `Comparison.suggest_labels` draws from. With "train" supervised
        methods are candidates too, everything is scored by cross-validation over the
        labelled target rows, and the scorers without labels are not needed.

    columns : {"shared", "union"}, default="shared"
        Which columns of two data frames are used, matched by name: those that both
        domains have; or all, with numbers that a domain lacks filled in by a Gaussian
        of both. Warnings name what is left out or filled in. `PartialColumns` does
        more with labels of some target rows.

    channel_signs : bool, default=True
        Whether channels of source series that clearly have the other sign in the target
        are turned, as by `ChannelSigns`. Not used for tables.

    random_state : int, default=0
        Seeds folds and estimators.

    n_jobs : int, default=None
        Number of fits that run in parallel, over all folds and methods. The backend is
        that of `joblib.parallel_config`, for example a Dask cluster.

    verbose : int, default=0
        Whether to print a line as each method is finished, with a progress bar if
        standard error is a terminal.

    Returns
    -------
    comparison : Comparison
        The table, the recommendation, its reason, and the model fitted on all rows.

    Raises
    ------
    ValueError
        If a domain is empty, the source has one class, there are no columns in common,
        a column holds dates, or a parameter is not one of the above.

    TypeError
        If an array is not numeric, or if a method is not an adapter.

    See Also
    --------
    AutoAdapt : The recommended method as an estimator.
    adapt.metrics.CircularValidation : The score that methods are chosen by.
    adapt.metrics.ImportanceWeighted : The weighted score of source rows.

    Notes
    -----
    Each method is fitted ``2 * cv + 1`` times, half of it on the target rows. A Ctrl-C
    ends the comparison, and keeps the methods that are finished.

    A method that fails is in the table with its error; only a failure of source-only is
    raised. If a worker dies, a warning says so, and what it may have been fitting is
    tried once more; only a method that ends its worker again is lost.

    The standard errors take rows as independent, and are too small for grouped rows.
    Circular validation has a blind spot: a map that exchanges two classes exchanges
    them again on the way back, and scores perfectly. The user guide has the gains and
    losses of the rule, on tables and kinds of shift that its constants were not chosen
    on.

    Examples
    --------
    >>> from adapt.datasets import load_penguins
    >>> from adapt.model_selection import compare
    >>> data = load_penguins(source="Adelie", target="Gentoo", as_frame=True)
    >>> result = compare(data.X, data.y, sample_domain=data.sample_domain)
    >>> result.recommended
    'Average'
    >>> scores = result.results.set_index("method")["target"]
    >>> bool(scores[result.recommended] > scores["SourceOnly"] + 0.3)
    True
    """
    if cv < 2:
        raise ValueError(f"`cv` must be at least 2, got {cv!r}.")
    check_choice("columns", columns, ("shared", "union"))
    check_backend()
    X, Xt = read_series(X, y, Xt)
    Xs, ys, Xt, yt, labelled = read_domains(X, y, Xt, yt, sample_domain)
    estimator, of_classes, scoring = check_task(estimator, ys, scoring, random_state)
    if of_classes:
        check_classes(ys)
        if yt is not None:
            check_target_labels(ys, yt[labelled])
    else:
        ys = ys.astype(float)
        yt = None if yt is None else yt.astype(float)
    target_labels = _use_of_labels(target_labels, labelled)
    trains = target_labels == "train"
    if trains:
        found = candidates(methods, estimator, True)
    else:
        found = judged_without_labels(methods, estimator, target_labels == "choose")
    default = isinstance(methods, str) and not trains
    domains, how = (Xs, ys, Xt), (columns, channel_signs)
    found, preprocessor, Xs, Xt = _as_numbers(found, default, domains, *how)
    of_groups = read_groups(groups, X, sample_domain)
    given = scoring, cv, random_state, n_jobs, None, *of_groups
    task = Task(Xs, ys, Xt, yt, labelled, *given)
    comparison = Comparison(
        scoring=scoring,
        target_labels=target_labels,
        n_source=len(ys),
        n_target=len(Xt),
        n_labelled=int(labelled.sum()),
    )
    if trains:
        if isinstance(methods, str):
            found |= pooled_candidates(sample_domain, len(ys), of_classes)
        _compare_on_target(comparison, found, estimator, task, verbose)
        comparison.conclude(preprocessor, task)
        return comparison
    hidden = task.without_target_labels()
    seen, chooses = (task, hidden) if target_labels == "score" else (hidden, task)
    rule = rule_for(preprocessor, default, scoring)
    choose_on_source(comparison, found, estimator, seen, rule, verbose=verbose)
    comparison.conclude(preprocessor, seen)
    comparison.choose_by_labels(LabelStage(methods, estimator, chooses))
    return comparison
