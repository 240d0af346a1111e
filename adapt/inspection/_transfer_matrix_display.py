"""From each domain to each other."""

import numpy as np
from sklearn.base import clone
from sklearn.utils import check_random_state

from adapt._domains import read_labels, source_labels
from adapt._frames import as_rows, take_rows
from adapt.inspection._figures import new_axes, score_name


class TransferMatrixDisplay:
    """Scores of a model from each domain on each domain.

    Parameters
    ----------
    scores : ndarray of shape (n_domains, n_domains)
        Row: where the labels are from. Column: where it is scored.

    names : list of str
        Names of the domains.

    scoring : str, default="score"
        What the scores are.

    Attributes
    ----------
    ax_ : matplotlib axes
    figure_ : matplotlib figure

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.base import SourceOnly
    >>> from adapt.inspection import TransferMatrixDisplay
    >>> rng = np.random.default_rng(0)
    >>> X, domain = rng.normal(size=(150, 2)), np.repeat(["a", "b", "c"], 50)
    >>> y = X[:, 0] > 0
    >>> display = TransferMatrixDisplay.from_estimator(SourceOnly(), X, y, domain)
    >>> display.scores.shape
    (3, 3)
    """

    def __init__(self, scores, names, *, scoring="score"):
        self.scores = scores
        self.names = names
        self.scoring = scoring

    @classmethod
    def from_estimator(
        cls, adapter, X, y, domain, *, random_state=0, ax=None, **plot_params
    ):
        """Fit an adapter from each domain to each other, and draw the scores.

        Parameters
        ----------
        adapter : adapter
            Not fitted. One that needs no labels of the target.

        X : array-like of shape (n_samples, n_features)
            Rows of all domains.

        y : array-like of shape (n_samples,)
            Their labels.

        domain : array-like of shape (n_samples,)
            The domain of each row, of any type.

        random_state : int, RandomState instance or None, default=0
            Halves each domain for its score on itself.

        ax : matplotlib axes, default=None
            Where to draw. If None, in a new figure.

        **plot_params : dict
            Given to `matplotlib.axes.Axes.imshow`.

        Returns
        -------
        display : TransferMatrixDisplay
        """
        rng = check_random_state(random_state)
        X, domain = as_rows(X), np.asarray(domain)
        y = source_labels(read_labels(y, X))
        names = list(dict.fromkeys(domain.tolist()))
        if len(names) < 2:
            raise ValueError(f"`domain` must hold 2 different values, got {names}.")
        rows = [np.flatnonzero(domain == name) for name in names]
        scores = np.empty((len(names), len(names)))
        for i, source in enumerate(rows):
            for j, target in enumerate(rows):
                here, there = source, target
                if i == j:
                    here, there = np.array_split(rng.permutation(source), 2)
                model = clone(adapter).fit(
                    take_rows(X, here), y[here], Xt=take_rows(X, there)
                )
                scores[i, j] = model.score(take_rows(X, there), y[there])
        names = [str(name) for name in names]
        display = cls(scores, names, scoring=score_name(adapter, y))
        return display.plot(ax=ax, **plot_params)

    def plot(self, ax=None, **plot_params):
        """Draw.

        Parameters
        ----------
        ax : matplotlib axes, default=None
            Where to draw. If None, in a new figure.

        **plot_params : dict
            Given to `matplotlib.axes.Axes.imshow`.

        Returns
        -------
        display : TransferMatrixDisplay
            This one.
        """
        size = 2.5 + 0.7 * len(self.names)
        self.ax_, self.figure_ = new_axes(ax, figsize=(size + 1, size))
        image = self.ax_.imshow(self.scores, **({"cmap": "viridis"} | plot_params))
        ticks = np.arange(len(self.names))
        self.ax_.set_xticks(ticks, self.names, rotation=30, ha="right")
        self.ax_.set_yticks(ticks, self.names)
        self.ax_.set(title="Transfer", xlabel="scored on", ylabel="trained on")
        middle = (image.norm.vmin + image.norm.vmax) / 2
        for (i, j), score in np.ndenumerate(self.scores):
            color = "white" if score < middle else "black"
            self.ax_.text(j, i, f"{score:.2f}", ha="center", va="center", color=color)
        self.figure_.colorbar(image, ax=self.ax_, label=self.scoring)
        return self
