"""Kernels as codes of 4 or 8 bits, and back."""

import numpy as np
from keras import ops
from scipy.stats import norm

__all__ = ["BLOCK", "LEVELS", "decoded", "encoded", "stored_shapes"]

BLOCK = 64  # numbers that share a scale, in 4 bits


def _levels():
    """Return the 16 levels of NF4, from -1 to 1.

    They are quantiles of a normal distribution, eight above 0, seven below, and 0. The
    offset keeps the outermost quantiles finite.
    """
    offset = 1 - (1 / 30 + 1 / 32) / 2
    above = norm.ppf(np.linspace(offset, 0.5, 9)[:-1])
    below = -norm.ppf(np.linspace(offset, 0.5, 8)[:-1])
    levels = np.sort(np.concatenate([below, [0.0], above]))
    return (levels / levels.max()).astype("float32")


LEVELS = _levels()


def stored_shapes(shape, form):
    """Return the shapes and dtypes of codes and scales, for a kernel of ``shape``."""
    n = int(np.prod(shape))
    if form == "int8":
        return [((n,), "int8"), ((shape[-1],), "float32")]
    n_blocks = -(-n // BLOCK)
    return [((n_blocks * BLOCK // 2,), "uint8"), ((n_blocks,), "float32")]


def encoded(kernel, form):
    """Return codes and scales.

    Parameters
    ----------
    kernel : ndarray of shape (..., n_channels)
        Numbers.

    form : {"nf4", "int8"}
        4 bits with a scale for each 64 numbers, two codes in a byte; or 8 bits with a
        scale for each channel.

    Returns
    -------
    codes, scales : ndarray
        Of the shapes that `stored_shapes` returns.
    """
    tiny = np.finfo("float32").tiny
    if form == "int8":
        flat = kernel.reshape(-1, kernel.shape[-1])
        scales = np.maximum(np.abs(flat).max(axis=0), tiny) / 127
        return np.rint(flat / scales).astype("int8").ravel(), scales.astype("float32")
    padded = np.zeros(-(-kernel.size // BLOCK) * BLOCK, dtype="float32")
    padded[: kernel.size] = kernel.ravel()
    blocks = padded.reshape(-1, BLOCK)
    scales = np.maximum(np.abs(blocks).max(axis=1), tiny)
    middles = (LEVELS[1:] + LEVELS[:-1]) / 2
    codes = np.searchsorted(middles, blocks / scales[:, None]).astype("uint8").ravel()
    return codes[0::2] * 16 + codes[1::2], scales.astype("float32")


def decoded(codes, scales, shape, form):
    """Return the kernel that codes stand for, as a tensor.

    Parameters
    ----------
    codes, scales : tensor
        As `encoded` returns them.

    shape : tuple of int
        Shape of the kernel.

    form : {"nf4", "int8"}
        As in `encoded`.
    """
    codes, scales = ops.convert_to_tensor(codes), ops.convert_to_tensor(scales)
    if form == "int8":
        flat = ops.reshape(ops.cast(codes, "float32"), (-1, shape[-1]))
        return ops.reshape(flat * scales, shape)
    codes = ops.cast(codes, "int32")
    pairs = ops.stack([codes // 16, codes % 16], axis=-1)
    blocks = ops.take(ops.convert_to_tensor(LEVELS), ops.reshape(pairs, (-1, BLOCK)))
    flat = ops.reshape(blocks * ops.expand_dims(scales, 1), (-1,))
    return ops.reshape(flat[: int(np.prod(shape))], shape)
