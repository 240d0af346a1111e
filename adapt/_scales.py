"""Whether a source was scaled and its target was not, which a pipeline of two does."""

import warnings

import numpy as np
from scipy import sparse

_FAR = 10  # half of the columns of a shifted target lie nearer than that, in scales


def _equal(found, expected):
    """Return whether all values are the expected one, up to rounding."""
    return np.allclose(found, expected, rtol=0, atol=1e-6)


def how_scaled(X):
    """Return how rows look scaled: in words, with a centre and a scale; or None.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Rows; no column is constant.

    Returns
    -------
    found : tuple of (str, float, float) or None
    """
    if _equal(X.mean(axis=0), 0) and _equal(X.std(axis=0), 1):
        return "mean 0 and deviation 1", 0.0, 1.0
    low, high = X.min(axis=0), X.max(axis=0)
    if _equal(low, low[0]) and _equal(high, high[0]):
        words = f"the same range from {low[0]:.3g} to {high[0]:.3g}"
        return words, (low[0] + high[0]) / 2, (high[0] - low[0]) / 2
    if _equal(np.maximum(-low, high), 1):
        return "a largest absolute value of 1", 0.0, 1.0
    first, median, third = np.percentile(X, [25, 50, 75], axis=0)
    if _equal(median, 0) and _equal(third - first, 1):
        return "median 0 and an interquartile range of 1", 0.0, 1.0
    return None


def warn_if_scaled_alone(Xs, Xt):
    """Warn where the source was scaled by its own columns, and the target was not.

    A shift may put a few columns far away, but not half of them ten scales. Rows that
    are not of the order of one in the source, or are in the target, cost one pass.

    Parameters
    ----------
    Xs, Xt : ndarrays or sparse matrices of shape (n_samples, n_features)
        Rows of the domains.
    """
    if sparse.issparse(Xs) or Xs.ndim > 2 or min(*Xs.shape, *Xt.shape) == 0:
        return
    if not np.median(np.abs(Xs.mean(axis=0))) < _FAR:  # also with missing values
        return
    if not np.median(np.abs(Xt).mean(axis=0)) > _FAR:
        return
    varies = Xs.min(axis=0) < Xs.max(axis=0)
    found = how_scaled(Xs[:, varies]) if varies.any() else None
    if found is None:
        return
    words, centre, scale = found
    far = np.abs(Xt[:, varies] - centre).mean(axis=0) / scale
    if np.median(far) > _FAR:
        warnings.warn(
            f"All columns of the source have {words}, and the target lies up to "
            f"{far.max():.3g} times that away: was the source scaled alone? In a "
            'pipeline of two tables give `transform_input=["Xt"]`, so that steps '
            "before the adapter transform the target too, or use `sample_domain`.",
            UserWarning,
            stacklevel=5,
        )
