"""Choose between adapters by evidence without target labels, or stay with none.

Every method is adapted on folds: some source rows are held out, all target rows stay
in, without labels. `OnSource` judges it by what it predicts of the rows held out. A
method is chosen if its gain is large beside its own standard error, and if there is a
shift to begin with; otherwise source-only is. Class evidence rules some methods out
beforehand, and tells for which any gain is enough, see `due_margin`. `compare` shows
all of it, and `AutoAdapt` goes by it.
"""

import math
from functools import partial

from sklearn.base import is_classifier, is_regressor

from adapt._label_kinds import is_classification
from adapt.base import WeightAdapter
from adapt.metrics._two_sample_tests import shift_p_value
from adapt.model_selection._candidates import BASELINE, base_estimator
from adapt.model_selection._held_out_scores import held_out_target, judge
from adapt.model_selection._judging import OnSource, standing, weighs_classes
from adapt.model_selection._one_by_one import fit_timed, one_by_one


def check_choice(name, value, choices):
    """Refuse a value that is not among the choices."""
    if value not in choices:
        raise ValueError(f"`{name}` must be one of {choices}, got {value!r}.")


def check_task(estimator, ys, scoring, random_state):
    """Return the estimator, whether it predicts classes, and how to score it.

    Parameters
    ----------
    estimator : estimator or str
        One of the names of `base_estimator`, or a classifier or regressor.

    ys : ndarray of shape (n_samples,)
        Source labels.

    scoring : str or None
        As in `compare`.

    random_state : int
        Seeds a named estimator.

    Returns
    -------
    estimator : estimator
        Not fitted.

    of_classes : bool
        Whether it is a classifier.

    scoring : str
    """
    if isinstance(estimator, str):
        of_classes = is_classification(ys)
        estimator = base_estimator(estimator, of_classes, random_state)
    else:
        of_classes = is_classifier(estimator)
        if not of_classes and not is_regressor(estimator):
            raise TypeError(
                "`estimator` must be a classifier or a regressor, got "
                f"{type(estimator).__name__}."
            )
    choices = ("accuracy", "balanced_accuracy") if of_classes else ("r2",)
    scoring = choices[0] if scoring is None else scoring
    check_choice("scoring", scoring, choices)
    return estimator, of_classes, scoring


def due_margin(method, evidence, margin):
    """Return how many standard errors a method must gain on source-only.

    Parameters
    ----------
    method : BaseAdapter
        A method other than source-only.

    evidence : ClassEvidence or None
        What the rows tell of classes; None if numbers are predicted.

    margin : float
        What is due where the rows tell nothing.

    Returns
    -------
    due : float
        If other frequencies of classes explain the shift, any gain is enough for
        weights of classes; else these are out of place. So are maps, if the shift is
        along what tells classes apart. If it is not, and classes stand apart, any gain
        is enough for maps.
    """
    if evidence is None:
        return margin
    maps = not isinstance(method, WeightAdapter)
    if weighs_classes(method):
        return 0.0 if evidence.frequencies_differ else math.inf
    if maps and evidence.along_classes:
        return math.inf
    return 0.0 if maps and evidence.stand_apart else margin


def reason_to_stay(task, p_value, rule):
    """Return why no method is to be chosen, whatever it gains; empty if none is."""
    if not task.folds(task.ys):
        return (
            f"{len(task.ys)} source rows are too few to hold some out, so that no "
            "method can be judged."
        )
    if p_value >= rule.level:
        return (
            f"Source and target cannot be told apart (p = {p_value:.2f}): there is no "
            "shift to adapt to."
        )
    return ""


def _evaluate(name, method, task, judged, due):
    """Return a row of the table, and the method fitted on all rows."""
    row = {"method": name, "due": due.get(name, 0.0)}
    row |= judged(method) if task.folds(task.ys) else standing(0, 0)
    model, row["fit_seconds"] = fit_timed(
        method, task.Xs, task.ys, Xt=task.Xt, **task.weights_of(slice(None))
    )
    if isinstance(model, WeightAdapter):
        row["ess"] = model.effective_sample_size_
    if task.yt is not None:
        y = task.yt[task.labelled]
        predicted = model.predict(task.Xt)[task.labelled]
        row["target"] = judge(y, predicted, task.scoring).score()[0]
    return row, model


def _to_try(comparison, methods, judgeable, table):
    """Return the methods that are worth their time, or wanted for a table."""
    if comparison.forgone and not (table and judgeable):
        return {BASELINE: methods[BASELINE]}
    if table:
        return methods
    return {k: v for k, v in methods.items() if k not in comparison.left_out}


def choose_on_source(
    comparison, methods, estimator, task, rule, *, verbose, time_limit=None, table=True
):
    """Score methods on held-out source rows, and show the truth where it is known.

    Parameters
    ----------
    comparison : Comparison
        What is found is stored there.

    methods : dict of str to adapter
        As `candidates` returns them, source-only first.

    estimator : estimator
        What all of them fit, to be trained on labelled target rows as the ceiling.

    task : Task
        The domains.

    rule : Rule
        By which it is decided.

    verbose : int
        Whether to print a line as each method is finished.

    time_limit : float, default=None
        Seconds, as in `one_by_one`.

    table : bool, default=True
        Whether methods that are ruled out in advance are judged as well.
    """
    judged = OnSource(methods[BASELINE], task, rule)
    comparison.source_rows_in_use = judged.rows_in_use
    comparison.classes = judged.classes
    comparison.shift_p_value = shift_p_value(task.Xs, task.Xt, task.random_state)
    comparison.forgone = reason_to_stay(task, comparison.shift_p_value, rule)
    due = {
        name: due_margin(method, judged.classes, rule.margin)
        for name, method in methods.items()
        if name != BASELINE
    }
    comparison.left_out = {name for name in due if math.isinf(due[name])}
    tried = _to_try(comparison, methods, bool(task.folds(task.ys)), table)
    trained_there = None if task.yt is None else held_out_target(estimator, task)
    if trained_there is not None:
        comparison.ceiling = trained_there.score()[0]
    evaluate = partial(_evaluate, task=task, judged=judged, due=due)
    one_by_one(comparison, tried, evaluate, verbose, time_limit)
    if not comparison.forgone:
        for name in sorted(comparison.left_out - tried.keys()):
            comparison.add({"method": name, "due": math.inf})
