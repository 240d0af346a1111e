"""Concentration of importance weights on few rows."""

import numpy as np

from adapt.base import WeightAdapter
from adapt.base._weight import effective_sample_size
from adapt.inspection._figures import TRUTH, legend_outside, new_axes


class WeightsDisplay:
    """Concentration of importance weights on few source rows.

    The curve is the share of the total weight that the heaviest rows have. It is the
    diagonal for equal weights, and steep at the start if few rows have most of the
    weight.

    Parameters
    ----------
    weights : dict of str to ndarray of shape (n_samples,)
        Weights by the name of a method.

    Attributes
    ----------
    ax_ : matplotlib axes
    figure_ : matplotlib figure

    Examples
    --------
    >>> from adapt.datasets import make_classification_da
    >>> from adapt.inspection import WeightsDisplay
    >>> from adapt.instance_based import IWC, RULSIF
    >>> Xs, ys, Xt, yt = make_classification_da()
    >>> models = [a().fit(Xs, ys, Xt=Xt) for a in (IWC, RULSIF)]
    >>> WeightsDisplay.from_estimator(*models).ax_.get_xlabel()
    'share of the source rows, the heaviest first'
    """

    def __init__(self, weights):
        self.weights = weights

    @classmethod
    def from_estimator(cls, *adapters, ax=None, **plot_params):
        """Draw the weights of fitted adapters.

        Parameters
        ----------
        *adapters : WeightAdapters
            Fitted.

        ax : matplotlib axes, default=None
            Where to draw. If None, in a new figure.

        **plot_params : dict
            Given to `matplotlib.axes.Axes.plot`.

        Returns
        -------
        display : WeightsDisplay
        """
        weights = {}
        for adapter in adapters:
            if not isinstance(adapter, WeightAdapter):
                raise TypeError(
                    "WeightsDisplay shows adapters that weigh rows; "
                    f"{type(adapter).__name__} does not."
                )
            weights[type(adapter).__name__] = adapter.weights_
        return cls(weights).plot(ax=ax, **plot_params)

    def plot(self, ax=None, **plot_params):
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; if None, in a new figure.

        **plot_params : dict
            Passed to `Axes.plot`.

        Returns
        -------
        display : WeightsDisplay
            This one.
        """
        self.ax_, self.figure_ = new_axes(ax, figsize=(7.5, 4))
        for name, weights in self.weights.items():
            heaviest = np.sort(np.asarray(weights, dtype=float))[::-1]
            carried = np.concatenate([[0], np.cumsum(heaviest) / heaviest.sum()])
            share = effective_sample_size(heaviest) / len(heaviest)
            x = np.linspace(0, 1, len(carried))
            label = f"{name}: effective sample size {share:.0%}"
            self.ax_.plot(x, carried, label=label, **plot_params)
        self.ax_.plot([0, 1], [0, 1], color=TRUTH, linestyle=":", label="equal weights")
        self.ax_.set(
            title="Weight carried by the heaviest source rows",
            xlabel="share of the source rows, the heaviest first",
            ylabel="share of the weight",
        )
        legend_outside(self.ax_)
        return self
