"""Losses of deep methods: pure functions of tensors, the same on every backend.

A task loss has one value per row, so that rows can be weighed; what compares two
domains is one number. Cross-entropies take logits, which neither overflow nor saturate.
"""

import math

import numpy as np
from keras import ops

from adapt.deep._engine import matmul, value_and_gradient

__all__ = [
    "TINY",
    "adversarial_offset",
    "batch_nuclear_norm",
    "class_confusion",
    "contrastive",
    "coral",
    "cross_cost",
    "domain_confusion",
    "domain_cross_entropy",
    "entropy",
    "flatten",
    "gradient_penalty",
    "joint_mmd",
    "kl_divergence",
    "logit",
    "logits_of_probabilities",
    "mean_gap",
    "membership",
    "mutual_information",
    "of_class",
    "reverse_gradient",
    "shares_of",
    "sigmoid_cross_entropy",
    "sinkhorn_plan",
    "softmax_cross_entropy",
    "squared_distances",
    "squared_error",
    "unlikelihood",
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


def shares_of(weights, n):
    """Return weights of ``n`` rows scaled to sum one; equal ones for None."""
    if weights is None:
        return ops.full((n,), 1 / n)
    return weights / ops.sum(weights)


def coral(zs, zt, weights=None):
    """Return the CORAL loss, ``||cov(zs) - cov(zt)||_F^2 / (4 d^2)``.

    Parameters
    ----------
    zs, zt : tensors of shape (n_rows, d)
        Features of both domains; the numbers of rows may differ.

    weights : tensor of shape (n_rows,), default=None
        Weights of the source rows, in its mean and its covariance.

    Returns
    -------
    loss : scalar tensor
        Not negative; 0 where the covariances agree.

    References
    ----------
    Sun & Saenko. "Deep CORAL: correlation alignment for deep domain adaptation." ECCV
    workshops, 2016, equation 1.
    """
    # No gradient comes back through the means: that of the product is centred itself.
    ns, nt = zs.shape[0], zt.shape[0]
    center = ops.mean(zs, axis=0)
    if weights is not None:
        center = ops.sum(shares_of(weights, ns)[:, None] * zs, axis=0)
    centers = center, ops.mean(zt, axis=0)
    z = [v - ops.stop_gradient(m) for v, m in zip((zs, zt), centers, strict=True)]
    z = ops.concatenate(z)
    share = [[1 / max(ns - 1, 1)]] * ns + [[-1 / max(nt - 1, 1)]] * nt
    share = ops.convert_to_tensor(share, dtype=z.dtype)
    if weights is not None:
        own = shares_of(weights, ns) * (ns / max(ns - 1, 1))
        share = ops.concatenate([own[:, None], share[ns:]])
    # Both factors of this symmetric product have the same gradient: one is computed.
    half = matmul(ops.stop_gradient(z), z * share, transpose_a=True)
    gap = 2 * half - ops.stop_gradient(half)
    return ops.mean(ops.square(gap)) / 4


def mean_gap(zs, zt, weights=None):
    """Return the mean squared difference of the column means of ``zs`` and ``zt``.

    ``weights`` are those of source rows.
    """
    shares = shares_of(weights, zs.shape[0])
    mean = ops.sum(shares[:, None] * zs, axis=0)
    return ops.mean(ops.square(mean - ops.mean(zt, axis=0)))


def logit(p):
    """Return the logits of probabilities, finite also for 0 and 1."""
    p = ops.clip(p, TINY, 1 - TINY)
    return ops.log(p) - ops.log1p(-p)


def logits_of_probabilities(p):
    """Return logits of a column of probabilities of one class, or of those of all."""
    if p.shape[-1] == 1:
        return logit(p)
    # Log-probabilities are logits: their softmax gives the probabilities again.
    return ops.log(ops.clip(p, TINY, 1.0))


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
    return -of_class(y, ops.log_softmax(logits, axis=-1))


def of_class(y, values):
    """Return of each row of ``values`` (n_rows, n_classes) that in column ``y``."""
    chosen = membership(y, values.shape[-1])
    return ops.sum(ops.cast(chosen, values.dtype) * values, axis=-1)


def membership(y, n_classes):
    """Return for each row, as booleans, which of ``n_classes`` is its class."""
    # `ops.one_hot` looks at values on torch, and cannot be traced.
    return y[:, None] == ops.arange(n_classes, dtype=y.dtype)


def squared_error(y, outputs):
    """Return the squared error of each row, averaged over outputs."""
    return ops.mean(ops.square(y - outputs), axis=-1)


def domain_cross_entropy(logits, n_source, weights=None, source_domains=None):
    """Return the cross-entropy of a discriminator of domains.

    The means over both domains are added, not averaged, as in ADAPT. Weights of rows
    are scaled to a mean of one in each domain.

    Parameters
    ----------
    logits : tensor of shape (n_rows, n_logits)
        Those of source rows and, below them, of target rows: one logit, of being a
        source row; or one for each source, and a last one for the target.

    n_source : int
        Number of source rows.

    weights : tensor of shape (n_rows,), default=None
        Weights.

    source_domains : tensor of int of shape (n_source,), default=None
        Numbers of the sources, where they are told apart.

    Returns
    -------
    loss : scalar tensor
        The sum of both domains' means.
    """
    sizes = n_source, logits.shape[0] - n_source

    def by_domain(*values, **kwargs):
        return ops.convert_to_tensor(np.repeat(values, sizes), **kwargs)

    if logits.shape[1] == 1:
        signs = by_domain(-1, 1, dtype="float32")
        losses = ops.softplus(signs * ops.reshape(logits, (-1,)))
    else:
        target = ops.full(sizes[1:], logits.shape[1] - 1, dtype=source_domains.dtype)
        domains = ops.concatenate([source_domains, target])
        losses = softmax_cross_entropy(domains, logits)
    if weights is None:
        share = by_domain(1 / sizes[0], 1 / sizes[1], dtype="float32")
    else:
        parts = ops.split(weights, [n_source])
        share = ops.concatenate([part / ops.sum(part) for part in parts])
    return ops.sum(share * losses)


def domain_confusion(logits, n_source):
    """Return the cross-entropy of a discriminator of domains for exchanged domains.

    With an output for each domain, source rows are to be said to be target rows, and
    target rows to be of any source.
    """
    if logits.shape[1] == 1:
        return domain_cross_entropy(-logits, n_source)
    own, other = ops.split(ops.log_softmax(logits, axis=-1), [n_source])
    of_source = ops.logsumexp(other[:, :-1], axis=-1)
    return -ops.mean(own[:, -1]) - ops.mean(of_source)


def squared_distances(x, y):
    """Return the squared distances of the rows of ``x`` to the rows of ``y``."""
    # Distances that are small beside the norms would be lost in rounding.
    origin = ops.stop_gradient(ops.mean(x, axis=0))
    x, y = x - origin, y - origin
    xx, yy = ops.sum(x * x, axis=1), ops.sum(y * y, axis=1)
    d = xx[:, None] + yy - 2 * matmul(x, y, transpose_b=True)
    return ops.maximum(d, 0.0)


def _typical(d, unit):
    """Return the mean or median of the distances off the diagonal, as a constant."""
    n = d.shape[0]
    if unit == "mean":
        return ops.stop_gradient(ops.sum(d) / max(n * (n - 1), 1)) + TINY
    first, second = np.triu_indices(n, 1)
    above = ops.take(ops.reshape(d, (-1,)), first * n + second)
    return ops.stop_gradient(ops.median(above)) + TINY


def _quadruples(kernel, n, weights=None):
    """Return the discrepancy by pairs of rows that follow each other.

    That is ``k(s1, s2) + k(t1, t2) - k(s1, t2) - k(s2, t1)`` on average, each term
    times the weights, of a mean of one, of the source rows in it. ``kernel`` has a row
    for each of the ``n`` source rows, and then for the target rows.
    """
    first, second = np.arange(0, n - 1, 2), np.arange(1, n, 2)
    rows = np.concatenate([first, n + first, first, second])
    columns = np.concatenate([second, n + second, n + second, n + first])
    values = ops.take(ops.reshape(kernel, (-1,)), rows * (2 * n) + columns)
    values = ops.reshape(values, (4, -1))
    if weights is not None:
        w = n * shares_of(weights, n)
        w1, w2 = ops.take(w, first), ops.take(w, second)
        values = values * ops.stack([w1 * w2, ops.ones_like(w1), w1, w2])
    means = ops.mean(values, axis=1)
    return means[0] + means[1] - means[2] - means[3]


def joint_mmd(
    *pairs, bandwidths=(0.25, 0.5, 1, 2, 4), unit="mean", linear=False, weights=None
):
    """Return the squared maximum mean discrepancy of joint distributions.

    The kernel is the product, over ``pairs``, of means of Gaussian kernels.

    Parameters
    ----------
    *pairs : pairs of tensors of shape (n_rows, d)
        For each layer, its values at source and at target rows. One pair gives the
        multi-kernel discrepancy.

    bandwidths : sequence of float, default=(0.25, 0.5, 1, 2, 4)
        Of the kernels, in the unit below.

    unit : {"mean", "median"}, default="mean"
        Of the squared distances in the batch.

    linear : bool, default=False
        Whether rows are compared that follow each other, and not all of them. Then
        both domains must have as many rows, two at least.

    weights : tensor of shape (n_rows,), default=None
        Weights of the source rows.

    Returns
    -------
    mmd : scalar tensor
        In [0, 2]. O(n_rows^2 d).

    References
    ----------
    Long et al. "Deep transfer learning with joint adaptation networks." ICML, 2017.
    """
    kernel = 1.0
    for zs, zt in pairs:
        z = ops.concatenate([zs, zt])
        d = squared_distances(z, z)
        d = d / _typical(d, unit)
        total = sum(ops.exp(-d / bandwidth) for bandwidth in bandwidths)
        kernel = kernel * total / len(bandwidths)
    n = pairs[0][0].shape[0]
    if linear and n > 1:
        return _quadruples(kernel, n, weights)
    if weights is None:
        within = ops.mean(kernel[:n, :n]) + ops.mean(kernel[n:, n:])
        return within - 2 * ops.mean(kernel[:n, n:])
    m = kernel.shape[0] - n
    signed = ops.concatenate([shares_of(weights, n), ops.full((m,), -1 / m)])
    return ops.sum(signed[:, None] * kernel * signed)


def entropy(logits):
    """Return the entropy of each row's class probabilities, in nats."""
    log_p = ops.log_softmax(logits, axis=-1)
    return -ops.sum(ops.exp(log_p) * log_p, axis=-1)


def mutual_information(logits):
    """Return the entropy of the mean prediction less the mean entropy."""
    mean = ops.mean(ops.softmax(logits, axis=-1), axis=0)
    return -ops.sum(mean * ops.log(mean + TINY)) - ops.mean(entropy(logits))


def kl_divergence(logits, other):
    """Return the divergence of the classes of ``other`` from those of ``logits``.

    That is ``sum p log(p / q)`` for each row, ``p`` of ``logits`` and ``q`` of
    ``other``.
    """
    log_p = ops.log_softmax(logits, axis=-1)
    log_q = ops.log_softmax(other, axis=-1)
    return ops.sum(ops.exp(log_p) * (log_p - log_q), axis=-1)


def class_confusion(logits, temperature):
    """Return how much predictions confuse classes, on average over classes.

    Parameters
    ----------
    logits : tensor of shape (n_rows, n_classes)
        Of target rows.

    temperature : float or scalar tensor
        What logits are divided by.

    Returns
    -------
    loss : scalar tensor
        0 where each class is certain or absent.

    References
    ----------
    Jin et al. "Minimum class confusion for versatile domain adaptation." ECCV, 2020.
    """
    logits = logits / temperature
    p = ops.softmax(logits, axis=-1)
    weight = ops.stop_gradient(1 + ops.exp(-entropy(logits)))
    weight = weight / ops.mean(weight)
    confusion = matmul(p, p * weight[:, None], transpose_a=True)
    confusion = confusion / ops.sum(confusion, axis=1, keepdims=True)
    return 1 - ops.mean(ops.diagonal(confusion))


def batch_nuclear_norm(p):
    """Return the sum of the singular values of probabilities, divided by the rows.

    Parameters
    ----------
    p : tensor of shape (n_rows, n_classes)
        Class probabilities.

    Returns
    -------
    norm : scalar tensor
        Its gradient is the nuclear norm's, ``U V^T`` of the singular vectors, from a
        decomposition of ``n_classes x n_classes`` alone.

    References
    ----------
    Cui et al. "Towards discriminability and diversity: batch nuclear-norm maximization
    under label insufficient situations." CVPR, 2020.
    """
    values, vectors = ops.eigh(ops.stop_gradient(matmul(p, p, transpose_a=True)))
    scaled = vectors / ops.sqrt(ops.maximum(values, TINY))
    inverse_root = ops.stop_gradient(matmul(scaled, vectors, transpose_b=True))
    # U V^T = p (p'p)^(-1/2), and the norm is its inner product with p.
    direction = ops.stop_gradient(ops.matmul(p, inverse_root))
    return ops.sum(direction * p) / p.shape[0]


def cross_cost(y, outputs, row_losses):
    """Return the task loss of each label ``y[i]`` at each prediction ``outputs[j]``.

    Parameters
    ----------
    y : tensor of shape (n, ...)
        Encoded labels.

    outputs : tensor of shape (m, n_outputs)
        Outputs of the task network.

    row_losses : callable
        ``row_losses(y, outputs)`` returns one loss per row.

    Returns
    -------
    cost : tensor of shape (n, m)
    """
    n, m = y.shape[0], outputs.shape[0]
    losses = row_losses(ops.repeat(y, m, axis=0), ops.tile(outputs, (n, 1)))
    return ops.reshape(losses, (n, m))


def sinkhorn_plan(cost, reg, n_iterations, weights=None):
    """Return the entropic transport plan between rows, as a constant.

    Parameters
    ----------
    cost : tensor of shape (n, m)
        Cost of moving row ``i`` to row ``j``.

    reg : float
        Entropic regularisation, in units of the mean cost.

    n_iterations : int
        Number of Sinkhorn iterations, on logarithms.

    weights : tensor of shape (n,), default=None
        Positive weights of the source rows; equal ones for None.

    Returns
    -------
    plan : tensor of shape (n, m)
        Non-negative; its columns sum to ``1 / m``, its rows to nearly ``1 / n``, or to
        their share of the weights. No gradient passes.

    References
    ----------
    Cuturi. "Sinkhorn distances: lightspeed computation of optimal transport." NIPS,
    2013.
    """
    cost = ops.stop_gradient(cost)
    n, m = cost.shape
    log_k = -cost / (reg * ops.mean(cost) + TINY)
    log_share = -math.log(n)
    if weights is not None:
        log_share = ops.log(shares_of(weights, n) + 1e-12)[:, None]

    def alternate(_, potentials):
        f, g = potentials
        f = log_share - ops.logsumexp(log_k + g, axis=1, keepdims=True)
        g = -ops.logsumexp(log_k + f, axis=0, keepdims=True) - math.log(m)
        return f, g

    start = ops.zeros((n, 1), dtype=cost.dtype), ops.zeros((1, m), dtype=cost.dtype)
    f, g = ops.fori_loop(0, n_iterations, alternate, start)
    return ops.stop_gradient(ops.exp(log_k + f + g))


def unlikelihood(y, logits):
    """Return ``-log(1 - p[y])`` for each row, ``p`` the softmax of ``logits``."""
    others = ops.where(membership(y, logits.shape[-1]), -1e9, logits)
    return ops.logsumexp(logits, axis=-1) - ops.logsumexp(others, axis=-1)


def contrastive(zs, ys, zt, yt, margin):
    """Return the contrastive loss of all pairs of a source and a target row.

    Pairs of one class are drawn together, by half their squared distance, and others
    pushed apart up to ``margin``.

    Parameters
    ----------
    zs, zt : tensors of shape (n_rows, d)
        Features.

    ys, yt : integer tensors of shape (n_rows,)
        Their classes.

    margin : float or scalar tensor
        Distance from which pairs of two classes are far enough apart.

    Returns
    -------
    loss : scalar tensor
        Mean over pairs.

    References
    ----------
    Motiian et al. "Unified deep supervised domain adaptation and generalization." ICCV,
    2017.
    """
    d = ops.sqrt(squared_distances(zs, zt) + TINY)
    wrong = ops.where(ys[:, None] == yt, d, ops.maximum(margin - d, 0.0))
    return ops.mean(wrong * wrong) / 2


def gradient_penalty(critic, z):
    """Return the mean of ``(|gradient of critic at z| - 1)^2`` over the rows of ``z``.

    The norm is that of one row's gradient, over all of its features. The critic's
    values at ``z`` are returned after the penalty.
    """
    values, slope = value_and_gradient(critic, z)
    slope = flatten(slope)
    norm = ops.sqrt(ops.sum(slope * slope, axis=1) + 1e-12)
    return ops.mean(ops.square(norm - 1)), values


def _unit(v):
    """Return rows of any shape scaled to a norm of one; rows of zeros stay."""
    axes = tuple(range(1, len(v.shape)))
    # Gradients of sure predictions are so small that their squares are zero.
    v = v / (ops.max(ops.abs(v), axis=axes, keepdims=True) + 1e-30)
    return v / ops.sqrt(ops.sum(v * v, axis=axes, keepdims=True) + 1e-30)


def adversarial_offset(logits_of, x, start, radius, n_iterations=1, unit="spread"):
    """Return how to move rows a little so that predictions change the most.

    For each row, the direction is the dominant eigenvector of the second derivative of
    the divergence of its predictions, by power iteration; that matrix is never formed,
    its product with a vector is a difference of gradients.

    Parameters
    ----------
    logits_of : callable
        From rows to logits; it treats each row by itself, and draws nothing.

    x : tensor of shape (n_rows, ...)
        Rows.

    start : tensor of the shape of a row
        Where the iteration starts, such as normal numbers.

    radius : float or scalar tensor
        Size of the offset.

    n_iterations : int, default=1
        Number of power iterations, each of a forward and a backward pass.

    unit : {"spread", "norm"}, default="spread"
        What the radius is: the root mean square, over the numbers of a row, of the
        offset in units of the standard deviations of columns, or channels, in ``x``; or
        the norm of the offset as it is.

    Returns
    -------
    offset : tensor of the shape of ``x``
        A constant: no gradient passes.

    References
    ----------
    Miyato et al. "Virtual adversarial training: a regularization method for supervised
    and semi-supervised learning." TPAMI, 2018, algorithm 1.
    """
    scale, size = 1.0, radius
    if unit == "spread":
        scale = ops.std(x, axis=tuple(range(len(x.shape) - 1)))
        size = radius * math.sqrt(math.prod(x.shape[1:]))
    logits = ops.stop_gradient(logits_of(x))
    direction = start + ops.zeros_like(x)
    for _ in range(n_iterations):
        _, slope = value_and_gradient(
            lambda v: kl_divergence(logits, logits_of(x + scale * v)),
            1e-2 * _unit(direction),
        )
        direction = ops.stop_gradient(slope)
    return ops.stop_gradient(size * scale * _unit(direction))
