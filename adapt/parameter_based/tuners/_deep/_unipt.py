"""UniPT: attention over all blocks of a frozen network at once."""

from numbers import Integral

import keras
from keras import ops

from adapt._sklearn import Interval
from adapt.parameter_based.tuners._deep._layers import Drawn
from adapt.parameter_based.tuners._deep._sides import (
    NarrowedSide,
    SideTuner,
    aligned,
    built_dense,
    built_norm,
)
from adapt.parameter_based.tuners._deep._tuner import TARGETS

__all__ = ["UniPT", "UniPTSide"]

_TINY = 1e-6


@keras.saving.register_keras_serializable("adapt")
class UniPTSide(NarrowedSide):
    """The side network of `UniPT`; parameters as in `NarrowedSide`."""

    def _make(self, counts, channels):
        count, width = super()._make(counts, channels)
        if len(channels) > 1:  # one block has all the confidence
            self.confidence = self.add_weight((width,), Drawn(width), name="confidence")
        self.mix = built_dense(width, width, "mix")
        self.norm_mix = built_norm(width, "norm_mix")
        return count, width

    def _attended(self, anchor, g, count):
        """Return ``(relu(a g') / its sums + I) g`` for the tokens of the anchor."""
        scores = ops.relu(ops.matmul(anchor, ops.transpose(g, (0, 2, 1))))
        scores = scores / (ops.sum(scores, axis=-1, keepdims=True) + _TINY)
        return ops.matmul(scores, g) + aligned(g, count, self.counts[-1])

    def _side(self, taps):
        read = self._narrowed(taps)
        anchor = read[-1]
        pairs = zip(read, self.counts, strict=True)
        found = ops.stack([self._attended(anchor, *pair) for pair in pairs])
        if len(taps) > 1:
            means = ops.stack([ops.mean(g, axis=1) for g in read])
            c = ops.matmul(means[-1] * means, self.confidence)
            found = ops.softmax(c, axis=0)[:, :, None, None] * found
        return ops.relu(anchor + self.norm_mix(self.mix(ops.sum(found, axis=0))))


@keras.saving.register_keras_serializable("adapt")
class UniPT(SideTuner):
    r"""Attention over all blocks of a frozen network at once [1]_.

    All outputs :math:`h_i` of blocks are narrowed, :math:`g_i = \mathrm{LN}(W_i h_i)`;
    the tokens of the last, :math:`a = g_L`, attend to those of each block, and blocks
    are weighted by a confidence :math:`c_i`:

    .. math:: C_i &= (\mathrm{relu}(a g_i^T) / \text{row sums} + I) g_i, \quad
              c_i = w^T (\bar a \circ \bar g_i) \\
              s &= \mathrm{relu}(a + \mathrm{LN}(W \sum_i \mathrm{softmax}_i(c) C_i))

    with means :math:`\bar a, \bar g_i` over tokens. The output becomes :math:`y + U s`,
    with the mean of :math:`s` over time if :math:`y` has none, and :math:`U = 0` at the
    start. No gradient passes through the frozen network.

    Parameters
    ----------
    reduction : int, default=4
        By what the channels of the last block are divided for the side network, which
        has at least 4.

    targets : str, list of str or None, default=None
        As in `Ladder`: where the network is read.

    See Also
    --------
    Ladder : Blocks one after the other.
    SHERL : Goes through the last blocks of the network.

    Notes
    -----
    Departures from [1]_: the output of the network stays, and the side network is added
    to it. Where a block has another number of tokens than the last one, the identity
    :math:`I` stands for their mean; a network that gives vectors has one token.

    It takes Sequential and functional networks. The matrices :math:`W_i` are trained,
    so that the outputs of all blocks are kept until their gradient is formed.

    References
    ----------
    .. [1] Diao et al. "UniPT: universal parallel tuning for transfer learning with
       efficient parameter and memory." CVPR, 2024.

    Examples
    --------
    >>> from adapt.parameter_based import FineTuning
    >>> from adapt.parameter_based.tuners import UniPT
    >>> FineTuning(tuner=UniPT(2)).tuner
    UniPT(reduction=2)
    """

    _parameter_constraints: dict = {
        "reduction": [Interval(Integral, 1, None, closed="left")],
        "targets": TARGETS,
    }

    def __init__(self, reduction=4, targets=None):
        self.reduction = reduction
        self.targets = targets

    def _new_side(self):
        return UniPTSide(self.reduction)
