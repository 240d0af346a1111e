"""What is known of methods without target labels, and with them."""

import numpy as np

from adapt.inspection._figures import SOURCE, TARGET, TRUTH, legend_outside, new_axes


class DomainScoresDisplay:
    """Methods by their scores without target labels, and the true one where known.

    Parameters
    ----------
    results : DataFrame
        As `Comparison.results` has them.

    scoring : str, default="score"
        What the scores are.

    recommended : str, default=None
        The method to mark.

    Attributes
    ----------
    ax_ : matplotlib axes
    figure_ : matplotlib figure

    Examples
    --------
    >>> from adapt.datasets import make_classification_da
    >>> from adapt.inspection import DomainScoresDisplay
    >>> from adapt.model_selection import compare
    >>> Xs, ys, Xt, yt = make_classification_da()
    >>> comparison = compare(Xs, ys, Xt, yt)
    >>> DomainScoresDisplay.from_comparison(comparison).ax_.get_xlabel()
    'accuracy'
    """

    def __init__(self, results, *, scoring="score", recommended=None):
        self.results = results
        self.scoring = scoring
        self.recommended = recommended

    @classmethod
    def from_comparison(cls, comparison, *, ax=None):
        """Draw what `compare` found.

        Parameters
        ----------
        comparison : Comparison
            Of `compare`.

        ax : matplotlib axes, default=None
            Where to draw. If None, in a new figure.

        Returns
        -------
        display : DomainScoresDisplay
        """
        return cls(
            comparison.results,
            scoring=comparison.scoring.replace("_", " "),
            recommended=comparison.recommended,
        ).plot(ax=ax)

    @classmethod
    def from_estimator(cls, estimator, *, ax=None):
        """Draw what a fitted `AutoAdapt` found.

        Parameters
        ----------
        estimator : AutoAdapt
            Fitted.

        ax : matplotlib axes, default=None
            Where to draw. If None, in a new figure.

        Returns
        -------
        display : DomainScoresDisplay
        """
        return cls(estimator.results_, recommended=estimator.best_method_).plot(ax=ax)

    def plot(self, ax=None):
        """Draw.

        Parameters
        ----------
        ax : matplotlib axes, default=None
            Where to draw. If None, in a new figure.

        Returns
        -------
        display : DomainScoresDisplay
            This one.
        """
        marks = {
            "circular": ("o", SOURCE, "circular validation"),
            "weighted": ("s", TARGET, "importance-weighted"),
            "held_out": ("o", SOURCE, "held-out target labels"),
        }
        table = self.results.iloc[::-1]
        height = 1.6 + 0.35 * len(table)
        self.ax_, self.figure_ = new_axes(ax, figsize=(9, height))
        rows = np.arange(len(table))
        shown = [name for name in marks if name in table and table[name].notna().any()]
        for k, name in enumerate(shown):
            marker, color, label = marks[name]
            at = rows + 0.12 * (k - (len(shown) - 1) / 2)
            self.ax_.errorbar(
                table[name],
                at,
                xerr=table[f"{name}_se"],
                fmt=marker,
                color=color,
                capsize=2,
                label=label,
            )
        if "target" in table and table["target"].notna().any():
            truth = table["target"]
            style = {"color": TRUTH, "s": 70, "linewidths": 2}
            self.ax_.scatter(
                truth, rows, marker="x", label="true score on the target", **style
            )
        names = [
            f"{name} (chosen)" if name == self.recommended else name
            for name in table["method"]
        ]
        self.ax_.set_yticks(rows, names)
        self.ax_.set(title="Scores of the methods", xlabel=self.scoring)
        self.ax_.set(ylim=(-0.6, len(table) - 0.4))
        self.ax_.grid(axis="x", alpha=0.3)
        if shown:
            legend_outside(self.ax_, fontsize="small")
        return self
