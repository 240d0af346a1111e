"""Choose between adapters without target labels, or choose none.

Two questions to the rows come first, see `ShiftEvidence`: if source and target do not
differ, or if weights of source rows explain how, source-only is the choice. Otherwise
every method is adapted on folds: some source rows are held out, all target rows stay
in, without labels. The members of the average are the methods that lose less of the
held-out labels in circular validation than source-only does. `compare` shows all of it,
and `AutoAdapt` goes by it.
"""

from sklearn.base import is_classifier, is_regressor

from adapt._label_kinds import is_classification
from adapt.model_selection._candidates import BASELINE, base_estimator
from adapt.model_selection._circular_gain import OnSource
from adapt.model_selection._held_out_scores import held_out_target
from adapt.model_selection._many_fits import ManyFits
from adapt.model_selection._one_by_one import one_by_one
from adapt.model_selection._shift_evidence import shift_evidence


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


def choose_on_source(
    comparison, methods, estimator, task, rule, *, verbose, time_limit=None, table=True
):
    """Score methods on held-out source rows, and show the truth where it is known.

    Parameters
    ----------
    comparison : Comparison
        It is added to.

    methods : dict of str to adapter
        Source-only first.

    estimator : estimator
        What all of them fit. Source-only is judged by it, and it is trained on labelled
        target rows as the ceiling.

    task : Task
        The domains.

    rule : Rule
        By which it is decided.

    verbose : int
        Whether to print a line as each method is finished.

    time_limit : float, default=None
        Seconds, as in `one_by_one`.

    table : bool, default=True
        Whether methods are judged also if none of them can be chosen.
    """
    comparison.evidence = shift_evidence(
        task.Xs,
        task.Xt,
        None if task.scoring == "r2" else task.ys,
        source_weight=task.source_weight,
        random_state=task.random_state,
        rule=rule,
    )
    judged = OnSource(task, estimator)
    comparison.source_rows_in_use = judged.rows_in_use
    comparison.judgeable = judged.judgeable
    if not (comparison.judgeable and (table or comparison.evidence.moved)):
        methods = {BASELINE: methods[BASELINE]}
    with ManyFits(task.n_jobs, judged.shared()) as fits:
        if task.yt is not None:
            trained_there = held_out_target(estimator, task, fits)
            if trained_there is not None:
                comparison.ceiling = trained_there.score()[0]
        one_by_one(comparison, methods, judged, fits, verbose, time_limit)
