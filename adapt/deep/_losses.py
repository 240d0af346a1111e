"""Losses of deep methods: pure functions of tensors, the same on every backend.

A task loss has one value per row, so that rows can be weighed; what compares two
domains is one number. Cross-entropies take logits, which neither overflow nor saturate.
"""

from keras import ops

__all__ = [
    "coral",
    "covariance",
    "domain_cross_entropy",
    "flatten",
    "logit",
    "mean_gap",
    "reverse_gradient",
    "sigmoid_cross_entropy",
    "softmax_cross_entropy",
    "squared_error",
]

TINY = 1e-7  # probabilities are kept this far from 0 and 1


def flatten(z):
    """Return features of any shape as one row per sample."""
    return z if len(z.shape) == 2 else ops.reshape(z, (ops.shape(z)[0], -1))


def reverse_gradient(x, strength):
    """Return ``x``, whose gradient is multiplied by ``-strength`` on the way back.

    Parameters
    ----------
    x : tensor
        Any features.

    strength : float or scalar tensor
        What the gradient is multiplied by, negated. It may be traced.

    Returns
    -------
    x : tensor
        The same values, bit for bit.
    """
    # The added term is exactly zero; only its derivative is not.
    return ops.stop_gradient(x) + strength * (ops.stop_gradient(x) - x)


def covariance(z):
    """Return the unbiased covariance of the columns of ``z`` (n_rows, n_features)."""
    n = z.shape[0]
    centred = z - ops.mean(z, axis=0)
    return ops.matmul(ops.transpose(centred), centred) / max(n - 1, 1)


def coral(zs, zt):
    """Return the CORAL loss, ``||cov(zs) - cov(zt)||_F^2 / (4 d^2)``.

    Parameters
    ----------
    zs, zt : tensors of shape (n_rows, d)
        Features of both domains; the numbers of rows may differ.

    Returns
    -------
    loss : scalar tensor

    References
    ----------
    Sun & Saenko. "Deep CORAL: correlation alignment for deep domain adaptation." ECCV
    workshops, 2016, equation 1.
    """
    return ops.mean(ops.square(covariance(zs) - covariance(zt))) / 4


def mean_gap(zs, zt):
    """Return the mean squared difference of the column means of ``zs`` and ``zt``."""
    return ops.mean(ops.square(ops.mean(zs, axis=0) - ops.mean(zt, axis=0)))


def logit(p):
    """Return the logits of probabilities, finite also for 0 and 1."""
    p = ops.clip(p, TINY, 1 - TINY)
    return ops.log(p) - ops.log1p(-p)


def sigmoid_cross_entropy(y, logits):
    """Return ``-y log p - (1 - y) log(1 - p)``, ``p`` the sigmoid of ``logits``."""
    return ops.softplus(logits) - y * logits


def softmax_cross_entropy(y, logits):
    """Return minus the log-probability of class ``y``.

    Parameters
    ----------
    y : integer tensor of shape (n_rows,)
        Class numbers.

    logits : tensor of shape (n_rows, n_classes)
        Unnormalised log-probabilities.

    Returns
    -------
    loss : tensor of shape (n_rows,)
    """
    picked = ops.one_hot(y, logits.shape[-1], dtype=logits.dtype) * logits
    return ops.logsumexp(logits, axis=-1) - ops.sum(picked, axis=-1)


def squared_error(y, outputs):
    """Return the squared error of each row, averaged over outputs."""
    return ops.mean(ops.square(y - outputs), axis=-1)


def domain_cross_entropy(source_logits, target_logits):
    """Return the cross-entropy of a discriminator that says 1 for the source.

    The means over both domains are added, not averaged, as in ADAPT.
    """
    return ops.mean(ops.softplus(-source_logits)) + ops.mean(
        ops.softplus(target_logits)
    )
