"""The equations of GAIN, cell by cell, as functions of tensors."""

from keras import ops

__all__ = [
    "discriminator_loss",
    "fill_holes",
    "hint_of",
    "masked_mean",
    "misleading_loss",
]


def masked_mean(values, weight):
    """Return the mean of values by weight, 0 where no cell has any."""
    return ops.sum(values * weight) / ops.maximum(ops.sum(weight), 1.0)


def fill_holes(X, shown, outputs, is_level):
    """Return rows with the generator's outputs where no value was shown.

    Parameters
    ----------
    X, shown : tensors of shape (n_samples, [time,] n_columns)
        Values, and 1 where the generator was shown them.

    outputs : tensor of the same shape
        Numbers, and for levels the logarithms of probabilities.

    is_level : ndarray of shape (n_columns,), dtype bool
        Which columns are levels.
    """
    values = ops.where(ops.convert_to_tensor(is_level), ops.exp(outputs), outputs)
    return shown * X + (1 - shown) * values


def hint_of(shown, told, kind):
    """Return the hint H, and the cells on which the two players are scored.

    Parameters
    ----------
    shown, told : tensors of shape (n_samples, [time,] n_columns)
        The mask m, and the draw B of what is told of it.

    kind : {"code", "paper"}
        "code": ``H = B m``, and every cell counts. "paper": ``H = B m + 0.5 (1 - B)``,
        and the cells that are not told count.
    """
    if kind == "code":
        return shown * told, ops.ones_like(shown)
    return told * shown + 0.5 * (1 - told), 1 - told


def discriminator_loss(logits, shown, scored):
    """Return the cross-entropy of what was shown, given logits that it was."""
    return masked_mean(ops.softplus(logits) - shown * logits, scored)


def misleading_loss(logits, shown, scored):
    """Return ``-mean[(1 - m) log D]``, small where filled cells pass for observed."""
    return masked_mean((1 - shown) * ops.softplus(-logits), scored)
