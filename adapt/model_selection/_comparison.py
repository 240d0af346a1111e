"""What `compare` found: a table, a recommendation, its reason and a model."""

import math
import textwrap

from sklearn.pipeline import Pipeline

from adapt.model_selection._candidates import BASELINE, TARGET_ONLY

_NOTES = {
    "circular": "score of source rows, held out, by way of the target and back",
    "weighted": "score of source rows like those of the target, worth {rows:.0f} rows",
    "held out": "score of labelled target rows, held out",
    "margin": "gain{less} over its standard error; {due}",
    "fit": "time of one fit",
    "target": "true {scoring} on the target; no method was shown its labels",
    "gap": "difference of 'target' to a model trained on the target ({ceiling:.3f})",
}


def _number(value, form):
    """Return a number as text, and nothing for what is not known."""
    return "" if value is None or math.isnan(value) else format(value, form)


def _with_error(value, error):
    text = _number(value, ".3f")
    return f"{text} ±{error:.3f}".replace("±0.", "±.") if text else ""


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

    def __init__(
        self, *, scoring, target_labels, n_source, n_target, n_labelled, margin
    ):
        self.scoring = scoring
        self.target_labels = target_labels
        self.n_source = n_source
        self.n_target = n_target
        self.n_labelled = n_labelled
        self.margin = margin
        self.ceiling = math.nan
        self.source_rows_in_use = math.nan
        self.shift_p_value = math.nan
        self.classes = None
        self.left_out = set()
        self.forgone = ""
        self.interrupted = False
        self.rows = []
        self._models = {}

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
        self.rows.sort(
            key=lambda row: (
                row["method"] in self.left_out,
                -row.get("gain", -math.inf),
            )
        )
        finished = [row for row in self.rows if row["method"] in self._models]
        able = [
            row for row in finished if row["method"] not in {BASELINE, *self.left_out}
        ]
        clear = [
            row for row in able if row["gain"] > 0 and row["margin"] >= self._due(row)
        ]
        self.recommended = BASELINE
        about = self._about_classes()
        if self.forgone:
            reason = self.forgone
        elif clear:
            best = clear[0]
            self.recommended = best["method"]
            about = f"{about}, so that any gain is enough: " if about else ""
            reason = (
                f"{about if not self._due(best) else ''}{best['method']} gains "
                f"{best['gain']:.3f} on {BASELINE}, which is {best['margin']:.1f} "
                "standard errors."
            )
        elif able:
            best = able[0]
            due = self._due(best)
            reason = (
                f"no method is clearly better than {BASELINE}: the best, "
                f"{best['method']}, gains {best['gain']:+.3f}, which is "
                f"{best['margin']:+.1f} standard errors"
                + (f" where {due:g} are due." if due else ".")
            )
        elif self.left_out and self.classes.along_classes:
            why = "no method here weighs classes, as `MMDTarS` does."
            if not self.classes.frequencies_differ:
                why = "maps do harm there, and whether weights help cannot be told."
            reason = f"{about}: {why}"
        else:
            reason = "no other method was finished, or could help."
        self.reason = reason[0].upper() + reason[1:]
        self.best_estimator = Pipeline(
            [("preprocess", preprocessor), ("adapt", self._models[self.recommended])]
        )

    @property
    def explained_by_frequencies(self):
        return math.nan if self.classes is None else self.classes.by_frequencies

    @property
    def explained_by_scores(self):
        return math.nan if self.classes is None else self.classes.by_scores

    @property
    def separation(self):
        return math.nan if self.classes is None else self.classes.separation

    def _due(self, row):
        return row.get("due", self.margin)

    def _about_classes(self):
        """Return what the rows tell of classes, if it matters to methods."""
        if self.classes is None:
            return ""
        if self.classes.frequencies_differ:
            share = self.classes.by_frequencies
            return f"other frequencies of classes explain {share:.0%} of the shift"
        if self.classes.along_classes:
            share = max(self.classes.by_frequencies, self.classes.by_scores)
            return f"{share:.0%} of the shift is along what tells classes apart"
        return "classes stand apart" if self.classes.stand_apart else ""

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

        def plain(value):
            if isinstance(value, float) and not math.isfinite(value):
                return None
            return value

        return {
            "recommended": self.recommended,
            "adapt": self.recommended not in (BASELINE, TARGET_ONLY),
            "reason": self.reason,
            "scoring": self.scoring,
            "target_labels": self.target_labels,
            "n_source": self.n_source,
            "n_target": self.n_target,
            "n_target_labelled": self.n_labelled,
            "source_rows_in_use": plain(self.source_rows_in_use),
            "shift_p_value": plain(self.shift_p_value),
            "explained_by_frequencies": plain(self.explained_by_frequencies),
            "explained_by_scores": plain(self.explained_by_scores),
            "separation": plain(self.separation),
            "target_trained": plain(self.ceiling),
            "interrupted": self.interrupted,
            "results": [
                {name: plain(value) for name, value in row.items()}
                for row in self.results.to_dict("records")
            ],
        }

    # ------------------------------------------------------------------------ text

    def _margin_as_text(self, row):
        if row["method"] in self.left_out:
            return "never"
        return "" if row["method"] == BASELINE else f"{row['margin']:+.1f}"

    def _columns(self):
        """Return the headings and widths of the printed table."""
        scores = (
            ["held out"] if self.target_labels == "train" else ["circular", "weighted"]
        )
        columns = dict.fromkeys(scores, 11) | {"margin": 6, "fit": 6}
        if self.n_labelled and self.target_labels == "score":
            columns |= {"target": 6, "gap": 6}
        return columns

    def header(self):
        """Return the first line of the printed table.

        Returns
        -------
        line : str
            Names of its columns.
        """
        cells = [f"{name:>{width}}" for name, width in self._columns().items()]
        return f"  {'method':<20}  " + "  ".join(cells)

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
        chosen = row["method"] == getattr(self, "recommended", None)
        start = f"{'*' if chosen else ' '} {row['method']:<20}  "
        if row.get("error"):
            verb = "failed: " if row.get("begun", True) else ""
            return f"{start}{verb}{row['error']}"[:80]
        seconds = row["fit_seconds"]
        cells = {
            "circular": _with_error(row.get("circular"), row.get("circular_se")),
            "weighted": _with_error(row.get("weighted"), row.get("weighted_se")),
            "held out": _with_error(row.get("held_out"), row.get("held_out_se")),
            "margin": self._margin_as_text(row),
            "fit": f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.0f} s",
            "target": _number(row.get("target"), ".3f"),
            "gap": _number(row.get("target", math.nan) - self.ceiling, "+.3f"),
        }
        return start + "  ".join(
            f"{cells[name]:>{width}}" for name, width in self._columns().items()
        )

    def _note(self, name):
        """Return what a column of the printed table means."""
        due = f"{self.margin:g} are due"
        if self.classes is not None and self.classes.frequencies_differ:
            due = "any is enough with classes as frequent as in the target"
        elif self.classes is not None and self.classes.stand_apart:
            due = "any is enough for maps, as classes stand apart"
        if self.left_out:
            due += "; 'never' marks what the rows speak against"
        less = " less loss in 'weighted',"
        if self.scoring == "r2":
            less += " or of weights the doubly robust gain,"
        return _NOTES[name].format(
            scoring=self.scoring.replace("_", " "),
            rows=self.source_rows_in_use,
            less="" if self.target_labels == "train" else less,
            due=due,
            ceiling=self.ceiling,
        )

    def __str__(self):
        lines = [self.header(), *(self.line(row) for row in self.rows), ""]
        for name in self._columns():
            note = f"  {name:<8}  {self._note(name)}"
            lines.append(textwrap.fill(note, 80, subsequent_indent=12 * " "))
        lines.append("")
        if self.interrupted:
            lines.append("Interrupted: only methods that were finished are compared.")
        lines += [f"Recommended: {self.advice}.", textwrap.fill(self.reason, 80)]
        return "\n".join(lines)

    def __repr__(self):
        return f"<Comparison of {len(self.rows)} methods: {self.recommended}>"

    def _repr_html_(self):
        from html import escape

        table = self.results.dropna(axis="columns", how="all")
        text = escape(f"Recommended: {self.advice}. {self.reason}")
        return f"{table.to_html(index=False)}<p>{text}</p>"
