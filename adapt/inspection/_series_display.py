"""Series of two domains: the typical one, and its frequencies, channel by channel."""

import numpy as np

from adapt.inspection._figures import SOURCE, TARGET, legend_outside, new_axes
from adapt.series import as_series
from adapt.series._series_set import stretched

_QUARTILES = (0.25, 0.5, 0.75)


def quartiles(values):
    """Return quartiles of the values at each step.

    Parameters
    ----------
    values : ndarray of shape (n_series, n_steps, n_channels)
        Series; NaN where a value is missing.

    Returns
    -------
    q : ndarray of shape (3, n_steps, n_channels)
    """
    return np.nanquantile(values, _QUARTILES, axis=0)


def log_spectra(values):
    """Return frequencies in cycles per step, and quartiles of the log power at each.

    Parameters
    ----------
    values : ndarray of shape (n_series, n_steps, n_channels)
        Series of one length without gaps.

    Returns
    -------
    frequencies : ndarray of shape (n_frequencies,)
    q : ndarray of shape (3, n_frequencies, n_channels)
    """
    n_steps = values.shape[1]
    D = values - values.mean(axis=1, keepdims=True)
    power = np.abs(np.fft.rfft(D * np.hanning(n_steps)[:, None], axis=1)) ** 2
    power = power[:, 1:] / n_steps
    floor = 1e-9 * power.mean(axis=(0, 1)) + np.finfo(float).tiny
    q = np.quantile(np.log10(power + floor), _QUARTILES, axis=0)
    return np.fft.rfftfreq(n_steps)[1:], q


class SeriesDisplay:
    """Median series with quartiles, and log spectra, of each channel of two domains.

    Parameters
    ----------
    channels : list of str
        Names of the channels.

    steps : list of two ndarrays of shape (3, n_steps, n_channels)
        Quartiles of the values of source and target at each step.

    spectra : list of two (frequencies, quartiles)
        Frequencies in cycles per step, and the quartiles of the decimal logarithm of
        the power at each.

    Attributes
    ----------
    ax_ : ndarray of matplotlib axes of shape (2, n_channels)
        Series above spectra.

    figure_ : matplotlib figure
        The figure.

    See Also
    --------
    ShiftDisplay : Both domains in the plane.
    diagnose_shift : Tests of level, scale and spectrum of each channel.

    Examples
    --------
    >>> from adapt.datasets import load_watch
    >>> from adapt.inspection import SeriesDisplay
    >>> data = load_watch()
    >>> target = data.sample_domain < 0
    >>> display = SeriesDisplay.from_samples(data.X[~target], data.X[target])
    >>> display.ax_.shape
    (2, 6)
    """

    def __init__(self, channels, steps, spectra):
        self.channels = channels
        self.steps = steps
        self.spectra = spectra

    @classmethod
    def from_samples(cls, Xs, Xt, *, ax=None, **plot_params):
        """Draw the series of two domains.

        Parameters
        ----------
        Xs, Xt : array-like of shape (n_series, n_steps, n_channels), or other form
            Series of source and target, in any form of `as_series` that needs no `id`.

        ax : matplotlib axes, default=None
            Two rows of axes, one column for each channel. If None, in a new figure.

        **plot_params : dict
            Given to `matplotlib.axes.Axes.plot`.

        Returns
        -------
        display : SeriesDisplay
        """
        Xs, Xt = as_series(Xs), as_series(Xt)
        n_steps = max(int(np.median(np.r_[Xs.lengths, Xt.lengths])), 3)
        values = [np.nan_to_num(stretched(X.values, n_steps)) for X in (Xs, Xt)]
        display = cls(
            Xs.channels,
            [quartiles(X) for X in values],
            [log_spectra(X) for X in values],
        )
        return display.plot(ax=ax, **plot_params)

    def plot(self, ax=None, **plot_params):
        """Draw.

        Parameters
        ----------
        ax : matplotlib axes, default=None
            Two rows of axes, one column for each channel. If None, in a new figure.

        **plot_params : dict
            Given to `matplotlib.axes.Axes.plot`.

        Returns
        -------
        display : SeriesDisplay
            This one.
        """
        n = len(self.channels)
        if ax is None:
            size = (max(2.2 * n, 4) + 1, 4.6)
            ax, figure = new_axes(None, nrows=2, ncols=n, figsize=size, squeeze=False)
        else:
            ax, figure = new_axes(ax)
        self.ax_, self.figure_ = np.reshape(ax, (2, n)), figure
        style = {"linewidth": 1.2} | plot_params
        domains = ("source", SOURCE), ("target", TARGET)
        for k, name in enumerate(self.channels):
            top, bottom = self.ax_[:, k]
            for (label, color), steps, (f, power) in zip(
                domains, self.steps, self.spectra, strict=True
            ):
                for axes, x, q in [
                    (top, np.arange(steps.shape[1]), steps[:, :, k]),
                    (bottom, f, power[:, :, k]),
                ]:
                    axes.plot(x, q[1], color=color, label=label, **style)
                    axes.fill_between(x, q[0], q[2], color=color, alpha=0.2, lw=0)
            top.set(title=name, xlabel="step")
            bottom.set(xlabel="cycles per step", xscale="log")
            bottom.xaxis.set_minor_formatter("")
        self.ax_[0, 0].set(ylabel="median and quartiles")
        self.ax_[1, 0].set(ylabel="log10 power")
        legend_outside(self.ax_[0, -1], fontsize="small")
        return self
