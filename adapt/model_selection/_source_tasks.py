"""Choice of the tasks to train on, so that their models cover a range of tasks."""

import numpy as np
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
from sklearn.utils import check_array


def coverage_gain(mean, spread, contexts, best, slope, exploration=1.0):
    r"""Return the expected gain of training on each context: MBTL's acquisition.

    A model trained on :math:`x` is expected to have
    :math:`\mu(x) + \lambda \sigma(x) - \theta \|x - x'\|` on the context :math:`x'`. It
    gains what this is above the best value there so far, in the mean over contexts.

    Parameters
    ----------
    mean, spread : ndarrays of shape (n_contexts,)
        Of the Gaussian process, of performance where a model was trained.

    contexts : ndarray of shape (n_contexts, n_dimensions)
        All contexts.

    best : ndarray of shape (n_contexts,)
        Best performance on each by the models so far.

    slope : float
        Loss of performance with distance.

    exploration : float, default=1.0
        Weight of `spread`.

    Returns
    -------
    gain : ndarray of shape (n_contexts,)
    """
    distance = np.linalg.norm(contexts[:, None] - contexts, axis=2)
    reached = (mean + exploration * spread)[:, None] - slope * distance
    return np.maximum(reached - best, 0).mean(axis=1)


class SourceTaskSelector:
    """Ask which task to train on next, and tell how its model did on all tasks [1]_.

    Use it if training a model is expensive, models can be used on tasks near to their
    own without training, and there is a range of tasks to cover: machine speeds, ages,
    regions. A Gaussian process learns how well a model does on its own task; models are
    taken to get worse linearly with distance.

    Parameters
    ----------
    contexts : array-like of shape (n_contexts, n_dimensions) or (n_contexts,)
        Where each task lies. Scale dimensions so that equal distances mean equally
        different tasks.

    exploration : float, default=1.0
        How much tasks of uncertain performance are preferred.

    Attributes
    ----------
    rows_ : dict
        Performance of each model that was told, on all contexts, by its context.

    best_ : ndarray of shape (n_contexts,)
        Best performance on each context by the models so far.

    slope_ : float
        Loss of performance per unit of distance, by least squares through the trained
        contexts; at least 0.

    See Also
    --------
    rank_sources : Which of the models to use on a new target.

    Notes
    -----
    The first task is the one in the middle. Time O(k^3) for k trained models, and
    O(n^2) for n contexts.

    References
    ----------
    .. [1] Cho, Jayawardana, Li and Wu. "Model-based transfer learning for contextual
       reinforcement learning." NeurIPS, 2024.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.model_selection import SourceTaskSelector
    >>> ages = np.linspace(0, 10, 11)
    >>> selector = SourceTaskSelector(ages)
    >>> for _ in range(3):
    ...     k = selector.ask()  # a context to train on; here performance is made up
    ...     _ = selector.tell(k, 1 - 0.1 * np.abs(ages - ages[k]))
    >>> list(selector.rows_)[0], len(selector.rows_)
    (5, 3)
    >>> bool(selector.best_.mean() > 0.8)
    True
    """

    def __init__(self, contexts, *, exploration=1.0):
        contexts = np.asarray(contexts, dtype=float)
        if contexts.ndim == 1:
            contexts = contexts[:, np.newaxis]
        self.contexts = check_array(contexts, input_name="contexts")
        self.exploration = exploration
        self.rows_ = {}

    def ask(self):
        """Return the context to train on next.

        Returns
        -------
        context : int
            Its place in `contexts`.

        Raises
        ------
        ValueError
            If all of them were told.
        """
        rows = self.rows_
        if len(rows) == len(self.contexts):
            raise ValueError("All contexts were told: there is none left to train on.")
        if not rows:
            middle = (self.contexts.min(axis=0) + self.contexts.max(axis=0)) / 2
            return int(np.linalg.norm(self.contexts - middle, axis=1).argmin())
        gain = self.gain()
        gain[list(rows)] = -np.inf
        return int(gain.argmax())

    def gain(self):
        """Return the expected gain of training on each context.

        Returns
        -------
        gain : ndarray of shape (n_contexts,)
            What all contexts are expected to gain by a model trained on each.
        """
        self._check_told()
        mean, spread = self._performance()
        return coverage_gain(
            mean, spread, self.contexts, self.best_, self.slope_, self.exploration
        )

    def tell(self, context, row):
        """Learn how a model that was trained on a context did on all of them.

        Parameters
        ----------
        context : int
            Place of the context in `contexts`.

        row : array-like of shape (n_contexts,)
            Performance on each, the greater the better. NaN where it was not measured.

        Returns
        -------
        self : SourceTaskSelector
            This one.
        """
        n = len(self.contexts)
        row = np.asarray(row, dtype=float)
        if row.shape != (n,):
            raise ValueError(
                f"`row` must have a value for each of the {n} contexts, got an array "
                f"of shape {row.shape}."
            )
        if not 0 <= context < n or np.isnan(row[context]):
            raise ValueError(
                f"`context` must be a place from 0 to {n - 1} with a value in `row`, "
                f"got {context!r}."
            )
        self.rows_ = {**self.rows_, int(context): row}
        table = np.stack(list(self.rows_.values()))
        self.slope_ = self._fitted_slope()
        # What was not measured is expected to fall with distance.
        expected = [
            own[k] - self.slope_ * self._distances(k) for k, own in self.rows_.items()
        ]
        self.best_ = np.where(np.isnan(table), expected, table).max(axis=0)
        return self

    def choose(self):
        """Return the trained context whose model is best for each context.

        Returns
        -------
        contexts : ndarray of shape (n_contexts,), dtype int
            Places in `contexts`.
        """
        self._check_told()
        table = np.stack(list(self.rows_.values()))
        known = np.where(np.isnan(table), -np.inf, table)
        return np.array(list(self.rows_))[known.argmax(axis=0)]

    def _check_told(self):
        if not self.rows_:
            raise ValueError("Nothing is known yet: call `tell` first.")

    def _distances(self, context):
        return np.linalg.norm(self.contexts - self.contexts[context], axis=1)

    def _fitted_slope(self):
        """Return the slope of the loss over distance, through zero at the own task."""
        distance = np.concatenate([self._distances(k) for k in self.rows_])
        loss = np.concatenate([row[k] - row for k, row in self.rows_.items()])
        seen = ~np.isnan(loss)
        squares = np.sum(np.square(distance[seen]))
        if squares == 0:
            return 0.0
        return max(float(distance[seen] @ loss[seen] / squares), 0.0)

    def _performance(self):
        """Return mean and deviation of a model's performance on its own context."""
        trained = list(self.rows_)
        own = np.array([self.rows_[k][k] for k in trained])
        span = np.ptp(self.contexts, axis=0).max()
        length = span / 4 if span > 0 else 1.0
        level, scale = own.mean(), max(own.std(), 0.1 * np.abs(own).max(), 1e-12)
        kernel = ConstantKernel(1.0, "fixed") * RBF(length, "fixed")
        kernel += WhiteKernel(1e-4, "fixed")
        process = GaussianProcessRegressor(kernel)
        process.fit(self.contexts[trained], (own - level) / scale)
        mean, spread = process.predict(self.contexts, return_std=True)
        return level + scale * mean, scale * spread
