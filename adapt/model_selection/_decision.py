"""Choose between adapters by evidence without target labels, or stay with none.

Every method is adapted on folds: some source rows are held out, all target rows stay
in, without labels. Circular validation is the evidence for a method. Importance weights
can only speak against it, for they may rest on few rows: by losses in its own space and
by clear losses on the way back. A method is chosen if the evidence is large beside its
own standard error, and if there is a shift to begin with; otherwise source-only is.
Where numbers are predicted, weights have other evidence, see `by_weights`. Of classes
the rows tell beforehand which methods are out of place, and for which any gain is
enough, see `due_margin`. `compare` shows all of it, and `AutoAdapt` goes by it.
"""

import math
import sys
import time
import warnings

from sklearn.base import clone, is_classifier, is_regressor

from adapt.base import WeightAdapter
from adapt.metrics import CircularValidation, ImportanceWeighted
from adapt.metrics._two_sample_tests import shift_p_value
from adapt.model_selection._candidates import BASELINE, base_estimator
from adapt.model_selection._class_evidence import LikeTarget, class_evidence
from adapt.model_selection._doubly_robust import GainOfWeights
from adapt.model_selection._held_out_scores import (
    held_out_source,
    held_out_target,
    judge,
)
from adapt.model_selection._preprocessing import is_classification

# How many standard errors a method must gain on source-only to be recommended.
MARGIN = 3.0

# Of how many source rows like the target a mean has a standard error to go by.
LEAST_ROWS = 30

# Below which p-value source and target count as different.
LEVEL = 0.05


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


def fit_timed(method, X, y, **params):
    """Return a fitted clone and the seconds that it took."""
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = clone(method).fit(X, y, **params)
    return model, time.perf_counter() - start


def one_by_one(comparison, methods, evaluate, verbose, time_limit=None):
    """Add methods as they are finished, until all are or the user has had enough.

    ``evaluate(name, method)`` returns a row of the table and a fitted model. No method
    is begun that would end after ``time_limit`` if it took as long as the first.
    """
    from tqdm import tqdm

    start, first = time.perf_counter(), 0.0

    bar = tqdm(
        methods.items(),
        desc="comparing",
        unit="method",
        leave=False,
        disable=not verbose or not sys.stderr.isatty(),
    )
    if verbose:
        tqdm.write(comparison.header())
    try:
        for name, method in bar:
            bar.set_postfix_str(name)
            model = None
            spent = time.perf_counter() - start
            first = spent if len(comparison.rows) == 1 else first
            if (
                time_limit is not None
                and comparison.rows
                and spent + first > time_limit
            ):
                reason = f"not begun within `time_limit` of {time_limit:g} s"
                comparison.add({"method": name, "error": reason, "begun": False})
                continue
            try:
                row, model = evaluate(name, method)
            except Exception as error:
                if name == BASELINE:
                    raise
                message = str(error).split("\n")[0]
                row = {"method": name, "error": f"{type(error).__name__}: {message}"}
            comparison.add(row, model)
            if verbose:
                tqdm.write(comparison.line(row))
    except KeyboardInterrupt:
        if not comparison.rows:
            raise
        comparison.interrupted = True
    finally:
        bar.close()


def standing(gain, error):
    """Return the columns that the recommendation rests on."""
    if error > 0:
        margin = gain / error
    else:
        margin = 0.0 if gain == 0 else math.copysign(math.inf, gain)
    return {"gain": gain, "gain_se": error, "margin": margin}


def weighs_classes(method):
    """Whether a method gives rows of one class one weight."""
    return isinstance(method, WeightAdapter) and method._weighs_labels


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


def by_weights(method, task):
    """Whether importance weights, not the way back, are the evidence for a method.

    A model that is fitted on the source rows that are like the target gives up the
    others, and a model of its predictions says so: the way back speaks against it just
    where the true function bends and it helps. Where labels have one function in both
    domains, `GainOfWeights` tells what it gains.
    """
    return task.scoring == "r2" and isinstance(method, WeightAdapter)


class OnSource:
    """Judge methods by held-out source rows, against source-only.

    Parameters
    ----------
    baseline : BaseAdapter
        Source-only; it is the first to be judged.

    task : Task
        The domains.

    margin : float
        How many standard errors are clear.
    """

    def __init__(self, baseline, task, margin):
        self.baseline, self.task, self.margin = baseline, task, margin
        self._circular = CircularValidation().fit(task.Xs, task.Xt)
        self._weighted = ImportanceWeighted().fit(task.Xs, task.Xt)
        self.rows_in_use = self._weighted.effective_sample_size(task.Xs)
        self.classes = None
        if task.scoring != "r2":
            self.classes = class_evidence(
                task.Xs, task.ys, task.Xt, task.source_weight, task.random_state
            )
        self._of_baseline = self._gain_of_weights = None

    def __call__(self, method):
        """Return the columns of the table that hold evidence."""
        scorers = [self._circular, self._weighted]
        by_classes = self.classes is not None and weighs_classes(method)
        if by_classes or (method is self.baseline and self.classes is not None):
            scorers.append(LikeTarget(self.classes.weights))
        held_out = held_out_source(method, scorers, self.task)
        if method is self.baseline:
            self._of_baseline = held_out
        if by_weights(method, self.task):
            gain = self._doubly_robust(method)
        elif by_classes:
            gain = held_out[2].gain(self._of_baseline[2])
        else:
            gain = self._there_and_back(*held_out[:2])
        row = standing(*gain)
        row["circular"], row["circular_se"] = held_out[0].score()
        row["weighted"], row["weighted_se"] = held_out[1].score()
        return row

    def _there_and_back(self, returned, reweighted):
        """Return the gain, and its standard error, of predictions by both scorers."""
        gain, gain_se = returned.gain(self._of_baseline[0])
        # The way back may fail where the target has no rows, through no fault of the
        # way there. So it must not be clearly worse where the target has some.
        alike, alike_se = returned._replace(weights=reweighted.weights).gain(
            self._of_baseline[0]
        )
        if alike < -self.margin * alike_se:
            gain += alike
        # Few rows may carry the weights: they speak against a method, not for it.
        return gain + min(0.0, reweighted.gain(self._of_baseline[1])[0]), gain_se

    def _doubly_robust(self, method):
        if self._gain_of_weights is None:
            self._gain_of_weights = GainOfWeights(
                self.baseline, self.task, self._weighted.weights(self.task.Xs)
            )
        gain, gain_se = self._gain_of_weights.of(method)
        return gain if self.rows_in_use >= LEAST_ROWS else min(0.0, gain), gain_se


def choose_on_source(
    comparison, methods, estimator, task, verbose, *, time_limit=None, table=True
):
    """Score methods on held-out source rows, and show the truth where it is known.

    Those of which it is clear beforehand that they are not to be chosen are left out,
    unless all are wanted for a ``table``.
    """
    judged = OnSource(methods[BASELINE], task, comparison.margin)
    comparison.source_rows_in_use = judged.rows_in_use
    comparison.classes = judged.classes
    comparison.shift_p_value = shift_p_value(task.Xs, task.Xt, task.random_state)
    if comparison.shift_p_value >= LEVEL:
        comparison.forgone = (
            "Source and target cannot be told apart (p = "
            f"{comparison.shift_p_value:.2f}): there is no shift to adapt to."
        )
    scored = bool(task.folds(task.ys))
    if not scored:
        comparison.forgone = (
            f"{len(task.ys)} source rows are too few to hold some out, so that no "
            "method can be judged."
        )
    due = {
        name: due_margin(method, judged.classes, comparison.margin)
        for name, method in methods.items()
        if name != BASELINE
    }
    comparison.left_out = {name for name in due if math.isinf(due[name])}
    if comparison.forgone and not (table and scored):
        methods = {BASELINE: methods[BASELINE]}
    elif not table:
        methods = {k: v for k, v in methods.items() if k not in comparison.left_out}
    if task.yt is not None:
        trained_there = held_out_target(estimator, task)
        if trained_there is not None:
            comparison.ceiling = trained_there.score()[0]

    def evaluate(name, method):
        row = {"method": name, "due": due.get(name, 0.0)}
        row |= judged(method) if scored else standing(0, 0)
        model, row["fit_seconds"] = fit_timed(
            method, task.Xs, task.ys, Xt=task.Xt, **task.weights_of(slice(None))
        )
        if isinstance(model, WeightAdapter):
            row["ess"] = model.effective_sample_size_
        if task.yt is not None:
            predicted = model.predict(task.Xt)[task.labelled]
            row["target"] = judge(
                task.yt[task.labelled], predicted, task.scoring
            ).score()[0]
        return row, model

    one_by_one(comparison, methods, evaluate, verbose, time_limit)
    if not comparison.forgone:
        for name in sorted(comparison.left_out - methods.keys()):
            comparison.add({"method": name, "due": math.inf})
