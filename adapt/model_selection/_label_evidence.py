"""The choice by a few labelled target rows, and what it rests on.

Candidates are fitted on both domains. Those that learn nothing from target labels are
judged by all labelled rows. Those that do are judged by labelled rows that they were
not shown: by cross-fitting, a fold of them at a time. The mathematics is that of
`adapt.model_selection._few_labels`.
"""

import textwrap
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from adapt.model_selection._candidates import BASELINE
from adapt.model_selection._few_labels import (
    SHIPPED,
    GainOfChoice,
    LabelledGains,
    draw_rows,
    gain_of_choice,
    label_strata,
    labelled_gains,
)
from adapt.model_selection._held_out_scores import (
    shown_labels,
    target_calls,
    target_predictions,
)
from adapt.model_selection._label_candidates import split_candidates
from adapt.model_selection._many_fits import ManyFits, results
from adapt.model_selection._one_by_one import (
    first_alone,
    fit_and_predict,
    with_time_left,
)


@dataclass(eq=False)
class LabelEvidence:
    """Comparison of candidates on a few labelled target rows.

    Parameters
    ----------
    names : list of str
        Candidates, the choice without labels first.

    gains : LabelledGains
        What each of them gains on the first, by all labelled rows.

    of_choice : GainOfChoice
        What choosing gains, by labelled rows that did not choose.

    n_labelled : int
        Number of labelled target rows.

    n_deciding : int
        Number of those on which candidates differ.

    predictions : ndarray of shape (n_candidates, n_target_samples)
        Of target rows, those of learners on labelled rows held out.

    learns : ndarray of bool of shape (n_candidates,)
        Which candidates learn from target labels.

    Attributes
    ----------
    recommended : str
        Name of the candidate to take.

    reason : str
        Why, in a sentence or two.

    results : DataFrame
        One row per candidate, the best first: `method`; `gain` on the choice without
        labels, with the 95 % interval from `low` to `high`; `n_used`, the number of
        labelled rows on which both differ; `learns`.
    """

    names: list[str]
    gains: LabelledGains
    of_choice: GainOfChoice
    n_labelled: int
    n_deciding: int
    predictions: Any = field(repr=False)
    learns: Any = field(repr=False)

    @property
    def recommended(self):
        return self.names[self.gains.best]

    @property
    def reason(self):
        where = (
            f"Candidates differ on {self.n_deciding} of {self.n_labelled} labelled "
            "target rows"
        )
        best, first = self.gains.best, self.names[0]
        if best == 0:
            return f"{where}. No candidate is better than {first} there."
        gain, low, high = (part[best] for part in self.gains[:3])
        text = (
            f"{where}. {self.names[best]} is better than {first}, the choice without "
            f"labels: its score on all target rows is higher by an estimated "
            f"{gain:.3f} (95 % interval {low:+.3f} to {high:+.3f})."
        )
        if np.isnan(self.of_choice.gain):
            return text
        return (
            f"{text} On labelled rows that were held out from the choice, the gain is "
            f"{self.of_choice.gain:+.3f}."
        )

    @property
    def results(self):
        import pandas as pd

        table = pd.DataFrame(
            {
                "method": self.names,
                "gain": self.gains.gain,
                "low": self.gains.low,
                "high": self.gains.high,
                "n_used": self.gains.n_used,
                "learns": self.learns,
            }
        )
        order = np.argsort(-self.gains.cautious, kind="stable")
        return table.iloc[order].reset_index(drop=True)

    def to_dict(self):
        """Return it as plain values that JSON knows; what is not known is None."""
        rows = self.results.to_dict("records")
        finite = [
            {k: None if v in (np.inf, -np.inf) or v != v else v for k, v in row.items()}
            for row in rows
        ]
        return {
            "n_labelled": self.n_labelled,
            "n_deciding": self.n_deciding,
            "recommended": self.recommended,
            "gain_of_choice": [None if v != v else v for v in self.of_choice],
            "results": finite,
        }

    def __str__(self):
        width = max(map(len, self.names))
        lines = [f"  {'by labels':<{width}}  {'gain':>6}  {'95 % interval':>15}  rows"]
        for row in self.results.itertuples():
            mark = "*" if row.method == self.recommended else " "
            gain = "" if np.isnan(row.gain) else f"{row.gain:+.3f}"
            ends = f"{row.low:+.3f} {row.high:+.3f}"
            if row.method == self.names[0] or not np.isfinite(row.low):
                ends = ""
            start = f"{mark} {row.method:<{width}}  {gain:>6}"
            lines.append(f"{start}  {ends:>15}  {row.n_used:>4}")
        note = (
            "  gain: estimated score on the target minus that of the choice without "
            "labels; rows: labelled rows on which the two differ"
        )
        return "\n".join([*lines, "", textwrap.fill(note, 80, subsequent_indent="  ")])


# ------------------------------------------------------------------- predictions


def fit_fixed(fixed, task, fits, time_limit=None):
    """Return fitted candidates that learn nothing from target labels.

    Those that fail are left out, and so are those after a Ctrl-C or `time_limit`.
    """
    rows = task.Xs, task.ys, task.Xt, task.source_weight
    left = with_time_left(fixed.items(), time_limit)
    calls = (
        [(fit_and_predict, method, *rows)] if in_time else []
        for (_, method), in_time in left
    )
    models = {}
    try:
        for name, outcomes in zip(fixed, first_alone(fits, calls), strict=True):
            for result, error in outcomes:
                if error is None:
                    models[name] = result[0]
                elif name == BASELINE:
                    raise error
    except KeyboardInterrupt:
        pass
    return models


def fit_learners(learners, task):
    """Yield candidates that learn from target labels, fitted, and what they predict.

    None is if labelled rows are too few for folds, nor those that fail, such as by a
    class without labelled rows.

    Yields
    ------
    name : str

    model : adapter
        Fitted with all labels.

    predicted : ndarray of shape (n_target_samples,)
        Of labelled rows, by models that were not shown their labels.
    """
    folds = task.target_folds()
    if folds is None:
        return
    labels = shown_labels(task.yt, np.flatnonzero(task.labelled))
    rows = task.Xs, task.ys, task.Xt, None, labels
    calls = (
        [(fit_and_predict, method, *rows), *target_calls(method, task, folds)]
        for method in learners.values()
    )
    with ManyFits(task.n_jobs, [*task.rows(), folds, labels]) as fits:
        for name, outcomes in zip(learners, fits.groups(calls), strict=True):
            if all(error is None for _, error in outcomes):
                (model, _, on_all), *parts = results(outcomes)
                held_out = target_predictions(parts, task, folds)
                yield name, model, np.where(folds < 0, on_all, held_out)


def row_scores(y, predictions, scoring, ys):
    """Return the score of each row, whose mean over rows is the score up to a constant.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        True labels.

    predictions : ndarray of shape (n_candidates, n_samples)
        Predicted labels, the choice without labels first.

    scoring : {"accuracy", "balanced_accuracy", "r2"}
        The score.

    ys : ndarray of shape (n_source_samples,)
        Labels of the source, whose variance is the unit of squared errors.

    Returns
    -------
    scores : ndarray of shape (n_candidates, n_samples)
        For balanced accuracy, classes are taken to be as frequent as the choice without
        labels predicts, with one row more of each.
    """
    if scoring == "r2":
        return -((y - predictions) ** 2) / max(np.var(ys), np.finfo(float).tiny)
    right = (predictions == y).astype(float)
    if scoring == "balanced_accuracy":
        classes = np.unique(ys)
        count = 1 + (predictions[0] == classes[:, None]).sum(axis=1)
        weight = count.sum() / (len(classes) * count)
        known = np.clip(np.searchsorted(classes, y), 0, len(classes) - 1)
        right = right * weight[known]
    return right


# ------------------------------------------------------------------------ choice


def judge_by_labels(names, predictions, learns, task, rule=SHIPPED):
    """Compare predictions by labelled rows.

    Parameters
    ----------
    names : list of str
        Candidates, the choice without labels first.

    predictions : ndarray of shape (n_candidates, n_target_samples)
        What they predict; of learners on labelled rows, without these.

    learns : ndarray of bool of shape (n_candidates,)
        Which of them learn from target labels.

    task : Task
        The domains, with labels of some target rows.

    rule : LabelRule, default=SHIPPED
        By which it is decided.

    Returns
    -------
    evidence : LabelEvidence
    """
    of_classes = task.scoring != "r2"
    strata = label_strata(predictions[~learns], of_classes)
    scores = row_scores(task.yt, predictions, task.scoring, task.ys)
    told = scores - scores[0], predictions != predictions[0], strata, task.labelled
    return LabelEvidence(
        names,
        labelled_gains(*told, of_classes, learns, rule),
        gain_of_choice(*told, of_classes, learns, rule),
        n_labelled=int(task.labelled.sum()),
        n_deciding=int((told[1].any(axis=0) & task.labelled).sum()),
        predictions=predictions,
        learns=learns,
    )


class LabelStage:
    """The candidates of a choice by labels, fitted when they are asked for.

    Parameters
    ----------
    methods : "default", list of str or dict of str to adapter
        Candidates, as in `compare`.

    estimator : estimator
        What candidates fit.

    task : Task
        The domains; labels of target rows may be known.

    time_limit : float, default=None
        Seconds, as in `with_time_left`.
    """

    def __init__(self, methods, estimator, task, time_limit=None):
        of_classes = task.scoring != "r2"
        self.task, self.time_limit = task, time_limit
        self._fixed, self._learners = split_candidates(methods, estimator, of_classes)

    def fit(self, name, models):
        """Fit the candidates that learn nothing from target labels.

        Parameters
        ----------
        name : str
            The choice without labels, which comes first.

        models : dict of str to adapter
            What is fitted already, at least that choice. It is added to.

        Returns
        -------
        names : list of str

        predictions : ndarray of shape (n_candidates, n_target_samples)
            Of target rows.
        """
        missing = {k: m for k, m in self._fixed.items() if k not in models}
        with ManyFits(self.task.n_jobs, self.task.rows()) as fits:
            models |= fit_fixed(missing, self.task, fits, self.time_limit)
        names = [name, *(key for key in models if key != name)]
        return names, np.array([models[k].predict(self.task.Xt) for k in names])

    def choose(self, name, models, rule=SHIPPED):
        """Choose by labelled rows whether to leave the choice without.

        Parameters are those of `fit`, and the rule by which it is decided.

        Returns
        -------
        evidence : LabelEvidence
        """
        names, predictions = self.fit(name, models)
        found, learned = list(predictions), []
        for key, model, predicted in fit_learners(self._learners, self.task):
            models[key] = model
            found.append(predicted)
            learned.append(key)
        names = names + learned
        learns = np.array([key in learned for key in names])
        return judge_by_labels(names, np.array(found), learns, self.task, rule)

    def suggest(self, names, predictions, n, evidence, random_state):
        """Return positions of target rows whose labels decide most.

        Parameters
        ----------
        names, predictions
            As `fit` returns them.

        n : int
            Number of rows.

        evidence : LabelEvidence or None
            What labels have told so far: candidates that are clearly worse than the
            choice without labels are out.

        random_state : int, RandomState instance or None
            Draws.

        Returns
        -------
        rows : ndarray of int
            Those on which candidates differ come first, in random order. If they are
            fewer than ``n``, others follow, which tell whether all are wrong.
        """
        if evidence is not None:
            high = dict(zip(evidence.names, evidence.gains.high, strict=True))
            in_race = [high.get(name, 0.0) >= 0 for name in names]
            predictions = predictions[in_race]
        rng = check_random_state(random_state)
        strata = label_strata(predictions, self.task.scoring != "r2")
        rows = draw_rows(strata, n, self.task.labelled, rng)
        agreed = np.where(strata < 0, 0, -1)
        others = draw_rows(agreed, n - len(rows), self.task.labelled, rng)
        return np.concatenate([rows, others])
