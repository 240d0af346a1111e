"""What `compare` found: a table, a recommendation, its reason and a model."""

import math
from dataclasses import dataclass, field
from typing import Any

from sklearn.pipeline import Pipeline

from adapt.model_selection import _comparison_text as text
from adapt.model_selection._candidates import BASELINE, TARGET_ONLY
from adapt.model_selection._class_evidence import ClassEvidence
from adapt.model_selection._comparison_reason import reason


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

    margin : float
        By how many standard errors a method has to be better than source-only.

    Attributes
    ----------
    results : DataFrame
        One row per method, the best first: `method`; `circular` and `weighted`, the
        scores without target labels, with their standard errors `circular_se` and
        `weighted_se` (`held_out` and `held_out_se` where target labels were trained
        on); `gain` over source-only, its standard error `gain_se` and their ratio
        `margin`; `fit_seconds`; `ess`, the effective number of source rows of a method
        that weighs them; `target`, the true score, and `gap`, how much it is above a
        model trained on the target; `error`, why a method failed. What is not known is
        NaN.

    recommended : str
        Name of the recommended method, "SourceOnly" if that is not to adapt.

    advice : str
        The same for people: "do not adapt", or the name of the method.

    reason : str
        Why, in a sentence.

    best_estimator : Pipeline
        Preprocessor and recommended method, fitted on all rows. It takes rows as they
        were given to `compare`.

    ceiling : float
        Score of the estimator cross-validated on labelled target rows, NaN if unknown.

    source_rows_in_use : float
        Effective number of source rows behind the importance-weighted score.

    shift_p_value : float
        How often chance would set source and target as far apart; NaN if not tested.

    explained_by_frequencies, explained_by_scores : float
        Shares of the shift that weights of source rows explain, if rows of one class
        have one weight, and if rows with like scores of classes have like weights; NaN
        if not known.

    separation : float
        How far the nearest classes of the source lie apart, in standard deviations; NaN
        if not known.

    interrupted : bool
        Whether it ended early; the methods that were finished are here.
    """

    scoring: str
    target_labels: str
    n_source: int
    n_target: int
    n_labelled: int
    margin: float
    ceiling: float = field(default=math.nan, init=False)
    source_rows_in_use: float = field(default=math.nan, init=False)
    shift_p_value: float = field(default=math.nan, init=False)
    classes: ClassEvidence | None = field(default=None, init=False)
    left_out: set[str] = field(default_factory=set, init=False)
    forgone: str = field(default="", init=False)
    interrupted: bool = field(default=False, init=False)
    recommended: str | None = field(default=None, init=False)
    reason: str = field(default="", init=False)
    best_estimator: Pipeline | None = field(default=None, init=False)
    rows: list[dict[str, Any]] = field(default_factory=list, init=False)
    _models: dict[str, Any] = field(default_factory=dict, init=False)

    def add(self, row, model=None):
        """Add a finished method.

        Parameters
        ----------
        row : dict
            Its columns of `results`.

        model : estimator, default=None
            Fitted on all rows; None if it failed.
        """
        self.rows.append(row)
        if model is not None:
            self._models[row["method"]] = model

    def conclude(self, preprocessor):
        """Rank the methods, and recommend one.

        Parameters
        ----------
        preprocessor : transformer
            Fitted; from rows as given to numbers.
        """
        self.rows.sort(key=self._rank)
        out = {BASELINE, *self.left_out}
        finished = [row for row in self.rows if row["method"] in self._models]
        able = [row for row in finished if row["method"] not in out]
        clear = [
            row for row in able if row["gain"] > 0 and row["margin"] >= self.due(row)
        ]
        chosen = clear[0] if clear and not self.forgone else None
        self.recommended = BASELINE if chosen is None else chosen["method"]
        self.reason = reason(self, able, chosen)
        model = self._models[self.recommended]
        self.best_estimator = Pipeline([("preprocess", preprocessor), ("adapt", model)])
        self._models = {}  # the others are of no use any more

    def _rank(self, row):
        """Return a key that sorts the best first, and what is left out last."""
        return row["method"] in self.left_out, -row.get("gain", -math.inf)

    def due(self, row):
        """Return how many standard errors a method has to gain on source-only.

        Parameters
        ----------
        row : dict
            Its columns of `results`.

        Returns
        -------
        due : float
            Infinite for a method that is never recommended.
        """
        return row.get("due", self.margin)

    @property
    def explained_by_frequencies(self):
        return math.nan if self.classes is None else self.classes.by_frequencies

    @property
    def explained_by_scores(self):
        return math.nan if self.classes is None else self.classes.by_scores

    @property
    def separation(self):
        return math.nan if self.classes is None else self.classes.separation

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
        columns += ["gain", "gain_se", "margin", "due", "fit_seconds", "ess"]
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
            "explained_by_frequencies": _plain(self.explained_by_frequencies),
            "explained_by_scores": _plain(self.explained_by_scores),
            "separation": _plain(self.separation),
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
        return text.as_html(self)
