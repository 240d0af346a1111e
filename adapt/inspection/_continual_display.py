"""Accuracy on each class after each stage of a stream."""

import numpy as np

from adapt.inspection._figures import new_axes


class ContinualDisplay:
    """Accuracy by stage and class, as `continual_report` found it.

    Parameters
    ----------
    report : Bunch
        What `adapt.model_selection.continual_report` returned.

    Attributes
    ----------
    ax_ : matplotlib axes
        Stages from left to right, classes from top to bottom.

    figure_ : matplotlib figure
        The figure of the axes.

    See Also
    --------
    adapt.model_selection.continual_report : Makes the report.

    Examples
    --------
    >>> from adapt.inspection import ContinualDisplay
    >>> from adapt.model_selection import continual_report
    >>> from adapt.multi_domain import NearestClassMean
    >>> stages = [([[0.0], [4.0]], ["a", "b"]), ([[9.0]], ["c"])]
    >>> report = continual_report(
    ...     NearestClassMean(), stages, [[1.0], [3.0], [8.0]], ["a", "b", "c"]
    ... )
    >>> ContinualDisplay(report).report.accuracy.shape
    (2, 3)
    """

    def __init__(self, report):
        self.report = report

    def plot(self, ax=None):
        """Draw the accuracies, with numbers where there are few.

        Parameters
        ----------
        ax : matplotlib axes, default=None
            Where to draw. If None, new axes.

        Returns
        -------
        display : ContinualDisplay
            This display.
        """
        ax, figure = new_axes(ax)
        table = self.report.accuracy
        values = table.to_numpy().T
        image = ax.imshow(values, vmin=0, vmax=1, cmap="Blues", aspect="auto")
        figure.colorbar(image, ax=ax, label="accuracy")
        ax.set_xticks(np.arange(len(table)), labels=np.arange(1, len(table) + 1))
        ax.set_yticks(np.arange(len(table.columns)), labels=table.columns)
        ax.set(title="Accuracy of each class", xlabel="stage", ylabel="class")
        if values.size <= 100:
            for (i, j), value in np.ndenumerate(values):
                colour = "white" if value > 0.6 else "black"
                ax.text(j, i, f"{value:.2f}", ha="center", va="center", color=colour)
        self.ax_, self.figure_ = ax, figure
        return self
