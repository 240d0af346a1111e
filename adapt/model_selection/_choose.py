"""Choose between adapters by evidence without target labels, or stay with none.

Every method is adapted on folds: some source rows are held out, all target rows stay
in, without labels. Circular validation is the evidence for a method. Importance weights
can only speak against it, for they may rest on few rows: by losses in its own space and
by clear losses on the way back. A method is chosen if the evidence is large beside its
own standard error, and if there is a shift to begin with; otherwise source-only is.
Where numbers are predicted, weights have other evidence, see `by_weights`.
`compare` shows all of it, and `AutoAdapt` goes by it.
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
from adapt.model_selection._doubly_robust import GainOfWeights
from adapt.model_selection._evidence import held_out_source, held_out_target, judge
from adapt.model_selection._table import is_classification

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


def by_weights(method, task):
    """Whether importance weights, not the way back, are the evidence for a method.

    A model that is fitted on the source rows that are like the target gives up the
    others, and a model of its predictions says so: the way back speaks against it just
    where the true function bends and it helps. Where labels have one function in both
    domains, `GainOfWeights` tells what it gains.
    """
    return task.scoring == "r2" and isinstance(method, WeightAdapter)


def choose_on_source(
    comparison, methods, estimator, task, verbose, *, time_limit=None, table=True
):
    """Score methods on held-out source rows, and show the truth where it is known.

    Where it is clear beforehand that none is to be chosen, the others than source-only
    are left out, unless all are wanted for a ``table``.
    """
    circular = CircularValidation().fit(task.Xs, task.Xt)
    weighted = ImportanceWeighted().fit(task.Xs, task.Xt)
    comparison.source_rows_in_use = weighted.effective_sample_size(task.Xs)
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
    if comparison.forgone and not (table and scored):
        methods = {BASELINE: methods[BASELINE]}
    if task.yt is not None:
        trained_there = held_out_target(estimator, task)
        if trained_there is not None:
            comparison.ceiling = trained_there.score()[0]
    baseline, gain_of_weights = {}, None

    def columns(row, there_and_back, reweighted):
        row["circular"], row["circular_se"] = there_and_back.score()
        row["weighted"], row["weighted_se"] = reweighted.score()
        return row

    def judged(name, method):
        """Return the columns of the table that hold evidence."""
        nonlocal gain_of_weights
        there_and_back, reweighted = held_out_source(method, [circular, weighted], task)
        if name == BASELINE:
            baseline.update(circular=there_and_back, weighted=reweighted)
        if by_weights(method, task):
            if gain_of_weights is None:
                gain_of_weights = GainOfWeights(
                    methods[BASELINE], task, weighted.weights(task.Xs)
                )
            gain, gain_se = gain_of_weights.of(method)
            if comparison.source_rows_in_use < LEAST_ROWS:
                gain = min(0.0, gain)
            return columns(standing(gain, gain_se), there_and_back, reweighted)
        gain, gain_se = there_and_back.gain(baseline["circular"])
        # The way back may fail where the target has no rows, through no fault of the
        # way there. So it must not be clearly worse where the target has some.
        alike, alike_se = there_and_back._replace(weights=reweighted.weights).gain(
            baseline["circular"]
        )
        if alike < -comparison.margin * alike_se:
            gain += alike
        # Few rows may carry the weights: they speak against a method, not for it.
        gain += min(0.0, reweighted.gain(baseline["weighted"])[0])
        return columns(standing(gain, gain_se), there_and_back, reweighted)

    def evaluate(name, method):
        row = {"method": name} | (judged(name, method) if scored else standing(0, 0))
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
