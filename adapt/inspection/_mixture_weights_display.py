"""How the weights of experts change over time."""

import numpy as np

from adapt.inspection._figures import legend_outside, new_axes


class MixtureWeightsDisplay:
    """Weights of the experts of a mixture, step by step.

    Parameters
    ----------
    weights : ndarray of shape (n_steps, n_experts)
        Weights, which sum to one at each step.

    names : list of str
        Names of the experts.

    times : array-like of shape (n_steps,), default=None
        Where the steps are drawn. If None, they are numbered.

    Attributes
    ----------
    ax_ : matplotlib axes
    figure_ : matplotlib figure

    Examples
    --------
    >>> from adapt.datasets import make_loads
    >>> from adapt.forecasting import TransferForecaster
    >>> from adapt.inspection import MixtureWeightsDisplay
    >>> data = make_loads(n_series=8, n_steps=100, random_state=0)
    >>> model = TransferForecaster(n_donors=2, random_state=0).fit(data.y, data.X)
    >>> MixtureWeightsDisplay.from_estimator(model, series=3).ax_.get_ylabel()
    'weight'
    """

    def __init__(self, weights, names, times=None):
        self.weights = weights
        self.names = names
        self.times = times

    @classmethod
    def from_estimator(cls, mixture, *, series=None, times=None, ax=None):
        """Draw the weights of a fitted mixture or forecaster.

        Parameters
        ----------
        mixture : OnlineMixture or TransferForecaster
            Fitted.

        series : int, default=None
            Position of the series whose weights are drawn, where there are several. If
            None, the mean over series.

        times : array-like of shape (n_steps,), default=None
            Where the steps are drawn. If None, they are numbered.

        ax : matplotlib axes, default=None
            Where to draw. If None, in a new figure.

        Returns
        -------
        display : MixtureWeightsDisplay
        """
        weights = np.asarray(mixture.weights_)
        if weights.ndim == 3:
            weights = weights.mean(axis=0) if series is None else weights[series]
        numbered = [f"expert {i}" for i in range(weights.shape[1])]
        names = getattr(mixture, "experts_", numbered)
        return cls(weights, list(names), times).plot(ax=ax)

    def plot(self, ax=None):
        """Draw the weights as areas that add up to one.

        Parameters
        ----------
        ax : matplotlib axes, default=None
            Where to draw; if None, in a new figure.

        Returns
        -------
        display : MixtureWeightsDisplay
            This one.
        """
        self.ax_, self.figure_ = new_axes(ax, figsize=(8, 4))
        times = range(len(self.weights)) if self.times is None else self.times
        self.ax_.stackplot(times, np.asarray(self.weights).T, labels=self.names)
        self.ax_.set(xlabel="step" if self.times is None else "time", ylabel="weight")
        self.ax_.set_ylim(0, 1)
        self.ax_.margins(x=0)
        self.ax_.set_title("Weights of the experts")
        legend_outside(self.ax_)
        return self
