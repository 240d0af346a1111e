"""Both domains in the plane, before and after adaptation."""

import numpy as np
from sklearn.decomposition import PCA
from sklearn.utils import check_random_state

from adapt.base import FeatureAdapter
from adapt.inspection._figures import SOURCE, TARGET, legend_outside, new_axes
from adapt.metrics._calls import call_as
from adapt.series._feature_tables import as_tables


class ShiftDisplay:
    """Both domains in the plane, before adaptation and, if given, after.

    It is best made by `from_samples` or `from_estimator`.

    Parameters
    ----------
    before : tuple of two ndarrays of shape (n_samples, 2)
        Source and target in the plane.

    after : tuple of two ndarrays of shape (n_samples, 2), default=None
        The same as the adapter sees them.

    axes : str, default="principal component"
        What the axes are.

    name : str, default="adapter"
        Name of the adapter.

    Attributes
    ----------
    ax_ : ndarray of matplotlib axes
        One for each picture.

    figure_ : matplotlib figure

    Examples
    --------
    >>> from adapt.datasets import make_classification_da
    >>> from adapt.feature_based import CORAL
    >>> from adapt.inspection import ShiftDisplay
    >>> Xs, ys, Xt, yt = make_classification_da()
    >>> display = ShiftDisplay.from_estimator(CORAL().fit(Xs, ys, Xt=Xt), Xs, Xt)
    >>> len(display.ax_)
    2
    """

    def __init__(
        self, before, after=None, *, axes="principal component", name="adapter"
    ):
        self.before = before
        self.after = after
        self.axes = axes
        self.name = name

    @staticmethod
    def _project(Xs, Xt, max_rows, random_state):
        """Return at most ``max_rows`` of each domain in the plane of most variance."""
        rng = check_random_state(random_state)
        Xs, Xt = (np.asarray(X, dtype=float) for X in as_tables(Xs, Xt))
        both = np.concatenate([Xs, Xt])
        Xs, Xt = (X[rng.permutation(len(X))[:max_rows]] for X in (Xs, Xt))
        if both.shape[1] == 1:
            return [np.c_[X, rng.uniform(size=len(X))] for X in (Xs, Xt)]
        if both.shape[1] == 2:
            return [Xs, Xt]
        scale = both.std(axis=0)
        scale[scale == 0] = 1
        plane = PCA(2, random_state=0).fit(both / scale)
        return [plane.transform(X / scale) for X in (Xs, Xt)]

    @classmethod
    def from_samples(
        cls, Xs, Xt, *, max_rows=1000, random_state=0, ax=None, **plot_params
    ):
        """Draw two samples.

        Parameters
        ----------
        Xs : array-like of shape (n_samples, n_features)
            Rows of the source, numbers.

        Xt : array-like of shape (n_target_samples, n_features)
            Rows of the target.

        max_rows : int, default=1000
            How many rows of each to draw.

        random_state : int, RandomState instance or None, default=0
            Draws them.

        ax : matplotlib axes, default=None
            Where to draw. If None, in a new figure.

        **plot_params : dict
            Given to `matplotlib.axes.Axes.scatter`.

        Returns
        -------
        display : ShiftDisplay
        """
        before = cls._project(Xs, Xt, max_rows, random_state)
        axes = "column" if np.shape(Xs)[1] <= 2 else "principal component"
        return cls(before, axes=axes).plot(ax=ax, **plot_params)

    @classmethod
    def from_estimator(
        cls, adapter, Xs, Xt, *, max_rows=1000, random_state=0, ax=None, **plot_params
    ):
        """Draw both domains as they are, and as a fitted adapter maps them.

        Parameters
        ----------
        adapter : FeatureAdapter
            Fitted.

        Xs, Xt, max_rows, random_state, ax, **plot_params
            As in `from_samples`; `ax` holds two axes.

        Returns
        -------
        display : ShiftDisplay
        """
        if not isinstance(adapter, FeatureAdapter):
            raise TypeError(
                "ShiftDisplay shows how adapters map features; "
                f"{type(adapter).__name__} does not. See `WeightsDisplay` for methods "
                "that weigh rows."
            )
        mapped = [
            call_as(adapter, "transform", X, domain)
            for X, domain in ((Xs, 0), (Xt, -1))
        ]
        before, after = (
            cls._project(*parts, max_rows, random_state) for parts in ((Xs, Xt), mapped)
        )
        axes = "column" if np.shape(Xs)[1] <= 2 else "principal component"
        display = cls(before, after, axes=axes, name=type(adapter).__name__)
        return display.plot(ax=ax, **plot_params)

    def plot(self, ax=None, **plot_params):
        """Draw.

        Parameters
        ----------
        ax : matplotlib axes, default=None
            One, or two where there is an adapter. If None, in a new figure.

        **plot_params : dict
            Given to `matplotlib.axes.Axes.scatter`.

        Returns
        -------
        display : ShiftDisplay
            This one.
        """
        pictures = [("as they are", self.before)]
        if self.after is not None:
            pictures.append((f"as {self.name} maps them", self.after))
        width = 4.5 * len(pictures) + 1
        if ax is None:
            ax, figure = new_axes(None, ncols=len(pictures), figsize=(width, 4))
        else:
            ax, figure = new_axes(ax)
        self.ax_, self.figure_ = np.atleast_1d(ax), figure
        if len(self.ax_) != len(pictures):
            raise ValueError(
                f"`ax` must hold {len(pictures)} axes, got {len(self.ax_)}."
            )
        style = {"s": 10, "alpha": 0.5, "linewidths": 0} | plot_params
        for axes, (title, (source, target)) in zip(self.ax_, pictures, strict=True):
            axes.scatter(*source.T, color=SOURCE, label="source", **style)
            axes.scatter(*target.T, color=TARGET, label="target", **style)
            axes.set(
                title=f"Rows {title}", xlabel=f"{self.axes} 1", ylabel=f"{self.axes} 2"
            )
        legend_outside(self.ax_[-1])
        return self
