"""Changed copies of rows, which mean the same: numpy alone, alike on every backend."""

from functools import partial

import numpy as np

__all__ = ["augmenter", "mask_part", "random_signs", "scale_and_jitter"]


def scale_and_jitter(X, rng, scale=0.15, jitter=0.05):
    """Return rows whose channels are multiplied by numbers near 1, with some noise.

    Parameters
    ----------
    X : ndarray of shape (n_samples, ..., n_channels)
        Series or images.

    rng : numpy.random.Generator
        Draws a factor for each channel of each row, and the noise.

    scale : float, default=0.15
        Standard deviation of the factors around 1.

    jitter : float, default=0.05
        Standard deviation of the noise, in units of that of the channel in `X`.

    Returns
    -------
    changed : ndarray of the shape of `X`, dtype float32
        One changed copy of each row, in their order.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.deep import scale_and_jitter
    >>> X = np.ones((2, 50, 3))
    >>> changed = scale_and_jitter(X, np.random.default_rng(0), jitter=0.0)
    >>> bool(np.ptp(changed, axis=1).max() == 0)
    True
    """
    X = np.asarray(X, dtype=np.float32)
    one_a_channel = len(X), *(1,) * (X.ndim - 2), X.shape[-1]
    factors = 1 + scale * rng.standard_normal(one_a_channel, dtype=np.float32)
    deviation = X.std(axis=tuple(range(X.ndim - 1)))
    noise = rng.standard_normal(X.shape, dtype=np.float32)
    return X * factors + noise * (jitter * deviation)


def random_signs(X, rng):
    """Return series with the sign of each channel of each row drawn at random.

    For sensors that are worn on either side, or mounted either way round.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_steps, n_channels)
        Series.

    rng : numpy.random.Generator
        Draws the signs.

    Returns
    -------
    changed : ndarray of the shape of `X`, dtype float32
        One changed copy of each row, in their order.
    """
    X = np.asarray(X, dtype=np.float32)
    signs = rng.integers(0, 2, size=(len(X), 1, X.shape[-1])) * 2 - 1
    return X * signs.astype(np.float32)


def mask_part(X, rng, share=0.2):
    """Return rows of which a part is set to the means of the channels.

    Parameters
    ----------
    X : ndarray of shape (n_samples, ..., n_channels)
        Series or images.

    rng : numpy.random.Generator
        Draws where the part is, for each row.

    share : float, default=0.2
        Its length, of the steps, or of each side of an image.

    Returns
    -------
    changed : ndarray of the shape of `X`, dtype float32
        One changed copy of each row, in their order.
    """
    X = np.asarray(X, dtype=np.float32)
    hidden = np.ones((len(X), *(1,) * (X.ndim - 1)), dtype=bool)
    for axis in range(1, X.ndim - 1):
        size = X.shape[axis]
        length = round(share * size)
        start = rng.integers(0, size - length + 1, size=len(X))[:, None]
        at = np.arange(size)
        inside = (at >= start) & (at < start + length)
        shape = [1] * X.ndim
        shape[0], shape[axis] = len(X), size
        hidden = hidden & inside.reshape(shape)
    return np.where(hidden, X.mean(axis=tuple(range(X.ndim - 1))), X)


def _signs_too(X, rng):
    return random_signs(scale_and_jitter(X, rng), rng)


def _checked(function, X, rng):
    changed = np.asarray(function(X, rng), dtype=np.float32)
    if changed.shape != X.shape or not np.isfinite(changed).all():
        raise ValueError(
            "`augment` must return finite rows of the shape that it is given, "
            f"{X.shape}; got {changed.shape}."
        )
    return changed


def augmenter(augment, shape):
    """Return the function that changes rows, or None.

    Parameters
    ----------
    augment : str, callable or None
        The parameter.

    shape : tuple of int
        Shape of one row.
    """
    if augment == "signs":
        if len(shape) != 2:
            raise ValueError(
                f"`augment`='signs' is for series, got rows of shape {shape}. Give a "
                "function, or None."
            )
        return _signs_too
    if augment == "auto":
        return scale_and_jitter if len(shape) == 2 else None
    return None if augment is None else partial(_checked, augment)
