"""Sources by a score, with errors, and ties with the best."""

import numpy as np

from adapt.inspection._figures import SOURCE, TRUTH, legend_outside, new_axes


class SourceRankingDisplay:
    """Sources by the score that ranks them.

    Parameters
    ----------
    ranking : DataFrame
        As `adapt.model_selection.rank_sources` returns it.

    truth : dict or Series, default=None
        What became of each source, where it is known: drawn beside, on an axis of its
        own.

    Attributes
    ----------
    ax_ : matplotlib axes
    figure_ : matplotlib figure

    See Also
    --------
    adapt.model_selection.rank_sources : Makes the ranking.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from adapt.inspection import SourceRankingDisplay
    >>> from adapt.model_selection import rank_sources
    >>> X = np.random.default_rng(0).normal(size=(100, 2))
    >>> models = {k: LogisticRegression().fit(X, X[:, k] > 0) for k in (0, 1)}
    >>> ranking = rank_sources(models, X[:30], X[:30, 0] > 0)
    >>> SourceRankingDisplay.from_ranking(ranking).ax_.get_xlabel()
    'log likelihood'
    """

    def __init__(self, ranking, *, truth=None):
        self.ranking = ranking
        self.truth = truth

    @classmethod
    def from_ranking(cls, ranking, *, truth=None, ax=None):
        """Draw a ranking.

        Parameters
        ----------
        ranking : DataFrame
            Of `adapt.model_selection.rank_sources`.

        truth : dict or Series, default=None
            What became of each source, where it is known.

        ax : matplotlib axes, default=None
            Where to draw. If None, in a new figure.

        Returns
        -------
        display : SourceRankingDisplay
        """
        return cls(ranking, truth=truth).plot(ax=ax)

    def plot(self, ax=None):
        """Draw.

        Parameters
        ----------
        ax : matplotlib axes, default=None
            Where to draw. If None, in a new figure.

        Returns
        -------
        display : SourceRankingDisplay
            This one.
        """
        table = self.ranking.iloc[::-1]
        score = table.columns[0]
        height = 1.2 + 0.32 * len(table)
        self.ax_, self.figure_ = new_axes(ax, figsize=(9, height))
        rows, tied = np.arange(len(table)), table["tied"].to_numpy()
        for kept, color, label in (
            (tied, SOURCE, "the best, and ties with it"),
            (~tied, "0.6", "clearly behind"),
        ):
            if kept.any():
                error = np.nan_to_num(table["standard_error"].to_numpy()[kept])
                values = table[score].to_numpy()[kept]
                self.ax_.errorbar(
                    values,
                    rows[kept],
                    xerr=2 * error,
                    fmt="o",
                    color=color,
                    capsize=2,
                    label=label,
                )
        self.ax_.set_yticks(rows, [str(name) for name in table.index])
        self.ax_.set(title="Sources by their score (bars: 2 standard errors)")
        self.ax_.set(xlabel=score.replace("_", " "), ylim=(-0.6, len(table) - 0.4))
        self.ax_.grid(axis="x", alpha=0.3)
        if self.truth is not None:
            self._add_truth(table.index, rows)
        legend_outside(self.ax_, fontsize="small")
        return self

    def _add_truth(self, names, rows):
        """Draw what became of each source on an axis above."""
        beside = self.ax_.twiny()
        truth = [self.truth[name] for name in names]
        style = {"marker": "x", "color": TRUTH, "s": 60, "linewidths": 2}
        beside.scatter(truth, rows, **style)
        beside.set_xlabel("true on the target (crosses)", color=TRUTH, fontsize="small")
        beside.tick_params(axis="x", colors=TRUTH, labelsize="small")
