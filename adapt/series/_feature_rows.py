"""Rows of features that know the series they were made of."""

import numpy as np


class FeatureRows(np.ndarray):
    """A table of features whose rows carry their series along.

    Rows that are taken keep theirs. Everything else is an array without series.
    """

    series = None

    @classmethod
    def of(cls, features, series):
        """Return a table of ``features`` that carries ``series``.

        Parameters
        ----------
        features : ndarray of shape (n_series, n_features)
            Features.

        series : ndarray of shape (n_series, n_steps, n_channels)
            What they were made of.

        Returns
        -------
        rows : FeatureRows
            A view of ``features``.
        """
        rows = features.view(cls)
        rows.series = series
        return rows

    def __getitem__(self, key):
        taken = super().__getitem__(key)
        of_rows = isinstance(key, slice) or (
            isinstance(key, np.ndarray) and key.ndim == 1
        )
        if self.series is not None and of_rows:
            return FeatureRows.of(np.asarray(taken), self.series[key])
        return np.asarray(taken) if isinstance(taken, np.ndarray) else taken

    def __reduce__(self):
        return FeatureRows.of, (np.asarray(self), self.series)


def series_of(X):
    """Return the series that rows carry, and rows without any as they are."""
    return X.series if isinstance(X, FeatureRows) and X.series is not None else X
