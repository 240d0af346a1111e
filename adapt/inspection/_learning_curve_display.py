"""Learning curves over the number of labelled target rows."""

import numpy as np
from sklearn.base import clone
from sklearn.utils import check_random_state

from adapt._domains import read_tables
from adapt._frames import take_rows
from adapt.inspection._figures import legend_outside, new_axes, score_name


class LearningCurveDisplay:
    """Learning curves: scores by the number of labelled target rows.

    Parameters
    ----------
    sizes : ndarray of shape (n_sizes,)
        Numbers of labelled target rows.

    scores : dict of str to ndarray of shape (n_sizes, n_repeats)
        Scores on target rows that were not labelled, by the name of a method.

    scoring : str, default="score"
        What the scores are.

    Attributes
    ----------
    ax_ : matplotlib axes
    figure_ : matplotlib figure

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from adapt.base import SourceOnly
    >>> from adapt.datasets import make_classification_da
    >>> from adapt.inspection import LearningCurveDisplay
    >>> from adapt.instance_based import BalancedWeighting
    >>> Xs, ys, Xt, yt = make_classification_da()
    >>> display = LearningCurveDisplay.from_estimator(
    ...     [SourceOnly(), BalancedWeighting()], Xs, ys, Xt, yt, sizes=[10, 20]
    ... )
    >>> display.scores["SourceOnly"].shape
    (2, 5)
    """

    def __init__(self, sizes, scores, *, scoring="score"):
        self.sizes = sizes
        self.scores = scores
        self.scoring = scoring

    @classmethod
    def from_estimator(
        cls,
        adapters,
        Xs,
        ys,
        Xt,
        yt,
        *,
        sizes=(5, 10, 20, 50, 100),
        n_repeats=5,
        random_state=0,
        ax=None,
        **plot_params,
    ):
        """Fit adapters with more and more labels of the target, and draw the scores.

        Parameters
        ----------
        adapters : list of adapters
            Not fitted. Unsupervised ones do not read the labels, and are there for
            comparison.

        Xs : array-like of shape (n_samples, n_features)
            Source rows.

        ys : array-like of shape (n_samples,)
            Their labels.

        Xt : array-like of shape (n_target_samples, n_features)
            Target rows.

        yt : array-like of shape (n_target_samples,)
            Their labels, missing (NaN, None, or -1 where no source row has that label)
            where unknown. Such rows are trained on without label, and not scored on.

        sizes : sequence of int, default=(5, 10, 20, 50, 100)
            How many target rows are labelled, fewer than there are.

        n_repeats : int, default=5
            How often the labelled rows are drawn.

        random_state : int, RandomState instance or None, default=0
            Draws them.

        ax : matplotlib axes, default=None
            Where to draw. If None, in a new figure.

        **plot_params : dict
            Given to `matplotlib.axes.Axes.plot`.

        Returns
        -------
        display : LearningCurveDisplay
        """
        rng = check_random_state(random_state)
        Xs, ys, Xt, yt, labelled = read_tables(Xs, ys, Xt, yt)
        rows = np.flatnonzero(labelled)
        if max(sizes) >= len(rows):
            raise ValueError(
                f"`sizes` must be less than the {len(rows)} labelled target rows, "
                f"because the others are scored on; got {max(sizes)}."
            )
        names = [type(adapter).__name__ for adapter in adapters]
        scores = {name: np.full((len(sizes), n_repeats), np.nan) for name in names}
        for k in range(n_repeats):
            order = rng.permutation(rows)
            for row, size in enumerate(sizes):
                known, rest = order[:size], order[size:]
                labels = np.full(len(labelled), None)
                labels[known] = yt[known]
                for name, adapter in zip(names, adapters, strict=True):
                    try:
                        model = clone(adapter).fit(Xs, ys, Xt=Xt, yt=labels)
                    except ValueError:
                        continue  # too few labels, or all of one class
                    scores[name][row, k] = model.score(take_rows(Xt, rest), yt[rest])
        display = cls(np.asarray(sizes), scores, scoring=score_name(adapters[0], ys))
        return display.plot(ax=ax, **plot_params)

    def plot(self, ax=None, **plot_params):
        """Draw means over the repeats, and bands from the worst to the best.

        Parameters
        ----------
        ax : matplotlib axes, default=None
            Where to draw. If None, in a new figure.

        **plot_params : dict
            Given to `matplotlib.axes.Axes.plot`.

        Returns
        -------
        display : LearningCurveDisplay
            This one.
        """
        self.ax_, self.figure_ = new_axes(ax, figsize=(7.5, 4))
        for name, scores in self.scores.items():
            drawn = ~np.isnan(scores).all(axis=1)
            sizes, part = self.sizes[drawn], scores[drawn]
            style = {"marker": "o"} | plot_params
            (line,) = self.ax_.plot(
                sizes, np.nanmean(part, axis=1), label=name, **style
            )
            low, high = np.nanmin(part, axis=1), np.nanmax(part, axis=1)
            self.ax_.fill_between(sizes, low, high, color=line.get_color(), alpha=0.15)
        self.ax_.set_xscale("log")
        self.ax_.set_xticks(self.sizes, self.sizes)
        self.ax_.minorticks_off()
        self.ax_.set(
            title="Learning curves (mean, worst to best draw)",
            xlabel="labelled target rows",
            ylabel=f"{self.scoring} on the other target rows",
        )
        legend_outside(self.ax_)
        return self
