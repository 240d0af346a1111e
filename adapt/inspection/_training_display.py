"""How a deep method trained: its losses, and what its predictions on the target say."""

import numpy as np

from adapt.inspection._figures import SOURCE, TARGET, TRUTH, legend_outside, new_axes

# What is not a loss, with the words for it.
_OF_TARGET = {
    "val_target_information": "information, held out",
    "val_target_entropy": "entropy, held out",
    "target_information": "information",
    "target_entropy": "entropy",
}


class TrainingDisplay:
    """Losses by epoch, and entropy and information of the predictions on the target.

    The information is the entropy of the mean prediction less the mean entropy. If it
    falls while the losses fall, predictions collapse onto few classes: stop earlier, or
    lower `lambda_`. Neither needs target labels.

    Parameters
    ----------
    history : dict of list of float
        As `history_` of a deep method. It holds what is known of the target if there
        was a `validation_split`, or `verbose` was positive.

    Attributes
    ----------
    axes_ : ndarray of matplotlib axes of shape (2,)
        Losses on the left, the target on the right.
    figure_ : matplotlib figure

    Examples
    --------
    >>> from adapt.inspection import TrainingDisplay
    >>> history = {"task_loss": [0.7, 0.3], "target_information": [0.1, 0.4]}
    >>> TrainingDisplay(history).plot().axes_[1].get_xlabel()
    'epoch'
    """

    def __init__(self, history):
        self.history = history

    @classmethod
    def from_estimator(cls, estimator, *, ax=None):
        """Draw the training of a fitted deep method.

        Parameters
        ----------
        estimator : deep adapter
            Fitted.

        ax : array of two matplotlib axes, default=None
            Where to draw. If None, in a new figure.

        Returns
        -------
        display : TrainingDisplay
        """
        history = getattr(estimator, "history_", None)
        if not isinstance(history, dict) or not history:
            raise TypeError(
                "TrainingDisplay shows fitted deep methods, which have a `history_`; "
                f"{type(estimator).__name__} has none."
            )
        return cls(history).plot(ax=ax)

    def plot(self, ax=None):
        """Draw.

        Parameters
        ----------
        ax : array of two matplotlib axes, default=None
            Where to draw. If None, in a new figure.

        Returns
        -------
        display : TrainingDisplay
            This one.
        """
        self.axes_, self.figure_ = new_axes(ax, ncols=2, figsize=(11, 3.5))
        left, right = self.axes_
        parts = [
            name for name in self.history if name.endswith("loss") and name != "loss"
        ]
        for name in parts or ["loss"]:
            self._line(left, name, name.replace("_", " "))
        for axes in left, right:
            axes.xaxis.get_major_locator().set_params(integer=True)
        left.set(title="Losses", xlabel="epoch", ylabel="loss")
        legend_outside(left)
        for name, label in _OF_TARGET.items():
            if name in self.history:
                color = TARGET if "information" in name else SOURCE
                self._line(right, name, label, color=color)
        right.set(title="Predictions on the target", xlabel="epoch", ylabel="nats")
        if right.lines:
            legend_outside(right)
        else:
            words = "not recorded:\ngive `validation_split`, or `verbose=1`"
            centre = {"ha": "center", "va": "center", "transform": right.transAxes}
            right.text(0.5, 0.5, words, color=TRUTH, **centre)
        return self

    def _line(self, ax, name, label, **style):
        values = self.history[name]
        ax.plot(np.arange(1, len(values) + 1), values, label=label, **style)
