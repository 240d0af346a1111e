"""Gain in score if a few target labels choose between methods."""

import numpy as np
from sklearn.base import clone

from adapt._domains import read_tables
from adapt._frames import take_rows
from adapt.inspection._figures import TRUTH, legend_outside, new_axes
from adapt.model_selection._label_curve import label_curve
from adapt.model_selection._label_evidence import row_scores


class LabelGainDisplay:
    """Gain in score if a few target labels choose between methods.

    For targets whose labels are known: labels are hidden, and some of them drawn again
    and again, where methods differ and at random.

    Parameters
    ----------
    sizes : ndarray of shape (n_sizes,)
        Numbers of labelled target rows.

    suggested, at_random : ndarray of shape (n_sizes, n_repeats)
        Gains in score on the choice without labels, if rows are labelled that
        `AutoAdapt.suggest_labels` would name, and if a random sample is.

    oracle : float
        Gain of the best candidate.

    scoring : str, default="score"
        What the score is.

    Attributes
    ----------
    ax_ : matplotlib axes
    figure_ : matplotlib figure

    See Also
    --------
    LearningCurveDisplay : Learning curves of methods that train on target labels.

    Examples
    --------
    >>> from adapt.datasets import make_classification_da
    >>> from adapt.inspection import LabelGainDisplay
    >>> from adapt.model_selection import AutoAdapt
    >>> Xs, ys, Xt, yt = make_classification_da()
    >>> display = LabelGainDisplay.from_estimator(
    ...     AutoAdapt(random_state=0), Xs, ys, Xt, yt, sizes=[5, 10], n_repeats=4
    ... )
    >>> display.suggested.shape
    (2, 4)
    """

    def __init__(self, sizes, suggested, at_random, oracle, *, scoring="score"):
        self.sizes = sizes
        self.suggested = suggested
        self.at_random = at_random
        self.oracle = oracle
        self.scoring = scoring

    @classmethod
    def from_estimator(
        cls,
        estimator,
        Xs,
        ys,
        Xt,
        yt,
        *,
        sizes=(5, 10, 20, 50),
        n_repeats=20,
        random_state=0,
        ax=None,
        **plot_params,
    ):
        """Fit the candidates of an `AutoAdapt`, draw labels, and draw the gains.

        Parameters
        ----------
        estimator : AutoAdapt
            Not fitted.

        Xs : array-like of shape (n_samples, n_features)
            Source rows.

        ys : array-like of shape (n_samples,)
            Their labels.

        Xt : array-like of shape (n_target_samples, n_features)
            Target rows.

        yt : array-like of shape (n_target_samples,)
            Their labels. Rows without one are left out of the simulation.

        sizes : sequence of int, default=(5, 10, 20, 50)
            Numbers of labels.

        n_repeats : int, default=20
            How often they are drawn.

        random_state : int, RandomState instance or None, default=0
            Draws them.

        ax : matplotlib axes, default=None
            Where to draw. If None, in a new figure.

        **plot_params : dict
            Given to `matplotlib.axes.Axes.plot`.

        Returns
        -------
        display : LabelGainDisplay
        """
        Xs, ys, Xt, yt, labelled = read_tables(Xs, ys, Xt, yt)
        if yt is None:
            raise ValueError("`yt` must hold labels, which are hidden and drawn.")
        model = clone(estimator).fit(Xs, ys, Xt=Xt)
        _, predictions = model.comparison_.candidate_predictions()
        rows = np.flatnonzero(labelled)
        return cls.from_predictions(
            predictions[:, rows],
            take_rows(yt, rows),
            scoring=model.comparison_.scoring,
            sizes=sizes,
            n_repeats=n_repeats,
            random_state=random_state,
            ax=ax,
            **plot_params,
        )

    @classmethod
    def from_predictions(
        cls,
        predictions,
        y,
        *,
        scoring="accuracy",
        sizes=(5, 10, 20, 50),
        n_repeats=20,
        random_state=0,
        ax=None,
        **plot_params,
    ):
        """Draw the gains of a choice between predictions.

        Parameters
        ----------
        predictions : array-like of shape (n_candidates, n_samples)
            Of target rows. The first are those of the choice without labels.

        y : array-like of shape (n_samples,)
            True labels.

        scoring : {"accuracy", "balanced_accuracy", "r2"}, default="accuracy"
            The score.

        sizes, n_repeats, random_state, ax, **plot_params
            As in `from_estimator`.

        Returns
        -------
        display : LabelGainDisplay
        """
        predictions, y = np.asarray(predictions), np.asarray(y)
        if predictions.ndim != 2 or y.shape != predictions.shape[1:]:
            raise ValueError(
                "`predictions` must be of shape (n_candidates, n_samples) and `y` of "
                f"shape (n_samples,), got {predictions.shape} and {y.shape}."
            )
        curve = label_curve(
            predictions,
            row_scores(y, predictions, scoring, y),
            scoring != "r2",
            sizes,
            n_repeats,
            random_state,
        )
        return cls(*curve, scoring=scoring).plot(ax=ax, **plot_params)

    def plot(self, ax=None, **plot_params):
        """Draw mean gains, and bands that hold four of five draws.

        Parameters
        ----------
        ax : matplotlib axes, default=None
            Where to draw. If None, in a new figure.

        **plot_params : dict
            Given to `matplotlib.axes.Axes.plot`.

        Returns
        -------
        display : LabelGainDisplay
            This one.
        """
        self.ax_, self.figure_ = new_axes(ax, figsize=(7.5, 4))
        sizes = np.concatenate([[0], self.sizes])
        for label, gains in [
            ("suggested rows", self.suggested),
            ("random rows", self.at_random),
        ]:
            gains = np.vstack([np.zeros(gains.shape[1]), gains])
            style = {"marker": "o", "label": label} | plot_params
            (line,) = self.ax_.plot(sizes, gains.mean(axis=1), **style)
            low, high = np.percentile(gains, [10, 90], axis=1)
            self.ax_.fill_between(sizes, low, high, color=line.get_color(), alpha=0.15)
        style = {"color": TRUTH, "linestyle": "--"}
        self.ax_.axhline(self.oracle, label="best candidate", **style)
        gain = f"gain in {self.scoring.replace('_', ' ')}"
        self.ax_.set(
            title="Gain of a choice by target labels (mean, 10 % to 90 %)",
            xlabel="labelled target rows",
            ylabel=f"{gain} on the choice without labels",
        )
        legend_outside(self.ax_)
        return self
