"""Ladder side-tuning: a narrow network beside the frozen one."""

from numbers import Integral

import keras
import numpy as np
from keras import ops

from adapt._sklearn import Interval, StrOptions
from adapt.parameter_based.tuners._deep._sides import (
    Side,
    SideBlock,
    SideTuner,
    aligned,
    built_dense,
    narrowed,
)
from adapt.parameter_based.tuners._deep._tuner import TARGETS

__all__ = ["Ladder", "LadderSide", "pooling"]

_TEMPERATURE = 0.1


def pooling(channels, width):
    """Return the matrix that takes means of neighbouring channels.

    Parameters
    ----------
    channels, width : int
        Its numbers of rows and columns. Groups are of equal size, or almost.

    Returns
    -------
    matrix : ndarray of shape (channels, width)
        Its columns sum up to 1.
    """
    matrix = np.zeros((channels, width), dtype="float32")
    for column, group in enumerate(np.array_split(np.arange(channels), width)):
        matrix[group, column] = 1 / len(group)
    return matrix


@keras.saving.register_keras_serializable("adapt")
class LadderSide(Side):
    """The side network of `Ladder`; parameters are explained there.

    Parameters
    ----------
    reduction : int
    ladders : str
    block : str
    **kwargs : object
        As for `keras.layers.Layer`.
    """

    def __init__(self, reduction=8, ladders="pool", block="dense", **kwargs):
        super().__init__(**kwargs)
        self.reduction = reduction
        self.ladders = ladders
        self.block = block

    def _make(self, counts, channels):
        self.widths = widths = [narrowed(c, self.reduction) for c in channels]
        self.channels = channels
        self.gates = [
            self.add_weight((), "zeros", name=f"gate_{i}")
            for i in range(1, len(counts))
        ]
        self.linear = [
            built_dense(width, c, f"ladder_{i}")
            for i, (c, width) in enumerate(zip(channels, widths, strict=True))
            if self.ladders == "linear"
        ]
        # Between blocks of other widths.
        self.between = {
            str(i): built_dense(widths[i], widths[i - 1], f"between_{i}")
            for i in range(1, len(widths))
            if widths[i] != widths[i - 1]
        }
        attends = self.block == "attention"
        self.blocks = [
            SideBlock(width, attends and count != 1, name=f"block_{i}")
            for i, (width, count) in enumerate(zip(widths, counts, strict=True))
        ]
        for block, width in zip(self.blocks, widths, strict=True):
            block.build((None, None, width))
        return counts[-1], widths[-1]

    def _rung(self, i, h):
        if self.linear:
            return self.linear[i](h)
        return ops.matmul(h, pooling(self.channels[i], self.widths[i]))

    def _side(self, taps):
        s = self.blocks[0](self._rung(0, taps[0]))
        for i in range(1, len(taps)):
            s = aligned(s, *self.counts[i - 1 : i + 1])
            s = self.between[str(i)](s) if str(i) in self.between else s
            mu = ops.sigmoid(self.gates[i - 1] / _TEMPERATURE)
            s = self.blocks[i](mu * s + (1 - mu) * self._rung(i, taps[i]))
        return s

    def get_config(self):
        own = {
            "reduction": self.reduction,
            "ladders": self.ladders,
            "block": self.block,
        }
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable("adapt")
class Ladder(SideTuner):
    r"""A narrow network beside the frozen one, which reads its blocks (LST [1]_).

    Beside each block with the output :math:`h_i` stands a block of fewer channels:

    .. math:: s_i = b_i(\mu_i s_{i-1} + (1 - \mu_i) L_i h_i), \quad
              \mu_i = \sigma(a_i / 0.1), \quad s_0 = L_1 h_1

    with :math:`a_i = 0` at the start. The output becomes :math:`y + U s_L`, with the
    mean of :math:`s_L` over time if :math:`y` has none, and :math:`U = 0` at the start.
    No gradient passes through the frozen network, so that a step of training neither
    keeps its activations nor goes back through it.

    Parameters
    ----------
    reduction : int, default=8
        By what channels are divided for the side network, which has at least 4.

    targets : str, list of str or None, default=None
        Where the network is read: kinds ("residual", "dense", "conv", "attention"), or
        regular expressions that are searched in the paths of layers. If None, at the
        sums of residual blocks; in a network without such sums, at all dense layers,
        convolutions, attentions and recurrent layers.

    ladders : {"pool", "linear"}, default="pool"
        Whether :math:`L_i` takes means of neighbouring channels, or is a dense layer
        that is trained. The latter keeps :math:`h_i` until the gradient is formed.

    block : {"dense", "attention"}, default="dense"
        What :math:`b_i` is: two dense layers behind a layer normalisation, beside a
        skip connection; or these behind an attention of the time steps.

    See Also
    --------
    LoRA : Takes any network, and merges into it, with the memory of full fine-tuning.

    Notes
    -----
    Departures from [1]_:

    - the side network reads each sum of a residual block, in a transformer two in each
      block, and adds to the output in place of replacing it;
    - side blocks are dense, and ladders take means; as published, where the network is
      a transformer: ``Ladder(block="attention", ladders="linear")``;
    - new weights are drawn; the paper prunes those of the network.

    Where the number of time steps changes between two blocks, :math:`s` is averaged
    over them; where the number of channels does, a dense layer maps it. Numbers of
    steps that the network leaves open count as changing.

    It takes Sequential and functional networks. The memory of a step is that of the
    forward pass, and of the gradient through the side network.

    References
    ----------
    .. [1] Sung, Cho and Bansal. "LST: ladder side-tuning for parameter and memory
       efficient transfer learning." NeurIPS, 2022.

    Examples
    --------
    >>> from adapt.parameter_based import FineTuning
    >>> from adapt.parameter_based.tuners import Ladder
    >>> FineTuning(tuner=Ladder(4)).tuner
    Ladder(reduction=4)
    """

    _parameter_constraints: dict = {
        "reduction": [Interval(Integral, 1, None, closed="left")],
        "targets": TARGETS,
        "ladders": [StrOptions({"pool", "linear"})],
        "block": [StrOptions({"dense", "attention"})],
    }

    def __init__(self, reduction=8, targets=None, *, ladders="pool", block="dense"):
        self.reduction = reduction
        self.targets = targets
        self.ladders = ladders
        self.block = block

    def _new_side(self):
        return LadderSide(self.reduction, self.ladders, self.block)
