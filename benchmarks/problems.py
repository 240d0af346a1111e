"""Data and scores, made by numpy alone: the same in every environment."""

from typing import NamedTuple

import numpy as np


class Problem(NamedTuple):
    """Source and target rows to fit on, and target rows that are held out."""

    Xs: np.ndarray
    ys: np.ndarray
    Xt: np.ndarray
    yt: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray

    def as_classes(self):
        """Return the problem with labels 0 and 1 in place of numbers."""
        ys, yt, y_test = ((y > 0).astype(int) for y in (self.ys, self.yt, self.y_test))
        return self._replace(ys=ys, yt=yt, y_test=y_test)

    def as_float32(self):
        return Problem(
            *(v.astype("float32") if v.dtype.kind == "f" else v for v in self)
        )


def table(n, seed, n_columns=20):
    """Return n source and n target rows of Gaussians with other means and scales.

    The labels follow the same function in both domains, a line and a wave.
    """
    rng = np.random.default_rng(seed)
    slope = rng.normal(size=n_columns) / np.sqrt(n_columns)
    scale = np.linspace(0.7, 1.1, n_columns)

    def domain(scale, shift):
        X = scale * rng.normal(size=(n, n_columns)) + shift
        noise = 0.1 * rng.normal(size=n)
        return X, X @ slope + 0.5 * np.sin(3 * X[:, 0]) + noise

    return Problem(*domain(1.0, 0.0), *domain(scale, 0.4), *domain(scale, 0.4))


def series(n, seed, length=128, n_channels=9, n_classes=6):
    """Return n source and n target series: waves whose frequency is the class.

    Target series stand on an offset per channel and are noisier.
    """
    rng = np.random.default_rng(seed)
    time = np.arange(length)[:, None] / length
    detune = 1 + 0.1 * np.arange(n_channels)
    offset = np.cos(np.arange(n_channels))

    def domain(shift, noise):
        y = rng.integers(0, n_classes, size=n)
        phase = rng.uniform(0, 2 * np.pi, size=(n, 1, n_channels))
        waves = np.sin(2 * np.pi * (2 + y)[:, None, None] * detune * time + phase)
        return waves + shift * offset + noise * rng.normal(size=waves.shape), y

    return Problem(*domain(0.0, 0.3), *domain(0.5, 0.6), *domain(0.5, 0.6))


def problem(data, task, n, seed):
    """Return the data set by its name, with labels for the task."""
    made = {"table": table, "series": series}[data](n, seed)
    needs_classes = task == "classification" and made.ys.dtype.kind == "f"
    return made.as_classes() if needs_classes else made


def accuracy(y_true, y_pred):
    return float(np.mean(np.ravel(y_pred) == y_true))


def r2(y_true, y_pred):
    residual = np.sum((y_true - np.ravel(y_pred)) ** 2)
    return float(1 - residual / np.sum((y_true - y_true.mean()) ** 2))


SCORES = {"regression": r2, "classification": accuracy}
