"""What `compare` found: a table, a recommendation, its reason and a model."""

import math
from dataclasses import dataclass, field
from numbers import Integral
from typing import Any

from sklearn.pipeline import Pipeline

from adapt.model_selection import _comparison_text as text
from adapt.model_selection._candidates import AVERAGE, BASELINE, TARGET_ONLY
from adapt.model_selection._choice import average, best_by_labels
from adapt.model_selection._decision_html import decision_html
from adapt.model_selection._label_evidence import LabelEvidence, LabelStage
from adapt.model_selection._shift_evidence import ShiftEvidence


def _plain(value):
    """Return a number as JSON knows it: NaN and infinity as None."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


@dataclass(kw_only=True, repr=False, eq=False)
class Comparison:
    """The outcome of `compare`.

    Parameters
    ----------
    scoring : str, callable or None
        As given to `compare`.

    target_labels : {"score", "train"}
        As given to `compare`.

    n_source, n_target, n_labelled : int
        Numbers of source rows, of target rows, and of labelled ones among these.

    Attributes
    ----------
    results : DataFrame
        One row per method, the best first: `method`; `circular` and `weighted`, the
        scores without target labels, with their standard errors `circular_se` and
        `weighted_se` (`held_out` and `held_out_se` where target labels were trained
        on); `gain` over source-only in the first of these, its standard error `gain_se`
        and their ratio `margin`; `member`, whether it is in the average;
        `fit_seconds`; `ess`, the effective number of source rows of a method
        that weighs them; `target`, the true score, and `gap`, how much it is above a
        model trained on the target; `error`, why a method failed. What is not known is
        NaN.

    recommended : str
        Name of the recommended method: "SourceOnly" if that is not to adapt, "Average"
        for that of `members`.

    advice : str
        The same for people: "do not adapt", or the name of the method.

    reason : str
        What is recommended and why, in a sentence.

    best_estimator : Pipeline
        Preprocessor and recommended method, fitted on all rows. It takes rows as they
        were given to `compare`.

    ceiling : float
        Score of the estimator cross-validated on labelled target rows, NaN if unknown.

    source_rows_in_use : float
        Effective number of source rows behind the importance-weighted score.

    shift_p_value : float
        That of `evidence`; NaN if not tested.

    evidence : ShiftEvidence or None
        Evidence of a shift: whether there is one, and whether weights of source rows
        explain it. None if target labels were trained on.

    members : list of str
        Names of the methods that are averaged: those with a better circular score than
        source-only.

    models, predictions : dict of str to adapter, dict of str to ndarray
        Each finished method, fitted on all rows, and what it predicts of all target
        rows; "Average" too, if there is one.

    labels : LabelEvidence or None
        Comparison of candidates on a few labelled target rows, if these choose: its
        `results`, a data frame, and its `gain_of_choice`.

    label_free : str
        Name of the choice without target labels.

    interrupted : bool
        Whether it ended early; the methods that were finished are here.
    """

    scoring: str
    target_labels: str
    n_source: int
    n_target: int
    n_labelled: int
    ceiling: float = field(default=math.nan, init=False)
    source_rows_in_use: float = field(default=math.nan, init=False)
    evidence: ShiftEvidence | None = field(default=None, init=False)
    judgeable: bool = field(default=True, init=False)
    members: list[str] = field(default_factory=list, init=False)
    interrupted: bool = field(default=False, init=False)
    recommended: str | None = field(default=None, init=False)
    best_estimator: Pipeline | None = field(default=None, init=False)
    rows: list[dict[str, Any]] = field(default_factory=list, init=False)
    models: dict[str, Any] = field(default_factory=dict, init=False)
    predictions: dict[str, Any] = field(default_factory=dict, init=False)
    labels: LabelEvidence | None = field(default=None, init=False)
    label_free: str | None = field(default=None, init=False)
    _stage: LabelStage | None = field(default=None, init=False)

    def add(self, row, model=None, predicted=None):
        """Add a finished method.

        Parameters
        ----------
        row : dict
            Its columns of `results`.

        model : estimator, default=None
            Fitted on all rows; None if it failed.

        predicted : ndarray of shape (n_target,), default=None
            What it predicts of the target rows.
        """
        self.rows.append(row)
        if model is not None:
            self.models[row["method"]] = model
            self.predictions[row["method"]] = predicted

    def conclude(self, preprocessor, task):
        """Rank the methods, and recommend one, or the average of some.

        Parameters
        ----------
        preprocessor : transformer
            Fitted; from rows as given to numbers.

        task : Task
            The domains.
        """
        by_labels = self.target_labels == "train"
        self.recommended = best_by_labels(self) if by_labels else average(self, task)
        for row in self.rows:
            row["member"] = row["method"] in self.members
        self.rows.sort(key=self._rank)
        model = self.models[self.recommended]
        self.best_estimator = Pipeline([("preprocess", preprocessor), ("adapt", model)])
        text.warn_if_trivial(self, task)

    def choose_by_labels(self, stage):
        """Let labelled target rows overrule the choice without them.

        Parameters
        ----------
        stage : LabelStage
            The candidates. Without labels it is kept, to suggest rows.
        """
        self.label_free, self._stage = self.recommended, stage
        if not stage.task.labelled.any():
            return
        models = dict(self.models)
        try:
            self.labels = stage.choose(self.label_free, models)
        except KeyboardInterrupt:
            self.interrupted = True
            return
        self.recommended = self.labels.recommended
        preprocessor, model = self.best_estimator[0], models[self.recommended]
        self.best_estimator = Pipeline([("preprocess", preprocessor), ("adapt", model)])

    def candidate_predictions(self):
        """Return what candidates of a choice by labels predict of the target.

        They are fitted to both domains, and are shown no label of the target.

        Returns
        -------
        names : list of str
            The choice without labels first.

        predictions : ndarray of shape (n_candidates, n_target)
            Predicted labels of all target rows.
        """
        if self._stage is None:
            raise ValueError(
                "The rows that candidates are fitted to are not kept in a file, nor "
                "with `target_labels='train'`. Compare again."
            )
        return self._stage.fit(self.label_free, dict(self.models))

    def suggest_labels(self, n, random_state=0):
        """Return positions of the target rows that are most useful to label.

        Rows are drawn where candidates differ: uniformly for classes, and for numbers
        the more often, the more they differ. Bring the labels back as `yt`, missing for
        all other rows.

        Parameters
        ----------
        n : int
            Number of rows, at least 1.

        random_state : int, RandomState instance or None, default=0
            Draws them.

        Returns
        -------
        rows : ndarray of int
            Those on which candidates differ, in random order, so that the first of them
            are as good a draw. If they are fewer than `n`, random others follow, which
            tell whether all candidates are wrong.
        """
        if not isinstance(n, Integral) or n < 1:
            raise ValueError(f"`n` must be a whole number of at least 1, got {n!r}.")
        found = self.candidate_predictions()
        return self._stage.suggest(*found, n, self.labels, random_state)

    def __getstate__(self):
        return {**vars(self), "_stage": None}  # which holds all rows

    def _rank(self, row):
        """Return what sorts methods: the recommended, the gains, what failed."""
        failed = row["method"] not in self.models
        chosen = row["method"] == self.recommended
        return failed, not chosen, -row.get("gain", 0.0)

    @property
    def reason(self):
        """Why, in a sentence."""
        return text.reason(self)

    @property
    def shift_p_value(self):
        return math.nan if self.evidence is None else self.evidence.p_value

    def predict(self, X):
        """Predict labels of target rows by the recommended method.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Rows as they were given to `compare`.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            Predicted labels.
        """
        return self.best_estimator.predict(X)

    @property
    def advice(self):
        """What to do, in a few words."""
        if self.recommended == BASELINE:
            return "do not adapt"
        if self.recommended == TARGET_ONLY:
            return "do not adapt; train on the labelled target rows alone"
        if self.recommended == AVERAGE:
            return f"average {text.listed([BASELINE, *self.members])}"
        return self.recommended

    @property
    def results(self):
        """The table, as a data frame."""
        import pandas as pd

        scores = (
            ["held_out"] if self.target_labels == "train" else ["circular", "weighted"]
        )
        columns = ["method"]
        columns += [name for score in scores for name in (score, f"{score}_se")]
        columns += ["gain", "gain_se", "margin", "member", "fit_seconds", "ess"]
        columns += ["target", "gap", "error"]
        table = pd.DataFrame(self.rows, columns=columns)
        table["gap"] = table["target"] - self.ceiling
        return table

    def to_dict(self):
        """Return all but the model as plain values that JSON knows.

        Returns
        -------
        values : dict
            What the attributes hold, by their names; NaN is None.
        """
        seen = self.evidence
        return {
            "recommended": self.recommended,
            "adapt": self.recommended not in (BASELINE, TARGET_ONLY),
            "reason": self.reason,
            "scoring": self.scoring,
            "target_labels": self.target_labels,
            "n_source": self.n_source,
            "n_target": self.n_target,
            "n_target_labelled": self.n_labelled,
            "source_rows_in_use": _plain(self.source_rows_in_use),
            "shift_p_value": _plain(self.shift_p_value),
            "explained_by_weights": None if seen is None else seen.explained,
            "members": list(self.members),
            "by_labels": None if self.labels is None else self.labels.to_dict(),
            "target_trained": _plain(self.ceiling),
            "interrupted": self.interrupted,
            "results": [
                {name: _plain(value) for name, value in row.items()}
                for row in self.results.to_dict("records")
            ],
        }

    def header(self):
        """Return the first line of the printed table.

        Returns
        -------
        line : str
            Names of its columns.
        """
        return text.header(self)

    def line(self, row):
        """Return a method's line of the printed table.

        Parameters
        ----------
        row : dict
            Its columns of `results`.

        Returns
        -------
        line : str
            Its scores, or why it failed.
        """
        return text.line(self, row)

    def __str__(self):
        return text.as_text(self)

    def __repr__(self):
        return f"<Comparison of {len(self.rows)} methods: {self.recommended}>"

    def _repr_html_(self):
        return decision_html(self)
